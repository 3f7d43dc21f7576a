"""What the figures of visibility, change, visits and demand draw, as tables: places, names and hover texts."""

from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.figure_data import LABELLED, hover_text
from coverage_kit.report.texts import is_missing, markup_lines
from coverage_kit.report.visibility_joined import (
    describe_holders,
    describe_referrals,
    describe_verdicts,
    describe_visibility,
)
from coverage_kit.report.wording import (
    LOW_N,
    NO_CHANGE,
    amount,
    count,
    in_points,
    interval,
    percent,
)

ALPHA = 0.05


def mark_visibility(analysis: Analysis, measure: str, n_sites: int = 12) -> pd.DataFrame:
    """Return one measure of the sites for which it is highest, own site first: `place` of the site from 0, `series`, hover."""
    frame = describe_visibility(analysis, ("all",))
    frame = frame[frame["measure"] == measure]
    most = frame.groupby("site").agg(is_own=("is_own", "max"), value=("value", "max")).reset_index()
    most = most.sort_values(["is_own", "value", "site"], ascending=[False, False, True]).head(
        n_sites
    )
    frame = frame.merge(most[["site"]].assign(place=range(len(most))), on="site").sort_values(
        ["series", "place"]
    )
    return frame.assign(hover=_hover_figures(frame)).reset_index(drop=True)


def mark_weeks(analysis: Analysis, measure: str) -> pd.DataFrame:
    """Return one measure of the own site by week: `week` (its Monday), `series`, hover."""
    frame = describe_visibility(analysis, ("week",))
    frame = frame[frame["is_own"] & (frame["measure"] == measure)]
    weeks = pd.to_datetime(frame["segment"], format="%Y-%m-%d", errors="coerce")
    frame = frame.assign(week=weeks, hover=_hover_figures(frame))[weeks.notna()]
    return frame.sort_values(["series", "week"]).reset_index(drop=True)


def mark_holders(analysis: Analysis, n_gaps: int = LABELLED) -> pd.DataFrame:
    """Return who holds the citations of the gaps with most citations: `place` of the gap from 0, its name, hover."""
    frame = describe_holders(analysis)
    frame = frame[frame["citation_share"].notna()]
    frame = frame.assign(label=frame["label"].fillna(frame["cluster_id"]))
    most = frame.drop_duplicates("cluster_id").nlargest(n_gaps, "n_all", keep="first")["cluster_id"]
    frame = frame[frame["cluster_id"].isin(most)]
    rows = frame.to_dict("records")
    marked = frame.assign(
        place=frame["cluster_id"].map({name: place for place, name in enumerate(most)}),
        name=[
            f"{markup_lines(row['label'], 36)}<br>{row['n_all']} citations{_mark_lost(row)}"
            for row in rows
        ],
        hover=[_hover_holder(row) for row in rows],
    )
    return marked.sort_values(["place", "holder_rank"]).reset_index(drop=True)


def mark_verdicts(analysis: Analysis, measure: str) -> pd.DataFrame:
    """Return the verdicts on one measure that have an effect, in percentage points: `place` from 0, name, hover."""
    frame = describe_verdicts(analysis)
    frame = frame[(frame["measure"] == measure) & frame["effect"].notna()].reset_index(drop=True)
    shares = ["effect", "low", "high", "noise_floor"]
    names = [
        f"{markup_lines(row['group_title'], 36)}<br>{markup_lines(row['series'], 40)}"
        for row in frame.to_dict("records")
    ]
    hover = [_hover_verdict(row) for row in frame.to_dict("records")]
    return frame.assign(
        **{name: 100 * frame[name] for name in shares},
        place=range(len(frame)),
        name=names,
        hover=hover,
    )


def mark_referrals(analysis: Analysis, n_pages: int = 15) -> pd.DataFrame:
    """Return visits by assistant and page of the pages with most visits: `place` of the page from 0, hover."""
    frame = describe_referrals(analysis)
    totals = frame.groupby("page", sort=False)["n_sessions"].sum().nlargest(n_pages, keep="first")
    frame = frame[frame["page"].isin(totals.index)]
    hover = [
        hover_text(
            row["page"],
            f"{markup_lines(row['assistant'], 60)}: {amount(row['n_sessions'])} visits",
            "" if is_missing(row["n_engaged"]) else f"{amount(row['n_engaged'])} engaged",
            "" if is_missing(row["n_key_events"]) else f"{amount(row['n_key_events'])} key events",
            ""
            if is_missing(row["share_of_sessions"])
            else f"{row['share_of_sessions']:.1%} of all visits to the page",
            f"cited by {row['n_citations']} logged answers",
            "" if is_missing(row["label"]) else f"gap: {markup_lines(row['label'], 80)}",
        )
        for row in frame.to_dict("records")
    ]
    place = frame["page"].map({name: place for place, name in enumerate(totals.index)})
    return frame.assign(place=place, hover=hover).reset_index(drop=True)


def mark_associations(analysis: Analysis) -> pd.DataFrame:
    """Return the associations that have figures: `pair` of signal and demand, hover, whether p is under 5%."""
    frame = analysis.associations[analysis.associations["correlation"].notna()]
    pairs = [
        f"{signal} → {demand}"
        for signal, demand in zip(frame["signal"], frame["demand"], strict=True)
    ]
    hover = [
        hover_text(
            pair,
            f"{count(row['lag_weeks'], 'week')} later: rank correlation {row['correlation']:+.2f}",
            ""
            if is_missing(row["low"])
            else f"95% interval {row['low']:+.2f} to {row['high']:+.2f}",
            "" if is_missing(row["p"]) else f"p {row['p']:.3f} over all lags and pairs",
            f"{row['n_weeks']} pairs of weeks",
        )
        for row, pair in zip(frame.to_dict("records"), pairs, strict=True)
    ]
    is_clear = frame["p"].le(ALPHA)
    return (
        frame.assign(pair=pairs, hover=hover, is_clear=is_clear)
        .sort_values(["pair", "lag_weeks"])
        .reset_index(drop=True)
    )


def _hover_figures(frame: pd.DataFrame) -> list[str]:
    """Return the hover texts of figures of visibility: value, interval, numerator and denominator, prompts, answers."""
    return [
        hover_text(
            row["site"],
            markup_lines(row["series"], 80),
            ""
            if row["split_by"] == "all"
            else markup_lines(f"{row['split_by']} {row['segment']}", 60),
            f"{markup_lines(row['measure_title'], 60)} {percent(row['value'])} ({interval(row['low'], row['high'])})",
            f"{amount(row['numerator'])} / {amount(row['denominator'])}: {markup_lines(row['formula'], 120)}",
            f"{row['n_prompts']} prompts, {row['n_answers']} answers",
            LOW_N if row["is_low_n"] else "",
        )
        for row in frame.to_dict("records")
    ]


def _mark_lost(row: dict[Any, Any]) -> str:
    return "" if row["is_contested"] else ", not winnable"


def _hover_holder(row: dict[Any, Any]) -> str:
    held = f"{row['holder']}: {row['n_citations']} of {row['n_all']} citations, {percent(row['citation_share'])}"
    return hover_text(
        row["label"],
        markup_lines(held, 100),
        interval(row["low"], row["high"]),
        "" if is_missing(row["top_site"]) else f"most cited: {markup_lines(row['top_site'], 60)}",
        f"{row['n_prompts']} prompts, {row['n_answers']} answers",
        f"{'is_closable' if row['is_contested'] else 'not is_closable'}: {markup_lines(row['reason'], 200)}",
    )


def _hover_verdict(row: dict[Any, Any]) -> str:
    effect = f"effect {in_points(row['effect'])}"
    if not is_missing(row["low"]):
        effect += f" (95% interval {in_points(row['low'])} to {in_points(row['high'])})"
    floor = (
        ""
        if is_missing(row["noise_floor"])
        else f"noise floor: {100 * row['noise_floor']:.0f} points either way"
    )
    return hover_text(
        row["group_title"],
        markup_lines(row["series"], 80),
        f"{markup_lines(row['measure_title'], 60)} {percent(row['before'])} before, {percent(row['after'])} after",
        effect,
        "" if is_missing(row["drift"]) else f"drift of unchanged pages: {in_points(row['drift'])}",
        _tell_test(row),
        floor,
        f"{row['n_prompts']} prompts, {row['n_before']} answers before, {row['n_after']} after",
        markup_lines(row["reason"], 200),
    )


def _tell_test(row: dict[Any, Any]) -> str:
    """Return p in words, and why there is no verdict where the interval alone would tell one."""
    if is_missing(row["p_holm"]):
        return ""
    is_clear = not is_missing(row["low"]) and (row["low"] > 0 or row["high"] < 0)
    if row["verdict"] != NO_CHANGE or not is_clear:
        return f"p {row['p_holm']:.3f}, after allowing for all comparisons (Holm)"
    chance = f"pages drawn by lot reach it with a chance of {row['p']:.3f}"
    beside = f"among all comparisons (Holm) of {row['p_holm']:.3f}: {NO_CHANGE} above {ALPHA}"
    return markup_lines(f"The interval alone is clear of 0, but {chance}, {beside}", 240)


def shift(place: int, n: int, width: float = 0.5) -> float:
    """Return how far the mark number `place` of n stands from the middle of its row, so that none covers another."""
    return float(np.round(width * ((place + 0.5) / n - 0.5), 6))
