"""Logs with one message a row: the messages of a conversation, paired into questions and answers.

Chat tools and own bots write such logs. They are known by a column that says who speaks and a
column of what is said; who speaks shows in the content of the column.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import (
    dict_of,
    dicts_of,
    engine_of,
    own_columns,
    words_of,
)
from coverage_kit.collect.logs.columns import SYNONYMS, find_column, plain_name
from coverage_kit.collect.logs.dialogues import (
    NEXT_QUESTION,
    NO_ANSWER,
    Message,
    Speaker,
    read_turns,
    speaker_of,
)
from coverage_kit.collect.logs.html_words import html_words
from coverage_kit.collect.logs.joined_rows import outcome_of, outcome_row
from coverage_kit.collect.logs.lines import Row, Source
from coverage_kit.collect.logs.record import LogRecord, Merged, Outcome
from coverage_kit.collect.logs.times import is_day_first, parse_time
from coverage_kit.collect.logs.values import (
    citations_of,
    error_of,
    flag_of,
    label_of,
    parsed,
    searches_of,
)

# So many rows show whether a source has a message a row (assumed).
N_SAMPLED = 100
# So many times show whether the day comes before the month (assumed).
_N_TIMES = 1000
# Nearly all rows with words have a known speaker (assumed).
_MIN_SHARE = 0.6
# The columns that say who speaks, the surest first. Those of the second list hold flags: whether
# the user speaks, or whether a bot does.
_SPEAKER_NAMES = (
    *("role", "sender type", "author type", "author role", "sender role", "message role"),
    *("participant type", "creator type", "user type", "speaker", "sender", "direction", "author"),
    *("from", "sent by", "message type", "type name", "event type", "event", "actor", "type"),
    *("participant", "source", "name"),
)
_USER_FLAGS = ("is created by user", "is user", "from user", "is from user", "is customer")
_BOT_FLAGS = ("is bot", "is ai", "from bot", "is from bot", "is assistant", "is agent")
_TEXT_NAMES = (
    *("content", "text", "message", "body", "message text", "message content", "message body"),
    *("text content", "plain text", "utterance", "msg", "payload", "transcript", "parts", "value"),
)
_CONVERSATION_NAMES = (
    *("conversation id", "conversation uuid", "conversation", "thread id", "thread", "chat id"),
    *("session id", "session", "dialog id", "dialogue id", "ticket id", "case id", "room id"),
    *("channel id", "interaction id", "call id", "run id", "conversation name", "sender id"),
)
# A person's messages are one conversation where no other column says which they belong to.
_PERSON_NAMES = ("user id", "customer id", "visitor id", "contact id", "email", "user email")
_TIME_NAMES = (
    *("created at", "timestamp", "sent at", "time", "date", "datetime", "created", "create time"),
    *("message time", "event time", "ts", "date time", "created on", "start time", "updated at"),
)
_NAME_NAMES = ("message id", "message uuid", "id", "uuid")
_PARENT_NAMES = (
    *("parent message id", "parent message uuid", "parent id", "parent", "reply to"),
    *("in reply to", "reply to id", "reply to message id"),
)
# A table with a column for questions and another for answers has no message a row.
_QUESTION_NAMES = ("query", "prompt", "question", "user query", "user prompt", "user question")
# Cells of a column of names that are different people are many (assumed).
_MAX_UNKNOWN = 3


@dataclass
class _Columns:
    """The columns of a source with a message a row, and who speaks by the words in them.

    `is_user` says what a flag means. `others` is the speaker behind words that name nobody.
    """

    speaker: str
    text: str
    is_flag: bool = False
    is_user: bool = True
    others: Speaker | None = None
    sender: str | None = None
    conversation: str | None = None
    is_person: bool = False
    time: str | None = None
    name: str | None = None
    parent: str | None = None

    def who(self, values: Mapping[str, Any]) -> Any:
        cell = values.get(self.speaker)
        cell = parsed(cell) if isinstance(cell, str) else cell
        if isinstance(cell, dict):
            names = (cell.get(name) for name in ("role", "type", "name", "kind"))
            return next((name for name in names if label_of(name)), "")
        return cell

    def speaks(self, values: Mapping[str, Any]) -> Speaker | None:
        who = self.who(values)
        if self.is_flag:
            flag = flag_of(who)
            if flag is None:
                return None
            return Speaker.USER if flag == self.is_user else Speaker.ASSISTANT
        if label_of(who) is None:
            return None
        return speaker_of(who) or self.others

    def says(self, values: Mapping[str, Any]) -> str:
        cell = values.get(self.text)
        cell = parsed(cell) if isinstance(cell, str) and cell.startswith(("{", "[")) else cell
        kinds = {text_of(part.get("type")) for part in dicts_of(cell)}
        if kinds and kinds <= {"tool_result", "tool_use", "tool_call"}:
            return ""
        words = words_of(cell).strip()
        return html_words(words) if words.startswith("<") and words.endswith(">") else words


class MessageRows:
    """A source with a message a row; its rows say what each message became."""

    def __init__(self, source: Source, columns: _Columns, names: Sequence[str]) -> None:
        self.location = source.location
        self._source = source
        self._columns = columns
        self._names = names
        self._surveyed: _Survey | None = None

    def header(self) -> None:
        """Return None, because each row says what became of a message."""

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """Yield what each message became: a question with its answer, or a part of one.

        The messages of a conversation are in memory until its last one is read.
        """
        survey = self._surveyed = self._surveyed or self._survey()
        n_left = survey.n_messages.copy()
        waiting: dict[str, list[tuple[Row, Message]]] = {}
        for row in self._source.rows(self._names):
            if row.problem:
                yield row
                continue
            key = survey.key_of(row.values)
            message = self._message(row, survey)
            messages = waiting.setdefault(key, [])
            if survey.is_one_sequence and message.speaker is Speaker.USER:
                # The questions before this one have their answers.
                yield from self._turns(messages, survey, is_last=False)
                messages.clear()
            messages.append((row, message))
            n_left[key] -= 1
            if not n_left[key]:
                yield from self._turns(waiting.pop(key), survey, is_last=True)

    def _survey(self) -> "_Survey":
        survey = _Survey(self._columns)
        for row in self._source.rows(self._names):
            if not row.problem:
                survey.add(row.values)
        survey.finish()
        return survey

    def _message(self, row: Row, survey: "_Survey") -> Message:
        columns = self._columns
        values = row.values
        own = own_columns(tuple(values))
        cells = {name: values.get(column) for name, column in own.items()}
        speaker = columns.speaks(values)
        who = text_of(values.get(columns.sender) if columns.sender else columns.who(values))
        named_model = who if engine_of(who) else None
        error = error_of(cells.get("error"), None)
        return Message(
            speaker=speaker,
            who=who,
            text=columns.says(values),
            name=text_of(values.get(columns.name)) if columns.name else "",
            parent=text_of(values.get(columns.parent)) if columns.parent else "",
            asked_at=parse_time(values.get(columns.time), survey.is_day_first)
            or values.get(columns.time)
            if columns.time
            else None,
            model=label_of(cells.get("model")) or named_model,
            error=error if speaker is Speaker.ASSISTANT else None,
            citations=citations_of(cells["citations"]) if "citations" in own else (),
            retrieved=citations_of(cells["retrieved"]) if "retrieved" in own else (),
            searches=searches_of(cells["searches"]) if "searches" in own else (),
            extra=survey.extra_of(values, own),
        )

    def _turns(
        self, messages: list[tuple[Row, Message]], survey: "_Survey", is_last: bool
    ) -> Iterator[Row]:
        ordered = _in_order(messages, survey.is_newest_first) if survey.has_times else messages
        outcomes = read_turns([message for _, message in ordered], survey.has_answers)
        for (row, _), outcome in zip(ordered, outcomes, strict=True):
            if isinstance(outcome, LogRecord):
                self._finish(outcome, row.values, survey, is_last)
            yield outcome_row(row.line, outcome)

    def _finish(
        self, record: LogRecord, values: Mapping[str, Any], survey: "_Survey", is_last: bool
    ) -> None:
        own = own_columns(tuple(values))
        cells = {name: label_of(values.get(column)) for name, column in own.items()}
        record.engine = cells.get("engine") or engine_of(record.model)
        record.surface = cells.get("surface")
        record.market = cells.get("market")
        conversation = self._columns.conversation
        if conversation and not self._columns.is_person:
            record.run_id = label_of(values.get(conversation))
        if record.error == NO_ANSWER and not is_last:
            record.error = NEXT_QUESTION


class _Survey:
    """What a first reading of all messages shows: their conversations, their order, who speaks.

    `n_messages` counts the messages of each conversation. `is_one_sequence` says that the log names
    no conversations and has its messages in order, so that no more than a turn need be kept.
    """

    def __init__(self, columns: _Columns) -> None:
        self.columns = columns
        self.n_messages: Counter[str] = Counter()
        self.has_answers = False
        self.has_times = columns.time is not None
        self.is_one_sequence = False
        self.is_newest_first = False
        self.is_day_first = False
        self._speakers: dict[str, set[Speaker | None]] = {}
        self._parents: dict[str, str] = {}
        self._times: list[Any] = []
        self._last_time: Any = None
        self._is_finished = False
        # Whether a time is missing, and whether some are before, or after, the one above them.
        self._has_gap = self._has_fall = self._has_rise = False

    def add(self, values: Mapping[str, Any]) -> None:
        """Count a message."""
        columns = self.columns
        speaker = columns.speaks(values)
        self.has_answers = self.has_answers or speaker is Speaker.ASSISTANT
        if columns.name and columns.parent and not columns.conversation:
            name = text_of(values.get(columns.name))
            self._parents[name] = text_of(values.get(columns.parent))
        key = self.key_of(values)
        self.n_messages[key] += 1
        if columns.is_person:
            self._speakers.setdefault(key, set()).add(speaker)
        if columns.time:
            self._note_time(values.get(columns.time))

    def _note_time(self, cell: Any) -> None:
        if len(self._times) < _N_TIMES:
            self._times.append(cell)
        time = parse_time(cell)
        if time is None:
            self._has_gap = True
            return
        if self._last_time is not None:
            self._has_fall = self._has_fall or time < self._last_time
            self._has_rise = self._has_rise or time > self._last_time
        self._last_time = time

    def finish(self) -> None:
        """Decide what all messages together show."""
        self._is_finished = True
        self.is_day_first = is_day_first(self._times)
        self.is_newest_first = self._has_fall and not self._has_rise
        if self.columns.is_person and any(
            Speaker.ASSISTANT in speakers and Speaker.USER not in speakers
            for speakers in self._speakers.values()
        ):
            # The ids are of those who speak, so that answers have other ids than their questions.
            self.columns.conversation = None
            self.columns.is_person = False
            self.n_messages = Counter({"": self.n_messages.total()})
        if not self.columns.conversation and self._parents:
            n_messages = self.n_messages
            self.n_messages = Counter()
            for name, n in n_messages.items():
                self.n_messages[self._root_of(name)] += n
        has_groups = self.columns.conversation is not None or bool(self._parents)
        is_in_order = not self.has_times or not (self._has_fall or self._has_gap)
        self.is_one_sequence = is_in_order and not has_groups

    def key_of(self, values: Mapping[str, Any]) -> str:
        """Return the conversation of a message; the first message names it where no column does."""
        columns = self.columns
        if columns.conversation:
            return text_of(values.get(columns.conversation))
        if not (columns.parent and columns.name):
            return ""
        name = text_of(values.get(columns.name))
        return self._root_of(name) if self._is_finished else name

    def _root_of(self, name: str) -> str:
        seen = set[str]()
        while (parent := self._parents.get(name, "")) in self._parents and name not in seen:
            seen.add(name)
            name = parent
        return name

    def extra_of(self, values: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
        """Return the filled fields of a message that no record holds."""
        columns = self.columns
        read = {
            *(columns.speaker, columns.text, columns.conversation, columns.time),
            *(columns.name, columns.parent, columns.sender, *own.values()),
        }
        return {
            name: value
            for name, value in values.items()
            if name not in read and (label_of(value) or dict_of(value))
        }


def open_messages(
    source: Source, names: Sequence[str], rows: Sequence[dict[str, Any]]
) -> MessageRows | None:
    """Return a source whose messages are paired, or None where it has no message a row.

    `names` are its columns, and `rows` a sample of its records.
    """
    columns = None if _is_table_of_answers(names) else _find_columns(names, rows)
    return MessageRows(source, columns, names) if columns else None


def read_dialogue(messages: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Return what the messages of one dialogue became; nothing where they are no messages.

    An answer is in the record of its question, and has no outcome of its own.
    """
    names = list(dict.fromkeys(name for message in messages for name in message))
    source = open_messages(_Listed(messages), names, messages[:N_SAMPLED])
    outcomes = [outcome_of(row) for row in source.rows(())] if source else []
    return [outcome for outcome in outcomes if not isinstance(outcome, Merged)]


class _Listed:
    """The messages of a record as a source."""

    location = ""

    def __init__(self, messages: Sequence[dict[str, Any]]) -> None:
        self._messages = messages

    def header(self) -> None:
        return None

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        yield from (Row(number, message) for number, message in enumerate(self._messages, 1))


def _is_table_of_answers(names: Sequence[str]) -> bool:
    plain = {plain_name(name) for name in names}
    has_question = any(plain_name(name) in plain for name in _QUESTION_NAMES)
    has_answer = any(plain_name(name) in plain for name in SYNONYMS["answer"][:4])
    return has_question and has_answer


def _find_columns(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> _Columns | None:
    columns = _speaker_and_text(names, rows)
    if columns is None:
        return None
    used = {columns.speaker, columns.text}
    free = [name for name in names if name not in used]
    columns.conversation = find_column(free, _CONVERSATION_NAMES)
    columns.time = find_column(free, _TIME_NAMES)
    columns.name = find_column(free, _NAME_NAMES)
    columns.parent = find_column(free, _PARENT_NAMES)
    if columns.parent and not _leads_to_messages(columns, rows):
        columns.parent = None
    if columns.conversation is None and columns.parent is None:
        columns.conversation = find_column(free, _PERSON_NAMES)
        columns.is_person = columns.conversation is not None
    return columns


def _leads_to_messages(columns: _Columns, rows: Sequence[dict[str, Any]]) -> bool:
    if not columns.name or not columns.parent:
        return False
    ids = {text_of(values.get(columns.name)) for values in rows}
    return any(text_of(values.get(columns.parent)) in ids for values in rows)


def _speaker_and_text(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> _Columns | None:
    """Return the columns of who speaks and of what is said, None where no column shows both."""
    plain = {plain_name(name): name for name in reversed(names)}
    texts = [plain[key] for name in _TEXT_NAMES if (key := plain_name(name)) in plain]
    if not texts:
        return None
    for flags, is_user in ((_USER_FLAGS, True), (_BOT_FLAGS, False)):
        for flag in flags:
            column = plain.get(plain_name(flag))
            if column and all(flag_of(values.get(column)) is not None for values in rows):
                sender = plain.get("sender") or plain.get("model")
                return _Columns(
                    column, _fullest(texts, rows), is_flag=True, is_user=is_user, sender=sender
                )
    for name in _SPEAKER_NAMES:
        column = plain.get(plain_name(name))
        others = [text for text in texts if text != column]
        if column is None or not others:
            continue
        columns = _Columns(column, _fullest(others, rows))
        words = [who for values in rows if label_of(who := columns.who(values)) is not None]
        known = Counter(speaker_of(word) for word in words)
        if not words or len(words) < _MIN_SHARE * len(rows):
            continue
        has_user, has_assistant = known[Speaker.USER] > 0, known[Speaker.ASSISTANT] > 0
        if not has_user and not has_assistant:
            if name in ("sender", "speaker") and 1 < len(set(map(text_of, words))) <= _MAX_UNKNOWN:
                # Two who speak in turn, of whom neither is known: nothing of it is a question.
                return columns
            continue
        if has_assistant and not has_user and known[None]:
            # The bot has a known name, and people have their own.
            columns.others = Speaker.USER
        elif known[None] > (1 - _MIN_SHARE) * len(words):
            continue
        elif not has_assistant and plain_name(name) not in ("role", "sender", "speaker"):
            # A column such as `type` may say "user" of every row for another reason.
            continue
        return columns
    return None


def _fullest(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """Return the first of these columns that holds words in most rows, else the fullest."""
    filled = {name: sum(bool(text_of(values.get(name))) for values in rows) for name in names}
    most = max(filled.values())
    return next(name for name in names if filled[name] * 2 >= most)


def _in_order(
    messages: list[tuple[Row, Message]], is_newest_first: bool
) -> list[tuple[Row, Message]]:
    """Return the messages in the order of their times; in that of the log where one has no time.

    Of messages with the same time the earlier one comes first; where the log lists the newest
    first, the later one.
    """
    times = [message.asked_at for _, message in messages]
    if not times or not all(isinstance(time, datetime) for time in times):
        return messages
    is_newest_first = is_newest_first or times[0] > times[-1]
    ordered = list(reversed(messages)) if is_newest_first else messages
    return sorted(ordered, key=lambda pair: pair[1].asked_at)
