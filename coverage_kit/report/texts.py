"""Text from the web and from logs made safe to show.

It has no control characters, is bounded, and is escaped where markup is read.
"""

import textwrap
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote, urlsplit

from coverage_kit.escaping import for_html, visible

# XlsxWriter writes no link over 2,079 characters, the limit of Excel.
_MAX_URL = 2078
# Words by which a browser finds a sentence on its page. Assumed: enough to be there once.
_LINKED_WORDS = 5


def clean_text(value: Any) -> str:
    r"""Return the value as text without characters that cannot be shown; empty if missing.

    >>> clean_text("a\x00b\r\nc"), clean_text(float("nan"))
    ('ab\nc', '')
    """
    if isinstance(value, str):
        return visible(value)
    return "" if is_missing(value) else str(value)


def is_missing(value: Any) -> bool:
    """Return whether a table's cell is missing: None, NaN, NaT or pd.NA."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return bool(value != value)  # noqa: PLR0124 (NaN)


def shorten(value: Any, limit: int) -> str:
    r"""Return the text on one line; a text over the limit is cut at a word's end, with an ellipsis.

    >>> shorten("how far does\n it go", 12)
    'how far…'
    """
    text = " ".join(clean_text(value).split())
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    word_end = head.rfind(" ")
    # Where no word ends in the second half, the text is cut within a word.
    return (head[:word_end] if word_end > limit // 2 else head).rstrip(" ,;:") + "…"


def shorten_lines(value: Any, limit: int) -> str:
    """Return the text with its lines; a text over the limit is cut, with an ellipsis."""
    text = clean_text(value).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def markup_lines(value: Any, limit: int = 240, width: int = 60) -> str:
    """Return the text for plotly, which reads some HTML: escaped, broken into lines, bounded.

    >>> markup_lines("<b>x</b> & y")
    '&lt;b&gt;x&lt;/b&gt; &amp; y'
    """
    lines = textwrap.wrap(shorten(value, limit), width) or [""]
    return "<br>".join(for_html(line) for line in lines)


def safe_url(value: Any) -> str | None:
    """Return a URL that is http or https and short enough for a spreadsheet; None for any other.

    >>> safe_url("javascript:alert(1)"), safe_url("https://example.org/a b")
    (None, 'https://example.org/a%20b')
    """
    if not isinstance(value, str):
        return None
    try:
        split = urlsplit(value)
    except ValueError:
        return None
    # A URL with characters that are not shown could look like the URL of another page.
    if split.scheme not in {"http", "https"} or not split.netloc or value != clean_text(value):
        return None
    # A % is safe here, so that a URL that is already escaped is not escaped again.
    url = quote(value, safe="%/:=&?~#+!$,;@()*.-_")
    return url if len(url) <= _MAX_URL else None


def link_to_anchor(url: Any, anchor: Any) -> Any:
    """Return the address of a heading on a page; the page's own where no anchor is known.

    >>> link_to_anchor("https://shop.example/care", "wash it")
    'https://shop.example/care#wash%20it'

    Args:
        url: URL of the page, or the path of a local file; a missing URL stays missing.
        anchor: the id of the heading on the page.
    """
    has_anchor = isinstance(anchor, str) and anchor and anchor == clean_text(anchor)
    if not isinstance(url, str) or not has_anchor or "#" in url:
        return url
    linked = f"{url}#{quote(anchor, safe='')}"
    return linked if len(linked) <= _MAX_URL else url


def link_to_words(url: str | None, words: str) -> str | None:
    """Return a link to the first words of a sentence on a page; browsers scroll there.

    A browser that does not know such links scrolls to the heading of a URL that has one.

    >>> link_to_words("https://shop.example/care", "Three years or 800 cycles, whichever is first.")
    'https://shop.example/care#:~:text=Three%20years%20or%20800%20cycles%2C'

    Args:
        url: the page; None gives None.
        words: the sentence; without any, the link is to the page.
    """
    first = " ".join(words.split()[:_LINKED_WORDS])
    if url is None or not first or ":~:" in url:
        return url
    # A hyphen would end the words that are searched.
    linked = f"{url}{'' if '#' in url else '#'}:~:text={quote(first, safe='').replace('-', '%2D')}"
    return linked if len(linked) <= _MAX_URL else url


def name_file(value: Any) -> Any:
    r"""Return the name alone of a file or folder, which says nothing about the machine.

    Other values stay as they are.

    >>> name_file("/home/ann/answers.jsonl"), name_file(r"C:\log\a.csv"), name_file("runs/demo")
    ('answers.jsonl', 'a.csv', 'runs/demo')
    """
    if not isinstance(value, str):
        return value
    paths = value.split(", ")
    return ", ".join(
        PureWindowsPath(path).name
        if PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()
        else path
        for path in paths
    )
