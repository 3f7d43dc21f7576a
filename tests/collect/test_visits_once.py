"""Exports of GA4 that show the same visits several times: each visit counts once, or none does."""

import json

import pandas as pd
import pytest

from coverage_kit.collect.analytics import read_sessions
from coverage_kit.errors import LogError
from coverage_kit.measure.referrals import name_assistants

HEAD = (
    "# ----------------------------------------\n# Tents\n# Free form-Free form 1\n"
    "# 20261001-20261014\n# ----------------------------------------\n\n"
)
SOURCE = "Session source / medium"


def read(folder, text, name="ga.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return read_sessions([str(folder / name)])


def visits(sessions):
    """Return the visits by source and landing page, and those of AI assistants in all."""
    by_ai = sessions["n_sessions"].where(name_assistants(sessions, {}).notna(), 0).sum()
    pages = sessions["landing_page"].fillna("")
    return [*zip(sessions["source"], pages, sessions["n_sessions"], strict=True)], by_ai


@pytest.mark.parametrize(
    ("header", "event"),
    [
        (f"{SOURCE},Landing page,Event name,Sessions", "Event name"),
        ("Sitzung - Quelle/Medium,Landingpage,Ereignisname,Sitzungen", "Ereignisname"),
        # As Looker Studio writes a table, without visits but with a count of events.
        (f"{SOURCE},Landing page,Event name,Event count", "Event name"),
        # As a query of BigQuery gives it.
        ("source,landing_page,event_name,sessions", "event_name"),
    ],
)
def test_of_a_visits_events_the_first_counts_it(tmp_path, caplog, header, event):
    rows = (
        "claude.ai / referral,/tents,page_view,6\nclaude.ai / referral,/tents,session_start,6\n"
        "claude.ai / referral,/tents,scroll,2\ngoogle / organic,/poles,session_start,9\n"
    )
    if header.startswith("source,"):
        rows = rows.replace(" / referral", "").replace(" / organic", "")
    sessions, rejects = read(tmp_path, f"{HEAD}{header}\n{rows}")
    assert visits(sessions) == ([("claude.ai", "/tents", 6), ("google", "/poles", 9)], 6)
    reason = f"the same visits again: of '{event}' only 'session_start' counts"
    assert rejects[["line", "reason"]].to_numpy().tolist() == [[8, reason], [10, reason]]
    assert f"of '{event}' only 'session_start' counts" in caplog.text


def test_key_events_of_the_first_event_are_not_those_of_the_visit(tmp_path):
    rows = "claude.ai / referral,session_start,6,0,0\nclaude.ai / referral,purchase,2,2,90\n"
    header = f"{SOURCE},Event name,Sessions,Key events,Total revenue\n"
    sessions, _ = read(tmp_path, header + rows)
    assert sessions[["n_key_events", "revenue"]].isna().to_numpy().all()


def test_several_events_without_the_first_are_refused_with_the_cure(tmp_path):
    rows = "claude.ai / referral,page_view,6\nclaude.ai / referral,scroll,2\n"
    with pytest.raises(LogError, match="'Event name': 'page_view', 'scroll'") as raised:
        read(tmp_path, f"{SOURCE},Event name,Sessions\n{rows}")
    assert "without 'Event name'" in raised.value.cure
    assert "session_start counts each visit once" in raised.value.cure


def test_a_single_event_counts_each_visit_once_and_is_named(tmp_path, caplog):
    rows = "claude.ai / referral,page_view,6\npoe.com / referral,page_view,2\n"
    sessions, _ = read(tmp_path, f"{SOURCE},Event name,Sessions\n{rows}")
    assert visits(sessions)[1] == 8
    assert "it has visits with the event 'page_view' alone" in caplog.text
    # Counts of an event that comes several times in a visit are no visits.
    with pytest.raises(LogError, match="each visit once"):
        read(tmp_path, f"{SOURCE},Event name,Event count\n{rows}")


@pytest.mark.parametrize(
    "column",
    [
        "Page path and screen class",
        "Seitenpfad und Bildschirmklasse",
        "pagePath",
        "page_location",
        "Item name",
        "customEvent:quiz",
    ],
)
def test_pages_and_items_on_which_a_visit_counts_again_are_refused(tmp_path, column):
    rows = "claude.ai / referral,/a,6\nclaude.ai / referral,/b,6\n"
    with pytest.raises(LogError, match=f"the column '{column}'") as raised:
        read(tmp_path, f"{SOURCE},{column},Sessions\n{rows}")
    assert f"without '{column}'" in raised.value.cure


def test_a_dimension_of_ones_own_that_repeats_a_count_is_refused(tmp_path):
    repeating = [
        f"{source} / referral,{answer},{n}"
        for source, n in (("claude.ai", 6), ("poe.com", 4), ("chatgpt.com", 9))
        for answer in ("yes", "no")
    ]
    header = f"{SOURCE},Quiz answer,Sessions\n"
    with pytest.raises(LogError, match="'Quiz answer'"):
        read(tmp_path, header + "\n".join(repeating))
    # A device parts the visits: one pair of equal counts is chance.
    parting = [*repeating[:4], "chatgpt.com / referral,yes,9", "chatgpt.com / referral,no,8"]
    sessions, _ = read(tmp_path, header.replace("Quiz answer", "Device") + "\n".join(parting))
    assert visits(sessions)[1] == 37


DAYS = "# Start date: 202610{}\n# End date: 202610{}\n"
CARD = f"{SOURCE},Sessions\ngoogle / organic,50\nclaude.ai / referral,7\n"


def test_of_the_tables_of_one_report_that_which_says_most_counts(tmp_path, caplog):
    text = (
        f"# ----\n# Reports snapshot\n# ----\n#\n{DAYS.format('01', '14')}"
        "Nth day,Active users\n0000,12\n\n"
        f"{DAYS.format('01', '14')}Session source,Sessions\ngoogle,50\nclaude.ai,7\n\n"
        f"{DAYS.format('01', '14')}{SOURCE},Landing page,Sessions\n"
        "google / organic,/tents,50\nclaude.ai / referral,/tents,3\n"
        "claude.ai / referral,/poles,4\n\n"
        f"{DAYS.format('01', '14')}{CARD}"
    )
    sessions, rejects = read(tmp_path, text)
    assert visits(sessions) == (
        [("google", "/tents", 50), ("claude.ai", "/tents", 3), ("claude.ai", "/poles", 4)],
        7,
    )
    assert rejects["line"].tolist() == [13, 26]
    assert rejects["reason"].str.endswith("shows the same visits as that of line 19").all()
    assert "so it is left out" in caplog.text


def test_of_two_compared_periods_in_a_report_the_later_counts(tmp_path):
    text = (
        f"# ----\n# Traffic acquisition\n# ----\n{DAYS.format('15', '28')}{CARD}\n"
        f"{DAYS.format('01', '14')}{CARD.replace('7', '2')}"
    )
    sessions, rejects = read(tmp_path, text)
    assert visits(sessions)[1] == 7
    assert rejects["reason"].tolist() == [
        "this table of 2 rows is of the earlier of two compared periods"
    ]


def test_two_reports_put_together_in_a_file_both_count(tmp_path):
    report = "# ----\n# Traffic acquisition\n# ----\n"
    text = f"{report}{DAYS.format('15', '28')}{CARD}\n{report}{DAYS.format('01', '14')}{CARD}"
    sessions, rejects = read(tmp_path, text)
    assert visits(sessions)[1] == 14
    assert rejects.empty


def test_periods_that_overlap_in_part_are_refused(tmp_path):
    report = "# ----\n# Traffic acquisition\n# ----\n"
    text = f"{report}{DAYS.format('08', '28')}{CARD}\n{report}{DAYS.format('01', '14')}{CARD}"
    with pytest.raises(LogError, match="20261008-20261028 and 20261001-20261014"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("20261015-20261028", "20261001-20261014"),
        ('"Oct 15 - Oct 28, 2026"', '"Oct 1 - Oct 14, 2026"'),
        ('"Oct 15 - 28, 2026"', '"Oct 1 - 14, 2026"'),
        ("Oct 2026", "Sep 2026"),
        ("Last 14 days", "Previous period"),
    ],
)
def test_of_two_date_ranges_by_row_or_by_column_the_later_counts(tmp_path, later, earlier):
    rows = f"claude.ai / referral,{earlier},9\nclaude.ai / referral,{later},5\n"
    sessions, rejects = read(tmp_path, f"{SOURCE},Date range,Sessions\n{rows}")
    assert visits(sessions)[1] == 5
    assert rejects["reason"].str.startswith("an earlier period: of 'Date range' only").all()
    cross = f",{later},{earlier}\n{SOURCE},Sessions,Sessions\nclaude.ai / referral,5,9\n"
    assert visits(read(tmp_path, HEAD + cross)[0])[1] == 5


def test_the_change_between_two_ranges_is_no_range(tmp_path):
    rows = "".join(
        f"claude.ai / referral,{value}\n"
        for value in ('"Oct 15 - 28, 2026",5', '"Oct 1 - 14, 2026",9', "% change,-44%")
    )
    sessions, _ = read(tmp_path, f"{SOURCE},Date comparison,Sessions\n{rows}")
    assert visits(sessions)[1] == 5


def test_date_ranges_without_dates_and_a_column_of_visits_twice_are_refused(tmp_path):
    rows = "claude.ai / referral,date_range_0,5\nclaude.ai / referral,date_range_1,9\n"
    with pytest.raises(LogError, match="'date_range_0', 'date_range_1'"):
        read(tmp_path, f"{SOURCE},dateRange,Sessions\n{rows}")
    with pytest.raises(LogError, match="the column 'Sessions' 2 times"):
        read(tmp_path, f"{SOURCE},Sessions,Sessions\nclaude.ai / referral,5,9\n")
    compared = f"{SOURCE},Sessions (last 28 days),Sessions (previous 28 days)\nclaude.ai / a,5,9\n"
    assert visits(read(tmp_path, compared)[0])[1] == 5


def test_segments_share_visits_and_all_users_hold_them(tmp_path):
    rows = "All Users,claude.ai / referral,5\nMobile traffic,claude.ai / referral,3\n"
    header = f"Segment,{SOURCE},Sessions\n"
    sessions, rejects = read(tmp_path, header + rows)
    assert visits(sessions)[1] == 5
    assert rejects["reason"].tolist() == ["counted already: of 'Segment' only 'All Users' counts"]
    with pytest.raises(LogError, match="'Tablet traffic', 'Mobile traffic'"):
        read(tmp_path, header + rows.replace("All Users", "Tablet traffic"))


CELLS = [("claude.ai", "/tents", 4), ("poe.com", "/tents", 1), ("poe.com", "/poles", 3)]


@pytest.mark.parametrize(
    "text",
    [
        f"{SOURCE},claude.ai / referral,poe.com / referral,Totals\n"
        "Landing page,Sessions,Sessions,Sessions\nGrand total,4,4,8\n/tents,4,1,5\n/poles,,3,3\n",
        # Two figures of each source, and the dimension's name shifted.
        f",{SOURCE},claude.ai / referral,,poe.com / referral,\n"
        "Landing page,Sessions,Engaged sessions,Sessions,Engaged sessions\n"
        "/tents,4,3,1,1\n/poles,,,3,2\n",
        # The name of the rows' dimension above, and none of the sources'.
        "Landing page,claude.ai / referral,poe.com / referral\n,Sessions,Sessions\n"
        "/tents,4,1\n/poles,,3\n",
    ],
)
def test_a_cross_table_of_landing_pages_and_sources(tmp_path, text):
    sessions, rejects = read(tmp_path, HEAD + text)
    assert visits(sessions) == (CELLS, 8)
    assert set(rejects["reason"]) <= {"a grand total, which the other rows add up to"}
    first = HEAD.count("\n") + text[: text.index("/tents")].count("\n") + 1
    assert sessions[["line", "place"]].to_numpy().tolist() == [
        [first, 0],
        [first, 1],
        [first + 1, 0],
    ]


def test_subtotals_without_a_word_are_found_by_their_sum(tmp_path):
    rows = (
        "claude.ai / referral,,7\nclaude.ai / referral,/tents,4\nclaude.ai / referral,/poles,3\n"
        "poe.com / referral,,5\npoe.com / referral,/tents,1\n,,12\n"
    )
    sessions, rejects = read(tmp_path, f"{SOURCE},Landing page,Sessions\n{rows}")
    # The blank page of poe.com is no sum, so it is a visit to an unknown page.
    assert visits(sessions)[1] == 13
    assert rejects[["line", "reason"]].to_numpy().tolist() == [
        [2, "a subtotal, which other rows add up to"],
        [7, "a grand total, which the other rows add up to"],
    ]


def test_answers_of_the_api_by_other_dimensions_show_the_same_visits(tmp_path):
    def answer(dimensions, *rows):
        return {
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": "sessions"}],
            "rows": [
                {
                    "dimensionValues": [{"value": value} for value in row[:-1]],
                    "metricValues": [{"value": row[-1]}],
                }
                for row in rows
            ],
        }

    by_page = ("sessionSourceMedium", "landingPage")
    batch = [
        answer(("sessionSource",), ("claude.ai", "7")),
        answer(by_page, ("claude.ai / referral", "/tents", "4")),
        answer(by_page, ("claude.ai / referral", "/poles", "3")),
    ]
    sessions, rejects = read(tmp_path, json.dumps({"reports": batch}), "ga.json")
    assert visits(sessions) == ([("claude.ai", "/tents", 4), ("claude.ai", "/poles", 3)], 7)
    assert len(rejects) == 1


def test_the_sheets_of_a_workbook_are_tables_of_their_own(tmp_path):
    with pd.ExcelWriter(tmp_path / "ga.xlsx") as book:
        for sheet, name in (("By source", "Session source"), ("By medium", SOURCE)):
            row = {name: "claude.ai / referral", "Sessions": 7}
            pd.DataFrame([row]).to_excel(book, sheet_name=sheet, index=False)
    sessions, rejects = read_sessions([str(tmp_path / "ga.xlsx")])
    assert sessions["n_sessions"].tolist() == [7]
    assert len(rejects) == 1


def test_a_visit_whose_start_was_logged_twice_counts_once(tmp_path):
    def event(session, name="session_start"):
        parameters = [{"key": "ga_session_id", "value": {"int_value": session}}]
        return {
            "event_name": name,
            "user_pseudo_id": "u1",
            "event_params": parameters,
            "traffic_source": {"source": "claude.ai", "medium": "referral"},
        }

    events = [event(1), event(1, "page_view"), event(1), event(2)]
    sessions, rejects = read(tmp_path, "\n".join(map(json.dumps, events)), "ga.jsonl")
    assert visits(sessions)[1] == 2
    assert rejects["reason"].tolist() == [
        "the same visit again: its session_start was logged twice"
    ]


def test_two_files_with_the_same_rows_count_once_and_common_days_are_named(tmp_path, caplog):
    (tmp_path / "a.csv").write_text(HEAD + CARD, encoding="utf-8")
    (tmp_path / "b.csv").write_text(HEAD + CARD, encoding="utf-8")
    sessions, rejects = read_sessions([str(tmp_path)])
    assert visits(sessions)[1] == 7
    assert "rows are those of" in rejects["reason"].iloc[0]
    (tmp_path / "b.csv").write_text(
        HEAD.replace("1001", "0901") + CARD + "poe.com / b,1\n", "utf-8"
    )
    assert visits(read_sessions([str(tmp_path)])[0])[1] == 15
    assert "have days in common" in caplog.text
