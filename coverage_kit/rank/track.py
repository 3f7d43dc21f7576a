"""How past predictions came true, and how that corrects new predictions.

Gains are multiplied by the expected ratio of realised to predicted gain (docs/method.md, Closing
the loop).
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.errors import SchemaError
from coverage_kit.storage.files import as_error, set_aside
from coverage_kit.tables import PREDICTIONS, Predictions, checked

# The prior is worth five edits whose predictions came true on average (docs/method.md, Closing the
# loop); a single edit's ratio spreads around it by one half (assumed).
PRIOR_EDITS = 5
PRIOR_RATIO = 1.0
PRIOR_SPREAD = 0.5
# A single edit's ratio counts between these: a page that is rewritten for other reasons says little
# about the method (assumed).
MIN_EDIT_RATIO = -1.0
MAX_EDIT_RATIO = 3.0
# However badly past predictions came true, a tenth of a gain is left, so that the order of the
# edits stays (assumed).
MIN_RATIO = 0.1

Floats = npt.NDArray[np.float64]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackRecord:
    """What past comparisons say about this model's predictions.

    `n` is the number of edits compared, `ratio` the realised share of a predicted gain to expect,
    `spread` the standard deviation of a further edit's ratio around it. Without past comparisons
    (n = 0) nothing is changed.
    """

    n: int = 0
    ratio: float = 1.0
    spread: float = 0.0

    def adjust(self, gain: Floats, seed: int) -> Floats:
        """Return gains times the ratio, of the same shape (1 + draws, n edits).

        The first row, the estimate, is multiplied by the mean ratio. Each further row is multiplied
        by a draw of the ratio: 1 / (PRIOR_EDITS + n + 1) of its variance is common to all edits
        (how well the mean is known), the remainder differs by edit. Draws are at least 0, so that
        no gain changes its sign.
        """
        if not self.n:
            return gain
        rng = np.random.default_rng(seed)
        n_draws = gain.shape[0] - 1
        n_edits = gain.shape[1]
        common_share = 1 / (PRIOR_EDITS + self.n + 1)
        common_noise = np.sqrt(common_share) * rng.normal(size=(n_draws, 1))
        edit_noise = np.sqrt(1 - common_share) * rng.normal(size=(n_draws, n_edits))
        ratios = np.maximum(self.ratio + self.spread * (common_noise + edit_noise), 0.0)
        factors: Floats = np.concatenate([np.full((1, n_edits), self.ratio), ratios])
        return np.asarray(gain * factors, dtype=np.float64)


@checked
def estimate_track(predictions: Predictions) -> TrackRecord:
    """Return the track record of these comparisons, drawn to a prior worth PRIOR_EDITS edits.

    For an edit that is compared with several later runs, the last row counts. Its ratio is realised
    / predicted, both without the correction that was in force when it was predicted (a column
    `ratio`, 1 where there is none). It is clipped to MIN_EDIT_RATIO and MAX_EDIT_RATIO and weighted
    by the size of the prediction: predictions near 0 say nothing. With n' = (sum w)^2 / sum w^2
    edits (Kish) of weighted mean r, ratio = (k PRIOR_RATIO + n' r) / (k + n'), k = PRIOR_EDITS. The
    variance of ratios is estimated in the same way from PRIOR_SPREAD and the deviations from that
    ratio, and spread^2 = variance (1 + 1 / (k + n')).
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
        MIN_EDIT_RATIO,
        MAX_EDIT_RATIO,
    )
    shares = weights / weights.sum()
    n_effective = 1 / float((shares**2).sum())
    n_total = PRIOR_EDITS + n_effective
    ratio = (PRIOR_EDITS * PRIOR_RATIO + n_effective * float(shares @ ratios)) / n_total
    prior_variance = PRIOR_EDITS * PRIOR_SPREAD**2
    variance = (prior_variance + n_effective * float(shares @ (ratios - ratio) ** 2)) / n_total
    return TrackRecord(
        n=int(counts.sum()),
        ratio=max(ratio, MIN_RATIO),
        spread=float(np.sqrt(variance * (1 + 1 / n_total))),
    )


def read_track(path: str | Path, site: str, encoder: str) -> TrackRecord:
    """Return the track record of this site under this encoder from a file of comparisons.

    Without a file the record is empty. A file that cannot be read is set aside with a warning.
    Raises RunError where that is impossible.
    """
    path = Path(path)
    if not path.exists():
        return TrackRecord()
    try:
        predictions = pd.read_parquet(path, page_checksum_verification=True)
        PREDICTIONS.check(predictions, str(path))
        return estimate_track(_of(predictions, site, encoder))
    except (OSError, ValueError, KeyError, TypeError, SchemaError) as error:
        with as_error(path, "a record of predictions", "Name another cache."):
            aside = set_aside(path)
        logger.warning(
            "%s: cannot be read (%s): predictions are made without a track record, the file is %s",
            path,
            str(error).splitlines()[0],
            aside,
        )
        return TrackRecord()


def _of(predictions: Predictions, site: str, encoder: str) -> Predictions:
    """Return the predictions of this site and encoder."""
    # A record without these columns has the predictions of a single site and encoder.
    for column, value in (("site", site), ("encoder", encoder)):
        if column in predictions:
            predictions = predictions[predictions[column] == value]
    return predictions
