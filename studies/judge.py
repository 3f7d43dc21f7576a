"""The comparison of claims by words against people: expertqa's claims and the passages they cite.

Experts judged whether a claim is supported. Used are the claims whose cited passages the set holds,
judged Complete (1), or Partial or Incomplete (0); claims judged N/A are left out. Compared are the
strength of support that `compare_claim` finds, with and without vectors, word overlap alone, the
encoder's cosine alone, and the same grade for all. Intervals are percentiles of a bootstrap over
questions, as claims of the same question are not independent. Only the thresholds of kappa are
fitted: each on the other four fifths of the questions.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.sets import read_table
from coverage_kit.measure.agreement import Floats, krippendorff_alpha, order_alike
from coverage_kit.measure.claim_parts import read_parts
from coverage_kit.measure.source_sentences import read_sources, share
from coverage_kit.measure.support import Similarity, Support, compare_claim
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vectors import Encoder

LABELS = {"Complete": 1.0, "Partial": 0.0, "Incomplete": 0.0}
# A marker of a citation in a claim: "[3]".
_MARKER = re.compile(r"\[(\d{1,2})\]")
# Parts of the questions: the threshold of kappa for a part is found on the others.
_FOLDS = 5
# Bootstrap draws of each interval (assumed).
_DRAWS = 500

Measure = Callable[[Floats, Floats], float]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Claim:
    """A claim, the text of the passages that it cites, and whether people found it supported."""

    text: str
    source: str
    query_id: str
    engine: str
    label: float


def read_claims(folder: Path) -> list[Claim]:
    """Return the judged claims of an expertqa folder with the text of the passages they cite.

    Raises SchemaError for tables that cannot be used.
    """
    responses = read_table(folder / "responses.parquet", "query_id", "claims_json", "citations")
    passages = read_table(folder / "passages.parquet", "doc_id", "section_id", "text")
    qrels = read_table(folder / "qrels.parquet", "query_id", "section_id")
    text_of = dict(zip(passages["section_id"], passages["text"], strict=True))
    page_of = dict(zip(passages["section_id"], passages["doc_id"], strict=True))
    sections_of = qrels.groupby("query_id")["section_id"].agg(list).to_dict()
    claims = []
    for row in responses.to_dict("records"):
        citations = list(row["citations"]) if row["citations"] is not None else []
        for claim in json.loads(row["claims_json"]):
            numbers = [int(mark) for mark in _MARKER.findall(claim["claim"])]
            urls = {citations[number - 1] for number in numbers if 0 < number <= len(citations)}
            cited_texts = [
                text_of[section]
                for section in dict.fromkeys(sections_of.get(row["query_id"], []))
                if page_of.get(section) in urls and section in text_of
            ]
            if claim["support"] in LABELS and cited_texts:
                claims.append(
                    Claim(
                        text=claim["claim"],
                        source="\n\n".join(cited_texts),
                        query_id=str(row["query_id"]),
                        engine=str(row["engine"]),
                        label=LABELS[claim["support"]],
                    )
                )
    return claims


def make_similarity(encoder: Encoder, claims: Sequence[Claim]) -> Similarity:
    """Return cosines of a text with other texts; the claims' texts are encoded together."""
    texts = list(dict.fromkeys(text for claim in claims for text in _texts(claim)))
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))

    def similarity(text: str, other_texts: Sequence[str]) -> list[float]:
        absent = [name for name in dict.fromkeys((text, *other_texts)) if name not in vectors]
        if absent:
            vectors.update(zip(absent, encoder.encode(absent), strict=True))
        return [float(vectors[other_text] @ vectors[text]) for other_text in other_texts]

    return similarity


def _texts(claim: Claim) -> list[str]:
    """Return the texts of a claim and its passages, complete and by sentences."""
    claim_sentences = [read_parts(sentence).text for sentence in split_sentences(claim.text)]
    source_sentences = [source.sentence for source in read_sources([claim.source])]
    return [claim.text, *claim_sentences, *claim.source.split("\n\n"), *source_sentences]


def measure_judge(claims: Sequence[Claim], similarity: Similarity) -> dict[str, Any]:
    """Return AUC, AUC within engines, kappa and alpha of each grader, and the verdicts.

    Figures have 95% intervals.
    """
    labels = np.array([claim.label for claim in claims])
    queries = np.array([claim.query_id for claim in claims])
    engines = np.array([claim.engine for claim in claims])
    by_words = [compare_claim(claim.text, [claim.source]) for claim in claims]
    by_vectors = [compare_claim(claim.text, [claim.source], similarity) for claim in claims]
    graders = {
        "comparison by words": np.array([_grade(support) for support in by_words]),
        "comparison with MiniLM": np.array([_grade(support) for support in by_vectors]),
        "word overlap alone": np.array([_overlap(claim) for claim in claims]),
        "MiniLM cosine alone": np.array([_cosine(claim, similarity) for claim in claims]),
        "all the same": np.zeros(len(claims)),
    }
    report: dict[str, Any] = {
        "n_claims": len(claims),
        "n_queries": len(set(queries)),
        "share_supported": float(labels.mean()),
    }
    for name, grades in graders.items():
        decided = _decide(grades, labels, queries)
        report[name] = {
            "auc": _interval(order_alike, grades, labels, queries),
            "auc_within_engines": _within(grades, labels, engines),
            "kappa": _interval(_kappa, decided, labels, queries),
            "alpha": _interval(_alpha, decided, labels, queries),
        }
    counts = Counter(
        (support.verdict, claim.label) for support, claim in zip(by_words, claims, strict=True)
    )
    report["verdicts"] = {
        f"{verdict}, people: {label:g}": n for (verdict, label), n in sorted(counts.items())
    }
    return report


def _grade(support: Support) -> float:
    """Return the upper half of 0 to 1 for supported claims, by strength; else the lower half."""
    if support.verdict == "supported":
        return 0.5 + support.strength / 2
    return 0.0 if support.verdict == "contradicted" else support.strength


def _overlap(claim: Claim) -> float:
    return share(read_parts(claim.text).terms, read_parts(claim.source).terms)


def _cosine(claim: Claim, similarity: Similarity) -> float:
    return max(similarity(claim.text, claim.source.split("\n\n")))


def _decide(grades: Floats, labels: Floats, queries: Names) -> Floats:
    """Return yes or no for each claim.

    The threshold is the one with the best kappa on the other folds of questions.
    """
    fold = np.unique(queries, return_inverse=True)[1] % _FOLDS
    decided = np.zeros(len(grades))
    for number in range(_FOLDS):
        is_training = fold != number
        thresholds = np.unique(np.quantile(grades[is_training], np.linspace(0, 1, 41)))
        kappas = [
            _kappa((grades[is_training] >= threshold).astype(float), labels[is_training])
            for threshold in thresholds
        ]
        decided[~is_training] = grades[~is_training] >= thresholds[int(np.argmax(kappas))]
    return decided


def _kappa(decided: Floats, labels: Floats) -> float:
    """Return Cohen's kappa (1960) of two series of yes and no."""
    observed = float((decided == labels).mean())
    share_decided = float(decided.mean())
    share_labels = float(labels.mean())
    chance = share_decided * share_labels + (1 - share_decided) * (1 - share_labels)
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0


def _alpha(decided: Floats, labels: Floats) -> float:
    return krippendorff_alpha(np.column_stack([decided, labels]), "nominal")


def _within(grades: Floats, labels: Floats, engines: Names) -> float:
    """Return the mean AUC within engines, weighted by pairs.

    Engines differ in how many of their claims are supported.
    """
    aucs = []
    weights = []
    for engine in np.unique(engines):
        engine_labels = labels[engines == engine]
        if 0 < engine_labels.mean() < 1:
            aucs.append(order_alike(grades[engines == engine], engine_labels))
            weights.append(engine_labels.sum() * (1 - engine_labels).sum())
    return round(float(np.average(aucs, weights=weights)), 3)


def _interval(measure: Measure, grades: Floats, labels: Floats, queries: Names) -> dict[str, float]:
    rng = np.random.default_rng(0)
    rows_of = [np.flatnonzero(queries == query) for query in np.unique(queries)]
    values = []
    for _ in range(_DRAWS):
        drawn = rng.integers(0, len(rows_of), len(rows_of))
        rows = np.concatenate([rows_of[query] for query in drawn])
        values.append(measure(grades[rows], labels[rows]))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return {
        "value": round(measure(grades, labels), 3),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
    }


def run_judge(folder: Path, encoder: Encoder) -> dict[str, Any]:
    """Return how far people and the comparison by words agree."""
    claims = read_claims(folder)
    return measure_judge(claims, make_similarity(encoder, claims))
