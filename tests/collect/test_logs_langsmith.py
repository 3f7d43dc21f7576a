import json
from datetime import UTC, datetime

import pytest

from tests.collect.log_samples import OPENAI_CHAT, read_records, read_rows, spans


def langchain(name, content):
    kind = {"HumanMessage": "human", "AIMessage": "ai", "SystemMessage": "system"}[name]
    return {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", name],
        "kwargs": {"content": content, "type": kind},
    }


MESSAGES = [
    [langchain("SystemMessage", "Be brief."), langchain("HumanMessage", "Context: ... Best CRM?")]
]
GENERATED = {
    "generations": [
        [{"text": "Acme.", "type": "ChatGeneration", "message": langchain("AIMessage", "Acme.")}]
    ],
    "llm_output": {"model_name": "gpt-5-2026"},
}
CALL = {
    "id": "r2",
    "trace_id": "r1",
    "parent_run_id": "r1",
    "name": "ChatOpenAI",
    "run_type": "llm",
    "start_time": "2026-01-01T10:00:01",
    "inputs": {"messages": MESSAGES},
    "outputs": GENERATED,
    "error": None,
    "status": "success",
    "extra": {"metadata": {"ls_model_name": "gpt-5"}},
}
ROOT = {
    **CALL,
    "id": "r1",
    "parent_run_id": None,
    "run_type": "chain",
    "start_time": "2026-01-01T10:00:00",
    "inputs": {"question": "Best CRM?"},
    "outputs": {"output": "Acme."},
    "extra": {},
}


def test_a_root_and_its_call_of_a_model_are_one_answer(tmp_path):
    log = read_records(tmp_path, CALL, ROOT, {**CALL, "id": "r3", "run_type": "tool"})
    assert log.queries[["text", "demand"]].to_numpy().tolist() == [["Best CRM?", 1.0]]
    assert log.answers[["text", "run_id"]].to_numpy().tolist() == [["Acme.", "r1"]]
    assert log.answers.loc[0, "asked_at"] == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_a_file_of_calls_alone_is_read_by_them(tmp_path):
    log = read_records(tmp_path, CALL, {**CALL, "id": "r3", "run_type": "tool"})
    answer = log.answers.iloc[0]
    assert log.queries["text"].tolist() == ["Context: ... Best CRM?"]
    assert (answer["text"], answer["engine"], answer["model"]) == ("Acme.", "openai", "gpt-5")
    assert log.sources["n_records"].tolist() == [1]


def test_csv_exports_hold_json_in_their_cells(tmp_path):
    row = {
        **ROOT,
        "parent_run_id": "",
        "error": "",
        **{key: json.dumps(ROOT[key]) for key in ("inputs", "outputs", "extra")},
    }
    assert read_rows(tmp_path, row).answers["text"].tolist() == ["Acme."]


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (
            {"messages": [{"role": "user", "content": "best crm"}]},
            {"role": "assistant", "content": "Acme."},
        ),
        (
            {"messages": [["system", "Be brief."], ["human", "best crm"]]},
            {"output": langchain("AIMessage", "Acme.")},
        ),
        ({"input": "best crm", "chat_history": []}, {"output": "Acme."}),
        (
            {"input": [{"type": "human", "content": "best crm"}]},
            {
                "messages": [
                    {"type": "human", "content": "best crm"},
                    {"type": "ai", "content": "Acme."},
                ]
            },
        ),
        ({"query": "best crm"}, {"answer": "Acme.", "context": ["a", "b"]}),
        ({"user_msg": "best crm"}, GENERATED),
        ({"args": ["best crm"], "kwargs": {"k": 4}}, {"output": "Acme."}),
        ({"args": [], "kwargs": {"query": "best crm", "market": "de"}}, {"output": "Acme."}),
        ("best crm", "Acme."),
    ],
)
def test_inputs_and_outputs_of_many_shapes(tmp_path, inputs, outputs):
    log = read_records(tmp_path, {**ROOT, "inputs": inputs, "outputs": outputs})
    assert log.queries["text"].tolist() == ["best crm"]
    assert log.answers["text"].tolist() == ["Acme."]


def test_responses_of_openai_keep_their_citations(tmp_path):
    log = read_records(tmp_path, {**ROOT, "run_type": "llm", "outputs": OPENAI_CHAT})
    assert spans(log) == [("a.com", "Acme leads."), ("a.com", "Beta lags.")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"error": "ValueError('x')"}, "ValueError('x')"), ({"status": "error"}, "status error")],
)
def test_failed_runs_are_failures(tmp_path, changes, reason):
    log = read_records(tmp_path, {**ROOT, "outputs": None, **changes})
    assert log.failures["error"].tolist() == [reason]
    assert log.answers.empty
