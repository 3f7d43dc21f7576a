"""What the figures of visibility, change, visits and demand draw, as tables.

The tables hold the row of each mark, names and hover texts.
"""

from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.figure_data import HOLDERS, MAX_ROWS, hover_text
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

# A p value of at most 5% counts as clear: the usual level. Assumed.
ALPHA = 0.05


def visibility_points(analysis: Analysis, measure: str, n_sites: int = 12) -> pd.DataFrame:
    """Return one measure of the sites for which it is highest: `row`, `series`, hover.

    `row` is the number of the row from 0; the site itself comes first.
    """
    frame = describe_visibility(analysis, ("all",))
    frame = frame[frame["measure"] == measure]
    # A site is ranked by its highest rate of all engines and surfaces.
    sites = (
        frame.groupby("site")
        .agg(is_own=("is_own", "max"), value=("value", "max"))
        .reset_index()
        .sort_values(["is_own", "value", "site"], ascending=[False, False, True])
        .head(n_sites)
    )
    rows = sites[["site"]].assign(row=range(len(sites)))
    frame = frame.merge(rows, on="site").sort_values(["series", "row"])
    return frame.assign(hover=_hover_figures(frame)).reset_index(drop=True)


def week_points(analysis: Analysis, measure: str) -> pd.DataFrame:
    """Return one measure of the site by week: `week` (its Monday), `series`, hover."""
    frame = describe_visibility(analysis, ("week",))
    frame = frame[frame["is_own"] & (frame["measure"] == measure)]
    # A segment that is no date is left out.
    weeks = pd.to_datetime(frame["segment"], format="%Y-%m-%d", errors="coerce")
    frame = frame.assign(week=weeks, hover=_hover_figures(frame))[weeks.notna()]
    return frame.sort_values(["series", "week"]).reset_index(drop=True)


def holder_bars(analysis: Analysis, n_gaps: int = MAX_ROWS) -> pd.DataFrame:
    """Return who holds the citations of the gaps with most citations: `row`, name, hover.

    `row` is the number of the gap from 0.
    """
    frame = describe_holders(analysis)
    frame = frame[frame["citation_share"].notna()]
    # In a run without gaps, clusters are named by their ids.
    frame = frame.assign(label=frame["label"].fillna(frame["cluster_id"]))
    gaps = frame.drop_duplicates("cluster_id").nlargest(n_gaps, "n_all", keep="first")
    row_of = {cluster_id: row for row, cluster_id in enumerate(gaps["cluster_id"])}
    frame = frame[frame["cluster_id"].isin(list(row_of))]
    records = frame.to_dict("records")
    bars = frame.assign(
        row=frame["cluster_id"].map(row_of),
        name=[_name_holder_row(record) for record in records],
        hover=[_hover_holder(record) for record in records],
    )
    return bars.sort_values(["row", "holder_rank"]).reset_index(drop=True)


def verdict_points(analysis: Analysis, measure: str) -> pd.DataFrame:
    """Return the verdicts on one measure that have an effect: `row` from 0, name, hover.

    Effect, interval and noise floor are in percentage points.
    """
    frame = describe_verdicts(analysis)
    frame = frame[(frame["measure"] == measure) & frame["effect"].notna()].reset_index(drop=True)
    shares = ["effect", "low", "high", "noise_floor"]
    names = [
        f"{markup_lines(row['group_title'], 36)}<br>{markup_lines(row['series'], 40)}"
        for row in frame.to_dict("records")
    ]
    hover = [_hover_verdict(row) for row in frame.to_dict("records")]
    # Rates from 0 to 1 become percentage points.
    points = {share: 100 * frame[share] for share in shares}
    return frame.assign(**points, row=range(len(frame)), name=names, hover=hover)


def referral_bars(analysis: Analysis, n_pages: int = 15) -> pd.DataFrame:
    """Return the visits by assistant of the pages with most visits: `row` of the page, hover."""
    frame = describe_referrals(analysis)
    totals = frame.groupby("page", sort=False)["n_sessions"].sum().nlargest(n_pages, keep="first")
    frame = frame[frame["page"].isin(totals.index)]
    hover = [_hover_referral(row) for row in frame.to_dict("records")]
    rows = frame["page"].map({page: row for row, page in enumerate(totals.index)})
    return frame.assign(row=rows, hover=hover).reset_index(drop=True)


def association_points(analysis: Analysis) -> pd.DataFrame:
    """Return the associations that have figures: `pair` of signal and demand, hover, `is_clear`."""
    frame = analysis.associations[analysis.associations["correlation"].notna()]
    pairs = [
        f"{signal} → {demand}"
        for signal, demand in zip(frame["signal"], frame["demand"], strict=True)
    ]
    hover = [
        _hover_association(row, pair)
        for row, pair in zip(frame.to_dict("records"), pairs, strict=True)
    ]
    is_clear = frame["p"].le(ALPHA)
    return (
        frame.assign(pair=pairs, hover=hover, is_clear=is_clear)
        .sort_values(["pair", "lag_weeks"])
        .reset_index(drop=True)
    )


def _hover_figures(frame: pd.DataFrame) -> list[str]:
    """Return the hover texts of figures of visibility.

    With value, interval, numerator and denominator, and the numbers of prompts and answers.
    """
    return [_hover_figure(row) for row in frame.to_dict("records")]


def _hover_figure(row: dict[Any, Any]) -> str:
    segment = "" if row["split_by"] == "all" else f", {row['split_by']} of {row['segment']}"
    fraction = f"{amount(row['numerator'])} of {amount(row['denominator'])}"
    title = str(row["measure_title"])
    return hover_text(
        row["site"],
        markup_lines(f"{row['series']}{segment}", 120),
        markup_lines(f"{title[:1].upper()}{title[1:]}: {percent(row['value'])}, {fraction}.", 120),
        f"({markup_lines(row['formula'], 120)})",
        f"{count(row['n_prompts'], 'question')}, {count(row['n_answers'], 'answer')}; "
        f"{interval(row['low'], row['high'])}.",
        f"{LOW_N.capitalize()}." if row["is_low_n"] else "",
    )


def _name_holder_row(row: dict[Any, Any]) -> str:
    # One escaped text, so that the number is never on a line of its own.
    return markup_lines(f"{row['label']} ({row['n_all']})", width=40)


def _hover_holder(row: dict[Any, Any]) -> str:
    name = HOLDERS.get(row["holder"], (row["holder"], ""))[0]
    top = "" if is_missing(row["top_site"]) else f", most to {row['top_site']}"
    links = f"{row['n_citations']} of {count(row['n_all'], 'link')} go to {name}{top}."
    return hover_text(
        row["label"],
        markup_lines(links, 160),
        f"{count(row['n_prompts'], 'question')}, {count(row['n_answers'], 'answer')}.",
        markup_lines(f"{str(row['reason']).capitalize()}.", 200),
    )


def _hover_referral(row: dict[Any, Any]) -> str:
    lines = [f"{markup_lines(row['assistant'], 60)}: {amount(row['n_sessions'])} visits"]
    if not is_missing(row["n_engaged"]):
        lines.append(f"{amount(row['n_engaged'])} engaged")
    if not is_missing(row["n_key_events"]):
        lines.append(f"{amount(row['n_key_events'])} key events")
    if not is_missing(row["share_of_sessions"]):
        lines.append(f"{row['share_of_sessions']:.1%} of all visits to the page")
    lines.append(f"cited by {row['n_citations']} logged answers")
    if not is_missing(row["label"]):
        lines.append(f"gap: {markup_lines(row['label'])}")
    return hover_text(row["page"], *lines)


def _hover_association(row: dict[Any, Any], pair: str) -> str:
    has_interval = not is_missing(row["low"])
    return hover_text(
        pair,
        f"{count(row['lag_weeks'], 'week')} later: rank correlation {row['correlation']:+.2f}",
        f"95% interval {row['low']:+.2f} to {row['high']:+.2f}" if has_interval else "",
        "" if is_missing(row["p"]) else f"p {row['p']:.3f} over all lags and pairs",
        f"{row['n_weeks']} pairs of weeks",
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
    rates = f"{percent(row['before'])} before, {percent(row['after'])} after"
    return hover_text(
        row["group_title"],
        markup_lines(row["series"], 80),
        f"{markup_lines(row['measure_title'], 60)} {rates}",
        effect,
        "" if is_missing(row["drift"]) else f"drift of unchanged pages: {in_points(row['drift'])}",
        _describe_test(row),
        floor,
        f"{row['n_prompts']} prompts, {row['n_before']} answers before, {row['n_after']} after",
        markup_lines(row["reason"], 200),
    )


def _describe_test(row: dict[Any, Any]) -> str:
    """Return p in words, and why there is no verdict although the interval excludes 0."""
    if is_missing(row["p_holm"]):
        return ""
    # The interval of one comparison can exclude 0 although p, corrected for all, is above ALPHA.
    is_clear = not is_missing(row["low"]) and (row["low"] > 0 or row["high"] < 0)
    if row["verdict"] != NO_CHANGE or not is_clear:
        return f"p {row['p_holm']:.3f}, after allowing for all comparisons (Holm)"
    chance = f"pages drawn by lot reach it with a chance of {row['p']:.3f}"
    corrected = f"among all comparisons (Holm) of {row['p_holm']:.3f}: {NO_CHANGE} above {ALPHA}"
    return markup_lines(f"The interval alone is clear of 0, but {chance}, {corrected}", 240)


def shift(number: int, n: int, width: float = 0.5) -> float:
    """Return the distance of one of n marks from the middle of its row, so that none is covered.

    Args:
        number: number of the mark, from 0.
        n: number of marks in the row.
        width: part of the row's height that the marks take.
    """
    return float(np.round(width * ((number + 0.5) / n - 0.5), 6))
