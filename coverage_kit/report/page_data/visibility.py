"""Visibility, change, visits and brand facts as plain values for the page's template."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import is_missing, safe_url, shorten
from coverage_kit.report.visibility_figure_data import ALPHA
from coverage_kit.report.visibility_joined import (
    describe_drifts,
    describe_referrals,
    describe_verdicts,
    describe_visibility,
    is_alone,
    tell_reason,
)
from coverage_kit.report.wording import (
    GROUPS,
    UNMOVED,
    amount,
    describe_measure,
    interval,
    percent,
)

_ROWS = 20
_PAIR = ["signal", "demand"]

Story = dict[str, Any]


def tell_rates(analysis: Analysis, by: str) -> Story:
    """Return the own site's measures of one part that parts nothing ('all', 'branded'): series, and a row a measure.

    A row has a cell for each series, None where the log holds nothing for it; share of voice only
    where competitors are tracked.
    """
    table = describe_visibility(analysis, (by,))
    table = table[
        table["is_own"] & ((table["measure"] != "share_of_voice") | (not is_alone(analysis)))
    ]
    series = sorted(table["series"].unique())
    rows = []
    for measure in table["measure"].unique():
        words = describe_measure(str(measure))
        cells = {
            row["series"]: _tell_rate(row)
            for row in table[table["measure"] == measure].to_dict("records")
        }
        rows.append(
            {
                "title": words.title,
                "formula": words.formula,
                "cells": [cells.get(name) for name in series],
            }
        )
    return {"series": [shorten(name, 60) for name in series], "rows": rows}


def tell_change(analysis: Analysis) -> Story:
    """Return the verdicts on all changed and all unchanged pages, and by engine what moved of itself and what did not."""
    verdicts = describe_verdicts(analysis)
    verdicts = verdicts[verdicts["group"].isin(GROUPS)]
    changed_at = analysis.about.get("settings", {}).get("before_after", {}).get("changed_at")
    return {
        "changed_at": shorten(changed_at, 20),
        "verdicts": [
            {
                **{
                    name: shorten(row[name], 80)
                    for name in (
                        "series",
                        "group_title",
                        "measure_title",
                        "verdict",
                    )
                },
                **{name: row[name] for name in ("before", "after")},
                "why": shorten(
                    tell_reason(row["reason"]).removeprefix(f"{row['verdict']}: "),
                    300,
                ),
                "tested": shorten(row["reason"], 300),
            }
            for row in verdicts.to_dict("records")
        ],
        "drifts": [
            _tell_drift(str(name), rows)
            for name, rows in describe_drifts(analysis).groupby("series")
        ],
    }


def tell_referrals(analysis: Analysis, n_gaps: int) -> Story:
    """Return the visits from assistants: all of them, by assistant, by page, and what goes with demand.

    Args:
        analysis: the run.
        n_gaps: how many gaps the page shows: others cannot be linked to.
    """
    table = describe_referrals(analysis)
    total = float(table["n_sessions"].sum())
    every = float(analysis.sessions["n_sessions"].sum())
    by_assistant = (
        table.groupby("assistant")["n_sessions"].sum().sort_values(ascending=False, kind="stable")
    )
    pairs = analysis.associations[analysis.associations["correlation"].notna()]
    told = pairs[pairs["p"].le(ALPHA)]
    return {
        "n_sessions": total,
        "share": total / every if every else float("nan"),
        "assistants": [f"{shorten(name, 40)} {amount(n)}" for name, n in by_assistant.items()],
        "rows": [_tell_referral(row, n_gaps) for row in table.head(_ROWS).to_dict("records")],
        "n_more": max(0, len(table) - _ROWS),
        "readings": [
            f"{shorten(row['signal'], 60)} and {shorten(row['demand'], 60)}: {shorten(row['reading'], 200)}"
            for row in told.to_dict("records")
        ],
        "has_pairs": bool(len(pairs)),
        "n_pairs": pairs.groupby(_PAIR).ngroups,
        "n_clear": told.groupby(_PAIR).ngroups,
    }


def tell_brand(analysis: Analysis) -> Story:
    """Return the disagreements about the brand, and in how many places something is said of it."""
    statements = analysis.statements
    own = statements[statements["source"].isin(["page", "structured data"])]
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"].to_dict()
    texts = (
        "kind",
        "property",
        "value",
        "other_value",
        "what_to_do",
        "example",
    )
    rows = [
        {
            **{name: shorten(row[name], 200) for name in texts},
            **{name: int(row[name]) for name in ("n_pages", "n_answers")},
            "url": safe_url(urls.get(row["example"])),
        }
        for row in analysis.disagreements.to_dict("records")
    ]
    return {
        "rows": rows[: 2 * _ROWS],
        "n_more": max(0, len(rows) - 2 * _ROWS),
        "n_statements": len(statements),
        "n_pages": own["place"].nunique(),
        "n_answers": statements.loc[statements["source"] == "answer", "place"].nunique(),
    }


def _tell_rate(row: dict[Any, Any]) -> Story:
    return {
        "value": float(row["value"]),
        "interval": interval(row["low"], row["high"]).removeprefix("95% interval "),
        "counts": f"{amount(row['numerator'])} / {amount(row['denominator'])}",
        "is_low_n": bool(row["is_low_n"]),
    }


def _tell_drift(name: str, rows: pd.DataFrame) -> Story:
    is_still = rows["verdict"].isin(UNMOVED)
    moved = [
        f"{row['sign_title']}, {shorten(tell_reason(row['reason']), 200)}"
        for row in rows[~is_still].to_dict("records")
    ]
    return {
        "series": shorten(name, 60),
        "moved": moved,
        "still": [shorten(sign, 80) for sign in rows.loc[is_still, "sign_title"]],
    }


def _tell_referral(row: dict[Any, Any], n_gaps: int) -> Story:
    rank = None if is_missing(row["gap_rank"]) else int(row["gap_rank"])
    return {
        **{name: shorten(row[name], 160) for name in ("assistant", "page", "label")},
        **{
            name: None if is_missing(row[name]) else float(row[name])
            for name in ("n_sessions", "n_engaged", "n_key_events")
        },
        "share": None if is_missing(row["share_of_sessions"]) else float(row["share_of_sessions"]),
        **{name: int(row[name]) for name in ("n_citations", "n_edits")},
        "url": safe_url(row["url"]),
        "gap_rank": rank if rank is not None and rank <= n_gaps else None,
    }


def list_visibility_lines(analysis: Analysis) -> list[str]:
    """Return the run's visibility in a few plain lines, for a terminal: rates, what a change moved, visits, the brand."""
    rates = tell_rates(analysis, "all")
    change = tell_change(analysis)
    lines = []
    if rates["rows"]:
        cells = [
            (name, cell)
            for name, cell in zip(rates["series"], rates["rows"][0]["cells"], strict=True)
            if cell
        ]
        told = [
            f"{shorten(name, 40)} {percent(cell['value'])} ({cell['interval']}{', low n' if cell['is_low_n'] else ''})"
            for name, cell in cells
        ]
        lines.append(f"Citation rate, 95% interval: {'; '.join(told)}.")
    of_rate = (
        [row for row in change["verdicts"] if row["measure_title"] == rates["rows"][0]["title"]]
        if rates["rows"]
        else []
    )
    told = [
        f"{row['group_title']} on {shorten(row['series'], 40)} {row['verdict']}" for row in of_rate
    ]
    lines += [f"Since {change['changed_at']}: {'; '.join(told)}."] if told else []
    if len(analysis.referrals):
        visits = tell_referrals(analysis, 1)
        lines.append(
            f"Visits from AI assistants: {visits['n_sessions']:,.0f}, {visits['share']:.1%} of all in the export."
        )
    if len(analysis.disagreements):
        lines.append(
            f"Told differently of the brand: {len(analysis.disagreements)} facts or names."
        )
    return lines
