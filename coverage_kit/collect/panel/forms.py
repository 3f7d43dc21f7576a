"""How each kind of engine is asked: where, with which headers and body, and what it tells it used.

As the APIs were in November 2026: OpenAI's two forms (openai-python 3.57), Perplexity's Agent API,
which followed Sonar's chat completions on 2026-09-27 (perplexity-py 0.46), Gemini's generateContent
(python-genai 3.6), and Anthropic's Messages, version 2026-10-21 (anthropic-sdk-python 2.14).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from coverage_kit.collect.logs.api_format import dict_of, dicts_of
from coverage_kit.llm.endpoint import OPENAI_URL
from coverage_kit.settings import AskedEngine
from coverage_kit.usage import Spent

Body = dict[str, Any]
_MOST_SEARCHES = 10
_SONAR_PATH = "/chat/completions"


@dataclass(frozen=True)
class Form:
    """One kind's form.

    `path` is that of a model, below the base URL; `headers` hold the key's place; `body` is that of
    a query and a market; `spent` reads a reply; `go_on` gives the body that lets an engine end an
    answer that it paused, `join` one reply of its parts. `most_searches` and `searched_tokens` are
    what one request with search is taken to use at most: searches, and tokens read in their
    results.
    """

    api_key_env: str
    base_url: str
    path: Callable[[str], str]
    body: Callable[[AskedEngine, str, str], Body]
    spent: Callable[[Mapping[str, Any]], Spent]
    headers: Mapping[str, str] = field(default_factory=lambda: {"Authorization": "Bearer {key}"})
    takes_market: bool = True
    most_searches: int = _MOST_SEARCHES
    searched_tokens: int = 60_000
    go_on: Callable[[Body, Mapping[str, Any]], Body | None] = lambda _body, _reply: None
    join: Callable[[Sequence[Body]], Body] = lambda replies: replies[0]


def find_form(engine: AskedEngine) -> Form:
    """Return the form in which an engine is asked.

    Of kind perplexity it is the Agent API, but that of Sonar's chat completions where the base URL
    ends in their path.
    """
    is_sonar = engine.kind == "perplexity" and engine.base_url.rstrip("/").endswith(_SONAR_PATH)
    return SONAR if is_sonar else FORMS[engine.kind]


def find_url(engine: AskedEngine) -> str:
    """Return the URL of an engine's requests; a version at the end of its base URL is not repeated."""
    form = find_form(engine)
    base = (
        (engine.base_url or form.base_url)
        .rstrip("/")
        .removesuffix(_SONAR_PATH if form is SONAR else "")
    )
    path = form.path(engine.model)
    version = "/" + path.split("/")[1]
    return base.removesuffix(version) + path if version.startswith("/v1") else base + path


# --- OpenAI-compatible


def _chat_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "messages": _said(query),
        "max_tokens": engine.max_output_tokens,
    }
    near = (
        {
            "user_location": {
                "type": "approximate",
                "approximate": {"country": market},
            }
        }
        if market
        else {}
    )
    return body | ({"web_search_options": near} if engine.has_search else {})


def _chat_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    messages = [dict_of(choice.get("message")) for choice in dicts_of(reply.get("choices"))]
    has_searched = any(
        message.get("annotations") for message in messages
    )  # such models search once a request
    return Spent(
        1,
        0,
        _n(usage, "prompt_tokens"),
        _n(usage, "completion_tokens"),
        int(has_searched),
    )


def _responses_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "input": query,
        "max_output_tokens": engine.max_output_tokens,
    }
    if not engine.has_search:
        return body
    tool = {"type": "web_search"} | ({"user_location": _approximate(market)} if market else {})
    return body | {
        "tools": [tool],
        "max_tool_calls": _MOST_SEARCHES,
        "include": ["web_search_call.action.sources"],
    }


def _responses_spent(reply: Mapping[str, Any]) -> Spent:
    calls = [
        item for item in dicts_of(reply.get("output")) if item.get("type") == "web_search_call"
    ]
    n_searches = sum(
        dict_of(call.get("action")).get("type", "search") == "search" for call in calls
    )
    usage = dict_of(reply.get("usage"))
    return Spent(1, 0, _n(usage, "input_tokens"), _n(usage, "output_tokens"), n_searches)


# --- Perplexity


def _agent_body(engine: AskedEngine, query: str, market: str) -> Body:
    model = engine.model if "/" in engine.model else f"perplexity/{engine.model}"
    body: Body = {
        "model": model,
        "input": query,
        "max_output_tokens": engine.max_output_tokens,
    }
    tool = {"type": "web_search"} | ({"user_location": {"country": market}} if market else {})
    return body | ({"tools": [tool], "max_steps": _MOST_SEARCHES} if engine.has_search else {})


def _agent_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    told = dict_of(usage.get("tool_calls_details"))
    n_told = sum(_n(dict_of(one), "invocation") for name, one in told.items() if "search" in name)
    n_found = sum(item.get("type") == "search_results" for item in dicts_of(reply.get("output")))
    return Spent(
        1,
        0,
        _n(usage, "input_tokens"),
        _n(usage, "output_tokens"),
        n_told or n_found,
    )


def _sonar_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "messages": _said(query),
        "max_tokens": engine.max_output_tokens,
    }
    if not engine.has_search:
        return body | {"disable_search": True}
    return body | ({"web_search_options": {"user_location": {"country": market}}} if market else {})


def _sonar_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    n_searches = _n(usage, "num_search_queries") or int(
        bool(reply.get("search_results") or reply.get("citations"))
    )
    return Spent(
        1,
        0,
        _n(usage, "prompt_tokens"),
        _n(usage, "completion_tokens"),
        n_searches,
    )


# --- Gemini


def _gemini_body(engine: AskedEngine, query: str, market: str) -> Body:
    told = {"role": "user", "parts": [{"text": query}]}
    body: Body = {
        "contents": [told],
        "generationConfig": {"maxOutputTokens": engine.max_output_tokens},
    }
    return body | ({"tools": [{"google_search": {}}]} if engine.has_search else {})


def _gemini_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usageMetadata"))
    n_read = _n(usage, "promptTokenCount") + _n(usage, "toolUsePromptTokenCount")
    n_written = _n(usage, "candidatesTokenCount") + _n(usage, "thoughtsTokenCount")
    candidates = dicts_of(reply.get("candidates"))
    found = [dict_of(one.get("groundingMetadata")).get("webSearchQueries") for one in candidates]
    n_searches = sum(len(queries) for queries in found if isinstance(queries, list))
    is_paid_once = str(reply.get("modelVersion", "")).startswith(
        ("gemini-1", "gemini-2")
    )  # by grounded request, not by search
    return Spent(
        1,
        0,
        n_read,
        n_written,
        min(n_searches, 1) if is_paid_once else n_searches,
    )


# --- Anthropic


def _anthropic_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "max_tokens": engine.max_output_tokens,
        "messages": _said(query),
    }
    # The tool's first version: every model has it, and it tells all results. Later ones let the
    # model filter them by code.
    tool = {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": _MOST_SEARCHES,
    }
    located = {"user_location": _approximate(market)} if market else {}
    return body | ({"tools": [tool | located]} if engine.has_search else {})


def _anthropic_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    read = (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
    )
    n_told = _n(dict_of(usage.get("server_tool_use")), "web_search_requests")
    n_found = sum(
        block.get("type") == "web_search_tool_result" for block in dicts_of(reply.get("content"))
    )
    return Spent(
        1,
        0,
        sum(_n(usage, name) for name in read),
        _n(usage, "output_tokens"),
        n_told or n_found,
    )


def _anthropic_go_on(body: Body, reply: Mapping[str, Any]) -> Body | None:
    if reply.get("stop_reason") != "pause_turn":
        return None
    return body | {
        "messages": [
            *body["messages"],
            {"role": "assistant", "content": reply.get("content")},
        ]
    }


def _anthropic_join(replies: Sequence[Body]) -> Body:
    content = [block for reply in replies for block in dicts_of(reply.get("content"))]
    return {**replies[-1], "content": content}


def _said(query: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": query}]


def _approximate(market: str) -> dict[str, str]:
    return {"type": "approximate", "country": market}


def _n(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name)
    return int(count) if isinstance(count, (int, float)) and count > 0 else 0


FORMS: dict[str, Form] = {
    "chat": Form(
        "OPENAI_API_KEY",
        OPENAI_URL,
        lambda _: "/chat/completions",
        _chat_body,
        _chat_spent,
        most_searches=1,
    ),
    "responses": Form(
        "OPENAI_API_KEY",
        OPENAI_URL,
        lambda _: "/responses",
        _responses_body,
        _responses_spent,
    ),
    "perplexity": Form(
        "PERPLEXITY_API_KEY",
        "https://api.perplexity.ai",
        lambda _: "/v1/responses",
        _agent_body,
        _agent_spent,
    ),
    "gemini": Form(
        "GEMINI_API_KEY",
        "https://generativelanguage.googleapis.com",
        lambda model: (
            f"/v1beta/models/{quote(model.removeprefix('models/'), safe='')}:generateContent"
        ),
        _gemini_body,
        _gemini_spent,
        {"x-goog-api-key": "{key}"},
        takes_market=False,
    ),
    "anthropic": Form(
        "ANTHROPIC_API_KEY",
        "https://api.anthropic.com",
        lambda _: "/v1/messages",
        _anthropic_body,
        _anthropic_spent,
        {"x-api-key": "{key}", "anthropic-version": "2026-10-21"},
        searched_tokens=100_000,
        go_on=_anthropic_go_on,
        join=_anthropic_join,
    ),
}
SONAR = Form(
    "PERPLEXITY_API_KEY",
    "https://api.perplexity.ai",
    lambda _: _SONAR_PATH,
    _sonar_body,
    _sonar_spent,
)
