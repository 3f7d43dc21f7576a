"""What the workbook's sheets hold: columns of joined tables, their headings and forms.

This module does not know XlsxWriter.
"""

from collections.abc import Sequence
from typing import Any

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
from coverage_kit.report.texts import clean_text, is_missing, shorten
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
from coverage_kit.report.workbook.glossary import make_glossary
from coverage_kit.report.workbook.sheet import (
    GAPS_SHEET,
    REST_SHEET,
    UNSEEN_SHEET,
    Sheet,
    SheetColumn,
    link_gaps,
    link_rows,
    link_to_row,
    split_gaps,
    with_gap_link,
)
from coverage_kit.report.workbook.todo_sheets import list_todo_sheets
from coverage_kit.report.workbook.visibility_sheets import (
    list_visibility_sheets,
)
from coverage_kit.vocabulary import UNSEEN

# A row for each gap. Columns that end in _at or _url hold links of other columns.
_GAPS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("gap", "label", width=30),
    SheetColumn("questions unanswered", "n_open", "integer", 12),
    SheetColumn("questions", "n_queries", "integer", 10, link="queries_at"),
    SheetColumn("times asked", "demand", "integer", 10),
    SheetColumn("likelihood", "likelihood", width=10),
    *CHOICE_COLUMNS,
    SheetColumn("status, because", "status_reason", width=36),
    SheetColumn("severity (share unanswered)", "severity", "severity", 12),
    SheetColumn("severity, low end", "low", "percent", 10),
    SheetColumn("severity, high end", "high", "percent", 10),
    SheetColumn("cause", "cause_title", width=22),
    SheetColumn("what to do", "what_to_do", width=40),
    SheetColumn("theme", "theme", width=22),
    SheetColumn("such as", "queries", width=48),
    SheetColumn("first edit", "first_edit", width=24, link="first_edit_at"),
    SheetColumn("in the plan", "in_plan", width=24),
    SheetColumn("figures behind the cause", "reason", width=40),
    SheetColumn(
        "said by answers, better supported elsewhere",
        "unsupported_claims",
        width=48,
    ),
    SheetColumn("citation rate of the site", "citation_rate", "percent", 11),
    SheetColumn("nearest own page", "own_heading", width=36, link="own_url"),
    SheetColumn("best other page", "other_heading", width=36, link="other_url"),
    *HIDDEN_COLUMNS,
)
# The rest holds several lists, so that each row names its own.
_REST = (*_GAPS[:2], SheetColumn("list", "listing", width=14), *_GAPS[2:])
# A row for each question.
_QUERIES = (
    SheetColumn("query", "text", width=52),
    SheetColumn("demand (times asked)", "demand", "number", 10),
    SheetColumn("coverage", "coverage", "coverage", 10),
    SheetColumn("coverage, low end", "low", "percent", 10),
    SheetColumn("coverage, high end", "high", "percent", 10),
    SheetColumn("cause", "cause_title", width=24),
    SheetColumn("gap", "label", width=26, link="gap_at"),
    SheetColumn("edit that helps most", "best_edit", width=24, link="best_edit_at"),
    SheetColumn("nearest own page", "own_title", width=30, link="own_url"),
    SheetColumn("nearest own passage", "own_heading", width=36),
    SheetColumn("best other page", "other_heading", width=36, link="other_url"),
    SheetColumn("answers", "n_answers", "integer", 10),
    SheetColumn("answers that cite the site", "n_cited", "integer", 11),
)
# A row for each edit.
_EDITS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("topic", "subject", width=30),
    SheetColumn("what is done", "task", width=26),
    SheetColumn("within the budget", "is_chosen", "flag", 9),
    SheetColumn("page", "page_id", width=32, link="url"),
    SheetColumn("where", "place", width=40),
    SheetColumn("right page (probability)", "home_probability", "percent", 11),
    SheetColumn("minutes", "cost_minutes", "integer", 10),
    SheetColumn("adds to the edits above (queries asked)", "marginal_gain", "number", 12),
    SheetColumn("predicted gain alone (queries asked)", "gain", "number", 12),
    SheetColumn("gain, low end", "low", "number", 9),
    SheetColumn("gain, high end", "high", "number", 9),
    SheetColumn("predicted harm (queries asked)", "harm", "number", 12),
    SheetColumn("expected citations", "citations", width=20),
    SheetColumn("what to write", "to_write", width=64),
    SheetColumn("words in front", "words_before", width=30),
    SheetColumn("there now", "before", width=40),
    SheetColumn("proposed", "after", width=48),
    SheetColumn("words behind", "words_after", width=30),
    SheetColumn("queries helped", "n_helped", "integer", 9, link="helped_at"),
    SheetColumn("such as", "helped", width=44),
    SheetColumn("gap", "label", width=26, link="gap_at"),
    SheetColumn("operation", "operation_title", width=22),
    SheetColumn("part", "part", width=9),
)
# A row for each gap without an edit.
_UNEDITED = (
    SheetColumn("gap", "label", width=30, link="gap_at"),
    SheetColumn("times asked", "demand", "integer", 10),
    SheetColumn("cause", "cause_title", width=24),
    SheetColumn("no edit, because", "brief", width=80),
    SheetColumn("figures behind the cause", "reason", width=48),
)
# A row for each page, also for pages that were not read.
_PAGES = (
    SheetColumn("url", "url", width=52, link="url"),
    SheetColumn("title", "title", width=36),
    SheetColumn("site", "site", width=22),
    SheetColumn("status", "status", "status", 18),
    SheetColumn("words", "n_words", "integer", 9),
    SheetColumn("passages", "n_passages", "integer", 10),
    SheetColumn("modified (UTC)", "modified_at", "time", 17),
    SheetColumn("queries nearest to it", "n_nearest", "integer", 11),
    SheetColumn("demand covered (times asked)", "demand_covered", "number", 13),
)
# Longer questions are cut in lists (assumed); the sheet of queries has them in full.
_MAX_QUESTION_CHARACTERS = 300
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
    """Return the sheets of rows.

    They are, in this order: gaps, answered but not seen, the rest of the topics, queries, edits,
    to do, questions to check, no edit, pages, further sheets that have rows, glossary, about.
    Gaps, queries and edits link to each other. `notes` are rows of earlier to-do sheets, `checks`
    of earlier sheets of questions to check, `choices` of earlier sheets of gaps.
    """
    earlier = NO_CHOICES if choices is None else choices
    gaps = add_choices(analysis, describe_gaps(analysis), earlier)
    edits = describe_edits(analysis).join(describe_briefs(analysis), on="edit_id")
    gap_links = link_gaps(gaps)
    sheets = [
        *_list_main(
            analysis,
            gaps,
            with_gap_link(describe_queries(analysis), gap_links),
            with_gap_link(edits, gap_links),
        ),
        *list_todo_sheets(analysis, edits, gap_links, notes),
        *list_check_sheets(analysis, checks),
        Sheet(
            "no edit, and why",
            _UNEDITED,
            with_gap_link(list_unedited(analysis), gap_links),
            "gaps that no edit of your site can close",
            (tables.GAPS,),
        ),
        Sheet(
            "pages",
            _PAGES,
            describe_pages(analysis),
            "every page that was met, read or not",
            (tables.PAGES,),
        ),
        *list_visibility_sheets(analysis),
        *list_audit_sheets(analysis),
    ]
    about = pd.DataFrame(
        [(section, name, _as_text(value)) for section, name, value in list_about(analysis)],
        columns=[field.column for field in _ABOUT],
    )
    return [
        *sheets,
        make_glossary(sheets),
        Sheet(
            "about",
            _ABOUT,
            about,
            "how far to trust it, the method, settings, versions",
        ),
    ]


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
    query_links = dict(zip(queries["query_id"], _row_links("queries", queries), strict=True))
    gap_query_links = link_rows("queries", queries["cluster_id"])
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
        queries=gaps["queries"].map(_shorten_each),
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
            "queries",
            _QUERIES,
            queries,
            "every question with its coverage",
            (tables.QUERIES, tables.COVERAGE),
        ),
        Sheet(
            "edits",
            _EDITS,
            edits,
            "every edit with what it costs and is predicted to bring",
            (tables.EDITS,),
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
    return [
        Sheet(
            name,
            purposes[name][0],
            part,
            purposes[name][1],
            (tables.GAPS,),
            remark=purposes[name][2],
        )
        for name, part in split_gaps(gaps).items()
        if len(part) or name == GAPS_SHEET
    ]


def _list_helped(analysis: Analysis, edits: pd.DataFrame) -> pd.DataFrame:
    """Return the effects by which an edit helps a question."""
    effects = list_effects(analysis)
    return effects[(effects["gain"] > 0) & effects["edit_id"].isin(list(edits["edit_id"]))]


def _shorten_each(questions: Any) -> str | None:
    """Return the questions, a line each, with long ones cut; None where there are none."""
    if is_missing(questions):
        return None
    lines = str(questions).split("\n")
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
        rows += [(section, name, value) for name, value in flatten(sections[section])]
    return rows
