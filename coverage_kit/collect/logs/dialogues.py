"""Turns of a dialogue: which message answers which question.

What a person says is a question, and what follows until the next question is its answer. What an
assistant says is never a question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import engine_of
from coverage_kit.collect.logs.columns import plain_name
from coverage_kit.collect.logs.record import Aside, Citation, LogRecord, Merged, Outcome, Reject
from coverage_kit.text.english_words import words_of

NEXT_QUESTION = "no answer: the next message is the user's again"
NO_ANSWER = "no answer follows"
NO_QUESTION = Reject("an answer without a question before it")
_NO_WORDS = Reject("no query: a message of the user without words")
_ANSWER = Merged("the answer to a question")
_OTHER_ANSWER = Aside("an earlier answer to the same question")
_STEP = Aside("a message of a system or a tool")

# Who speaks, as exports name it; compared as `plain_name` writes it.
_USERS = words_of(
    "user human question prompt customer visitor client enduser contact lead guest person "
    "requester inbound incoming member caller me you enduserquery userquery userutterance "
    "usermessage humanmessage nutzer benutzer kunde kundin mensch usuario cliente utilisateur "
    "utente gebruiker klant użytkownik klient"
)
_ASSISTANTS = words_of(
    "assistant ai answer response bot model chatbot agent operator admin outbound outgoing "
    "copilot answerbot virtualassistant assistantmessage aimessage botmessage botuttered gpt "
    "llm support staff aiagent fin inkeep assistent asistente assistente ki ia"
)
_STEPS = words_of(
    "system tool function developer note action slot event sessionstarted restart workflow "
    "ipython toolresult toolcall functioncall observation thought thinking internal followup "
    "internalnote summary"
)


class Speaker(Enum):
    """Who says a message; a step is of a system or a tool."""

    USER = "user"
    ASSISTANT = "assistant"
    STEP = "step"


@dataclass
class Message:
    """A message of a dialogue.

    `speaker` is None where it is not known, and `who` then says what the log has in its place.
    `parent` is the id of the message that it answers, where the log says so. `is_aside` says that
    a message is part of no question, such as a branch that was abandoned.
    """

    speaker: Speaker | None
    text: str
    who: str = ""
    name: str = ""
    parent: str = ""
    asked_at: Any = None
    model: str | None = None
    error: str | None = None
    citations: tuple[Citation, ...] = ()
    retrieved: tuple[Citation, ...] = ()
    searches: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def speaker_of(word: Any) -> Speaker | None:
    """Return who speaks by a word or a name, None where it does not show.

    >>> [speaker_of(word) for word in ("Human", "gpt-5", "HelpBot", "tool", "Anna")][2:]
    [<Speaker.ASSISTANT: 'assistant'>, <Speaker.STEP: 'step'>, None]
    """
    name = plain_name(text_of(word))
    if name in _USERS:
        return Speaker.USER
    if name in _STEPS:
        return Speaker.STEP
    is_assistant = name in _ASSISTANTS or name.endswith(("bot", "assistant"))
    return Speaker.ASSISTANT if is_assistant or engine_of(word) else None


def read_turns(messages: Sequence[Message], has_answers: bool = True) -> list[Outcome]:
    """Return what each message of a dialogue becomes, in their order.

    A question becomes a record with its answer; without answer it is a failure, unless the log has
    no answers at all (`has_answers` is False). An answer is merged into the record of its question.
    Of several answers to the same message the last counts. Records have the fields of messages; the
    caller adds the engine, the surface and the run.
    """
    outcomes: list[Outcome] = [_STEP] * len(messages)
    by_name = {message.name: index for index, message in enumerate(messages) if message.name}
    answers: dict[int, list[int]] = {}
    last_question: int | None = None
    for index, message in enumerate(messages):
        if message.speaker is Speaker.USER:
            last_question = index if message.text else None
            outcomes[index] = _NO_WORDS
            if message.text:
                answers[index] = []
        elif message.speaker is Speaker.ASSISTANT:
            question = _question_of(index, messages, by_name)
            question = last_question if question is None else question
            if question in answers:
                answers[question].append(index)
            outcomes[index] = _ANSWER if question in answers else NO_QUESTION
        elif message.speaker is None:
            outcomes[index] = Reject(f"it is not known who says this: {message.who or 'nobody'!r}")
    questions = list(answers)
    for question, indexes in answers.items():
        kept = _last_branch(indexes, messages)
        for index in set(indexes) - set(kept):
            outcomes[index] = _OTHER_ANSWER
        is_last = question == questions[-1]
        reason = (NO_ANSWER if is_last else NEXT_QUESTION) if has_answers else None
        outcomes[question] = _record(messages[question], [messages[i] for i in kept], reason)
    return outcomes


def _question_of(index: int, messages: Sequence[Message], by_name: Mapping[str, int]) -> int | None:
    """Return the question that an answer's parents lead to, None where they lead to none."""
    seen = set[int]()
    parent = by_name.get(messages[index].parent)
    while parent is not None and parent not in seen:
        if messages[parent].speaker is Speaker.USER:
            return parent
        seen.add(parent)
        parent = by_name.get(messages[parent].parent)
    return None


def _last_branch(indexes: Sequence[int], messages: Sequence[Message]) -> list[int]:
    """Return the answers of a question without those that were made again.

    Answers that have the same parent were made again; answers that follow each other are one.
    """
    last_of = {messages[index].parent or f"{index}": index for index in indexes}
    kept = set(last_of.values())
    # What follows an answer that was made again goes with it.
    dropped = {messages[index].name for index in indexes if index not in kept} - {""}
    result = list[int]()
    for index in indexes:
        if index not in kept:
            continue
        if messages[index].parent in dropped and messages[index].parent:
            dropped.add(messages[index].name)
            continue
        result.append(index)
    return result


def _record(question: Message, answers: Sequence[Message], reason: str | None) -> LogRecord:
    texts = [message.text for message in answers if message.text]
    answer = "\n".join(texts)
    errors = [message.error for message in (question, *answers) if message.error]
    # An answer after a failed one is an answer.
    error = errors[-1] if errors and not (answers and not answers[-1].error) else None
    record = LogRecord(
        query=question.text,
        answer=answer if answers or reason else None,
        asked_at=question.asked_at or next((m.asked_at for m in answers if m.asked_at), None),
        model=next((message.model for message in answers if message.model), question.model),
        error=error or (reason if not answers else None),
        retrieved=tuple(page for message in answers for page in message.retrieved),
        searches=tuple(search for message in answers for search in message.searches),
        extra={**question.extra, **{k: v for m in answers for k, v in m.extra.items()}},
    )
    offset = 0
    citations = list[Citation]()
    for message in answers:
        for page in message.citations:
            if page.start is None or page.end is None:
                citations.append(page)
            else:
                citations.append(page._replace(start=page.start + offset, end=page.end + offset))
        offset += len(message.text) + 1 if message.text else 0
    record.citations = tuple(citations)
    record.has_searched = bool(record.citations or record.retrieved or record.searches)
    return record
