"""How each kind of engine is asked: URL, headers and body, and what its replies say it used.

The forms are those of the APIs in November 2026: OpenAI's two forms (openai-python 3.57),
Perplexity's Agent API, which followed Sonar's chat completions on 2026-09-27 (perplexity-py 0.46),
Gemini's generateContent (python-genai 3.6), and Anthropic's Messages, version 2026-10-21
(anthropic-sdk-python 2.14).
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
# Searches that one request may make. Ten leave room for a fan-out of queries: assumed. The limit is
# sent to engines that take one, and the budget counts on it (docs/asking.md, section 4).
_MAX_SEARCHES = 10
# Tokens of search results that one request may read at most: assumed.
_SEARCHED_TOKENS = 60_000
_ANTHROPIC_SEARCHED_TOKENS = 100_000
_SONAR_PATH = "/chat/completions"


@dataclass(frozen=True)
class Form:
    """The API of one kind of engine.

    `path` returns the path for a model, below the base URL. `headers` hold {key} in place of the
    key. `body` returns the request for a query and a market. `spent` reads what a reply used.
    `go_on` returns the request that lets an engine continue an answer that it paused, or None;
    `join` makes one reply of the replies of such an answer. `max_searches` and `searched_tokens`
    are what one request with search is assumed to use at most: searches, and tokens read in their
    results.
    """

    api_key_env: str
    base_url: str
    path: Callable[[str], str]
    body: Callable[[AskedEngine, str, str], Body]
    spent: Callable[[Mapping[str, Any]], Spent]
    headers: Mapping[str, str] = field(default_factory=lambda: {"Authorization": "Bearer {key}"})
    takes_market: bool = True
    max_searches: int = _MAX_SEARCHES
    searched_tokens: int = _SEARCHED_TOKENS
    go_on: Callable[[Body, Mapping[str, Any]], Body | None] = lambda _body, _reply: None
    join: Callable[[Sequence[Body]], Body] = lambda replies: replies[0]


def find_form(engine: AskedEngine) -> Form:
    """Return the form in which an engine is asked.

    For an engine of kind perplexity that is the Agent API, or Sonar's chat completions where the
    base URL ends in their path.
    """
    is_sonar = engine.kind == "perplexity" and engine.base_url.rstrip("/").endswith(_SONAR_PATH)
    return SONAR if is_sonar else FORMS[engine.kind]


def find_url(engine: AskedEngine) -> str:
    """Return the URL of an engine's requests.

    A version at the end of the base URL, such as /v1, is not repeated.
    """
    form = find_form(engine)
    base = (engine.base_url or form.base_url).rstrip("/")
    if form is SONAR:
        base = base.removesuffix(_SONAR_PATH)
    path = form.path(engine.model)
    version = "/" + path.split("/")[1]
    return base.removesuffix(version) + path if version.startswith("/v1") else base + path


# --- OpenAI-compatible


def _chat_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "messages": _messages(query),
        "max_tokens": engine.max_output_tokens,
    }
    if not engine.has_search:
        return body
    options: Body = {}
    if market:
        options["user_location"] = {
            "type": "approximate",
            "approximate": {"country": market},
        }
    return body | {"web_search_options": options}


def _chat_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    messages = [dict_of(choice.get("message")) for choice in dicts_of(reply.get("choices"))]
    # Such models search once a request, and annotate the answer with the pages they used.
    has_searched = any(message.get("annotations") for message in messages)
    return Spent(
        n_calls=1,
        n_input_tokens=_count(usage, "prompt_tokens"),
        n_output_tokens=_count(usage, "completion_tokens"),
        n_searches=int(has_searched),
    )


def _responses_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "input": query,
        "max_output_tokens": engine.max_output_tokens,
    }
    if not engine.has_search:
        return body
    tool: Body = {"type": "web_search"}
    if market:
        tool["user_location"] = _approximate(market)
    return body | {
        "tools": [tool],
        "max_tool_calls": _MAX_SEARCHES,
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
    return Spent(
        n_calls=1,
        n_input_tokens=_count(usage, "input_tokens"),
        n_output_tokens=_count(usage, "output_tokens"),
        n_searches=n_searches,
    )


# --- Perplexity


def _agent_body(engine: AskedEngine, query: str, market: str) -> Body:
    model = engine.model if "/" in engine.model else f"perplexity/{engine.model}"
    body: Body = {
        "model": model,
        "input": query,
        "max_output_tokens": engine.max_output_tokens,
    }
    if not engine.has_search:
        return body
    tool: Body = {"type": "web_search"}
    if market:
        tool["user_location"] = {"country": market}
    return body | {"tools": [tool], "max_steps": _MAX_SEARCHES}


def _agent_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    tools = dict_of(usage.get("tool_calls_details"))
    n_reported = sum(
        _count(dict_of(calls), "invocation") for tool, calls in tools.items() if "search" in tool
    )
    n_results = sum(item.get("type") == "search_results" for item in dicts_of(reply.get("output")))
    return Spent(
        n_calls=1,
        n_input_tokens=_count(usage, "input_tokens"),
        n_output_tokens=_count(usage, "output_tokens"),
        n_searches=n_reported or n_results,
    )


def _sonar_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "messages": _messages(query),
        "max_tokens": engine.max_output_tokens,
    }
    if not engine.has_search:
        return body | {"disable_search": True}
    if not market:
        return body
    return body | {"web_search_options": {"user_location": {"country": market}}}


def _sonar_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    has_searched = bool(reply.get("search_results") or reply.get("citations"))
    return Spent(
        n_calls=1,
        n_input_tokens=_count(usage, "prompt_tokens"),
        n_output_tokens=_count(usage, "completion_tokens"),
        n_searches=_count(usage, "num_search_queries") or int(has_searched),
    )


# --- Gemini


def _gemini_body(engine: AskedEngine, query: str, market: str) -> Body:
    content = {"role": "user", "parts": [{"text": query}]}
    body: Body = {
        "contents": [content],
        "generationConfig": {"maxOutputTokens": engine.max_output_tokens},
    }
    return body | ({"tools": [{"google_search": {}}]} if engine.has_search else {})


def _gemini_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usageMetadata"))
    n_read = _count(usage, "promptTokenCount") + _count(usage, "toolUsePromptTokenCount")
    n_written = _count(usage, "candidatesTokenCount") + _count(usage, "thoughtsTokenCount")
    candidates = dicts_of(reply.get("candidates"))
    grounding = [dict_of(candidate.get("groundingMetadata")) for candidate in candidates]
    searches = [metadata.get("webSearchQueries") for metadata in grounding]
    n_searches = sum(len(queries) for queries in searches if isinstance(queries, list))
    # These models are charged by the grounded request, later ones by the search.
    is_paid_once = str(reply.get("modelVersion", "")).startswith(("gemini-1", "gemini-2"))
    return Spent(
        n_calls=1,
        n_input_tokens=n_read,
        n_output_tokens=n_written,
        n_searches=min(n_searches, 1) if is_paid_once else n_searches,
    )


# --- Anthropic


def _anthropic_body(engine: AskedEngine, query: str, market: str) -> Body:
    body: Body = {
        "model": engine.model,
        "max_tokens": engine.max_output_tokens,
        "messages": _messages(query),
    }
    if not engine.has_search:
        return body
    # The first version of the tool: every model has it, and it reports all results. In later
    # versions the model filters the results by code.
    tool: Body = {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": _MAX_SEARCHES,
    }
    if market:
        tool["user_location"] = _approximate(market)
    return body | {"tools": [tool]}


def _anthropic_spent(reply: Mapping[str, Any]) -> Spent:
    usage = dict_of(reply.get("usage"))
    input_counts = (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
    )
    n_reported = _count(dict_of(usage.get("server_tool_use")), "web_search_requests")
    n_results = sum(
        block.get("type") == "web_search_tool_result" for block in dicts_of(reply.get("content"))
    )
    return Spent(
        n_calls=1,
        n_input_tokens=sum(_count(usage, name) for name in input_counts),
        n_output_tokens=_count(usage, "output_tokens"),
        n_searches=n_reported or n_results,
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


def _messages(query: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": query}]


def _approximate(market: str) -> dict[str, str]:
    return {"type": "approximate", "country": market}


def _count(usage: Mapping[str, Any], name: str) -> int:
    """Return a count of a reply's usage; 0 where it is missing or no positive number."""
    count = usage.get(name)
    return int(count) if isinstance(count, (int, float)) and count > 0 else 0


FORMS: dict[str, Form] = {
    "chat": Form(
        api_key_env="OPENAI_API_KEY",
        base_url=OPENAI_URL,
        path=lambda _: "/chat/completions",
        body=_chat_body,
        spent=_chat_spent,
        max_searches=1,
    ),
    "responses": Form(
        api_key_env="OPENAI_API_KEY",
        base_url=OPENAI_URL,
        path=lambda _: "/responses",
        body=_responses_body,
        spent=_responses_spent,
    ),
    "perplexity": Form(
        api_key_env="PERPLEXITY_API_KEY",
        base_url="https://api.perplexity.ai",
        path=lambda _: "/v1/responses",
        body=_agent_body,
        spent=_agent_spent,
    ),
    "gemini": Form(
        api_key_env="GEMINI_API_KEY",
        base_url="https://generativelanguage.googleapis.com",
        path=lambda model: (
            f"/v1beta/models/{quote(model.removeprefix('models/'), safe='')}:generateContent"
        ),
        body=_gemini_body,
        spent=_gemini_spent,
        headers={"x-goog-api-key": "{key}"},
        takes_market=False,
    ),
    "anthropic": Form(
        api_key_env="ANTHROPIC_API_KEY",
        base_url="https://api.anthropic.com",
        path=lambda _: "/v1/messages",
        body=_anthropic_body,
        spent=_anthropic_spent,
        headers={"x-api-key": "{key}", "anthropic-version": "2026-10-21"},
        searched_tokens=_ANTHROPIC_SEARCHED_TOKENS,
        go_on=_anthropic_go_on,
        join=_anthropic_join,
    ),
}
SONAR = Form(
    api_key_env="PERPLEXITY_API_KEY",
    base_url="https://api.perplexity.ai",
    path=lambda _: _SONAR_PATH,
    body=_sonar_body,
    spent=_sonar_spent,
)
