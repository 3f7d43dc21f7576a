"""Turn bytes of unknown encoding into clean text."""

from charset_normalizer import from_bytes

from coverage_kit.text.page_markup import BOMS, META, WEB_NAMES, XML

# Enough bytes to guess an encoding from, without reading a large page twice (assumed).
_SAMPLE_BYTES = 65_536
# Share of letters beyond ASCII from which a text is not in Latin script (assumed).
_FOREIGN_SHARE = 0.4
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
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return clean_text(content[len(mark) :].decode(encoding, errors="replace"))
    try:
        text = content.decode("utf-8" if b"\0" not in content[:1000] else _wide_encoding(content))
    except UnicodeDecodeError:
        text = _decode_declared(content, declared)
    return clean_text(text)


def clean_text(text: str) -> str:
    """Return the text without control, zero-width and direction-changing characters.

    All line ends become newlines.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_INVISIBLE)


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


def _decode_declared(content: bytes, declared: str) -> str:
    head = content[:4096]
    in_page = META.search(head) or XML.search(head)
    names = [
        declared,
        in_page[1].decode("ascii", "replace") if in_page else "",
        _guess_encoding(content),
        "cp1252",
    ]
    for name in names:
        encoding = WEB_NAMES.get(name.strip().lower(), name.strip().lower())
        if encoding and encoding not in {"utf-8", "utf8"} and _is_text_encoding(encoding):
            return content.decode(encoding, errors="replace")
    return content.decode("utf-8", errors="replace")


def _is_text_encoding(name: str) -> bool:
    try:
        return isinstance(b"a".decode(name, errors="replace"), str)
    except (LookupError, UnicodeError, ValueError):
        return False


def _guess_encoding(content: bytes) -> str:
    """Return a guess for scripts with most letters beyond ASCII, or empty text for Latin script.

    For Latin script a guess does more harm than the declared encoding.
    """
    letters = [byte for byte in content[:_SAMPLE_BYTES] if byte > 127 or chr(byte).isalpha()]
    if sum(byte > 127 for byte in letters) < _FOREIGN_SHARE * len(letters):
        return ""
    best = from_bytes(content[:_SAMPLE_BYTES]).best()
    return best.encoding if best is not None else ""
