"""What the workbook's sheets hold: columns of joined tables, their headings and forms.

This module does not know XlsxWriter.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.edit_records import describe_briefs
from coverage_kit.report.gap_lists import count_rest
from coverage_kit.report.joined import (
    describe_edits,
    describe_gaps,
    describe_pages,
    describe_queries,
    flatten,
    list_effects,
    list_unedited,
)
from coverage_kit.report.level import describe_level
from coverage_kit.report.texts import clean_text, is_missing, name_file, shorten
from coverage_kit.report.trust import describe_self_test, describe_stability, predicted_under
from coverage_kit.report.wording import GAP_ORDER, MEASURE_WORDINGS, METHOD, describe_listing
from coverage_kit.report.workbook.audit_sheets import list_audit_sheets
from coverage_kit.report.workbook.check_sheet import list_check_sheets
from coverage_kit.report.workbook.editor_notes import EditorNotes
from coverage_kit.report.workbook.gap_choices import (
    CHOICE_COLUMNS,
    HIDDEN_COLUMNS,
    NO_CHOICES,
    add_choices,
)
from coverage_kit.report.workbook.glossary import explain_hidden, make_glossary
from coverage_kit.report.workbook.sheet import (
    GAPS_SHEET,
    QUESTIONS_SHEET,
    REST_SHEET,
    UNSEEN_SHEET,
    Group,
    Sheet,
    SheetColumn,
    drop_empty,
    fold,
    link_gaps,
    link_rows,
    link_to_row,
    name_page,
    split_gaps,
    with_gap_link,
)
from coverage_kit.report.workbook.todo_sheets import list_todo_sheets
from coverage_kit.report.workbook.visibility_sheets import (
    list_visibility_sheets,
)
from coverage_kit.vocabulary import UNSEEN

# What an edit adds to those above it.
_GAINED = "answered questions gained"
# A row for each gap. Columns that end in _at or _url hold links of other columns.
_GAPS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("gap", "label", width=30),
    SheetColumn("times asked", "demand", "integer", 9),
    SheetColumn("measured or estimated", "asked_kind", width=11),
    SheetColumn("who asked", "asked_by", width=11),
    SheetColumn("questions", "n_queries", "integer", 11, link="queries_at"),
    SheetColumn("questions unanswered", "n_open", "integer", 13),
    SheetColumn("likelihood", "likelihood", width=11),
    SheetColumn("cause", "cause_title", width=23),
    SheetColumn("who is cited instead", "cited_instead", width=28),
    SheetColumn("such as", "queries", width=46),
    SheetColumn("in the plan, or why not", "in_plan", width=32),
    *CHOICE_COLUMNS,
    *fold(
        SheetColumn("what to do", "what_to_do", width=40),
        SheetColumn("first edit", "first_edit", width=28, link="first_edit_at"),
        SheetColumn("nearest page of your site", "own_heading", width=36, link="own_url"),
        SheetColumn("nearest page of another site", "other_heading", width=36, link="other_url"),
        SheetColumn("status, because", "status_reason", width=36),
        SheetColumn("theme", "theme", width=22),
        SheetColumn("severity (share unanswered)", "severity", "severity", 12),
        SheetColumn("severity, low end", "low", "percent", 10),
        SheetColumn("severity, high end", "high", "percent", 10),
        SheetColumn("citation rate of your site", "citation_rate", "percent", 11),
        SheetColumn("said by answers, better supported elsewhere", "unsupported_claims", width=48),
        SheetColumn("figures behind the cause", "reason", width=40),
    ),
    *HIDDEN_COLUMNS,
)
# The rest holds several lists, so that each row names its own; none of them goes by likelihood.
_REST = (
    *_GAPS[:2],
    SheetColumn("list", "listing", width=14),
    *(column for column in _GAPS[2:] if column.title != "likelihood"),
)
# A row for each question.
_QUERIES = (
    SheetColumn("question", "text", width=84),
    SheetColumn("times asked", "demand", "integer", 9),
    SheetColumn("measured or estimated", "asked_kind", width=11),
    SheetColumn("who asked", "asked_by", width=11),
    SheetColumn("covered", "coverage", "coverage", 10),
    SheetColumn("cause", "cause_title", width=25),
    SheetColumn("gap", "label", width=36, link="gap_at"),
    SheetColumn("nearest page of your site", "own_title", width=50, link="own_url"),
    *fold(
        SheetColumn("nearest passage of your site", "own_heading", width=46),
        SheetColumn("nearest page of another site", "other_heading", width=46, link="other_url"),
        SheetColumn("edit that helps most", "best_edit", width=34, link="best_edit_at"),
        SheetColumn("covered, low end", "low", "percent", 10),
        SheetColumn("covered, high end", "high", "percent", 10),
        SheetColumn("answers", "n_answers", "integer", 10),
        SheetColumn("answers that cite your site", "n_cited", "integer", 11),
    ),
)
# A row for each edit.
_EDITS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("topic", "subject", width=30),
    SheetColumn("what is done", "task", width=26),
    SheetColumn("part", "part", width=8),
    SheetColumn("in the plan", "is_chosen", "flag", 8),
    SheetColumn("page", "page", width=40, link="url"),
    SheetColumn("where", "place", width=40),
    SheetColumn("minutes", "cost_minutes", "integer", 10),
    SheetColumn(_GAINED, "marginal_gain", "integer", 12),
    SheetColumn("such as", "helped", width=50),
    *fold(
        SheetColumn("what to write", "to_write", width=74),
        SheetColumn("there now", "before", width=40),
        SheetColumn("proposed", "after", width=48),
        SheetColumn("words in front", "words_before", width=30),
        SheetColumn("words behind", "words_after", width=30),
        SheetColumn("gap", "label", width=26, link="gap_at"),
        SheetColumn("operation", "operation_title", width=22),
        SheetColumn("questions helped", "n_helped", "integer", 11, link="helped_at"),
        SheetColumn("gained by this edit alone", "gain", "integer", 12),
        SheetColumn("gained, low end", "low", "integer", 9),
        SheetColumn("gained, high end", "high", "integer", 9),
        SheetColumn("answered questions lost", "harm", "integer", 12),
        SheetColumn("expected citations", "citations", width=20),
        SheetColumn("right page (probability)", "home_probability", "percent", 11),
    ),
)
# A row for each page, also for pages that were not read.
_PAGES = (
    SheetColumn("page", "url", width=62, link="url"),
    SheetColumn("title", "title", width=54),
    SheetColumn("site", "site", width=24),
    SheetColumn("status", "status", "status", 20),
    SheetColumn("what to do", "cure", width=44),
    SheetColumn("words", "n_words", "integer", 9),
    SheetColumn("questions nearest to it", "n_nearest", "integer", 11),
    SheetColumn("times asked and covered", "demand_covered", "integer", 12),
    *fold(
        SheetColumn("passages", "n_passages", "integer", 10),
        SheetColumn("modified (UTC)", "modified_at", "time", 17),
    ),
)
# A row for each kind of files and addresses that are no pages, or were not read.
_UNREAD = (
    SheetColumn("site", "site", width=24),
    SheetColumn("kind", "kind", width=10),
    SheetColumn("why it is not read", "reason", width=44),
    SheetColumn("how many", "n_items", "integer", 9),
    SheetColumn("may hold pages", "may_be_pages", "flag", 9),
    SheetColumn("such as", "examples", width=62),
    SheetColumn("what to do", "cure", width=62),
    *fold(SheetColumn("source", "source", width=44)),
)
# Longer questions are cut in lists (assumed); the sheet of queries has them in full.
_MAX_QUESTION_CHARACTERS = 100
# A row for each fact about the run. "part" is the section of the facts.
_ABOUT = (
    SheetColumn("part", "part", width=22),
    SheetColumn("name", "name", width=34),
    SheetColumn("value", "value", width=110),
)


def list_sheets(
    analysis: Analysis,
    notes: Sequence[EditorNotes] = (),
    checks: pd.DataFrame | None = None,
    choices: pd.DataFrame | None = None,
) -> list[Sheet]:
    """Return the sheets of rows, without columns that are empty in all rows.

    They are, in this order: to do, gaps, edits, earlier edits, questions to check; questions, the
    other topics; visibility; pages; glossary; then the hidden sheets. To do, gaps and edits are
    always there, other sheets only if they have rows. Gaps, questions and edits link to each other.
    `notes` are rows of earlier to-do sheets, `checks` of earlier sheets of questions to check,
    `choices` of earlier sheets of gaps.
    """
    earlier = NO_CHOICES if choices is None else choices
    gaps = _explain_unedited(analysis, add_choices(analysis, describe_gaps(analysis), earlier))
    gaps = gaps.assign(cited_instead=gaps["rival"].where(gaps["rival"] != ""))
    edits = describe_edits(analysis).join(describe_briefs(analysis), on="edit_id")
    own_site = analysis.about.own_site
    edits = edits.assign(page=[name_page(page_id, own_site) for page_id in edits["page_id"]])
    gap_links = link_gaps(gaps)
    todo, *earlier_edits = list_todo_sheets(analysis, edits, gap_links, notes)
    gap_sheet, *other_gaps, queries, edit_sheet = _list_main(
        analysis,
        gaps,
        with_gap_link(describe_queries(analysis), gap_links),
        with_gap_link(edits, gap_links),
    )
    pages = Sheet(
        "pages",
        _PAGES,
        describe_pages(analysis),
        "every page of your site and of the others, read or not",
        (tables.PAGES,),
        group="pages",
    )
    unread = Sheet(
        "not read",
        _UNREAD,
        analysis.unread.assign(source=analysis.unread["source"].map(name_file)),
        "what else the sources of the sites hold, by kind and reason",
        (tables.UNREAD,),
        group="pages",
    )
    sheets = [
        todo,
        gap_sheet,
        edit_sheet,
        *earlier_edits,
        *list_check_sheets(analysis, checks),
        queries,
        *other_gaps,
        *list_visibility_sheets(analysis),
        pages,
        *([unread] if len(unread.rows) else []),
        *list_audit_sheets(analysis),
    ]
    # Sheets of a group are together, in the order above.
    groups = list(get_args(Group))
    sheets = sorted(map(drop_empty, sheets), key=lambda sheet: groups.index(sheet.group))
    is_hidden = [sheet.is_hidden for sheet in sheets]
    n_shown = is_hidden.index(True) if True in is_hidden else len(sheets)
    about = Sheet(
        "about",
        _ABOUT,
        pd.DataFrame(
            [(section, name, _as_text(value)) for section, name, value in list_about(analysis)],
            columns=[field.column for field in _ABOUT],
        ),
        "how far to trust the run, the method, settings and versions",
        group="engineer",
    )
    return [
        *sheets[:n_shown],
        make_glossary(sheets),
        *sheets[n_shown:],
        explain_hidden(sheets),
        about,
    ]


def _explain_unedited(analysis: Analysis, gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the gaps with the reason why no edit can close them, where the plan says nothing."""
    reasons = list_unedited(analysis).drop_duplicates("cluster_id").set_index("cluster_id")["brief"]
    is_silent = gaps["in_plan"].map(clean_text) == ""
    return gaps.assign(in_plan=gaps["in_plan"].mask(is_silent, gaps["cluster_id"].map(reasons)))


def _list_main(
    analysis: Analysis,
    gaps: pd.DataFrame,
    queries: pd.DataFrame,
    edits: pd.DataFrame,
) -> list[Sheet]:
    """Return the sheets of gaps, queries and edits, with links from each to the others."""
    titles = edits["rank"].astype("str") + ". " + edits["listed_as"].astype("str")
    title_of = dict(zip(edits["edit_id"], titles, strict=True))
    edit_links = dict(zip(edits["edit_id"], _row_links("edits", edits), strict=True))
    query_links = dict(zip(queries["query_id"], _row_links(QUESTIONS_SHEET, queries), strict=True))
    gap_query_links = link_rows(QUESTIONS_SHEET, queries["cluster_id"])
    first_edits = edits.drop_duplicates("cluster_id").set_index("cluster_id")["edit_id"]
    helped = _list_helped(analysis, edits)
    best_edits = (
        helped.sort_values(["gain", "edit_id"], ascending=[False, True])
        .drop_duplicates("query_id")
        .set_index("query_id")["edit_id"]
    )
    first_helped = helped.drop_duplicates("edit_id").set_index("edit_id")["query_id"]
    gap_edits = gaps["cluster_id"].map(first_edits)
    query_edits = queries["query_id"].map(best_edits)
    gaps = gaps.assign(
        first_edit=gap_edits.map(title_of),
        first_edit_at=gap_edits.map(edit_links),
        queries_at=gaps["cluster_id"].map(gap_query_links),
    )
    queries = queries.assign(
        best_edit=query_edits.map(title_of), best_edit_at=query_edits.map(edit_links)
    )
    edits = edits.assign(
        helped=edits["helped"].map(_shorten_each),
        helped_at=edits["edit_id"].map(first_helped).map(query_links),
    )
    return [
        *_list_gap_sheets(gaps),
        Sheet(
            QUESTIONS_SHEET,
            _QUERIES,
            queries,
            "every question, and how far your site covers it",
            (tables.QUERIES, tables.COVERAGE),
            max_lines=2,
        ),
        Sheet(
            "edits",
            _EDITS,
            edits,
            "every edit, with its minutes and the answered questions that it should gain",
            (tables.EDITS,),
            group="act",
        ),
    ]


def _list_gap_sheets(gaps: pd.DataFrame) -> list[Sheet]:
    """Return a sheet for each list of topics; those other than the gaps only where they have rows.

    The first one holds the gaps to close, and the rule of their order in a note.
    """
    unseen = describe_listing(UNSEEN)
    purposes = {
        GAPS_SHEET: (
            _GAPS,
            "what your site may lack; choose dismissed as the status of a gap that is not "
            "yours to close",
            GAP_ORDER,
        ),
        UNSEEN_SHEET: (_GAPS, "what your site answers, and answers do not use", unseen.what_to_do),
        REST_SHEET: (_REST, "topics that are no gaps to work on", count_rest(gaps)),
    }
    # The questions have a sheet of their own: the most typical ones are enough here.
    n_questions = {GAPS_SHEET: 3}
    part_of = {
        name: part.assign(
            queries=part["queries"]
            .map(partial(_shorten_each, n=n_questions.get(name, 1)))
            .astype("object")
        )
        for name, part in split_gaps(gaps).items()
    }
    return [
        Sheet(
            name,
            purposes[name][0],
            part,
            purposes[name][1],
            (tables.GAPS,),
            remark=purposes[name][2],
            group="act" if name == GAPS_SHEET else "evidence",
        )
        for name, part in part_of.items()
        if len(part) or name == GAPS_SHEET
    ]


def _list_helped(analysis: Analysis, edits: pd.DataFrame) -> pd.DataFrame:
    """Return the effects by which an edit helps a question."""
    effects = list_effects(analysis)
    return effects[(effects["gain"] > 0) & effects["edit_id"].isin(list(edits["edit_id"]))]


def _shorten_each(questions: Any, n: int | None = None) -> str | None:
    """Return the first n questions, a line each, with long ones cut; None where there are none."""
    if is_missing(questions):
        return None
    lines = str(questions).split("\n")[:n]
    return "\n".join(shorten(line, _MAX_QUESTION_CHARACTERS) for line in lines)


def _row_links(sheet: str, frame: pd.DataFrame) -> list[str]:
    # The first row below the header is row 2.
    return [link_to_row(sheet, row) for row in range(2, len(frame) + 2)]


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean_text(value)


def list_about(analysis: Analysis) -> list[tuple[str, str, Any]]:
    """Return the facts of a run as (section, name, value): trust, method, settings, versions."""
    about = analysis.about
    rows: list[tuple[str, str, Any]] = [
        (
            "trust",
            "predictions",
            f"Every gain is {predicted_under(about)}. It is no promise about any answer engine.",
        ),
        *(("trust", "level", line) for line in describe_level(analysis)),
        ("trust", "self-test", describe_self_test(about)),
    ]
    if stability := describe_stability(about):
        rows.append(("trust", "gaps", stability))
    rows += [("method", "", text) for text in METHOD]
    rows += [
        ("measures", wording.title, f"{wording.formula}. Needs: {wording.needs}")
        for wording in MEASURE_WORDINGS.values()
    ]
    # Values of several fields get a section of their own, other values are in the section "run".
    values = about.to_json()
    sections = {key: value for key, value in values.items() if isinstance(value, dict)}
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    rows += [("run", name, value) for name, value in flatten(plain)]
    for section in sorted(sections):
        rows += [(section, name, name_file(value)) for name, value in flatten(sections[section])]
    return rows
