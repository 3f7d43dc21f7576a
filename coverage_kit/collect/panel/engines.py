"""An answer engine: its key from the environment, its requests, what they may cost and did cost."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from coverage_kit.collect.panel.forms import Form, find_form, find_url
from coverage_kit.collect.panel.http import Poster
from coverage_kit.errors import AskError, SettingsError
from coverage_kit.llm.costs import count_tokens
from coverage_kit.llm.endpoint import Endpoint
from coverage_kit.net.secret import Secret
from coverage_kit.settings import AskedEngine, AskSettings
from coverage_kit.usage import Spent

# Kinds that the openai client asks. With a base_url they need no key, as local servers take none.
_OPENAI_KINDS = ("chat", "responses")
# A key holds printable ASCII characters without spaces, such as "sk-proj-1a2b": others cannot stand
# in a header, and mostly come from pasting more than the key.
_KEY = re.compile(r"[\x21-\x7e]*")
# Words by which a refusal names the search tool, such as "Unknown parameter: web_search_options".
_TOOL = re.compile(
    r"web.?search|google_search|\btools?\b|grounding|max_tool_calls",
    re.IGNORECASE,
)
# HTTP statuses after which no further query can be answered, and what to do about them.
_STOPPING = {
    401: "check that the key in {variable} belongs to this engine",
    402: "check that its account has credit",
    403: "check that the key in {variable} may use this model",
    404: "check that its model and base_url are right",
    410: "check that its model and base_url are still offered",
}


class Sender(Protocol):
    """Sends the requests of one engine."""

    def post(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], AskError | None]:
        """Return the answer and None, or the content that came in its place and the failure."""


@dataclass(frozen=True)
class AnswerEngine:
    """One engine: its settings, its form, and the market to name in requests, if it takes one."""

    settings: AskedEngine
    form: Form
    market: str

    @property
    def name(self) -> str:
        """The name of the engine in every table."""
        return self.settings.name.strip().lower()

    @property
    def model(self) -> str:
        """The model, as the settings and the price table name it."""
        return self.settings.model

    @property
    def setup(self) -> dict[str, Any]:
        """The settings that may not change within a wave, as records store them."""
        # A key of a stored record keeps its name, or waves could not be continued.
        names = ("kind", "model", "base_url", "has_search")
        return {name: getattr(self.settings, name) for name in names} | {"market_told": self.market}

    def body(self, query: str) -> dict[str, Any]:
        """Return the request that puts a query to the engine."""
        return self.form.body(self.settings, query, self.market)

    def max_spent(self, body: Mapping[str, Any]) -> Spent:
        """Return what a request is assumed to cost at most."""
        has_search = self.settings.has_search
        n_result_tokens = self.form.searched_tokens if has_search else 0
        return Spent(
            n_calls=1,
            n_input_tokens=count_tokens(json.dumps(body)) + n_result_tokens,
            n_output_tokens=self.settings.max_output_tokens,
            n_searches=self.form.max_searches if has_search else 0,
            seconds=self.settings.timeout_seconds,
        )

    def spent(self, body: Mapping[str, Any], reply: Mapping[str, Any]) -> Spent:
        """Return what a request did cost, as its reply reports it.

        Where the reply reports no tokens, they are estimated, rather too high.
        """
        reported = self.form.spent(reply)
        if reported.n_tokens:
            return reported
        n_result_tokens = self.form.searched_tokens if reported.n_searches else 0
        n_read = count_tokens(json.dumps(body)) + n_result_tokens
        n_written = min(
            count_tokens(json.dumps(reply, ensure_ascii=False)),
            self.settings.max_output_tokens,
        )
        return replace(reported, n_input_tokens=n_read, n_output_tokens=n_written)

    def stop_reason(self, failure: AskError) -> str:
        """Return why the engine can answer nothing more after a failure.

        The reason is empty where the next query may be answered.
        """
        if (
            failure.status in (400, 422)
            and self.settings.has_search
            and _TOOL.search(failure.found)
        ):
            return "it offers this model no web search by this API: set has_search = false"
        return _STOPPING.get(failure.status, "").format(variable=api_key_env(self.settings))


class _OpenAiSender:
    """Sends requests to an OpenAI-compatible endpoint by the openai client."""

    def __init__(self, engine: AskedEngine, path: str) -> None:
        settings = engine.model_copy(update={"api_key_env": api_key_env(engine)})
        # The asker makes the retries, because it counts each request.
        self._endpoint = Endpoint(settings, "ask.engines", AskError, retries=0)
        self._path = path

    def post(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], AskError | None]:
        try:
            return self._endpoint.send(self._path, body), None
        except AskError as error:
            return {"error": {"message": error.found}}, error


def list_engines(ask: AskSettings) -> list[AnswerEngine]:
    """Return the engines of the settings.

    Raises SettingsError for no engine, an engine without a model, and two engines of one name.
    """
    if not ask.engines:
        cure = "Add a block [[ask.engines]] for each engine to ask (docs/asking.md)."
        raise SettingsError("ask.engines", "engines to ask", "none", cure)
    names = [engine.name.strip().lower() for engine in ask.engines]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        cure = "Rename them: tables distinguish engines by their names."
        raise SettingsError(
            "ask.engines",
            "a name of its own for each engine",
            f"several named {min(repeated)}",
            cure,
        )
    for engine in ask.engines:
        if not engine.model:
            raise SettingsError(
                f"ask.engines, {engine.name}",
                "the name of a model",
                "none",
                'Set model = "…" in its block.',
            )
    return [_list_engine(engine, ask.market.strip().upper()) for engine in ask.engines]


def open_sender(engine: AnswerEngine) -> Sender:
    """Return the sender of an engine's requests, with its key from the environment.

    Raises SettingsError for a key that is missing or malformed, and where the openai library is
    needed and not installed.
    """
    settings = engine.settings
    form = engine.form
    key = _read_key(settings)
    if settings.kind in _OPENAI_KINDS:
        return _OpenAiSender(settings, form.path(settings.model))
    return Poster(find_url(settings), form.headers, key, settings.timeout_seconds)


def api_key_env(engine: AskedEngine) -> str:
    """Return the environment variable that holds an engine's key."""
    return engine.api_key_env or find_form(engine).api_key_env


def _list_engine(settings: AskedEngine, market: str) -> AnswerEngine:
    form = find_form(settings)
    return AnswerEngine(
        settings,
        form,
        market if form.takes_market and settings.has_search else "",
    )


def _read_key(engine: AskedEngine) -> Secret:
    section = f"ask.engines, {engine.name}"
    variable = api_key_env(engine)
    key = Secret(os.environ.get(variable, "").strip())
    if not key and not (engine.kind in _OPENAI_KINDS and engine.base_url):
        raise SettingsError(
            section,
            "a key in the environment",
            "none",
            f"Put the key into the environment variable {variable}.",
        )
    if not _KEY.fullmatch(key.reveal()):
        cure = f"Put the key and nothing else into the environment variable {variable}."
        raise SettingsError(
            section,
            "a key of plain characters",
            "spaces or other characters (the value is not shown here)",
            cure,
        )
    return key
