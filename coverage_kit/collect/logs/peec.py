"""Peec AI's API: chats with their content, the list of chats, and the prompts.

A chat's content says of each source how often the answer cites it: a source with the count 0 was
retrieved and not cited. Its time is in the list of chats, and its prompt may be in that of prompts
alone: each is found by its id, in whatever file it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import dict_of, dicts_of, prompt_of, words_of
from coverage_kit.collect.logs.columns import plain_name
from coverage_kit.collect.logs.record import (
    Aside,
    Citation,
    LogRecord,
    Outcome,
    Reject,
    UnreadableRecordError,
)
from coverage_kit.collect.logs.scraped import engine_named
from coverage_kit.collect.logs.table_format import NoteStep, ReadStep, TableFormat
from coverage_kit.collect.logs.trace_index import TraceIndex
from coverage_kit.collect.logs.values import citations_of, label_of, names_of, number_of

_NOTE = (
    "sources with the citation count 0 are pages that were retrieved and not cited; Peec asks the "
    "engines' web pages, so the surface is scrape"
)


@dataclass(frozen=True)
class _Entries(TableFormat):
    """The entries of a list, which have these columns and none of an answer."""

    def recognises(self, columns: Iterable[str]) -> bool:
        """Return whether a record with these columns is an entry of this list."""
        names = {plain_name(name) for name in columns}
        is_answer = bool({"sources", "answer", "response", "output"} & names)
        return {plain_name(name) for name in self.needs} <= names and not is_answer


def _id(value: Any) -> str:
    return text_of(value.get("id")) if isinstance(value, dict) else text_of(value)


def _note_content(values: Mapping[str, Any], traces: TraceIndex) -> None:
    traces.note_root(f"peec {text_of(values.get('id'))}")


def _note_chat(values: Mapping[str, Any], traces: TraceIndex) -> None:
    traces.texts[f"peec chat {text_of(values.get('id'))}"] = text_of(values.get("date"))


def _note_prompt(values: Mapping[str, Any], traces: TraceIndex) -> None:
    traces.texts[f"peec prompt {text_of(values.get('id'))}"] = _asked(values)


def _asked(values: Mapping[str, Any]) -> str:
    """Return the words of a prompt or chat: those of its user, or of messages without a role."""
    messages = dicts_of(values.get("messages"))
    own = [message for message in messages if message.get("role", "user") == "user"]
    return next((words for message in reversed(own) if (words := _words(message))), "")


def _words(message: Mapping[str, Any]) -> str:
    return words_of(message.get("content"))


def _read_content(
    values: Mapping[str, Any], _: Mapping[str, str], traces: TraceIndex
) -> list[Outcome]:
    prompt_id = _id(values.get("prompt"))
    prompt = _asked(values) or traces.texts.get(f"peec prompt {prompt_id}", "")
    if not prompt and isinstance(values.get("prompt"), dict):
        prompt = prompt_of({"messages": values["prompt"].get("messages")})
    if not prompt:
        raise UnreadableRecordError(
            "no prompt: name the file of the prompts (/prompts) with [log] files, too"
        )
    chat_id = text_of(values.get("id"))
    replies = [m for m in dicts_of(values.get("messages")) if m.get("role") == "assistant"]
    cited, retrieved = _pages(values.get("sources"))
    channel = _id(values.get("model_channel"))
    model = _id(values.get("model"))
    searches = tuple(
        words
        for query in _listed(values.get("queries"))
        if (words := text_of(dict_of(query).get("query")) or text_of(query))
    )
    return [
        LogRecord(
            prompt,
            _words(replies[-1]) if replies else "",
            engine_named(model) or engine_named(channel) or model,
            model=model or None,
            surface="scrape",
            run_id=chat_id or None,
            asked_at=values.get("date") or traces.texts.get(f"peec chat {chat_id}"),
            citations=cited,
            retrieved=retrieved,
            mentions=names_of(_listed(values.get("brands_mentioned"))),
            searches=searches,
            has_searched=bool(cited or retrieved or searches),
        )
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pages(sources: Any) -> tuple[tuple[Citation, ...], tuple[Citation, ...]]:
    """Return the cited pages in the order of their citation, and those retrieved alone."""
    ranked: list[tuple[float, tuple[Citation, ...]]] = []
    retrieved: list[Citation] = []
    for source in dicts_of(sources):
        pages = citations_of([source])
        if number_of(source.get("citationCount")) == 0:
            retrieved += pages
        else:
            position = number_of(source.get("citationPosition"))
            ranked.append((float("inf") if position is None else position, pages))
    ranked.sort(key=lambda pair: pair[0])
    return tuple(page for _, pages in ranked for page in pages), tuple(retrieved)


def _read_chat(
    values: Mapping[str, Any], _: Mapping[str, str], traces: TraceIndex
) -> list[Outcome]:
    chat_id = text_of(values.get("id"))
    if traces.has_root(f"peec {chat_id}"):
        return [Aside("a chat of the list, whose content is read")]
    return [Reject(f"a chat without its content: fetch /chats/{label_of(chat_id) or 'ID'}/content")]


def _read_prompt(
    values: Mapping[str, Any], _: Mapping[str, str], traces: TraceIndex
) -> list[Outcome]:
    return [Aside("a prompt of the list, which chats name by its id")]


_NAME = "Peec"
_FIELDS = {
    "query": "messages",
    "engine": "model",
    "run_id": "id",
    "asked_at": "date",
    "citations": "sources",
    "searches": "queries",
    "mentions": "brands_mentioned",
    # Read too: neither is a field of its own.
    "channel": "model_channel",
    "asked": "prompt",
}


def _format(
    kind: type[TableFormat], needs: tuple[str, ...], note_step: NoteStep, read_step: ReadStep
) -> TableFormat:
    return kind(
        _NAME,
        needs,
        _FIELDS,
        read=lambda values, mapping: read_step(values, mapping, TraceIndex()),
        note=_NOTE,
        surface="scrape",
        note_step=note_step,
        read_step=read_step,
    )


FORMATS: tuple[TableFormat, ...] = (
    _format(TableFormat, ("messages", "sources", "brands_mentioned"), _note_content, _read_content),
    _format(_Entries, ("id", "prompt", "model", "model_channel", "date"), _note_chat, _read_chat),
    _format(_Entries, ("id", "messages", "user_location", "tags"), _note_prompt, _read_prompt),
)
