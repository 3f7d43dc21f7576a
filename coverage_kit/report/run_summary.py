"""A run in a few plain lines, for a terminal."""

from pathlib import Path
from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.report.stories.audit import list_audit_lines
from coverage_kit.report.stories.trend import tell_news
from coverage_kit.report.stories.visibility import list_visibility_lines
from coverage_kit.report.texts import shorten
from coverage_kit.report.trust import LEAST_AUC, describe_same, describe_sampling
from coverage_kit.report.views import NO_EDIT, name_gap, typical_questions
from coverage_kit.report.wording import amount, count, describe_cause, describe_operation, percent, times

_FIRST = 5


def describe_run(analysis: Analysis, folder: Path) -> str:
    """Return what a run read, how far to trust it, its worst gaps and first edits, visibility, costs, and what to open."""
    lines = ["", *_describe_input(analysis, folder), *_describe_trust(analysis.about), *_describe_news(analysis), ""]
    lines += _describe_gaps(analysis)
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
        *([f"Not read: {count(n_rejects, 'record')} of logs and exports; see {folder / 'rejects.csv'}."] if n_rejects else []),
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
    gaps = analysis.gaps[analysis.gaps["cause"] != "covered"]
    told = [
        f"  {row['rank']}. {_name(analysis, row['cluster_id'])}: {percent(row['severity'])} not covered, asked "
        f"{times(row['demand'])}; {describe_cause(str(row['cause'])).title.lower()}"
        for row in gaps.head(_FIRST).to_dict("records")
    ]
    return ["First gaps, in the order of the work:", *(told or ["  none: every cluster of questions is covered"])]


def _describe_edits(analysis: Analysis) -> list[str]:
    told = [
        f"  {row['rank']}. {describe_operation(str(row['operation']))} on {shorten(row['page_id'], 100)}, for "
        f"{_name(analysis, row['cluster_id'])}: adds {amount(row['marginal_gain'])}, {amount(row['cost_minutes'])} min"
        for row in analysis.edits[analysis.edits["operation"] != NO_EDIT].head(_FIRST).to_dict("records")
    ]
    bound = f"The chosen edits reach {analysis.about['share_of_bound']:.0%} or more of what any set of their cost could."
    is_any = bool(analysis.edits["is_chosen"].any())
    head = "First edits (what each is predicted to add to those above, in queries asked; minutes):"
    return [head, *(told or ["  none is predicted to bring anything"]), *([bound] if is_any else [])]


def _name(analysis: Analysis, cluster_id: str) -> str:
    """Return the gap's name and its typical question, cut short; what serves no gap is named so."""
    labels = analysis.gaps.set_index("cluster_id")["label"]
    if cluster_id not in labels:
        return "no gap of its own"
    name, asked = name_gap(labels[cluster_id], typical_questions(analysis).get(cluster_id))
    return f"{shorten(name, 80)} ({shorten(asked, 80)})" if asked else shorten(name, 80)


def _describe_news(analysis: Analysis) -> list[str]:
    """Return what changed since the last run of this site, in the page's words."""
    if same := describe_same(analysis.about):
        return [f"{same}."]
    news = tell_news(analysis)
    moved = [
        f"{word}: " + ", ".join(f"{one['name']} ({one['told']})" for one in news[side]) + "."
        for word, side in (("Rose", "risen"), ("Fell", "fallen"))
        if news[side]
    ]
    told = [*news["questions"], *moved, *news["rates"]]
    return ["Since the last run:", *(f"  {line}" for line in told)] if told else []


def _describe_costs(analysis: Analysis) -> str:
    seconds = ", ".join(f"{row['stage']} {row['seconds']:.1f} s" for row in analysis.stages.to_dict("records"))
    return f"{seconds}; {analysis.stages['peak_megabytes'].max():.0f} MB at most."
