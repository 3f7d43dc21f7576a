"""Claude's data export: the turns of the conversations of an account.

The export has no official schema. The words of a message are in `content`; in older exports they
are in `text` alone. Edited questions and repeated answers are branches: the branch in which a
conversation ends counts.
"""

from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.api_format import Exchange, LogFormat, dict_of, dicts_of
from coverage_kit.collect.logs.dialogues import Message, Speaker, read_turns, speaker_of
from coverage_kit.collect.logs.record import Aside, Citation, LogRecord, Merged, Outcome
from coverage_kit.collect.logs.values import citations_of, label_of

_ABANDONED = Aside("a message of a branch that was abandoned")
# What the export writes where it has no words for a block.
_PLACEHOLDER = "This block is not supported on your current device yet."


def _recognises(exchange: Exchange) -> bool:
    return isinstance(exchange.body.get("chat_messages"), list)


def _read(exchange: Exchange) -> list[Outcome]:
    conversation = exchange.body
    logged = dicts_of(conversation.get("chat_messages"))
    branch = _branch(conversation, logged)
    messages = [_message(message) for message in branch]
    turns = read_turns(messages)
    outcomes: list[Outcome] = [turn for turn in turns if not isinstance(turn, Merged)]
    for outcome in outcomes:
        if isinstance(outcome, LogRecord):
            outcome.engine = "claude"
            outcome.surface = "app"
            outcome.run_id = label_of(conversation.get("uuid"))
            outcome.model = outcome.model or label_of(conversation.get("model"))
            outcome.asked_at = outcome.asked_at or conversation.get("created_at")
    outcomes += [_ABANDONED] * (len(logged) - len(branch))
    return outcomes or [Aside("an empty conversation")]


def _branch(conversation: dict[str, Any], messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages from the first to the current one; all where the export has no branches.

    The current message is the one that the conversation names, else the last of the list.
    """
    by_id = {text_of(message.get("uuid")): message for message in messages}
    if not any(text_of(message.get("parent_message_uuid")) in by_id for message in messages):
        return messages
    name = text_of(conversation.get("current_leaf_message_uuid"))
    if name not in by_id:
        name = text_of(messages[-1].get("uuid"))
    branch: dict[str, dict[str, Any]] = {}
    # A broken export may name a message as its own ancestor.
    while name in by_id and name not in branch:
        branch[name] = by_id[name]
        name = text_of(by_id[name].get("parent_message_uuid"))
    return list(reversed(branch.values()))


def _message(message: dict[str, Any]) -> Message:
    text, citations = _words(message)
    blocks = dicts_of(message.get("content"))
    results = [block.get("content") for block in blocks if block.get("type") == "tool_result"]
    inputs = [dict_of(block.get("input")) for block in blocks if block.get("type") == "tool_use"]
    return Message(
        speaker=speaker_of(message.get("sender")),
        who=text_of(message.get("sender")),
        text=text if speaker_of(message.get("sender")) is Speaker.ASSISTANT else text.strip(),
        asked_at=message.get("created_at"),
        citations=citations,
        retrieved=tuple(page for result in results for page in citations_of(dicts_of(result))),
        searches=tuple(search for values in inputs if (search := label_of(values.get("query")))),
    )


def _words(message: dict[str, Any]) -> tuple[str, tuple[Citation, ...]]:
    """Return the words of a message, and its citations with their spans in these words."""
    texts = list[str]()
    citations = list[Citation]()
    offset = 0
    for block in dicts_of(message.get("content")):
        text = block.get("text")
        if block.get("type") != "text" or not isinstance(text, str) or not text.strip():
            continue
        citations += [
            _moved(page, offset)
            for citation in dicts_of(block.get("citations"))
            for page in citations_of([{**citation, **dict_of(citation.get("details"))}])
        ]
        texts.append(readable(text))
        offset += len(texts[-1]) + 1
    words = "\n".join(texts) or readable(_string(message.get("text")))
    return words.replace(_PLACEHOLDER, "") if not texts else words, tuple(citations)


def _moved(page: Citation, offset: int) -> Citation:
    if page.start is None or page.end is None:
        return page
    return page._replace(start=page.start + offset, end=page.end + offset)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


FORMAT = LogFormat(
    name="Claude data export",
    fields={
        "query": "chat_messages (human)",
        "answer": "chat_messages (assistant)",
        "run_id": "uuid",
        "asked_at": "created_at",
        "citations": "content.citations",
        "retrieved": "tool_result",
        "searches": "tool_use.input.query",
    },
    recognises=_recognises,
    read=_read,
    known=frozenset(
        {
            *("chat_messages", "uuid", "name", "summary", "created_at", "updated_at", "account"),
            *("current_leaf_message_uuid", "is_starred", "is_temporary", "project", "settings"),
            *("project_uuid", "platform"),
        }
    ),
)
