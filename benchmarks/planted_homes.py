"""Planted homes: sections and whole pages taken away, and the topics that ask for them.

The home of a removed section is the page that held it. A removed page has no home among the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.planting import find_judgements, find_sections
from benchmarks.sets import BenchSet
from coverage_kit.match.home_features import AskedQuestions, SitePages
from coverage_kit.match.whitening import fit_space
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vectors import Encoder

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# Shares of the judged pages that are removed, and of the judged sections of the pages that are
# left (assumed).
REMOVED_SHARE = 0.15
# Share of the sections whose questions have logged answers. The section's own sentences stand in
# for these.
ANSWERED_SHARE = 0.5
# Sentences of an answer (assumed).
_MAX_SENTENCES = 12


@dataclass(frozen=True)
class PlantedHomes:
    """A site with sections and pages taken away, and the topics that ask for them.

    `log` are the questions. `topics` (m,) is the topic of each question that lost its answer, -1
    for the others. `homes` (t,) is the row of the page that held the removed section of a topic;
    -1 where the whole page was removed.
    """

    site: SitePages
    log: AskedQuestions
    topics: Rows
    homes: Rows


def plant_homes(bench: BenchSet, encoder: Encoder, seed: int) -> PlantedHomes | None:
    """Return the set with a share of its judged pages and sections removed; None without topics.

    A section is removed only where text of its page is left. A topic are the questions that lost
    every judged passage with a section. Of a removed page one section is asked for, and the
    questions on its other sections leave the log: topics of both kinds then have the same size.
    """
    rng = np.random.default_rng(seed)
    bench = join_twins(bench)
    sections = find_sections(bench.passages)
    pages, page_ids = pd.factorize(bench.passages["page_id"])
    judged = find_judgements(bench, sections)
    removed_pages = _draw(np.unique(pages[judged["row"]]), REMOVED_SHARE, rng)
    is_gone = np.isin(pages, removed_pages)
    n_left = np.bincount(pages)
    left_sections = np.unique(judged.loc[~is_gone[judged["row"]], "section"])
    for section in _draw(left_sections, REMOVED_SHARE, rng):
        rows = np.flatnonzero(sections == section)
        if n_left[pages[rows[0]]] > len(rows):
            n_left[pages[rows[0]]] -= len(rows)
            is_gone[rows] = True
    is_lost = pd.Series(is_gone[judged["row"]], judged["query_id"]).groupby(level=0).all()
    lost = judged[judged["query_id"].map(is_lost)].drop_duplicates("query_id")
    if lost.empty:
        return None
    lost = lost.assign(page=pages[lost["row"]])
    of_page = lost[lost["page"].isin(removed_pages)]
    sought = of_page.groupby("page")["section"].agg(lambda names: rng.choice(np.unique(names)))
    is_asked = lost["section"].eq(lost["page"].map(sought)) | ~lost["page"].isin(removed_pages)
    queries = bench.queries[~bench.queries["query_id"].isin(lost.loc[~is_asked, "query_id"])]
    lost = lost[is_asked].sort_values("section", kind="stable")
    topics = np.full(len(queries), -1)
    topic_of, names = pd.factorize(lost["section"])
    topics[pd.Index(queries["query_id"]).get_indexer(pd.Index(lost["query_id"]))] = topic_of
    site, log = _describe(bench, ~is_gone, queries, judged, encoder, rng)
    row_of = {name: row for row, name in enumerate(site.page_ids)}
    page_of = lost.drop_duplicates("section").set_index("section")["page"]
    homes = np.array([row_of.get(page_ids[page_of[name]], -1) for name in names])
    return PlantedHomes(site, log, topics, homes)


def join_twins(bench: BenchSet) -> BenchSet:
    """Return the set with pages of equal titles as one page, in which each text is there once.

    doc2dial_val holds several copies of 28 of its pages, and a topic has no single home among
    copies.
    """
    passages = bench.passages
    titles = passages["heading_path"].str.split(" > ").str[0]
    # pages without any heading stay apart
    titles = titles.where(titles.str.strip() != "", passages["page_id"])
    joined = passages.assign(page_id=titles.map(passages["page_id"].groupby(titles).first()))
    first = joined.groupby(["page_id", "heading_path", "text"])["passage_id"].transform("first")
    passage_of = dict(zip(joined["passage_id"], first, strict=True))
    page_of = dict(zip(passages["page_id"], joined["page_id"], strict=True))
    joined = joined[joined["passage_id"] == first].sort_values("page_id", kind="stable")
    joined = joined.assign(position=joined.groupby("page_id").cumcount()).reset_index(drop=True)
    ids = list(joined["passage_id"])
    return replace(
        bench,
        passages=joined,
        qrels=bench.qrels.assign(
            passage_id=bench.qrels["passage_id"].map(passage_of),
            page_id=bench.qrels["page_id"].replace(page_of),
        ),
        passage_vectors=bench.passage_vectors.select(ids),
        heading_vectors=bench.heading_vectors.select(ids),
    )


def _draw(units: Rows, share: float, rng: np.random.Generator) -> Rows:
    return rng.choice(units, max(1, round(share * len(units))), replace=False)


def _describe(  # noqa: PLR0913 (the set, and what is left of it)
    bench: BenchSet,
    is_left: Flags,
    queries: pd.DataFrame,
    judged: pd.DataFrame,
    encoder: Encoder,
    rng: np.random.Generator,
) -> tuple[SitePages, AskedQuestions]:
    """Return the pages that are left, and the log with answers for half of the sections."""
    left = bench.passages[is_left].reset_index(drop=True)
    raw_passages = bench.passage_vectors.select(list(left["passage_id"]))
    raw_queries = bench.query_vectors.select(list(queries["query_id"]))
    space = fit_space(raw_passages, raw_queries)
    site = SitePages.describe(
        left,
        {},
        space.of_passages(raw_passages).vectors,
        space.of_passages(bench.heading_vectors.select(raw_passages.ids)).vectors,
        lambda texts: space.move_passages(encoder.encode(texts)),
    )
    answered = judged[
        judged["section"].isin(_draw(np.unique(judged["section"]), ANSWERED_SHARE, rng))
    ]
    rows, sentences = zip(*_answers(bench.passages, queries, answered), strict=True)
    log = AskedQuestions(
        texts=tuple(queries["text"]),
        vectors=space.of_queries(raw_queries).vectors,
        weights=np.ones(len(queries)),
        answer_rows=np.array(rows, np.int64),
        answer_texts=tuple(sentences),
        answers=space.move_passages(encoder.encode(sentences)),
    )
    return site, log


def _answers(
    passages: pd.DataFrame, queries: pd.DataFrame, judged: pd.DataFrame
) -> Iterator[tuple[int, str]]:
    """Yield the row of each question with each sentence of the first section judged for it."""
    text_of = passages["text"].groupby(find_sections(passages)).agg(list)
    row_of = {name: row for row, name in enumerate(queries["query_id"])}
    first = judged.drop_duplicates("query_id")
    for query_id, section in zip(first["query_id"], first["section"], strict=True):
        sentences = [sentence for text in text_of[section] for sentence in split_sentences(text)]
        for sentence in sentences[:_MAX_SENTENCES] if query_id in row_of else ():
            yield row_of[query_id], sentence
