"""Visibility, change, visits and brand facts as plain values for the page."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.page_data import Context
from coverage_kit.report.reported import (
    HARDLY_ANSWERED,
    NOTE,
    OFTEN,
    OTHERS_PREFERRED,
    describe_reported,
)
from coverage_kit.report.texts import is_missing, safe_url, shorten
from coverage_kit.report.visibility_figure_data import ALPHA
from coverage_kit.report.visibility_joined import (
    describe_drifts,
    describe_exposure,
    describe_reason,
    describe_referrals,
    describe_verdicts,
    describe_visibility,
    is_alone,
)
from coverage_kit.report.wording import (
    UNMOVED,
    amount,
    describe_measure,
    interval,
    percent,
)

# Rows that the page lists of a table; the workbook has all. Assumed.
_MAX_ROWS = 20
_MAX_DISAGREEMENTS = 2 * _MAX_ROWS
# The columns that identify a pair of series; it has a row for each lag.
_PAIR = ["signal", "demand"]


def rates_context(analysis: Analysis, split_by: str) -> Context:
    """Return the site's measures of a split with a single segment: `series`, and a row a measure.

    A row has a cell for each series, None where the log holds nothing for it. Share of voice is
    there only where competitors are tracked.

    Args:
        analysis: the run.
        split_by: `all` or `branded`.
    """
    table = describe_visibility(analysis, (split_by,))
    table = table[
        table["is_own"] & ((table["measure"] != "share_of_voice") | (not is_alone(analysis)))
    ]
    series = sorted(table["series"].unique())
    rows = []
    for measure in table["measure"].unique():
        wording = describe_measure(str(measure))
        cells = {
            row["series"]: _rate_context(row)
            for row in table[table["measure"] == measure].to_dict("records")
        }
        rows.append(
            {
                "title": wording.title,
                "formula": wording.formula,
                "cells": [cells.get(name) for name in series],
            }
        )
    return {
        "series": [shorten(name, 60) for name in series],
        "rows": rows,
        "has_few": bool(table["is_low_n"].any()),
    }


def explain_rates(analysis: Analysis) -> str:
    """Return why share of voice and mention rate differ, in a sentence; empty without both."""
    table = describe_visibility(analysis, ("all",))
    table = table[table["is_own"]]
    named = table[table["measure"] == "mention_rate"]
    voice = table[table["measure"] == "share_of_voice"]
    if named.empty or voice.empty or is_alone(analysis):
        return ""
    n_named, n_mentions = float(voice["numerator"].sum()), float(voice["denominator"].sum())
    n_answers = float(named["denominator"].sum())
    return (
        f"Of {amount(n_answers)} answers, {amount(n_named)} name your brand: the mention rate. All "
        f"tracked brands together are named {amount(n_mentions)} times, {amount(n_named)} of them "
        "yours: the share of voice. It is high where answers seldom name any brand."
    )


def change_context(analysis: Analysis) -> Context:
    """Return the verdicts on the changed pages, what was compared, and each engine's drift.

    The unchanged pages show how engines move by themselves: `drifts` says that, `drifted` names
    the engines that moved, and the engine room has their figures.
    """
    verdicts = describe_verdicts(analysis)
    verdicts = verdicts[verdicts["group"] == "treated"]
    changed_at = analysis.about.setting("before_after", "changed_at")
    rows = [_verdict_context(row) for row in verdicts.to_dict("records")]
    pages = analysis.about.setting("before_after", "pages") or ()
    drifts = [
        _drift_context(str(series), rows)
        for series, rows in describe_drifts(analysis).groupby("series")
    ]
    return {
        "changed_at": shorten(changed_at, 20),
        "verdicts": rows,
        "summary": _summarize_change(shorten(changed_at, 20), rows),
        "pages": [shorten(page, 120) for page in pages],
        "drifted": [drift["series"] for drift in drifts if drift["moved"]],
        "has_panel": bool(analysis.about.setting("before_after", "files")),
        "drifts": drifts,
    }


def _summarize_change(changed_at: str, rows: list[Context]) -> str:
    """Return what the last changes did to the first measure, in a sentence; empty without any."""
    first = [row for row in rows if row["measure_title"] == rows[0]["measure_title"]]
    parts = [
        f"{row['verdict']} on {row['series']} ({percent(row['before'])} to {percent(row['after'])})"
        for row in first
    ]
    if not parts:
        return ""
    since = f"Since your changes of {changed_at}, the" if changed_at else "The"
    return f"{since} {first[0]['measure_title']} of the changed pages: {', '.join(parts)}."


def reported_context(analysis: Analysis, n_gaps: int) -> Context:
    """Return the searches for which an engine reports to have cited the site, the most asked first.

    With the times asked that the report implies, beside those of the log.

    Args:
        analysis: the run.
        n_gaps: how many gaps the page shows; only these get a link.
    """
    table = describe_reported(analysis)
    rows = [
        {
            "text": shorten(row["text"], 120),
            "times_cited": row["times_cited"],
            "share": _number(row["citation_share"]),
            "implied": _number(row["implied_demand"]),
            "logged": _number(row["logged_demand"]),
            "coverage": _number(row["coverage"]),
            "reading": row["reading"],
            "page": shorten(row["own_title"], 80),
            "url": safe_url(row["own_url"]),
            "label": shorten(row["label"], 80),
            "gap_rank": _shown_rank(row["gap_rank"], n_gaps),
        }
        for row in table.head(_MAX_ROWS).to_dict("records")
    ]
    is_new = table["logged_demand"].isna()
    return {
        "rows": rows,
        "n": len(table),
        "n_more": len(table) - len(rows),
        "n_new": int(is_new.sum()),
        "n_cited": float(table["times_cited"].sum()),
        "n_implied": float(table["implied_demand"].sum()),
        "readings": [
            (reading, int((table["reading"] == reading).sum()))
            for reading in (OFTEN, OTHERS_PREFERRED, HARDLY_ANSWERED)
        ],
        "note": NOTE,
    }


def referrals_context(analysis: Analysis, n_gaps: int) -> Context:
    """Return the visits from assistants: all, by assistant, by page, and what moves with demand.

    Args:
        analysis: the run.
        n_gaps: how many gaps the page shows; only these get a link.
    """
    table = describe_referrals(analysis)
    n_referred = float(table["n_sessions"].sum())
    n_sessions = float(analysis.sessions["n_sessions"].sum())
    by_assistant = (
        table.groupby("assistant")["n_sessions"].sum().sort_values(ascending=False, kind="stable")
    )
    exposure = describe_exposure(analysis)
    pairs = analysis.associations[analysis.associations["correlation"].notna()]
    clear_pairs = pairs[pairs["p"].le(ALPHA)]
    return {
        "n_sessions": n_referred,
        "share": n_referred / n_sessions if n_sessions else float("nan"),
        "assistants": [f"{shorten(name, 40)} {amount(n)}" for name, n in by_assistant.items()],
        "rows": [
            _referral_context(row, n_gaps) for row in table.head(_MAX_ROWS).to_dict("records")
        ],
        "n_more": max(0, len(table) - _MAX_ROWS),
        "readings": [_describe_association(row) for row in clear_pairs.to_dict("records")],
        "n_shown": float(exposure["n_ai_impressions"].sum()),
        "shown": [
            {**row, "url": safe_url(row["url"]), "page": shorten(row["page"], 160)}
            for row in exposure.head(_MAX_ROWS).to_dict("records")
        ],
        "n_more_shown": max(0, len(exposure) - _MAX_ROWS),
        "has_pairs": bool(len(pairs)),
        "n_pairs": pairs.groupby(_PAIR).ngroups,
        "n_clear": clear_pairs.groupby(_PAIR).ngroups,
    }


def brand_context(analysis: Analysis) -> Context:
    """Return the disagreements about the brand, and how many pages and answers were compared."""
    statements = analysis.statements
    own = statements[statements["source"].isin(["page", "structured data"])]
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"].to_dict()
    columns = ("kind", "property", "value", "other_value", "what_to_do", "example")
    rows = [
        {
            **{column: shorten(row[column], 200) for column in columns},
            **{column: int(row[column]) for column in ("n_pages", "n_answers")},
            "url": safe_url(urls.get(row["example"])),
        }
        for row in analysis.disagreements.to_dict("records")
    ]
    return {
        "rows": rows[:_MAX_DISAGREEMENTS],
        "n_more": max(0, len(rows) - _MAX_DISAGREEMENTS),
        "n_statements": len(statements),
        "n_pages": own["place"].nunique(),
        "n_answers": statements.loc[statements["source"] == "answer", "place"].nunique(),
    }


def _rate_context(row: dict[Any, Any]) -> Context:
    return {
        "value": float(row["value"]),
        "interval": interval(row["low"], row["high"]).removeprefix("95% interval "),
        "counts": f"{amount(row['numerator'])} / {amount(row['denominator'])}",
        "is_low_n": bool(row["is_low_n"]),
    }


def _verdict_context(row: dict[Any, Any]) -> Context:
    columns = ("series", "group_title", "measure_title", "verdict")
    # The verdict is shown separately, and the p values in the tooltip.
    reason = describe_reason(row["reason"]).removeprefix(f"{row['verdict']}: ")
    return {
        **{column: shorten(row[column], 80) for column in columns},
        "before": row["before"],
        "after": row["after"],
        "reason": shorten(reason, 300),
        "tested": shorten(row["reason"], 300),
    }


def _drift_context(series: str, rows: pd.DataFrame) -> Context:
    is_unmoved = rows["verdict"].isin(UNMOVED)
    moved = [
        f"{row['sign_title']}, {shorten(describe_reason(row['reason']), 200)}"
        for row in rows[~is_unmoved].to_dict("records")
    ]
    return {
        "series": shorten(series, 60),
        "moved": moved,
        "unmoved": [shorten(title, 80) for title in rows.loc[is_unmoved, "sign_title"]],
    }


def _referral_context(row: dict[Any, Any], n_gaps: int) -> Context:
    counts = {
        column: _number(row[column]) for column in ("n_sessions", "n_engaged", "n_key_events")
    }
    return {
        **{column: shorten(row[column], 160) for column in ("assistant", "page", "label")},
        **counts,
        "share": _number(row["share_of_sessions"]),
        **{column: int(row[column]) for column in ("n_citations", "n_edits")},
        "url": safe_url(row["url"]),
        "gap_rank": _shown_rank(row["gap_rank"], n_gaps),
    }


def _number(value: Any) -> float | None:
    return None if is_missing(value) else float(value)


def _shown_rank(rank: Any, n_gaps: int) -> int | None:
    """Return the rank of a gap that the page shows, None for others."""
    return None if is_missing(rank) or int(rank) > n_gaps else int(rank)


def _describe_association(row: dict[Any, Any]) -> str:
    pair = f"{shorten(row['signal'], 60)} and {shorten(row['demand'], 60)}"
    return f"{pair}: {shorten(row['reading'], 200)}"


def list_visibility_lines(analysis: Analysis) -> list[str]:
    """Return the run's visibility in a few plain lines, for a terminal.

    They say the rates, what a change moved, the visits from assistants, and whether facts about the
    brand disagree.
    """
    rates = rates_context(analysis, "all")
    lines = []
    title = describe_measure("citation_rate").title
    if rates["rows"] and rates["rows"][0]["title"] == title:
        lines += [
            f"Citation rate, 95% interval: {'; '.join(_describe_first_rate(rates))}.",
            *_describe_change(change_context(analysis), title),
        ]
    elif len(analysis.answers):
        lines.append("Citation rate: not logged. The log holds no citations of these engines.")
    if len(analysis.referrals):
        visits = referrals_context(analysis, 1)
        lines.append(
            f"Visits from AI assistants: {visits['n_sessions']:,.0f}, "
            f"{visits['share']:.1%} of all visits in the export."
        )
    if n_disagreements := len(analysis.disagreements):
        lines.append(f"Brand facts stated inconsistently: {n_disagreements:,}.")
    return lines


def _describe_first_rate(rates: Context) -> list[str]:
    """Return the first measure of each series, with its interval; "not logged" without it."""
    cells = zip(rates["series"], rates["rows"][0]["cells"], strict=True)
    return [
        f"{shorten(series, 40)} {percent(cell['value'])} "
        f"({cell['interval']}{', low n' if cell['is_low_n'] else ''})"
        if cell
        else f"{shorten(series, 40)} not logged"
        for series, cell in cells
    ]


def _describe_change(change: Context, measure_title: str) -> list[str]:
    """Return the verdicts on one measure as a line; none where nothing was compared."""
    verdicts = [
        f"{row['group_title']} on {shorten(row['series'], 40)}: {row['verdict']}"
        for row in change["verdicts"]
        if row["measure_title"] == measure_title
    ]
    return [f"Since {change['changed_at']}: {'; '.join(verdicts)}."] if verdicts else []
