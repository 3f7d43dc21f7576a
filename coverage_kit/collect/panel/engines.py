"""An engine as it is asked: its key from the environment, its requests, what they may cost and did cost."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from coverage_kit.collect.panel.forms import Form, find_form, find_url
from coverage_kit.collect.panel.http import Poster, Secret
from coverage_kit.errors import AskError, CoverageKitError, SettingsError
from coverage_kit.llm.costs import count_tokens
from coverage_kit.llm.endpoint import Endpoint
from coverage_kit.settings import AskedEngine, AskSettings
from coverage_kit.usage import Spent

_OPENAI_KINDS = ("chat", "responses")
_KEY = re.compile(r"[\x21-\x7e]*")
_TOOL = re.compile(
    r"web.?search|google_search|\btools?\b|grounding|max_tool_calls",
    re.IGNORECASE,
)
_STOPPING = {
    401: "see that the key in {variable} is that of this engine",
    402: "see that its account has credit",
    403: "see that the key in {variable} may ask this model",
    404: "see that its model and base_url are right",
    410: "see that its model and base_url are still offered",
}


class Sender(Protocol):
    """What sends one request and returns the answer, or what stood in its place and the failure."""

    def post(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], AskError | None]:
        """Return the answer and None, or what stood in its place and the failure."""


@dataclass(frozen=True)
class AnswerEngine:
    """One engine: its settings, its form, and the market it is told, where it takes one."""

    settings: AskedEngine
    form: Form
    market: str

    @property
    def name(self) -> str:
        """What the engine is called in every table."""
        return self.settings.name.strip().lower()

    @property
    def model(self) -> str:
        """The model, as the settings and the price table name it."""
        return self.settings.model

    @property
    def setup(self) -> dict[str, Any]:
        """What may not change within a wave."""
        named = ("kind", "model", "base_url", "has_search")
        return {name: getattr(self.settings, name) for name in named} | {"market_told": self.market}

    def body(self, query: str) -> dict[str, Any]:
        """Return the request that puts a query to the engine."""
        return self.form.body(self.settings, query, self.market)

    def most(self, body: Mapping[str, Any]) -> Spent:
        """Return what a request is taken to cost at most."""
        n_tokens, n_searches = (
            (self.form.searched_tokens, self.form.most_searches)
            if self.settings.has_search
            else (0, 0)
        )
        n_read = count_tokens(json.dumps(body)) + n_tokens
        return Spent(
            1,
            0,
            n_read,
            self.settings.max_output_tokens,
            n_searches,
            self.settings.timeout_seconds,
        )

    def spent(self, body: Mapping[str, Any], reply: Mapping[str, Any]) -> Spent:
        """Return what a request did cost, as the reply tells it; one that tells no tokens is counted, rather too high."""
        told = self.form.spent(reply)
        if told.n_tokens:
            return told
        n_read = count_tokens(json.dumps(body)) + (
            self.form.searched_tokens if told.n_searches else 0
        )
        n_written = min(
            count_tokens(json.dumps(reply, ensure_ascii=False)),
            self.settings.max_output_tokens,
        )
        return replace(told, n_input_tokens=n_read, n_output_tokens=n_written)

    def why_stop(self, failure: AskError) -> str:
        """Return why nothing more can be asked of the engine after a failure; empty where the next query may be answered."""
        if (
            failure.status in (400, 422)
            and self.settings.has_search
            and _TOOL.search(failure.found)
        ):
            return "it offers this model no web search in this form: set has_search = false"
        return _STOPPING.get(failure.status, "").format(variable=api_key_env(self.settings))


class _OpenAiSender:
    """An OpenAI-compatible endpoint, asked by the openai client."""

    def __init__(self, engine: AskedEngine, path: str, key: Secret) -> None:
        settings = engine.model_copy(update={"api_key_env": api_key_env(engine)})
        self._endpoint = Endpoint(settings, "ask.engines", AskError, retries=0)
        self._path = path
        self._key = key

    def post(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], AskError | None]:
        told: CoverageKitError
        try:
            return self._key.hide(self._endpoint.send(self._path, body)), None
        except AskError as error:
            told = error
        failure = AskError(told.where, told.what, self._key.hide(told.found), told.cure)
        failure.status = told.status
        failure.retry_after = told.retry_after
        failure.may_cost = told.may_cost
        return {"error": {"message": failure.found}}, failure


def list_engines(ask: AskSettings) -> list[AnswerEngine]:
    """Return the engines of the settings. Raises SettingsError for none, for one without a model, and for two of one name."""
    if not ask.engines:
        cure = "Add a block [[ask.engines]] for each engine to ask (docs/asking.md)."
        raise SettingsError("ask.engines", "engines to ask", "none", cure)
    names = [engine.name.strip().lower() for engine in ask.engines]
    if repeated := {name for name in names if names.count(name) > 1}:
        cure = "Rename them: tables tell them apart by it."
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
    """Return what sends an engine's requests, its key read from the environment.

    Raises SettingsError for a key that is missing or cannot be one, and where the openai library is
    needed and not installed.
    """
    settings = engine.settings
    form = engine.form
    key = _read_key(engine.settings)
    if settings.kind in _OPENAI_KINDS:
        return _OpenAiSender(settings, form.path(settings.model), key)
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
    where = f"ask.engines, {engine.name}"
    variable = api_key_env(engine)
    key = Secret(os.environ.get(variable, "").strip())
    if not key and not (engine.kind in _OPENAI_KINDS and engine.base_url):
        raise SettingsError(
            where,
            "a key in the environment",
            "none",
            f"Put the key into the environment variable {variable}.",
        )
    if not _KEY.fullmatch(key.reveal()):
        cure = f"Put the key alone into the environment variable {variable}."
        raise SettingsError(
            where,
            "a key of plain characters",
            "spaces or others, not told here",
            cure,
        )
    return key
