import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import ANTHROPIC, OPENAI_CHAT, kinds, read_records, read_rows, spans

SAID = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": 'Best "CRM"?'}]
ROW = {
    "id": "o1",
    "trace_id": "t1",
    "type": "GENERATION",
    "start_time": "2026-01-01 10:00:00.000000",
    "end_time": "2026-01-01 10:00:02.000000",
    "name": "answer",
    "level": "DEFAULT",
    "status_message": "",
    "input": json.dumps(SAID),
    "output": json.dumps({"role": "assistant", "content": 'Acme, "first".'}),
    "provided_model_name": "gpt-5",
    "session_id": "s1",
    "total_cost": "0.01",
}
SPAN = {**ROW, "id": "o0", "type": "SPAN", "input": "{}", "output": ""}
FAILED = {**ROW, "trace_id": "t2", "level": "ERROR", "status_message": "rate limit", "output": ""}


def api(row):
    """Return a row as the API spells it."""
    spelled = {
        "trace_id": "traceId",
        "start_time": "startTime",
        "status_message": "statusMessage",
        "provided_model_name": "model",
    }
    values = {spelled.get(name, name): value for name, value in row.items()}
    return {
        **values,
        "input": json.loads(row["input"]),
        "output": json.loads(row["output"] or "null"),
    }


def check(log):
    answer = log.answers.iloc[0]
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [['Best "CRM"?', 1.0]]
    assert answer["text"] == 'Acme, "first".'
    assert (answer["engine"], answer["model"], answer["surface"], answer["run_id"]) == (
        "openai",
        "gpt-5",
        "api",
        "t1",
    )
    assert answer["asked_at"] == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert log.failures["error"].tolist() == ["rate limit"]
    assert log.sources[["format", "n_records"]].to_numpy().tolist() == [["Langfuse", 2]]
    assert log.rejects.empty


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl", "log.json", "log.parquet"])
def test_the_same_observations_from_every_export(tmp_path, name):
    rows = [SPAN, ROW, FAILED]
    if name == "log.parquet":
        pd.DataFrame(rows).to_parquet(tmp_path / name)
        check(read_log(LogSettings(files=(str(tmp_path),))))
    elif name == "log.json":
        check(
            read_records(
                tmp_path, {"data": [api(row) for row in rows], "meta": {"page": 1}}, name=name
            )
        )
    else:
        check((read_rows if name == "log.csv" else read_records)(tmp_path, *rows, name=name))


@pytest.mark.parametrize(
    ("call_input", "call_output", "text"),
    [
        ("best crm", "Acme.", "Acme."),
        ('"best crm"', '"Acme."', "Acme."),
        (
            {"messages": [{"role": "user", "content": "best crm"}]},
            {"choices": [{"message": {"content": "Acme."}}]},
            "Acme.",
        ),
        (
            {"question": "best crm", "k": 4},
            {"answer": "Acme.", "sources": ["https://a.com"]},
            "Acme.",
        ),
        ({"topic": "best crm"}, {"reply_text": "Acme."}, "Acme."),
        (
            {"role": "user", "content": "best crm"},
            [{"role": "assistant", "content": [{"type": "text", "text": "Acme."}]}],
            "Acme.",
        ),
        (
            [{"role": "user", "parts": [{"text": "best crm"}]}],
            {"candidates": [{"content": {"parts": [{"text": "Acme."}]}}]},
            "Acme.",
        ),
        ({"args": ["best crm"], "kwargs": {}}, "Acme.", "Acme."),
        ({"args": [], "kwargs": {"question": "best crm", "user": "u1"}}, "Acme.", "Acme."),
        ({"args": [{"query": "best crm", "k": "4"}]}, "Acme.", "Acme."),
        (
            {"args": [[{"role": "user", "content": "best crm"}]], "kwargs": {"model": "gpt-5"}},
            {"role": "assistant", "content": "Acme."},
            "Acme.",
        ),
        ({"args": ["best crm"], "prompt": "best crm"}, {"completion": "Acme."}, "Acme."),
    ],
)
def test_inputs_and_outputs_of_many_shapes(tmp_path, call_input, call_output, text):
    log = read_records(tmp_path, {**ROW, "input": call_input, "output": call_output})
    assert log.queries["text"].tolist() == ["best crm"]
    assert log.answers["text"].tolist() == [text]


def test_of_several_arguments_none_is_guessed(tmp_path):
    call_input = {"args": ["best crm", "in german"], "kwargs": {}}
    log = read_records(tmp_path, {**ROW, "input": call_input}, {**ROW, "trace_id": "t3"})
    assert log.rejects["reason"].tolist() == ["no query: the call has no message of a user"]
    assert log.queries["text"].tolist() == ['Best "CRM"?']


def test_a_providers_response_is_read_with_its_citations(tmp_path):
    log = read_records(
        tmp_path,
        {**ROW, "output": json.dumps(OPENAI_CHAT)},
        {**ROW, "trace_id": "t2", "output": ANTHROPIC},
    )
    assert {("a.com", "Acme leads."), ("a.com", "Beta lags.")} <= set(spans(log))
    assert log.answers["engine"].tolist() == ["claude", "openai"]
    assert len(kinds(log)) == 1 + 3


def test_a_generation_without_a_question_is_a_reject(tmp_path):
    log = read_records(
        tmp_path,
        ROW,
        {**ROW, "input": [{"role": "system", "content": "Be brief."}]},
        {**ROW, "input": None},
    )
    assert log.rejects["reason"].tolist() == ["no query: the call has no message of a user"] * 2


def test_the_note_says_what_the_export_cannot_tell(tmp_path):
    assert "every generation counts" in read_records(tmp_path, ROW).sources.loc[0, "note"]


def test_traces_are_questions_with_the_answer_of_the_whole_application(tmp_path):
    row = {
        "id": "t1",
        "timestamp": "2026-01-01T10:00:00Z",
        "name": "chat",
        "input": '{"question": "Best CRM?"}',
        "output": "Acme.",
    }
    log = read_rows(tmp_path, {**row, "sessionId": "s", "tags": "[]", "metadata": "{}"})
    assert log.queries["text"].tolist() == ["Best CRM?"]
    assert log.answers[["text", "run_id"]].to_numpy().tolist() == [["Acme.", "t1"]]
    assert log.answers.loc[0, "asked_at"] == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert "name only one of the two" in log.sources.loc[0, "note"]


def test_an_error_without_a_message_is_a_failure_and_a_message_alone_is_none(tmp_path):
    log = read_records(
        tmp_path,
        {**ROW, "level": "ERROR"},
        {**ROW, "trace_id": "t2", "status_message": "retried once"},
    )
    assert log.failures["error"].tolist() == ["level ERROR"]
    assert log.answers["run_id"].tolist() == ["t2"]
