"""Language models and answer engines behind an OpenAI-compatible endpoint.

This is the only module that knows the openai client. The key is read from the environment and sent
to the endpoint alone; it is never written to a file, a log or an error.
"""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from coverage_kit.errors import CoverageKitError, ModelError, SettingsError
from coverage_kit.net.body import ACCEPTED, BodyError, shown, unpack
from coverage_kit.net.deadline import Deadline, bound_seconds, current_deadline
from coverage_kit.net.retry_after import Patience, seconds_asked
from coverage_kit.net.secret import Secret
from coverage_kit.settings import EndpointSettings
from coverage_kit.usage import Spent

if TYPE_CHECKING:
    from openai import OpenAI

OPENAI_URL = "https://api.openai.com/v1"
# Further tries of a failed request, with growing pauses: assumed.
RETRIES = 3
# Fields of a request that some endpoints refuse and that can be left out.
_OPTIONAL_FIELDS = ("temperature", "top_logprobs", "logprobs", "n", "seed")
# No answer should be this large; more would only fill the memory. Assumed.
MAX_BYTES = 32_000_000
# Names of the error classes of httpx (the first two) and urllib3 (the others) that are raised
# before a request reaches its server. They are compared by name, as httpx is not always installed.
_NEVER_SENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "NewConnectionError",
        "ConnectTimeoutError",
    }
)
# HTTP statuses that may be over at the next try. 0: no answer; 529: Anthropic is overloaded.
_PASSING = frozenset({0, 408, 409, 425, 429, 500, 502, 503, 504, 529})
# A server may ask for hours; longer than this no run should wait for one answer. Assumed.
MAX_WAIT_SECONDS = 120.0
# The first pause before another try, where the endpoint asks for none; then it doubles. Assumed.
_FIRST_PAUSE_SECONDS = 0.5
# The thoughts that some models write before their reply, such as "<think>Let me see.</think>".
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.S)


@dataclass(frozen=True)
class Reply:
    """One reply of a model: its text without thoughts, why it ended, and the likeliest tokens.

    `tokens` holds the tokens of the text in order, including those of thoughts. `alternatives`
    holds for each token the natural logarithms of the probabilities of the likeliest tokens at its
    position. Both are empty where the endpoint gives none.
    """

    text: str
    finish_reason: str = "stop"
    alternatives: tuple[Mapping[str, float], ...] = ()
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Completion:
    """The replies to one prompt, and what they cost."""

    replies: tuple[Reply, ...]
    spent: Spent


@dataclass(frozen=True)
class Prompt:
    """A prompt, and how many replies are wanted.

    `n` is the number of replies, `n_alternatives` the number of likeliest tokens to return at each
    position (0: none), `max_tokens` the limit of a reply (0: the endpoint's own limit).
    """

    system: str
    user: str
    temperature: float = 0.0
    n: int = 1
    n_alternatives: int = 0
    max_tokens: int = 0

    def body(self, model: str) -> dict[str, Any]:
        """Return the body of a request of chat completions."""
        messages = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]
        body: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "temperature": self.temperature,
        }
        if self.n > 1:
            body["n"] = self.n
        if self.n_alternatives:
            body |= {"logprobs": True, "top_logprobs": self.n_alternatives}
        if self.max_tokens:
            body["max_tokens"] = self.max_tokens
        return body


class Endpoint:
    """An OpenAI-compatible endpoint: OpenAI, vLLM, Ollama, llama.cpp, gateways.

    Args:
        settings: model, endpoint, name of the key's environment variable, and seconds to wait.
        section: the settings' section in coverage.toml, for error messages.
        failure: the class of the error that is raised where the endpoint gives no answer.
        retries: further tries after a timeout, a lost connection, 429 or 5xx, with growing pauses.

    Raises SettingsError where no model is configured, the key is missing, or the `openai` library
    is not installed.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        section: str,
        failure: type[CoverageKitError] = ModelError,
        retries: int = RETRIES,
    ) -> None:
        if not settings.model:
            cure = (
                f'Set model = "…" under [{section}] in coverage.toml and name that file with '
                "--settings. Everything else works without a model."
            )
            raise SettingsError(f"{section}.model", "the name of a model", "none", cure)
        self.model = settings.model
        self._failure_type = failure
        self._settings = settings
        self._section = section
        self._key = Secret(os.environ.get(settings.api_key_env, "").strip())
        self._retries = retries
        self.patience = Patience(MAX_WAIT_SECONDS)
        self._refused: set[str] = set()
        if not self._key and not settings.base_url:
            cure = (
                f"Put the key into the environment variable {settings.api_key_env}, or name a "
                "base_url that needs no key."
            )
            raise SettingsError(
                f"{section}.api_key_env",
                "a key in the environment",
                "none",
                cure,
            )
        self._client = _connect(settings, self._key, section)

    def complete(self, prompt: Prompt) -> Completion:
        """Return the replies of one request for chat completions.

        There is at least one reply. Some endpoints give fewer replies than `prompt.n`. A field that
        the endpoint refuses, such as a temperature, is left out from then on. Raises the endpoint's
        failure, without the key, where it gives no reply.
        """
        start = time.perf_counter()
        completion = self._read(self.send("/chat/completions", prompt.body(self.model)))
        spent = replace(completion.spent, seconds=time.perf_counter() - start)
        return replace(completion, spent=spent)

    def send(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the endpoint's answer to a request with this body, with the key hidden.

        One deadline, the timeout of the settings, holds for a whole exchange. Raises the endpoint's
        failure, with the key hidden.
        """
        for attempt in range(self._retries):
            try:
                return self._send_once(path, body)
            except ModelError as failure:
                if not is_passing(failure):
                    raise
                # What the endpoint asks for, or else a pause that doubles.
                asked = self.patience.bound(seconds_asked(failure.retry_after), failure.where)
                time.sleep(asked or min(_FIRST_PAUSE_SECONDS * 2.0**attempt, MAX_WAIT_SECONDS))
        return self._send_once(path, body)

    def _send_once(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        import openai  # noqa: PLC0415 (optional, and takes a second to import)

        sent_body = self._without_refused(body)
        with Deadline(self._settings.timeout_seconds) as deadline:
            try:
                # Without redirects, which could send the key to another server.
                answer = json.loads(
                    self._client.post(
                        path,
                        body=sent_body,
                        cast_to=str,
                        options={"follow_redirects": False},
                    )
                )
                if not isinstance(answer, dict):
                    raise TypeError
                return dict(self._key.hide(answer))
            except openai.BadRequestError as error:
                refused = self._find_refused(str(error), sent_body)
                if not refused:
                    raise self.fail(
                        f"refused with status 400: {error}",
                        "Check that the endpoint knows the model.",
                        error,
                    ) from None
            except (openai.OpenAIError, ValueError, TypeError, RecursionError) as error:
                # The deadline cuts an answer, whatever the client makes of that.
                is_late = deadline.is_over and not was_never_sent(error.__cause__)
                raise (self._time_out(error) if is_late else self._explain(error)) from None
        # Each refusal removes or renames a field, so this ends.
        self._refused.add(refused)
        return self._send_once(path, body)

    def _time_out(self, error: Exception) -> CoverageKitError:
        problem = (
            f"no answer in {self._settings.timeout_seconds:g} s, asked {self._retries + 1} times"
        )
        failure = self.fail(problem, f"Raise {self._section}.timeout_seconds, or try again later.")
        if isinstance(failure, ModelError):
            failure.may_cost = not was_never_sent(error.__cause__)
        return failure

    def _explain(self, error: Exception) -> CoverageKitError:
        """Return the failure for an error of the openai client, or for an answer without JSON."""
        import openai  # noqa: PLC0415 (as in send)

        # Subclasses come first: a timeout is a connection error, a refused key a status error.
        if isinstance(error, openai.APITimeoutError):
            return self._time_out(error)
        if isinstance(error, openai.APIConnectionError):
            cure = f"Check that {self._section}.base_url is right and that the endpoint runs."
            return self.fail(f"no connection ({error.__cause__ or error})", cure, error)
        if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
            cure = (
                f"Check that the key in the environment variable {self._settings.api_key_env} "
                "belongs to this endpoint."
            )
            return self.fail(f"the key refused with status {error.status_code}", cure, error)
        if isinstance(error, openai.APIStatusError):
            cure = "Try again later: finished work is stored."
            return self.fail(f"status {error.status_code}: {error}", cure, error)
        return self._strange(error)

    def fail(self, problem: str, cure: str, error: Exception | None = None) -> CoverageKitError:
        """Return the failure that describes a problem, without the key.

        Of an error of the openai client, the failure also holds the status, and whether the request
        may have to be paid for.
        """
        safe_problem = str(self._key.hide(problem))
        url = self._settings.base_url or OPENAI_URL
        failure = self._failure_type(
            url,
            f"an answer by {self.model}",
            shown(" ".join(safe_problem.split()), 300),
            cure,
        )
        if isinstance(failure, ModelError) and error is not None:
            response = getattr(error, "response", None)
            failure.status = getattr(error, "status_code", 0)
            failure.retry_after = _retry_after(response.headers) if response is not None else ""
            # Without a status, the request may have been answered. A refusal costs nothing.
            failure.may_cost = not failure.status and not was_never_sent(error.__cause__)
        return failure

    def _strange(self, error: Exception) -> CoverageKitError:
        """Return the failure for an unusable answer, which may have to be paid for all the same."""
        problem = (
            str(error)
            if isinstance(error, BodyError)
            else f"no chat completion ({type(error).__name__})"
        )
        failure = self.fail(
            problem,
            f"Check that {self._section}.base_url leads to an OpenAI-compatible endpoint.",
            error,
        )
        if isinstance(failure, ModelError):
            failure.status = failure.status or 200
            failure.may_cost = True
        return failure

    def _without_refused(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body without the fields that the endpoint refused before."""
        accepted = {name: value for name, value in body.items() if name not in self._refused}
        # OpenAI's newer models take the limit under another name only.
        if "max_tokens" in self._refused and "max_tokens" in body:
            accepted["max_completion_tokens"] = body["max_tokens"]
        return accepted

    def _find_refused(self, message: str, body: Mapping[str, Any]) -> str:
        """Return the optional field of a request that an error names; empty where it names none."""
        refused = [
            name
            for name in (*_OPTIONAL_FIELDS, "max_tokens")
            if name in body and re.search(rf"\b{name}\b", message)
        ]
        return refused[0] if refused else ""

    def _read(self, answer: Mapping[str, Any]) -> Completion:
        try:
            replies = tuple(self._read_choice(choice) for choice in answer["choices"])
            usage = answer.get("usage") or {}
            n_read, n_written = (
                int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")
            )
            if not replies:
                raise IndexError
        except (
            AttributeError,
            IndexError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:
            raise self._strange(error) from None
        return Completion(replies, Spent(1, n_input_tokens=n_read, n_output_tokens=n_written))

    def _read_choice(self, choice: Mapping[str, Any]) -> Reply:
        content = (choice.get("logprobs") or {}).get("content") or ()
        alternatives = tuple(
            {
                likely["token"]: float(likely["logprob"])
                for likely in token.get("top_logprobs") or ()
            }
            for token in content
        )
        tokens = tuple(str(token["token"]) for token in content)
        if self._spells_key(tokens, alternatives):
            tokens, alternatives = (), ()
        text = _THOUGHTS.sub("", choice["message"].get("content") or "").strip()
        return Reply(text, str(choice.get("finish_reason") or ""), alternatives, tokens)

    def _spells_key(
        self, tokens: tuple[str, ...], alternatives: tuple[Mapping[str, float], ...]
    ) -> bool:
        """Return whether the key is spread over tokens, none of which holds it."""
        ranks = zip_longest(*alternatives, fillvalue="")
        texts = ["".join(tokens), *("".join(map(str, rank)) for rank in ranks)]
        return any(self._key.hide(text) != text for text in texts)


def was_never_sent(error: BaseException | None) -> bool:
    """Return whether an error of the HTTP library says that the request did not reach its server.

    Such a request costs nothing.
    """
    return any(kind.__name__ in _NEVER_SENT for kind in type(error).__mro__)


def is_passing(failure: ModelError) -> bool:
    """Return whether the next try may succeed."""
    return failure.status in _PASSING


def seconds_to_wait(failure: ModelError, attempt: int, patience: Patience) -> float:
    """Return the seconds to wait before the next try, as many as patience allows.

    That is what the server asked for, or a pause that doubles from one second, if that is longer.
    """
    asked = patience.bound(seconds_asked(failure.retry_after), failure.where)
    return min(max(asked, 2.0**attempt), patience.max_seconds)


def _retry_after(headers: Mapping[str, str]) -> str:
    """Return the seconds or the date that an answer asks to wait for; some say milliseconds."""
    milliseconds = seconds_asked(headers.get("retry-after-ms", ""))
    return str(milliseconds / 1000) if milliseconds else headers.get("retry-after", "")


def _connect(settings: EndpointSettings, key: Secret, section: str) -> "OpenAI":
    try:
        from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 (optional)
    except ImportError:
        cure = "Install it: pip install 'coverage_kit[llm]'."
        raise SettingsError(
            f"{section}.model",
            "the library openai, which connects to models",
            "none installed",
            cure,
        ) from None
    timeout = bound_seconds(settings.timeout_seconds)
    return OpenAI(
        http_client=DefaultHttpxClient(
            timeout=timeout,
            event_hooks={"request": [_keep_deadline], "response": [_bound_size]},
        ),
        api_key=key.reveal() or "none",
        base_url=settings.base_url or OPENAI_URL,
        timeout=timeout,
        # `send` makes the retries, as it bounds what a server asks to wait.
        max_retries=0,
    )


def _keep_deadline(request: Any) -> None:
    """Put the connection of a request under the current deadline.

    The extension `trace` of httpx is called with each step of an exchange. Every request has a
    connection of its own, as a connection that was made before would not be traced.
    """
    request.headers["Connection"] = "close"
    request.headers["Accept-Encoding"] = ACCEPTED
    deadline = current_deadline()

    def trace(step: str, values: Mapping[str, Any]) -> None:
        # Such as "connection.connect_tcp.complete", or "socks.connect_tcp.complete".
        if deadline is not None and step.endswith(".connect_tcp.complete"):
            deadline.guard(values["return_value"].get_extra_info("socket"))

    request.extensions["trace"] = trace


def _bound_size(response: Any) -> None:
    """Make a response break off where it is larger than any answer should be, or cut off."""
    stream = response.stream
    encoding = response.headers.pop("content-encoding", "")
    # httpx accepts only its own kind of stream; finding the class here spares an import of httpx.
    base: Any = next(kind for kind in type(stream).__mro__ if kind.__name__ == "SyncByteStream")

    class Bounded(base):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            # Unpacked here, as httpx would unpack a bomb at once.
            try:
                yield from unpack(stream, encoding, MAX_BYTES)
            except BodyError:
                # The status of a refusal counts, whatever became of its body.
                if not response.is_error:
                    raise

        def close(self) -> None:
            stream.close()

    response.stream = Bounded()
