"""A run in a few plain lines, for a terminal."""

from pathlib import Path
from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report.stories.audit import list_audit_lines
from coverage_kit.report.stories.visibility import list_visibility_lines
from coverage_kit.report.texts import shorten
from coverage_kit.report.wording import LEAST_AUC, describe_sampling

_FIRST = 5


def describe_run(analysis: Analysis, folder: Path) -> str:
    """Return what a run read, how far to trust it, its worst gaps and first edits, visibility, costs, and what to open."""
    lines = ["", *_describe_input(analysis, folder), *_describe_trust(analysis.about), "", *_describe_gaps(analysis)]
    lines += [
        "",
        *_describe_edits(analysis),
        "",
        *list_visibility_lines(analysis),
        *list_audit_lines(analysis),
        "",
        _describe_costs(analysis),
    ]
    return "\n".join([*lines, f"Open {folder / 'page.html'} and {folder / 'gaps.xlsx'}"])


def _describe_input(analysis: Analysis, folder: Path) -> list[str]:
    stages, is_read = analysis.stages, analysis.pages["status"] == "ok"
    counts = (
        f"{len(analysis.queries)} queries, {len(analysis.answers)} answers, {is_read.sum()} pages read, {(~is_read).sum()} "
        f"rejected, {len(analysis.passages)} passages; {stages['n_embedded'].sum()} texts embedded, "
        f"{stages['n_reused'].sum()} reused."
    )
    n_rejects, reused = len(analysis.rejects), ", ".join(stages["reused"].dropna())
    return [
        counts,
        *describe_sampling(analysis.about, analysis.groups),
        *([f"Unchanged since an earlier run, so taken over from it: {reused}."] if reused else []),
        *([f"Not read: {n_rejects} records of logs and exports; see {folder / 'rejects.csv'}."] if n_rejects else []),
    ]


def _describe_trust(about: dict[str, Any]) -> list[str]:
    test, lines = about["self_test"], []
    if test:
        lines.append(
            f"Self-test: AUC {test['auc']:.2f} [{test['low']:.2f}, {test['high']:.2f}], calibration error {test['ece']:.3f}."
        )
        if test["auc"] < LEAST_AUC:
            lines.append("Under .70 coverage cannot be told well: try a stronger encoder (match.encoder), read gaps as hints.")
    else:
        lines.append("Self-test: too few queries; coverage rests on a link fitted on public sites.")
    return [*lines, _describe_choice_model(about)]


def _describe_choice_model(about: dict[str, Any]) -> str:
    model = about["choice_model"]
    if not model:
        return f"Citation model: none, {about['no_choice_model']}."
    interval = f"[{model['low']:.2f}, {model['high']:.2f}]"
    return f"Citation model: held-out AUC {model['auc']:.2f} {interval}, {model['n_choices']} choices."


def _describe_gaps(analysis: Analysis) -> list[str]:
    rows = analysis.gaps.head(_FIRST).to_dict("records")
    told = [
        f"  {row['rank']}. {shorten(row['label'], 80)}: {row['severity']:.0%}, {row['demand']:.0f}, {row['cause']}"
        for row in rows
    ]
    return ["Worst gaps (severity, demand, cause):", *told]


def _describe_edits(analysis: Analysis) -> list[str]:
    told = [
        f"  {row['rank']}. {row['operation'].replace('_', ' ')} on {shorten(row['page_id'], 100)}: "
        f"{row['gain']:.0f} [{row['low']:.0f}, {row['high']:.0f}], {row['cost_minutes']:.0f} min"
        for row in analysis.edits.head(_FIRST).to_dict("records")
    ]
    bound = f"The chosen edits reach {analysis.about['share_of_bound']:.0%} or more of what any set of their cost could."
    is_any = bool(analysis.edits["is_chosen"].any())
    return ["First edits (predicted gain in queries asked, minutes):", *told, *([bound] if is_any else [])]


def _describe_costs(analysis: Analysis) -> str:
    seconds = ", ".join(f"{row['stage']} {row['seconds']:.1f} s" for row in analysis.stages.to_dict("records"))
    return f"{seconds}; {analysis.stages['peak_megabytes'].max():.0f} MB at most."
