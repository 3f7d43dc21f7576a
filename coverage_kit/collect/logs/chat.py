"""Logs of chat completions: the last user message is the query, the assistant's message the answer."""

from coverage_kit.collect.logs.columns import choose_columns
from coverage_kit.collect.logs.exchange import Exchange, LogFormat, begin_record, dict_of, dicts_of
from coverage_kit.collect.logs.record import LogRecord
from coverage_kit.collect.logs.values import citations_of, text_of


def _recognises(exchange: Exchange) -> bool:
    is_completion = any("message" in choice for choice in dicts_of(exchange.body.get("choices")))
    is_dialogue = any(message.get("role") == "user" for message in dicts_of(exchange.body.get("messages")))
    return is_completion or is_dialogue or (bool(exchange.error) and "messages" in exchange.request)


def _read(exchange: Exchange) -> LogRecord:
    said = [dict_of(choice.get("message")) for choice in dicts_of(exchange.body.get("choices"))[:1]]
    said = said or [one for one in dicts_of(exchange.body.get("messages")) if one.get("role") == "assistant"]
    columns = choose_columns(tuple(exchange.outer), {})
    aside = exchange.outer.get(columns["answer"]) if "answer" in columns else None
    answer = text_of(said[-1].get("content")) if said else text_of(aside)
    return LogRecord(
        **begin_record(exchange, "", answer),
        citations=citations_of(dicts_of(said[-1].get("annotations"))) if said else (),
    )


FORMAT = LogFormat(
    name="chat completions",
    fields={
        "query": "messages",
        "answer": "message.content",
        "model": "model",
        "asked_at": "created",
        "citations": "annotations",
    },
    recognises=_recognises,
    read=_read,
)
