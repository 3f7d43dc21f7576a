"""A real HTTP server on 127.0.0.1 for tests: a table of answers, and a list of what was asked."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTML = "text/html; charset=utf-8"


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Route = Answer | bytes | str | Callable[["BaseHTTPRequestHandler"], "Answer | None"]


class LocalSite:
    """Serves `routes` by path.

    `asked` lists the requested paths in order, `headers` the headers of the last request by path.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[str] = []
        self.headers: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # clients that refuse the certificate
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pages_asked(self) -> list[str]:
        return [path for path in self.asked if path != "/robots.txt"]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                pass

            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.headers[self.path] = dict(self.headers)
                route = site.routes.get(self.path, Answer(b"none", 404))
                answer = route(self) if callable(route) else route
                if isinstance(answer, (bytes, str)):
                    body = answer.encode() if isinstance(answer, str) else answer
                    answer = Answer(body, headers={"Content-Type": HTML})
                if answer is not None:
                    self._send(answer)

            def _send(self, answer: Answer) -> None:
                try:
                    self.send_response(answer.status)
                    for name, value in {
                        "Content-Length": str(len(answer.body)),
                        **answer.headers,
                    }.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    pass  # the client stopped listening, as some tests want

        return Handler


def page(title: str, words: str, *links: str, head: str = "") -> str:
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    return (
        f"<html lang='en'><head><title>{title}</title>{head}</head>"
        f"<body><nav>{anchors}</nav><main><h1>{title}</h1><p>{words}</p></main></body></html>"
    )
