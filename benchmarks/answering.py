"""The model of whether new text answers a query: fitted on public sets, where judged sections were taken away.

Pairs are queries that lost their answer and the twelve nearest of the sections that went, wanted or
not. Fitted for all sets together, and without each in turn, so that a benchmark on a set uses what
the others taught.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.planting import Flags, Floats, Planting, plant_edits
from benchmarks.sets import BenchSet
from coverage_kit.match.answering import (
    DEFAULT_ANSWERING,
    PAIR_FEATURES,
    AnswerModel,
    Rivals,
    pair_features,
)
from coverage_kit.match.whitening import fit_space
from coverage_kit.vectors import Encoder

NEAREST = 12
SEEDS = 3


def collect_pairs(planting: Planting, encoder: Encoder) -> tuple[Floats, Flags]:
    """Return features of the pairs (p, f), and whether each section is the one that the query lost (p,)."""
    trial = planting.trial
    edits = [edit for edit in planting.edits if edit.kind in ("section", "decoy")]
    texts = [edit.added[0] for edit in edits]
    space = fit_space(trial.content, trial.asked)
    vectors, headings = (
        space.move_passages(encoder.encode(list(kind)))
        for kind in zip(*((t.embedded, t.heading) for t in texts), strict=True)
    )
    added = trial.scorer.add([text.embedded for text in texts], vectors, headings)
    groups = np.arange(len(edits))
    rivals = Rivals(len(trial.queries), len(edits))
    rivals.meet(added.similarity, groups)
    gaps = np.flatnonzero(planting.lost_group >= 0)
    wanted = np.array([edit.group for edit in edits])[None] == planting.lost_group[gaps, None]
    nothing = np.zeros(len(trial.passages), dtype=bool)
    features = np.stack(
        [
            pair_features(
                trial.scorer,
                gaps,
                added.pick(groups[[g]]),
                rivals.beside(int(g)),
                nothing,
            )[:, 0]
            for g in groups
        ],
        axis=1,
    )
    near = np.argsort(-added.similarity[gaps], axis=1, kind="stable")[:, :NEAREST]
    pick = np.arange(len(gaps))[:, None]
    return features[pick, near].reshape(-1, features.shape[2]), wanted[pick, near].ravel()


def fit_answering(pairs: list[tuple[Floats, Flags]]) -> AnswerModel:
    """Return the logistic fitted on the pairs of several plantings, each weighing the same."""
    features = np.concatenate([part for part, _ in pairs])
    is_wanted = np.concatenate([part for _, part in pairs])
    weight = np.concatenate([np.full(len(part), 1 / len(part)) for _, part in pairs])
    mean = np.average(features, axis=0, weights=weight)
    scale = features.std(axis=0) + 1e-6
    weight *= len(features) / weight.sum()
    fit = LogisticRegression(C=1.0, max_iter=2000).fit((features - mean) / scale, is_wanted, weight)
    return AnswerModel(mean, scale, np.r_[fit.intercept_, fit.coef_[0]])


def write_answering(sets: list[BenchSet], encoder: Encoder, path: Path = DEFAULT_ANSWERING) -> None:
    """Write the model of all sets together, and those without each of them."""
    pairs = {
        bench.name: [p for seed in range(SEEDS) if (p := _pairs(bench, seed, encoder))]
        for bench in sets
    }
    stored = {
        "source": "python -m benchmarks answering",
        "sets": [bench.name for bench in sets],
        "names": PAIR_FEATURES,
        "all": _rounded(fit_answering([one for parts in pairs.values() for one in parts])),
        "without": {
            name: _rounded(
                fit_answering(
                    [one for other, parts in pairs.items() if other != name for one in parts]
                )
            )
            for name in pairs
            if len(pairs) > 1
        },
    }
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


def _pairs(bench: BenchSet, seed: int, encoder: Encoder) -> tuple[Floats, Flags] | None:
    planting = plant_edits(bench, 100 + seed)
    return collect_pairs(planting, encoder) if planting else None


def _rounded(model: AnswerModel) -> dict[str, list[float]]:
    return {name: getattr(model, name).round(4).tolist() for name in ("mean", "scale", "weights")}
