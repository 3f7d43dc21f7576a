"""Turn bytes of unknown encoding into clean text."""

import codecs
import re
from collections.abc import Mapping
from typing import Any

from charset_normalizer import from_bytes

from coverage_kit.collect.page_try import PageError
from coverage_kit.text.page_markup import BOMS, META, WEB_NAMES, XML

# Enough bytes to guess an encoding from, without reading a large page twice (assumed).
_SAMPLE_BYTES = 65_536
# Share of letters beyond ASCII from which a text is not in Latin script (assumed).
_FOREIGN_SHARE = 0.4
# Codecs of Python that no browser reads a page in: they fail on what is not theirs, take long, or
# turn plain letters into others.
_NO_WEB_ENCODINGS = frozenset(
    {"punycode", "idna", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined"}
)
# Control characters that no text holds (tab, line ends, form feed and escape are left out), and
# the sign of bytes that are no letter.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")
# A file with a larger share of such characters is no text but a picture, an archive or the like.
# Bytes drawn by chance have a share of .1 where every byte is a letter (counted), and pages in a
# wrong encoding have less. Assumed.
_MAX_NO_TEXT_SHARE = 0.05
# The byte with which encodings such as ISO-2022-JP switch between alphabets.
_ESCAPED = b"\x1b"
# Control, zero-width and direction-changing characters, soft hyphens and halves of surrogate
# pairs; tab and newline stay.
_INVISIBLE = dict.fromkeys(
    {
        *range(9),
        11,
        12,
        *range(14, 32),
        *range(127, 160),
        0xAD,
        0x200B,
        0x2060,
        0xFEFF,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    }
)


def decode_text(content: bytes, declared: str = "") -> str:
    """Return bytes as text without control characters.

    A byte order mark decides. Without it the text is UTF-8 if it is valid UTF-8, or else in the
    declared encoding, in that of a meta tag, or in a guessed one.

    Args:
        content: the bytes of a page or file.
        declared: the charset that the server names.
    """
    return clean_text(_decode(content, declared))


def decode_page(content: bytes, declared: str = "") -> str:
    """Return the text of a page, as `decode_text` does. Raises PageError for what is no text."""
    text = _decode(content, declared)
    # Half of a PDF may be plain text, yet not that of the page.
    is_pdf = content[:1024].lstrip().startswith(b"%PDF-")
    if is_pdf or len(_NO_TEXT.findall(text)) > _MAX_NO_TEXT_SHARE * len(text):
        raise PageError("no text, but a file of another kind")
    return clean_text(text)


def clean_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a table with clean texts: what no table, page or terminal can hold is out."""
    return {
        name: clean_text(value) if isinstance(value, str) else value for name, value in row.items()
    }


def clean_text(text: str) -> str:
    """Return the text without control, zero-width and direction-changing characters.

    All line ends become newlines.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)


def _decode(content: bytes, declared: str) -> str:
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    # Escapes switch to Japanese letters, whose bytes would be valid UTF-8 too.
    if _ESCAPED in content[:_SAMPLE_BYTES] and "2022" in _declared(content, declared):
        return _decode_declared(content, declared)
    try:
        return content.decode("utf-8" if b"\0" not in content[:1000] else _wide_encoding(content))
    except UnicodeDecodeError:
        return _decode_declared(content, declared)


def _wide_encoding(content: bytes) -> str:
    """Return the encoding of text full of zero bytes.

    Latin letters in UTF-16 have every second byte zero.
    """
    even = content[:1000:2].count(0)
    odd = content[1:1000:2].count(0)
    # A few zero bytes are no sign of UTF-16, which has a zero in half of the bytes of Latin text.
    if max(even, odd) < len(content[:1000]) // 4:
        return "utf-8"
    return "utf-16-le" if odd > even else "utf-16-be"


def _declared(content: bytes, declared: str) -> str:
    """Return the encoding that the server names, or else the one that the page names."""
    head = content[:4096]
    in_page = META.search(head) or XML.search(head)
    named = in_page[1].decode("ascii", "replace").strip().lower() if in_page else ""
    # A page in which this name can be read is not in UTF-16 (WHATWG).
    return declared.strip().lower() or ("" if named.startswith(("utf-16", "utf-32")) else named)


def _decode_declared(content: bytes, declared: str) -> str:
    for name in (declared, _declared(content, ""), _guess_encoding(content), "cp1252"):
        encoding = _web_encoding(name)
        if encoding not in {"", "utf-8"}:
            return content.decode(encoding, errors="replace")
    return content.decode("utf-8", errors="replace")


def _web_encoding(name: str) -> str:
    """Return Python's name of an encoding of text, or empty text where it is none."""
    plain = name.strip().lower()
    try:
        encoding = codecs.lookup(WEB_NAMES.get(plain, plain)).name
        is_text = isinstance(b"a".decode(encoding, errors="replace"), str)
    except (LookupError, UnicodeError, ValueError):
        return ""
    return encoding if is_text and encoding not in _NO_WEB_ENCODINGS else ""


def _guess_encoding(content: bytes) -> str:
    """Return a guess for scripts with most letters beyond ASCII, or empty text for Latin script.

    For Latin script a guess does more harm than the declared encoding.
    """
    letters = [byte for byte in content[:_SAMPLE_BYTES] if byte > 127 or chr(byte).isalpha()]
    if sum(byte > 127 for byte in letters) < _FOREIGN_SHARE * len(letters):
        return ""
    best = from_bytes(content[:_SAMPLE_BYTES]).best()
    return best.encoding if best is not None else ""


def readable(text: str) -> str:
    """Return the text with U+FFFD in place of halves of surrogate pairs.

    No table can store such halves.
    """
    return (
        text
        if text.isascii()
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
