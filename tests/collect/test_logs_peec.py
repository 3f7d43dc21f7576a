import json
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import kinds, read_records
from tests.collect.vendor_samples import PEEC, PEEC_CHAT, PEEC_PROMPT


def test_a_source_that_is_cited_no_time_was_found_and_not_cited(tmp_path):
    log = read_records(tmp_path, PEEC)
    assert kinds(log) == [["a.com", "cited"], ["b.com", "cited"], ["c.com", "retrieved"]]
    answer = log.answers.iloc[0]
    assert (answer["engine"], answer["surface"], answer["run_id"]) == ("chatgpt", "scrape", "ch_1")
    assert answer["text"] == "Acme leads."
    assert log.queries["text"].tolist() == ["best crm"]
    assert log.mentions["brand"].tolist() == ["Acme"]
    assert log.searches["text"].tolist() == ["crm 2026"]
    assert not log.citations["url"].str.contains("utm_").any()


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "b", "a")])
def test_prompts_times_and_contents_meet_by_their_ids_in_any_order_of_files(tmp_path, names):
    content = {**PEEC, "messages": PEEC["messages"][1:]}
    for name, value in zip(
        names,
        ({"data": [PEEC_PROMPT]}, {"data": [PEEC_CHAT], "totalCount": 1}, [content]),
        strict=True,
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    log = read_log(LogSettings(files=(str(tmp_path),)))
    assert log.queries["text"].tolist() == ["which crm is best?"]
    assert log.answers["asked_at"].tolist() == [datetime(2026, 8, 3, tzinfo=UTC)]
    assert log.sources["n_records"].sum() == 1
    assert log.sources["n_aside"].sum() == 2


def test_a_chat_without_its_content_and_a_content_without_its_prompt_are_rejected(tmp_path):
    log = read_records(
        tmp_path, PEEC, {**PEEC_CHAT, "id": "ch_2"}, {**PEEC, "id": "ch_3", "messages": []}
    )
    assert log.rejects["reason"].tolist() == [
        "a chat without its content: fetch /chats/ch_2/content",
        "no prompt: name the file of the prompts (/prompts) with [log] files, too",
    ]


def test_a_chat_without_an_answer_is_a_failure(tmp_path):
    log = read_records(
        tmp_path,
        PEEC,
        {
            **PEEC,
            "id": "ch_2",
            "messages": PEEC["messages"][:1],
            "sources": [],
            "brands_mentioned": [],
        },
    )
    assert log.failures["error"].tolist() == ["no answer text"]


def test_a_single_content_is_one_record(tmp_path):
    log = read_records(tmp_path, PEEC, name="content.json")
    assert len(log.answers) == 1
