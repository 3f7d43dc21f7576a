from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from coverage_kit.errors import RunError
from coverage_kit.report.wording import GAP_ORDER
from coverage_kit.report.workbook import clean_cell, write_csv, write_workbook, writer


@pytest.fixture(scope="module")
def book(analysis, tmp_path_factory):
    return openpyxl.load_workbook(
        write_workbook(analysis, tmp_path_factory.mktemp("book") / "gaps.xlsx")
    )


def column(sheet, title):
    index = [cell.value for cell in sheet[1]].index(title)
    return [row[index] for row in sheet.iter_rows(min_row=2)]


def test_sheets_are_in_order(book):
    assert book.sheetnames == [
        "summary",
        "gaps",
        "answered, not seen",
        "covered and out of reach",
        "queries",
        "edits",
        "to do by page",
        "questions to check",
        "no edit, and why",
        "pages",
        "visibility",
        "visibility by gap",
        "who is cited",
        "competitors",
        "before and after",
        "engine drift",
        "AI visits",
        "associations",
        "brand facts",
        "log sources",
        "four pillars",
        "findings",
        "wrong about us",
        "wrong by engine",
        "judges",
        "judgements",
        "glossary",
        "about",
        "chart data",
    ]


def test_no_cell_is_a_formula(book):
    cells = [cell for sheet in book for row in sheet for cell in row]
    assert len(cells) > 1_000
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "inlineStr"}


def test_hostile_text_stays_as_it_is(book, hostile):
    texts = {cell.value for cell in column(book["queries"], "query")}
    assert {hostile[0], hostile[1], hostile[3], hostile[4], hostile[9]} <= texts
    assert "tab\there and bell  null  and [31m" in texts


def test_text_beyond_a_cell_is_cut_with_a_note(book):
    longest = max((cell.value for cell in column(book["queries"], "query")), key=len)
    assert len(longest) == 32_767
    assert longest.endswith("… [cut: 40,000 characters]")


def test_links_lead_to_http_or_into_the_book(book):
    links = [cell.hyperlink for sheet in book for row in sheet for cell in row if cell.hyperlink]
    targets = {link.target for link in links if link.target}
    locations = {link.location for link in links if not link.target}
    assert targets
    assert all(target.startswith(("http://", "https://")) for target in targets)
    assert {location.rpartition("!")[0].strip("'") for location in locations} == {
        *book.sheetnames
    } - {"chart data"}
    for location in locations:
        sheet, _, cell = location.rpartition("!A")
        assert 1 <= int(cell) <= book[sheet.strip("'")].max_row


def test_link_to_a_gap_leads_to_its_row(book):
    cell = next(cell for cell in column(book["queries"], "gap") if cell.value == "battery, bike")
    row = int(cell.hyperlink.location.split("!A")[1])
    assert book["gaps"].cell(row, 2).value == "battery, bike"


def test_shares_are_percent_and_missing_values_blank(book):
    severity = column(book["gaps"], "severity (share unanswered)")[0]
    assert (severity.value, severity.number_format) == (0.9, "0%")
    assert column(book["gaps"], "citation rate of the site")[0].value is None


def test_each_list_has_its_sheet_and_the_gaps_the_rule_of_their_order(book):
    ranks = {
        name: [cell.value for cell in column(book[name], "rank")] for name in book.sheetnames[1:4]
    }
    assert ranks == {
        "gaps": [1, 2],
        "answered, not seen": [3, 4, 5],
        "covered and out of reach": [6, 7, 8],
    }
    lists = [cell.value for cell in column(book["covered and out of reach"], "list")]
    assert lists == ["out of reach", "out of reach", "covered"]
    assert book["gaps"]["A1"].comment.text.endswith(GAP_ORDER)
    assert [cell.value for cell in column(book["gaps"], "theme")] == [
        "<b>Rides</b> & range",
        "Care",
    ]


def test_summary_names_the_first_gaps_with_their_unanswered_questions(book):
    rows = list(book["summary"].iter_rows(values_only=True))
    (first,) = (n for n, row in enumerate(rows) if row[0] == "first gaps")
    assert rows[first + 1][:4] == (
        "<script>alert(7)</script>, =1+1",
        "5 of 5",
        7,
        "likely: Not answered on the site",
    )
    assert rows[first + 2][0] == "battery, bike"
    assert [row[0] for row in rows[first - 3 : first]] == [
        GAP_ORDER,
        "3 topics answered, but not seen.",
        "3 more topics: 1 covered, 2 out of reach.",
    ]


def test_times_are_in_utc(book):
    own = column(book["pages"], "modified (UTC)")[:5]
    assert {str(cell.value) for cell in own} == {"None", "2026-04-01 08:00:00"}


def test_rejected_pages_are_marked(book):
    assert [cell.value for cell in column(book["pages"], "status")].count("too short") == 3
    rules = {
        str(ranges.sqref): rules
        for ranges, rules in book["pages"].conditional_formatting._cf_rules.items()
    }
    assert [rule.operator for rule in rules["D2:D16"]] == ["notEqual"]


def test_sheets_can_be_filtered_and_keep_their_header(book):
    for name in ("gaps", "queries", "edits", "to do by page", "no edit, and why", "pages"):
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref.startswith("A1:")


def test_about_says_what_predictions_depend_on(book):
    values = [str(cell.value) for cell in column(book["about"], "value")]
    assert any("predicted under model minilm, self-test AUC 0.81" in value for value in values)


def test_glossary_explains_every_term_and_every_heading(book):
    rows = {
        (sheet_name, name): meaning
        for sheet_name, name, meaning in book["glossary"].iter_rows(min_row=2, values_only=True)
    }
    assert (
        rows["term", "coverage"]
        == "calibrated probability that the own site answers a query, 0 to 1"
    )
    assert rows["gaps", "severity (share unanswered)"].startswith(
        "demand-weighted mean of 1 - coverage, shrunk"
    )
    sheets = [
        sheet for sheet in book if sheet.title not in {"summary", "glossary", "about", "chart data"}
    ]
    headings = {(sheet.title, cell.value) for sheet in sheets for cell in sheet[1]}
    assert headings == {key for key in rows if key[0] != "term"}
    assert all(rows.values())


def test_same_analysis_gives_the_same_bytes(analysis, tmp_path):
    first, second = (
        write_workbook(analysis, tmp_path / name).read_bytes() for name in ("one.xlsx", "two.xlsx")
    )
    assert first == second


def test_empty_analysis_gives_a_workbook(empty, tmp_path):
    book = openpyxl.load_workbook(write_workbook(empty, tmp_path / "deep" / "gaps.xlsx"))
    assert book["gaps"].max_row == 1
    assert not list((tmp_path / "deep").glob("*.new"))


def test_links_beyond_a_sheets_limit_are_text(analysis, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_MAX_LINKS", 3)
    book = openpyxl.load_workbook(write_workbook(analysis, tmp_path / "gaps.xlsx"))
    assert [
        sum(bool(cell.hyperlink) for row in book[name] for cell in row)
        for name in ("gaps", "queries")
    ] == [3, 3]


def test_url_beyond_excels_limit_is_text(tiny, tmp_path):
    pages = tiny.pages.assign(url="https://shop.example/" + "a" * 3_000)
    book = openpyxl.load_workbook(
        write_workbook(replace(tiny, pages=pages), tmp_path / "gaps.xlsx")
    )
    assert not any(cell.hyperlink for cell in column(book["pages"], "url"))


def test_folder_in_place_of_the_file_is_an_error(tiny, tmp_path):
    with pytest.raises(RunError, match="Close it elsewhere"):
        write_workbook(tiny, tmp_path)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\x00=1"])
def test_csv_text_is_never_a_formula(text):
    assert clean_cell(text).startswith("'")


def test_csv_keeps_numbers_and_can_be_read_back(tmp_path, hostile):
    table = pd.DataFrame({"text": list(hostile), "n": range(-3, len(hostile) - 3), "=head": 1.5})
    path = write_csv(table, tmp_path / "table.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(path, encoding="utf-8-sig")
    assert list(back.columns) == ["text", "n", "'=head"]
    assert list(back["n"]) == list(table["n"])
    assert not back["text"].str.startswith(("=", "+", "-", "@", "\t", "\r")).any()
    assert back["text"][0] == "'" + hostile[0]
    assert not back["text"].str.contains("[\x00-\x08\x0b-\x1f]", regex=True).any()


def test_csv_of_missing_values_and_of_nothing(tmp_path, empty):
    table = pd.DataFrame({"text": ["a", None], "n": [1.0, None]})
    assert (
        write_csv(table, tmp_path / "t.csv").read_text(encoding="utf-8-sig") == "text,n\na,1.0\n,\n"
    )
    assert (
        write_csv(empty.gaps, tmp_path / "g.csv")
        .read_text(encoding="utf-8-sig")
        .startswith("cluster_id,gap_id,label")
    )


def test_to_do_begins_with_the_first_hour_and_goes_on_by_page_with_totals_once(book):
    sheet = book["to do by page"]
    # 10 + 11 + 12 + 13 + 14 = 60 minutes
    assert [cell.value for cell in column(sheet, "first hour")] == ["yes"] * 5 + ["no"] * 2
    pages = [cell.value for cell in column(sheet, "page")]
    assert pages == [
        f"shop.example/{name}" for name in ("p0", "p1", "p2", "new-3", "p0", "p1", "p2")
    ]
    assert [cell.value for cell in column(sheet, "rank")] == [1, 2, 3, 4, 5, 6, 7]
    assert [cell.value for cell in column(sheet, "minutes of the page")] == [
        24,
        26,
        28,
        13,
        None,
        None,
        None,
    ]
    assert [cell.value for cell in column(sheet, "the page adds (queries asked)")] == [
        36,
        34,
        32,
        17,
        None,
        None,
        None,
    ]
    assert {
        cell.value for title in ("status", "owner", "note") for cell in column(sheet, title)
    } == {None}
    assert "[FACT NEEDED: range]" in column(sheet, "proposed")[0].value


def test_what_no_edit_can_close_has_its_own_sheet(book):
    assert [cell.value for cell in column(book["no edit, and why"], "gap")] == ["winter, bike"]
    assert "no_edit" not in {cell.value for row in book["edits"] for cell in row}
