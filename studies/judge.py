"""The judge without a model against people: expertqa's judgements of whether claims are supported by the passages they cite.

Claims whose cited passages the set holds, judged Complete (1) or Partial or Incomplete (0); those
judged N/A are left out. Beside the judge, with and without vectors: word overlap alone, the
encoder's cosine alone, and all the same. Intervals are percentiles of a bootstrap over questions,
whose claims are not independent. Nothing is fitted, but for kappa, whose threshold on each grader
is found on the other four fifths of the questions.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sets import read_table
from coverage_kit.measure.agreement import (
    Floats,
    krippendorff_alpha,
    order_alike,
)
from coverage_kit.measure.claim_parts import read_parts
from coverage_kit.measure.judge.known import BENCHMARKED
from coverage_kit.measure.judge.plain_judge import PlainJudge
from coverage_kit.measure.judge.protocol import Item, Judge
from coverage_kit.measure.judge.reliability import (
    assess_reliability,
    describe_reliability,
    usable_rubrics,
)
from coverage_kit.measure.judge.rubrics import Rubric, read_rubrics
from coverage_kit.measure.source_sentences import read_sources, share
from coverage_kit.measure.support import Similarity, compare_claim
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vectors import Encoder

RUBRIC = "faithful-to-source"
LABELS = {"Complete": 1.0, "Partial": 0.0, "Incomplete": 0.0}
_MARKER = re.compile(r"\[(\d{1,2})\]")
_FOLDS = 5
_DRAWS = 500
_ATTACKED = 300

Measure = Callable[[Floats, Floats], float]


@dataclass(frozen=True)
class Claim:
    """One claim with the passages that it cites, and whether people found it supported."""

    item: Item
    query_id: str
    engine: str
    label: float


def read_claims(folder: Path) -> list[Claim]:
    """Return the judged claims of an expertqa folder with the text of the passages they cite. Raises SchemaError."""
    responses = read_table(folder / "responses.parquet", "query_id", "claims_json", "citations")
    passages = read_table(folder / "passages.parquet", "doc_id", "section_id", "text")
    qrels = read_table(folder / "qrels.parquet", "query_id", "section_id")
    texts = dict(zip(passages["section_id"], passages["text"], strict=True))
    sections = qrels.groupby("query_id")["section_id"].agg(list).to_dict()
    pages = dict(zip(passages["section_id"], passages["doc_id"], strict=True))
    claims = []
    for row in responses.to_dict("records"):
        cited = list(row["citations"]) if row["citations"] is not None else []
        for number, claim in enumerate(json.loads(row["claims_json"])):
            urls = {
                cited[int(mark) - 1]
                for mark in _MARKER.findall(claim["claim"])
                if 0 < int(mark) <= len(cited)
            }
            found = [
                one
                for one in sections.get(row["query_id"], [])
                if pages.get(one) in urls and one in texts
            ]
            if claim["support"] in LABELS and found:
                source = "\n\n".join(texts[one] for one in dict.fromkeys(found))
                item = Item(
                    f"{row['query_id']}-{number}",
                    {"text": claim["claim"], "source": source},
                )
                claims.append(
                    Claim(
                        item,
                        str(row["query_id"]),
                        str(row["engine"]),
                        LABELS[claim["support"]],
                    )
                )
    return claims


def make_similarity(encoder: Encoder, claims: Sequence[Claim]) -> Similarity:
    """Return the cosines of a text with others by an encoder; the claims' texts are encoded together."""
    texts = {text: None for one in claims for text in _texts(one)}
    vectors = dict(zip(texts, encoder.encode(list(texts)), strict=True))

    def similarity(text: str, others: Sequence[str]) -> list[float]:
        absent = list(dict.fromkeys(one for one in (text, *others) if one not in vectors))
        if absent:
            vectors.update(zip(absent, encoder.encode(absent), strict=True))
        return [float(vectors[one] @ vectors[text]) for one in others]

    return similarity


def _texts(claim: Claim) -> list[str]:
    """Return the texts of a claim and its passages, whole and by sentences, as the judge and the baselines compare them."""
    text = claim.item.parts["text"]
    source = claim.item.parts["source"]
    said = [read_parts(one).text for one in split_sentences(text)]
    return [
        text,
        *said,
        *source.split("\n\n"),
        *(one.sentence for one in read_sources([source])),
    ]


def measure_judge(
    claims: Sequence[Claim], similarity: Similarity, rubric: Rubric
) -> dict[str, Any]:
    """Return AUC, AUC within engines, kappa and alpha of each grader, by name, each with its 95% interval; and of verdicts."""
    labels = np.array([one.label for one in claims])
    queries = np.array([one.query_id for one in claims])
    engines = np.array([one.engine for one in claims])
    graders = {
        "plain judge": _grade(PlainJudge(), rubric, claims),
        "plain judge with MiniLM": _grade(PlainJudge(similarity, "minilm"), rubric, claims),
        "word overlap alone": np.array([_overlap(one) for one in claims]),
        "MiniLM cosine alone": np.array([_cosine(one, similarity) for one in claims]),
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
    verdicts = [
        compare_claim(one.item.parts["text"], [one.item.parts["source"]]).verdict for one in claims
    ]
    counts = Counter(zip(verdicts, labels.tolist(), strict=True))
    report["verdicts"] = {
        f"{verdict}, people: {label:g}": n for (verdict, label), n in sorted(counts.items())
    }
    return report


def _grade(judge: Judge, rubric: Rubric, claims: Sequence[Claim]) -> Floats:
    grades = [judge.grade(rubric, one.item).value for one in claims]
    return np.array(
        [rubric.lowest if grade is None else grade for grade in grades],
        dtype=np.float64,
    )


def _overlap(claim: Claim) -> float:
    return share(
        read_parts(claim.item.parts["text"]).terms,
        read_parts(claim.item.parts["source"]).terms,
    )


def _cosine(claim: Claim, similarity: Similarity) -> float:
    return max(similarity(claim.item.parts["text"], claim.item.parts["source"].split("\n\n")))


def _decide(grades: Floats, labels: Floats, queries: "np.ndarray[Any, Any]") -> Floats:
    """Return yes or no for each claim, by the threshold with the best kappa on the other folds of questions."""
    fold = np.unique(queries, return_inverse=True)[1] % _FOLDS
    decided = np.zeros(len(grades))
    for number in range(_FOLDS):
        rest = fold != number
        thresholds = np.unique(np.quantile(grades[rest], np.linspace(0, 1, 41)))
        best = max(
            thresholds,
            key=lambda one: _kappa((grades[rest] >= one).astype(float), labels[rest]),
        )
        decided[~rest] = grades[~rest] >= best
    return decided


def _kappa(decided: Floats, labels: Floats) -> float:
    """Return Cohen's kappa (1960) of two series of yes and no."""
    observed = float((decided == labels).mean())
    yes = float(decided.mean())
    other = float(labels.mean())
    chance = yes * other + (1 - yes) * (1 - other)
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0


def _alpha(decided: Floats, labels: Floats) -> float:
    return krippendorff_alpha(np.column_stack([decided, labels]), "nominal")


def _within(grades: Floats, labels: Floats, engines: "np.ndarray[Any, Any]") -> float:
    """Return the mean AUC within engines, weighed by pairs: engines differ in how many of their claims are supported."""
    found = [(labels[engines == one], grades[engines == one]) for one in np.unique(engines)]
    weighed = [
        (part.sum() * (1 - part).sum(), order_alike(own, part))
        for part, own in found
        if 0 < part.mean() < 1
    ]
    return round(
        float(
            np.average(
                [auc for _, auc in weighed],
                weights=[weight for weight, _ in weighed],
            )
        ),
        3,
    )


def _interval(
    measure: Measure,
    grades: Floats,
    labels: Floats,
    queries: "np.ndarray[Any, Any]",
) -> dict[str, float]:
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(queries == one) for one in np.unique(queries)]
    drawn = []
    for _ in range(_DRAWS):
        taken = np.concatenate([rows[one] for one in rng.integers(0, len(rows), len(rows))])
        drawn.append(measure(grades[taken], labels[taken]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return {
        "value": round(measure(grades, labels), 3),
        "low": round(float(low), 3),
        "high": round(float(high), 3),
    }


def run_judge(folder: Path, encoder: Encoder, known: Path = BENCHMARKED) -> dict[str, Any]:
    """Return what people and judge agree on, keep it for the package, and say for each judge whether it may be used."""
    rubric = read_rubrics()[RUBRIC]
    claims = read_claims(folder)
    similarity = make_similarity(encoder, claims)
    report = measure_judge(claims, similarity, rubric)
    rows = []
    for judge, name in (
        (PlainJudge(), "plain judge"),
        (PlainJudge(similarity, "minilm"), "plain judge with MiniLM"),
    ):
        tested = claims[:: max(1, len(claims) // _ATTACKED)]
        labels = {one.item.item_id: one.label for one in tested}
        assessed = assess_reliability(judge, rubric, [one.item for one in tested], labels)
        report[name]["reliability"] = assessed.reliability[
            ["measure", "value", "low", "high", "reading"]
        ].to_dict("records")
        report[name]["is_used"] = rubric.key in usable_rubrics(assessed.reliability, judge.name)
        print(describe_reliability(assessed.reliability, judge.name, [rubric]))
        rows.append(
            {
                "judge": judge.name,
                "rubric": rubric.key,
                **report[name]["auc"],
                "n_items": len(claims),
                "set": folder.name,
            }
        )
    known.write_text(
        "# Written by: python -m benchmarks judge\n\n" + "\n".join(map(_toml, rows)),
        encoding="utf-8",
    )
    return report


def _toml(row: dict[str, Any]) -> str:
    return "[[agreement]]\n" + "".join(
        f"{name} = {json.dumps(value)}\n" for name, value in row.items()
    )
