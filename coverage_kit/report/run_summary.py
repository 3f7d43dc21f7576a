"""A run in a few plain lines, for a terminal."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from coverage_kit.analysis import About, Analysis
from coverage_kit.headline import describe_plan, summarize
from coverage_kit.report.gap_texts import describe_lists
from coverage_kit.report.joined import describe_edits, describe_gaps
from coverage_kit.report.level import describe_answered, describe_level
from coverage_kit.report.log_account import count_doubts, describe_account
from coverage_kit.report.page_data.audit import list_audit_lines
from coverage_kit.report.page_data.overview import describe_rates_note
from coverage_kit.report.page_data.trend import list_news, list_own_rates
from coverage_kit.report.page_data.visibility import list_visibility_lines
from coverage_kit.report.site_account import describe_site
from coverage_kit.report.texts import clean_text, is_missing, shorten
from coverage_kit.report.trust import (
    describe_bias,
    describe_not_assessed,
    describe_reading,
    describe_sampling,
    describe_stability,
    is_coverage_reliable,
    rate_trust,
)
from coverage_kit.report.wording import amount, count, describe_open, minutes, percent, times
from coverage_kit.vocabulary import LIKELY, TO_CLOSE

# Gaps and edits that the summary lists; the page has all. Assumed: they fit on one screen.
_MAX_LISTED = 5
# Notes on how the log was read. Assumed: more files than that are read alike.
_MAX_NOTES = 10
# What an engine's line says of each measure.
_RATES = {"citation_rate": "cites you in", "mention_rate": "names you in"}


def describe_run(analysis: Analysis, folder: Path, *, is_verbose: bool = False) -> str:
    """Return the summary of a run: trust, input, news, top gaps and edits, plan and visibility.

    Args:
        analysis: the run.
        folder: the run's folder, whose files the summary names.
        is_verbose: whether the statistics, the audit, and time and memory follow.
    """
    trust = rate_trust(analysis.about)
    lines = [
        "",
        f"{trust.word}. {trust.reason}",
        *_list_cures(analysis.about),
        *_describe_input(analysis, folder),
        describe_answered(analysis.about, summarize(analysis)),
        *describe_level(analysis, folder),
        "Since the last run:",
        *(f"  {line}" for line in list_news(analysis)),
        "",
        *_describe_gaps(analysis, folder),
        *filter(None, [describe_not_assessed(analysis.about)]),
        "",
        *_describe_edits(analysis),
        "",
        *_describe_visibility(analysis),
        *(["", *_describe_statistics(analysis)] if is_verbose else []),
        "",
        f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}",
    ]
    if not is_verbose:
        lines.append("Statistics, audit and time: in the page, or with --verbose.")
    return "\n".join(lines)


def _list_cures(about: About) -> list[str]:
    """Return what to do where the run cannot be trusted."""
    if reading := describe_reading(about):
        return [reading]
    if about.self_test and not is_coverage_reliable(about):
        return ["Try a stronger encoder: [match] encoder."]
    return []


def _describe_input(analysis: Analysis, folder: Path) -> list[str]:
    about, pages = analysis.about, analysis.pages
    demand = float(analysis.queries["demand"].sum())
    lines = [
        f"Read: {count(len(analysis.queries), 'question')} asked {times(demand)}, "
        f"{count(len(analysis.answers), 'answer')}{_describe_unanswered(analysis)}.",
        *map(clean_text, describe_site(pages, analysis.unread, about.own_site)),
        *describe_sampling(about, analysis.groups),
        *_list_notes(analysis),
    ]
    if account := describe_account(analysis.sources):
        lines.append(f"The log: {account}.")
    if n_doubts := count_doubts(analysis.sources):
        lines.append(
            f"How the log was read: {count(n_doubts, 'doubt')}, with cures, in the sheet log "
            "sources and where the run began."
        )
    if n_rejects := len(analysis.rejects):
        records = count(n_rejects, "record")
        lines.append(f"Not read: {records} of logs and exports; see {folder / 'rejects.csv'}.")
    return lines


def _describe_unanswered(analysis: Analysis) -> str:
    """Return how many questions have no logged answer, '' where all or none have one."""
    n = int((~analysis.queries["query_id"].isin(analysis.answers["query_id"])).sum())
    return f" ({count(n, 'question')} without one)" if n and len(analysis.answers) else ""


def _list_notes(analysis: Analysis) -> list[str]:
    """Return what the formats of the log lack."""
    notes = [note for note in analysis.sources["note"] if not is_missing(note)]
    lines = dict.fromkeys(line for note in notes for line in str(note).split("\n"))
    n_more = len(lines) - _MAX_NOTES
    more = [f"  and {count(n_more, 'further note')}: see the sheet log sources"]
    return [
        *(f"  {shorten(line, 240)}" for line in list(lines)[:_MAX_NOTES]),
        *(more if n_more > 0 else []),
    ]


def _describe_gaps(analysis: Analysis, folder: Path) -> list[str]:
    gaps = describe_gaps(analysis)
    listed = gaps[gaps["listing"] == TO_CLOSE]
    head, *others = describe_lists(analysis, folder)
    return [
        f"Top gaps, {len(listed):,} to close. {head}",
        *(f"  {row['rank']}. {_describe_gap(row)}" for row in _first(listed)),
        *([f"  Further: {' '.join(others)}"] if others else []),
    ]


def _describe_gap(row: dict[Any, Any]) -> str:
    """Return a gap in a line: name, how often asked, unanswered questions, who is cited instead.

    A gap that is not likely says so.
    """
    likelihood = str(row["likelihood"])
    facts = [
        "" if likelihood in ("", LIKELY) else f"a {likelihood} gap",
        f"asked {times(row['demand'])}",
        describe_open(row["n_open"], row["n_queries"]),
        row["rival"],
    ]
    return f"{row['label']}: {', '.join(filter(None, facts))}"


def _describe_edits(analysis: Analysis) -> list[str]:
    lines = [
        f"  {row['rank']}. {row['listed_as']}, {shorten(row['page_id'], 100)}: "
        f"{minutes(row['cost_minutes'])} minutes, {amount(row['marginal_gain'])} more answered"
        for row in _first(describe_edits(analysis))
    ]
    plan = describe_plan(summarize(analysis))
    return [
        "Top edits (minutes of work; answered questions gained beyond the edits above, in times "
        "asked):",
        *(lines or ["  none: no edit is predicted to gain anything"]),
        # The interval is a matter for the page.
        *([f"The plan: {plan.partition(' (')[0]}."] if plan else []),
    ]


def _describe_visibility(analysis: Analysis) -> list[str]:
    """Return a line for each engine, then what changed, the visits, and the brand's facts."""
    by_engine: dict[str, list[str]] = {}
    for measure, words in _RATES.items():
        for row in list_own_rates(analysis, measure):
            few = ", from few prompts" if row["is_low_n"] else ""
            rate = f"{words} {percent(row['value'])} of answers{few}"
            by_engine.setdefault(row["series"], []).append(rate)
    lines = [
        f"{'Engine not logged' if engine == 'unknown' else engine}: {'; '.join(rates)}"
        for engine, rates in by_engine.items()
    ]
    further = list_visibility_lines(analysis)
    # The first line has the citation rates of all engines.
    has_rates = bool(list_own_rates(analysis, "citation_rate"))
    note = [describe_rates_note(analysis)] if has_rates else []
    return [*lines, *filter(None, note), *(further[1:] if has_rates else further)]


def _describe_statistics(analysis: Analysis) -> list[str]:
    """Return what engineers want to know of a run: tests, models, the audit, time and memory."""
    about, stages = analysis.about, analysis.stages
    plan = describe_plan(summarize(analysis))
    lines = [
        *_describe_self_test(about),
        describe_stability(about),
        _describe_choice_model(about),
        f"The plan: {plan}." if plan else "",
        # Runs of earlier versions do not hold the bound.
        f"The chosen edits gain at least {about.share_of_bound:.0%} of what any edits of the same "
        "total cost could gain."
        if about.share_of_bound is not None and analysis.edits["is_chosen"].any()
        else "",
        f"Not listed: {count(about.n_small_edits, 'edit')} that add too little to these, or are "
        "other variants of them."
        if about.n_small_edits
        else "",
        *list_visibility_lines(analysis)[:1],
        *list_audit_lines(analysis),
        f"{count(len(analysis.passages), 'passage')}; {stages['n_embedded'].sum():,} texts "
        f"embedded, {stages['n_reused'].sum():,} reused.",
        f"Reused from an earlier run, as nothing has changed: "
        f"{', '.join(stages['reused'].dropna())}."
        if stages["reused"].notna().any()
        else "",
        _describe_stages(analysis),
    ]
    return [line for line in lines if line]


def _describe_self_test(about: About) -> list[str]:
    test = about.self_test
    if not test:
        return [
            "Self-test: not possible with so few questions or passages. "
            "Coverage uses a calibration that was fitted on public sites."
        ]
    per_gap = test.get("auc_gaps")
    has_gaps = per_gap is not None and not math.isnan(per_gap)
    return [
        f"Self-test: AUC {test['auc']:.2f} [{test['low']:.2f}, {test['high']:.2f}]"
        f"{f' per question, {per_gap:.2f} per gap' if has_gaps else ''}, "
        f"calibration error {test['ece']:.3f}. {describe_bias(test)}".strip()
    ]


def _describe_choice_model(about: About) -> str:
    model = about.choice_model
    if not model:
        return f"Citation model: none, {about.no_choice_model}."
    interval = f"[{model['low']:.2f}, {model['high']:.2f}]"
    return (
        f"Citation model: held-out AUC {model['auc']:.2f} {interval}, {model['n_choices']} choices."
    )


def _describe_stages(analysis: Analysis) -> str:
    seconds = ", ".join(
        f"{row['stage']} {row['seconds']:.1f} s" for row in analysis.stages.to_dict("records")
    )
    return f"Time: {seconds}. Peak memory: {analysis.stages['peak_megabytes'].max():.0f} MB."


def _first(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.head(_MAX_LISTED).to_dict("records")
