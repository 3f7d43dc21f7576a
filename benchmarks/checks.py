"""Checks of questions, simulated from a set's labels: the share they show, and calibration.

A check of a question reads its label, so the errors are those of sampling alone. Baselines: the
checks alone, drawn at random; EMQ and KDEy (quapy) for the share; Venn-Abers for calibration. The
baselines are left out where their library is not installed.
"""

import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression

from benchmarks.gaps import MIN_NATURAL_SHARE
from benchmarks.sets import BenchSet, Trial, has_natural_gaps, natural_trial, planted_trial
from coverage_kit.match.checked_share import estimate_share
from coverage_kit.match.coverage import fit_calibration, measure_coverage
from coverage_kit.match.masking import MaskingPlan
from coverage_kit.match.recalibration import recalibrate
from coverage_kit.match.sampling import Checks, Questions, draw_sample
from coverage_kit.match.self_test import expected_calibration_error

Floats = npt.NDArray[np.float64]
Figures = dict[str, float]
CheckReport = dict[str, dict[str, Figures]]
"""{task: {number of checks: {figure: value}}}; "0" is the log without checks."""

N_CHECKS = (20, 50, 100, 200)
# Share of pages or sections that is removed (assumed).
REMOVED = 0.25
# Baselines are slow: KDEy takes a second (assumed).
_BASELINE_REPETITIONS = 10
# Logs of perfect probabilities, from which the noise of the calibration error is read (assumed).
_NOISE_DRAWS = 50


def measure_checks(bench: BenchSet, repetitions: int = 200, seed: int = 0) -> CheckReport:
    """Return the figures of each task of a set: natural gaps, else a quarter removed."""
    is_natural = has_natural_gaps(bench.queries) and (
        (~bench.queries["is_answerable"]).mean() >= MIN_NATURAL_SHARE or bench.qrels.empty
    )
    if is_natural:
        return {f"{bench.name}/natural": _measure_trial(natural_trial(bench), repetitions, seed)}
    report = {}
    for unit, column in (("pages", "page_id"), ("sections", "passage_id")):
        if len(bench.qrels.dropna(subset=column)):
            trial = planted_trial(bench, column, REMOVED, seed)
            if trial:
                task = f"{bench.name}/{unit} {REMOVED:.0%}"
                report[task] = _measure_trial(trial, repetitions, seed)
    return report


def _measure_trial(trial: Trial, repetitions: int, seed: int) -> dict[str, Figures]:
    calibration = fit_calibration(trial.scorer, trial.clusters, plan=MaskingPlan(seed=seed))
    _, draws = measure_coverage(trial.scorer, calibration)
    n = len(trial.is_gap)
    questions = Questions(
        draws,
        pd.factorize(trial.clusters["cluster_id"])[0],
        np.ones(n),
        np.zeros(n, dtype=bool),
    )
    figures = {"0": _without_checks(questions, ~trial.is_gap)}
    estimate = replace(questions, coverage=draws[:1])
    for n_checks in (number for number in N_CHECKS if number < n):
        figures[str(n_checks)] = simulate_checks(estimate, trial.is_gap, n_checks, repetitions)
    return figures


def _without_checks(questions: Questions, is_answered: npt.NDArray[np.bool_]) -> Figures:
    low, high = np.quantile(questions.coverage[1:].mean(axis=1), [0.05, 0.95])
    covered = questions.coverage[0]
    return {
        "n_queries": len(is_answered),
        "answered": float(is_answered.mean()),
        "covered": float(covered.mean()),
        "covered_low": float(low),
        "covered_high": float(high),
        "ece": expected_calibration_error(covered, is_answered),
        "brier": float(((covered - is_answered) ** 2).mean()),
    }


def simulate_checks(
    questions: Questions, is_gap: npt.NDArray[np.bool_], n_checks: int, repetitions: int
) -> Figures:
    """Return the figures of so many checks: means over repetitions, medians of the errors `ece`.

    `ece_unchecked` and `brier_unchecked` leave out the questions that were checked; `ece_noise` is
    the calibration error that exact probabilities have on so many questions. `narrower` compares
    the combination's mean width with that of checks drawn at random, where the rule allows it.
    """
    rows = [_repeat(questions, is_gap, n_checks, number) for number in range(repetitions)]
    table = pd.DataFrame(rows)
    figures = {
        name: float(values.median() if "ece" in name else values.mean())
        for name, values in ((str(column), table[column]) for column in table)
    }
    allowed = table[table["is_allowed"] > 0]
    figures["narrower"] = float(1 - allowed["width"].mean() / allowed["alone_width"].mean())
    return figures


def _repeat(
    questions: Questions, is_gap: npt.NDArray[np.bool_], n_checks: int, seed: int
) -> Figures:
    truth = float(is_gap.mean())
    sample = draw_sample(questions, n_checks, seed, np.zeros(questions.n, dtype=bool))
    checks = _checks(sample.rows, is_gap)
    share = estimate_share(questions, checks)
    rng = np.random.default_rng(seed)
    at_random = _checks(rng.choice(questions.n, n_checks, replace=False), is_gap)
    alone = estimate_share(questions, at_random)
    covered = recalibrate(questions, checks, share, seed)[0]
    is_open = np.ones(questions.n, dtype=bool)
    is_open[checks.rows] = False
    figures = {
        "holds_truth": share.low <= truth <= share.high,
        "width": share.high - share.low,
        "share_error": abs(share.share - truth),
        "alone_holds_truth": alone.alone_low <= truth <= alone.alone_high,
        "alone_width": alone.alone_high - alone.alone_low,
        "alone_share_error": abs(alone.alone_share - truth),
        "correlation": share.correlation,
        "is_allowed": share.is_combined,
        **_calibration(covered, ~is_gap, ""),
        **_calibration(covered[is_open], ~is_gap[is_open], "_unchecked"),
        "noise_ece": expected_calibration_error(
            covered[is_open], rng.random(int(is_open.sum())) < covered[is_open]
        ),
    }
    if seed < _BASELINE_REPETITIONS:
        figures |= _baselines(questions.coverage[0], checks, is_gap)
    return {name: float(value) for name, value in figures.items()}


def _checks(rows: npt.NDArray[np.int64], is_gap: npt.NDArray[np.bool_]) -> Checks:
    n = len(rows)
    return Checks(
        rows,
        (~is_gap[rows]).astype(np.float64),
        np.ones(n, dtype=np.int64),
        np.full(n, n / len(is_gap)),
    )


def _calibration(covered: Floats, is_answered: npt.NDArray[np.bool_], suffix: str) -> Figures:
    return {
        f"ece{suffix}": expected_calibration_error(covered, is_answered),
        f"brier{suffix}": float(((covered - is_answered) ** 2).mean()),
    }


def _baselines(covered: Floats, checks: Checks, is_gap: npt.NDArray[np.bool_]) -> Figures:
    """Return the errors of other methods with the same checks; none where all checks agree."""
    labels = (checks.values > 0.5).astype(np.int64)
    figures: Figures = {}
    if len(np.unique(labels)) < 2:
        return figures
    truth = float(is_gap.mean())
    inputs = covered[:, None]
    classifier = LogisticRegression().fit(inputs[checks.rows], labels)
    posteriors = classifier.predict_proba(inputs)
    if find_spec("quapy"):
        quapy = import_module("quapy.method.aggregative")
        shares, _ = quapy.EMQ.EM(np.array([1 - labels.mean(), labels.mean()]), posteriors)
        figures["emq_share_error"] = abs(float(shares[0]) - truth)
        density = quapy.KDEyML(classifier, fit_classifier=False)
        density.aggregation_fit(posteriors[checks.rows], labels)
        figures["kdey_share_error"] = abs(float(density.aggregate(posteriors)[0]) - truth)
    if find_spec("venn_abers"):
        calibrator = import_module("venn_abers").VennAbers()
        calibrator.fit(np.column_stack([1 - covered, covered])[checks.rows], labels)
        predicted = calibrator.predict_proba(np.column_stack([1 - covered, covered]))[0][:, 1]
        figures |= {
            f"venn_abers_{name}": value
            for name, value in _calibration(predicted, ~is_gap, "").items()
        }
    return figures


def missing_baselines() -> list[str]:
    """Return the libraries of baselines that are not installed."""
    return [name for name in ("quapy", "venn_abers") if not find_spec(name)]


def print_checks(report: CheckReport) -> None:
    """Print a line for each task and number of checks."""
    columns = {
        "holds_truth": "in 90%",
        "width": "width",
        "alone_holds_truth": "alone",
        "alone_width": "width",
        "is_allowed": "allowed",
        "narrower": "narrower",
        "share_error": "error",
        "alone_share_error": "alone",
        "emq_share_error": "EMQ",
        "kdey_share_error": "KDEy",
        "ece": "ECE",
        "ece_unchecked": "unseen",
        "noise_ece": "noise",
        "venn_abers_ece": "V-Abers",
        "brier": "Brier",
        "brier_unchecked": "unseen",
    }
    print(f"{'task':<34}{'n':>4}" + "".join(f"{title:>9}" for title in columns.values()))
    for task, by_number in report.items():
        for number, figures in by_number.items():
            cells = (
                f"{figures[name]:>9.3f}" if name in figures else f"{'-':>9}" for name in columns
            )
            print(f"{task:<34}{number:>4}" + "".join(cells))
        figures = by_number["0"]
        print(
            f"{'':<34}without checks: covered {figures['covered_low']:.0%} to "
            f"{figures['covered_high']:.0%}, truth {figures['answered']:.0%}"
        )
    for name in missing_baselines():
        print(f"{name} is not installed, so its figures are missing", file=sys.stderr)
