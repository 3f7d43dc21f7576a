"""A guard: while it is on, no socket of this process connects to anything but 127.0.0.1."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# The lists of refused addresses of the guards that are on. Audit hooks stay for the whole process.
_ACTIVE: list[list[object]] = []


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect" or not _ACTIVE:
        return
    address = arguments[1]
    if isinstance(address, tuple) and address[0] != "127.0.0.1":
        for refused in _ACTIVE:
            refused.append(address)
        raise PermissionError(f"a test connects to {address}")


sys.addaudithook(_refuse)


@contextmanager
def only_loopback() -> Iterator[list[object]]:
    """Refuse other addresses until the block ends; yield the list of those refused."""
    refused: list[object] = []
    _ACTIVE.append(refused)
    try:
        yield refused
    finally:
        _ACTIVE.remove(refused)
