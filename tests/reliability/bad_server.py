"""A server on 127.0.0.1 that drips, floods, falls silent, breaks off or lies at each stage.

A `Fault` is what it does instead of an answer: it sends `start` at once, and then what `kind` says.
"""

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

OK = b"HTTP/1.1 200 OK\r\n"
HTML = OK + b"Content-Type: text/html\r\n"
CHUNKED = HTML + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = HTML + b"Content-Encoding: gzip\r\n"
PAGE = b"<html><body><main><h1>Words</h1><p>Words of a page.</p></main></body></html>"
# A gzip header that says that a file name follows, which ends at the first zero.
_ENDLESS_NAME = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03"
# A gzip header, and a stored block of deflate that holds nothing and is not the last one.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
_EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
# The first byte of a TLS connection.
_TLS_HANDSHAKE = b"\x16"
# Seconds between two bytes of a drip.
_DRIP_SECONDS = 0.05


def _zeros() -> bytes:
    """Return a piece of deflate that repeats and unpacks to a megabyte of zeros."""
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)


@dataclass(frozen=True)
class Fault:
    name: str
    kind: str
    start: bytes = b""
    more: bytes = b"x"


# Where an exchange can be, and what comes next there: a part that may be repeated without end.
STAGES = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (HTML, b"X-A: b\r\n"),
    "one header": (HTML + b"X-A: ", b"b"),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "body with a length": (HTML + b"Content-Length: 99999999999\r\n\r\n", b"x"),
    "body without a length": (HTML + b"\r\n", b"x"),
    "chunk size": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"1;", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X-A: b\r\n"),
    "name in gzip": (GZIPPED + b"\r\n" + _ENDLESS_NAME, b"x"),
    "empty blocks in gzip": (GZIPPED + b"\r\n" + _GZIP_HEADER, _EMPTY_BLOCK),
    "zeros in gzip": (GZIPPED + b"\r\n" + _GZIP_HEADER, _zeros()),
    "members of gzip": (GZIPPED + b"\r\n", gzip.compress(b"")),
    "json": (OK + b"Content-Type: application/json\r\n\r\n", b"["),
    "error body": (b"HTTP/1.1 500 No\r\nContent-Type: application/json\r\n\r\n", b"["),
}
KINDS = ("drip", "flood", "silence", "close", "reset")


# The start of a TLS handshake: a record of 16 KB, whose content follows.
TLS_FAULTS = [Fault(f"{kind} in TLS", kind, b"\x16\x03\x03\x40\x00", b"\x02") for kind in KINDS]
TLS_FAULTS += [
    Fault("no TLS", "close", b"HTTP/1.1 400 No\r\n\r\n"),
    Fault("an alert of TLS", "close", b"\x15\x03\x03\x00\x02\x02\x28"),
    Fault("drip of records", "drip", b"", b"\x16\x03\x03\x00\x01\x02"),
    Fault("flood of records", "flood", b"", b"\x16\x03\x03\x00\x01\x02" * 1_000),
]


def _answer(headers: bytes, body: bytes = PAGE) -> bytes:
    return HTML + headers + b"\r\n" + body


_HALF = gzip.compress(PAGE * 100)[:-20]
LIES = {
    "no byte": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "HTTP/0.9": PAGE,
    "status 999": b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n",
    "status 0": b"HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 No\r\nContent-Length: 0\r\n\r\n",
    "status of letters": b"HTTP/1.1 abc No\r\n\r\n",
    "no body": HTML + b"Content-Length: 0\r\n\r\n",
    "length too large": _answer(b"Content-Length: 9999\r\n"),
    "length too small": _answer(b"Content-Length: 20\r\n"),
    "length negative": _answer(b"Content-Length: -5\r\n"),
    "length of letters": _answer(b"Content-Length: abc\r\n"),
    "two lengths": _answer(b"Content-Length: 5\r\nContent-Length: 9\r\n"),
    "length of 1000 digits": _answer(b"Content-Length: " + b"9" * 1000 + b"\r\n"),
    "length and chunks": _answer(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
    "chunk negative": CHUNKED + b"-5\r\nwords\r\n0\r\n\r\n",
    "chunk too large": CHUNKED + b"ffffffffffffffffffff\r\nwords",
    "chunk of letters": CHUNKED + b"words\r\nwords\r\n0\r\n\r\n",
    "chunks without an end": CHUNKED + b"5\r\nwords\r\n",
    "chunk cut off": CHUNKED + b"ff\r\nwords",
    "half of gzip": GZIPPED + b"Content-Length: %d\r\n\r\n" % len(_HALF) + _HALF,
    "half of gzip without a length": GZIPPED + b"\r\n" + _HALF,
    "half of gzip in chunks": (
        GZIPPED
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(_HALF)
        + _HALF
        + b"\r\n0\r\n\r\n"
    ),
    "one byte of gzip": GZIPPED + b"Content-Length: 1\r\n\r\n\x1f",
    "no gzip": GZIPPED + b"Content-Length: 5\r\n\r\nwords",
    "another encoding": _answer(b"Content-Encoding: br\x1b[31m\r\n"),
    "NUL in a header": _answer(b"X-A: \x00\x00\r\nETag: \x00\r\n"),
    "NUL in the type": OK + b"Content-Type: text/\x00html\r\n\r\n" + PAGE,
    "codes in the type": OK + b"Content-Type: \x1b[31m" + b"a" * 9_000 + b"\r\n\r\n" + PAGE,
    "no colon in a header": HTML + b"words\r\n\r\n" + PAGE,
    "header of 100 MB": b"",
    "100,000 headers": b"",
    "redirect to itself": b"HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
    "redirect to a file": b"HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\n\r\n",
    "redirect to data": b"HTTP/1.1 302 Go\r\nLocation: data:text/html,words\r\n\r\n",
    "redirect to nothing": b"HTTP/1.1 302 Go\r\nLocation: http://\r\n\r\n",
    "redirect to a broken host": b"HTTP/1.1 302 Go\r\nLocation: http://[::1\r\n\r\n",
    "redirect to NUL": b"HTTP/1.1 302 Go\r\nLocation: /\x00\x1b[31m\r\nContent-Length: 0\r\n\r\n",
}


def all_faults() -> list[Fault]:
    """Return every kind at every stage, every lie, and what drips before HTTP begins."""
    faults = [
        Fault(f"{kind} at {stage}", kind, start, more)
        for stage, (start, more) in STAGES.items()
        for kind in KINDS
    ]
    faults += [
        Fault(name, "close", content)
        for name, content in LIES.items()
        if content or name == "no byte"
    ]
    # These are sent without a pause, and then the connection is closed.
    faults.append(Fault("header of 100 MB", "flood", HTML + b"X-A: ", b"b" * 10_000))
    faults.append(Fault("100,000 headers", "flood", HTML, b"X-A: b\r\n" * 1_000))
    faults.append(Fault("slow redirects", "redirects"))
    return faults


class BadServer:
    """Answers `/N/...` with the fault of that number; `fine` paths get the answer they name."""

    def __init__(self, faults: list[Fault], fine: dict[str, bytes]) -> None:
        self.faults = faults
        self.fine = fine
        self._is_closed = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._is_closed.set()
        self._socket.close()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, IndexError, ValueError):
            connection.settimeout(60)
            if connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                connection.recv(65_536)
                self._act(connection, self.faults[0], "")
                return
            path = _read_request(connection)
            fine = self.fine.get(path)
            if fine is not None:
                connection.sendall(fine)
                return
            self._act(connection, self.faults[int(path.split("/")[1])], path)

    def _act(self, connection: socket.socket, fault: Fault, path: str) -> None:
        if fault.kind == "redirects":
            time.sleep(0.3)
            connection.sendall(
                b"HTTP/1.1 302 Go\r\nLocation: %sx\r\nContent-Length: 0\r\n\r\n" % path.encode()
            )
            return
        connection.sendall(fault.start)
        if fault.kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault.kind == "silence":
            self._is_closed.wait(60)
        elif fault.kind == "drip":
            for number in range(2_000):
                connection.sendall(fault.more[number % len(fault.more)].to_bytes())
                if self._is_closed.wait(_DRIP_SECONDS):
                    return
        elif fault.kind == "flood":
            while not self._is_closed.is_set():
                connection.sendall(fault.more)


def _read_request(connection: socket.socket) -> str:
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65_536)
        if not piece:
            raise OSError
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    n_left = int(lengths[0].split(b":")[1]) - len(body) if lengths else 0
    while n_left > 0:
        n_left -= len(connection.recv(65_536)) or n_left
    return head.split(b" ")[1].decode()


@contextmanager
def bad_server(faults: list[Fault], fine: dict[str, bytes] | None = None) -> Iterator[BadServer]:
    server = BadServer(faults, fine or {})
    try:
        yield server
    finally:
        server.close()
