"""Language models and answer engines behind an OpenAI-compatible endpoint: the one place that knows the openai client.

The key is read from the environment and given to the endpoint alone: never written, logged or told
in an error.
"""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coverage_kit.errors import CoverageKitError, ModelError, SettingsError
from coverage_kit.llm.retry_after import seconds_asked
from coverage_kit.settings import EndpointSettings
from coverage_kit.usage import Spent

if TYPE_CHECKING:
    from openai import OpenAI

OPENAI_URL = "https://api.openai.com/v1"
RETRIES = 3
_OPTIONAL = ("temperature", "top_logprobs", "logprobs", "n", "seed")
MOST_BYTES = 32_000_000
_NEVER_SENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "NewConnectionError",
        "ConnectTimeoutError",
    }
)  # httpx's, urllib3's
_PASSING = frozenset(
    {0, 408, 409, 425, 429, 500, 502, 503, 504, 529}
)  # 0: no answer; 529: Anthropic's overload
_LONGEST_WAIT_SECONDS = 120.0
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.S)


class TooLargeError(ValueError):
    """An answer is larger than any should be."""

    def __init__(self) -> None:
        super().__init__(f"an answer of more than {MOST_BYTES:,} bytes")


@dataclass(frozen=True)
class Reply:
    """One reply of a model: its text without its thoughts, why it ended, and what stood there instead.

    `alternatives` holds for each token of the text, in order, the natural logarithms of the
    probabilities of the likeliest tokens at its place, `tokens` the tokens themselves, thoughts
    included; both are empty where the endpoint gives none.
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
    """What a model is asked, and how: `n` replies, the `n_alternatives` likeliest tokens at each place (0: not asked for).

    `max_tokens` bounds a reply (0: the endpoint's own bound).
    """

    system: str
    user: str
    temperature: float = 0.0
    n: int = 1
    n_alternatives: int = 0
    max_tokens: int = 0

    def body(self, model: str) -> dict[str, Any]:
        """Return the body of a request of chat completions."""
        told = [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]
        body: dict[str, Any] = {
            "model": model,
            "messages": told,
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
        section: where the settings stand in coverage.toml, for errors.
        failure: what is raised where the endpoint gives no answer.
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
            cure = f'Set model = "…" under [{section}] in coverage.toml and name that file with --settings.'
            cure += " All else works without."
            raise SettingsError(f"{section}.model", "the name of a model", "none", cure)
        self.model = settings.model
        self._failure_type = failure
        self._settings = settings
        self._section = section
        self._key = os.environ.get(settings.api_key_env, "").strip()
        self._refused: set[str] = set()
        if not self._key and not settings.base_url:
            cure = f"Put the key into the environment variable {settings.api_key_env}, or name a base_url that needs none."
            raise SettingsError(
                f"{section}.api_key_env",
                "a key in the environment",
                "none",
                cure,
            )
        self._client = _connect(settings, self._key, section, retries)

    def complete(self, prompt: Prompt) -> Completion:
        """Return the replies of one request for chat completions: one at least, and fewer than `prompt.n` of some endpoints.

        What the endpoint refuses, such as a temperature, is left out from then on. Raises the
        endpoint's failure, without the key, where it gives no reply.
        """
        start = time.perf_counter()
        got = self._read(self.send("/chat/completions", prompt.body(self.model)))
        return replace(got, spent=replace(got.spent, seconds=time.perf_counter() - start))

    def send(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the endpoint answers to a request with this body, as it is. Raises the endpoint's failure."""
        import openai

        asked = self._bearable(body)
        try:
            answer = json.loads(
                self._client.post(
                    path,
                    body=asked,
                    cast_to=str,
                    options={"follow_redirects": False},
                )
            )
            if not isinstance(answer, dict):
                raise TypeError
        except openai.BadRequestError as error:
            refused = self._find_refused(str(error), asked)
            if not refused:
                raise self.fail(
                    f"refused with status 400: {error}",
                    "See that the endpoint knows the model.",
                    error,
                ) from None
            self._refused.add(refused)
            return self.send(path, body)
        except openai.APITimeoutError as error:
            found = f"no answer in {self._settings.timeout_seconds:g} s, asked {self._client.max_retries + 1} times"
            raise self.fail(
                found,
                f"Raise {self._section}.timeout_seconds, or try later.",
                error,
            ) from None
        except openai.APIConnectionError as error:
            cure = f"See that {self._section}.base_url is right and the endpoint runs."
            raise self.fail(f"no connection ({error.__cause__ or error})", cure, error) from None
        except (
            openai.AuthenticationError,
            openai.PermissionDeniedError,
        ) as error:
            cure = f"See that the key in the environment variable {self._settings.api_key_env} is that of this endpoint."
            raise self.fail(
                f"the key refused with status {error.status_code}", cure, error
            ) from None
        except openai.APIStatusError as error:
            raise self.fail(
                f"status {error.status_code}: {error}",
                "Try later: what was done is kept.",
                error,
            ) from None
        except (openai.OpenAIError, ValueError, TypeError) as error:
            raise self._strange(error) from None
        return answer

    def fail(self, found: str, cure: str, error: Exception | None = None) -> CoverageKitError:
        """Return the failure that tells what was found, without the key; of an error also its status, and if it may cost."""
        told = found.replace(self._key, "[key]") if self._key else found
        where = self._settings.base_url or OPENAI_URL
        failure = self._failure_type(
            where,
            f"an answer by {self.model}",
            " ".join(told.split())[:300],
            cure,
        )
        if isinstance(failure, ModelError) and error is not None:
            response = getattr(error, "response", None)
            failure.status = getattr(error, "status_code", 0)
            failure.retry_after = (
                response.headers.get("retry-after", "") if response is not None else ""
            )
            failure.may_cost = not failure.status and not was_never_sent(error.__cause__)
        return failure

    def _strange(self, error: Exception) -> CoverageKitError:
        """Return the failure of an answer that came, and may have to be paid for, but is none."""
        found = (
            str(error)
            if isinstance(error, TooLargeError)
            else f"no chat completion ({type(error).__name__})"
        )
        failure = self.fail(
            found,
            f"See that {self._section}.base_url leads to an OpenAI-compatible endpoint.",
            error,
        )
        if isinstance(failure, ModelError):
            failure.status = failure.status or 200
            failure.may_cost = True
        return failure

    def _bearable(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body without what the endpoint refused before."""
        kept = {name: value for name, value in body.items() if name not in self._refused}
        if "max_tokens" in self._refused and "max_tokens" in body:
            kept["max_completion_tokens"] = body["max_tokens"]
        return kept

    def _find_refused(self, message: str, asked: Mapping[str, Any]) -> str:
        """Return the optional part of a request that an error names; empty where it names none."""
        named = [
            name
            for name in (*_OPTIONAL, "max_tokens")
            if name in asked and re.search(rf"\b{name}\b", message)
        ]
        return named[0] if named else ""

    def _read(self, answer: Mapping[str, Any]) -> Completion:
        try:
            replies = tuple(_read_choice(choice) for choice in answer["choices"])
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


def was_never_sent(error: BaseException | None) -> bool:
    """Return whether an error of the HTTP library says that the request did not reach its server, and so costs nothing."""
    return any(kind.__name__ in _NEVER_SENT for kind in type(error).__mro__)


def is_passing(failure: ModelError) -> bool:
    """Return whether a failure may be over at the next try."""
    return failure.status in _PASSING


def seconds_to_wait(failure: ModelError, attempt: int) -> float:
    """Return the seconds before the next try: what was asked for, else doubling from one; two minutes at most."""
    return min(
        max(seconds_asked(failure.retry_after), 2.0**attempt),
        _LONGEST_WAIT_SECONDS,
    )


def _read_choice(choice: Mapping[str, Any]) -> Reply:
    content = (choice.get("logprobs") or {}).get("content") or ()
    alternatives = tuple(
        {one["token"]: float(one["logprob"]) for one in token.get("top_logprobs") or ()}
        for token in content
    )
    tokens = tuple(str(token["token"]) for token in content)
    text = _THOUGHTS.sub("", choice["message"].get("content") or "").strip()
    return Reply(text, str(choice.get("finish_reason") or ""), alternatives, tokens)


def _connect(settings: EndpointSettings, key: str, section: str, retries: int) -> "OpenAI":
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError:
        cure = "Install it: pip install 'coverage_kit[llm]'."
        raise SettingsError(
            f"{section}.model",
            "the library openai, which talks to models",
            "none installed",
            cure,
        ) from None
    return OpenAI(
        http_client=DefaultHttpxClient(
            timeout=settings.timeout_seconds,
            event_hooks={"response": [_bound_size]},
        ),
        api_key=key or "none",
        base_url=settings.base_url or OPENAI_URL,
        timeout=settings.timeout_seconds,
        max_retries=retries,
    )


def _bound_size(response: Any) -> None:
    """Make a response break off where it is larger than any answer."""
    whole = response.stream
    base: Any = next(kind for kind in type(whole).__mro__ if kind.__name__ == "SyncByteStream")

    class Bounded(base):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            n_bytes = 0
            for part in whole:
                n_bytes += len(part)
                if n_bytes > MOST_BYTES:
                    raise TooLargeError
                yield part

        def close(self) -> None:
            whole.close()

    response.stream = Bounded()
