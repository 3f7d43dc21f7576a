"""A call of a model as tracing tools log it: its input and its output.

Both are in the shape of any provider, or plain text.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs import generic
from coverage_kit.collect.logs.api_format import (
    Exchange,
    LogFormat,
    dict_of,
    engine_of,
    open_exchange,
    own_columns,
    prompt_of,
    words_of,
)
from coverage_kit.collect.logs.record import LogRecord, Outcome, UnreadableRecordError
from coverage_kit.collect.logs.values import label_of, parsed

FindFormat = Callable[[Exchange], LogFormat | None]

# Lists of messages nest no deeper than this (assumed); a deeper list is left as it is.
_MAX_DEPTH = 8
# The roles of messages in LangChain, and OpenAI's words for them.
_ROLES = {"human": "user", "ai": "assistant"}


def read_call(
    find_format: FindFormat, call_input: Any, call_output: Any, model: str | None
) -> LogRecord:
    """Return the record of a call from its input and output.

    They are read as a provider's request and response where `find_format` recognises them. Raises
    UnreadableRecordError for a call without a message of a user.
    """
    request = _request(call_input)
    prompt = prompt_of(request) or _query_text(request)
    if not prompt:
        raise UnreadableRecordError("no query: the call has no message of a user")
    exchange = open_exchange(
        {
            "prompt": prompt,
            "request": request,
            "response": dict_of(call_output),
            "model": model,
        },
        {},
    )
    is_response = bool(dict_of(call_output)) and "messages" not in call_output
    log_format = find_format(exchange) if is_response else None
    record = _last_record(log_format.read(exchange)) if log_format else None
    record = record or _read_plain(prompt, call_output)
    return replace(
        record,
        engine=record.engine or engine_of(record.model or model),
        model=record.model or model,
        surface=record.surface or "api",
    )


def _last_record(outcomes: Iterable[Outcome]) -> LogRecord | None:
    """Return the last record: the answer to a call is what came last. None without any record."""
    records = [outcome for outcome in outcomes if isinstance(outcome, LogRecord)]
    return records[-1] if records else None


def plain_messages(value: Any, depth: int = 0) -> list[Any]:
    """Return messages as a flat list, each with role and content.

    LangChain's spellings become OpenAI's.

    >>> human = {"id": ["langchain", "HumanMessage"], "kwargs": {"content": "best crm"}}
    >>> plain_messages([[human], ["ai", "Acme"]])
    [{'content': 'best crm', 'role': 'user'}, {'role': 'assistant', 'content': 'Acme'}]
    """
    if isinstance(value, dict):
        return [_plain_message(value)]
    if not isinstance(value, list) or depth > _MAX_DEPTH:
        return [value]
    if len(value) == 2 and all(isinstance(item, str) for item in value):
        return [{"role": _ROLES.get(value[0], value[0]), "content": value[1]}]
    return [message for item in value for message in plain_messages(item, depth + 1)]


def _plain_message(message: dict[str, Any]) -> dict[str, Any]:
    inner = dict_of(message.get("kwargs")) or dict_of(message.get("data")) or message
    class_name = message["id"][-1:] if isinstance(message.get("id"), list) else []
    role = text_of(inner.get("role") or inner.get("type") or class_name or message.get("type"))
    # "AIMessageChunk" and "AIMessage" are messages of the role "ai".
    role = role.lower().removesuffix("chunk").removesuffix("message")
    return {**inner, "role": _ROLES.get(role, role)} if "content" in inner else message


def _request(call_input: Any) -> dict[str, Any]:
    """Return a call's input as a request; a message or a list of messages becomes its messages.

    The arguments of a function that was traced are the fields of its request.
    """
    if isinstance(call_input, dict) and call_input.keys() <= {"args", "kwargs"}:
        call_input = _arguments(call_input)
    if isinstance(call_input, dict) and "content" not in call_input and "kwargs" not in call_input:
        lists = {
            key: plain_messages(value)
            for key, value in call_input.items()
            if isinstance(value, list)
        }
        return {**call_input, **lists}
    return (
        {"messages": plain_messages(call_input)}
        if isinstance(call_input, (dict, list))
        else {"prompt": text_of(call_input)}
    )


def _arguments(call_input: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call as fields: by their names, else by their positions."""
    request: dict[str, Any] = {}
    positional = call_input.get("args")
    for number, cell in enumerate(positional if isinstance(positional, list) else ()):
        argument = parsed(cell)
        is_named = isinstance(argument, dict) and "content" not in argument
        name = f"argument {number}" if isinstance(argument, str) else "messages"
        request = {**(argument if is_named else {name: argument}), **request}
    return {**request, **dict_of(call_input.get("kwargs"))}


def _query_text(request: dict[str, Any]) -> str:
    """Return the text of the field with the name of a query, else of the only field with text."""
    query = text_of(request.get(own_columns(tuple(request)).get("query", "")))
    return query or _only_text(request)


def _read_plain(prompt: str, call_output: Any) -> LogRecord:
    """Return the record of an output that is no provider's response."""
    values = dict_of(call_output)
    mapping = {
        field: name for field, name in own_columns(tuple(values)).items() if field != "query"
    }
    record = generic.read_row({**values, "": prompt}, {**mapping, "query": ""})
    messages = plain_messages(values.get("messages", call_output))
    last_reply = next(
        (message for message in reversed(messages) if dict_of(message).get("role") == "assistant"),
        None,
    )
    if last_reply is not None:
        return replace(record, answer=words_of(dict_of(last_reply).get("content")))
    if not record.answer:
        return replace(record, answer=label_of(call_output) or _only_text(values))
    return record


def _only_text(values: dict[str, Any]) -> str:
    """Return the text of the only field that holds text, '' where none or several do."""
    texts = [value for value in values.values() if isinstance(value, str) and value.strip()]
    return texts[0].strip() if len(texts) == 1 else ""
