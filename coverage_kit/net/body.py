"""The body of an answer: unpacked as it arrives, bounded in size, and whole or an error."""

import zlib
from collections.abc import Iterable, Iterator

# What a request says about compressed answers.
ACCEPTED = "gzip, deflate"
# The names of encodings, and what each is.
_ENCODINGS = {
    "": "identity",
    "identity": "identity",
    "gzip": "gzip",
    "x-gzip": "gzip",
    "deflate": "deflate",
}
# Bytes that are unpacked at a time: a bomb is noticed before it fills the memory (assumed).
_PIECE_BYTES = 65_536
# The first bytes of gzip.
_GZIP = b"\x1f\x8b"
# The arguments of zlib for gzip, and for deflate with and without its header: servers send both.
_GZIP_BITS, _DEFLATE_BITS, _RAW_BITS = 31, 15, -15


class BodyError(ValueError):
    """A body is not whole, or cannot be read."""


class TooLargeError(BodyError):
    """A body is larger than it may be."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"an answer of more than {max_bytes:,} bytes")


class CutOffError(BodyError):
    """A body ends before its end."""

    def __init__(self) -> None:
        super().__init__("an answer that is cut off")


class BrokenError(BodyError):
    """A body is not what its encoding says."""

    def __init__(self) -> None:
        super().__init__("an answer that cannot be unpacked")


class EncodingError(BodyError):
    """A body has an encoding that was not asked for."""

    def __init__(self, encoding: str) -> None:
        self.encoding = shown(encoding)
        super().__init__(f"an answer with the content encoding {self.encoding}")


def shown(text: str, max_characters: int = 40) -> str:
    r"""Return the beginning of a server's text, without characters that a terminal obeys.

    >>> shown("text/html\x1b[31m")
    'text/html[31m'
    """
    return "".join(filter(str.isprintable, text))[:max_characters]


def unpack(chunks: Iterable[bytes], encoding: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the pieces of a body, unpacked.

    Args:
        chunks: the body as it arrives.
        encoding: the header Content-Encoding.
        max_bytes: the most bytes to yield.

    Raises TooLargeError after the piece that reaches beyond `max_bytes`, CutOffError where the
    packed data has no end, BrokenError where it cannot be unpacked, EncodingError for an encoding
    other than gzip and deflate.
    """
    name = encoding.strip().lower()
    if name not in _ENCODINGS:
        raise EncodingError(name)
    kind = _ENCODINGS[name]
    n_bytes = 0
    for piece in chunks if kind == "identity" else _inflate(chunks, kind):
        yield piece
        n_bytes += len(piece)
        if n_bytes > max_bytes:
            raise TooLargeError(max_bytes)


def _inflate(chunks: Iterable[bytes], kind: str) -> Iterator[bytes]:
    """Yield what was packed; gzip may have several members, and padding after the last one."""
    decoder = None
    n_members = 0
    waiting = b""
    for chunk in chunks:
        waiting += chunk
        while waiting:
            if decoder is None:
                # Two bytes say what it is.
                if len(waiting) < len(_GZIP):
                    break
                if n_members and not (kind == "gzip" and waiting.startswith(_GZIP)):
                    return
                decoder = _decoder(waiting, kind)
                n_members += 1
            yield from _pieces(decoder, waiting)
            waiting = b""
            if decoder.eof:
                waiting = decoder.unused_data
                decoder = None
    # Some servers send no byte at all as the packed form of nothing.
    if decoder is not None or (waiting and not n_members):
        raise CutOffError


def _decoder(start: bytes, kind: str) -> "zlib._Decompress":
    if kind == "gzip":
        return zlib.decompressobj(_GZIP_BITS)
    # zlib's header (RFC 1950): method 8, and both bytes are a multiple of 31.
    has_header = start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.decompressobj(_DEFLATE_BITS if has_header else _RAW_BITS)


def _pieces(decoder: "zlib._Decompress", packed: bytes) -> Iterator[bytes]:
    is_full = True
    # A full piece says that more may wait within the decoder, although all input was read.
    while packed or is_full:
        try:
            piece = decoder.decompress(packed, _PIECE_BYTES)
        except zlib.error:
            raise BrokenError from None
        is_full = len(piece) == _PIECE_BYTES
        if piece:
            yield piece
        if decoder.eof:
            return
        packed = decoder.unconsumed_tail
