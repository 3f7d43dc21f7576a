"""Bing's AI Performance: searches for which the site was cited."""

import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.errors import LogError
from coverage_kit.settings import LogSettings
from tests.collect.vendor_samples import BING

HEADER = '"Grounding Query","Intent","Topic","Citations","Citation Share"'


def write(folder, name, *lines):
    path = folder / f"www.a.example_{name}_9_5_2026.csv"
    path.write_bytes("\r\n".join(("\ufeff" + lines[0], *lines[1:], "")).encode())
    return path


def read(*paths):
    return read_log(LogSettings(files=tuple(map(str, paths))))


def searches(log):
    columns = ["text", "demand", "times_cited", "implied_demand"]
    return log.queries[columns].to_numpy().tolist()


def test_the_demand_of_a_search_is_its_citations_over_its_share_in_every_locale(tmp_path):
    path = write(
        tmp_path,
        "AISearchQueriesReport",
        HEADER,
        '"cargo bike puncture kit","Research","Bikes","764","24.49%"',
        '"winter tyres","","","1,200","16,09%"',
        '"bike lock","","","2.000","50 %"',
        '"own brand","Navigational","","31","100%"',
    )
    log = read(path)
    assert searches(log) == [
        ["bike lock", 4000.0, 2000.0, 4000.0],
        ["cargo bike puncture kit", 3120.0, 764.0, 3120.0],
        ["own brand", 31.0, 31.0, 31.0],
        ["winter tyres", 7458.0, 1200.0, 7458.0],
    ]
    assert set(log.queries["origin"]) == {"rewrite"}
    assert set(log.queries["demand_kind"]) == {"estimated"}
    assert len(log.answers) == 0, "a search is no answer: no rate may count it"


def test_without_a_share_the_citations_are_the_least_that_a_search_was_asked(tmp_path):
    path = write(tmp_path, "AISearchQueriesReport", '"Grounding Query","Citations"', '"a b","7"')
    blank = write(
        tmp_path, "AISearchQueriesReport_2", HEADER, '"c d","","","9",""', '"e f","","","3","0%"'
    )
    log = read(path, blank)
    assert dict(zip(log.queries["text"], log.queries["demand"], strict=True)) == {
        "a b": 7.0,
        "c d": 9.0,
        "e f": 3.0,
    }
    assert log.queries["implied_demand"].isna().all()


def test_a_spreadsheet_turns_the_share_into_a_number(tmp_path):
    path = write(tmp_path, "AISearchQueriesReport", HEADER, '"a b","","","25","0.25"')
    assert searches(read(path)) == [["a b", 100.0, 25.0, 100.0]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('"a","","","","5%"', "no number of citations: blank"),
        ('"a","","","many","5%"', "no number of citations: many"),
        ('"a","","","5","124.49%"', "no citation share from 0% to 100%: 124.49%"),
        ('"a","","","5","high"', "no citation share from 0% to 100%: high"),
        ('"","","","5","5%"', "no query"),
        ('"a","","","-5","5%"', "no number of citations: -5"),
    ],
)
def test_a_figure_that_cannot_be_right_is_rejected(tmp_path, row, reason):
    log = read(write(tmp_path, "AISearchQueriesReport", HEADER, '"fine","","","5","5%"', row))
    assert log.queries["text"].tolist() == ["fine"]
    assert log.rejects["reason"].tolist() == [reason]


def test_what_the_log_asked_keeps_its_own_count_beside_that_of_the_report(tmp_path):
    bing = write(tmp_path, "AISearchQueriesReport", HEADER, '"Best CRM?","","","764","24.49%"')
    answers = tmp_path / "answers.csv"
    answers.write_text("query,answer,engine\nbest crm,Acme.,chatgpt\nbest crm,Beta.,chatgpt\n")
    for paths in ((bing, answers), (answers, bing)):
        log = read(*paths)
        row = log.queries.iloc[0]
        assert (row["demand"], row["demand_kind"]) == (2.0, "measured")
        assert (row["times_cited"], row["implied_demand"]) == (764.0, 3120.0)
        assert row["origin"] is None or row["origin"] != row["origin"], "it is not known who asked"
        assert len(log.answers) == 2


def test_searches_of_the_report_alone_add_nothing_to_the_times_asked_in_a_log(tmp_path):
    bing = write(tmp_path, "AISearchQueriesReport", HEADER, '"puncture kit","","","764","24.49%"')
    answers = tmp_path / "answers.csv"
    answers.write_text("query,answer,engine\nbest crm,Acme.,chatgpt\n")
    log = read(bing, answers)
    assert log.queries["demand"].tolist() == [1.0, 0.0]
    assert log.queries["implied_demand"].tolist()[1] == 3120.0


def test_pages_and_days_of_bing_are_set_aside(tmp_path):
    paths = (
        write(tmp_path, "AISearchQueriesReport", HEADER, '"fine","","","5","5%"'),
        write(tmp_path, "AIPageStatsReport", '"Page","Citations"', '"https://a.example/x","12"'),
        write(
            tmp_path,
            "AIPerformanceOverviewStats",
            '"Date","Citations","Cited Pages"',
            '"9/5/2026 12:00:00 AM","0","0"',
        ),
        write(
            tmp_path, "AIPerformanceFilteredOverviewStats", '"Date","Citations"', '"9/5/2026","3"'
        ),
    )
    log = read(*paths)
    assert log.queries["text"].tolist() == ["fine"]
    assert sorted(log.sources["n_aside"]) == [0, 1, 1, 1]
    assert log.rejects.empty


def test_an_export_without_rows_is_no_error_beside_a_log(tmp_path):
    bing = write(tmp_path, "AISearchQueriesReport", HEADER)
    answers = tmp_path / "answers.csv"
    answers.write_text("query,answer,engine\nbest crm,Acme.,chatgpt\n")
    log = read(bing, answers)
    assert log.queries["times_cited"].isna().all(), "silence proves nothing"
    assert log.rejects.empty


def test_a_table_with_further_columns_is_none_of_bings_pages(tmp_path):
    path = tmp_path / "tracker.csv"
    path.write_text("Prompt,Page,Citations\nbest crm,https://a.example/x,3\n")
    assert read(path).queries["text"].tolist() == ["best crm"]
    assert "Citation Share" in BING


def test_a_header_alone_is_no_fault_and_has_its_row_beside_a_log(tmp_path):
    header = write(tmp_path, "a.example_AISearchQueriesReport_9_5_2026.csv", HEADER)
    with pytest.raises(LogError, match=r"header of Bing AI Performance alone.*no fault"):
        read(header)
    question = write(tmp_path, "log.csv", "query,answer", "Best CRM?,Acme")
    log = read(header, question)
    rows = log.sources.set_index("format")["n_records"]
    assert rows["Bing AI Performance"] == 0
    assert len(log.queries) == 1
