"""Planted and natural gaps: how well coverage tells a gap from a covered query, against the baselines."""

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.sets import BenchSet, Trial, natural_trial, planted_trial
from coverage_kit.match.coverage import Plan, expected_calibration_error, fit_link, measure_coverage

Floats = npt.NDArray[np.float64]
Report = dict[str, dict[str, dict[str, dict[str, float]]]]

SCORERS = ("coverage_kit", "best_cosine", "nqc", "lexical", "random")


def measure_gaps(bench: BenchSet, shares: tuple[float, ...] = (0.05, 0.1, 0.25), seeds: int = 5) -> Report:
    """Return {set and task: {scorer: {metric: {value, low, high}}}}: means over seeds, with the range of the seeds."""
    report: Report = {}
    if (~bench.queries["is_answerable"]).sum() >= 50:
        report[f"{bench.name}/natural"] = _summary([score_trial(natural_trial(bench), 0)])
    units = {"pages": "page_id"} | ({"sections": "passage_id"} if "section_id" in bench.qrels else {})
    for unit, column in units.items():
        for share in shares:
            trials = [score_trial(planted_trial(bench, column, share, seed), seed) for seed in range(seeds)]
            report[f"{bench.name}/{unit} {share:.0%}"] = _summary(trials)
    return report


def score_trial(trial: Trial, seed: int) -> dict[str, dict[str, float]]:
    """Return {scorer: {metric: value}} for one trial."""
    link = fit_link(trial.scorer, trial.clusters, plan=Plan(seed=seed))
    coverage, _ = measure_coverage(trial.scorer, link)
    covered = coverage["coverage"].to_numpy(np.float64)
    features = dict(zip(trial.scorer.names, trial.scorer.features().T, strict=True))
    scores: dict[str, Floats] = {
        "coverage_kit": covered,
        "best_cosine": features["own_best"],
        "nqc": features["spread"],
        "lexical": features["lexical"],
        "random": np.random.default_rng(seed).random(len(covered)),
    }
    metrics = {name: {"query_auc": float(roc_auc_score(~trial.is_gap, score))} for name, score in scores.items()}
    metrics["coverage_kit"]["ece"] = expected_calibration_error(covered, ~trial.is_gap)
    metrics["coverage_kit"]["brier"] = float(np.mean((covered - ~trial.is_gap) ** 2))
    if link.self_test:
        metrics["coverage_kit"]["self_test_auc"] = link.self_test.auc
    return metrics


def _summary(trials: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    def spread(scorer: str, metric: str) -> dict[str, float]:
        values = [trial[scorer][metric] for trial in trials]
        return {"value": round(float(np.mean(values)), 4), "low": round(min(values), 4), "high": round(max(values), 4)}

    return {scorer: {metric: spread(scorer, metric) for metric in trials[0][scorer]} for scorer in trials[0]}


def print_report(report: Report) -> None:
    """Print one line a task."""
    print(f"{'task':<38}{'ours':>7}{'cosine':>8}{'nqc':>7}{'lexical':>9}{'ece':>7}{'self-test':>11}")
    for task, scorers in report.items():
        auc = {name: metrics["query_auc"]["value"] for name, metrics in scorers.items()}
        ours = scorers["coverage_kit"]
        print(
            f"{task:<38}{auc['coverage_kit']:>7.3f}{auc['best_cosine']:>8.3f}{auc['nqc']:>7.3f}{auc['lexical']:>9.3f}"
            f"{ours['ece']['value']:>7.3f}{ours.get('self_test_auc', {'value': float('nan')})['value']:>11.3f}"
        )
