"""Whether predicted citations of a site may be shown, and are then calibrated, on public sets.

Each site of a set is "your site" in turn, with the test that a run makes
(`rank/citation_rate.py`). Tasks are those of `citations`: `NAME` and `NAME/unseen`. In `shuffled`
the pages of the sites are dealt to other questions, while who is cited stays: nothing may be shown.

`decided` lets half of the topics decide what is shown and fit the share of answers, and tests both
on the other half, for sites that the first half cites in so many topics at least.
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from coverage_kit.errors import CoverageKitError
from coverage_kit.match.clusters import cluster_queries
from coverage_kit.pipeline.citations import doubt_of_choice, site_answers
from coverage_kit.rank.choice import MIN_CITED, ChoiceModel, Choices, fit_choice
from coverage_kit.rank.citation_rate import (
    MIN_TOPICS,
    ReliabilityBin,
    SiteAnswers,
    calibration_error,
    calibration_slope,
    evaluate_rate,
    fit_rate,
    log_loss,
)
from coverage_kit.rank.offers import CONTENT_FEATURES
from coverage_kit.vectors import Encoder
from studies.citation_sets import CitationSet, read_citation_set
from studies.citations import Trial

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Figures = dict[str, float | list[dict[str, float]]]
Report = dict[str, dict[str, Figures]]

# Times that pages are shuffled, and that halves are drawn.
ROUNDS = 2
# Edges of the bins of predictions: most sites are cited by few answers, so that bins with equally
# many answers would nearly all lie below 1%.
EDGES = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0)
# Topics that must cite a site, of which a run asks for the last.
TOPICS = (1, 5, MIN_TOPICS)


def run_visibility_gain(folders: list[Path], encoder: Encoder, json_path: Path | None) -> int:
    """Measure and print every set that can be used; returns 1 where one cannot."""
    report: Report = {}
    status = 0
    for folder in folders:
        try:
            report |= measure_visibility_gain(read_citation_set(folder, encoder))
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    print_visibility_gain(report)
    if json_path:
        json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return status


def measure_visibility_gain(bench: CitationSet, seed: int = 0) -> Report:
    """Return {task: {case: figures}} of a set (`_figures`)."""
    report: Report = {}
    for has_all_pages in (True, False):
        if has_all_pages or bench.is_brought.nnz:
            name = bench.name if has_all_pages else f"{bench.name}/unseen"
            report[name] = _SetTest(bench, has_all_pages, seed).measure()
    return report


class _SetTest:
    """A set whose sites are tested one by one."""

    def __init__(self, bench: CitationSet, has_all_pages: bool, seed: int) -> None:
        trial = Trial(bench, has_all_pages, seed)
        cited = bench.n_cited[:, trial.sites]
        self.fold = np.asarray(trial.fold, dtype=np.int64)
        self.seed = seed
        self.choices = Choices(
            CONTENT_FEATURES,
            trial.content,
            cited,
            bench.n_citations - cited.sum(axis=1),
            bench.n_answers,
        )
        self.expanded = Trial(bench, has_all_pages=True, seed=seed).offers[0].expanded
        clusters, _ = cluster_queries(bench.query_vectors, seed=seed)
        self.topic = np.unique(clusters["cluster_id"], return_inverse=True)[1].astype(np.int64)
        n_cited = (cited > 0).sum(axis=0)
        n_not = (cited < bench.n_answers[:, None]).sum(axis=0)
        self.sites = np.flatnonzero((n_cited >= MIN_CITED) & (n_not >= MIN_CITED))

    def measure(self) -> dict[str, Figures]:
        """Return {case: figures}."""
        logged = self._answers(self.choices)
        shuffled = []
        for number in range(ROUNDS):
            rows = np.random.default_rng((self.seed, number)).permutation(len(self.fold))
            dealt = replace(self.choices, features=self.choices.features[rows])
            shuffled += self._answers(dealt)
        decided = self._decided(logged)
        return {
            "sites": _figures(logged),
            **{
                f"decided, {n}+ topics": _tested([half for half in decided if half.n_topics >= n])
                for n in TOPICS
            },
            "shuffled": _figures(shuffled),
        }

    def _answers(self, choices: Choices) -> list[SiteAnswers]:
        """Return the answers as each site sees them."""
        fitted = fit_choice(choices, self.seed, fold=self.fold)
        assert fitted is not None
        if choices is self.choices:
            print(f"weights {np.round(fitted.weights, 2)}; {doubt_of_choice(fitted) or 'no doubt'}")
        return [self._site_answers(fitted, site) for site in self.sites.tolist()]

    def _site_answers(self, fitted: ChoiceModel, site: int) -> SiteAnswers:
        return site_answers(self.choices, fitted, self.expanded, self.topic, site)

    def _decided(self, sites: list[SiteAnswers]) -> list["_Half"]:
        """Return the other half of the topics for each site that one half shows."""
        halves = []
        n_topics = self.topic.max() + 1
        for number in range(ROUNDS):
            rng = np.random.default_rng((self.seed, number))
            is_first = (rng.permutation(n_topics) % 2 == 0)[self.topic]
            for answers in sites:
                first = _select(answers, is_first)
                test = evaluate_rate(first, self.seed)
                if min(test.over_record.low, test.over_rate.low) > 0:
                    halves.append(_Half(first, _select(answers, ~is_first), test.n_topics))
        return halves


class _Half:
    """Half of the topics of a site, predicted from the other half."""

    def __init__(self, first: SiteAnswers, second: SiteAnswers, n_topics: int) -> None:
        self.answers = second
        self.n_topics = n_topics
        rate = fit_rate(first.odds, first.cited, first.n_answers)
        self.predicted = expit(rate[0] + second.odds @ rate[1:])
        record = fit_rate(first.odds[:, 1:], first.cited, first.n_answers, prior=1.0)
        self.by_record = expit(record[0] + second.odds[:, 1:] @ record[1:])

    @property
    def over_record(self) -> float:
        """By how much log loss an answer is lower than with the record alone."""
        total = max(float(self.answers.n_answers.sum()), 1.0)
        lower = log_loss(self.answers, self.by_record) - log_loss(self.answers, self.predicted)
        return float(lower.sum()) / total


def _tested(halves: list[_Half]) -> Figures:
    """Return the figures of the halves that were not used to decide."""
    better = [half.over_record for half in halves]
    return {
        "n_shown": len(halves),
        "over_record": _mean(better),
        "share_better": _mean([float(value > 0) for value in better]),
        "share_cited": _share_cited([half.answers for half in halves]),
        **_calibration([(half.answers, half.predicted) for half in halves]),
    }


def _select(answers: SiteAnswers, rows: npt.NDArray[np.bool_]) -> SiteAnswers:
    """Return the answers to some questions."""
    return SiteAnswers(**{name: values[rows] for name, values in vars(answers).items()})


def _figures(sites: list[SiteAnswers]) -> Figures:
    """Return what the test of a run says of these sites.

    n_sites, n_enough (cited in enough topics), n_shown; over_record and over_rate: mean improvement
    in nats an answer; slope, ece and bins of the held-out predictions of the sites that are shown.
    """
    tests = [evaluate_rate(answers) for answers in sites]
    shown = [
        (answers, test.predicted)
        for answers, test in zip(sites, tests, strict=True)
        if test.is_better
    ]
    return {
        "n_sites": len(sites),
        "n_enough": sum(test.n_topics >= MIN_TOPICS for test in tests),
        "n_shown": len(shown),
        "over_record": _mean([test.over_record.value for test in tests]),
        "over_rate": _mean([test.over_rate.value for test in tests]),
        "share_cited": _share_cited([answers for answers, _ in shown]),
        **_calibration(shown),
    }


def _calibration(shown: list[tuple[SiteAnswers, Floats]]) -> Figures:
    """Return slope, ece and bins of predictions, pooled over sites."""
    bins: tuple[ReliabilityBin, ...] = ()
    slope = float("nan")
    if shown:
        predicted = np.concatenate([values for _, values in shown])
        cited = np.concatenate([answers.cited for answers, _ in shown])
        n_answers = np.concatenate([answers.n_answers for answers, _ in shown])
        bins = _bins(predicted, cited, n_answers)
        slope = calibration_slope(predicted, cited, n_answers)
    return {
        "slope": slope,
        "ece": calibration_error(bins),
        "bins": [asdict(cell) for cell in bins],
    }


def _bins(predicted: Floats, cited: Floats, n_answers: Floats) -> tuple[ReliabilityBin, ...]:
    """Return the reliability diagram with these edges."""
    number = np.digitize(predicted, EDGES[1:-1])
    bins = []
    for rows in (np.flatnonzero(number == cell) for cell in range(len(EDGES) - 1)):
        total = n_answers[rows].sum()
        if total:
            mean = (predicted[rows] * n_answers[rows]).sum() / total
            share = cited[rows].sum() / total
            bins.append(ReliabilityBin(float(mean), float(share), round(total)))
    return tuple(bins)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _share_cited(sites: list[SiteAnswers]) -> float:
    """Return the share of the answers that cite the site, pooled over sites."""
    total = sum(float(answers.n_answers.sum()) for answers in sites)
    return sum(float(answers.cited.sum()) for answers in sites) / total if total else float("nan")


def print_visibility_gain(report: Report) -> None:
    """Print how many sites are shown, and how well they are calibrated."""
    for task, cases in report.items():
        print(f"\n{task}")
        for name, figures in cases.items():
            values = {
                key: value for key, value in figures.items() if isinstance(value, float | int)
            }
            print(f"  {name:24}", "  ".join(f"{key} {value:.3f}" for key, value in values.items()))
            bins = figures["bins"]
            if isinstance(bins, list):
                print(" " * 6, *(f"{cell['predicted']:.3f}:{cell['cited']:.3f}" for cell in bins))
