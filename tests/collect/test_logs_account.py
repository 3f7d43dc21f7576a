"""Every record of a log is read, set aside or rejected: none is lost without being counted."""

import logging

import pytest

from coverage_kit.collect.logs import generic, read_log
from coverage_kit.collect.logs.parts import (
    load_log_part,
    merge_log_parts,
    plan_log,
    read_log_part,
    save_log_part,
)
from coverage_kit.collect.logs.read import read_surveys, survey_log
from coverage_kit.collect.logs.record import Merged
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import (
    ANTHROPIC,
    GEMINI,
    OPENAI_CHAT,
    read_records,
    read_rows,
)
from tests.collect.test_logs_chatgpt_export import ASKED, FULL, conversation, message
from tests.collect.test_logs_langfuse import ROW, SPAN, api
from tests.collect.test_logs_langsmith import CALL, ROOT
from tests.collect.test_logs_trackers import OPENCITE


def texts(log):
    return sorted(log.queries["text"])


def account(log):
    """Return (records read, set aside, rejected) over all files."""
    return (
        int(log.sources["n_records"].sum()),
        int(log.sources["n_aside"].sum()),
        len(log.rejects),
    )


def other_trace(run, name):
    """Return a run as a run of another trace, which asks something else."""
    inputs = {"messages": [{"role": "user", "content": f"Question {name}?"}]}
    parent = f"root-{name}" if run["parent_run_id"] else None
    ids = {"id": f"{run['id']}-{name}", "trace_id": f"root-{name}", "parent_run_id": parent}
    return {**run, **ids, "inputs": inputs}


def test_a_call_whose_root_is_on_another_page_of_the_export_is_read_by_itself(tmp_path):
    tool = {**other_trace(CALL, "b"), "id": "t", "run_type": "tool"}
    log = read_records(tmp_path, ROOT, CALL, other_trace(CALL, "b"), tool)
    assert texts(log) == ["Best CRM?", "Question b?"]
    assert account(log) == (2, 2, 0), "the call of the root, and the tool of the other trace"


def test_a_call_whose_root_is_in_another_file_is_no_second_question(tmp_path):
    read_records(tmp_path, CALL, {**other_trace(CALL, "b")}, name="a.jsonl")
    log = read_records(tmp_path, ROOT, name="b.jsonl")
    assert texts(log) == ["Best CRM?", "Question b?"]
    assert log.queries["demand"].tolist() == [1.0, 1.0]
    assert account(log) == (2, 1, 0)
    settings = LogSettings(files=(str(tmp_path),))
    plan = plan_log(settings)
    merged = merge_log_parts((read_log_part(settings, file, plan) for file in plan.files), settings)
    assert account(merged) == (2, 1, 0)
    assert texts(merged) == texts(log)


def test_a_step_of_a_trace_without_root_and_call_is_a_reject(tmp_path):
    chain = {**other_trace(CALL, "c"), "run_type": "chain"}
    log = read_records(tmp_path, ROOT, chain)
    assert log.rejects[["line", "reason"]].to_numpy().tolist() == [
        [2, "a step of a trace of which the log has no root and no call of a model"]
    ]


def test_a_root_without_a_question_leaves_its_trace_to_its_calls(tmp_path):
    log = read_records(tmp_path, {**ROOT, "inputs": {"state": {"n": 1}}}, CALL)
    assert texts(log) == ["Context: ... Best CRM?"]
    assert log.rejects["reason"].tolist() == ["no query: the call has no message of a user"]


def test_a_call_without_a_trace_is_read_twice_by_nobody(tmp_path):
    lone = {**CALL, "id": "r9", "parent_run_id": "r5", "trace_id": None}
    child = {**CALL, "id": "r8", "parent_run_id": "r1", "trace_id": None}
    log = read_records(tmp_path, ROOT, lone, child)
    assert texts(log) == ["Best CRM?"]
    assert log.rejects["reason"].tolist() == ["no trace_id: the log may hold the root of its trace"]


def test_the_roots_of_a_table_are_known_before_its_calls_are_read(tmp_path):
    names = ("id", "trace_id", "parent_run_id", "run_type", "start_time", "inputs", "outputs")
    rows = [{name: run[name] or "" for name in names} for run in (CALL, ROOT)]
    rows = [{**row, "inputs": '{"question": "Q?"}', "outputs": '{"output": "A."}'} for row in rows]
    log = read_rows(tmp_path, *rows)
    assert account(log) == (1, 1, 0)
    assert log.answers["run_id"].tolist() == ["r1"]


@pytest.mark.parametrize("kind", [None, "", "GENERATED"])
def test_an_observation_of_no_known_type_is_a_reject(tmp_path, kind):
    log = read_records(tmp_path, ROW, {**api(ROW), "type": kind})
    assert account(log) == (1, 0, 1)
    assert log.rejects["reason"].tolist() == [
        f"type GENERATION or a type of step was expected, found {kind or 'none'!r}"
    ]


def test_an_observation_without_the_field_of_its_type_is_no_table_of_its_own(tmp_path):
    untyped = {**api(ROW), "parentObservationId": None}
    del untyped["type"]
    log = read_records(tmp_path, ROW, untyped)
    assert texts(log) == ['Best "CRM"?'], "the input as text would be no question"
    assert account(log) == (1, 0, 1)


def test_a_step_counts_with_the_generation_of_its_trace(tmp_path):
    log = read_records(tmp_path, SPAN, ROW, {**SPAN, "trace_id": "t9", "type": "EVENT"})
    assert account(log) == (1, 1, 1)
    assert log.rejects["reason"].tolist() == [
        "a step of a trace of which the log has no generation"
    ]


def test_a_table_of_observations_without_types_says_so(tmp_path):
    with pytest.raises(LogError, match="a type of step was expected, found 'none'"):
        read_rows(tmp_path, {**ROW, "type": ""})


def test_an_answer_whose_question_is_missing_is_a_reject(tmp_path):
    cut = conversation(message("assistant", "An answer."), ASKED, message("assistant", "Acme."))
    cut["mapping"]["n0"]["parent"] = "gone"
    log = read_records(tmp_path, [cut], name="conversations.json")
    assert texts(log) == ["Best CRM?"]
    assert log.rejects["reason"].tolist() == ["no query: an answer whose question is missing"]


def test_messages_that_nothing_leads_to_are_rejects(tmp_path):
    cut = conversation(
        ASKED, message("assistant", "One."), message("user", "Two?"), message("assistant", "Two.")
    )
    cut["mapping"]["n3"]["parent"] = "gone"
    log = read_records(tmp_path, [FULL, cut], name="conversations.json")
    assert texts(log) == ["Best CRM?"]
    reason = "a message that nothing leads to: the messages after it are missing"
    assert log.rejects["reason"].tolist() == [
        f"no query: an answer whose question is missing; {reason}"
    ]


def test_a_current_message_that_is_missing_loses_no_conversation(tmp_path):
    lost = {**conversation(ASKED, message("assistant", "Acme.")), "current_node": "gone"}
    assert texts(read_records(tmp_path, [lost], name="conversations.json")) == ["Best CRM?"]


def test_questions_without_words_are_rejects_and_regenerated_answers_are_set_aside(tmp_path):
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    shown = conversation(
        message("user", picture, kind="multimodal_text"), message("assistant", "A nice picture.")
    )
    log = read_records(tmp_path, [FULL, shown], name="conversations.json")
    assert account(log) == (1, 2, 1)
    assert log.rejects["reason"].tolist() == ["no query: a message of the user without words"]


def test_every_turn_of_a_dialogue_is_counted(tmp_path):
    said = [
        ("assistant", "Hello!"),
        ("user", "First?"),
        ("user", "Second?"),
        ("assistant", "Yes."),
        ("user", [{"type": "image_url", "image_url": {"url": "x"}}]),
        ("assistant", "A cat."),
        ("user", "Third?"),
        ("assistant", None),
    ]
    dialogue = {"messages": [{"role": role, "content": words} for role, words in said]}
    log = read_records(tmp_path, dialogue)
    assert log.answers["text"].tolist() == ["Yes."], "the cat answers no question in words"
    assert texts(log) == ["Second?", "Third?"]
    assert account(log) == (2, 1, 1)
    assert log.rejects["reason"].tolist() == [
        "no answer: the next message is the user's again; "
        "no query: a message of the user without words"
    ]


def test_what_a_tool_returned_begins_no_turn(tmp_path):
    result = [{"type": "tool_result", "tool_use_id": "1", "content": "3 pages"}]
    said = [("user", "Q?"), ("assistant", "Wait."), ("user", result), ("assistant", "Acme.")]
    dialogue = {"messages": [{"role": role, "content": words} for role, words in said]}
    log = read_records(tmp_path, dialogue)
    assert log.answers["text"].tolist() == ["Acme."]
    assert account(log) == (1, 0, 0)


def test_further_answers_to_one_request_are_set_aside(tmp_path):
    asked = {"messages": [{"role": "user", "content": "Q?"}], "contents": "Q?"}
    two = {**GEMINI, "candidates": GEMINI["candidates"] * 2}
    replies = (OPENAI_CHAT, two, ANTHROPIC, {**OPENAI_CHAT, "model": "sonar"})
    log = read_records(tmp_path, *({"request": asked, "response": reply} for reply in replies))
    assert account(log) == (4, 3, 0)


def test_rows_of_the_asking_side_are_set_aside(tmp_path):
    asking = {**OPENCITE, "role": "persona"}
    later = {**OPENCITE, "scenario": "multi_turn", "turn_or_run": "2"}
    assert account(read_rows(tmp_path, OPENCITE, asking, later)) == (1, 2, 0)


def test_a_second_list_of_an_object_is_a_reject(tmp_path):
    log = read_records(
        tmp_path,
        {"data": [{"query": "a"}], "runs": [{"query": "b"}, {"query": "c"}], "items": []},
        name="log.json",
    )
    assert texts(log) == ["a"]
    assert log.rejects["reason"].tolist() == ["the object has a second list of 2 records: 'runs'"]


def test_a_list_of_any_name_with_queries_is_a_reject_and_others_are_none(tmp_path):
    lists = {"failed": [{"prompt": "b"}], "columns": [{"name": "query"}], "total": 2}
    log = read_records(tmp_path, {"results": [{"query": "a"}], **lists}, name="log.json")
    assert account(log) == (1, 0, 1)
    assert log.rejects["reason"].tolist() == ["the object has a second list of 1 records: 'failed'"]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_header_of_a_table_behind_another_is_set_aside(tmp_path, mark):
    path = tmp_path / "log.csv"
    path.write_text(f"query,answer\na?,x\n{mark}query, answer\nb?,y\n", encoding="utf-8")
    log = read_log(LogSettings(files=(str(path),)))
    assert texts(log) == ["a?", "b?"]
    assert account(log) == (2, 1, 0)


def test_a_record_of_which_a_format_makes_nothing_is_a_reject(tmp_path, monkeypatch):
    monkeypatch.setattr(
        generic,
        "read_rows",
        lambda values, mapping: [] if values["query"] == "b" else whole(values),
    )
    log = read_records(tmp_path, {"query": "a"}, {"query": "b"}, {"query": "c"})
    assert account(log) == (2, 0, 1)
    assert log.rejects["reason"].tolist() == ["not accounted for"]


def test_a_record_that_breaks_its_format_is_a_reject(tmp_path, monkeypatch):
    monkeypatch.setattr(
        generic, "read_rows", lambda values, mapping: whole({"query": values["query"].strip()})
    )
    log = read_records(tmp_path, {"query": "a"}, {"query": 7})
    assert account(log) == (1, 0, 1)
    assert log.rejects["reason"].tolist() == [
        "the format cannot read this record (AttributeError: 'int' object has no attribute 'strip')"
    ]


def whole(values):
    return [generic.read_row(values, {"query": "query"})]


def test_records_that_vanish_between_counts_are_said(tmp_path, caplog):
    (tmp_path / "log.csv").write_text("query\na\nb\n", encoding="utf-8")
    settings = LogSettings(files=(str(tmp_path / "log.csv"),))
    part = read_surveys(*survey_log(settings), settings)
    part.report.seen[str(tmp_path / "log.csv")] += 2
    with caplog.at_level(logging.WARNING):
        part.report.check("log.csv")
    assert part.report.n_rejected == 1
    assert "2 records are not accounted for" in caplog.text


def test_a_log_that_adds_up_has_no_rejects(tmp_path, caplog):
    log = read_records(tmp_path, FULL, ROW, SPAN, CALL, ROOT, OPENCITE, {"query": "a"})
    assert read_log(LogSettings(files=(str(tmp_path),))).rejects.empty
    assert account(log)[2] == 0
    assert "not accounted" not in caplog.text


def test_records_that_count_with_another_are_merged_and_named(tmp_path, monkeypatch):
    chunk = Merged("a chunk of a stream")
    monkeypatch.setattr(
        generic,
        "read_rows",
        lambda values, mapping: [chunk] if values["query"] == "b" else whole(values),
    )
    records = ({"query": "a"}, {"query": "b"}, {"query": "b"})
    log = read_records(tmp_path, *records)
    assert log.sources[["n_records", "n_merged", "n_aside"]].to_numpy().tolist() == [[1, 2, 0]]
    assert log.rejects.empty, "what is merged is accounted for"
    settings = LogSettings(files=(str(tmp_path),))
    part = read_log_part(settings, str(tmp_path / "log.jsonl"))
    save_log_part(part, tmp_path / "part")
    loaded = load_log_part(tmp_path / "part").report
    assert [*loaded.kinds.values()] == [{"a chunk of a stream": 2}]
    assert loaded.merged == part.report.merged
