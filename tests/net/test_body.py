import gzip
import random
import zlib

import pytest

from coverage_kit.net.body import BrokenError, CutOffError, EncodingError, TooLargeError, unpack
from tests.reliability.rounds import rounds

TEXT = bytes(range(256)) * 2_000


def raw(content):
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(content) + packer.flush()


def whole(chunks, encoding, max_bytes=10_000_000):
    return b"".join(unpack(chunks, encoding, max_bytes))


@pytest.mark.parametrize("size", [1, 2, 7, 10_000, 10**7])
@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), " X-GZIP "),
        (gzip.compress(TEXT) + bytes(100), "gzip"),
        (zlib.compress(TEXT), "deflate"),
        (raw(TEXT), "deflate"),
        (TEXT, "identity"),
        (TEXT, ""),
    ],
)
def test_bodies_are_unpacked_whatever_pieces_they_come_in(packed, encoding, size):
    chunks = (packed[start : start + size] for start in range(0, len(packed), size))
    assert whole(chunks, encoding) == TEXT


def test_nothing_is_the_packed_form_of_nothing():
    assert whole([], "gzip") == whole([gzip.compress(b"")], "gzip") == b""


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [(gzip.compress(TEXT), "gzip"), (zlib.compress(TEXT), "deflate"), (raw(TEXT), "deflate")],
)
def test_a_packed_body_is_cut_off_wherever_it_ends(packed, encoding):
    seed = 7
    ends = random.Random(seed).sample(range(1, len(packed)), rounds(50, 500))  # noqa: S311
    for end in [1, len(packed) - 1, *ends]:
        with pytest.raises(CutOffError):
            whole([packed[:end]], encoding)
            pytest.fail(f"seed {seed}: {end} of {len(packed)} bytes count as whole")


def test_a_second_member_that_is_cut_off_is_not_whole():
    with pytest.raises(CutOffError):
        whole([gzip.compress(TEXT) + gzip.compress(TEXT)[:-9]], "gzip")


def test_what_cannot_be_unpacked_and_what_nobody_asked_for():
    with pytest.raises(BrokenError):
        whole([b"no gzip at all"], "gzip")
    damaged = bytearray(gzip.compress(TEXT))
    damaged[-6] ^= 1
    with pytest.raises(BrokenError):
        whole([bytes(damaged)], "gzip")
    with pytest.raises(EncodingError, match=r"content encoding br$"):
        whole([b""], "br")


def test_a_bomb_ends_at_the_limit_and_gives_its_beginning():
    bomb = zlib.compressobj(9, wbits=31)
    chunks = (bomb.compress(bytes(10_000_000)) for _ in range(1_000))
    content = bytearray()
    with pytest.raises(TooLargeError, match="more than 1,000,000 bytes"):
        for piece in unpack(chunks, "gzip", 1_000_000):
            content += piece
    assert 1_000_000 < len(content) < 1_100_000
    assert not any(content)
