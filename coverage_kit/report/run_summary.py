"""A run in a few plain lines, for a terminal."""

import math
from pathlib import Path

from coverage_kit.analysis import About, Analysis
from coverage_kit.headline import describe_plan, summarize
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.gap_texts import describe_gap, describe_lists
from coverage_kit.report.joined import describe_edits
from coverage_kit.report.level import describe_level
from coverage_kit.report.page_data.audit import list_audit_lines
from coverage_kit.report.page_data.trend import list_news
from coverage_kit.report.page_data.visibility import list_visibility_lines
from coverage_kit.report.texts import clean_text, shorten
from coverage_kit.report.trust import (
    describe_bias,
    describe_not_assessed,
    describe_pages_left_out,
    describe_reading,
    describe_sampling,
    describe_stability,
    is_coverage_reliable,
)
from coverage_kit.report.wording import (
    amount,
    count,
    minutes,
)
from coverage_kit.vocabulary import TO_CLOSE

# Gaps and edits that the summary lists; the page has all. Assumed: they fit on one screen.
_MAX_LISTED = 5


def describe_run(analysis: Analysis, folder: Path, *, is_verbose: bool = False) -> str:
    """Return the summary of a run: input, trust, news, top gaps and edits, visibility and costs.

    Args:
        analysis: the run.
        folder: the run's folder, whose files the summary names.
        is_verbose: whether statistics are shown as well.
    """
    lines = [
        "",
        *_describe_input(analysis, folder),
        *describe_level(analysis, folder),
        *_describe_trust(analysis.about),
        "Since the last run:",
        *(f"  {line}" for line in list_news(analysis)),
        "",
        *_describe_gaps(analysis, folder),
        *filter(None, [describe_not_assessed(analysis.about)]),
        "",
        *_describe_edits(analysis),
        "",
        *list_visibility_lines(analysis),
        *list_audit_lines(analysis),
        "",
        _describe_stages(analysis),
        f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}",
    ]
    return "\n".join(lines)


def _describe_input(analysis: Analysis, folder: Path) -> list[str]:
    stages = analysis.stages
    is_read = analysis.pages["status"] == "ok"
    lines = [
        f"{len(analysis.queries)} queries, {len(analysis.answers)} answers"
        f"{_describe_unanswered(analysis)}, "
        f"{is_read.sum()} pages read, {(~is_read).sum()} rejected, "
        f"{len(analysis.passages)} passages; {stages['n_embedded'].sum()} texts embedded, "
        f"{stages['n_reused'].sum()} reused.",
        *map(clean_text, describe_pages_left_out(analysis.pages)),
        *describe_sampling(analysis.about, analysis.groups),
    ]
    if reused := ", ".join(stages["reused"].dropna()):
        lines.append(f"Reused from an earlier run, as nothing has changed: {reused}.")
    if n_rejects := len(analysis.rejects):
        records = count(n_rejects, "record")
        lines.append(f"Not read: {records} of logs and exports; see {folder / 'rejects.csv'}.")
    return lines


def _describe_unanswered(analysis: Analysis) -> str:
    """Return how many questions have no logged answer, '' where all or none have one."""
    n = int((~analysis.queries["query_id"].isin(analysis.answers["query_id"])).sum())
    return f" ({n:,} queries without one)" if n and len(analysis.answers) else ""


def _describe_trust(about: About) -> list[str]:
    test = about.self_test
    lines = []
    if test:
        per_gap = test.get("auc_gaps")
        has_gaps = per_gap is not None and not math.isnan(per_gap)
        lines.append(
            f"Self-test: AUC {test['auc']:.2f} [{test['low']:.2f}, {test['high']:.2f}]"
            f"{f' per question, {per_gap:.2f} per gap' if has_gaps else ''}, "
            f"calibration error {test['ece']:.3f}. {describe_bias(test)}".strip()
        )
        if not is_coverage_reliable(about):
            lines.append(
                "The tool cannot detect gaps well on this site: try a stronger encoder "
                "(match.encoder) and read the gaps as hints."
            )
    else:
        lines.append(
            "Self-test: not possible with so few questions or passages. "
            "Coverage uses a calibration that was fitted on public sites."
        )
    more = filter(None, [describe_reading(about), describe_stability(about)])
    return [*lines, *more, _describe_choice_model(about)]


def _describe_choice_model(about: About) -> str:
    model = about.choice_model
    if not model:
        return f"Citation model: none, {about.no_choice_model}."
    interval = f"[{model['low']:.2f}, {model['high']:.2f}]"
    return (
        f"Citation model: held-out AUC {model['auc']:.2f} {interval}, {model['n_choices']} choices."
    )


def _describe_gaps(analysis: Analysis, folder: Path) -> list[str]:
    gaps = list_gaps(analysis)
    listed = gaps[gaps["listing"] == TO_CLOSE]
    head, *others = describe_lists(analysis, folder)
    return [
        f"Top gaps, {len(listed):,} to close. {head}",
        *(
            f"  {row['rank']}. {describe_gap(row)}"
            for row in listed.head(_MAX_LISTED).to_dict("records")
        ),
        *([f"  Further: {' '.join(others)}"] if others else []),
    ]


def _describe_edits(analysis: Analysis) -> list[str]:
    lines = [
        f"  {row['rank']}. {row['listed_as']}, {shorten(row['page_id'], 100)}; "
        f"adds {amount(row['marginal_gain'])}, {minutes(row['cost_minutes'])} min"
        for row in describe_edits(analysis).head(_MAX_LISTED).to_dict("records")
    ]
    # Runs of earlier versions do not hold the bound.
    share = analysis.about.share_of_bound
    if share is not None and analysis.edits["is_chosen"].any():
        lines.append(
            f"The chosen edits gain at least {share:.0%} of what any edits of the same total cost "
            "could gain."
        )
    plan = describe_plan(summarize(analysis))
    if plan:
        lines.append(f"The plan: {plan}.")
    if analysis.about.n_small_edits:
        lines.append(
            f"Not listed: {count(analysis.about.n_small_edits, 'edit')} that add too little to "
            "these, or are other variants of them."
        )
    return [
        "Top edits (extra questions answered beyond the edits above; minutes):",
        *(lines or ["  none: no edit is predicted to gain anything"]),
    ]


def _describe_stages(analysis: Analysis) -> str:
    seconds = ", ".join(
        f"{row['stage']} {row['seconds']:.1f} s" for row in analysis.stages.to_dict("records")
    )
    return f"Time: {seconds}. Peak memory: {analysis.stages['peak_megabytes'].max():.0f} MB."
