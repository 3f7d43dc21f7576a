"""What the encoder may learn from: queries with the pages that their answers cite, and headings with what stands under them.

Pages are held out whole: nothing of them is trained on, nor any query whose answers cite one of
them. Glue between stages.
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

_MOST_OVER = (
    1.2  # a page that would hold out so many times the queries wished for is never held out
)
_FEWEST_WORDS = 12  # of a passage, for its heading to stand for what it says

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
    """Labels to train on and labels to test on; the pages held out, and those of neither.

    A query is tested when one of its pages is held out, and then for these pages alone. `groups` (n
    queries,) numbers, in the order of `queries`, the page held out that most tested queries share
    with each.
    """

    trained: pd.DataFrame
    tested: pd.DataFrame
    held: frozenset[str]
    queries: tuple[str, ...]
    groups: Rows


def split_by_page(labels: pd.DataFrame, share: float, seed: int) -> Split:
    """Return the labels split by pages drawn by chance until about this share of the queries is held out."""
    asked_of = labels.groupby("page_id")["query_id"].agg(set)
    pages = np.random.default_rng(seed).permutation(sorted(asked_of.index))
    wanted = share * labels["query_id"].nunique()
    held: set[str] = set()
    queries: set[str] = set()
    for page in pages:
        if len(queries) >= wanted:
            break
        if len(queries | asked_of[page]) <= max(_MOST_OVER * wanted, 1):
            held.add(str(page))
            queries |= asked_of[page]
    is_tested = labels["query_id"].isin(queries)
    tested = labels[is_tested & labels["page_id"].isin(held)]
    names, groups = _main_pages(tested)
    return Split(labels[~is_tested], tested, frozenset(held), names, groups)


def _main_pages(tested: pd.DataFrame) -> tuple[tuple[str, ...], Rows]:
    """Return the tested queries, and the number of the page that most of them share with each.

    Linking all queries that share any page would, in a log whose answers cite many, make one group
    of all.
    """
    often = tested.groupby("page_id")["query_id"].transform("nunique")
    ordered = tested.assign(often=often).sort_values(
        ["query_id", "often", "page_id"], ascending=[True, False, True]
    )
    first = ordered.drop_duplicates("query_id")
    return tuple(map(str, first["query_id"])), np.asarray(
        pd.factorize(first["page_id"])[0], dtype=np.int64
    )


def list_sought(material: TuningData, split: Split) -> list[RelevantItems]:
    """Return what each tested query should find, in the order of `split.queries`.

    A label without a passage is found with any passage of its page. Other pages that answer the
    query are ignored.
    """
    place = {name: row for row, name in enumerate(material.passages["passage_id"])}
    rows_of = _rows_of(material.passages["page_id"])
    pages_of = material.labels.groupby("query_id")["page_id"].agg(set)
    wanted = {
        query: list(_items(labels, place, rows_of))
        for query, labels in split.tested.groupby("query_id")
    }
    nothing = np.zeros(0, np.int64)
    return [
        RelevantItems(
            tuple(wanted[query]),
            np.concatenate(
                [
                    nothing,
                    *(rows_of[page] for page in sorted(pages_of[query] - split.held)),
                ]
            ),
        )
        for query in split.queries
    ]


def _items(labels: pd.DataFrame, place: dict[str, int], rows_of: dict[str, Rows]) -> Iterator[Rows]:
    for page, passage in zip(labels["page_id"], labels["passage_id"], strict=True):
        yield (rows_of[page] if pd.isna(passage) else np.array([place[passage]], dtype=np.int64))


def _rows_of(names: "pd.Series[str]") -> dict[str, Rows]:
    """Return the rows in which each name stands."""
    indices = names.reset_index(drop=True).groupby(names.to_numpy()).indices
    return {str(name): np.asarray(rows, dtype=np.int64) for name, rows in indices.items()}


def cited_pairs(
    material: TuningData,
    split: Split,
    vectors: tuple[Embeddings, Embeddings, Embeddings],
) -> list[TextPair]:
    """Return queries that may be learned from, each with a passage of every page that answers it.

    Where only the page is known, the passage is its nearest: cosine with the query, plus the
    largest with a claim of its answers.

    Args:
        material: what may be learned from.
        split: what must not.
        vectors: of the queries, passages and claims, in the tables' order.
    """
    asked, content, said = (one.vectors for one in vectors)
    rows_of = _rows_of(material.passages["page_id"])
    texts = passage_texts(material.passages)
    place = {name: row for row, name in enumerate(material.passages["passage_id"])}
    query_of = {name: row for row, name in enumerate(material.queries["query_id"])}
    claims_of = _rows_of(material.claims["query_id"])
    words = list(material.queries["text"])
    pairs = []
    for query, page, passage in split.trained[["query_id", "page_id", "passage_id"]].itertuples(
        index=False
    ):
        if pd.isna(passage):
            rows = rows_of[page]
            near = cosines(asked[[query_of[query]]], content[rows])[0]
            claims = said[claims_of[query]] if query in claims_of else said[:0]
            row = int(
                rows[
                    np.argmax(
                        near + (cosines(claims, content[rows]).max(axis=0) if len(claims) else 0)
                    )
                ]
            )
        else:
            row = place[passage]
        pairs.append(TextPair(words[query_of[query]], texts[row], str(page)))
    return list(dict.fromkeys(pairs))


def heading_pairs(passages: Passages, split: Split) -> list[TextPair]:
    """Return each distinct heading of the pages not held out with the words of the first passage under it.

    The heading stands for a query, and is left out of the passage. Passages of under twelve words
    are left out.
    """
    is_learned = ~passages["page_id"].isin(split.held) & (passages["n_words"] >= _FEWEST_WORDS)
    learned = passages[is_learned & (passages["heading_path"] != "")]
    rows = zip(headings(learned), learned["text"], learned["page_id"], strict=True)
    first: dict[str, TextPair] = {}
    for heading, text, page in rows:
        first.setdefault(heading, TextPair(heading, text, page))
    return list(first.values())


def draw_pairs(pairs: Sequence[TextPair], most: int, seed: int) -> list[TextPair]:
    """Return at most so many of the pairs, drawn by chance, every query's first before any query's second."""
    if len(pairs) <= most:
        return list(pairs)
    order = np.random.default_rng(seed).permutation(len(pairs)).tolist()
    queries = pd.Series([pairs[row].query for row in order])
    turn = queries.groupby(queries).cumcount()
    return [pairs[order[at]] for at in np.argsort(turn.to_numpy(), kind="stable")[:most]]
