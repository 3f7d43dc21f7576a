"""Time and memory of ranking many edits with made-up vectors; embedding is not counted."""

import resource
import sys
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from coverage_kit.contracts import PassageText
from coverage_kit.match.coverage import fit_calibration
from coverage_kit.match.evidence import Claims, EvidenceScorer, EvidenceVectors
from coverage_kit.match.masking import MaskingPlan
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.whitening import Space, fit_space
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.select import Limits, rank_edits
from coverage_kit.rank.simulate import edit_table, simulate_edits
from coverage_kit.tables import CLUSTERS, PASSAGES, QUERIES
from coverage_kit.vectors import Embeddings, Role, Vectors

_DIMENSIONS = 384
_QUERIES_A_TOPIC = 10
_CLAIMS_A_QUERY = 5
_WORDS = 4000


class RandomEncoder:
    """An encoder that gives each text a vector near that of its topic: the text's first number."""

    name = "random"
    dimensions = _DIMENSIONS

    def __init__(self, n_topics: int) -> None:
        self.topics = (
            np.random.default_rng(0).normal(size=(n_topics, _DIMENSIONS)).astype(np.float32)
        )

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return unit vectors, shape (n, 384)."""
        rng = np.random.default_rng(len(texts))
        topic = [
            int("".join(filter(str.isdigit, text.split()[0])) or 0) % len(self.topics)
            for text in texts
        ]
        vectors = self.topics[topic] + rng.normal(size=(len(texts), _DIMENSIONS)).astype(np.float32)
        return np.asarray(
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
            dtype=np.float32,
        )


def measure_scale(
    n_edits: int = 2000, n_queries: int = 5000, n_passages: int = 5000
) -> dict[str, float]:
    """Return seconds of simulating and selecting, and peak megabytes, for so many edits."""
    n_topics = n_queries // _QUERIES_A_TOPIC
    encoder = RandomEncoder(n_topics)
    rng = np.random.default_rng(1)
    words = [f"w{number}" for number in range(_WORDS)]
    text = [" ".join(rng.choice(words, 60)) for _ in range(max(n_passages, n_edits))]
    query_texts = [f"{n % n_topics} {' '.join(rng.choice(words, 8))}" for n in range(n_queries)]
    queries = QUERIES.table(
        [
            {"query_id": f"q{n}", "text": query_text, "demand": 1.0}
            for n, query_text in enumerate(query_texts)
        ]
    )
    passages = PASSAGES.table(
        [
            {
                "passage_id": f"own/p{n // 5}#{n % 5}",
                "page_id": f"own/p{n // 5}",
                "site": "own",
                "position": n % 5,
            }
            | {
                "heading_path": f"{n % (n_topics // 2)} page > part",
                "text": text[n],
                "n_words": 60,
            }
            for n in range(n_passages)
        ]
    )
    clusters = CLUSTERS.table(
        [
            {
                "query_id": f"q{n}",
                "cluster_id": f"c{n % n_topics}",
                "membership": 1.0,
            }
            for n in range(n_queries)
        ]
    )
    scorer, space = _scorer(queries, passages, encoder, n_topics)
    calibration = fit_calibration(scorer, clusters, plan=MaskingPlan())
    candidates = [_candidate(n, n_topics, text[n]) for n in range(n_edits)]
    started = time.perf_counter()
    simulation = simulate_edits(
        candidates,
        SiteModel(scorer, calibration, encoder, space),
        queries,
    )
    simulated = time.perf_counter()
    rank_edits(edit_table(candidates, simulation), simulation, Limits(480.0))
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "simulate_seconds": simulated - started,
        "select_seconds": time.perf_counter() - simulated,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


def _scorer(
    queries: pd.DataFrame,
    passages: pd.DataFrame,
    encoder: RandomEncoder,
    n_topics: int,
) -> tuple[EvidenceScorer, Space]:
    claims = [f"{n % n_topics}" for n in range(_CLAIMS_A_QUERY * len(queries))]
    raw = [
        Embeddings(tuple(ids), encoder.encode(list(texts)), encoder.name)
        for ids, texts in (
            (queries["query_id"], queries["text"]),
            (
                passages["passage_id"],
                passages["heading_path"] + ". " + passages["text"],
            ),
            (passages["passage_id"], passages["heading_path"]),
            ([f"s{n}" for n in range(len(claims))], claims),
        )
    ]
    space = fit_space(raw[1], raw[0])
    passage_vectors, heading_vectors, claim_vectors = map(space.of_passages, raw[1:])
    vectors = EvidenceVectors(
        queries=space.of_queries(raw[0]), passages=passage_vectors, headings=heading_vectors
    )
    matches = nearest_passages(vectors.queries, passages, passage_vectors, "own")
    rows = np.arange(len(claim_vectors)) % len(queries)
    answer_claims = Claims(rows, claim_vectors, np.full(len(claim_vectors), np.nan))
    return EvidenceScorer(queries, passages, matches, "own", vectors, answer_claims), space


def _candidate(number: int, n_topics: int, text: str) -> Candidate:
    topic = number % n_topics
    drafted = tuple(f"q{topic + n_topics * turn}" for turn in range(0, _QUERIES_A_TOPIC, 2))
    return Candidate(
        cluster_id=f"c{topic}",
        operation="add_question_and_answer",
        page_id=f"own/p{number}",
        heading_path="",
        brief="brief",
        cost_minutes=30.0,
        drafted_from=drafted,
        added=(PassageText(f"{topic} new", text),),
    )
