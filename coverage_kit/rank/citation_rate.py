"""How many answers cite a site: odds of the choice model, recalibrated against the site's record.

The choice model (`choice`) says how likely a citation goes to a site, by what all sites offer. The
site's record says how often answers to near questions cite it, whatever it offers. A logistic
regression of both (stacking, Wolpert 1992), fitted on predictions for held-out questions, gives the
share of answers that cite the site. Its slope of the choice model's odds is the part that the
record does not explain, and an edit moves those odds alone. So the question whether a gain may be
shown is whether the choice model adds to the record and to the site's plain citation rate, on
questions that neither model has seen. This is association in a log, and it proves no effect.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from coverage_kit.vectors import on_one_thread

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Slopes of both odds before anything is fitted, which share the evidence, and the precision of
# their normal prior: a few answers' worth (assumed).
_PRIOR_SLOPE = 0.5
_SLOPE_RIDGE = 3.0
_RESAMPLES = 500
# A site that is cited in fewer topics shows too little of what is cited in other topics: half of
# its topics do not predict the other half (docs/method.md, Citations; the number is assumed).
MIN_TOPICS = 10
# Bins of the reliability diagram at most, and questions in a bin at least (assumed).
_MAX_BINS = 10
_BIN_QUERIES = 20
# Keeps probabilities from 0 and 1, where the logarithm is infinite.
_MIN_PROBABILITY = 1e-6


@dataclass(frozen=True)
class SiteAnswers:
    """Answers to n questions, and what is predicted of one site without them.

    Attributes:
        cited: number of answers to the question that cite the site, (n,).
        n_answers: number of answers to the question, (n,).
        content: log odds that a citation goes to the site, by choice models that were fitted
            without the question's fold, (n,).
        record: log odds of the site's citation rate over near questions of other folds
            (`offers.site_record`), (n,).
        fold: fold of the question, (n,).
        topic: number of the question's topic, (n,): citations within a topic are alike.
    """

    cited: Floats
    n_answers: Floats
    content: Floats
    record: Floats
    fold: Rows
    topic: Rows

    @property
    def odds(self) -> Floats:
        """The log odds by content and by record, (n, 2)."""
        return np.column_stack([self.content, self.record])


@dataclass(frozen=True)
class Improvement:
    """By how much log loss an answer is lower, in nats, with the ends of a 90% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers with similar predictions: their mean, the share that cites, and their number."""

    predicted: float
    cited: float
    n_answers: int


@dataclass(frozen=True)
class RateTest:
    """How well a site's citations are predicted on held-out questions.

    Attributes:
        predicted: share of answers that cite the site, by models without the question's fold, (n,).
        n_topics: topics in which an answer cites the site.
        over_record: improvement over a model of the site's record alone.
        over_rate: improvement over the site's plain citation rate.
        slope: of the outcomes by the predicted log odds (Cox 1958); 1 where they are calibrated,
            below 1 where they are too extreme.
        ece: expected calibration error: mean difference of predicted and cited over the bins.
        bins: the reliability diagram, in the order of `predicted`.
    """

    predicted: Floats
    n_topics: int
    over_record: Improvement
    over_rate: Improvement
    slope: float
    ece: float
    bins: tuple[ReliabilityBin, ...]

    @property
    def is_better(self) -> bool:
        """Whether enough topics show that it beats record and plain rate by more than noise."""
        return self.n_topics >= MIN_TOPICS and min(self.over_record.low, self.over_rate.low) > 0


@on_one_thread
def evaluate_rate(answers: SiteAnswers, seed: int = 0) -> RateTest:
    """Return how well the model of record and content predicts, against record and plain rate.

    All three are fitted on the other folds. Intervals come from a bootstrap over topics, paired:
    every resample compares the models on the same answers.
    """
    odds = answers.odds
    predicted = _held_out(answers, odds)
    loss = log_loss(answers, predicted)
    by_record = log_loss(answers, _held_out(answers, odds[:, 1:])) - loss
    by_rate = log_loss(answers, _held_out(answers, odds[:, :0])) - loss
    bins = reliability_bins(predicted, answers.cited, answers.n_answers)
    return RateTest(
        predicted=predicted,
        n_topics=len(np.unique(answers.topic[answers.cited > 0])),
        over_record=_improvement(by_record, answers, seed),
        over_rate=_improvement(by_rate, answers, seed),
        slope=calibration_slope(predicted, answers.cited, answers.n_answers),
        ece=calibration_error(bins),
        bins=bins,
    )


def fit_rate(odds: Floats, cited: Floats, n_answers: Floats, prior: float = _PRIOR_SLOPE) -> Floats:
    """Return intercept and slopes of the share of answers that cite the site, shape (1 + k,).

    Slopes are at least 0 and are drawn to `prior`.

    Args:
        odds: k log odds of each question, (n, k); k may be 0.
        cited: number of answers that cite the site, or their weight, (n,).
        n_answers: number of answers, or their weight, (n,).
        prior: the slope before anything is fitted.
    """
    k = odds.shape[1]

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        linear = coefficients[0] + odds @ coefficients[1:]
        deviation = coefficients[1:] - prior
        total = (n_answers * np.logaddexp(0, linear) - cited * linear).sum()
        surplus = n_answers * expit(linear) - cited
        gradient = np.r_[surplus.sum(), surplus @ odds + _SLOPE_RIDGE * deviation]
        return float(total + _SLOPE_RIDGE * (deviation @ deviation) / 2), gradient

    start = np.r_[0.0, np.full(k, prior)]
    bounds = [(-10.0, 10.0), *[(0.0, None)] * k]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


@on_one_thread
def draw_rates(answers: SiteAnswers, weights: Floats) -> Floats:
    """Return intercept and slopes of content and record for each row of weights, shape (r, 3).

    `weights` (r, n) say how often the answers to each question count.
    """
    return np.stack(
        [fit_rate(answers.odds, answers.cited * row, answers.n_answers * row) for row in weights]
    )


def reliability_bins(
    predicted: Floats, cited: Floats, n_answers: Floats
) -> tuple[ReliabilityBin, ...]:
    """Return the reliability diagram: up to ten bins with equally many answers."""
    order = np.argsort(predicted, kind="stable")
    order = order[n_answers[order] > 0]
    n_bins = min(_MAX_BINS, max(1, len(order) // _BIN_QUERIES))
    answers = n_answers[order]
    # The bin of a question is where the middle of its answers lies.
    middle = (answers.cumsum() - answers / 2) / max(answers.sum(), 1)
    bins = []
    for number in range(n_bins):
        rows = order[(middle * n_bins).astype(np.int64) == number]
        total = n_answers[rows].sum()
        if total:
            mean = (predicted[rows] * n_answers[rows]).sum() / total
            bins.append(ReliabilityBin(float(mean), float(cited[rows].sum() / total), round(total)))
    return tuple(bins)


def calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Return the mean difference of predicted and cited, by answers; nan without any."""
    if not bins:
        return float("nan")
    gaps = [abs(cell.predicted - cell.cited) for cell in bins]
    return float(np.average(gaps, weights=[cell.n_answers for cell in bins]))


def calibration_slope(predicted: Floats, cited: Floats, n_answers: Floats) -> float:
    """Return the slope of the outcomes by the predicted log odds, drawn to 1 by a weak prior."""
    bounded = np.clip(predicted, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
    odds = np.log(bounded / (1 - bounded))[:, None]
    return float(fit_rate(odds, cited, n_answers, prior=1.0)[1])


def log_loss(answers: SiteAnswers, predicted: Floats) -> Floats:
    """Return the log loss of all answers to each question, in nats, (n,)."""
    bounded = np.clip(predicted, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
    missed = answers.n_answers - answers.cited
    return np.asarray(-answers.cited * np.log(bounded) - missed * np.log(1 - bounded))


def _held_out(answers: SiteAnswers, odds: Floats) -> Floats:
    """Return the predicted share of answers that cite, by models without the fold, (n,)."""
    predicted = np.zeros(len(odds))
    # The record alone is believed as it is, unless the answers say otherwise.
    prior = 1.0 if odds.shape[1] == 1 else _PRIOR_SLOPE
    for number in np.unique(answers.fold):
        is_out = answers.fold == number
        coefficients = fit_rate(
            odds[~is_out], answers.cited[~is_out], answers.n_answers[~is_out], prior
        )
        predicted[is_out] = expit(coefficients[0] + odds[is_out] @ coefficients[1:])
    return predicted


def _improvement(difference: Floats, answers: SiteAnswers, seed: int) -> Improvement:
    """Return the mean difference of log loss an answer, with its interval over topics."""
    n_topics = int(answers.topic.max()) + 1
    total = np.bincount(answers.topic, difference, n_topics)
    size = np.bincount(answers.topic, answers.n_answers, n_topics)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n_topics, np.full(n_topics, 1 / n_topics), size=_RESAMPLES)
    means = (draws @ total) / np.maximum(draws @ size, 1)
    low, high = np.quantile(means, [0.05, 0.95])
    return Improvement(float(total.sum() / max(size.sum(), 1)), float(low), float(high))
