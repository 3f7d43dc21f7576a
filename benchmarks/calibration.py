"""The default link: fitted by hide-and-seek on public sets, for sites whose own log is too small to play."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.sets import BenchSet, natural_trial
from coverage_kit.match.coverage import DEFAULT_CALIBRATION, CalibrationFitter
from coverage_kit.match.masking import Plan, hide_places, join_rounds


def write_default_link(sets: list[BenchSet], path: Path = DEFAULT_CALIBRATION) -> None:
    """Write the link of all sets together, followed by that of each, in one scale: their differences are its interval."""
    trials = [natural_trial(bench) for bench in sets]
    whole = np.concatenate([trial.scorer.features() for trial in trials])
    starts = np.cumsum([0, *(len(trial.scorer.query_ids) for trial in trials)])
    played = [hide_places(trial.scorer, Plan()) for trial in trials]
    moved = [
        replace(one, query_rows=one.query_rows + start)
        for one, start in zip(played, starts, strict=False)
    ]
    together = join_rounds(moved)
    fitters = [CalibrationFitter(one, whole, is_anchored=False) for one in (together, *moved)]
    fits = [fitter.fit(np.ones(len(whole))) for fitter in fitters]
    stored = {
        "source": "python -m benchmarks link",
        "sets": [bench.name for bench in sets],
        "names": trials[0].scorer.names,
        "mean": fitters[0].mean.round(6).tolist(),
        "scale": fitters[0].scale.round(6).tolist(),
        "weights": [weights.round(4).tolist() for weights, _ in fits],
        "unanswered_share": [round(share, 4) for _, share in fits],
    }
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))
