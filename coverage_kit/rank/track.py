"""How past predictions held, and what that does to new ones: gains times the ratio of realised to predicted."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.errors import RunError
from coverage_kit.tables import PREDICTIONS, Predictions, checked

PRIOR_EDITS = 5
PRIOR_RATIO = 1.0
PRIOR_SPREAD = 0.5
# One edit's ratio counts between these: a page rewritten for other reasons says little of the
# method.
LEAST_COUNTED = -1.0
MOST_COUNTED = 3.0
# However badly the past went, a tenth is left, so that the order of the edits stays.
LEAST_RATIO = 0.1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrackRecord:
    """What past comparisons say of this model's predictions.

    `n` is the number of edits compared, `ratio` the realised part of a predicted gain to expect,
    `spread` the standard deviation of one further edit's ratio around it. Without a past (n = 0)
    nothing is changed.
    """

    n: int = 0
    ratio: float = 1.0
    spread: float = 0.0

    def adjust(self, gain: Floats, seed: int) -> Floats:
        """Return gains times the ratio, of the same shape (1 + draws, n edits): the first row, the estimate, by the mean ratio.

        Each further row is multiplied by a draw of the ratio: one part common to all edits (how
        well the mean is known, 1 / (PRIOR_EDITS + n + 1) of the variance), the rest by edit. Draws
        are at least 0: no sign turns.
        """
        if not self.n:
            return gain
        rng = np.random.default_rng(seed)
        n_draws = gain.shape[0] - 1
        n_edits = gain.shape[1]
        common = 1 / (PRIOR_EDITS + self.n + 1)
        noise = np.sqrt(common) * rng.normal(size=(n_draws, 1)) + np.sqrt(1 - common) * rng.normal(
            size=(n_draws, n_edits)
        )
        ratios = np.maximum(self.ratio + self.spread * noise, 0.0)
        factors: Floats = np.concatenate([np.full((1, n_edits), self.ratio), ratios])
        return np.asarray(gain * factors, dtype=np.float64)


@checked
def estimate_track(predictions: Predictions) -> TrackRecord:
    """Return the track record of these comparisons: ratio and spread, drawn to a prior worth PRIOR_EDITS edits.

    Of an edit compared with several later runs the last row counts. Its ratio is realised /
    predicted, both without the correction that was in force when it was predicted (a column
    `ratio`, 1 where there is none), kept within LEAST_COUNTED and MOST_COUNTED and weighted by the
    size of what was predicted: predictions near 0 say nothing. With n' = (sum w)^2 / sum w^2 edits
    (Kish) of weighted mean r, ratio = (k PRIOR_RATIO + n' r) / (k + n'), k = PRIOR_EDITS; the
    variance of ratios likewise from PRIOR_SPREAD and the deviations from that ratio, and spread^2 =
    variance (1 + 1 / (k + n')).
    """
    last = predictions.drop_duplicates(["edit_id", "run_before"], keep="last")
    correction = last["ratio"].fillna(1.0) if "ratio" in last else pd.Series(1.0, index=last.index)
    predicted = (last["predicted"] / correction).to_numpy(np.float64)
    counts = np.abs(predicted) > 0
    weights = np.abs(predicted[counts])
    if not counts.any():
        return TrackRecord()
    ratios = np.clip(
        last["realised"].to_numpy(np.float64)[counts] / predicted[counts],
        LEAST_COUNTED,
        MOST_COUNTED,
    )
    shares = weights / weights.sum()
    n_effective = 1 / float((shares**2).sum())
    together = PRIOR_EDITS + n_effective
    ratio = (PRIOR_EDITS * PRIOR_RATIO + n_effective * float(shares @ ratios)) / together
    variance = (
        PRIOR_EDITS * PRIOR_SPREAD**2 + n_effective * float(shares @ (ratios - ratio) ** 2)
    ) / together
    return TrackRecord(
        int(counts.sum()),
        max(ratio, LEAST_RATIO),
        float(np.sqrt(variance * (1 + 1 / together))),
    )


def read_track(path: str | Path, site: str, encoder: str) -> TrackRecord:
    """Return the track record of this site under this encoder from a record of comparisons; of no past where there is no file.

    Raises RunError when the file cannot be read, SchemaError when it holds another table.
    """
    path = Path(path)
    if not path.exists():
        return TrackRecord()
    try:
        past = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        cure = "Move it away: predictions are then made without a past."
        raise RunError(
            str(path),
            "a record of predictions",
            str(error).splitlines()[0],
            cure,
        ) from error
    PREDICTIONS.check(past, str(path))
    for name, ours in (("site", site), ("encoder", encoder)):
        past = past[past[name] == ours] if name in past else past
    return estimate_track(past)
