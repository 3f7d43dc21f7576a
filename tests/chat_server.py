"""A server on this machine that speaks OpenAI's chat completions, and keeps what it was asked."""

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
    top_logprobs: tuple[
        dict[str, float], ...
    ] = ()  # by the text's token; the first of each stands in the text
    usage: tuple[int, int] | None = None
    more: tuple[str, ...] = ()  # texts of further choices


class Chat:
    def __init__(self, answer: Callable[[int, dict[str, Any]], Reply]) -> None:
        self.answer, self.asked, self.keys = answer, [], []
        self.base_url = ""

    def bodies(self) -> list[str]:
        return [json.dumps(one) for one in self.asked]


def _token(alternatives: dict[str, float]) -> dict[str, Any]:
    likely = [{"token": token, "logprob": logprob} for token, logprob in alternatives.items()]
    return {**likely[0], "top_logprobs": likely}


@contextmanager
def chat_server(answer: Callable[[int, dict[str, Any]], Reply]) -> Iterator[Chat]:
    """Serve replies by the number of the request, from 0, and its body."""
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
                    "index": at,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": reply.finish_reason,
                }
                for at, text in enumerate((reply.text, *reply.more))
            ]
            if reply.top_logprobs and body.get("logprobs"):
                choices[0]["logprobs"] = {"content": [_token(one) for one in reply.top_logprobs]}
            done = {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": choices,
            }
            if reply.usage:
                done["usage"] = dict(
                    zip(("prompt_tokens", "completion_tokens"), reply.usage, strict=True)
                )
            wrong = {
                "error": {
                    "message": f"{reply.text} {self.headers.get('authorization')}",
                    "type": "t",
                }
            }
            content = (
                reply.raw
                if reply.raw is not None
                else json.dumps(done if reply.status == 200 else wrong)
            ).encode()
            self.reply(reply.status, content, {"Retry-After-Ms": 1})

    with serve(Handler) as url:
        chat.base_url = f"{url}/v1"
        yield chat
