"""Streamed answers: the events of a log, joined into one record for each answer.

Events are of one answer where they name the same response. Events that name none belong to the
stream that is open beside the same request and ids. A stream that has no end is a failure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import (
    dict_of,
    dicts_of,
    ids_of,
    own_columns,
    prompt_of,
    request_of,
)
from coverage_kit.collect.logs.joined_rows import merged_row
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.stream_events import (
    ANTHROPIC,
    CHAT,
    GEMINI,
    RESPONSES,
    Event,
    body_of,
    digest_of,
    error_in,
    event_of,
    is_error_event,
    listed_events,
)

_CHUNK = "a chunk of a streamed answer"
# So many streams are kept (assumed): those that are open, and those that have ended, because a
# chunk with pages or counts may follow the last words.
_MAX_KEPT = 200
# The fields beside an event that show which call it belongs to.
_CALL_FIELDS = (
    *("request", "params", "input", "messages", "contents", "query", "prompt", "question"),
    *("custom_id", "request_id", "key", "stream_id", "call_id", "trace_id", "span_id"),
    *("run_id", "conversation_id", "session_id", "id"),
)


@dataclass
class _Stream:
    """The events of an answer so far.

    `row` is the first of them, in whose place the answer is read. `held` are further rows of which
    only the end shows whether they belong to the answer. `blocks` are the parts of the answer that
    were begun. `holder` is the field of the response in the joined record.
    """

    row: Row
    call: tuple[str, str] = ("", "")
    outer: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    blocks: set[int] = field(default_factory=set)
    holder: str = "response"
    is_ended: bool = False
    is_mixed: bool = False

    @property
    def has_id(self) -> bool:
        return any(event.stream_id for event in self.events)

    def add(self, event: Event) -> None:
        self.events.append(event)
        # What is logged beside the first event counts.
        self.outer = {**event.outer, **self.outer}
        self.is_ended = self.is_ended or event.is_end

    def rows(self) -> Iterator[Row]:
        """Yield the record of the answer, and what became of the rows that were held."""
        may_be_whole = self.events[0].api == GEMINI and not self.is_ended
        if may_be_whole and (len(self.events) == 1 or not self.has_id):
            # Responses that are logged without their ends are no stream.
            yield from (self.row, *self.held)
            return
        yield from (merged_row(row.line, _CHUNK) for row in self.held)
        yield Row(self.row.line, self.values())

    def values(self) -> dict[str, Any]:
        """Return the record that the log would hold if the answer had not been streamed."""
        body = body_of(self.events)
        values = {**self.outer, self.holder: body}
        names = (text_of(body.get(name)) for name in ("id", "responseId", "response_id"))
        if not ids_of(values) and (name := next(filter(None, names), "")):
            values["id"] = name
        if error := self._error():
            values["error"] = error
        return values

    def _error(self) -> str | None:
        if error := error_in(self.events):
            return error
        if not self.is_ended:
            return f"the stream broke off after {len(self.events)} events"
        outputs = (dict_of(event.payload.get("response")).get("output") for event in self.events)
        if self.is_mixed and not any(dicts_of(output) for output in outputs):
            return "events of several streams without ids are mixed"
        return None


def join_streams(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, and in place of the events of each stream the record of its answer."""
    joiner = _StreamJoiner()
    for row in rows:
        if row.problem:
            yield row
        else:
            yield from joiner.add(row)
    yield from joiner.end()


class _StreamJoiner:
    """The streams of a source that are kept, and the requests that no stream has yet."""

    def __init__(self) -> None:
        self._streams: list[_Stream] = []
        self._by_id: dict[tuple[str, str], _Stream] = {}
        self._by_item: dict[str, _Stream] = {}
        self._by_call: dict[tuple[str, str], _Stream] = {}
        self._requests: list[Row] = []

    def add(self, row: Row) -> Iterator[Row]:
        """Yield what a row and those before it have become so far."""
        event = event_of(row.values)
        if event is None:
            yield from self._add_other(row)
            return
        stream = self._find(event)
        if stream is None and event.may_be_whole:
            yield row
        elif stream is None and event.payload.get("type") == "ping":
            yield merged_row(row.line, _CHUNK)
        elif stream is None:
            stream = _Stream(row, _call_of(event))
            self._streams.append(stream)
            self._by_call[stream.call] = stream
            if event.api in (RESPONSES, ANTHROPIC):
                # Their events may each have an id of their own in the log.
                self._by_call[_call_of(event, "id")] = stream
            yield from self._claim_request(stream, event)
            self._add_event(stream, event)
            yield from self._without_oldest()
        else:
            if event.api == GEMINI and not event.stream_id:
                stream.held.append(row)
            else:
                yield merged_row(row.line, _CHUNK)
            self._add_event(stream, event)

    def end(self) -> Iterator[Row]:
        """Yield what is left at the end of the source."""
        yield from self._requests
        for stream in self._streams:
            yield from stream.rows()

    def _find(self, event: Event) -> _Stream | None:
        """Return the stream that an event belongs to, None where it starts one."""
        by_id = self._by_id.get((event.api, event.stream_id)) if event.stream_id else None
        if by_id and by_id.is_ended and (event.is_start or _has_words(event)):
            # The log holds the stream twice.
            return None
        if by_id or event.is_start or (event.stream_id and event.api in (CHAT, GEMINI)):
            return by_id
        if stream := self._by_item.get(_item_of(event)):
            return stream
        stream = self._by_call.get(_call_of(event)) or self._by_call.get(_call_of(event, "id"))
        if not stream or (event.stream_id and stream.has_id):
            return None
        # After the last words of an answer only counts follow; further words are another answer.
        return None if stream.is_ended and _has_words(event) else stream

    def _add_event(self, stream: _Stream, event: Event) -> None:
        """Add an event to its stream, and note how further events of the stream are known."""
        if event.stream_id:
            self._by_id[event.api, event.stream_id] = stream
        if item := _item_of(event):
            self._by_item.setdefault(item, stream)
        block = _begun_block(event)
        is_again = block in stream.blocks
        if block is not None:
            stream.blocks.add(block)
        others = [
            other
            for other in self._streams
            if other.call == stream.call and other is not stream and not other.is_ended
        ]
        # Two streams are open beside the same request: events without ids may be of either.
        if others and not event.stream_id and (is_again or stream.is_ended):
            for mixed in (stream, *others):
                mixed.is_mixed = True
        stream.add(event)

    def _add_other(self, row: Row) -> Iterator[Row]:
        """Yield a row that is no event; a request without an id waits for its stream."""
        values = row.values
        if stream := self._broken_off(values):
            stream.add(Event(stream.events[0].api, "", False, True, values, {}))
            yield merged_row(row.line, _CHUNK)
        elif _is_request(values):
            self._requests.append(row)
            # Of several requests none is given to a stream, so that two are enough to know.
            if len(self._requests) > 2:
                yield self._requests.pop(0)
        else:
            whole = _listed_stream(row)
            yield Row(row.line, whole.values()) if whole else row

    def _broken_off(self, values: dict[str, Any]) -> _Stream | None:
        """Return the open stream that a record of an error ends."""
        if not self._streams or not is_error_event(values):
            return None
        outer = {name: values[name] for name in _CALL_FIELDS if name in values}
        calls = [
            _call_of(Event(api, "", False, True, values, outer))
            for api in (RESPONSES, ANTHROPIC, CHAT, GEMINI)
        ]
        streams = [stream for call in calls if (stream := self._by_call.get(call))]
        return next((stream for stream in streams if not stream.is_ended), None)

    def _claim_request(self, stream: _Stream, event: Event) -> Iterator[Row]:
        """Give a new stream the request before it, where only one may be meant."""
        if prompt_of(event.outer) or prompt_of(request_of(event.outer)) or not self._requests:
            return
        requests, self._requests = self._requests, []
        if len(requests) > 1:
            yield from requests
            return
        values = requests[0].values
        stream.outer = {name: cell for name, cell in values.items() if name != "type"}
        if not request_of(values):
            stream.outer = {"request": values}
        yield merged_row(requests[0].line, "the request of a streamed answer")

    def _without_oldest(self) -> Iterator[Row]:
        """Yield the answer whose stream is oldest, where too many are kept."""
        if len(self._streams) <= _MAX_KEPT:
            return
        oldest = next((stream for stream in self._streams if stream.is_ended), self._streams[0])
        self._streams.remove(oldest)
        self._by_id = {name: stream for name, stream in self._by_id.items() if stream is not oldest}
        self._by_item = {
            name: stream for name, stream in self._by_item.items() if stream is not oldest
        }
        self._by_call = {
            name: stream for name, stream in self._by_call.items() if stream is not oldest
        }
        yield from oldest.rows()


def _listed_stream(row: Row) -> _Stream | None:
    """Return the stream whose events a record lists, or None where it lists none.

    The list is a field of the record or of its response.
    """
    response = dict_of(row.values.get("response"))
    for values in (row.values, response):
        for key, cell in values.items():
            events = listed_events(cell) if isinstance(cell, (list, str)) else []
            if events:
                outer = {name: value for name, value in row.values.items() if name != key}
                holder = key if key == "response_body" else "response"
                stream = _Stream(row, outer=outer, holder=holder)
                for event in events:
                    stream.add(event._replace(api=events[0].api, outer={}))
                # A list of Gemini's chunks may be trimmed.
                stream.is_ended = stream.is_ended or events[0].api == GEMINI
                return stream
    return None


def _is_request(values: Mapping[str, Any]) -> bool:
    """Return whether a record is a request without an id, whose answer may be a stream."""
    has_answer = "answer" in own_columns(tuple(values))
    if has_answer or ids_of(values) or {"response", "result", "error"} & values.keys():
        return False
    request = request_of(values)
    return bool(request) or (values.get("stream") is True and bool(prompt_of(values)))


def _call_of(event: Event, without: str = "") -> tuple[str, str]:
    """Return what shows to which call an event belongs, but for the field `without`."""
    names = [name for name in _CALL_FIELDS if name in event.outer and name != without]
    return event.api, digest_of({name: event.outer[name] for name in names})


def _item_of(event: Event) -> str:
    if event.api != RESPONSES:
        return ""
    return text_of(event.payload.get("item_id") or dict_of(event.payload.get("item")).get("id"))


def _has_words(event: Event) -> bool:
    """Return whether a chunk has words of an answer, and not only its end, pages or counts."""
    if event.api == CHAT:
        choices = dicts_of(event.payload.get("choices"))
        return any(dict_of(choice.get("delta")).get("content") for choice in choices)
    candidates = dicts_of(event.payload.get("candidates"))
    parts = [dicts_of(dict_of(candidate.get("content")).get("parts")) for candidate in candidates]
    return event.api == GEMINI and any(part.get("text") for listed in parts for part in listed)


def _begun_block(event: Event) -> int | None:
    """Return the number of the part of an answer that an event begins, None for other events."""
    names = {"content_block_start": "index", "response.output_item.added": "output_index"}
    number = event.payload.get(names.get(text_of(event.payload.get("type")), ""))
    return number if isinstance(number, int) else None
