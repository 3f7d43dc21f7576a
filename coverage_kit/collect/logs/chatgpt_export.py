"""ChatGPT's data export: the turns of the user on the branch that a conversation ends in.

Each turn has the answer to it. The export has no official schema: a field that is missing or of an
unexpected kind is ignored. A turn without an answer's text is a failure, for example a turn that
the user stopped. A turn without words, and an answer whose question is missing, are rejects.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    dict_of,
    dicts_of,
)
from coverage_kit.collect.logs.record import Aside, Citation, LogRecord, Outcome, Reject
from coverage_kit.collect.logs.values import citations_of, label_of, parsed, searches_of
from coverage_kit.text.sentences import split_sentences

# A private marker in an answer: "\ue200cite\ue202turn0search1\ue201" in new exports, "【1†source】"
# in old ones, with the space before it, or a single private character that is left over.
_MARKER = re.compile(
    r"[ \t]?(?:\ue200([^\ue200\ue201]*)\ue201|【[^【】†\n]{0,200}†[^【】\n]{0,2000}】)"
    r"|[\ue200-\ue2ff]"
)
# The sentence before a marker is looked for in this many characters (assumed: no sentence of an
# answer is longer).
_SENTENCE_CHARACTERS = 3000
# The words of so many references of an answer are looked for, because each search reads the whole
# answer (assumed: real answers have far fewer, most of them with the right offset).
MAX_SOUGHT = 1000
_GAP = "\n\n"
# The name of the app that writes the reports of deep research.
_RESEARCH = "connector_openai_deep_research"
_UNREACHED = Reject("a message that nothing leads to: the messages after it are missing")
_ABANDONED = Aside("a message of a branch that was abandoned")


def _recognises(exchange: Exchange) -> bool:
    body = exchange.body
    return isinstance(body.get("mapping"), dict) and (
        "current_node" in body or "conversation_id" in body
    )


def _read(exchange: Exchange) -> list[Outcome]:
    conversation = exchange.body
    nodes = dict_of(conversation.get("mapping"))
    branch = _branch(conversation, nodes)
    # Before the first message of the user there is a turn without one.
    turns = [_ExportTurn({})]
    for message in _messages(nodes, branch):
        if _role(message) == "user":
            turns.append(_ExportTurn(message))
        else:
            turns[-1].add(message)
    outcomes = [outcome for turn in turns for outcome in turn.outcomes(conversation)]
    others = _messages(nodes, [name for name in nodes if name not in branch])
    other = _UNREACHED if _is_cut(nodes, branch) else _ABANDONED
    outcomes += [other for message in others if _is_said(message)]
    return outcomes or [Aside("an empty conversation")]


def _is_cut(nodes: dict[str, Any], branch: Iterable[str]) -> bool:
    """Return whether the message is missing that comes before the first one of a branch."""
    parent = text_of(dict_of(nodes.get(next(iter(branch), ""))).get("parent"))
    return bool(parent) and parent not in nodes


def _branch(conversation: dict[str, Any], nodes: dict[str, Any]) -> dict[str, None]:
    """Return the ids of the nodes from a conversation's first to its current message."""
    branch_ids = dict[str, None]()
    node_id = text_of(conversation.get("current_node"))
    if node_id not in nodes:
        node_id = _last_leaf(nodes)
    # A broken export may name a node as its own ancestor.
    while node_id in nodes and node_id not in branch_ids:
        branch_ids[node_id] = None
        node_id = text_of(dict_of(nodes[node_id]).get("parent"))
    return dict.fromkeys(reversed(branch_ids))


def _messages(nodes: dict[str, Any], names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the messages of these nodes without hidden ones."""
    messages = [dict_of(dict_of(nodes[name]).get("message")) for name in names]
    return [message for message in messages if not _is_hidden(message)]


def _last_leaf(nodes: dict[str, Any]) -> str:
    """Return the last node without children, or the last node where all have some."""
    leaves = (name for name in reversed(nodes) if not dict_of(nodes[name]).get("children"))
    return next(leaves, next(reversed(nodes), ""))


def _role(message: dict[str, Any]) -> Any:
    return dict_of(message.get("author")).get("role")


def _is_said(message: dict[str, Any]) -> bool:
    """Return whether the user or the assistant says something in a message."""
    is_question = _role(message) == "user"
    return (is_question or _is_answer(message)) and bool(_text(message).strip())


def _is_answer(message: dict[str, Any]) -> bool:
    return _role(message) == "assistant" and message.get("recipient") in (None, "all")


def _is_hidden(message: dict[str, Any]) -> bool:
    hidden = dict_of(message.get("metadata")).get("is_visually_hidden_from_conversation")
    # A weight of 0 is read as hidden, too (assumed: the export does not document it).
    return not message or hidden is True or message.get("weight") == 0


@dataclass
class _ExportTurn:
    """A message of the user, and what the assistant and its tools made of it.

    `prompt` is empty before the first message of the user, or where the export lacks that message.
    `listed` are the pages of a footnote with sources. `document` is what the assistant wrote into a
    canvas, and `report` that of a deep research; each in its last version.
    """

    prompt: dict[str, Any]
    answer: str = ""
    model: str | None = None
    citations: list[Citation] = field(default_factory=list)
    listed: list[Citation] = field(default_factory=list)
    retrieved: list[Citation] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    document: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def query(self) -> str:
        return _MARKER.sub("", _text(self.prompt)).strip()

    def add(self, message: dict[str, Any]) -> None:
        """Add a message that follows.

        Of messages by tools and to tools, only the searches and results count.
        """
        metadata = dict_of(message.get("metadata"))
        groups = dicts_of(metadata.get("search_result_groups"))
        results = (dicts_of(group.get("entries")) for group in groups)
        self.retrieved += [page for entries in results for page in citations_of(entries)]
        query_lists = (
            metadata.get("search_queries"),
            dict_of(metadata.get("search_model_queries")).get("queries"),
        )
        self.searches += [text for queries in query_lists for text in searches_of(queries)]
        if _is_answer(message) and (text := _text(message)).strip():
            self._add_answer(text, metadata)
        elif document := _document(message):
            self.document = document
        elif research := dict_of(metadata.get("chatgpt_sdk")):
            self._note_research(research)

    def _note_research(self, research: dict[str, Any]) -> None:
        """Keep the report of a deep research, or why there is none."""
        if research.get("attribution_id") != _RESEARCH:
            return
        state = dict_of(parsed(research.get("widget_state")))
        report = dict_of(state.get("report_message"))
        if state.get("status") == "completed" and _text(report).strip():
            self.report = report
            self.error = None
        elif not self.report:
            self.error = f"deep research: {label_of(state.get('status')) or 'no report'}"

    def finish(self) -> None:
        """Add to the answer what stands beside the conversation: the report and the canvas."""
        if self.report:
            self._add_answer(_text(self.report), dict_of(self.report.get("metadata")))
        if self.document:
            self._add_answer(self.document, {})
        if self.answer.strip():
            self.error = None

    def _add_answer(self, text: str, metadata: dict[str, Any]) -> None:
        self.answer += _GAP if self.answer else ""
        stripped = _StrippedText(text)
        offset = len(self.answer)
        self.citations += [_moved(page, offset) for page in _cited(stripped, metadata)]
        footnotes = [
            note
            for note in dicts_of(metadata.get("content_references"))
            if note.get("type") == "sources_footnote"
        ]
        self.listed += [
            page for note in footnotes for page in citations_of(dicts_of(note.get("sources")))
        ]
        self.answer += stripped.text
        self.model = label_of(metadata.get("model_slug")) or self.model

    def outcomes(self, conversation: dict[str, Any]) -> list[Outcome]:
        """Return the turn's record, or what else it is; nothing for an answerless start."""
        self.finish()
        if self.query:
            return [self.record(conversation)]
        if self.prompt:
            return [Reject("no query: a message of the user without words")]
        return [Reject("no query: an answer whose question is missing")] if self.answer else []

    def record(self, conversation: dict[str, Any]) -> LogRecord:
        return LogRecord(
            query=self.query,
            answer=self.answer,
            engine="chatgpt",
            model=self.model or label_of(conversation.get("default_model_slug")),
            surface="app",
            run_id=label_of(conversation.get("conversation_id"))
            or label_of(conversation.get("id")),
            asked_at=self.prompt.get("create_time") or conversation.get("create_time"),
            citations=tuple(self.citations or self.listed),
            retrieved=(*self.retrieved, *self.listed),
            searches=tuple(self.searches),
            error=self.error,
            has_searched=bool(self.citations or self.listed or self.retrieved or self.searches),
        )


class _StrippedText:
    """A text without its private markers, with a way from positions in the logged text to its own.

    `_ends` has the end of each marker in the logged text, `_places` the same position in this text.
    """

    def __init__(self, logged: str) -> None:
        self.logged = logged
        self.text = ""
        self._ends: list[int] = []
        self._places: list[int] = []
        self._n_sought = 0
        end = 0
        for match in _MARKER.finditer(logged):
            self.text += logged[end : match.start()] + _visible_words(match)
            end = match.end()
            self._ends.append(end)
            self._places.append(len(self.text))
        self.text += logged[end:]

    def position(self, logged: int) -> int:
        """Return the position of a logged character; inside a marker, the position after it."""
        n_passed = bisect_right(self._ends, logged)
        logged_end = self._ends[n_passed - 1] if n_passed else 0
        stripped_end = self._places[n_passed - 1] if n_passed else 0
        following = self._places[n_passed] if n_passed < len(self._places) else len(self.text)
        return min(stripped_end + logged - logged_end, following)

    def seek(self, words: str) -> int:
        """Return the first position of words in the logged text, -1 where they are not there."""
        self._n_sought += 1
        return self.logged.find(words) if self._n_sought <= MAX_SOUGHT else -1

    def claim_before(self, position: int) -> tuple[int | None, int | None]:
        """Return the span of the sentence that ends before a position.

        A marker at that position is about this sentence.
        """
        first = max(0, position - _SENTENCE_CHARACTERS)
        text_before = self.text[first:position].rstrip()
        last = (split_sentences(text_before) or [""])[-1]
        end = first + len(text_before)
        return (end - len(last), end) if last else (None, None)


def _cited(stripped: _StrippedText, metadata: dict[str, Any]) -> Iterator[Citation]:
    """Yield the citations of new exports (content_references), then those of old ones."""
    for note in dicts_of(metadata.get("content_references")):
        if "webpage" in text_of(note.get("type")) or note.get("type") == "nav_list":
            items = dicts_of(note.get("items")) or [note]
            pages = []
            for item in items:
                pages += [item, *dicts_of(item.get("supporting_websites"))]
            start, end = stripped.claim_before(_marker_position(stripped, note))
            yield from (page._replace(start=start, end=end) for page in citations_of(pages))
    for note in dicts_of(metadata.get("citations")):
        start, end = _old_span(stripped, note)
        yield from (
            page._replace(start=start, end=end)
            for page in citations_of([dict_of(note.get("metadata"))])
        )


def _marker_position(stripped: _StrippedText, note: dict[str, Any]) -> int:
    """Return the position of a reference's marker.

    The reference's offset counts if its words are there, else the first position of its words.
    """
    start = note.get("start_idx")
    words = note.get("matched_text")
    if not isinstance(words, str) or not words.strip():
        return 0
    is_there = type(start) is int and start >= 0 and stripped.logged.startswith(words, start)
    logged = start if is_there else stripped.seek(words)
    return stripped.position(logged) if isinstance(logged, int) and logged >= 0 else 0


def _old_span(stripped: _StrippedText, note: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return the span that a reference of an old export cites.

    Where the reference covers its marker only, the span is the sentence before the marker.
    """
    start = note.get("start_ix")
    end = note.get("end_ix")
    n_characters = len(stripped.logged)
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= n_characters:
        return None, None
    span = stripped.position(start), stripped.position(end)
    return span if span[0] < span[1] else stripped.claim_before(span[0])


def _visible_words(marker: re.Match[str]) -> str:
    """Return the words that a marker shows: an entity's name, or nothing, as for a citation."""
    kind, _, payload = (marker[1] or "").partition("\ue202")
    entity = parsed(payload) if kind == "entity" else None
    name = entity[1] if isinstance(entity, list) and len(entity) > 1 else ""
    gap = marker[0][:1] if marker[0][:1].isspace() else ""
    return gap + name if isinstance(name, str) and name else ""


def _document(message: dict[str, Any]) -> str:
    """Return the text that the assistant writes into a canvas with a message, '' for none.

    Code is left out, and so is a change of a part of the text, which only the app can apply.
    """
    if _role(message) != "assistant":
        return ""
    content = dict_of(message.get("content"))
    call = dict_of(parsed(content.get("text") or _text(message)))
    if message.get("recipient") == "canmore.create_textdoc":
        is_code = text_of(call.get("type")).startswith("code")
        return "" if is_code else text_of(call.get("content"))
    if message.get("recipient") == "canmore.update_textdoc":
        updates = dicts_of(call.get("updates"))
        whole = [update for update in updates if update.get("pattern") == ".*"]
        return text_of(whole[-1].get("replacement")) if whole else ""
    return ""


def _text(message: dict[str, Any]) -> str:
    """Return a message's words, also spoken words; '' for code, thoughts and pictures."""
    content = dict_of(message.get("content"))
    if content.get("content_type") not in (
        "text",
        "multimodal_text",
    ) or not isinstance(content.get("parts"), list):
        return ""
    words = [
        item if isinstance(item, str) else dict_of(item).get("text") for item in content["parts"]
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
            # The fields below are about the conversation and its settings, not about its answers.
            "moderation_results",
            "plugin_ids",
            "safe_urls",
            "blocked_urls",
            "gizmo_id",
            "gizmo_type",
            "conversation_template_id",
            "is_archived",
            "is_starred",
            "async_status",
            "voice",
            "disabled_tool_ids",
            "is_do_not_remember",
            "memory_scope",
            "conversation_origin",
            "context_scopes",
            "sugar_item_id",
            "sugar_item_visible",
            "owner",
            "is_read_only",
            "pinned_time",
        }
    ),
)
