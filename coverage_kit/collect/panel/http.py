"""Requests to an engine's REST API: limited in time and size, never redirected, no key shown."""

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
from coverage_kit.llm.endpoint import MAX_BYTES, TooLargeError, was_never_sent

# Size of one read; after each read the limits of size and time are checked.
_CHUNK_BYTES = 65_536
_TROUBLES = (HTTPError, OSError, ValueError)
# Error messages of engines may quote a whole page; this much says what is wrong: assumed.
_MAX_PROBLEM_CHARACTERS = 300


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
        """Return the key, to be sent to its engine alone."""
        return self._key

    def hide(self, content: Any) -> Any:
        """Return what an engine sent, JSON or text, with the key replaced wherever it occurs.

        >>> Secret("sk-1").hide({"echo": ["Bearer sk-1"]})
        {'echo': ['Bearer [key]']}
        """
        if isinstance(content, str):
            return content.replace(self._key, "[key]") if self._key else content
        if isinstance(content, dict):
            return {self.hide(name): self.hide(value) for name, value in content.items()}
        if isinstance(content, list):
            return [self.hide(item) for item in content]
        return content


@dataclass(frozen=True)
class _Arrival:
    """The outcome of one request.

    It holds status, content and the header Retry-After, or the trouble that came instead.
    """

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
        timeout_seconds: seconds to wait for a complete answer.
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
        """Return the answer and None, or the content in place of an answer and the failure.

        That content is empty unless it is JSON. The key is removed from both. Nothing is raised for
        the network.
        """
        arrival = self._exchange(json.dumps(body).encode())
        answer = self._parse(arrival.content)
        if arrival.is_ok and answer is not None:
            return answer, None
        return answer or {}, self._fail(arrival, _error_message(answer))

    def _exchange(self, body: bytes) -> _Arrival:
        try:
            response = self._open(body)
        except _TROUBLES as error:
            # A ValueError is raised for a request that cannot be written, before it is sent.
            was_sent = not (was_never_sent(error) or isinstance(error, ValueError))
            return _Arrival(trouble=_describe(error, self._timeout_seconds), was_sent=was_sent)
        try:
            return _Arrival(
                status=response.status,
                content=self._read(response),
                retry_after=response.headers.get("retry-after", ""),
            )
        except _TROUBLES as error:
            return _Arrival(trouble=_describe(error, self._timeout_seconds))
        finally:
            response.close()

    def _open(self, body: bytes) -> BaseHTTPResponse:
        # The headers get no local name, so that a traceback with locals does not show the key.
        return self._pool.request(
            "POST",
            self.url,
            body=body,
            headers={
                name: value.format(key=self._key.reveal()) for name, value in self._headers.items()
            }
            | {"Content-Type": "application/json", "Accept-Encoding": "identity"},
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _read(self, response: BaseHTTPResponse) -> bytes:
        # The timeout of urllib3 limits each read. This limits the complete answer.
        end = time.monotonic() + self._timeout_seconds
        chunks = list[bytes]()
        n_bytes = 0
        while chunk := response.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            n_bytes += len(chunk)
            if n_bytes > MAX_BYTES:
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

    def _fail(self, arrival: _Arrival, message: str) -> AskError:
        problem = arrival.trouble
        if not problem:
            problem = (
                "an answer that is no JSON object" if arrival.is_ok else f"status {arrival.status}"
            )
        if message:
            problem = " ".join(f"{problem}: {message}".split())[:_MAX_PROBLEM_CHARACTERS]
        failure = AskError(
            self.url, "an answer", problem, "Try again later: the answers so far are stored."
        )
        failure.status = arrival.status
        failure.retry_after = arrival.retry_after
        # A refusal with a status costs nothing; an answer that is cut off or no JSON may cost.
        failure.may_cost = arrival.was_sent and (arrival.is_ok or bool(arrival.trouble))
        return failure


def _error_message(answer: Mapping[str, Any] | None) -> str:
    """Return the message of an error in any engine's form; empty where there is none."""
    error = (answer or {}).get("error")
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or error.get("status")
    return error if isinstance(error, str) else ""


def _describe(error: Exception, timeout_seconds: float) -> str:
    # The first class that fits is used: urllib3's classes are subclasses of HTTPError and OSError.
    descriptions: list[tuple[type[Exception], str]] = [
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
        (text for error_type, text in descriptions if isinstance(error, error_type)),
        "a request that cannot be written",
    )
