"""Logs with more answers than the tables may have, and logs read in parts."""

import json
import pickle
import random

import pandas as pd
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.parts import (
    load_log_part,
    merge_log_parts,
    plan_log,
    read_log_part,
    save_log_part,
)
from coverage_kit.collect.logs.record import Citation, LogRecord
from coverage_kit.collect.logs.tabulate import LogTabulator
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings

TABLES = (
    "queries",
    "answers",
    "failures",
    "citations",
    "spans",
    "mentions",
    "searches",
    "rejects",
    "sources",
)


def write_csv(path, rows):
    columns = (
        "query",
        "engine",
        "date",
        "answer",
        "cited_url",
        "volume",
        "brands",
        "searches",
        "error",
    )
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)


def made_up_rows(n, seed):
    rng = random.Random(seed)  # noqa: S311 (no secret)
    for i in range(n):
        answer = f"Answer {rng.randrange(n)} [1]."
        url = f"https://s{rng.randrange(9)}.com/{rng.randrange(3)}"
        error = "timeout" if i % 7 == 0 else None
        query = rng.choice(
            [
                "Best CRM?",
                "best crm",
                "Best crm",
                "crm price",
                "CRM price?",
                None if i % 50 == 3 else "crm",
            ]
        )
        yield (
            query,
            "e",
            f"2026-03-{1 + i % 28:02d}",
            answer,
            url,
            None,
            rng.choice(["Acme", "B", None]),
            "a|b",
            error,
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three files: a third of the rows of each are in another file too, some with another page."""
    folder = tmp_path_factory.mktemp("log")
    rows = [list(made_up_rows(220, seed)) for seed in range(3)]
    for i in range(3):
        shared = [
            (*row[:4], f"{row[4]}/more", *row[5:]) if n % 2 else row
            for n, row in enumerate(rows[i - 1][::3])
        ]
        write_csv(folder / f"{i}.csv", [*rows[i], *shared])
    return folder


def merged(log, folder):
    plan = pickle.loads(pickle.dumps(plan_log(log)))  # noqa: S301 (our own)
    for i, file in enumerate(plan.files):
        save_log_part(read_log_part(log, file, plan), folder / f"part-{i}")
    return merge_log_parts(
        (load_log_part(folder / f"part-{i}") for i in range(len(plan.files))), log
    )


def check_same(log, expected):
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(log, name), getattr(expected, name), obj=name)
    assert log.mapping == expected.mapping
    assert log.n_answers_read == expected.n_answers_read
    assert log.share_of_answers_kept == expected.share_of_answers_kept


@pytest.mark.parametrize(("max_answers", "share"), [(200_000, 1.0), (100, 0.125)])
def test_parts_merged_are_the_log_read_whole(folder, tmp_path, max_answers, share):
    log = LogSettings(files=(str(folder),), max_answers=max_answers)
    expected = read_log(log)
    assert expected.share_of_answers_kept == share
    assert len(expected.queries) == 3
    check_same(merged(log, tmp_path), expected)


def test_a_log_merged_is_kept_as_little_as_its_smallest_part(folder):
    log = LogSettings(files=(str(folder),), max_answers=100)
    plan = plan_log(log)
    parts = [read_log_part(log, file, plan) for file in plan.files]
    assert {part.tabulator.answered.n_halved for part in parts} == {2}
    assert merge_log_parts(parts, log).share_of_answers_kept == 0.125


def test_a_part_read_without_a_plan_is_a_log_of_its_own(folder):
    log = LogSettings(files=(str(folder),))
    file = str(folder / "1.csv")
    check_same(
        merge_log_parts([read_log_part(log, file)], log), read_log(LogSettings(files=(file,)))
    )


def tabulate(records, max_answers):
    tabulator = LogTabulator(max_answers)
    for record in records:
        tabulator.add(record)
    return tabulator


def test_of_many_answers_the_lowest_ids_are_kept_in_whatever_order_they_come():
    records = [
        LogRecord(f"q{n % 10}", f"Answer {n}.", "e", citations=(Citation(f"https://a.com/{n}"),))
        for n in range(1000)
    ]
    every = tabulate(records, 1000).tables()["answers"]["answer_id"]
    tabulator = tabulate(records, 100)
    tables = tabulator.tables()
    low = (
        sorted(name for name in every if name < "a2")
        if (every < "a2").sum() <= 100
        else sorted(every[every < "a1"])
    )
    assert sorted(tables["answers"]["answer_id"]) == low
    assert 50 < len(low) <= 100
    assert tables["citations"]["answer_id"].tolist() == tables["answers"]["answer_id"].tolist()
    assert tables["queries"]["demand"].tolist() == [100.0] * 10
    shuffled = random.Random(1).sample(records, 1000)  # noqa: S311 (no secret)
    assert sorted(tabulate(shuffled, 100).tables()["answers"]["answer_id"]) == low


def test_an_answer_that_is_not_kept_counts_again_unless_its_rows_follow_each_other():
    answers = [LogRecord("q", f"Answer {n}.", "e") for n in range(400)]
    twice = [record for record in answers for _ in range(2)]
    assert tabulate(twice, 100).tables()["queries"]["demand"].tolist() == [400.0]
    later = tabulate([*answers, *answers], 100)
    n_sampled = len(later.answered.asks)
    assert later.answered.n_distinct == 800 - n_sampled
    assert later.tables()["queries"]["demand"].tolist() == [800.0 - n_sampled]


def test_rates_in_the_sample_are_those_of_the_log():
    records = [
        LogRecord(
            f"q{n % 50}",
            f"Answer {n}.",
            "e",
            citations=(Citation("https://a.com"),) if n % 4 == 0 else (),
        )
        for n in range(8000)
    ]
    tables = tabulate(records, 2000).tables()
    n = len(tables["answers"])
    error = (0.25 * 0.75 / n) ** 0.5
    assert len(tables["citations"]) / n == pytest.approx(0.25, abs=3 * error)


def test_failures_have_a_sample_of_their_own():
    records = [LogRecord("q", "", "e", error=f"timeout {n}") for n in range(300)]
    tabulator = tabulate([*records, LogRecord("q", "Yes.", "e")], 100)
    tables = tabulator.tables()
    assert (len(tables["answers"]), tabulator.answered.share, tabulator.failed.n_read) == (
        1,
        1.0,
        300,
    )
    assert 50 <= len(tables["failures"]) <= 100


def test_rejects_are_kept_up_to_the_same_number_and_all_are_counted(tmp_path, caplog):
    rows = [("q", "e", None, "Yes.", *[None] * 5), *[(None, "e", None, "No.", *[None] * 5)] * 150]
    write_csv(tmp_path / "log.csv", rows)
    assert len(read_log(LogSettings(files=(str(tmp_path),), max_answers=100)).rejects) == 100
    assert "150 of 151 records were not read" in caplog.text


def test_a_request_in_one_file_meets_its_response_in_another(tmp_path):
    requests = [
        {"custom_id": f"r{n}", "body": {"model": "gpt-5", "input": f"best crm {n}"}}
        for n in range(3)
    ]
    body = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "Acme."}]}]}
    responses = [
        {"custom_id": f"r{n}", "response": {"status_code": 200, "body": body}} for n in range(2)
    ]
    (tmp_path / "log").mkdir()
    for name, records in (("a-output", responses), ("b-input", requests)):
        text = "\n".join(json.dumps(record) for record in records)
        (tmp_path / "log" / f"{name}.jsonl").write_text(text, encoding="utf-8")
    log = LogSettings(files=(str(tmp_path / "log"),))
    merged_log = merged(log, tmp_path)
    assert merged_log.queries["text"].tolist() == ["best crm 0", "best crm 1", "best crm 2"]
    assert len(merged_log.failures) == 1
    check_same(merged_log, read_log(log))


def test_a_file_without_queries_beside_others_is_a_reject_in_parts_too(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.csv").write_text("query,answer\nq,Yes.\n", encoding="utf-8")
    (tmp_path / "log" / "b.csv").write_text("page,clicks\n/a,3\n", encoding="utf-8")
    log = LogSettings(files=(str(tmp_path / "log"),))
    merged_log = merged(log, tmp_path)
    assert len(merged_log.rejects) == 1
    check_same(merged_log, read_log(log))


def test_a_folder_that_is_no_part_is_reported(tmp_path):
    with pytest.raises(LogError, match=r"a part of a log.*Read that file of the log again"):
        load_log_part(tmp_path / "nothing")
