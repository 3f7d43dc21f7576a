"""Pairs that the encoder may learn from: queries with cited pages, and headings with their text.

Pages are held out completely: neither their texts are trained on, nor any query whose answers cite
a page held out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.embed.finetune import TextPair
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.measure.retrieval import RelevantItems
from coverage_kit.tables import Claims, Passages, Queries
from coverage_kit.vectors import Embeddings, cosines

# A page that would hold out more than this multiple of the queries wished for is not held out
# (assumed).
_MAX_EXCESS = 1.2
# Words of a passage that a heading needs under it (assumed): a shorter text is no answer to it.
_MIN_WORDS = 12

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TuningData:
    """A site's passages, queries, and which pages answer which query.

    `labels` has query_id, page_id and passage_id, missing where only the page is known; `claims`
    are what answers said.
    """

    passages: Passages
    queries: Queries
    labels: pd.DataFrame
    claims: Claims


@dataclass(frozen=True)
class Split:
    """Labels to train on, labels to test on, the pages held out, and the queries tested.

    A query is tested when at least one of its pages is held out, and for these pages alone.
    `groups` (n queries,) numbers, in the order of `queries`, the page held out that most tested
    queries share with each.
    """

    trained: pd.DataFrame
    tested: pd.DataFrame
    held_out: frozenset[str]
    queries: tuple[str, ...]
    groups: Rows


def split_by_page(labels: pd.DataFrame, share: float, seed: int) -> Split:
    """Return the labels split by random pages, so that about this share of queries is held out."""
    queries_of = labels.groupby("page_id")["query_id"].agg(set)
    pages = np.random.default_rng(seed).permutation(sorted(queries_of.index))
    n_target = share * labels["query_id"].nunique()
    held_out: set[str] = set()
    queries: set[str] = set()
    for page in pages:
        if len(queries) >= n_target:
            break
        if len(queries | queries_of[page]) <= max(_MAX_EXCESS * n_target, 1):
            held_out.add(str(page))
            queries |= queries_of[page]
    is_tested = labels["query_id"].isin(queries)
    tested = labels[is_tested & labels["page_id"].isin(held_out)]
    names, groups = _main_pages(tested)
    return Split(labels[~is_tested], tested, frozenset(held_out), names, groups)


def _main_pages(tested: pd.DataFrame) -> tuple[tuple[str, ...], Rows]:
    """Return the tested queries, and the number of the page that most of them share with each.

    Where answers cite many pages, linking all queries that share any page would make a single group
    of all queries.
    """
    often = tested.groupby("page_id")["query_id"].transform("nunique")
    ordered = tested.assign(often=often).sort_values(
        ["query_id", "often", "page_id"], ascending=[True, False, True]
    )
    first = ordered.drop_duplicates("query_id")
    return tuple(map(str, first["query_id"])), np.asarray(
        pd.factorize(first["page_id"])[0], dtype=np.int64
    )


def list_relevant(data: TuningData, split: Split) -> list[RelevantItems]:
    """Return which passages each tested query should find, in the order of `split.queries`.

    A label without a passage is found with any passage of its page. Other pages that answer the
    query are ignored.
    """
    row_of = {name: row for row, name in enumerate(data.passages["passage_id"])}
    rows_of = _rows_of(data.passages["page_id"])
    pages_of = data.labels.groupby("query_id")["page_id"].agg(set)
    relevant = {
        query: list(_relevant_rows(labels, row_of, rows_of))
        for query, labels in split.tested.groupby("query_id")
    }
    no_rows = np.zeros(0, np.int64)
    items = []
    for query in split.queries:
        trained_pages = sorted(pages_of[query] - split.held_out)
        ignored = np.concatenate([no_rows, *(rows_of[page] for page in trained_pages)])
        items.append(RelevantItems(tuple(relevant[query]), ignored))
    return items


def _relevant_rows(
    labels: pd.DataFrame, row_of: dict[str, int], rows_of: dict[str, Rows]
) -> Iterator[Rows]:
    for page, passage in zip(labels["page_id"], labels["passage_id"], strict=True):
        yield (rows_of[page] if pd.isna(passage) else np.array([row_of[passage]], dtype=np.int64))


def _rows_of(names: "pd.Series[str]") -> dict[str, Rows]:
    """Return the rows of each name."""
    indices = names.reset_index(drop=True).groupby(names.to_numpy()).indices
    return {str(name): np.asarray(rows, dtype=np.int64) for name, rows in indices.items()}


def cited_pairs(
    data: TuningData,
    split: Split,
    vectors: tuple[Embeddings, Embeddings, Embeddings],
) -> list[TextPair]:
    """Return queries that may be learned from, each with a passage of every page that answers it.

    Where only the page is known, the passage is the nearest of the page: by the cosine with the
    query, plus the largest cosine with a claim of its answers.

    Args:
        data: what may be learned from.
        split: what must not be learned from.
        vectors: of the queries, passages and claims, in the tables' order.
    """
    query_vectors, passage_vectors, claim_vectors = (table.vectors for table in vectors)
    rows_of = _rows_of(data.passages["page_id"])
    texts = passage_texts(data.passages)
    row_of = {name: row for row, name in enumerate(data.passages["passage_id"])}
    query_of = {name: row for row, name in enumerate(data.queries["query_id"])}
    claims_of = _rows_of(data.claims["query_id"])
    words = list(data.queries["text"])
    pairs = []
    for query, page, passage in split.trained[["query_id", "page_id", "passage_id"]].itertuples(
        index=False
    ):
        if pd.isna(passage):
            rows = rows_of[page]
            similarity = cosines(query_vectors[[query_of[query]]], passage_vectors[rows])[0]
            if query in claims_of:
                claims = claim_vectors[claims_of[query]]
                similarity = similarity + cosines(claims, passage_vectors[rows]).max(axis=0)
            row = int(rows[np.argmax(similarity)])
        else:
            row = row_of[passage]
        pairs.append(TextPair(words[query_of[query]], texts[row], str(page)))
    return list(dict.fromkeys(pairs))


def heading_pairs(passages: Passages, split: Split) -> list[TextPair]:
    """Return each distinct heading of pages not held out with the text of its first passage.

    The heading stands for a query, and is left out of the passage. Passages of under twelve words
    are left out.
    """
    is_learned = ~passages["page_id"].isin(split.held_out) & (passages["n_words"] >= _MIN_WORDS)
    learned = passages[is_learned & (passages["heading_path"] != "")]
    rows = zip(headings(learned), learned["text"], learned["page_id"], strict=True)
    first: dict[str, TextPair] = {}
    for heading, text, page in rows:
        first.setdefault(heading, TextPair(heading, text, page))
    return list(first.values())


def draw_pairs(pairs: Sequence[TextPair], max_pairs: int, seed: int) -> list[TextPair]:
    """Return at most so many random pairs, every query's first pair before any query's second."""
    if len(pairs) <= max_pairs:
        return list(pairs)
    order = np.random.default_rng(seed).permutation(len(pairs)).tolist()
    queries = pd.Series([pairs[row].query for row in order])
    # The number of a pair among those of its query: a stable sort by it puts first pairs first.
    turn = queries.groupby(queries).cumcount()
    return [pairs[order[index]] for index in np.argsort(turn.to_numpy(), kind="stable")[:max_pairs]]
