"""What searches share: cited pages, retrieved pages, words of fan-out searches, products, passages.

Questions whose answers rest on the same pages are often of one topic. How telling that is differs
from log to log, so each kind is weighted on the log itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.preprocessing import normalize

from coverage_kit.match.word_index import split_words
from coverage_kit.tables import Answers, Citations, Matches, Mentions, Searches
from coverage_kit.vectors import Vectors

# The kind that stands in for logged pages: the nearest passages of all sites.
PASSAGES = "passages"
# Passages of a question that count. Of 3 to 20, 10 parted the sample's topics best.
_PASSAGES = 10
# Pages of a log count in place of passages where at least this share of questions has some.
# Assumed.
_MIN_LOGGED = 0.5
# Pairs of questions that share an item; with fewer, nothing can be said of the kind. Assumed.
_MIN_PAIRS = 10
# Questions of which the pairs are compared, to bound memory.
_MAX_COMPARED = 4000

_COLUMNS = ("query_id", "kind", "item", "strength")


@dataclass(frozen=True)
class SharedKind:
    """What questions share of one kind.

    Attributes:
        name: the kind.
        weight: how telling sharing is on this log: 0 as much as chance, 1 as much as being the
            nearest question.
        vectors: the items of each question, rarer ones heavier, in rows of length 1, or 0 for a
            question without items; shape (n, items).
    """

    name: str
    weight: float
    vectors: sparse.csr_matrix


def no_shared_results() -> pd.DataFrame:
    """Return the table of a log in which nothing can be shared."""
    types = {"query_id": "str", "kind": "str", "item": "str", "strength": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=types[name]) for name in _COLUMNS})


def find_shared_results(
    answers: Answers,
    citations: Citations,
    searches: Searches,
    mentions: Mentions,
    matches: Matches,
) -> pd.DataFrame:
    """Return what each question's answers rest on, a row for each item.

    The columns are query_id, kind, item and strength. Kinds are cited, retrieved (cited or found)
    and mentions; searches, whose items are the words of fan-out searches; and, where fewer than
    half of the questions have logged pages, the nearest passages, as strong as their cosine
    squared.

    Args:
        answers: answers of the log.
        citations: their pages; `url` is an id without tracking parameters.
        searches: their fan-out searches.
        mentions: brands and products that they name.
        matches: nearest passages of each question, of all sites.
    """
    words = searches.assign(word=searches["text"].map(split_words))
    by_answer = {
        "cited": (citations[citations["kind"] == "cited"], "url"),
        "retrieved": (citations, "url"),
        "searches": (words.explode("word"), "word"),
        "mentions": (mentions, "brand"),
    }
    asked = answers.set_index("answer_id")["query_id"]
    tables = [
        pd.DataFrame(
            {
                "query_id": table["answer_id"].map(asked),
                "kind": kind,
                "item": table[column],
                "strength": 1.0,
            }
        )
        for kind, (table, column) in by_answer.items()
    ]
    n_queries = matches["query_id"].nunique()
    if tables[1]["query_id"].nunique() < _MIN_LOGGED * n_queries:
        tables.append(share_passages(matches))
    shared = pd.concat(tables, ignore_index=True).dropna()
    return shared.drop_duplicates(["query_id", "kind", "item"], ignore_index=True)


def share_passages(matches: Matches) -> pd.DataFrame:
    """Return the ten nearest passages of each question, as a kind of what questions share."""
    order = matches.sort_values(
        ["query_id", "similarity", "passage_id"], ascending=[True, False, True]
    )
    nearest = order.groupby("query_id").head(_PASSAGES)
    return pd.DataFrame(
        {
            "query_id": nearest["query_id"],
            "kind": PASSAGES,
            "item": nearest["passage_id"],
            "strength": nearest["similarity"].clip(lower=0) ** 2,
        }
    )


def weigh_kinds(
    ids: Sequence[str], topics: Vectors, shared: pd.DataFrame, seed: int = 0
) -> list[SharedKind]:
    """Return the kinds that tell something of a question's topic, with their weights.

    A kind's weight is (s - a) / (b - a), at least 0 and at most 1. Here s is the mean cosine of
    pairs of questions, weighted by what they share of the kind; a is the mean of all pairs, and b
    that of each question with its nearest. Passages, which are not logged, weigh 1 if anything:
    on the sample they part topics better than the questions' own vectors.

    Args:
        ids: questions.
        topics: their unit vectors, shape (n, dimensions).
        shared: what they share (`find_shared_results`).
        seed: seed of the draw of 4,000 questions that are compared where there are more.
    """
    index = pd.Index(ids)
    rng = np.random.default_rng(seed)
    n = len(ids)
    drawn = np.sort(rng.choice(n, _MAX_COMPARED, replace=False)) if n > _MAX_COMPARED else None
    cosines = _cosines(topics if drawn is None else topics[drawn])
    kinds = []
    for name, table in shared[shared["query_id"].isin(index)].groupby("kind"):
        vectors = _item_vectors(index, table)
        weight = _weight(cosines, vectors if drawn is None else vectors[drawn])
        if weight > 0:
            kinds.append(SharedKind(str(name), 1.0 if name == PASSAGES else weight, vectors))
    return kinds


def _item_vectors(index: "pd.Index[str]", table: pd.DataFrame) -> sparse.csr_matrix:
    """Return the items of each question, weighted by inverse document frequency, length 1 or 0."""
    rows = index.get_indexer(pd.Index(table["query_id"]))
    columns, items = pd.factorize(table["item"], sort=True)
    shape = (len(index), len(items))
    strengths = table["strength"].to_numpy(np.float64)
    incidence = sparse.csr_matrix((strengths, (rows, columns)), shape=shape)
    n_queries = np.bincount(columns, minlength=len(items))
    rarity = np.log(len(index) / np.maximum(n_queries, 1))
    return sparse.csr_matrix(normalize(incidence @ sparse.diags(rarity))).astype(np.float32)


def _cosines(topics: Vectors) -> npt.NDArray[np.float32]:
    cosines = np.asarray(topics @ topics.T, dtype=np.float32)
    np.fill_diagonal(cosines, np.nan)
    return cosines


def _weight(cosines: npt.NDArray[np.float32], vectors: sparse.csr_matrix) -> float:
    """Return how telling a kind is, 0 to 1; 0 where hardly any pair shares an item of it."""
    pairs = sparse.triu(vectors @ vectors.T, 1).tocoo()
    if pairs.nnz < _MIN_PAIRS:
        return 0.0
    mean = float(np.nanmean(cosines))
    nearest = float(np.nanmean(np.nanmax(cosines, axis=1)))
    sharing = float(np.average(cosines[pairs.row, pairs.col], weights=pairs.data))
    return float(np.clip((sharing - mean) / max(nearest - mean, 1e-9), 0, 1))
