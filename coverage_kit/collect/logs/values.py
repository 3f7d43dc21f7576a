"""Cells of logs as values: text, numbers, flags, URLs, searches."""

import functools
import json
import math
import re
from typing import Any

from coverage_kit.collect.logs.record import Citation

_ABSENT = frozenset({"", "nan", "nat", "none", "null", "n/a", "na", "-", "[]", "{}"})
_LONGEST_ABSENT = max(map(len, _ABSENT))
_TRUE = frozenset({"true", "yes", "y", "1", "1.0", "on"})
_FALSE = frozenset({"false", "no", "n", "0", "0.0", "off"})
_URL = re.compile(
    r"https?://(?:(?![;,]https?://|\)[;,.]?\[[^\[\]]{0,200}\]\()[^\s<>\"|])*",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,9}([^\W\d_]{2,24})(?::\d{1,5})?([/?#]\S*)?"
)
_FILES = frozenset(
    {
        "csv",
        "doc",
        "docx",
        "htm",
        "html",
        "jpeg",
        "jpg",
        "js",
        "json",
        "pdf",
        "png",
        "pptx",
        "txt",
        "xls",
        "xlsx",
    }
)
_NAME_KEYS = ("brand", "brand_name", "name", "company")
_ONE_URL = re.compile(r"https?://\S+$", re.IGNORECASE)
_QUOTED = re.compile(r"(?:'([^']*)'|\"([^\"]*)\")(\s*:)?")
_URL_KEYS = (
    "url",
    "uri",
    "link",
    "href",
    "source_url",
    "cited_url",
    "citation_url",
)
_TEXT_KEYS = (
    "content",
    "text",
    "output_text",
    "answer",
    "message",
    "parts",
    "name",
    "query",
    "q",
    "title",
)
_MAX_DEPTH = 8
_SHORT = 300
_REDIRECT = "://vertexaisearch.cloud.google.com/grounding-api-redirect/"  # expires, and is another one in every answer
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")


def text_of(value: Any, depth: int = 0) -> str:
    """Return a cell as stripped text: parts of a message are joined by newlines, a missing value is empty text."""
    if type(value) is str:
        return readable(value).strip()
    if value is None or depth > _MAX_DEPTH or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, dict):
        return next(
            (text for key in _TEXT_KEYS if (text := text_of(value.get(key), depth + 1))),
            "",
        )
    if isinstance(value, (list, tuple)):
        return "\n".join(text for part in value if (text := text_of(part, depth + 1)))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return readable(str(value)).strip()


def readable(text: str) -> str:
    """Return the text with halves of surrogate pairs, which no table can store, replaced by U+FFFD."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def label_of(value: Any) -> str | None:
    """Return a cell as a short text, or None where it is empty or says so: nan, None, null, n/a, -."""
    if value is None:
        return None
    text = value.strip() if type(value) is str and value.isascii() else text_of(value)
    return None if len(text) <= _LONGEST_ABSENT and text.lower() in _ABSENT else text


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


def parsed(value: Any) -> Any:
    """Return what a cell with JSON text holds, or the cell itself where it is anything else."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def error_of(error: Any, status: Any = None) -> str | None:
    """Return why a record failed, by its error cell or a status that is not 2xx, or None where it did not."""
    text = label_of(_reason(error))
    if text is not None and text.lower() not in {
        *_FALSE,
        "ok",
        "success",
        "no error",
        "no errors",
    }:
        return "failed" if text.lower() in _TRUE else text
    code = (label_of(status) or "").removesuffix(".0")
    if code.isdigit() and not 200 <= int(code) < 300:
        return f"HTTP status {code}"
    is_failure = code.lower() in {
        "failed",
        "failure",
        "error",
        "errored",
        "timeout",
        "cancelled",
        "canceled",
        "expired",
    }
    return f"status {code}" if is_failure else None


def citations_of(value: Any) -> tuple[Citation, ...]:
    """Return the http pages a cell names, in order: a list, JSON text, objects with a URL, or separated text.

    A part that is a host, with or without a path, is read as https. In text a URL ends at white
    space, `|`, or at `;` and `,` before the next URL, so that one with commas survives. Google's
    grounding redirects become the start page of the domain that their title is, and are left out
    where it is none.
    """
    if type(value) is str and len(value) <= _SHORT:
        return _citations_in_cell(value)
    return _citations_of(value)


def _citations_of(value: Any) -> tuple[Citation, ...]:
    parts = _parts_of(value)
    if isinstance(parts, str):
        return _citations_in_text(parts)
    return tuple([citation for part in parts for citation in _citations_in(part)])


_citations_in_cell = functools.lru_cache(maxsize=65536)(
    _citations_of
)  # the same pages are cited in many rows


def searches_of(value: Any) -> tuple[str, ...]:
    """Return the searches a cell names: a list, JSON text, or text separated by newlines, `|` or `;`."""
    parts = _parts_of(value)
    found = (
        re.split(r"[\n|;]", parts) if isinstance(parts, str) else [text_of(part) for part in parts]
    )
    return tuple(
        text for one in found if (text := readable(one).strip()) and text.lower() not in _ABSENT
    )


def names_of(value: Any) -> tuple[str, ...]:
    """Return the names a cell lists, such as brands: a list, JSON text, or text separated by newlines, `|`, `;` or commas.

    Counts and yes or no are no names.
    """
    parts = _parts_of(value)
    if isinstance(parts, str):
        listed = parts if re.search(r"[\n|;]", parts) else parts.split(",")
    else:
        listed = [_name_in(part) for part in parts]
    return tuple(
        name for name in searches_of(listed) if number_of(name) is None and flag_of(name) is None
    )


def _name_in(part: Any) -> Any:
    names = (part.get(key) for key in _NAME_KEYS) if isinstance(part, dict) else ()
    return next((name for name in names if isinstance(name, str) and name), part)


def _reason(error: Any) -> Any:
    """Return the words of an error that is an object, or that is in one; else its code, else all of it."""
    if not isinstance(error, dict) or not error:
        return error
    inner = error["error"] if isinstance(error.get("error"), dict) else {}
    return error.get("message") or inner.get("message") or error.get("code") or str(error)


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
        # Python's and NumPy's own spelling of a list, which pandas writes into CSV: quoted, not
        # always with commas
        quoted = [
            single or double for single, double, is_key in _QUOTED.findall(text) if not is_key
        ]
        return quoted if quoted and text.startswith(("['", '["', "[{")) else text


def _citations_in(part: Any) -> tuple[Citation, ...]:
    if not isinstance(part, dict):
        text = text_of(part)
        is_one = _ONE_URL.match(text) is not None and _REDIRECT not in text
        return (Citation(text),) if is_one else _citations_in_text(text)
    url = part.get("url")
    if not isinstance(url, str) or not url:
        inner = part.get("url_citation") or part.get("web")
        part = inner if isinstance(inner, dict) else part
        url = next((text for key in _URL_KEYS if (text := text_of(part.get(key)))), "")
    title = part.get("title")
    title = readable(title).strip() or None if isinstance(title, str) else None
    if _REDIRECT in url:
        url = _lasting_url(part)
        title = None
    if not url:
        return ()
    url = url if url.startswith("http") else _with_scheme(url)
    start = part.get("start_index", part.get("start"))
    end = part.get("end_index", part.get("end"))
    is_span = type(start) is int and type(end) is int and start >= 0
    return (
        Citation(readable(url), start, end, title)
        if is_span
        else Citation(readable(url), title=title),
    )


def _citations_in_text(text: str) -> tuple[Citation, ...]:
    text = readable(text)
    if "." in text:
        between = r"([\n|;]|,(?=\s))" if "://" in text else r"([\n|;,])"
        text = "".join(_with_scheme(part) for part in re.split(between, text))
    return tuple(Citation(_trimmed(url)) for url in _URL.findall(text) if _REDIRECT not in url)


def _with_scheme(text: str) -> str:
    """Return the text with https:// before it where it is a host, with or without a path, and no file's name."""
    found = _HOST.fullmatch(text.strip())
    return f"https://{found[0]}" if found and (found[2] or found[1].lower() not in _FILES) else text


def _lasting_url(part: dict[str, Any]) -> str:
    """Return the start page of the domain that the title of a redirect is, empty where it is none."""
    names = (text_of(part.get(key)).lower() for key in ("title", "domain"))
    return next((f"https://{name}/" for name in names if _DOMAIN.fullmatch(name)), "")


def _trimmed(url: str) -> str:
    """Return the URL without the signs of the text around it: brackets that nothing in it opens, and punctuation."""
    excess = {
        ")": url.count(")") - url.count("("),
        "]": url.count("]") - url.count("["),
    }
    end = len(url)
    while end and (url[end - 1] in ",;'." or excess.get(url[end - 1], 0) > 0):
        end -= 1
        if url[end] in excess:
            excess[url[end]] -= 1
    return url[:end]
