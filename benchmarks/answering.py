"""Fit the model of whether new text answers a query on public sets with judged sections removed.

Pairs are queries that lost their answer and the twelve nearest of the removed sections, right or
not. The model is fitted for all sets together, and without each set in turn, so that a benchmark on
a set uses a model of the other sets.
"""

import json
from itertools import chain
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

# Sections that a query is paired with (assumed): the right section and its rivals.
NEAREST = 12
# Plantings of each set.
SEEDS = 3


def collect_pairs(planting: Planting, encoder: Encoder) -> tuple[Floats, Flags]:
    """Return features of the pairs (p, f), and whether each section is what the query lost (p,)."""
    trial = planting.trial
    edits = [edit for edit in planting.edits if edit.kind in ("section", "decoy")]
    texts = [edit.added[0] for edit in edits]
    space = fit_space(trial.passage_vectors, trial.query_vectors)
    vectors, headings = (
        space.move_passages(encoder.encode(list(kind)))
        for kind in zip(*((text.embedded, text.heading) for text in texts), strict=True)
    )
    added = trial.scorer.add(
        [text.embedded for text in texts], [text.text for text in texts], vectors, headings
    )
    groups = np.arange(len(edits))
    rivals = Rivals(len(trial.queries), len(edits))
    rivals.add_passages(added.similarity, groups)
    gaps = np.flatnonzero(planting.lost_group >= 0)
    is_lost = np.array([edit.group for edit in edits])[None] == planting.lost_group[gaps, None]
    is_removed = np.zeros(len(trial.passages), dtype=bool)
    features = np.stack(
        [
            pair_features(
                trial.scorer,
                gaps,
                added.select(groups[[group]]),
                rivals.nearest_other(int(group)),
                is_removed,
            )[:, 0]
            for group in groups
        ],
        axis=1,
    )
    nearest = np.argsort(-added.similarity[gaps], axis=1, kind="stable")[:, :NEAREST]
    rows = np.arange(len(gaps))[:, None]
    return features[rows, nearest].reshape(-1, features.shape[2]), is_lost[rows, nearest].ravel()


def fit_answering(pairs: list[tuple[Floats, Flags]]) -> AnswerModel:
    """Return the logistic fitted on the pairs of several plantings, each weighing the same."""
    features = np.concatenate([planting_features for planting_features, _ in pairs])
    is_lost = np.concatenate([flags for _, flags in pairs])
    weight = np.concatenate([np.full(len(flags), 1 / len(flags)) for _, flags in pairs])
    mean = np.average(features, axis=0, weights=weight)
    scale = features.std(axis=0) + 1e-6
    weight *= len(features) / weight.sum()
    fit = LogisticRegression(C=1.0, max_iter=2000).fit((features - mean) / scale, is_lost, weight)
    return AnswerModel(mean, scale, np.r_[fit.intercept_, fit.coef_[0]])


def write_answering(sets: list[BenchSet], encoder: Encoder, path: Path = DEFAULT_ANSWERING) -> None:
    """Write the model of all sets together, and the models without each of them."""
    pairs_of = {}
    for bench in sets:
        plantings = [_pairs(bench, seed, encoder) for seed in range(SEEDS)]
        pairs_of[bench.name] = [pairs for pairs in plantings if pairs]
    without = {}
    for name in pairs_of if len(pairs_of) > 1 else ():
        other_pairs = [pairs for set_name, pairs in pairs_of.items() if set_name != name]
        without[name] = _rounded(fit_answering(list(chain(*other_pairs))))
    stored = {
        "source": "python -m benchmarks answering",
        "sets": [bench.name for bench in sets],
        "names": PAIR_FEATURES,
        "all": _rounded(fit_answering(list(chain(*pairs_of.values())))),
        "without": without,
    }
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


def _pairs(bench: BenchSet, seed: int, encoder: Encoder) -> tuple[Floats, Flags] | None:
    # other seeds than those of the benchmark of edits
    planting = plant_edits(bench, 100 + seed)
    return collect_pairs(planting, encoder) if planting else None


def _rounded(model: AnswerModel) -> dict[str, list[float]]:
    return {name: getattr(model, name).round(4).tolist() for name in ("mean", "scale", "weights")}
