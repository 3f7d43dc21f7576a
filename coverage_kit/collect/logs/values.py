"""Cells of logs as values: text, numbers, flags, pages, searches and names."""

import functools
import json
import math
import re
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.record import Citation
from coverage_kit.text.english_words import words_of

# The texts by which a cell says that it is empty.
_ABSENT = frozenset({"", "nan", "nat", "none", "null", "n/a", "na", "-", "[]", "{}"})
_LONGEST_ABSENT = max(map(len, _ABSENT))
# Yes and no in English. No other words are: brands are called "X", "Nu" and "Tak".
_ENGLISH_TRUE = frozenset({"true", "yes", "y", "1", "1.0", "on"})
_ENGLISH_FALSE = frozenset({"false", "no", "n", "0", "0.0", "off"})
# Yes and no, true and false as spreadsheets of many languages write them.
_TRUE = _ENGLISH_TRUE | words_of(
    "ja wahr oui vrai sí si verdadero sì vero waar tak prawda sim verdadeiro sant sand ano pravda "
    "kyllä tosi igen igaz da adevărat evet doğru да истина はい 真 是 有 对 對 예 네 نعم כן "
    "✓ ✔ ☑ ✅"
)
_FALSE = _ENGLISH_FALSE | words_of(
    "nein falsch non faux falso nee onwaar nie fałsz não nao nej falskt falsk ne nepravda ei "
    "epätosi nem hamis nu fals hayır yanlış нет ложь いいえ 偽 否 无 無 错 錯 아니요 아니오 لا לא "  # noqa: RUF001
    "✗ ✘ ☐ ❌"
)
# The cells by which a record says that it did not fail.
_NO_ERROR = _FALSE | {"ok", "success", "no error", "no errors"}
# A URL in text. It ends at white space, a quote, "<", ">" or "|", at ";" or "," before the next
# URL, and before the next link of Markdown, as in "(https://a.com),[B](https://b.com)".
_URL = re.compile(
    r"https?://(?:(?![;,]https?://|\)[;,.]?\[[^\[\]]{0,200}\]\()[^\s<>\"|])*",
    re.IGNORECASE,
)
# A host, with or without a port and a path, such as "www.a.com", "a.com:8080" or "a.com/page".
# Group 1 is the last label of the host, group 2 the path.
_HOST = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,9}([^\W\d_]{2,24})(?::\d{1,5})?([/?#]\S*)?"
)
# The endings of files, which look like the last label of a host.
_FILE_ENDINGS = frozenset(
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
# The fields of an object that may hold the name of a brand.
_NAME_KEYS = ("brand", "brand_name", "name", "company")
# A text that is a URL and nothing else.
_ONLY_URL = re.compile(r"https?://\S+$", re.IGNORECASE)
# A quoted text in Python's spelling of a list, such as "'https://a.com'". Group 3 is the colon
# after a key of a dictionary.
_QUOTED = re.compile(r"(?:'([^']*)'|\"([^\"]*)\")(\s*:)?")
# The fields of an object that may hold its URL; the first with text counts.
_URL_KEYS = (
    "url",
    "uri",
    "link",
    "href",
    "source_url",
    "cited_url",
    "citation_url",
)
# The characters of a value that a message shows (assumed).
_SHOWN_CHARACTERS = 200
# The pages in cells of at most this many characters are cached (assumed).
_MAX_CACHED_CHARACTERS = 300
# Google's redirect to a page. It expires, and every answer has another redirect to the same page.
_REDIRECT = "://vertexaisearch.cloud.google.com/grounding-api-redirect/"
# A bare domain, such as "a.com".
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}")


def shown_value(value: Any) -> str:
    """Return a value as a short text for messages, whatever its depth and length.

    >>> shown_value("a" * 300)[:5], len(shown_value("a" * 300))
    ("'aaaa", 200)
    """
    try:
        return readable(repr(value))[:_SHOWN_CHARACTERS]
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deep"


def label_of(value: Any) -> str | None:
    """Return a cell as a short text, or None where it is empty or says so (nan, null, n/a, -)."""
    if value is None:
        return None
    text = value.strip() if type(value) is str and value.isascii() else text_of(value)
    return None if len(text) <= _LONGEST_ABSENT and text.lower() in _ABSENT else text


def number_of(value: Any) -> float | None:
    """Return a cell as a finite number of at least 0, or None where it is no such number.

    The number may have thousands separators.
    """
    text = re.sub(r"(?<=\d)[,\s](?=\d{3}\b)", "", text_of(value))
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def flag_of(value: Any) -> bool | None:
    """Return a cell as True or False, or None where it says neither in a language of users."""
    text = text_of(value).lower()
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def parsed(value: Any) -> Any:
    """Return the value of a cell with JSON text, and any other cell as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[", '"')):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def error_of(error: Any, status: Any = None) -> str | None:
    """Return why a record failed, or None where it did not fail.

    It failed if its error cell says so, or if its status is not 2xx or is a word for a failure.
    """
    text = label_of(_reason(error))
    if text is not None and text.lower() not in _NO_ERROR:
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
    """Return the http pages that a cell names, in order.

    The cell holds a list, JSON text, objects with a URL, or separated text. A host, with or without
    a path, is read as https. In text a URL ends at white space, at `|`, and at `;` or `,` before
    the next URL, so that a URL with commas stays whole. A grounding redirect of Google becomes the
    start page of the domain in its title, and is left out where its title is no domain.
    """
    if type(value) is str and len(value) <= _MAX_CACHED_CHARACTERS:
        return _citations_in_cell(value)
    return _citations_of(value)


def _citations_of(value: Any) -> tuple[Citation, ...]:
    items = _items_of(value)
    if isinstance(items, str):
        return _citations_in_text(items)
    return tuple([citation for item in items for citation in _citations_in(item)])


# The same pages are cited in many rows.
_citations_in_cell = functools.lru_cache(maxsize=65536)(_citations_of)


def searches_of(value: Any) -> tuple[str, ...]:
    """Return the searches that a cell names.

    The cell holds a list, JSON text, or text that is separated by newlines, `|` or `;`.
    """
    items = _items_of(value)
    searches = (
        re.split(r"[\n|;]", items) if isinstance(items, str) else [text_of(item) for item in items]
    )
    return tuple(
        text
        for search in searches
        if (text := readable(search).strip()) and text.lower() not in _ABSENT
    )


def names_of(value: Any) -> tuple[str, ...]:
    """Return the names that a cell lists, such as brands.

    The cell holds a list, JSON text, or text that is separated by newlines, `|`, `;` or commas.
    Counts and words for yes and no are no names.
    """
    items = _items_of(value)
    if isinstance(items, str):
        listed = items if re.search(r"[\n|;]", items) else items.split(",")
    else:
        listed = [_name_in(item) for item in items]
    return tuple(
        name
        for name in searches_of(listed)
        if number_of(name) is None and name.lower() not in _ENGLISH_TRUE | _ENGLISH_FALSE
    )


def _name_in(item: Any) -> Any:
    names = (item.get(key) for key in _NAME_KEYS) if isinstance(item, dict) else ()
    return next((name for name in names if isinstance(name, str) and name), item)


def _reason(error: Any) -> Any:
    """Return the message of an error that is an object, or of an error in that object.

    Without a message it is the error's code, and without a code the object as text.
    """
    if not isinstance(error, dict) or not error:
        return error
    inner = error["error"] if isinstance(error.get("error"), dict) else {}
    return error.get("message") or inner.get("message") or error.get("code") or shown_value(error)


def _items_of(value: Any) -> list[Any] | str:
    """Return the items of a cell that holds a list in any form, otherwise its text."""
    # The cell may be a NumPy array.
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
        return _items_of(json.loads(text))
    except (ValueError, RecursionError):
        # pandas writes a list into CSV as Python or NumPy spells it: with quotes, and not always
        # with commas.
        quoted = [
            single or double for single, double, is_key in _QUOTED.findall(text) if not is_key
        ]
        return quoted if quoted and text.startswith(("['", '["', "[{")) else text


def _citations_in(item: Any) -> tuple[Citation, ...]:
    """Return the pages that an item of a list names: an object or a text."""
    if not isinstance(item, dict):
        text = text_of(item)
        is_url = _ONLY_URL.match(text) is not None and _REDIRECT not in text
        return (Citation(text),) if is_url else _citations_in_text(text)
    url = item.get("url")
    if not isinstance(url, str) or not url:
        inner = item.get("url_citation") or item.get("web")
        item = inner if isinstance(inner, dict) else item
        url = next((text for key in _URL_KEYS if (text := text_of(item.get(key)))), "")
    title = item.get("title")
    title = readable(title).strip() or None if isinstance(title, str) else None
    if _REDIRECT in url:
        url = _lasting_url(item)
        title = None
    if not url:
        return ()
    url = url if url.startswith("http") else _with_scheme(url)
    start = item.get("start_index", item.get("start"))
    end = item.get("end_index", item.get("end"))
    is_span = type(start) is int and type(end) is int and start >= 0
    return (
        Citation(readable(url), start, end, title)
        if is_span
        else Citation(readable(url), title=title),
    )


def _citations_in_text(text: str) -> tuple[Citation, ...]:
    text = readable(text)
    if "." in text:
        # Hosts may be listed without "https://", such as "a.com, b.com/page". Next to a full URL,
        # which may hold commas, a comma separates only before white space.
        separators = r"([\n|;]|,(?=\s))" if "://" in text else r"([\n|;,])"
        text = "".join(_with_scheme(piece) for piece in re.split(separators, text))
    return tuple(Citation(_trimmed(url)) for url in _URL.findall(text) if _REDIRECT not in url)


def _with_scheme(text: str) -> str:
    """Return a host, with or without a path, with https:// before it, and other text as it is.

    The name of a file is no host.
    """
    match = _HOST.fullmatch(text.strip())
    if match and (match[2] or match[1].lower() not in _FILE_ENDINGS):
        return f"https://{match[0]}"
    return text


def _lasting_url(item: dict[str, Any]) -> str:
    """Return the start page of the domain in a redirect's title, '' for any other title."""
    names = (text_of(item.get(key)).lower() for key in ("title", "domain"))
    return next((f"https://{name}/" for name in names if _DOMAIN.fullmatch(name)), "")


def _trimmed(url: str) -> str:
    """Return the URL without the punctuation of the text around it.

    A closing bracket at the end belongs to that text where nothing in the URL opens it.
    """
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
