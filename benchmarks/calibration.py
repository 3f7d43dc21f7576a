"""Fit the default calibration on public sets, for sites whose own log is too small for a fit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.sets import BenchSet, natural_trial
from coverage_kit.match.coverage import DEFAULT_CALIBRATION, CalibrationFitter
from coverage_kit.match.masking import MaskingPlan, join_evidence, mask_pages_and_passages


def write_default_calibration(sets: list[BenchSet], path: Path = DEFAULT_CALIBRATION) -> None:
    """Write the calibration of all sets together, followed by that of each set, in one scale.

    The differences between the sets are its interval.
    """
    trials = [natural_trial(bench) for bench in sets]
    features = np.concatenate([trial.scorer.features() for trial in trials])
    starts = np.cumsum([0, *(len(trial.scorer.query_ids) for trial in trials)])
    masked = [mask_pages_and_passages(trial.scorer, MaskingPlan()) for trial in trials]
    # rows of queries count through all sets
    shifted = [
        replace(evidence, query_rows=evidence.query_rows + start)
        for evidence, start in zip(masked, starts, strict=False)
    ]
    fitters = [
        CalibrationFitter(evidence, features, is_anchored=False, trust=np.ones(features.shape[1]))
        for evidence in (join_evidence(shifted), *shifted)
    ]
    fits = [fitter.fit(np.ones(len(features))) for fitter in fitters]
    stored = {
        "source": "python -m benchmarks calibration",
        "sets": [bench.name for bench in sets],
        "names": trials[0].scorer.names,
        "mean": fitters[0].mean.round(6).tolist(),
        "scale": fitters[0].scale.round(6).tolist(),
        "weights": [weights.round(4).tolist() for weights, _ in fits],
        "unanswered_share": [round(share, 4) for _, share in fits],
    }
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))
