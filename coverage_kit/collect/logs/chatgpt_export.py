"""ChatGPT's data export: each turn of the user on the branch that a conversation ends in, with the answer to it.

The export has no official schema: whatever field is missing or of another kind is passed over. A
turn without an answer's text, stopped by the user for one, is a failure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    dict_of,
    dicts_of,
)
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.values import (
    citations_of,
    label_of,
    parsed,
    readable,
    searches_of,
    text_of,
)
from coverage_kit.text.sentences import split_sentences

_MARKER = re.compile(
    r"[ \t]?(?:\ue200([^\ue200\ue201]*)\ue201|【[^【】†\n]{0,200}†[^【】\n]{0,2000}】)|[\ue200-\ue2ff]"
)
_SENTENCE = 3000
_GAP = "\n\n"


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    return isinstance(body.get("mapping"), dict) and (
        "current_node" in body or "conversation_id" in body
    )


def _read(exchange: Exchange) -> list[LogRecord]:
    talk = exchange.body
    turns: list[_ExportTurn] = []
    for message in _branch(talk):
        if dict_of(message.get("author")).get("role") == "user":
            turns.append(_ExportTurn(message))
        elif turns:
            turns[-1].add(message)
    return [turn.record(talk) for turn in turns if turn.query]


def _branch(talk: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages from a conversation's first to its current one, without hidden ones and abandoned branches."""
    nodes = dict_of(talk.get("mapping"))
    seen = dict[str, None]()
    name = text_of(talk.get("current_node")) or _last_leaf(nodes)
    while name in nodes and name not in seen:
        seen[name] = None
        name = text_of(dict_of(nodes[name]).get("parent"))
    messages = [dict_of(dict_of(nodes[name]).get("message")) for name in reversed(seen)]
    return [message for message in messages if not _is_hidden(message)]


def _last_leaf(nodes: dict[str, Any]) -> str:
    return next(
        (name for name in reversed(nodes) if not dict_of(nodes[name]).get("children")),
        "",
    )


def _is_hidden(message: dict[str, Any]) -> bool:
    hidden = dict_of(message.get("metadata")).get("is_visually_hidden_from_conversation")
    return not message or hidden is True or message.get("weight") == 0


@dataclass
class _ExportTurn:
    """One thing that the user said, and what the assistant and its tools made of it."""

    asked: dict[str, Any]
    answer: str = ""
    model: str | None = None
    citations: list[Citation] = field(default_factory=list)
    listed: list[Citation] = field(default_factory=list)
    retrieved: list[Citation] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)

    @property
    def query(self) -> str:
        return _MARKER.sub("", _text(self.asked)).strip()

    def add(self, message: dict[str, Any]) -> None:
        """Take a message that follows; of tools, and of what is said to them, only searches and results count."""
        about = dict_of(message.get("metadata"))
        results = (
            dicts_of(group.get("entries")) for group in dicts_of(about.get("search_result_groups"))
        )
        self.retrieved += [page for entries in results for page in citations_of(entries)]
        queries = (
            about.get("search_queries"),
            dict_of(about.get("search_model_queries")).get("queries"),
        )
        self.searches += [text for found in queries for text in searches_of(found)]
        role = dict_of(message.get("author")).get("role")
        to = message.get("recipient")
        if role == "assistant" and to in (None, "all") and (text := _text(message)).strip():
            self._say(text, about)

    def _say(self, text: str, about: dict[str, Any]) -> None:
        self.answer += _GAP if self.answer else ""
        said = _StrippedText(text)
        self.citations += [_moved(page, len(self.answer)) for page in _cited(said, about)]
        notes = [
            note
            for note in dicts_of(about.get("content_references"))
            if note.get("type") == "sources_footnote"
        ]
        self.listed += [
            page for note in notes for page in citations_of(dicts_of(note.get("sources")))
        ]
        self.answer += said.text
        self.model = label_of(about.get("model_slug")) or self.model

    def record(self, talk: dict[str, Any]) -> LogRecord:
        return LogRecord(
            query=self.query,
            answer=self.answer,
            engine="chatgpt",
            model=self.model or label_of(talk.get("default_model_slug")),
            surface="app",
            run_id=label_of(talk.get("conversation_id")) or label_of(talk.get("id")),
            asked_at=self.asked.get("create_time") or talk.get("create_time"),
            citations=tuple(self.citations or self.listed),
            retrieved=(*self.retrieved, *self.listed),
            searches=tuple(self.searches),
            has_searched=bool(self.citations or self.listed or self.retrieved or self.searches),
        )


class _StrippedText:
    """A text without its private markers, and where in it the characters of the logged text stand."""

    def __init__(self, logged: str) -> None:
        self.logged = logged
        self.text = ""
        self._marks: list[
            tuple[int, int]
        ] = []  # end of a marker in the logged text, the same place in this one
        end = 0
        for found in _MARKER.finditer(logged):
            self.text += logged[end : found.start()] + _shown(found)
            end = found.end()
            self._marks.append((end, len(self.text)))
        self.text += logged[end:]

    def position(self, logged: int) -> int:
        """Return where a character of the logged text stands; the place after it where it is in a marker."""
        before = [mark for mark in self._marks if mark[0] <= logged]
        end, place = before[-1] if before else (0, 0)
        following = next(
            (mark[1] for mark in self._marks if mark[0] > logged),
            len(self.text),
        )
        return min(place + logged - end, following)

    def claim_before(self, place: int) -> tuple[int | None, int | None]:
        """Return the sentence that ends before a place: what a marker there is about."""
        before = self.text[max(0, place - _SENTENCE) : place].rstrip()
        last = (split_sentences(before) or [""])[-1]
        end = max(0, place - _SENTENCE) + len(before)
        return (end - len(last), end) if last else (None, None)


def _cited(said: _StrippedText, about: dict[str, Any]) -> Iterator[Citation]:
    for note in dicts_of(about.get("content_references")):
        if "webpage" in text_of(note.get("type")) or note.get("type") == "nav_list":
            items = dicts_of(note.get("items")) or [note]
            pages = [
                one for item in items for one in (item, *dicts_of(item.get("supporting_websites")))
            ]
            start, end = said.claim_before(_marker_place(said, note))
            yield from (page._replace(start=start, end=end) for page in citations_of(pages))
    for note in dicts_of(about.get("citations")):
        start, end = _old_span(said, note)
        yield from (
            page._replace(start=start, end=end)
            for page in citations_of([dict_of(note.get("metadata"))])
        )


def _marker_place(said: _StrippedText, note: dict[str, Any]) -> int:
    """Return where a reference's marker stood, by its offset if its words are there, else by its words."""
    start = note.get("start_idx")
    words = note.get("matched_text")
    if not isinstance(words, str) or not words.strip():
        return 0
    is_there = type(start) is int and start >= 0 and said.logged.startswith(words, start)
    found = start if is_there else said.logged.find(words)
    return said.position(found) if isinstance(found, int) and found >= 0 else 0


def _old_span(said: _StrippedText, note: dict[str, Any]) -> tuple[int | None, int | None]:
    start = note.get("start_ix")
    end = note.get("end_ix")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(said.logged):
        return None, None
    span = said.position(start), said.position(end)
    return span if span[0] < span[1] else said.claim_before(span[0])


def _shown(marker: re.Match[str]) -> str:
    """Return the words that a marker shows: a named thing's name, or nothing, as for a citation."""
    kind, _, rest = (marker[1] or "").partition("\ue202")
    thing = parsed(rest) if kind == "entity" else None
    name = thing[1] if isinstance(thing, list) and len(thing) > 1 else ""
    gap = marker[0][:1] if marker[0][:1].isspace() else ""
    return gap + name if isinstance(name, str) and name else ""


def _text(message: dict[str, Any]) -> str:
    """Return a message's words, spoken ones too; empty for code, thoughts and pictures."""
    content = dict_of(message.get("content"))
    if content.get("content_type") not in (
        "text",
        "multimodal_text",
    ) or not isinstance(content.get("parts"), list):
        return ""
    words = [
        part if isinstance(part, str) else dict_of(part).get("text") for part in content["parts"]
    ]
    return "\n".join(readable(text) for text in words if isinstance(text, str) and text)


def _moved(page: Citation, offset: int) -> Citation:
    if page.start is None or page.end is None:
        return page
    return page._replace(start=page.start + offset, end=page.end + offset)


FORMAT = LogFormat(
    name="ChatGPT data export",
    fields={
        "query": "message (user)",
        "answer": "message (assistant)",
        "model": "model_slug",
        "run_id": "conversation_id",
        "asked_at": "create_time",
        "citations": "content_references",
        "retrieved": "search_result_groups",
        "searches": "search_queries",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset(
        {
            "mapping",
            "current_node",
            "title",
            "create_time",
            "update_time",
            "conversation_id",
            "default_model_slug",
        }
    )
    | {
        "moderation_results",
        "plugin_ids",
        "safe_urls",
        "blocked_urls",
        "gizmo_id",
        "gizmo_type",
        "conversation_template_id",
    }
    | {
        "is_archived",
        "is_starred",
        "async_status",
        "voice",
        "disabled_tool_ids",
        "is_do_not_remember",
        "memory_scope",
    }
    | {
        "conversation_origin",
        "context_scopes",
        "sugar_item_id",
        "sugar_item_visible",
        "owner",
        "is_read_only",
        "pinned_time",
    },
)
