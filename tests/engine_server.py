"""A server on this machine that speaks the APIs of five kinds of answer engines.

It stores the requests that it gets.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from tests.loopback import QuietHandler, serve

KEY = "sk-secret-9876543210abcdef"
TEXT = "Acme leads. Best has offices. "
URLS = ("https://a.example/one", "https://b.example/two", "https://c.example/three")
PATHS = {
    "/openai/v1/chat/completions": "chat",
    "/openai/v1/responses": "responses",
    "/perplexity/v1/responses": "perplexity",
    "/perplexity/chat/completions": "sonar",
    "/anthropic/v1/messages": "anthropic",
}


class Request(NamedTuple):
    kind: str
    query: str
    body: dict[str, Any]
    headers: Mapping[str, str]
    path: str
    at: float


class Reply(NamedTuple):
    """A reply of the server: by default the answer of an engine of this kind."""

    status: int = 200
    body: Any = None
    delay_seconds: float = 0.0
    headers: Mapping[str, str] = {}
    raw: bytes | None = None


class Engines:
    def __init__(self, answer: Callable[[int, Request], Reply]) -> None:
        self.answer = answer
        self.asked = list[Request]()
        self.url = ""
        self.lock = threading.Lock()

    def counts(self) -> Counter[tuple[str, str]]:
        return Counter((request.kind, request.query) for request in self.asked)


def _query(kind: str, body: dict[str, Any]) -> str:
    if kind == "gemini":
        return body["contents"][0]["parts"][0]["text"]
    return body["input"] if "input" in body else body["messages"][0]["content"]


def answer_of(kind: str, query: str, has_search: bool = True) -> dict[str, Any]:
    """Return a realistic reply.

    It cites a.example, lists the other pages as results, and has searched for the query and for two
    other phrases.
    """
    searched = [query, f"{query} 2026", "acme reviews"] if has_search else []
    return {
        "chat": _chat,
        "responses": _responses,
        "perplexity": _perplexity,
        "sonar": _sonar,
        "gemini": _gemini,
        "anthropic": _anthropic,
    }[kind](searched)


def _chat(searched):
    cited = {"start_index": 0, "end_index": 11, "title": "One", "url": URLS[0]}
    notes = [{"type": "url_citation", "url_citation": cited}] if searched else []
    message = {"role": "assistant", "content": TEXT, "annotations": notes}
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-x-2026",
        "choices": choices,
        "usage": usage,
    }


def _responses(searched):
    sources = [{"type": "url", "url": url} for url in URLS]
    call = {"type": "web_search_call", "id": "ws", "status": "completed"}
    calls = [
        {**call, "action": {"type": "search", "query": query, "sources": sources}}
        for query in searched
    ]
    calls += [{**call, "action": {"type": "open_page", "url": URLS[2]}}] if searched else []
    notes = (
        [
            {
                "type": "url_citation",
                "start_index": 0,
                "end_index": 11,
                "title": "One",
                "url": URLS[0],
            }
        ]
        if searched
        else []
    )
    output = {"type": "output_text", "text": TEXT, "annotations": notes}
    message = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "status": "completed",
        "content": [output],
    }
    usage = {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150}
    about = {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "model": "gpt-x-2026",
        "status": "completed",
        "error": None,
    }
    return {**about, "output": [*calls, message], "usage": usage}


def _perplexity(searched):
    results = [
        {"id": i + 1, "url": url, "title": "T", "snippet": "s"} for i, url in enumerate(URLS)
    ]
    items = (
        [{"type": "search_results", "queries": searched, "results": results}] if searched else []
    )
    output = {"type": "output_text", "text": "Acme leads [1]. Best has offices.", "annotations": []}
    message = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "status": "completed",
        "content": [output],
    }
    usage = {"input_tokens": 200, "output_tokens": 30, "total_tokens": 230}
    usage |= {"tool_calls_details": {"web_search": {"invocation": 3}}} if searched else {}
    about = {
        "id": "p",
        "object": "response",
        "created_at": 1,
        "model": "perplexity/sonar",
        "status": "completed",
    }
    return {**about, "output": [*items, message], "usage": usage}


def _sonar(searched):
    results = [{"url": url, "title": "T"} for url in URLS]
    steps = [
        {"type": "web_search", "web_search": {"search_keywords": searched, "search_results": []}}
    ]
    message = {
        "role": "assistant",
        "content": "Acme leads [1]. Best has offices.",
        "reasoning_steps": steps,
    }
    usage = {"prompt_tokens": 9, "completion_tokens": 8, "num_search_queries": len(searched)}
    about = {
        "id": "s",
        "object": "chat.completion",
        "created": 1,
        "model": "sonar",
        "citations": list(URLS),
    }
    return {
        **about,
        "search_results": results,
        "choices": [{"index": 0, "message": message}],
        "usage": usage,
    }


def _gemini(searched):
    chunks = [
        {
            "web": {
                "uri": f"https://vertexaisearch.cloud.google.com/grounding-api-redirect/{i}",
                "title": title,
            }
        }
        for i, title in enumerate(("a.example", "b.example", "c.example"))
    ]
    supports = [{"segment": {"endIndex": 11, "text": TEXT[:11]}, "groundingChunkIndices": [0]}]
    grounding = {
        "webSearchQueries": searched,
        "groundingChunks": chunks,
        "groundingSupports": supports,
    }
    candidate = {"content": {"role": "model", "parts": [{"text": TEXT}]}, "finishReason": "STOP"}
    candidate |= {"groundingMetadata": grounding} if searched else {}
    usage = {
        "promptTokenCount": 5,
        "toolUsePromptTokenCount": 70,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 6,
    }
    return {
        "candidates": [candidate],
        "modelVersion": "gemini-3-flash",
        "responseId": "g",
        "usageMetadata": usage,
    }


def _anthropic(searched):
    blocks = []
    for number, query in enumerate(searched):
        results = [
            {"type": "web_search_result", "url": url, "title": "T", "encrypted_content": "e"}
            for url in URLS
        ]
        blocks += [
            {
                "type": "server_tool_use",
                "id": f"srvtoolu_{number}",
                "name": "web_search",
                "input": {"query": query},
            },
            {
                "type": "web_search_tool_result",
                "tool_use_id": f"srvtoolu_{number}",
                "content": results,
            },
        ]
    cited = {
        "type": "web_search_result_location",
        "url": URLS[0],
        "title": "One",
        "cited_text": "c",
        "encrypted_index": "e",
    }
    blocks += [
        {"type": "text", "text": TEXT[:11], "citations": [cited] if searched else None},
        {"type": "text", "text": TEXT[11:]},
    ]
    usage = {"input_tokens": 300, "cache_read_input_tokens": 40, "output_tokens": 25}
    usage |= {"server_tool_use": {"web_search_requests": len(searched)}}
    about = {
        "id": "msg",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-2026",
        "stop_reason": "end_turn",
    }
    return {**about, "content": blocks, "usage": usage}


@contextmanager
def engine_server(
    answer: Callable[[int, Request], Reply] = lambda _number, _request: Reply(),
) -> Iterator[Engines]:
    """Serve what `answer` returns for the number of a request, from 0, and the request."""
    engines = Engines(answer)

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            kind = PATHS.get(
                self.path, "gemini" if self.path.startswith("/gemini/v1beta/models/") else ""
            )
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(
                kind, _query(kind, body) if kind else "", body, headers, self.path, time.monotonic()
            )
            with engines.lock:
                number = len(engines.asked)
                engines.asked.append(request)
            reply = (
                engines.answer(number, request)
                if kind
                else Reply(404, {"error": {"message": "no such path"}})
            )
            time.sleep(reply.delay_seconds)
            has_search = "tools" in body or "web_search_options" in body or kind == "sonar"
            answer = (
                reply.body if reply.body is not None else answer_of(kind, request.query, has_search)
            )
            content = reply.raw if reply.raw is not None else json.dumps(answer).encode()
            self.reply(reply.status, content, reply.headers)

    with serve(Handler) as engines.url:
        yield engines
