"""The self-test: how well hidden parts of the site are detected, per question and per gap.

What is hidden for a question is what both retrievers name first for it. That alone would praise
noise: random vectors are nearest to something, too. So the figure counts only as far as the two
retrievers agree beyond chance, as neither knows what the other does. Where citations show which of
your pages answer a question, these pages are hidden instead, and the figure counts as it is.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from coverage_kit.match.logistic import fit_logistic
from coverage_kit.match.masking import LabelledEvidence
from coverage_kit.match.neighborhood import Flags, Floats, Rows

# Folds of the self-test.
_FOLDS = 5
# Bootstrap samples of an interval. Assumed.
_SAMPLES = 100
# How far the figure per gap goes from the figure per question to that of the topics that were
# hidden. Measured on public sets: with 1, it was too high by up to .23; with a third, it was never
# more than .07 too high (docs/method.md, self-test).
_TOPIC_SHARE = 1 / 3


@dataclass(frozen=True)
class SelfTest:
    """How well hidden parts of the site were detected; 0.5 is guessing, 1 is perfect.

    Attributes:
        auc: AUC per question, at which questions whose passage was hidden were separated from the
            others; biased low.
        low: lower end of its 90% interval.
        high: upper end; what the test says if all of it counts.
        ece: expected calibration error of the same questions.
        n_queries: number of questions that took part.
        n_hidden: number of questions, over all rounds, whose passage was hidden.
        auc_pages: the same AUC where whole pages were hidden.
        auc_gaps: AUC per gap: topics were hidden whole, and the evidence of their questions was
            pooled; biased low.
        certainty: share, 0 to 1, to which the figures count: how certain it is that the two
            retrievers agree beyond chance; 1 where citations show which pages answer.
    """

    auc: float
    low: float
    high: float
    ece: float
    n_queries: int
    n_hidden: int
    auc_pages: float
    auc_gaps: float = float("nan")
    certainty: float = 1.0


@dataclass(frozen=True)
class SelfTestInputs:
    """What the self-test reads: evidence in units of its spread, with what was hidden.

    `inputs` (r, 1 + f) are the rows of `labelled`, `topic_inputs` (t, 1 + f) those of `topics`: the
    rounds that hide whole topics. `topic_of` (n queries,) numbers each query's topic. `trust` (f,)
    is how far each feature is trusted before the fit.
    """

    inputs: Floats
    labelled: LabelledEvidence
    topic_inputs: Floats
    topics: LabelledEvidence
    topic_of: Rows
    trust: Floats


def run_self_test(test: SelfTestInputs, certainty: float, rng: np.random.Generator) -> SelfTest:
    """Return how well hidden queries and topics are separated from the others.

    The queries of a fold are scored by a calibration that was fitted without their topics.

    Args:
        test: evidence and labels; both groups are in `labelled`.
        certainty: share to which the figures count, 0 to 1.
        rng: draws folds and bootstrap samples.
    """
    labelled = test.labelled
    scores, topic_scores = _cross_score(test, rng)
    is_visible = ~labelled.is_hidden
    is_page = labelled.is_page
    n_queries = len(np.unique(labelled.query_rows))
    auc_pages = _auc(is_visible[is_page], scores[is_page])
    rows = labelled.query_rows
    # single passages are the harder question: they give the figure, where they were hidden
    if has_both(is_visible[~is_page]):
        is_visible = is_visible[~is_page]
        scores = scores[~is_page]
        rows = rows[~is_page]
    auc = _auc(is_visible, scores)
    low, high = _auc_interval(is_visible, scores, rows, rng)
    balance = np.where(is_visible, 0.5 / is_visible.mean(), 0.5 / (1 - is_visible.mean()))
    predicted = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))

    def counted(value: float) -> float:
        return 0.5 + certainty * (value - 0.5)

    auc_topics = _auc_of_topics(test, topic_scores)
    is_known = np.isfinite(auc_topics)
    share = _TOPIC_SHARE if certainty < 1 else 1.0
    return SelfTest(
        auc=counted(auc),
        low=counted(low),
        # what does not count may be true all the same
        high=max(high, counted(high)),
        ece=expected_calibration_error(predicted, is_visible, balance),
        n_queries=n_queries,
        n_hidden=int((~is_visible).sum()),
        auc_pages=counted(auc_pages),
        auc_gaps=counted(auc + share * (auc_topics - auc) if is_known else auc),
        certainty=certainty,
    )


def _cross_score(test: SelfTestInputs, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the log-odds of being visible of both kinds of rounds, by cross-validation.

    All questions of a topic are in the same fold. A fold that cannot be scored gets 0.
    """
    labelled = test.labelled
    is_visible = ~labelled.is_hidden
    n_topics = int(test.topic_of.max(initial=-1)) + 1
    # a topic without a number is a topic of its own, and so it is where there are few topics
    topic_of = test.topic_of if n_topics >= _FOLDS else np.arange(len(test.topic_of))
    fold_of_topic = rng.permutation(int(topic_of.max(initial=0)) + 1) % _FOLDS
    folds = fold_of_topic[topic_of[labelled.query_rows]]
    topic_folds = fold_of_topic[topic_of[test.topics.query_rows]]
    scores = np.zeros(len(folds))
    topic_scores = np.zeros(len(topic_folds))
    n_queries = len(np.unique(labelled.query_rows))
    for number in range(_FOLDS):
        is_train = folds != number
        if has_both(is_visible[is_train]):
            importance = np.full(int(is_train.sum()), n_queries / 2)
            weights = fit_logistic(
                test.inputs[is_train], is_visible[is_train], importance, test.trust
            )
            scores[~is_train] = test.inputs[~is_train] @ weights
            topic_scores[topic_folds == number] = test.topic_inputs[topic_folds == number] @ weights
    return scores, topic_scores


def _auc_of_topics(test: SelfTestInputs, scores: Floats) -> float:
    """Return the AUC of topics' mean scores, each topic of each round once; nan if undefined."""
    table = pd.DataFrame(
        {
            "round": test.topics.round_numbers,
            "topic": test.topic_of[test.topics.query_rows],
            "score": scores,
            "is_hidden": test.topics.is_hidden,
        }
    )
    means = table.groupby(["round", "topic"])[["score", "is_hidden"]].mean()
    return _auc(means["is_hidden"].to_numpy() < 0.5, means["score"].to_numpy())


def _auc(is_visible: Flags, scores: Floats) -> float:
    """Return the AUC; nan where there is only one kind."""
    if not has_both(is_visible):
        return float("nan")
    return float(roc_auc_score(is_visible, scores))


def _auc_interval(
    truth: Flags,
    predicted: Floats,
    query_rows: Rows,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the 90% interval of the AUC by a bootstrap over queries."""
    n = int(query_rows.max()) + 1
    aucs = []
    for _ in range(_SAMPLES):
        counts = bootstrap_counts(n, rng)[query_rows]
        if has_both(truth[counts > 0]):
            aucs.append(roc_auc_score(truth, predicted, sample_weight=counts))
    low, high = np.quantile(aucs, [0.05, 0.95]) if aucs else (0.0, 1.0)
    if low < high:
        return float(low), float(high)
    return _interval_of_equal(float(low), len(np.unique(query_rows[~truth])))


def _interval_of_equal(auc: float, n_hidden: int) -> tuple[float, float]:
    """Return the 90% interval of an AUC that no bootstrap sample moves.

    Such samples say nothing of other queries, so the exact interval of a share counts: n hidden
    queries without an error leave an error rate of up to 1 - .05^(1/n) (Clopper & Pearson 1934).

    >>> _interval_of_equal(1.0, 3)
    (0.3684031498640387, 1.0)
    """
    remaining = 0.05 ** (1 / max(n_hidden, 1))
    return auc * remaining, 1 - (1 - auc) * remaining


def expected_calibration_error(
    predicted: Floats,
    truth: Flags,
    weights: Floats | None = None,
    bins: int = 10,
) -> float:
    """Return the weighted mean gap between predicted and observed share (Guo et al. 2017).

    The mean is over bins of equal count.
    """
    weights = np.ones(len(predicted)) if weights is None else weights
    order = np.argsort(predicted, kind="stable")
    rows_of_bins = [rows for rows in np.array_split(order, bins) if len(rows)]
    gaps = []
    for rows in rows_of_bins:
        mean_predicted = np.average(predicted[rows], weights=weights[rows])
        mean_observed = np.average(truth[rows], weights=weights[rows])
        gaps.append(abs(mean_predicted - mean_observed))
    return float(np.average(gaps, weights=[weights[rows].sum() for rows in rows_of_bins]))


def has_both(flags: Flags) -> bool:
    """Return whether some flags are set and some are not."""
    return bool(flags.any() and not flags.all())


def bootstrap_counts(n: int, rng: np.random.Generator) -> Floats:
    """Return how often each of n queries is drawn in a bootstrap sample."""
    return np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
