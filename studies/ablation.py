"""The AUC of coverage without each piece of evidence and by it alone, and the scorer's cost."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from benchmarks.sets import (
    OWN,
    BenchSet,
    Trial,
    has_natural_gaps,
    natural_trial,
    planted_trial,
)
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match.coverage import (
    CalibrationFitter,
    fit_calibration,
    measure_coverage,
)
from coverage_kit.match.evidence import EvidenceScorer, EvidenceVectors
from coverage_kit.match.masking import LabelledEvidence, MaskingPlan, mask_pages_and_passages
from coverage_kit.match.neighbors import nearest_passages, nearest_rows
from coverage_kit.match.whitening import fit_space
from coverage_kit.tables import CLUSTERS
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

# Share of pages or sections that is removed.
SHARE = 0.25
Table = dict[str, dict[str, float]]
Floats = npt.NDArray[np.float64]


def measure_ablation(bench: BenchSet, seeds: int = 2) -> Table:
    """Return {task: {variant: AUC}}, means over seeds.

    Variants are all evidence, without each piece of evidence, each piece alone, equal weights, and
    vectors as encoded.
    """
    tasks: dict[str, list[dict[str, float]]] = {}
    for (task, trial), (_, raw) in zip(
        _trials(bench, seeds, True), _trials(bench, seeds, False), strict=True
    ):
        masked = mask_pages_and_passages(trial.scorer, MaskingPlan())
        features = trial.scorer.features()
        names = trial.scorer.names
        variants = {"all": _auc(masked, features, trial, list(range(len(names))))}
        variants["equal weights, no hide-and-seek"] = _plain_auc(trial, features)
        unspaced = raw.scorer.features()
        variants["vectors as encoded"] = _auc(
            mask_pages_and_passages(raw.scorer, MaskingPlan()),
            unspaced,
            raw,
            list(range(len(names))),
        )
        for column, name in enumerate(names):
            columns = [index for index in range(len(names)) if index != column]
            variants[f"without {name}"] = _auc(masked, features, trial, columns)
            variants[f"only {name}"] = float(roc_auc_score(~trial.is_gap, features[:, column]))
        tasks.setdefault(f"{bench.name}/{task}", []).append(variants)
    return {
        task: {name: float(np.mean([aucs[name] for aucs in by_trial])) for name in by_trial[0]}
        for task, by_trial in tasks.items()
    }


def print_ablation(table: Table) -> None:
    """Print a line for each variant, with a column for each task."""
    width = max(len(task) for task in table) + 2
    print(f"{'AUC':<34}" + "".join(f"{task:>{width}}" for task in table) + f"{'mean':>8}")
    for variant in next(iter(table.values())):
        values = [aucs.get(variant, float("nan")) for aucs in table.values()]
        print(
            f"{variant:<34}"
            + "".join(f"{value:>{width}.3f}" for value in values)
            + f"{np.nanmean(values):>8.3f}"
        )


def measure_cost(bench: BenchSet, encoder: Encoder) -> dict[str, float]:
    """Return seconds of plain nearest neighbours and of the scorer, and their ratio.

    Plain nearest neighbours embed and search. The encoder must not store its vectors. What both do
    is timed once and counts for both.
    """
    seconds: dict[str, float] = {}

    def clock(name: str, start: float) -> None:
        seconds[name] = time.perf_counter() - start

    encoder.encode(["loads the model"])
    start = time.perf_counter()
    passage_vectors = embed_texts(
        bench.passages["passage_id"], passage_texts(bench.passages), encoder
    )
    query_vectors = embed_texts(bench.queries["query_id"], bench.queries["text"], encoder, "query")
    clock("embed passages and queries", start)
    start = time.perf_counter()
    nearest_rows(query_vectors.vectors, passage_vectors.vectors, 100)
    clock("search", start)
    start = time.perf_counter()
    texts = headings(bench.passages)
    distinct = list(dict.fromkeys(texts))
    vector_of = dict(zip(distinct, encoder.encode(distinct), strict=True))
    heading_vectors = Embeddings(
        passage_vectors.ids, np.stack([vector_of[text] for text in texts]), encoder.name
    )
    clock("embed headings", start)
    start = time.perf_counter()
    space = fit_space(passage_vectors, query_vectors)
    query_vectors = space.of_queries(query_vectors)
    passage_vectors = space.of_passages(passage_vectors)
    heading_vectors = space.of_passages(heading_vectors)
    matches = nearest_passages(query_vectors, bench.passages, passage_vectors, OWN)
    vectors = EvidenceVectors(
        queries=query_vectors, passages=passage_vectors, headings=heading_vectors
    )
    scorer = EvidenceScorer(bench.queries, bench.passages, matches, OWN, vectors)
    measure_coverage(scorer, fit_calibration(scorer, CLUSTERS.empty()))
    clock("evidence, hide-and-seek, coverage", start)
    plain = seconds["embed passages and queries"] + seconds["search"]
    return {**seconds, "ratio": sum(seconds.values()) / plain}


def _trials(bench: BenchSet, seeds: int, in_space: bool) -> Iterator[tuple[str, Trial]]:
    if has_natural_gaps(bench.queries):
        yield "natural", natural_trial(bench, in_space)
    units = {"pages": "page_id"} | (
        {"sections": "passage_id"} if bench.qrels["passage_id"].notna().any() else {}
    )
    for unit, column in units.items():
        for seed in range(seeds):
            trial = planted_trial(bench, column, SHARE, seed, in_space)
            if trial:
                yield unit, trial


def _auc(masked: LabelledEvidence, features: Floats, trial: Trial, columns: list[int]) -> float:
    """Return the AUC of the calibration fitted to some columns of the evidence."""
    chosen = replace(masked, features=masked.features[:, columns])
    fitter = CalibrationFitter(
        chosen, features[:, columns], is_anchored=False, trust=trial.scorer.trust[columns]
    )
    weights, _ = fitter.fit(np.ones(len(features)))
    return float(roc_auc_score(~trial.is_gap, fitter.log_inputs @ weights))


def _plain_auc(trial: Trial, features: Floats) -> float:
    """Return the AUC of the sum of all features, each scaled to the same spread."""
    scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    return float(roc_auc_score(~trial.is_gap, scaled.sum(axis=1)))
