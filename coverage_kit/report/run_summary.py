"""A run in a few plain lines, for a terminal."""

from pathlib import Path
from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import NO_EDIT, name_gap, typical_questions
from coverage_kit.report.page_data.audit import list_audit_lines
from coverage_kit.report.page_data.trend import list_news
from coverage_kit.report.page_data.visibility import list_visibility_lines
from coverage_kit.report.texts import shorten
from coverage_kit.report.trust import LEAST_AUC, describe_sampling
from coverage_kit.report.wording import (
    amount,
    count,
    describe_cause,
    describe_operation,
    percent,
    times,
)

_FIRST = 5


def describe_run(analysis: Analysis, folder: Path) -> str:
    """Return what a run read, how far to trust it, its worst gaps and first edits, visibility, costs, and what to open."""
    names = _name_gaps(analysis)
    lines = [
        "",
        *_describe_input(analysis, folder),
        *_describe_trust(analysis.about),
        *_describe_news(analysis),
        "",
    ]
    lines += _describe_gaps(analysis, names)
    lines += [
        "",
        *_describe_edits(analysis, names),
        "",
        *list_visibility_lines(analysis),
        *list_audit_lines(analysis),
        "",
        _describe_costs(analysis),
    ]
    return "\n".join([*lines, f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}"])


def _describe_input(analysis: Analysis, folder: Path) -> list[str]:
    stages = analysis.stages
    is_read = analysis.pages["status"] == "ok"
    counts = (
        f"{len(analysis.queries)} queries, {len(analysis.answers)} answers, {is_read.sum()} pages read, {(~is_read).sum()} "
        f"rejected, {len(analysis.passages)} passages; {stages['n_embedded'].sum()} texts embedded, "
        f"{stages['n_reused'].sum()} reused."
    )
    n_rejects = len(analysis.rejects)
    reused = ", ".join(stages["reused"].dropna())
    return [
        counts,
        *describe_sampling(analysis.about, analysis.groups),
        *([f"Unchanged since an earlier run, so taken over from it: {reused}."] if reused else []),
        *(
            [
                f"Not read: {count(n_rejects, 'record')} of logs and exports; see {folder / 'rejects.csv'}."
            ]
            if n_rejects
            else []
        ),
    ]


def _describe_trust(about: dict[str, Any]) -> list[str]:
    test = about["self_test"]
    lines = []
    if test:
        lines.append(
            f"Self-test: AUC {test['auc']:.2f} [{test['low']:.2f}, {test['high']:.2f}], calibration error {test['ece']:.3f}."
        )
        if test["auc"] < LEAST_AUC:
            lines.append(
                "Under .70 coverage cannot be told well: try a stronger encoder (match.encoder), read gaps as hints."
            )
    else:
        lines.append("Self-test: too few queries; coverage rests on a link fitted on public sites.")
    return [*lines, _describe_choice_model(about)]


def _describe_choice_model(about: dict[str, Any]) -> str:
    model = about["choice_model"]
    if not model:
        return f"Citation model: none, {about['no_choice_model']}."
    interval = f"[{model['low']:.2f}, {model['high']:.2f}]"
    return (
        f"Citation model: held-out AUC {model['auc']:.2f} {interval}, {model['n_choices']} choices."
    )


def _describe_gaps(analysis: Analysis, names: dict[str, str]) -> list[str]:
    gaps = analysis.gaps[analysis.gaps["cause"] != "covered"]
    told = [
        f"  {row['rank']}. {names[row['cluster_id']]}: {percent(row['severity'])} not covered, asked "
        f"{times(row['demand'])}; {describe_cause(str(row['cause'])).title.lower()}"
        for row in gaps.head(_FIRST).to_dict("records")
    ]
    return [
        "First gaps, in the order of the work:",
        *(told or ["  none: every cluster of questions is covered"]),
    ]


def _describe_edits(analysis: Analysis, names: dict[str, str]) -> list[str]:
    told = [
        f"  {row['rank']}. {describe_operation(str(row['operation']))} on {shorten(row['page_id'], 100)}, for "
        f"{names.get(row['cluster_id'], 'no gap of its own')}: adds {amount(row['marginal_gain'])}, "
        f"{amount(row['cost_minutes'])} min"
        for row in analysis.edits[analysis.edits["operation"] != NO_EDIT]
        .head(_FIRST)
        .to_dict("records")
    ]
    bound = f"The chosen edits reach {analysis.about['share_of_bound']:.0%} or more of what any set of their cost could."
    is_any = bool(analysis.edits["is_chosen"].any())
    head = "First edits (what each is predicted to add to those above, in queries asked; minutes):"
    return [
        head,
        *(told or ["  none is predicted to bring anything"]),
        *([bound] if is_any else []),
    ]


def _name_gaps(analysis: Analysis) -> dict[str, str]:
    """Return by cluster each gap's name and its typical question, cut short."""
    gaps = analysis.gaps
    named = zip(
        gaps["cluster_id"],
        map(name_gap, gaps["label"], typical_questions(analysis)),
        strict=True,
    )
    return {
        cluster: f"{shorten(name, 80)} ({shorten(question, 80)})" if question else shorten(name, 80)
        for cluster, (name, question) in named
    }


def _describe_news(analysis: Analysis) -> list[str]:
    """Return what changed since the last run of this site."""
    return [
        "Since the last run:",
        *(f"  {line}" for line in list_news(analysis)),
    ]


def _describe_costs(analysis: Analysis) -> str:
    seconds = ", ".join(
        f"{row['stage']} {row['seconds']:.1f} s" for row in analysis.stages.to_dict("records")
    )
    return f"{seconds}; {analysis.stages['peak_megabytes'].max():.0f} MB at most."
