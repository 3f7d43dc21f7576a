"""Cells of logs as values: text, numbers, flags, URLs, searches."""

import json
import math
import re
from typing import Any

from coverage_kit.collect.logs.record import Citation

_ABSENT = frozenset({"", "nan", "nat", "none", "null", "n/a", "na", "-", "[]", "{}"})
_TRUE, _FALSE = frozenset({"true", "yes", "y", "1", "1.0", "on"}), frozenset({"false", "no", "n", "0", "0.0", "off"})
_URL = re.compile(r"https?://.*?(?=[\s|;,]+https?://|[\s<>\"|]|$)", re.IGNORECASE)
_QUOTED = re.compile(r"(?:'([^']*)'|\"([^\"]*)\")(\s*:)?")
_URL_KEYS = ("url", "uri", "link", "href", "source_url", "cited_url", "citation_url")
_TEXT_KEYS = ("content", "text", "output_text", "answer", "message", "parts", "name", "query", "q", "title")
_MAX_DEPTH = 8


def text_of(value: Any, depth: int = 0) -> str:
    """Return a cell as stripped text: parts of a message are joined by newlines, a missing value is empty text."""
    if value is None or depth > _MAX_DEPTH or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, dict):
        return next((text for key in _TEXT_KEYS if (text := text_of(value.get(key), depth + 1))), "")
    if isinstance(value, (list, tuple)):
        return "\n".join(text for part in value if (text := text_of(part, depth + 1)))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return readable(str(value)).strip()


def readable(text: str) -> str:
    """Return the text with halves of surrogate pairs, which no table can store, replaced by U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def label_of(value: Any) -> str | None:
    """Return a cell as a short text, or None where it is empty or says so: nan, None, null, n/a, -."""
    text = text_of(value)
    return None if text.lower() in _ABSENT else text


def number_of(value: Any) -> float | None:
    """Return a cell as a finite number of at least 0, with or without thousands separators, or None."""
    text = re.sub(r"(?<=\d)[,\s](?=\d{3}\b)", "", text_of(value))
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def flag_of(value: Any) -> bool | None:
    """Return a cell as True or False, or None where it says neither."""
    text = text_of(value).lower()
    return True if text in _TRUE else False if text in _FALSE else None


def error_of(error: Any, status: Any = None) -> str | None:
    """Return why a record failed, by its error cell or a status that is not 200, or None where it did not."""
    reason = error.get("message") or error.get("code") or json.dumps(error) if isinstance(error, dict) and error else error
    text = label_of(reason)
    if text is not None and text.lower() not in {*_FALSE, "ok", "success", "no error"}:
        return "failed" if text.lower() in _TRUE else text
    code = label_of(status) or ""
    if code.isdigit() and code != "200":
        return f"HTTP status {code}"
    is_failure = code.lower() in {"failed", "failure", "error", "errored", "timeout", "cancelled", "canceled"}
    return f"status {code}" if is_failure else None


def citations_of(value: Any) -> tuple[Citation, ...]:
    """Return the http pages a cell names, in order: a list, JSON text, objects with a URL, or separated text.

    In text a URL ends at white space, `|`, or at `;` and `,` before the next URL, so that one with commas survives.
    """
    parts = _parts_of(value)
    if isinstance(parts, str):
        return tuple(Citation(_trimmed(found)) for found in _URL.findall(readable(parts)))
    return tuple(citation for part in parts for citation in _citations_in(part))


def searches_of(value: Any) -> tuple[str, ...]:
    """Return the searches a cell names: a list, JSON text, or text separated by newlines, `|` or `;`."""
    parts = _parts_of(value)
    found = re.split(r"[\n|;]", parts) if isinstance(parts, str) else [text_of(part) for part in parts]
    return tuple(text for one in found if (text := readable(one).strip()) and text.lower() not in _ABSENT)


def _parts_of(value: Any) -> list[Any] | str:
    """Return the parts of a cell that holds a list in any guise, otherwise its text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return [value]
    if isinstance(value, (list, tuple)):
        return list(value)
    text = text_of(value)
    if not text.startswith(("[", "{", '"')):
        return text
    try:
        return _parts_of(json.loads(text))
    except (ValueError, RecursionError):
        # Python's and NumPy's own spelling of a list, which pandas writes into CSV: quoted, not always with commas
        quoted = [single or double for single, double, is_key in _QUOTED.findall(text) if not is_key]
        return quoted if quoted and text.startswith(("['", '["', "[{")) else text


def _citations_in(part: Any) -> list[Citation]:
    if not isinstance(part, dict):
        text = text_of(part)
        is_one = re.match(r"https?://\S+$", text, re.IGNORECASE) is not None
        return [Citation(text)] if is_one else [Citation(_trimmed(url)) for url in _URL.findall(text)]
    inner = part.get("url_citation") or part.get("web")
    part = inner if isinstance(inner, dict) else part
    url = next((text for key in _URL_KEYS if (text := text_of(part.get(key)))), "")
    start, end = (_index(part.get(f"{name}_index", part.get(name))) for name in ("start", "end"))
    return [Citation(url, start, end)] if url else []


def _index(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _trimmed(url: str) -> str:
    url = url.rstrip(",;'")
    while url.endswith((")", "]")) and url.count(url[-1]) > url.count({")": "(", "]": "["}[url[-1]]):
        url = url[:-1].rstrip(",;")
    return url
