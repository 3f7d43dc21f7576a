"""A server on this machine that speaks OpenAI's chat completions and stores its requests."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from tests.loopback import QuietHandler, serve

KEY = "sk-secret-0123456789"


class Reply(NamedTuple):
    status: int = 200
    text: str | None = "Words."
    delay_seconds: float = 0.0
    finish_reason: str = "stop"
    raw: str | None = None
    # For each token of the text, the likeliest tokens; the first of them is in the text.
    top_logprobs: tuple[dict[str, float], ...] = ()
    usage: tuple[int, int] | None = None
    further_texts: tuple[str, ...] = ()  # texts of further choices


class Chat:
    def __init__(self, answer: Callable[[int, dict[str, Any]], Reply]) -> None:
        self.answer = answer
        self.asked = []
        self.keys = []
        self.base_url = ""

    def bodies(self) -> list[str]:
        return [json.dumps(body) for body in self.asked]


def _token(alternatives: dict[str, float]) -> dict[str, Any]:
    likely = [{"token": token, "logprob": logprob} for token, logprob in alternatives.items()]
    return {**likely[0], "top_logprobs": likely}


@contextmanager
def chat_server(answer: Callable[[int, dict[str, Any]], Reply]) -> Iterator[Chat]:
    """Serve the replies that `answer` returns for the number of a request, from 0, and its body."""
    chat = Chat(answer)

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            chat.asked.append(body)
            chat.keys.append(self.headers.get("authorization"))
            reply = chat.answer(len(chat.asked) - 1, body)
            time.sleep(reply.delay_seconds)
            choices = [
                {
                    "index": index,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": reply.finish_reason,
                }
                for index, text in enumerate((reply.text, *reply.further_texts))
            ]
            if reply.top_logprobs and body.get("logprobs"):
                choices[0]["logprobs"] = {
                    "content": [_token(likely) for likely in reply.top_logprobs]
                }
            completion = {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": choices,
            }
            if reply.usage:
                completion["usage"] = dict(
                    zip(("prompt_tokens", "completion_tokens"), reply.usage, strict=True)
                )
            refusal = {
                "error": {
                    "message": f"{reply.text} {self.headers.get('authorization')}",
                    "type": "t",
                }
            }
            content = (
                reply.raw
                if reply.raw is not None
                else json.dumps(completion if reply.status == 200 else refusal)
            ).encode()
            self.reply(reply.status, content, {"Retry-After-Ms": 1})

    with serve(Handler) as url:
        chat.base_url = f"{url}/v1"
        yield chat
