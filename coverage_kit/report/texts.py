"""Text from the web and from logs made safe to show: no control characters, bounded, escaped where markup is read."""

import html
import re
import textwrap
from typing import Any
from urllib.parse import quote, urlsplit

# C0 and C1 controls but tab and line feed, bidirectional overrides (they reorder what follows),
# noncharacters, half surrogates
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_MAX_URL = 2078


def clean_text(value: Any) -> str:
    r"""Return the value as text without characters that cannot be shown; missing values as empty text.

    >>> clean_text("a\x00b\r\nc"), clean_text(float("nan"))
    ('ab\nc', '')
    """
    return (
        _UNSHOWABLE.sub("", value)
        if isinstance(value, str)
        else ""
        if is_missing(value)
        else str(value)
    )


def is_missing(value: Any) -> bool:
    """Return whether a table's cell holds nothing: None, NaN, NaT or pd.NA."""
    return value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value


def shorten(value: Any, limit: int) -> str:
    r"""Return the text on one line, cut at a word's end with an ellipsis where it is longer than the limit.

    >>> shorten("how far does\n it go", 12)
    'how far…'
    """
    text = " ".join(clean_text(value).split())
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > limit // 2 else head).rstrip(" ,;:") + "…"


def shorten_lines(value: Any, limit: int) -> str:
    """Return the text with its lines kept, cut with an ellipsis where it is longer than the limit."""
    text = clean_text(value).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def markup_lines(value: Any, limit: int = 240, width: int = 60) -> str:
    """Return the text as plotly should show it: escaped (plotly reads some HTML), broken into lines, bounded.

    >>> markup_lines("<b>x</b> & y")
    '&lt;b&gt;x&lt;/b&gt; &amp; y'
    """
    lines = textwrap.wrap(shorten(value, limit), width) or [""]
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def safe_url(value: Any) -> str | None:
    """Return the URL where it is http or https and short enough for a spreadsheet, else None.

    >>> safe_url("javascript:alert(1)"), safe_url("https://example.org/a b")
    (None, 'https://example.org/a%20b')
    """
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc or value != clean_text(value):
        return None
    url = quote(value, safe="%/:=&?~#+!$,;@()*.-_")
    return url if len(url) <= _MAX_URL else None
