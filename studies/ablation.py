"""What each piece of evidence adds: AUC of coverage without it, and of it alone; and what the scorer costs."""

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

SHARE = 0.25
Table = dict[str, dict[str, float]]
Floats = npt.NDArray[np.float64]


def measure_ablation(bench: BenchSet, seeds: int = 2) -> Table:
    """Return {task: {variant: AUC}}, means over seeds: all evidence, without each piece, only that, and so on."""
    tasks: dict[str, list[dict[str, float]]] = {}
    for (task, trial), (_, raw) in zip(
        _trials(bench, seeds, True), _trials(bench, seeds, False), strict=True
    ):
        played = mask_pages_and_passages(trial.scorer, MaskingPlan())
        whole = trial.scorer.features()
        names = trial.scorer.names
        variants = {"all": _auc(played, whole, trial, list(range(len(names))))}
        variants["equal weights, no hide-and-seek"] = _plain_auc(trial, whole)
        unspaced = raw.scorer.features()
        variants["vectors as encoded"] = _auc(
            mask_pages_and_passages(raw.scorer, MaskingPlan()),
            unspaced,
            raw,
            list(range(len(names))),
        )
        for place, name in enumerate(names):
            rest = [other for other in range(len(names)) if other != place]
            variants[f"without {name}"] = _auc(played, whole, trial, rest)
            variants[f"only {name}"] = float(roc_auc_score(~trial.is_gap, whole[:, place]))
        tasks.setdefault(f"{bench.name}/{task}", []).append(variants)
    return {
        task: {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        for task, found in tasks.items()
    }


def print_ablation(table: Table) -> None:
    """Print one line a variant, one column a task."""
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
    """Return seconds of plain nearest neighbours (embed, search) and of the scorer end to end, and their ratio.

    The encoder must not keep its vectors. What both do is timed once and counts for both.
    """
    seconds: dict[str, float] = {}

    def clock(name: str, start: float) -> None:
        seconds[name] = time.perf_counter() - start

    encoder.encode(["loads the model"])
    start = time.perf_counter()
    content = embed_texts(bench.passages["passage_id"], passage_texts(bench.passages), encoder)
    asked = embed_texts(bench.queries["query_id"], bench.queries["text"], encoder, "query")
    clock("embed passages and queries", start)
    start = time.perf_counter()
    nearest_rows(asked.vectors, content.vectors, 100)
    clock("search", start)
    start = time.perf_counter()
    texts = headings(bench.passages)
    vectors = dict(
        zip(
            unique := list(dict.fromkeys(texts)),
            encoder.encode(unique),
            strict=True,
        )
    )
    titled = Embeddings(content.ids, np.stack([vectors[text] for text in texts]), encoder.name)
    clock("embed headings", start)
    start = time.perf_counter()
    space = fit_space(content, asked)
    asked = space.of_queries(asked)
    content = space.of_passages(content)
    titled = space.of_passages(titled)
    matches = nearest_passages(asked, bench.passages, content, OWN)
    vectors = EvidenceVectors(queries=asked, passages=content, headings=titled)
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


def _auc(played: LabelledEvidence, whole: Floats, trial: Trial, columns: list[int]) -> float:
    """Return the AUC of the link fitted to some of the evidence."""
    some = replace(played, features=played.features[:, columns])
    fitter = CalibrationFitter(some, whole[:, columns], is_anchored=False)
    weights, _ = fitter.fit(np.ones(len(whole)))
    return float(roc_auc_score(~trial.is_gap, fitter.log_inputs @ weights))


def _plain_auc(trial: Trial, whole: Floats) -> float:
    scaled = (whole - whole.mean(axis=0)) / (whole.std(axis=0) + 1e-9)
    return float(roc_auc_score(~trial.is_gap, scaled.sum(axis=1)))
