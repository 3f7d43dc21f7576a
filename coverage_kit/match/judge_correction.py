"""The share that a model's verdicts show, corrected by its errors on questions a person checked."""

from dataclasses import dataclass

import numpy as np

from coverage_kit.match.neighborhood import Floats

# Questions that both have to have checked. Assumed: below that, the errors are hardly known.
MIN_BOTH = 30
# Draws of the errors, from which the interval is read.
_DRAWS = 4000
# Pseudo-counts of both kinds (Jeffreys 1946).
_JEFFREYS = 0.5


@dataclass(frozen=True)
class JudgeCorrection:
    """What a model's verdicts are worth, and the unanswered share with its 90% interval.

    `raw_share` is the share by its verdicts as they are. `sensitivity` is how far the model calls
    answered what the person calls answered, `specificity` how far it calls unanswered what is
    unanswered. Where it is not used, `reason` says why, and share, low and high are nan.
    """

    share: float
    low: float
    high: float
    raw_share: float
    sensitivity: float
    specificity: float
    n_both: int
    n_judged: int
    is_used: bool
    reason: str


def correct_judge(
    verdicts: Floats, both_verdicts: Floats, both_checks: Floats, seed: int = 0
) -> JudgeCorrection:
    """Return the unanswered share of the judged questions, corrected by the model's errors.

    With p the mean verdict, the share that is answered is (p + specificity - 1) / (sensitivity +
    specificity - 1) (Rogan and Gladen 1978); its interval holds the uncertainty of all three (Lee
    et al. 2025). "partly" counts as half a question of either kind. A model is not used whose
    verdicts hardly depend on the truth: sensitivity + specificity - 1 is not clearly over 0.

    Args:
        verdicts: the model's values 0-1 of all questions that it checked, shape (n,).
        both_verdicts: its values of those that a person checked as well, shape (m,).
        both_checks: the person's values of the same questions, shape (m,).
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    hits, misses = both_checks @ both_verdicts, both_checks @ (1 - both_verdicts)
    alarms = (1 - both_checks) @ both_verdicts
    rejections = (1 - both_checks) @ (1 - both_verdicts)
    sensitivity = rng.beta(hits + _JEFFREYS, misses + _JEFFREYS, _DRAWS)
    false_rate = rng.beta(alarms + _JEFFREYS, rejections + _JEFFREYS, _DRAWS)
    rate = rng.beta(verdicts.sum() + _JEFFREYS, (1 - verdicts).sum() + _JEFFREYS, _DRAWS)
    reason = _objection(len(both_checks), sensitivity - false_rate)
    share = low = high = float("nan")
    if not reason:
        unanswered = 1 - np.clip((rate - false_rate) / (sensitivity - false_rate), 0, 1)
        low, share, high = (float(value) for value in np.quantile(unanswered, [0.05, 0.5, 0.95]))
    return JudgeCorrection(
        share=share,
        low=low,
        high=high,
        raw_share=float(1 - verdicts.mean()) if len(verdicts) else float("nan"),
        sensitivity=float(sensitivity.mean()),
        specificity=float(1 - false_rate.mean()),
        n_both=len(both_checks),
        n_judged=len(verdicts),
        is_used=not reason,
        reason=reason,
    )


def _objection(n_both: int, dependence: Floats) -> str:
    """Return why verdicts are not used; '' where nothing speaks against them.

    Args:
        n_both: how many questions both have checked.
        dependence: draws of sensitivity + specificity - 1.
    """
    if n_both < MIN_BOTH:
        return (
            f"A person checked {n_both} of the questions that the model checked; "
            f"its errors are known from {MIN_BOTH} on."
        )
    # 2.5%: a model that guesses passes once in forty times
    if np.quantile(dependence, 0.025) <= 0:
        return (
            "The model's verdicts hardly depend on whether your site answers the question: "
            "it says the same of answered and of unanswered questions."
        )
    return ""
