"""Connections of urllib3 that keep the deadline and reach public addresses only.

A name is resolved once. Its addresses are checked before anything is sent, and the connection goes
to a checked address: a name that resolves to a private address the second time (DNS rebinding)
reaches nobody. The name itself still goes into TLS and the header Host.
"""

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, ClassVar

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from coverage_kit.net.addresses import is_public
from coverage_kit.net.deadline import bound_seconds, current_deadline

# Statuses that precede an answer; 101 changes the protocol, which nobody asked for.
_INTERIM = range(102, 200)


class PrivateAddressError(Exception):
    """A host has no address on the public internet."""


def open_pool(
    timeout_seconds: float, headers: Mapping[str, str], *, public_only: bool
) -> urllib3.PoolManager:
    """Return a pool whose connections keep the current deadline.

    Args:
        timeout_seconds: seconds to wait for a connection, and for the next bytes.
        headers: headers of every request. Each request asks to close its connection: bytes that
            a server sends beyond an answer would else be taken for the next one.
        public_only: whether hosts without a public address are refused (PrivateAddressError).
    """
    seconds = bound_seconds(timeout_seconds)
    pool = urllib3.PoolManager(
        headers={**headers, "Connection": "close"},
        timeout=urllib3.Timeout(connect=seconds, read=seconds),
        # One for all connections: reading the system's certificates takes a while.
        ssl_context=ssl.create_default_context(),
    )
    pool.pool_classes_by_scheme = (
        {"http": _PublicPool, "https": _PublicTlsPool}
        if public_only
        else {"http": _Pool, "https": _TlsPool}
    )
    return pool


class _Lines:
    """The lines of a file, whose end is an error."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readline(self, *limits: int) -> bytes:
        line: bytes = self._file.readline(*limits)
        if not line:
            raise IncompleteRead(b"")
        return line

    def close(self) -> None:
        self._file.close()


class _WholeHeaders(HTTPResponse):
    """A response whose headers have an end."""

    def begin(self) -> None:
        # http.client takes the end of the connection for the end of the headers, so that half of
        # the headers would be a page without content.
        file = self.fp
        lines: Any = _Lines(file)
        self.fp = lines
        try:
            super().begin()
            # Early hints and the like precede the answer; http.client passes over 100 alone.
            while self.status in _INTERIM:
                # What begin starts with.
                self.headers = self.msg = None  # type: ignore[assignment]
                super().begin()
        finally:
            if self.fp is lines:
                self.fp = file
        # What follows a line that is no header was not read: the length of the body, for example.
        unread = self.headers.get_payload()
        if isinstance(unread, str) and ":" in unread:
            raise HTTPException("headers after a line that is no header")
        # urllib3 logs what is wrong with headers, with a traceback.
        self.headers.defects.clear()
        self.headers.set_payload("")


class _Connection(HTTPConnection):
    response_class = _WholeHeaders
    public_only: ClassVar[bool] = False

    def _new_conn(self) -> socket.socket:
        """Return a socket that is connected to one of the host's addresses."""
        failure: Exception = NewConnectionError(self, "no address")
        for address in self._resolve():
            try:
                return self._reach(address)
            except TimeoutError:
                failure = ConnectTimeoutError(self, "no connection in time")
            except OSError as error:
                failure = NewConnectionError(self, str(error))
        raise failure

    def _resolve(self) -> list[str]:
        host = self._dns_host.strip("[]")
        try:
            found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self.public_only:
            return addresses
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise PrivateAddressError(self.host)
        return public

    def _reach(self, address: str) -> socket.socket:
        deadline = current_deadline()
        timeout = float(self.timeout) if isinstance(self.timeout, (int, float)) else None
        if deadline is not None:
            if deadline.is_over:
                raise TimeoutError
            timeout = min(timeout or deadline.seconds_left, deadline.seconds_left)
        reached = create_connection(
            (address, self.port), timeout, socket_options=self.socket_options
        )
        if deadline is not None:
            deadline.guard(reached)
        return reached


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _PublicConnection(_Connection):
    public_only = True


class _PublicTlsConnection(_TlsConnection):
    public_only = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection
