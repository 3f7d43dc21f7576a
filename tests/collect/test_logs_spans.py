"""Spans of OpenTelemetry: one question for each trace, whichever convention wrote it."""

import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.parts import merge_log_parts, plan_log, read_log_part
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import account, kinds, read_records, read_rows

QUESTION, ANSWER = "Which chain fits a 12-speed hub?", "A flat-top one."
ASKED = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief: who asks what?"}]},
    {"role": "user", "parts": [{"type": "text", "content": QUESTION}]},
]
ANSWERED = [
    {"role": "assistant", "parts": [{"type": "text", "content": ANSWER}], "finish_reason": "stop"}
]
CALLED = [
    {
        "role": "assistant",
        "parts": [{"type": "tool_call", "name": "find_chain", "arguments": {"q": "who?"}}],
        "finish_reason": "tool_call",
    }
]
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.conversation.id": "conv-1",
}
MESSAGES = {
    "gen_ai.input.messages": json.dumps(ASKED),
    "gen_ai.output.messages": json.dumps(ANSWERED),
}


def span(attributes, name="s1", trace="t1", parent="", start=1788256800, **fields):
    return {
        "name": "chat gpt-5",
        "trace_id": trace,
        "span_id": name,
        "parent_id": parent or None,
        "start_time": start,
        "attributes": attributes,
        **fields,
    }


def nested(attributes):
    """Return attributes as the levels of their names."""
    result = {}
    for name, value in attributes.items():
        *path, last = name.split(".")
        holder = result
        for key in path:
            holder = holder.setdefault(key, {})
        holder[last] = value
    return result


def pairs(attributes):
    """Return attributes as OTLP writes them."""
    return [{"key": name, "value": value_of(value)} for name, value in attributes.items()]


def value_of(value):
    if isinstance(value, list):
        return {"arrayValue": {"values": [value_of(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def otlp(*spans):
    rows = [
        {
            "traceId": row["trace_id"],
            "spanId": row["span_id"],
            "parentSpanId": row["parent_id"] or "",
            "name": row["name"],
            "startTimeUnixNano": str(row["start_time"] * 10**9),
            "attributes": pairs(row["attributes"]),
        }
        for row in spans
    ]
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": rows}]}]}


SHAPES = {
    "attributes with messages as text": span(CHAT | MESSAGES),
    "attributes with messages as objects": span(
        CHAT | {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED}
    ),
    "nested attributes": span(nested(CHAT | MESSAGES)),
    "OTLP": otlp(span(CHAT | MESSAGES)),
    "OTLP with objects": otlp(
        span(CHAT | {"gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED})
    ),
    "columns": {"trace_id": "t1", "start_time": 1788256800, **CHAT, **MESSAGES},
    "an event of its own": span(
        CHAT,
        events=[
            {"name": "gen_ai.client.inference.operation.details", "attributes": MESSAGES},
        ],
    ),
    "events of messages": span(
        CHAT,
        events=[
            {"name": "gen_ai.system.message", "attributes": {"content": "Be brief: who?"}},
            {"name": "gen_ai.user.message", "attributes": {"content": QUESTION}},
            {
                "name": "gen_ai.choice",
                "attributes": {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": json.dumps({"role": "assistant", "content": ANSWER}),
                },
            },
        ],
    ),
    "numbered attributes": span(
        CHAT
        | {
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be brief: who?",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": QUESTION,
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": ANSWER,
        }
    ),
    "a prompt and a completion": span(
        CHAT | {"gen_ai.prompt": QUESTION, "gen_ai.completion": ANSWER}
    ),
    "OpenInference": span(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-5",
            "session.id": "conv-1",
            "llm.input_messages.0.message.role": "system",
            "llm.input_messages.0.message.content": "Be brief: who?",
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.1.message.contents.0.message_content.text": QUESTION,
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": ANSWER,
            "output.value": ANSWER,
        }
    ),
    "OpenInference as Phoenix downloads it": {
        "context.trace_id": "t1",
        "context.span_id": "s1",
        "parent_id": None,
        "start_time": "2026-09-01T10:00:00Z",
        "attributes.openinference.span.kind": "LLM",
        "attributes.llm.model_name": "gpt-5",
        "attributes.session.id": "conv-1",
        "attributes.llm.input_messages": [
            {"message.role": "user", "message.content": QUESTION},
        ],
        "attributes.llm.output_messages": [
            {"message.role": "assistant", "message.content": ANSWER},
        ],
    },
    "Vercel's AI SDK": span(
        {
            "ai.model.id": "gpt-5",
            "ai.prompt.messages": json.dumps([{"role": "user", "content": QUESTION}]),
            "ai.response.text": ANSWER,
            "session.id": "conv-1",
        }
    ),
    "PostHog": {
        "event": "$ai_generation",
        "timestamp": "2026-09-01T10:00:00Z",
        "properties": {
            "$ai_trace_id": "t1",
            "$ai_model": "gpt-5",
            "$ai_session_id": "conv-1",
            "$ai_input": [{"role": "user", "content": QUESTION}],
            "$ai_output_choices": [{"role": "assistant", "content": ANSWER}],
        },
    },
}


@pytest.fixture
def read(tmp_path):
    return lambda *records, **options: read_records(tmp_path, *records, **options)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_call_of_a_model_is_a_question_with_its_answer(read, shape):
    log = read(SHAPES[shape])
    answer = log.answers.iloc[0]
    assert log.queries["text"].tolist() == [QUESTION]
    assert (answer["text"], answer["engine"], answer["model"]) == (ANSWER, "openai", "gpt-5")
    assert answer["run_id"] == "conv-1"
    assert str(answer["asked_at"]) == "2026-09-01 10:00:00+00:00"
    assert log.sources["format"].tolist() == ["OpenTelemetry spans"]
    assert log.rejects.empty
    assert log.failures.empty


def test_a_table_of_spans_is_read_by_its_columns(tmp_path):
    row = {
        "context.trace_id": "t1",
        "start_time": "2026-09-01T10:00:00Z",
        "attributes.openinference.span.kind": "LLM",
        "attributes.llm.input_messages": json.dumps(
            [{"message.role": "user", "message.content": QUESTION}]
        ),
        "attributes.output.value": ANSWER,
        "attributes.llm.model_name": "gpt-5",
    }
    log = read_rows(tmp_path, row, {**row, "context.trace_id": "t2"})
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [[QUESTION, 2]]
    assert log.answers["text"].tolist() == [ANSWER] * 2


@pytest.mark.parametrize("form", [lambda *spans: spans, lambda *spans: [otlp(*spans)]])
def test_calls_with_tools_are_one_question(read, form):
    tool = {"role": "tool", "parts": [{"type": "tool_call_response", "response": "Which one?"}]}
    log = read(
        *form(
            span({"http.method": "POST"}, "s0"),
            span(
                CHAT
                | {
                    "gen_ai.input.messages": json.dumps(ASKED),
                    "gen_ai.output.messages": json.dumps(CALLED),
                },
                "s1",
                parent="s0",
            ),
            span({"gen_ai.operation.name": "execute_tool"}, "s2", parent="s0"),
            span(
                CHAT
                | {
                    "gen_ai.input.messages": json.dumps([*ASKED, *CALLED, tool]),
                    "gen_ai.output.messages": json.dumps(ANSWERED),
                },
                "s3",
                parent="s0",
                start=1788256805,
            ),
        )
    )
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [[QUESTION, 1]]
    assert log.answers["text"].tolist() == [ANSWER]
    assert log.failures.empty


def test_the_root_of_a_trace_tells_of_it_alone(read):
    rewritten = json.dumps([{"role": "user", "content": "Rewrite: chain hub"}])
    log = read(
        span(CHAT | MESSAGES | {"gen_ai.operation.name": "invoke_agent"}, "s0"),
        span(CHAT | MESSAGES | {"gen_ai.input.messages": rewritten}, "s1", parent="s0"),
        span({"openinference.span.kind": "RETRIEVER", "input.value": "chain"}, "s2", parent="s0"),
    )
    assert log.queries["text"].tolist() == [QUESTION]
    assert account(log) == [(1, 2)]


@pytest.mark.parametrize(
    ("attributes", "fields", "reason"),
    [
        (
            {"gen_ai.output.messages": json.dumps(CALLED)},
            {},
            "no answer text, finish reason tool_call",
        ),
        ({}, {"status": {"code": "STATUS_CODE_ERROR", "message": "too busy"}}, "too busy"),
        ({"error.type": "Timeout"}, {"status": {"code": 2}}, "Timeout"),
    ],
)
def test_a_call_without_an_answer_is_a_failure_that_says_why(read, attributes, fields, reason):
    asked = {"gen_ai.input.messages": json.dumps(ASKED)}
    log = read(span(CHAT | asked | attributes, **fields))
    assert log.failures["error"].tolist() == [reason]
    assert log.queries["text"].tolist() == [QUESTION]


def test_the_response_of_a_provider_shows_what_it_cites(read):
    url = "https://chain.example"
    response = {
        "object": "response",
        "output": [
            {
                "type": "message",
                "content": [
                    {
                        "type": "output_text",
                        "text": ANSWER,
                        "annotations": [
                            {"type": "url_citation", "url": url, "start_index": 0, "end_index": 3}
                        ],
                    }
                ],
            }
        ],
    }
    log = read(
        span(
            {
                "openinference.span.kind": "LLM",
                "input.value": json.dumps({"input": QUESTION, "model": "gpt-5"}),
                "output.value": json.dumps(response),
                "llm.model_name": "gpt-5",
            }
        )
    )
    assert log.queries["text"].tolist() == [QUESTION]
    assert kinds(log) == [["chain.example", "cited"]]


def test_a_trace_without_words_is_a_reject(read):
    log = read(span(CHAT, trace="t2"), SHAPES["columns"])
    assert log.rejects["reason"].tolist() == [
        "a step of a trace of which the log has no call of a model with its question"
    ]


def test_a_trace_may_be_spread_over_the_parts_of_a_log(tmp_path):
    root = span(CHAT | MESSAGES | {"gen_ai.operation.name": "invoke_agent"}, "s0")
    for name, record in (("a", span(CHAT | MESSAGES, "s1", parent="s0")), ("b", root)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(record), encoding="utf-8")
    settings = LogSettings(files=(str(tmp_path),))
    log = read_log(settings)
    assert log.queries["demand"].tolist() == [1]
    plan = plan_log(settings)
    again = merge_log_parts((read_log_part(settings, file, plan) for file in plan.files), settings)
    assert again.answers.equals(log.answers)
