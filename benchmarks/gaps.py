"""Planted and natural gaps: how well coverage separates gaps from covered queries.

A gap is the positive class, and its score is one minus the evidence of coverage. Every figure has a
90% interval by a bootstrap over queries. A resample draws the same queries for every scorer, and
for every seed and share of a set, so that the interval of a mean over seeds is that of the mean. It
does not show how much depends on which pages were removed.
"""

from collections.abc import Iterable

import bm25s
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.sets import (
    BenchSet,
    Flags,
    Trial,
    has_natural_gaps,
    natural_trial,
    planted_trial,
)
from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import SchemaError
from coverage_kit.match.coverage import fit_calibration, measure_coverage
from coverage_kit.match.masking import MaskingPlan
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.match.self_test import SelfTest, expected_calibration_error

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Report = dict[str, dict[str, dict[str, dict[str, float]]]]
Draws = dict[str, dict[str, Floats]]
"""{scorer: {metric: (1 + RESAMPLES,)}}: the estimate, then its bootstrap; nan if undefined."""

SCORERS = (
    "coverage_kit",
    "random",
    "best_cosine",
    "knn_10",
    "nqc",
    "margin",
    "bm25",
)
# Bootstrap draws of each interval (assumed).
RESAMPLES = 200
# Topics that an AUC over topics needs (assumed).
MIN_TOPICS = 10
# Share of natural gaps from which they stand for a set, instead of planted gaps (assumed).
MIN_NATURAL_SHARE = 0.1


def measure_gaps(
    bench: BenchSet,
    shares: tuple[float, ...] = (0.05, 0.1, 0.25),
    seeds: int = 5,
) -> Report:
    """Return {task: {scorer: {metric: {value, low, high}}}}, means over seeds.

    Tasks of a set NAME: `NAME/natural`, `NAME/pages 5%` and so on, `NAME/pages` (mean over the
    shares), the same for sections, and `NAME`: the natural task where at least a tenth of the
    queries are natural gaps, else the mean over all planted ones. A metric that is not defined on a
    task is left out. Raises SchemaError when no share removed makes a gap.
    """
    natural = [_score_trial(natural_trial(bench), 0)] if has_natural_gaps(bench.queries) else []
    tasks = {f"{bench.name}/natural": draws for draws in natural}
    planted: list[Draws] = []
    for unit, column in (("pages", "page_id"), ("sections", "passage_id")):
        judged = bench.qrels if unit == "pages" else bench.qrels.dropna(subset="passage_id")
        of_unit = {share: _plant(bench, column, share, seeds) for share in shares if len(judged)}
        unit_tasks = {
            f"{bench.name}/{unit} {share:.0%}": draws for share, draws in of_unit.items() if draws
        }
        if unit_tasks:
            tasks |= unit_tasks | {f"{bench.name}/{unit}": _mean(unit_tasks.values())}
            planted += unit_tasks.values()
    if not tasks:
        raise SchemaError(
            bench.name,
            "queries that lose their answer, and some that keep it, "
            "when a share of the pages is removed",
            f"none at shares {shares}",
            "Judge more queries, or remove another --share.",
        )
    is_natural = (~bench.queries["is_answerable"]).mean() >= MIN_NATURAL_SHARE or not planted
    tasks[bench.name] = _mean(natural if natural and is_natural else planted)
    return {task: _summary(draws) for task, draws in tasks.items()}


def _plant(bench: BenchSet, column: str, share: float, seeds: int) -> Draws:
    """Return the mean over seeds; empty where no seed makes a gap."""
    trials = ((planted_trial(bench, column, share, seed), seed) for seed in range(seeds))
    scored = [_score_trial(trial, seed) for trial, seed in trials if trial]
    return _mean(scored) if scored else {}


def _score_trial(trial: Trial, seed: int) -> Draws:
    calibration = fit_calibration(
        trial.scorer, trial.clusters, plan=MaskingPlan(bootstraps=0, seed=seed)
    )
    coverage, _ = measure_coverage(trial.scorer, calibration)
    covered = coverage["coverage"].to_numpy(np.float64)
    n = len(covered)
    picks = np.vstack(
        [
            np.arange(n),
            np.random.default_rng(0).integers(n, size=(RESAMPLES, n)),
        ]
    )
    weights = np.stack([np.bincount(pick, minlength=n) for pick in picks]).astype(np.float64)
    draws = {
        name: _rank_metrics(trial, evidence, weights)
        for name, evidence in {
            "coverage_kit": covered,
            **baseline_evidence(trial, seed),
        }.items()
    }
    draws["random"]["gap_share"] = weights @ trial.is_gap / n
    draws["coverage_kit"] |= {
        "ece": np.array(
            [expected_calibration_error(covered[pick], ~trial.is_gap[pick]) for pick in picks]
        ),
        "brier": weights @ (covered - ~trial.is_gap) ** 2 / n,
        "self_test_auc": _self_test_draws(calibration.self_test),
        "self_test_gaps": np.full(1 + RESAMPLES, gap_figure(calibration.self_test)),
    }
    return draws


def baseline_evidence(trial: Trial, seed: int) -> dict[str, Floats]:
    """Return each baseline's evidence of coverage, shape (n queries,).

    Baselines use the encoder's own cosines, or words.
    """
    cosines = nearest_rows(trial.query_vectors.vectors, trial.passage_vectors.vectors, 50)[0]
    cosines = cosines.astype(np.float64)
    return {
        "random": np.random.default_rng(seed).random(len(cosines)),
        "best_cosine": cosines[:, 0],
        "knn_10": cosines[:, :10].mean(axis=1),
        "nqc": cosines.std(axis=1),
        "margin": cosines[:, 0] - cosines[:, :2][:, -1],
        "bm25": _best_bm25(list(trial.queries["text"]), passage_texts(trial.passages)),
    }


def _best_bm25(queries: list[str], passages: list[str]) -> Floats:
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize(passages, stopwords="en", show_progress=False),
        show_progress=False,
    )
    query_tokens = bm25s.tokenize(queries, stopwords="en", show_progress=False)
    results = index.retrieve(query_tokens, k=1, sorted=False, show_progress=False)
    return np.asarray(results.scores[:, 0], dtype=np.float64)


def _rank_metrics(trial: Trial, evidence: Floats, weights: Floats) -> dict[str, Floats]:
    topics = trial.queries["topic"].where(trial.queries["topic"] != "")
    metrics = {
        "query_auc": auc(evidence, trial.is_gap, weights),
        "query_ap": average_precision(evidence, trial.is_gap, weights),
        "cluster_auc": group_auc(
            evidence,
            trial.is_gap,
            weights,
            pd.factorize(trial.clusters["cluster_id"])[0],
            by_size=True,
        ),
    }
    if topics.nunique() >= MIN_TOPICS:
        metrics["topic_auc"] = group_auc(
            evidence,
            trial.is_gap,
            weights,
            pd.factorize(topics)[0],
            by_size=False,
        )
    if trial.homes is not None:
        metrics["page_auc"] = group_auc(evidence, trial.is_gap, weights, trial.homes, by_size=False)
    return metrics


def auc(evidence: Floats, is_gap: Flags, weights: Floats) -> Floats:
    """Return the chance that a gap has less evidence than a covered query, ties counting half.

    One figure for each row of weights (r, n); nan where only one kind has weight.
    """
    gaps, covered = _by_evidence(evidence, is_gap, weights)
    n_above = covered[:, ::-1].cumsum(axis=1)[:, ::-1] - covered / 2
    return _ratio((gaps * n_above).sum(axis=1), gaps.sum(axis=1) * covered.sum(axis=1))


def average_precision(evidence: Floats, is_gap: Flags, weights: Floats) -> Floats:
    """Return the mean precision at each gap, from the least evidence on.

    One figure for each row of weights (r, n).
    """
    gaps, covered = _by_evidence(evidence, is_gap, weights)
    precision = gaps.cumsum(axis=1) / np.maximum((gaps + covered).cumsum(axis=1), 1e-9)
    return _ratio((gaps * precision).sum(axis=1), gaps.sum(axis=1))


def group_auc(
    evidence: Floats,
    is_gap: Flags,
    weights: Floats,
    groups: Rows,
    *,
    by_size: bool,
) -> Floats:
    """Return the AUC of groups' mean evidence; a group is a gap if most of its queries are gaps.

    One figure for each row of weights (r, n). `groups` (n,) numbers each query's group, -1 for
    none; `by_size` makes a group count by its queries' weight, instead of once.
    """
    grouped = np.argsort(groups, kind="stable")[np.count_nonzero(groups < 0) :]
    starts = np.flatnonzero(np.diff(groups[grouped], prepend=-1))
    size, gaps, total = (
        np.add.reduceat((weights * values)[:, grouped], starts, axis=1)
        for values in (np.ones(len(groups)), is_gap, evidence)
    )
    mean = total / np.maximum(size, 1e-9)
    counts = size if by_size else (size > 0).astype(np.float64)
    rows = zip(mean, gaps > size / 2, counts, strict=True)
    return np.concatenate(
        [auc(row.round(12), is_gap_group, count[None]) for row, is_gap_group, count in rows]
    )


def _by_evidence(evidence: Floats, is_gap: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weights of gaps and covered queries at each value of evidence, (r, values) each.

    The distinct values of evidence rise.
    """
    order = np.argsort(evidence, kind="stable")
    starts = np.flatnonzero(np.diff(evidence[order], prepend=-np.inf))
    sorted_gaps = is_gap[order]
    sorted_weights = weights[:, order]
    gaps, covered = (
        np.add.reduceat(sorted_weights * kind, starts, axis=1)
        for kind in (sorted_gaps, ~sorted_gaps)
    )
    return gaps, covered


def _ratio(tops: Floats, bases: Floats) -> Floats:
    return np.asarray(np.divide(tops, bases, out=np.full(len(tops), np.nan), where=bases > 0))


def gap_figure(self_test: SelfTest | None) -> float:
    """Return the self-test's AUC per gap; nan without one."""
    return self_test.auc_gaps if self_test else float("nan")


def _self_test_draws(self_test: SelfTest | None) -> Floats:
    """Return the self-test's AUC, followed by values that have its own 90% interval."""
    if self_test is None:
        return np.full(1 + RESAMPLES, np.nan)
    values = np.interp(
        np.linspace(0, 1, RESAMPLES),
        [0.05, 0.95],
        [self_test.low, self_test.high],
    )
    return np.concatenate([[self_test.auc], values])


def _mean(trials: Iterable[Draws]) -> Draws:
    """Return the mean of each metric over trials or tasks, draw by draw, where it is defined."""
    trials = list(trials)

    def mean(scorer: str, metric: str) -> Floats:
        values = np.stack([draws[scorer][metric] for draws in trials])
        is_defined = ~np.isnan(values)
        return _ratio(
            np.where(is_defined, values, 0).sum(axis=0),
            is_defined.sum(axis=0).astype(np.float64),
        )

    return {
        scorer: {metric: mean(scorer, metric) for metric in metrics}
        for scorer, metrics in trials[0].items()
    }


def _summary(draws: Draws) -> dict[str, dict[str, dict[str, float]]]:
    def interval(values: Floats) -> dict[str, float]:
        low, high = np.nanquantile(values[1:], [0.05, 0.95])
        return {
            "value": round(float(values[0]), 4),
            "low": round(float(low), 4),
            "high": round(float(high), 4),
        }

    return {
        scorer: {
            metric: interval(values)
            for metric, values in metrics.items()
            if not np.isnan(values[0])
        }
        for scorer, metrics in draws.items()
    }


def print_report(report: Report) -> None:
    """Print a line for each task, and the mean AUC of every scorer over the sets' main tasks."""
    figures = {
        "query_ap": "AP",
        "cluster_auc": "clusters",
        "topic_auc": "topics",
        "ece": "ECE",
        "self_test_auc": "self-test",
        "self_test_gaps": "per gap",
        "page_auc": "pages",
    }
    print(
        f"{'AUC by query':<32}{'gaps':>5}" + "".join(f"{name:>13}" for name in SCORERS),
        end="  | ours:",
    )
    print("".join(f"{name:>10}" for name in figures.values()))
    for task, scorers in report.items():
        aucs = "".join(_cell(scorers[name], "query_auc", 13) for name in SCORERS)
        cells = "".join(_cell(scorers["coverage_kit"], name, 10) for name in figures)
        print(f"{task:<32}{scorers['random']['gap_share']['value']:>5.0%}{aucs}  |      {cells}")
    tasks = main_tasks(report)
    means = [
        np.mean([report[task][name]["query_auc"]["value"] for task in tasks]) for name in SCORERS
    ]
    print(
        f"{'mean of ' + ', '.join(tasks)}\n{'':<37}" + "".join(f"{mean:>13.3f}" for mean in means)
    )


def main_tasks(report: Report) -> list[str]:
    """Return the tasks that stand for each set.

    Natural gaps, where they are a tenth of its queries, else planted gaps.
    """
    tasks = []
    for name in (task for task in report if "/" not in task):
        natural = report.get(f"{name}/natural")
        is_natural = natural and natural["random"]["gap_share"]["value"] >= MIN_NATURAL_SHARE
        planted = [task for task in (f"{name}/pages", f"{name}/sections") if task in report]
        tasks += [f"{name}/natural"] if is_natural or not planted else planted
    return tasks


def missed_floors(report: Report, floors: dict[str, dict[str, float]]) -> list[str]:
    """Return a sentence for each figure that is worse than its floor (for `ece`, its ceiling)."""
    missed = []
    for task in (task for task in report if task in floors):
        metrics = report[task]["coverage_kit"]
        cosine = report[task]["best_cosine"]
        reached = {name: figure["value"] for name, figure in metrics.items()}
        reached["over_best_cosine"] = reached["query_auc"] - cosine["query_auc"]["value"]
        for name, floor in floors[task].items():
            is_worse = reached[name] > floor if name == "ece" else reached[name] < floor
            if is_worse:
                side = "above" if name == "ece" else "below"
                missed.append(f"{task}: {name} is {reached[name]:.3f}, {side} {floor:.3f}")
    return missed


def _cell(metrics: dict[str, dict[str, float]], name: str, width: int) -> str:
    return f"{metrics[name]['value']:>{width}.3f}" if name in metrics else f"{'-':>{width}}"
