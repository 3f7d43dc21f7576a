"""What may be read wrongly is said, each with its cure, and of clean logs nothing is said."""

import json

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.doubts import MAX_REJECTED_SHARE, collect_doubts
from coverage_kit.collect.logs.parts import (
    load_log_part,
    merge_log_parts,
    plan_log,
    read_log_part,
    save_log_part,
)
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.log_samples import OPENAI_CHAT, A, B, read_records, read_rows
from tests.collect.test_logs_fuzz import SAMPLES
from tests.collect.test_logs_trackers import OPENCITE

ANSWER = "Acme is the best of them, because it costs little and does what a small shop needs"
LOG = [
    {"query": f"Which CRM is best for {n} people?", "answer": f"{ANSWER} {n}.", "engine": "ChatGPT"}
    for n in range(10)
]


def doubts_of(log):
    return collect_doubts(log.sources.to_dict("records"))


def with_field(name, values):
    return [{**row, name: value} for row, value in zip(LOG, values, strict=True)]


def pages(n):
    return f"https://site{n}.example/page"


@pytest.mark.parametrize("record", SAMPLES, ids=range(len(SAMPLES)))
def test_the_sample_of_a_format_raises_no_doubt(tmp_path, record):
    # A sample by itself may hold no question, such as a page of Bing's.
    (tmp_path / "question.jsonl").write_text('{"query": "Best CRM?", "answer": "Acme"}')
    log = read_records(tmp_path, *[record] * 3)
    expected = (
        ["a chat without its content"] if "/chats" in str(log.rejects["reason"].sum()) else []
    )
    assert all(any(word in doubt for word in expected) for doubt in doubts_of(log))


def test_the_logs_of_the_sample_project_raise_no_doubt():
    for folder in ("data/log", "data/panel"):
        assert doubts_of(read_log(LogSettings(files=(folder,), strict=True))) == []


def test_a_field_of_urls_that_is_not_used_is_named_with_its_share_and_an_example(tmp_path):
    log = read_records(
        tmp_path, *with_field("belege", [[pages(n), pages(n + 1)] for n in range(10)])
    )
    assert len(log.citations) == 20, "as the only such column it is guessed, and says so"
    nested = with_field("meta", [{"hits": [{"u": pages(n)}]} for n in range(10)])
    (doubt,) = doubts_of(read_records(tmp_path, *nested))
    assert "Not used: “meta > hits > u”, which holds URLs in 10 of 10 records" in doubt
    assert f"such as '{pages(0)}'" in doubt
    assert "copy it to a column of its own, such as citations" in doubt
    log = read_log(LogSettings(files=(str(tmp_path / "log.jsonl"),), columns={"citations": ""}))
    assert doubts_of(log) == [], "the settings say that no column holds them"


def test_urls_beside_those_that_are_read_are_a_doubt_and_the_same_ones_are_none(tmp_path):
    rows = [{**row, "citations": [pages(n)]} for n, row in enumerate(LOG)]
    same = [{**row, "extra": {"source": pages(n)}} for n, row in enumerate(rows)]
    assert doubts_of(read_records(tmp_path, *same)) == []
    other = [{**row, "extra": {"found": pages(n + 50)}} for n, row in enumerate(rows)]
    (doubt,) = doubts_of(read_records(tmp_path, *other))
    assert "“extra > found”" in doubt
    assert doubt.endswith('Not to be read? [log.columns] citations = "citations"')


@pytest.mark.parametrize(
    "value",
    [
        "https://chatgpt.com/share/{n}",
        "https://shots{n}.example/a.png",
        "https://our.example/{n}",
        "2.{n}.0",
        "langchain.runnable{n}",
        "Read https://a{n}.example for more of what one can do with all of these words and so on",
    ],
)
def test_what_nobody_cites_is_no_doubt(tmp_path, value):
    rows = with_field("meta", [{"more": value.format(n=n)} for n in range(10)])
    assert doubts_of(read_records(tmp_path, *rows)) == []


def test_dates_that_are_not_used_are_a_doubt_where_no_time_is_read(tmp_path):
    rows = with_field("meta", [{"seen": f"2026-03-{n + 1:02}"} for n in range(10)])
    (doubt,) = doubts_of(read_records(tmp_path, *rows))
    assert "“meta > seen”, which holds dates in 10 of 10 records" in doubt
    dated = [{**row, "date": "2026-01-01"} for row in rows]
    assert doubts_of(read_records(tmp_path, *dated)) == []


def test_long_texts_are_a_doubt_where_no_answer_is_read_and_a_prompt_of_the_system_is_none(
    tmp_path,
):
    asked = [{"query": row["query"], "out": {"said": row["answer"]}} for row in LOG]
    (doubt,) = doubts_of(read_records(tmp_path, *asked))
    assert "“out > said”, which holds texts as long as answers in 10 of 10 records" in doubt
    same = [{"query": row["query"], "out": {"rules": ANSWER}} for row in LOG]
    assert doubts_of(read_records(tmp_path, *same)) == []


def test_blank_answers_are_a_doubt(tmp_path):
    rows = [{**row, "answer": "" if n else row["answer"]} for n, row in enumerate(LOG)]
    (doubt,) = doubts_of(read_rows(tmp_path, *rows))
    assert "The words of an answer are in 1 of 10 records: they are read from “answer”" in doubt
    assert 'None has them? [log.columns] answer = ""' in doubt
    half = [{**row, "answer": "" if n % 2 else row["answer"]} for n, row in enumerate(LOG)]
    assert doubts_of(read_rows(tmp_path, *half)) == []


def test_cells_that_name_no_page_are_a_doubt_and_words_for_no_are_none(tmp_path):
    rows = with_field("citations", ["no", "", "0", A, B, A, B, A, B, A])
    assert doubts_of(read_rows(tmp_path, *rows)) == []
    (doubt,) = doubts_of(read_rows(tmp_path, *with_field("citations", range(3, 13))))
    assert "10 of 10 cells of “citations” name no page that can be read, such as '3'" in doubt


def test_two_columns_of_questions_are_a_doubt_until_the_settings_choose(tmp_path):
    rows = [
        {"prompt": f"Use this context. {row['query']}", "question": row["query"]} for row in LOG
    ]
    (doubt,) = doubts_of(read_rows(tmp_path, *rows))
    assert "“prompt” is read as the questions, and “question” holds others" in doubt
    columns = {"query": "question"}
    log = read_log(LogSettings(files=(str(tmp_path / "log.csv"),), columns=columns))
    assert doubts_of(log) == []
    same = [{"query": row["query"], "question": row["query"]} for row in LOG]
    assert doubts_of(read_rows(tmp_path, *same)) == []


def test_rejects_above_the_bound_are_a_doubt_with_a_cure_for_their_cause(tmp_path):
    lone = {"response": {"status_code": 200, "body": OPENAI_CHAT}}
    n_lone = int(MAX_REJECTED_SHARE * 10)
    assert doubts_of(read_records(tmp_path, *LOG[n_lone:], *[lone] * n_lone)) == []
    (doubt,) = doubts_of(read_records(tmp_path, *LOG[n_lone:], *[lone] * (n_lone + 1)))
    assert "2 of 11 records are not read, more than 10%" in doubt
    assert doubt.endswith("Name the file of the requests with [log] files, too.")


def test_requests_without_responses_are_a_doubt(tmp_path):
    def request(n):
        return {"custom_id": f"{n}", "body": {"messages": [{"role": "user", "content": f"q{n}"}]}}

    read_records(tmp_path, *LOG, name="log.jsonl")
    log = read_records(tmp_path, *map(request, range(4)), name="requests.jsonl")
    (doubt,) = [doubt for doubt in doubts_of(log) if "requests" in doubt]
    assert "4 of 4 requests have no response. Name the file of the responses" in doubt


def test_times_and_figures_that_cannot_be_read_are_a_doubt(tmp_path):
    rows = [{**row, "date": "KW 12", "demand": "many"} for row in LOG]
    doubts = doubts_of(read_rows(tmp_path, *rows))
    assert ["10 times of 10" in doubts[0], "10 figures of times asked of 10" in doubts[1]] == [
        True
    ] * 2


def test_rows_of_messages_are_a_doubt(tmp_path):
    rows = [{"text": "How deep?", "who": "user"}, {"text": "Five centimetres.", "who": "assistant"}]
    doubts = doubts_of(read_rows(tmp_path, *rows * 3))
    assert any("“who” says who speaks, such as user and assistant" in doubt for doubt in doubts)


def test_files_that_are_passed_over_are_counted_by_their_ending(tmp_path):
    for name in ("a.txt", "b.TXT", "c.har", "d.md", "README.txt", "LICENSE", ".hidden.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    log = read_records(tmp_path, *LOG)
    (doubt,) = doubts_of(read_log(LogSettings(files=(str(tmp_path),))))
    assert "3 files are not read because of their ending: 2 x .txt, 1 x .har." in doubt
    assert "Give a table the ending .csv" in doubt
    row = log.sources.set_index("format").loc["passed over"]
    assert row["file"] == str(tmp_path)
    assert "6 files are not read because of their ending" in row["note"]
    assert doubts_of(read_log(LogSettings(files=(str(tmp_path / "log.jsonl"),)))) == []


def test_pictures_beside_a_log_are_no_doubt(tmp_path):
    (tmp_path / "shot.png").write_bytes(b"x")
    assert doubts_of(read_records(tmp_path, *LOG)) == []


def test_a_table_that_is_left_out_is_a_doubt_and_the_other_tables_of_search_console_are_none(
    tmp_path,
):
    (tmp_path / "Pages.csv").write_text(
        "Top pages,Clicks,Impressions\nhttps://a.com,1,2\n", encoding="utf-8"
    )
    row = {"Top queries": "best crm", "Clicks": "1", "Impressions": "2"}
    read_rows(tmp_path, row, name="Queries.csv")
    log = read_log(LogSettings(files=(str(tmp_path),)))
    assert doubts_of(log) == []
    assert log.sources["format"].tolist() == ["left out", "Google Search Console"]
    assert log.sources["n_rejected"].tolist() == [1, 0]
    (tmp_path / "Queries.csv").unlink()
    (doubt,) = doubts_of(read_records(tmp_path, *LOG))
    assert "Left out: no column with questions; found columns 'Top pages'" in doubt


def test_days_and_months_of_a_vendors_table_that_could_be_exchanged_are_a_doubt(tmp_path):
    row = {
        "LLM Service": "ChatGPT",
        "Prompt": "best crm",
        "Cited Status": "Cited",
        "Page URL": A,
        "Domain": "a.com",
        "Date": "03/04/2026",
    }
    (doubt,) = doubts_of(read_rows(tmp_path, row))
    assert "Dates of column “Date” can be read in two ways" in doubt
    assert doubts_of(read_rows(tmp_path, row, {**row, "Date": "13/04/2026"})) == []


def test_a_strict_log_stops_with_the_doubts_and_their_cures(tmp_path):
    rows = [{"prompt": f"Use this. {row['query']}", "question": row["query"]} for row in LOG]
    read_rows(tmp_path, *rows)
    settings = LogSettings(files=(str(tmp_path / "log.csv"),), strict=True)
    with pytest.raises(LogError) as error:
        read_log(settings)
    assert error.value.found.startswith("1 doubt: (1) ")
    assert '[log.columns] query = "question" or [log.columns] query = "prompt"' in str(error.value)
    assert len(read_log(settings.model_copy(update={"columns": {"query": "prompt"}})).queries) == 10


def test_parts_on_the_disk_raise_the_same_doubts(tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    nested = with_field("meta", [{"hits": [pages(n)], "at": f"2026-01-{n + 1}"} for n in range(10)])
    read_records(folder, *nested, name="a.jsonl")
    rows = [{**row, "response": f"{ANSWER} other", "date": "KW 12", "who": "user"} for row in LOG]
    read_rows(folder, *rows, name="b.csv")
    (folder / "c.txt").write_text("x", encoding="utf-8")
    settings = LogSettings(files=(str(folder),))
    whole = read_log(settings)
    assert len(doubts_of(whole)) >= 4
    plan = plan_log(settings)
    for n, file in enumerate(plan.files):
        save_log_part(read_log_part(settings, file, plan), tmp_path / f"part{n}")
    parts = [load_log_part(tmp_path / f"part{n}") for n in range(len(plan.files))]
    assert json.dumps(doubts_of(merge_log_parts(parts, settings))) == json.dumps(doubts_of(whole))


def error_of(*files, **columns):
    with pytest.raises(LogError) as error:
        read_log(LogSettings(files=tuple(map(str, files)), columns=columns))
    return error.value


def test_the_cure_of_responses_alone_is_the_file_of_their_requests(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"response": {"status_code": 200, "body": OPENAI_CHAT}}))
    assert error_of(path).cure == "Name the file of the requests with [log] files, too."


def test_the_cure_of_a_blank_column_of_questions_is_another_column(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("query,answer\n,a\n,b\n")
    assert error_of(path).cure == 'Say which column holds the questions: [log.columns] query = "…"'


def test_a_log_of_what_is_no_question_says_what_it_holds(tmp_path):
    path = tmp_path / "log.csv"
    row = {**OPENCITE, "role": "persona"}
    lines = [",".join(f'"{cell}"' for cell in cells) for cells in (row, row.values())]
    path.write_text("\n".join(lines))
    error = error_of(path)
    assert error.found == "only 1 x a row of the asking side"
    assert error.cure == "Export the questions and their answers, too."


def test_a_column_that_is_set_for_a_log_without_columns_is_to_be_left_out(tmp_path):
    path = tmp_path / "log.jsonl"
    request = {"messages": [{"role": "user", "content": "Q?"}]}
    path.write_text(json.dumps({"request": request, "response": OPENAI_CHAT}))
    assert error_of(path, query="Prompt").cure == (
        "Leave it out: the fields of chat completions are known."
    )


def test_other_tables_of_search_console_and_visits_are_named_for_what_they_are(tmp_path):
    pages, visits = tmp_path / "Pages.csv", tmp_path / "ga4.csv"
    pages.write_text("Top pages,Clicks,Impressions\nhttps://a.com,1,2\n")
    visits.write_text("Session source / medium,Sessions\nchatgpt.com / referral,4\n")
    assert "another table of Search Console: export Queries.csv" in error_of(pages).cure
    assert "name it under [analytics] sessions" in error_of(visits).cure


def test_a_folder_without_logs_says_what_it_holds_instead(tmp_path):
    (tmp_path / "a.har").write_text("{}")
    error = error_of(tmp_path)
    assert error.found == "1 file is not read because of its ending: 1 x .har"
    assert error.cure == "Export the same as CSV or JSON."


def test_figures_that_are_not_used_are_a_doubt_where_no_demand_is_read(tmp_path):
    rows = [{"query": row["query"], "Last 3 months Impressions": "1,480"} for row in LOG]
    (doubt,) = doubts_of(read_rows(tmp_path, *rows))
    assert "“Last 3 months Impressions”, which holds figures of times asked in 10 of 10" in doubt
    assert 'To read it: [log.columns] demand = "Last 3 months Impressions"' in doubt
    known = [{**row, "demand": "3"} for row in rows]
    assert doubts_of(read_rows(tmp_path, *known)) == []


def test_records_of_no_format_beside_those_of_an_api_are_a_doubt(tmp_path):
    exchange = {"request": {"messages": [{"role": "user", "content": "Q?"}]}}
    calls = [{**exchange, "response": OPENAI_CHAT}] * 3
    (doubt,) = doubts_of(read_records(tmp_path, *calls, {"text": "Acme is the best."}))
    assert "1 record of no known format beside those of chat completions" in doubt
    assert "(query = text)" in doubt
