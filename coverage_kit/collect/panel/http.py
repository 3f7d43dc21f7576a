"""Requests to an engine's REST API: limited in time and size, never redirected, no key shown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from urllib3 import exceptions
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from coverage_kit.errors import AskError
from coverage_kit.llm.endpoint import MAX_BYTES, was_never_sent
from coverage_kit.net.body import BodyError, shown, unpack
from coverage_kit.net.connection import open_pool
from coverage_kit.net.deadline import Deadline
from coverage_kit.net.secret import Secret

# Size of one read; after each read the limit of size is checked.
_CHUNK_BYTES = 65_536
# The first HTTP status that refuses a request.
_FIRST_REFUSAL = 400
_TROUBLES = (HTTPError, HTTPException, OSError, ValueError, OverflowError)
# Error messages of engines may quote a whole page; this much says what is wrong: assumed.
_MAX_PROBLEM_CHARACTERS = 300


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
        # An engine on this machine or network is as good as any.
        self._pool = open_pool(timeout_seconds, {}, public_only=False)

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
        with Deadline(self._timeout_seconds) as deadline:
            try:
                arrival = self._send(body)
                # The deadline cuts an answer, which may look complete.
                if arrival.is_ok and deadline.is_over:
                    raise exceptions.TimeoutError
                return arrival
            except _TROUBLES as error:
                # A ValueError is raised for a request that cannot be written, before it is sent.
                is_unwritten = isinstance(error, ValueError) and not isinstance(error, BodyError)
                was_sent = not (was_never_sent(error) or is_unwritten)
                is_late = was_sent and deadline.is_over
                problem: Exception = exceptions.TimeoutError() if is_late else error
                return _Arrival(
                    trouble=_describe(problem, self._timeout_seconds), was_sent=was_sent
                )
            finally:
                # An answer may have had more bytes than it said: no connection serves twice.
                self._pool.clear()

    def _send(self, body: bytes) -> _Arrival:
        response = self._open(body)
        try:
            return _Arrival(
                status=response.status,
                content=_read(response),
                retry_after=response.headers.get("retry-after", ""),
            )
        finally:
            response.close()

    def _open(self, body: bytes) -> BaseHTTPResponse:
        # The headers get no local name, so that a traceback with locals does not show the key.
        return self._pool.request(
            "POST",
            self.url,
            body=body,
            headers=dict(self._pool.headers)
            | {name: value.format(key=self._key.reveal()) for name, value in self._headers.items()}
            | {"Content-Type": "application/json", "Accept-Encoding": "identity"},
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _parse(self, content: bytes) -> dict[str, Any] | None:
        try:
            # Both may meet an answer that is nested without end.
            answer = self._key.hide(json.loads(content))
        except (ValueError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None

    def _fail(self, arrival: _Arrival, message: str) -> AskError:
        problem = arrival.trouble
        if not problem:
            problem = (
                "an answer that is no JSON object" if arrival.is_ok else f"status {arrival.status}"
            )
        if message:
            problem = shown(" ".join(f"{problem}: {message}".split()), _MAX_PROBLEM_CHARACTERS)
        failure = AskError(
            self.url, "an answer", problem, "Try again later: the answers so far are stored."
        )
        failure.status = arrival.status
        failure.retry_after = arrival.retry_after
        # A refusal with a status costs nothing; an answer that is cut off or no JSON may cost.
        failure.may_cost = arrival.was_sent and (arrival.is_ok or bool(arrival.trouble))
        return failure


def _read(response: BaseHTTPResponse) -> bytes:
    encoding = response.headers.get("content-encoding", "")
    try:
        return b"".join(unpack(_chunks(response), encoding, MAX_BYTES))
    except BodyError:
        # The status of a refusal counts, whatever became of its body.
        if response.status < _FIRST_REFUSAL:
            raise
        return b""


def _chunks(response: BaseHTTPResponse) -> Iterator[bytes]:
    while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
        yield chunk


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
        (HTTPException, "the connection broke"),
        (OSError, "the connection broke"),
        (BodyError, str(error)),
    ]
    return next(
        (text for error_type, text in descriptions if isinstance(error, error_type)),
        "a request that cannot be written",
    )
