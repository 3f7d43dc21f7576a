"""What the workbook's sheets hold: which columns of the views, under which headings, in which form. Knows no writer."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.audit_sheets import list_audit_sheets
from coverage_kit.report.sheet import Field, Form, Sheet, places_of, with_gap_link
from coverage_kit.report.views import (
    Headline,
    describe_edits,
    describe_gaps,
    describe_pages,
    describe_queries,
    list_unedited,
    summarize,
)
from coverage_kit.report.visibility_sheets import list_visibility_sheets
from coverage_kit.report.visibility_views import describe_visibility
from coverage_kit.report.wording import LOW_N, MEASURES, METHOD, amount, describe_self_test, interval, percent, predicted_under

_GLOSSARY = (
    *(tables.GAPS, tables.EDITS, tables.QUERIES, tables.COVERAGE, tables.EFFECTS, tables.FRONTIER),
    *(tables.PAGES, tables.PASSAGES, tables.VISIBILITY, tables.HOLDERS, tables.COMPETITORS, tables.VERDICTS, tables.DRIFTS),
    *(tables.REFERRALS, tables.ASSOCIATIONS, tables.DISAGREEMENTS, tables.SOURCES),
    *(tables.CHECKS, tables.FINDINGS, tables.BRAND_CLAIMS, tables.CLAIM_RATES, tables.RELIABILITY),
)


_GAPS = (
    Field("rank", "rank", "integer", 7),
    Field("gap", "label", width=26),
    Field("queries", "queries", width=48),
    Field("number of queries", "n_queries", "integer", 10),
    Field("demand (times asked)", "demand", "number", 10),
    Field("severity (share not covered)", "severity", "severity", 12),
    Field("severity, low end", "low", "percent", 10),
    Field("severity, high end", "high", "percent", 10),
    Field("cause", "cause_title", width=22),
    Field("what to do", "what_to_do", width=40),
    Field("figures behind the cause", "reason", width=40),
    Field("said by answers, better supported elsewhere", "unsupported_claims", width=48),
    Field("an edit can close it", "winnable", "flag", 10),
    Field("citation rate of the site", "citation_rate", "percent", 11),
    Field("nearest own page", "own_heading", width=36, link="own_url"),
    Field("best other page", "other_heading", width=36, link="other_url"),
)
_QUERIES = (
    Field("query", "text", width=52),
    Field("demand (times asked)", "demand", "number", 10),
    Field("coverage", "coverage", "coverage", 10),
    Field("coverage, low end", "low", "percent", 10),
    Field("coverage, high end", "high", "percent", 10),
    Field("cause", "cause_title", width=24),
    Field("gap", "label", width=26, link="gap_at"),
    Field("nearest own page", "own_title", width=30, link="own_url"),
    Field("nearest own passage", "own_heading", width=36),
    Field("best other page", "other_heading", width=36, link="other_url"),
    Field("answers", "n_answers", "integer", 10),
    Field("answers that cite the site", "n_cited", "integer", 11),
)
_EDITS = (
    Field("rank", "rank", "integer", 7),
    Field("within the budget", "is_chosen", "flag", 9),
    Field("operation", "operation_title", width=22),
    Field("page", "page_id", width=32, link="url"),
    Field("at the heading", "anchor", width=28),
    Field("what to write", "text", width=64),
    Field("there now", "before", width=40),
    Field("proposed", "after", width=48),
    Field("cost (minutes)", "cost_minutes", "number", 10),
    Field("adds to the edits above (queries asked)", "marginal_gain", "number", 12),
    Field("predicted gain alone (queries asked)", "gain", "number", 12),
    Field("gain, low end", "low", "number", 9),
    Field("gain, high end", "high", "number", 9),
    Field("predicted harm (queries asked)", "harm", "number", 12),
    Field("predicted rise of answers that cite the site (queries asked)", "citation_gain", "number", 14),
    Field("queries helped", "n_helped", "integer", 9),
    Field("such as", "helped", width=44),
    Field("gap", "label", width=26, link="gap_at"),
)
_TODO = (
    Field("page", "page_id", width=32, link="url"),
    Field("edits of the page", "n_edits", "integer", 9),
    Field("minutes of the page", "page_minutes", "number", 10),
    Field("the page adds (queries asked)", "page_gain", "number", 11),
    Field("rank", "rank", "integer", 7),
    Field("operation", "operation_title", width=22),
    Field("heading", "anchor", width=28),
    Field("what to write", "text", width=56),
    Field("there now", "before", width=40),
    Field("proposed", "after", width=48),
    Field("minutes", "cost_minutes", "number", 9),
    Field("adds (queries asked)", "marginal_gain", "number", 10),
    Field("status", "todo_status", width=14),
    Field("owner", "owner", width=14),
)
_UNEDITED = (
    Field("gap", "label", width=30, link="gap_at"),
    Field("demand (times asked)", "demand", "number", 10),
    Field("cause", "cause", width=24),
    Field("no edit, because", "text", width=80),
    Field("figures behind the cause", "reason", width=48),
)
_PAGES = (
    Field("url", "url", width=52, link="url"),
    Field("title", "title", width=36),
    Field("site", "site", width=22),
    Field("status", "status", "status", 18),
    Field("words", "n_words", "integer", 9),
    Field("passages", "n_passages", "integer", 10),
    Field("modified (UTC)", "modified_at", "time", 17),
    Field("queries nearest to it", "n_nearest", "integer", 11),
    Field("demand covered (times asked)", "demand_covered", "number", 13),
)
_TOP_GAPS = (
    Field("first gaps", "label", width=56, link="gap_at"),
    Field("severity", "severity", "severity", 14),
    Field("demand", "demand", "number", 14),
    Field("cause", "cause_title", width=34),
)
_TOP_EDITS = (
    Field("first edits", "title", width=56, link="edit_at"),
    Field("minutes", "cost_minutes", "number"),
    Field("adds (queries asked)", "marginal_gain", "number"),
    Field("gap", "label", width=34, link="gap_at"),
)


def list_sheets(analysis: Analysis) -> list[Sheet]:
    """Return the sheets of rows: gaps, queries, edits, to do by page, no edit, pages, then further ones that have rows.

    Links to gaps lead to their rows.
    """
    gaps, edits = describe_gaps(analysis), describe_edits(analysis)
    places = places_of("gaps", gaps["cluster_id"])
    return [
        Sheet("gaps", _GAPS, gaps),
        Sheet("queries", _QUERIES, with_gap_link(describe_queries(analysis), places)),
        Sheet("edits", _EDITS, with_gap_link(edits, places)),
        Sheet("to do by page", _TODO, _by_page(edits)),
        Sheet("no edit, and why", _UNEDITED, with_gap_link(list_unedited(analysis), places)),
        Sheet("pages", _PAGES, describe_pages(analysis)),
        *list_visibility_sheets(analysis),
        *list_audit_sheets(analysis),
    ]


def _by_page(edits: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen edits by page, the page that gains most first; its totals stand in the row of its first edit."""
    chosen = edits[edits["is_chosen"]]
    totals = chosen.groupby("page_id").agg(
        n_edits=("edit_id", "size"), page_minutes=("cost_minutes", "sum"), page_gain=("marginal_gain", "sum")
    )
    frame = chosen.merge(totals, on="page_id", how="left").assign(todo_status=None, owner=None)
    frame = frame.sort_values(["page_gain", "page_id", "rank"], ascending=[False, True, True], kind="stable")
    is_further = frame["page_id"].duplicated()
    return frame.assign(**{name: frame[name].mask(is_further) for name in totals.columns}).reset_index(drop=True)


def list_tops(analysis: Analysis, n: int = 10) -> list[Sheet]:
    """Return the first gaps and the first edits, which lead to their rows."""
    gaps, edits = describe_gaps(analysis), describe_edits(analysis)
    places = places_of("gaps", gaps["cluster_id"])
    titles = edits["operation_title"].astype("str") + ": " + edits["page_id"].astype("str")
    edits = edits.assign(title=titles, edit_at=edits["edit_id"].map(places_of("edits", edits["edit_id"])))
    tops = Sheet("first gaps", _TOP_GAPS, gaps), Sheet("first edits", _TOP_EDITS, edits)
    return [Sheet(top.name, top.fields, with_gap_link(top.rows.head(n), places)) for top in tops]


def list_figures(analysis: Analysis) -> list[tuple[str, float | str, Form, str]]:
    """Return the key figures as (name, value, form, note)."""
    head = summarize(analysis)
    rows: list[tuple[str, float | str, Form, str]] = [
        ("own site", str(analysis.about.get("own_site", "")), "text", f"{head.n_pages:,} pages read, all sites"),
        ("queries", head.n_queries, "integer", f"{head.n_answers:,} logged answers"),
        ("demand (times asked)", head.demand, "number", ""),
        ("share covered", head.covered, "percent", _interval_note(head)),
        (
            "severe gaps",
            head.n_severe,
            "integer",
            f"of {head.n_gaps:,}: severity 50% or more, and an edit can close them",
        ),
        (
            "planned minutes",
            head.planned_minutes,
            "number",
            f"{head.n_planned:,} edits, of a budget of {_budget(head)}",
        ),
        ("predicted gain", head.planned_gain, "number", _gain_note(head, analysis)),
    ]
    return [*rows, *_list_rates(analysis)]


def _list_rates(analysis: Analysis) -> Iterator[tuple[str, float | str, Form, str]]:
    """Yield the own site's citation rate on each engine and surface."""
    table = describe_visibility(analysis, ("all",))
    for row in table[table["is_own"] & (table["measure"] == "citation_rate")].to_dict("records"):
        counts = f"{amount(row['numerator'])} of {amount(row['denominator'])} answers, {row['n_prompts']} prompts"
        note = f"{interval(row['low'], row['high'])}; {counts}{f'; {LOW_N}' if row['is_low_n'] else ''}"
        yield f"citation rate, {row['series']}", float(row["value"]), "percent", note


def list_about(analysis: Analysis) -> list[tuple[str, str, Any]]:
    """Return what the run was made of as (part, name, value): trust, method, settings, versions, meanings of columns."""
    about = analysis.about
    rows: list[tuple[str, str, Any]] = [
        ("trust", "predictions", f"Every gain is {predicted_under(about)}. It is no promise about any answer engine."),
        ("trust", "self-test", describe_self_test(about)),
        *(("method", "", text) for text in METHOD),
        *(("measures", one.title, f"{one.formula}. Needs: {one.needs}") for one in MEASURES.values()),
    ]
    parts = {key: value for key, value in about.items() if isinstance(value, dict)}
    plain = {key: value for key, value in about.items() if not isinstance(value, dict)}
    rows += [("run", name, value) for name, value in flatten(plain)]
    rows += [(part, name, value) for part in sorted(parts) for name, value in flatten(parts[part])]
    rows += [(f"columns of {one.name}", c.name, c.meaning) for one in _GLOSSARY for c in one.columns]
    return rows


def flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested values as dotted names and plain values, in the order of names.

    >>> list(flatten({"b": {"c": 1}, "a": [1, "x"]}))
    [('a', '1, x'), ('b.c', 1)]
    """
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            yield from _flatten_list(f"{prefix}{name}", list(value))
        else:
            yield f"{prefix}{name}", value


def _flatten_list(name: str, values: list[Any]) -> Iterator[tuple[str, Any]]:
    if any(isinstance(value, dict) for value in values):
        yield from flatten({str(number): value for number, value in enumerate(values)}, f"{name}.")
    else:
        yield name, ", ".join(map(str, values))


def _interval_note(head: Headline) -> str:
    ends = f"{percent(head.covered_low)} to {percent(head.covered_high)}"
    return f"{ends} if every query lay at that end of its 90% interval; mean coverage weighted by demand"


def _gain_note(head: Headline, analysis: Analysis) -> str:
    return f"queries asked ({amount(head.planned_low)} to {amount(head.planned_high)}), {predicted_under(analysis.about)}"


def _budget(head: Headline) -> str:
    return f"{amount(head.budget_minutes)} minutes"
