"""Answers as vendors scrape them from the pages of engines: blocks with sources, walls, engines."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import citations_of, label_of, searches_of

# A block of an answer: its words, and the pages that it names.
Block = tuple[str, Sequence[Citation]]

# What an engine's name contains, without case and punctuation, and what logs call the engine. The
# first that fits counts.
_ENGINES = (
    ("aimode", "google ai mode"),
    ("aioverview", "google ai overviews"),
    ("chatgpt", "chatgpt"),
    ("openai", "chatgpt"),
    ("perplexity", "perplexity"),
    ("sonar", "perplexity"),
    ("gemini", "gemini"),
    ("copilot", "copilot"),
    ("grok", "grok"),
    ("claude", "claude"),
    ("deepseek", "deepseek"),
    ("metaai", "meta ai"),
)
# The engine of each host on which people meet it.
_HOSTS = {
    "chatgpt.com": "chatgpt",
    "chat.openai.com": "chatgpt",
    "gemini.google.com": "gemini",
    "copilot.microsoft.com": "copilot",
    "perplexity.ai": "perplexity",
    "grok.com": "grok",
    "claude.ai": "claude",
    "chat.deepseek.com": "deepseek",
    "meta.ai": "meta ai",
    # Of Google's pages vendors scrape for answers those of AI Mode.
    "google.com": "google ai mode",
}
# A page without an answer: it asks to sign in, or whether a person is there. Only short texts that
# name no page are compared (assumed).
_WALL = re.compile(
    r"\b(log|sign) ?(in|up)\b.{0,80}\b(to (continue|chat|get|see|use|ask|view)|create an account|"
    r"for free)\b|\bverify (that )?you are (a )?human\b|\bare you (a robot|human)\b|\bcaptcha\b|"
    r"\bauth(entication)? wall\b",
    re.IGNORECASE | re.DOTALL,
)
_MAX_WALL_CHARACTERS = 300
# So many blocks are looked for in an answer (assumed: no answer has more).
_MAX_SOUGHT = 1000


def place_blocks(answer: str, blocks: Iterable[Block]) -> tuple[str, tuple[Citation, ...]]:
    r"""Return an answer and its blocks' citations, each with the block's words as its span.

    Without an answer, the blocks' words are the answer, joined by newlines. A block whose words are
    not in the answer is cited without a span.

    >>> place_blocks("", [("Acme.", [Citation("https://a.com")]), ("Beta.", [])])[0]
    'Acme.\nBeta.'
    """
    answer = readable(answer)
    is_given = bool(answer.strip())
    text = answer if is_given else ""
    citations = list[Citation]()
    position = 0
    for number, (block, pages) in enumerate(blocks):
        words = readable(block).strip()
        start = -1
        if words and not is_given:
            text += "\n" if text else ""
            start = len(text)
            text += words
        elif words and pages and number < _MAX_SOUGHT:
            start = text.find(words, position)
        if start < 0:
            citations += [Citation(page.url, title=page.title) for page in pages]
            continue
        position = start + len(words)
        citations += [Citation(page.url, start, position, page.title) for page in pages]
    return text, tuple(citations)


def engine_named(name: Any) -> str:
    """Return the engine that a name contains, such as that of an endpoint; '' for other names.

    >>> engine_named("chat_gpt"), engine_named("google_ai_mode"), engine_named("scraper.gemini")
    ('chatgpt', 'google ai mode', 'gemini')
    """
    letters = re.sub(r"[\W_]+", "", text_of(name).casefold())
    return next((engine for part, engine in _ENGINES if part in letters), "")


def engine_at(url: Any) -> str:
    """Return the engine whose page a URL is, '' for other pages.

    >>> engine_at("https://chatgpt.com/?q=x"), engine_at("https://www.perplexity.ai/search/x")
    ('chatgpt', 'perplexity')
    """
    try:
        host = urlsplit(text_of(url)).hostname or ""
    except ValueError:
        return ""
    return next(
        (engine for name, engine in _HOSTS.items() if host == name or host.endswith(f".{name}")),
        "",
    )


def wall_in(answer: str, pages: Sequence[Citation]) -> str | None:
    """Return why a scraped text is no answer: the engine asked to sign in. None for an answer."""
    if pages or len(answer) > _MAX_WALL_CHARACTERS or not _WALL.search(answer):
        return None
    return f"login wall: {' '.join(answer.split())}"


@dataclass(frozen=True)
class Shape:
    """The names that fields of an answer may have; the first that is filled counts."""

    prompt: tuple[str, ...] = ("prompt", "prompt_query", "query", "question", "keyword")
    answer: tuple[str, ...] = (
        "markdown",
        "markdown_text",
        "result_md",
        "answer_results_md",
        "result_text",
        "response_text",
        "answer_text",
        "answer",
        "text",
        "response",
        "content",
    )
    cited: tuple[str, ...] = (
        "citations",
        "sources",
        "references",
        "content_references",
        "top_sources",
    )
    linked: tuple[str, ...] = ("links", "links_attached")
    retrieved: tuple[str, ...] = (
        "search_results",
        "search_result",
        "web_results",
        "search_sources",
    )
    searches: tuple[str, ...] = (
        "searchQueries",
        "search_queries",
        "fan_out_queries",
        "web_search_query",
        "search_query",
    )
    model: tuple[str, ...] = ("model", "llm_model", "model_name")


_SHAPE = Shape()


@dataclass(frozen=True)
class ShapedAnswer:
    """The parts of an answer that were recognised by the names of their fields."""

    prompt: str
    answer: str
    model: str | None
    cited: tuple[Citation, ...]
    retrieved: tuple[Citation, ...]
    searches: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there are neither words nor pages."""
        return not (self.answer or self.cited)


def read_shape(values: Mapping[str, Any]) -> ShapedAnswer:
    """Return the parts of an answer in an object whose field names nobody verified.

    Links in the answer's words are cited where no list of citations is filled.
    """
    cited = _pages(values, _SHAPE.cited) or _pages(values, _SHAPE.linked)
    answer = next((text for name in _SHAPE.answer if (text := _words(values.get(name)))), "")
    searches = next(
        (found for name in _SHAPE.searches if (found := searches_of(values.get(name)))), ()
    )
    return ShapedAnswer(
        prompt=next((t for name in _SHAPE.prompt if (t := _words(values.get(name)))), ""),
        answer=answer,
        model=next((label for name in _SHAPE.model if (label := label_of(values.get(name)))), None),
        cited=cited,
        retrieved=_pages(values, _SHAPE.retrieved),
        searches=searches,
    )


def shaped_record(
    found: ShapedAnswer, prompt: str, engines: Iterable[Any], error: str | None, **fields: Any
) -> LogRecord:
    """Return the record of a scraped answer that was recognised by the names of its fields.

    Args:
        found: the parts of the answer.
        prompt: the question.
        engines: what may name the engine; the first that does counts.
        error: why there is no answer, if that is known. A login wall is an error, too.
        fields: further fields of the record, such as run_id and market.
    """
    return LogRecord(
        prompt,
        found.answer,
        next((engine for name in engines if (engine := engine_named(name))), ""),
        model=found.model,
        surface="scrape",
        citations=found.cited,
        retrieved=found.retrieved,
        searches=found.searches,
        has_searched=bool(found.cited or found.retrieved or found.searches),
        error=error or wall_in(found.answer, (*found.cited, *found.retrieved)),
        **fields,
    )


def titled_pages(value: Any) -> tuple[Citation, ...]:
    """Return the pages that a list names, whose titles may be in `label` or `text`."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return citations_of(
        [
            {**item, "title": item.get("title") or item.get("label") or item.get("text")}
            if isinstance(item, dict)
            else item
            for item in items
        ]
    )


def _pages(values: Mapping[str, Any], names: Iterable[str]) -> tuple[Citation, ...]:
    return next((pages for name in names if (pages := titled_pages(values.get(name)))), ())


def _words(value: Any) -> str:
    return text_of(value) if isinstance(value, (str, list)) else ""
