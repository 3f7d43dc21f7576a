"""Public sets in the common format, read as sites with their queries.

A set is a folder of Parquet tables; further columns and files are left alone:

- passages: text, section_id and/or doc_id (its page); heading_path, title
- queries: query_id, text; answerable (whether the site answers it), topic, scenario (what the asker
  says first), standalone
- qrels: query_id, section_id and/or doc_id; relevance. May be absent where enough queries are not
  answerable
- responses: query_id, response_text. Read only when asked for
"""

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.collect.claims import split_claims
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.errors import SchemaError
from coverage_kit.match.clusters import cluster_queries, topic_embeddings
from coverage_kit.match.evidence import Claims, EvidenceScorer
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.whitening import Space, fit_space
from coverage_kit.tables import ANSWERS, CLAIMS, PASSAGES, QUERIES, Clusters
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

OWN = "own"
MIN_NATURAL = 20
Flags = npt.NDArray[np.bool_]

_TEXTS = (
    "query_id",
    "section_id",
    "doc_id",
    "text",
    "title",
    "heading_path",
    "topic",
    "scenario",
    "response_text",
    "engine",
)
_NO = ("false", "no", "0", "0.0")


def data_folder() -> Path:
    """Return the folder of the public sets: COVERAGE_KIT_BENCH_DATA, or ../shared/data."""
    return Path(os.environ.get("COVERAGE_KIT_BENCH_DATA", "../shared/data"))


@dataclass(frozen=True)
class BenchSet:
    """One set: passages, queries with `is_answerable` and `topic`, judgements, embeddings, and claims of logged answers.

    `qrels` names what answers a query: a passage_id, or where that is missing a page_id. `said`
    embeds the claims.
    """

    name: str
    passages: pd.DataFrame
    queries: pd.DataFrame
    qrels: pd.DataFrame
    claims: pd.DataFrame
    content: Embeddings
    titled: Embeddings
    asked: Embeddings
    said: Embeddings

    @cached_property
    def clusters(self) -> Clusters:
        """The clusters of all queries, found once on the whole site, as taking pages away changes no query."""
        space = fit_space(self.content, self.asked)
        rows = _query_rows(self.asked, self.claims)
        return cluster_queries(
            topic_embeddings(space.of_queries(self.asked), space.of_passages(self.said), rows)
        )[0]


@dataclass(frozen=True)
class Trial:
    """A site with some of its content removed: evidence, clusters, which queries are gaps, and what baselines start from.

    `asked` and `content` are the encoder's own vectors of the queries and of the passages left.
    """

    scorer: EvidenceScorer
    clusters: Clusters
    is_gap: Flags
    queries: pd.DataFrame
    passages: pd.DataFrame
    asked: Embeddings
    content: Embeddings


def read_set(folder: Path, encoder: Encoder, with_answers: bool = False) -> BenchSet:
    """Return a set with its texts embedded. A query's text follows its `scenario`, where there is one.

    Texts and ids that are missing or repeated are left out, and judgements of what the set does not
    hold. Raises SchemaError, before anything is embedded, when a table cannot be used, or nothing
    says which queries are gaps.
    """
    passages = _read_passages(folder / "passages.parquet")
    queries = _read_queries(folder / "queries.parquet")
    qrels = _read_qrels(folder / "qrels.parquet", passages, queries)
    if qrels.empty and not has_natural_gaps(queries):
        what = f"judgements of its queries in qrels.parquet, or {MIN_NATURAL} queries that are not answerable beside some that are"
        found = f"no judgement that fits, {(~queries['is_answerable']).sum()} of {len(queries)} queries not answerable"
        raise SchemaError(str(folder), what, found, "Check that ids agree between the tables.")
    claims = _read_claims(folder / "responses.parquet", queries) if with_answers else CLAIMS.empty()
    return BenchSet(
        folder.resolve().name,
        passages,
        queries,
        qrels,
        claims,
        embed_texts(passages["passage_id"], passage_texts(passages), encoder),
        embed_texts(passages["passage_id"], headings(passages), encoder),
        embed_texts(queries["query_id"], queries["text"], encoder, "query"),
        embed_texts(claims["claim_id"], claims["text"], encoder),
    )


def has_natural_gaps(queries: pd.DataFrame) -> bool:
    """Return whether at least MIN_NATURAL queries are not answerable, and some are."""
    return bool((~queries["is_answerable"]).sum() >= MIN_NATURAL and queries["is_answerable"].any())


def natural_trial(bench: BenchSet, in_space: bool = True) -> Trial:
    """Return the set as it is: gaps are the queries that it calls not answerable."""
    everything = np.ones(len(bench.passages), dtype=bool)
    return make_trial(
        bench,
        everything,
        bench.queries,
        ~bench.queries["is_answerable"].to_numpy(),
        in_space,
    )


def planted_trial(
    bench: BenchSet, unit: str, share: float, seed: int, in_space: bool = True
) -> Trial | None:
    """Return the set with a share of its pages (`page_id`) or sections (`passage_id`) removed, at least one.

    A query is a gap if none of its judged passages or pages is left; queries without judgement are
    left out. None where the removal leaves no gap, or nothing but gaps.
    """
    rng = np.random.default_rng(seed)
    places = bench.passages[unit].unique()
    n_removed = min(max(1, int(len(places) * share)), len(places) - 1)
    kept = ~bench.passages[unit].isin(rng.choice(places, n_removed, replace=False)).to_numpy()
    is_left = _is_there(bench.qrels, bench.passages[kept]).groupby(bench.qrels["query_id"]).any()
    judged = bench.queries[
        bench.queries["query_id"].isin(is_left.index) & bench.queries["is_answerable"]
    ]
    is_gap = ~is_left.loc[judged["query_id"]].to_numpy(dtype=bool)
    return (
        make_trial(bench, kept, judged, is_gap, in_space)
        if 0 < is_gap.sum() < len(is_gap)
        else None
    )


def no_change(embeddings: Embeddings) -> Space:
    """Return the space that leaves vectors as they are."""
    d = embeddings.vectors.shape[1]
    return Space(
        np.zeros(d, np.float32),
        np.zeros(d, np.float32),
        np.eye(d, dtype=np.float32),
    )


def make_trial(
    bench: BenchSet,
    kept: Flags,
    queries: pd.DataFrame,
    is_gap: Flags,
    in_space: bool = True,
) -> Trial:
    """Return the passages that are kept as a site, with these queries; `is_gap` (n queries,) says which it does not answer."""
    passages = bench.passages[kept].reset_index(drop=True)
    queries = queries.reset_index(drop=True)
    raw_content = bench.content.select(list(passages["passage_id"]))
    raw_asked = bench.asked.select(list(queries["query_id"]))
    space = fit_space(raw_content, raw_asked) if in_space else no_change(raw_content)
    asked = space.of_queries(raw_asked)
    content = space.of_passages(raw_content)
    claims = bench.claims[bench.claims["query_id"].isin(queries["query_id"])]
    said = space.of_passages(bench.said.select(list(claims["claim_id"])))
    spoken = Claims(_query_rows(asked, claims), said, np.full(len(said), np.nan))
    titled = space.of_passages(bench.titled.select(list(passages["passage_id"])))
    matches = nearest_passages(asked, passages, content, OWN)
    clusters = bench.clusters.set_index("query_id").loc[list(asked.ids)].reset_index()
    scorer = EvidenceScorer(queries, passages, matches, OWN, asked, content, titled, spoken)
    return Trial(scorer, clusters, is_gap, queries, passages, raw_asked, raw_content)


def _query_rows(asked: Embeddings, claims: pd.DataFrame) -> npt.NDArray[np.int64]:
    return np.asarray(
        pd.Index(asked.ids).get_indexer(pd.Index(claims["query_id"])),
        dtype=np.int64,
    )


def _is_there(qrels: pd.DataFrame, passages: pd.DataFrame) -> "pd.Series[bool]":
    """Return for each judgement whether its passage, or the page that it names instead, is among these."""
    by_page = qrels["passage_id"].isna() & qrels["page_id"].isin(passages["page_id"])
    return qrels["passage_id"].isin(passages["passage_id"]) | by_page


def _read_passages(path: Path) -> pd.DataFrame:
    raw = read_table(path, "text", "section_id or doc_id")
    raw = raw[raw["text"].str.strip() != ""]
    page = raw["doc_id"] if "doc_id" in raw else raw["section_id"]
    section = (
        raw["section_id"]
        if "section_id" in raw
        else page + "#" + raw.groupby(page).cumcount().astype(str)
    )
    heading = _column(raw, "heading_path")
    passages = pd.DataFrame(
        {
            "passage_id": section,
            "page_id": page.where(page != "", section),
            "site": OWN,
            "heading_path": heading.where(heading.str.strip() != "", _column(raw, "title")),
            "text": raw["text"],
            "n_words": raw["text"].str.count(r"\S+"),
        }
    )
    passages = _without_repeats(passages[passages["passage_id"] != ""], path, "passage_id")
    passages["position"] = passages.groupby("page_id").cumcount()
    if passages["page_id"].nunique() < 2:
        raise SchemaError(
            str(path),
            "two pages with text and ids",
            str(passages["page_id"].nunique()),
            "Take a larger set.",
        )
    return PASSAGES.table(passages.to_dict("records"))


def _read_queries(path: Path) -> pd.DataFrame:
    raw = read_table(path, "query_id", "text")
    raw = raw[(raw["text"].str.strip() != "") & (raw["query_id"] != "")]
    raw = raw[_is_true(raw["standalone"])] if "standalone" in raw else raw
    scenario = _column(raw, "scenario")
    queries = pd.DataFrame(
        {
            "query_id": raw["query_id"],
            "text": scenario.where(scenario == "", scenario + " ") + raw["text"],
            "demand": 1.0,
            "is_answerable": _is_true(raw["answerable"]) if "answerable" in raw else True,
            "topic": _column(raw, "topic"),
        }
    )
    queries = _without_repeats(queries, path, "query_id")
    if len(queries) < 2:
        raise SchemaError(
            str(path),
            "two queries with text and ids",
            str(len(queries)),
            "Take a larger set.",
        )
    return QUERIES.table(queries.to_dict("records"))


def _read_qrels(path: Path, passages: pd.DataFrame, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the judgements that speak of these queries and passages; none where the file is absent."""
    if not path.exists():
        return pd.DataFrame(
            {name: pd.Series(dtype="str") for name in ("query_id", "passage_id", "page_id")}
        )
    raw = read_table(path, "query_id", "section_id or doc_id")
    if "relevance" in raw:
        raw = raw[pd.to_numeric(raw["relevance"], errors="coerce").fillna(1) > 0]
    section = _column(raw, "section_id")
    page = _column(raw, "doc_id")
    qrels = pd.DataFrame(
        {
            "query_id": raw["query_id"],
            "passage_id": section.where(section != ""),
            "page_id": page,
        }
    )
    return qrels[
        _is_there(qrels, passages) & qrels["query_id"].isin(queries["query_id"])
    ].reset_index(drop=True)


def _read_claims(path: Path, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the claims of the logged answers to these queries."""
    raw = read_table(path, "query_id", "response_text")
    raw = raw[raw["query_id"].isin(queries["query_id"]) & (raw["response_text"].str.strip() != "")]
    answers = pd.DataFrame(
        {
            "query_id": raw["query_id"],
            "text": raw["response_text"],
            "engine": _column(raw, "engine"),
        }
    )
    answers["answer_id"] = [f"a{number}" for number in range(len(answers))]
    return split_claims(ANSWERS.table(answers.assign(has_searched=True).to_dict("records")))


def read_table(path: Path, *needs: str) -> pd.DataFrame:
    """Return a table with its ids and texts as text, '' where missing. `needs` are columns, "a or b" for either of two.

    Raises SchemaError for a file that is absent, unreadable or empty, or lacks such a column.
    """
    if not path.exists():
        raise SchemaError(
            str(path),
            "a Parquet table",
            "no such file",
            f"Write one with columns {', '.join(needs)}.",
        )
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise SchemaError(str(path), "a Parquet table", str(error), "Write it again.") from error
    absent = [need for need in needs if not set(need.split(" or ")) & set(table)]
    if absent or table.empty:
        found = f"{len(table)} rows with columns {', '.join(map(str, table))}"
        raise SchemaError(
            str(path),
            f"rows with columns {', '.join(needs)}",
            found,
            f"Add {', '.join(absent) or 'rows'}.",
        )
    for name in set(_TEXTS) & set(table):
        table[name] = table[name].convert_dtypes().astype("string").fillna("").astype("str")
    return table


def _column(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    return table[name] if name in table else pd.Series("", index=table.index, dtype="str")


def _is_true(values: "pd.Series[bool]") -> "pd.Series[bool]":
    """Return flags, however they are spelled; a missing one counts as true."""
    return ~values.astype(str).str.casefold().isin(_NO)


def _without_repeats(table: pd.DataFrame, path: Path, key: str) -> pd.DataFrame:
    """Return the first row of each id, saying what is left out. Raises SchemaError where that is most of the table."""
    n_repeats = int(table.duplicated(key).sum())
    if n_repeats > len(table) / 2:
        cure = "Make ids unique in the whole set, in qrels as well."
        raise SchemaError(
            str(path),
            f"one row for each {key}",
            f"{n_repeats} of {len(table)} rows repeat one",
            cure,
        )
    if n_repeats:
        print(
            f"{path}: {n_repeats} of {len(table)} rows repeat a {key} and are left out",
            file=sys.stderr,
        )
    return table.drop_duplicates(key).reset_index(drop=True)
