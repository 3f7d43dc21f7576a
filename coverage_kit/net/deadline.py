"""One deadline for a whole exchange, from the connection to the last byte of the answer."""

import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType

# Longer times overflow the clocks of sockets and threads; no exchange takes a day.
_MAX_SECONDS = 86_400.0
# The deadline of the exchange that this thread is in.
_CURRENT: ContextVar["Deadline | None"] = ContextVar("deadline", default=None)


class Deadline:
    """Shuts the sockets of an exchange when its seconds are over.

    The timeout of a socket ends a silent server alone: each byte starts it anew, so that a server
    that sends a byte a second never ends. A shut socket ends whatever waits for it: a TLS
    handshake, a status line, a header, the size of a chunk, a trailer, the body. An answer that was
    cut may look complete, so whoever reads it asks `is_over` afterwards.

    The resolution of a name cannot be interrupted, and ends when the system's resolver gives up
    (usually after some seconds). It counts: nothing is sent after it if the deadline is over.
    """

    def __init__(self, seconds: float) -> None:
        seconds = bound_seconds(seconds)
        self._end = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._token: Token[Deadline | None] | None = None

    def __enter__(self) -> "Deadline":
        self._token = _CURRENT.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._token is not None:
            _CURRENT.reset(self._token)
        with self._lock:
            for handle in self._sockets:
                handle.close()
            self._sockets.clear()

    @property
    def seconds_left(self) -> float:
        """The seconds until the deadline, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether the time is over; an answer read by then may be cut."""
        return not self.seconds_left

    def guard(self, connected: socket.socket) -> None:
        """Shut this socket too when the time is over."""
        # A second handle of the connection: TLS later takes the first one over.
        handle = connected.dup()
        with self._lock:
            self._sockets.append(handle)
        if self.is_over:
            self._shut()

    def _shut(self) -> None:
        with self._lock:
            for handle in self._sockets:
                # The other side may have closed the connection before.
                with suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)


def current_deadline() -> Deadline | None:
    """Return the deadline of the exchange that this thread is in, or None."""
    return _CURRENT.get()


def bound_seconds(seconds: float) -> float:
    """Return a time that sockets and threads can wait: a day at most, and never negative.

    >>> bound_seconds(float("inf")), bound_seconds(-1)
    (86400.0, 0.0)
    """
    return min(max(seconds, 0.0), _MAX_SECONDS)
