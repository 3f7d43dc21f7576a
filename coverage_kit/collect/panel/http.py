"""One request to an engine's REST form: bounded in time and size, never redirected, its key never told."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3 import exceptions
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from coverage_kit.errors import AskError
from coverage_kit.llm.endpoint import MOST_BYTES, TooLargeError, was_never_sent

_CHUNK_BYTES = 65_536
_TROUBLES = (HTTPError, OSError, ValueError)


class Secret:
    """A key that no representation, log or traceback shows."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __repr__(self) -> str:
        return "[key]"

    def __bool__(self) -> bool:
        return bool(self._key)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a key is not stored")

    def reveal(self) -> str:
        """Return the key, to be given to its engine alone."""
        return self._key

    def hide(self, told: Any) -> Any:
        """Return what an engine told, JSON or text, with the key replaced wherever it stands.

        >>> Secret("sk-1").hide({"echo": ["Bearer sk-1"]})
        {'echo': ['Bearer [key]']}
        """
        if isinstance(told, str):
            return told.replace(self._key, "[key]") if self._key else told
        if isinstance(told, dict):
            return {self.hide(name): self.hide(value) for name, value in told.items()}
        return [self.hide(one) for one in told] if isinstance(told, list) else told


@dataclass(frozen=True)
class _Arrival:
    """What came of one request: status, content, the header Retry-After, or what went wrong instead."""

    status: int = 0
    content: bytes = b""
    retry_after: str = ""
    trouble: str = ""
    was_sent: bool = True

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300


class Poster:
    """Posts JSON to one engine, one request after the other.

    Args:
        url: where to post.
        headers: names of headers and their values, in which {key} stands for the key.
        key: the key.
        timeout_seconds: seconds to wait for a whole answer.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        key: Secret,
        timeout_seconds: float,
    ) -> None:
        self.url = url
        self._headers = headers
        self._key = key
        self._timeout_seconds = timeout_seconds
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        )

    def post(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], AskError | None]:
        """Return what is answered, without the key, and None, or the failure; never raises for the network.

        With a failure goes what stood in place of an answer, where that is JSON.
        """
        came = self._exchange(json.dumps(body).encode())
        answer = self._parse(came.content)
        if came.is_ok and answer is not None:
            return answer, None
        return answer or {}, self._fail(came, _words(answer))

    def _exchange(self, body: bytes) -> _Arrival:
        try:
            response = self._open(body)
        except _TROUBLES as error:
            was_sent = not (was_never_sent(error) or isinstance(error, ValueError))
            return _Arrival(trouble=_tell(error, self._timeout_seconds), was_sent=was_sent)
        try:
            return _Arrival(
                response.status,
                self._read(response),
                response.headers.get("retry-after", ""),
            )
        except _TROUBLES as error:
            return _Arrival(trouble=_tell(error, self._timeout_seconds))
        finally:
            response.close()

    def _open(self, body: bytes) -> BaseHTTPResponse:
        return self._pool.request(
            "POST",
            self.url,
            body=body,
            headers={
                **{
                    name: value.format(key=self._key.reveal())
                    for name, value in self._headers.items()
                },
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",
            },
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _read(self, response: BaseHTTPResponse) -> bytes:
        end = time.monotonic() + self._timeout_seconds
        chunks = list[bytes]()
        n_bytes = 0
        while chunk := response.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            n_bytes += len(chunk)
            if n_bytes > MOST_BYTES:
                raise TooLargeError
            if time.monotonic() > end:
                raise exceptions.TimeoutError
        return b"".join(chunks)

    def _parse(self, content: bytes) -> dict[str, Any] | None:
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            return None
        return self._key.hide(answer) if isinstance(answer, dict) else None

    def _fail(self, came: _Arrival, words: str) -> AskError:
        found = came.trouble or (
            "an answer that is no JSON object" if came.is_ok else f"status {came.status}"
        )
        told = " ".join(f"{found}: {words}".split())[:300] if words else found
        failure = AskError(self.url, "an answer", told, "Try later: what was answered is kept.")
        failure.status = came.status
        failure.retry_after = came.retry_after
        failure.may_cost = came.was_sent and (came.is_ok or bool(came.trouble))
        return failure


def _words(answer: Mapping[str, Any] | None) -> str:
    """Return the words of an error in any engine's form."""
    error = (answer or {}).get("error")
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or error.get("status")
    return error if isinstance(error, str) else ""


def _tell(error: Exception, timeout_seconds: float) -> str:
    known: list[tuple[type[Exception], str]] = [
        (exceptions.NameResolutionError, "no such host"),
        (exceptions.SSLError, "no valid certificate"),
        (
            exceptions.ConnectTimeoutError,
            f"no connection in {timeout_seconds:g} s",
        ),
        (exceptions.NewConnectionError, "connection refused"),
        (exceptions.TimeoutError, f"no answer in {timeout_seconds:g} s"),
        (exceptions.HTTPError, "the connection broke"),
        (OSError, "the connection broke"),
        (TooLargeError, str(error)),
    ]
    return next(
        (told for kind, told in known if isinstance(error, kind)),
        "a request that cannot be written",
    )
