"""DataForSEO: scraped chats (LLM Scraper), models (LLM Responses), Google's AI Overviews and Mode.

A response has tasks, each with the request in `data` and its results. Of Google's results pages
only the AI Overview is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import Exchange, LogFormat, dict_of, dicts_of
from coverage_kit.collect.logs.record import (
    Aside,
    LogRecord,
    Outcome,
    Reject,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.scraped import Block, engine_named, place_blocks, wall_in
from coverage_kit.collect.logs.values import (
    citations_of,
    label_of,
    names_of,
    searches_of,
    shown_value,
)

_DONE = 20000
_POSTED = 20100
# Still on its way, as DataForSEO numbers it: handed over, and in the queue.
_PENDING = (40601, 40602)
# The types of items of which answers consist begin so.
_ANSWER_TYPES = ("chat_gpt_", "gemini_", "ai_overview")
# What says where a search was made, the most readable first.
_MARKETS = ("location_name", "location_code")
# Elements of an AI Overview may be nested so deep (assumed).
_MAX_DEPTH = 6


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    tasks = dicts_of(body.get("tasks"))
    if tasks:
        return any("status_code" in task and "result" in task for task in tasks)
    return _is_task(body) or _is_result(body) or _is_item(body)


def _is_task(values: dict[str, Any]) -> bool:
    return {"status_code", "result", "data"} <= values.keys() and isinstance(values["data"], dict)


def _is_result(values: dict[str, Any]) -> bool:
    return any(map(_is_item, dicts_of(values.get("items"))))


def _is_item(values: dict[str, Any]) -> bool:
    sections = dicts_of(values.get("sections"))
    has_annotations = any("annotations" in section for section in sections)
    return text_of(values.get("type")).startswith(_ANSWER_TYPES) or has_annotations


def _read(exchange: Exchange) -> Iterator[Outcome]:
    body = exchange.body
    if tasks := dicts_of(body.get("tasks")):
        for task in tasks:
            yield from _read_task(task, exchange.prompt if len(tasks) == 1 else "")
    elif _is_task(body):
        yield from _read_task(body, exchange.prompt)
    else:
        prompt = exchange.prompt or text_of(body.get("keyword"))
        if not prompt:
            raise UnreadableRecordError(
                "no prompt: a result without its task; log the whole response, whose tasks[].data "
                "has the prompt"
            )
        yield _read_result(_Result({"keyword": prompt}, {}, body))


@dataclass(frozen=True)
class _Result:
    """A result with its task and the request in the task's `data`, in which `keyword` is filled."""

    data: dict[str, Any]
    task: dict[str, Any]
    values: dict[str, Any]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The result's items; an item that is logged by itself is its own."""
        return dicts_of(self.values.get("items")) if "items" in self.values else [self.values]

    @property
    def path(self) -> list[str]:
        """The parts of the endpoint's address."""
        path = self.task.get("path")
        return [text_of(part) for part in path] if isinstance(path, list) else []

    def is_of(self, name: str) -> bool:
        """Return whether the endpoint has this name, by its address or the request's own fields."""
        fields = (self.data.get(key) for key in ("api", "function", "se_type"))
        return name in (*self.path, *fields)

    def engine(self) -> str:
        """Return the engine that the endpoint, the request or the types of the items name."""
        names = [*self.path, self.data.get("se"), self.data.get("model_name")]
        names += [item.get("type") for item in self.items]
        return next((engine for name in names if (engine := engine_named(name))), "")

    def record(self, answer: str | None, **fields: Any) -> LogRecord:
        """Return the record of this result with further fields."""
        values, data = self.values, self.data
        entities = dicts_of(values.get("brand_entities"))
        record = LogRecord(
            text_of(data.get("keyword")),
            answer,
            self.engine(),
            model=_first(values.get("model"), values.get("model_name"), data.get("model_name")),
            surface="api" if self.is_of("llm_responses") else "scrape",
            run_id=label_of(self.task.get("id")),
            asked_at=values.get("datetime"),
            market=_first(*(each.get(n) for n in _MARKETS for each in (data, values))),
            mentions=names_of([entity.get("title") or "" for entity in entities]),
            searches=searches_of(values.get("fan_out_queries")),
        )
        record = replace(record, **fields)
        record.has_searched = record.engine.startswith("google") or bool(
            record.citations or record.retrieved or record.searches
        )
        return record


def _first(*values: Any) -> str | None:
    return next((label for value in values if (label := label_of(value))), None)


def _read_task(task: dict[str, Any], prompt: str) -> Iterator[Outcome]:
    data = dict_of(task.get("data"))
    code = task.get("status_code")
    results = dicts_of(task.get("result"))
    data = {**data, "keyword": _prompt_of(data, results) or prompt}
    if code == _POSTED:
        yield Aside("a task that was posted: its result is in another response")
        return
    if not data["keyword"]:
        yield Reject("no prompt: the task's data has no keyword and no user_prompt")
        return
    if code == _DONE and results:
        for values in results:
            yield _read_result(_Result(data, task, values))
        return
    reason = f"{shown_value(code)} {label_of(task.get('status_message')) or 'no message'}"
    if code == _DONE:
        reason = "no result"
    if code in _PENDING:
        reason = f"not fetched: {reason}"
    yield _Result(data, task, {}).record("", error=reason)


def _prompt_of(data: dict[str, Any], results: list[dict[str, Any]]) -> str:
    return (
        text_of(data.get("user_prompt"))
        or text_of(data.get("keyword"))
        or next((text for result in results if (text := text_of(result.get("keyword")))), "")
    )


def _read_result(result: _Result) -> Outcome:
    values = result.values
    types = {text_of(item.get("type")) for item in result.items}
    if any("sections" in item for item in result.items):
        return _read_sections(result)
    if "ai_overview" in types or result.is_of("serp"):
        return _read_serp(result)
    if _is_result(values) or "markdown" in values or "sources" in values:
        return _read_scrape(result)
    api = label_of(result.data.get("api")) or "API"
    return Reject(f"no answer of an engine: a result of DataForSEO's {api}")


def _read_sections(result: _Result) -> LogRecord:
    """Return the record of a model's response, each section with its annotations."""
    blocks = list[Block]()
    for item in result.items:
        # The model's thoughts are no part of its answer.
        if item.get("type") == "reasoning":
            continue
        for section in dicts_of(item.get("sections")):
            annotations = dicts_of(section.get("annotations"))
            pages = citations_of(
                [{**page, "url": page.get("direct_url") or page.get("url")} for page in annotations]
            )
            blocks.append((text_of(section.get("text")), pages))
    answer, cited = place_blocks("", blocks)
    return result.record(answer, citations=cited, surface="api")


def _read_scrape(result: _Result) -> LogRecord:
    """Return the record of a scraped chat: its sources are cited, its search results retrieved."""
    values = result.values
    blocks = [
        (_words(item), citations_of(dicts_of(item.get("sources"))))
        for item in result.items
        if item is not values
    ]
    answer, cited = place_blocks(text_of(values.get("markdown")), blocks)
    cited = (*cited, *citations_of(dicts_of(values.get("sources"))))
    retrieved = citations_of(dicts_of(values.get("search_results")))
    error = wall_in(answer, (*cited, *retrieved))
    return result.record(answer, citations=cited, retrieved=retrieved, error=error)


def _read_serp(result: _Result) -> LogRecord:
    """Return the record of a page of Google's: its AI Overview, or a question without one."""
    overview = next((item for item in result.items if item.get("type") == "ai_overview"), None)
    if result.is_of("ai_mode"):
        engine, absence = "google ai mode", "no answer on the page"
    else:
        engine, absence = "google ai overviews", ""
    if overview is None:
        return result.record("" if absence else None, engine=engine, error=absence or None)
    answer, cited = place_blocks(
        text_of(overview.get("markdown")), _overview_blocks(overview.get("items"))
    )
    cited = (*cited, *citations_of(dicts_of(overview.get("references"))))
    is_late = bool(overview.get("asynchronous_ai_overview")) and not (answer or cited)
    error = "not fetched: Google loads this AI Overview later" if is_late else None
    return result.record(answer, citations=cited, engine=engine, error=error)


def _overview_blocks(elements: Any, depth: int = 0) -> Iterator[Block]:
    for element in dicts_of(elements):
        named = [*dicts_of(element.get("references")), *dicts_of(element.get("links"))]
        yield _words(element), citations_of(named)
        if depth < _MAX_DEPTH:
            yield from _overview_blocks(element.get("items"), depth + 1)
            yield from _overview_blocks(element.get("components"), depth + 1)


def _words(item: dict[str, Any]) -> str:
    texts = (item.get(name) for name in ("markdown", "text"))
    return next((text for text in texts if isinstance(text, str) and text.strip()), "")


FORMAT = LogFormat(
    name="DataForSEO",
    fields={
        "query": "tasks.data.keyword or user_prompt",
        "answer": "markdown or sections.text",
        "model": "model",
        "asked_at": "datetime",
        "citations": "sources, references or annotations",
        "retrieved": "search_results",
        "searches": "fan_out_queries",
        "mentions": "brand_entities",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset(
        {
            *("tasks", "version", "status_message", "time", "cost", "tasks_count", "tasks_error"),
            *("status_code", "result", "result_count", "path", "data", "items", "items_count"),
            *("keyword", "sections", "type", "markdown", "sources", "search_results", "references"),
        }
    ),
)
