"""What checks say of a run: the share of unanswered questions, coverage at that level, and its AUC.

Only people's checks count here. A model's verdicts are corrected first (judge_correction.py).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from coverage_kit.match.checked_share import ShareEstimate, estimate_share
from coverage_kit.match.neighborhood import Floats
from coverage_kit.match.recalibration import Recalibration, fit_recalibration
from coverage_kit.match.sampling import Checks, Questions
from coverage_kit.match.self_test import bootstrap_counts, has_both
from coverage_kit.tables import QuestionChecks
from coverage_kit.vocabulary import CHOICE_VALUES, PERSON

# Bootstrap samples of an interval. Assumed.
_SAMPLES = 200


@dataclass(frozen=True)
class CheckedCoverage:
    """What people's checks say of a run's coverage.

    Attributes:
        share: the share of questions that the site does not answer.
        by_demand: the same share, in which each question counts as often as it was asked.
        recalibration: makes coverage agree with `by_demand` and with the checks.
        auc: how well coverage separates questions that were read as answered from those read as
            not answered, from 0.5 (guessing) to 1; nan where all were read alike.
        low: lower end of its 90% interval.
        high: upper end.
        auc_gaps: the same of topics, over the means of their checked questions.
    """

    share: ShareEstimate
    by_demand: ShareEstimate
    recalibration: Recalibration
    auc: float
    low: float
    high: float
    auc_gaps: float


def read_checks(table: QuestionChecks, query_ids: list[str], checked_by: str = PERSON) -> Checks:
    """Return the filled checks of one checker as arrays; those of other questions are left out.

    Args:
        table: the checks.
        query_ids: the ids of the log's queries, in their order.
        checked_by: who checked.
    """
    filled = table[(table["checked_by"] == checked_by) & table["choice"].notna()]
    rows = pd.Index(query_ids).get_indexer(pd.Index(filled["query_id"]))
    filled = filled[rows >= 0]
    return Checks(
        rows=np.asarray(rows[rows >= 0], dtype=np.int64),
        values=np.asarray(filled["choice"].map(CHOICE_VALUES), dtype=np.float64),
        draws=filled["draw"].to_numpy(np.int64),
        probability=filled["probability"].to_numpy(np.float64),
    )


def check_coverage(questions: Questions, checks: Checks, seed: int = 0) -> CheckedCoverage:
    """Return what these checks, at least one, say of coverage.

    Args:
        questions: the log's questions, with their coverage before any check.
        checks: what people read.
        seed: of every random step.
    """
    by_demand = estimate_share(questions, checks)
    equal = replace(questions, demand=np.ones(questions.n))
    coverage = questions.coverage[0][checks.rows]
    auc, low, high = _auc_with_interval(coverage, checks.values, seed)
    topics = pd.DataFrame(
        {"topic": questions.clusters[checks.rows], "coverage": coverage, "value": checks.values}
    )
    means = topics.groupby("topic").mean()
    return CheckedCoverage(
        share=estimate_share(equal, checks),
        by_demand=by_demand,
        recalibration=fit_recalibration(questions, checks, by_demand, seed),
        auc=auc,
        low=low,
        high=high,
        auc_gaps=_auc(means["coverage"].to_numpy(), means["value"].to_numpy()),
    )


def _auc(coverage: Floats, values: Floats, counts: Floats | None = None) -> float:
    """Return the AUC; a value of exactly .5 counts for neither kind; nan if undefined."""
    counts = np.ones(len(values)) if counts is None else counts
    is_clear = (values != CHOICE_VALUES["partly"]) & (counts > 0)
    is_answered = values[is_clear] > CHOICE_VALUES["partly"]
    if not has_both(is_answered):
        return float("nan")
    return float(roc_auc_score(is_answered, coverage[is_clear], sample_weight=counts[is_clear]))


def _auc_with_interval(coverage: Floats, values: Floats, seed: int) -> tuple[float, float, float]:
    """Return the AUC and its 90% interval by a bootstrap over checks."""
    rng = np.random.default_rng(seed)
    samples = [_auc(coverage, values, bootstrap_counts(len(values), rng)) for _ in range(_SAMPLES)]
    known = [sample for sample in samples if np.isfinite(sample)]
    low, high = np.quantile(known, [0.05, 0.95]) if known else (0.0, 1.0)
    return _auc(coverage, values), float(low), float(high)
