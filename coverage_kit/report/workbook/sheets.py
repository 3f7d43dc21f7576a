"""What the workbook's sheets hold: which columns of the views, under which headings, in which form. Knows no writer."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import (
    describe_edits,
    describe_gaps,
    describe_pages,
    describe_queries,
    flatten,
    list_effects,
    list_unedited,
)
from coverage_kit.report.texts import clean_text, is_missing, shorten
from coverage_kit.report.trust import describe_self_test, predicted_under
from coverage_kit.report.wording import MEASURE_WORDINGS, METHOD
from coverage_kit.report.workbook.audit_sheets import list_audit_sheets
from coverage_kit.report.workbook.editor_notes import EditorNotes
from coverage_kit.report.workbook.glossary import make_glossary
from coverage_kit.report.workbook.sheet import (
    Sheet,
    SheetColumn,
    place_of,
    places_of,
    with_gap_link,
)
from coverage_kit.report.workbook.todo_sheets import list_todo_sheets
from coverage_kit.report.workbook.visibility_sheets import (
    list_visibility_sheets,
)

_GAPS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("gap", "label", width=26),
    SheetColumn("queries", "queries", width=48),
    SheetColumn("number of queries", "n_queries", "integer", 10, link="queries_at"),
    SheetColumn("demand (times asked)", "demand", "number", 10),
    SheetColumn("severity (share not covered)", "severity", "severity", 12),
    SheetColumn("severity, low end", "low", "percent", 10),
    SheetColumn("severity, high end", "high", "percent", 10),
    SheetColumn("cause", "cause_title", width=22),
    SheetColumn("what to do", "what_to_do", width=40),
    SheetColumn("first edit", "first_edit", width=24, link="first_edit_at"),
    SheetColumn("figures behind the cause", "reason", width=40),
    SheetColumn(
        "said by answers, better supported elsewhere",
        "unsupported_claims",
        width=48,
    ),
    SheetColumn("an edit can close it", "is_closable", "flag", 10),
    SheetColumn("citation rate of the site", "citation_rate", "percent", 11),
    SheetColumn("nearest own page", "own_heading", width=36, link="own_url"),
    SheetColumn("best other page", "other_heading", width=36, link="other_url"),
)
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
_EDITS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("within the budget", "is_chosen", "flag", 9),
    SheetColumn("operation", "operation_title", width=22),
    SheetColumn("page", "page_id", width=32, link="url"),
    SheetColumn("at the heading", "heading_path", width=28),
    SheetColumn("what to write", "brief", width=64),
    SheetColumn("there now", "before", width=40),
    SheetColumn("proposed", "after", width=48),
    SheetColumn("cost (minutes)", "cost_minutes", "number", 10),
    SheetColumn("adds to the edits above (queries asked)", "marginal_gain", "number", 12),
    SheetColumn("predicted gain alone (queries asked)", "gain", "number", 12),
    SheetColumn("gain, low end", "low", "number", 9),
    SheetColumn("gain, high end", "high", "number", 9),
    SheetColumn("predicted harm (queries asked)", "harm", "number", 12),
    SheetColumn(
        "predicted rise of answers that cite the site (queries asked)",
        "citation_gain",
        "number",
        14,
    ),
    SheetColumn("queries helped", "n_helped", "integer", 9, link="helped_at"),
    SheetColumn("such as", "helped", width=44),
    SheetColumn("gap", "label", width=26, link="gap_at"),
)
_UNEDITED = (
    SheetColumn("gap", "label", width=30, link="gap_at"),
    SheetColumn("demand (times asked)", "demand", "number", 10),
    SheetColumn("cause", "cause", width=24),
    SheetColumn("no edit, because", "brief", width=80),
    SheetColumn("figures behind the cause", "reason", width=48),
)
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
_QUESTION = 300
_ABOUT = (
    SheetColumn("part", "part", width=22),
    SheetColumn("name", "name", width=34),
    SheetColumn("value", "value", width=110),
)


def list_sheets(analysis: Analysis, kept: Sequence[EditorNotes] = ()) -> list[Sheet]:
    """Return the sheets of rows: gaps, queries, edits, to do, no edit, pages, further ones that have rows, glossary, about.

    Gaps, queries and edits lead to each other. `kept` are rows of earlier to-do sheets.
    """
    gaps = describe_gaps(analysis)
    queries = describe_queries(analysis)
    edits = describe_edits(analysis)
    places = places_of("gaps", gaps["cluster_id"])
    rows_of = with_gap_link(queries, places), with_gap_link(edits, places)
    sheets = [
        *_list_main(analysis, gaps, *rows_of),
        *list_todo_sheets(analysis, edits, places, kept),
        Sheet(
            "no edit, and why",
            _UNEDITED,
            with_gap_link(list_unedited(analysis), places),
            "gaps that no edit of the own site can close",
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
        [(part, name, _as_text(value)) for part, name, value in list_about(analysis)],
        columns=_names(_ABOUT),
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
    """Return gaps, queries and edits with what leads from each to the others."""
    titles = edits["rank"].astype("str") + ". " + edits["operation_title"].astype("str")
    title_of, edit_at = (
        dict(zip(edits["edit_id"], told, strict=True)) for told in (titles, _places("edits", edits))
    )
    query_at = dict(zip(queries["query_id"], _places("queries", queries), strict=True))
    first = edits.drop_duplicates("cluster_id").set_index("cluster_id")["edit_id"]
    effects = list_effects(analysis)
    helped = effects[
        (effects["rise"] > 0)
        & ~effects["is_drafted_from"].astype(bool)
        & effects["edit_id"].isin(edit_at)
    ]
    best = helped.sort_values(["rise", "edit_id"], ascending=[False, True]).drop_duplicates(
        "query_id"
    )
    best_of = best.set_index("query_id")["edit_id"]
    helps_first = helped.drop_duplicates("edit_id").set_index("edit_id")["query_id"]
    gap_edit = gaps["cluster_id"].map(first)
    query_edit = queries["query_id"].map(best_of)
    gaps = gaps.assign(
        queries=gaps["queries"].map(_shorten_each),
        first_edit=gap_edit.map(title_of),
        first_edit_at=gap_edit.map(edit_at),
        queries_at=gaps["cluster_id"].map(places_of("queries", queries["cluster_id"])),
    )
    queries = queries.assign(
        best_edit=query_edit.map(title_of), best_edit_at=query_edit.map(edit_at)
    )
    edits = edits.assign(
        helped=edits["helped"].map(_shorten_each),
        helped_at=edits["edit_id"].map(helps_first).map(query_at),
    )
    return [
        Sheet(
            "gaps",
            _GAPS,
            gaps,
            "what the site does not answer, worst first",
            (tables.GAPS,),
        ),
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


def _shorten_each(questions: Any) -> str | None:
    """Return the questions, a line each, with long ones cut: in full they stand in the queries' sheet."""
    return (
        None
        if is_missing(questions)
        else "\n".join(shorten(line, _QUESTION) for line in str(questions).split("\n"))
    )


def _places(sheet: str, frame: pd.DataFrame) -> list[str]:
    return [place_of(sheet, row) for row in range(2, len(frame) + 2)]


def _names(fields: tuple[SheetColumn, ...]) -> list[str]:
    return [field.column for field in fields]


def _as_text(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else clean_text(value)


def list_about(analysis: Analysis) -> list[tuple[str, str, Any]]:
    """Return what the run was made of as (part, name, value): trust, method, settings, versions."""
    about = analysis.about
    rows: list[tuple[str, str, Any]] = [
        (
            "trust",
            "predictions",
            f"Every gain is {predicted_under(about)}. It is no promise about any answer engine.",
        ),
        ("trust", "self-test", describe_self_test(about)),
        *(("method", "", text) for text in METHOD),
        *(
            ("measures", one.title, f"{one.formula}. Needs: {one.needs}")
            for one in MEASURE_WORDINGS.values()
        ),
    ]
    parts = {key: value for key, value in about.to_json().items() if isinstance(value, dict)}
    plain = {key: value for key, value in about.to_json().items() if not isinstance(value, dict)}
    rows += [("run", name, value) for name, value in flatten(plain)]
    return rows + [
        (part, name, value) for part in sorted(parts) for name, value in flatten(parts[part])
    ]
