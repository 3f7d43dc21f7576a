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
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.collect.claims import split_claims
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.errors import SchemaError
from coverage_kit.match.clusters import cluster_queries, topic_embeddings
from coverage_kit.match.evidence import Claims, EvidenceScorer, EvidenceVectors
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.shared_results import share_passages
from coverage_kit.match.whitening import Space, fit_space
from coverage_kit.tables import ANSWERS, CLAIMS, PASSAGES, QUERIES, Clusters
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

OWN = "own"
# Unanswerable queries from which a set has natural gaps (assumed).
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
# How a flag says no, in any case; all other values are a yes.
_NO = ("false", "no", "0", "0.0")


def data_folder() -> Path:
    """Return the folder of the public sets: COVERAGE_KIT_BENCH_DATA, or ../shared/data."""
    return Path(os.environ.get("COVERAGE_KIT_BENCH_DATA", "../shared/data"))


@dataclass(frozen=True)
class BenchSet:
    """A set: passages, queries with `is_answerable` and `topic`, judgements, claims, and vectors.

    `qrels` names what answers a query: a passage_id, or where that is missing a page_id. There are
    vectors of passages, headings, queries, and claims of logged answers.
    """

    name: str
    passages: pd.DataFrame
    queries: pd.DataFrame
    qrels: pd.DataFrame
    claims: pd.DataFrame
    passage_vectors: Embeddings
    heading_vectors: Embeddings
    query_vectors: Embeddings
    claim_vectors: Embeddings


@dataclass(frozen=True)
class Trial:
    """A site with some of its content removed: evidence, clusters, and which queries are gaps.

    `query_vectors` and `passage_vectors` are the encoder's own vectors of the queries and of the
    passages left, from which baselines start. `homes` (n queries,) numbers the page that answered
    each query before anything was removed; None where that is not known.
    """

    scorer: EvidenceScorer
    clusters: Clusters
    is_gap: Flags
    queries: pd.DataFrame
    passages: pd.DataFrame
    query_vectors: Embeddings
    passage_vectors: Embeddings
    homes: npt.NDArray[np.int64] | None = None


def read_set(folder: Path, encoder: Encoder, with_answers: bool = False) -> BenchSet:
    """Return a set with its texts embedded. A query's text follows its `scenario`, if any.

    Texts and ids that are missing or repeated are left out, and so are judgements of what the set
    does not hold. Raises SchemaError, before anything is embedded, when a table cannot be used, or
    nothing says which queries are gaps.
    """
    passages = _read_passages(folder / "passages.parquet")
    queries = _read_queries(folder / "queries.parquet")
    qrels = _read_qrels(folder / "qrels.parquet", passages, queries)
    if qrels.empty and not has_natural_gaps(queries):
        expected = (
            "judgements of its queries in qrels.parquet, "
            f"or {MIN_NATURAL} queries that are not answerable beside some that are"
        )
        n_unanswerable = int((~queries["is_answerable"]).sum())
        counts = (
            f"no judgement that fits, {n_unanswerable} of {len(queries)} queries not answerable"
        )
        cure = "Check that ids agree between the tables."
        raise SchemaError(str(folder), expected, counts, cure)
    claims = read_claims(folder / "responses.parquet", queries) if with_answers else CLAIMS.empty()
    return BenchSet(
        name=folder.resolve().name,
        passages=passages,
        queries=queries,
        qrels=qrels,
        claims=claims,
        passage_vectors=embed_texts(passages["passage_id"], passage_texts(passages), encoder),
        heading_vectors=embed_texts(passages["passage_id"], headings(passages), encoder),
        query_vectors=embed_texts(queries["query_id"], queries["text"], encoder, "query"),
        claim_vectors=embed_texts(claims["claim_id"], claims["text"], encoder),
    )


def has_natural_gaps(queries: pd.DataFrame) -> bool:
    """Return whether at least MIN_NATURAL queries are not answerable, and some are."""
    return bool((~queries["is_answerable"]).sum() >= MIN_NATURAL and queries["is_answerable"].any())


def natural_trial(bench: BenchSet, in_space: bool = True) -> Trial:
    """Return the set as it is: gaps are the queries that it calls not answerable."""
    is_left = np.ones(len(bench.passages), dtype=bool)
    return make_trial(
        bench,
        is_left,
        bench.queries,
        ~bench.queries["is_answerable"].to_numpy(),
        in_space,
    )


def planted_trial(
    bench: BenchSet, unit: str, share: float, seed: int, in_space: bool = True
) -> Trial | None:
    """Return the set with a share of its pages (`page_id`) or sections (`passage_id`) removed.

    At least one is removed. A query is a gap if none of its judged passages or pages is left;
    queries without judgement are left out. None where the removal leaves no gap, or only gaps.
    """
    rng = np.random.default_rng(seed)
    units = bench.passages[unit].unique()
    n_removed = min(max(1, int(len(units) * share)), len(units) - 1)
    is_left = ~bench.passages[unit].isin(rng.choice(units, n_removed, replace=False)).to_numpy()
    has_answer = _is_there(bench.qrels, bench.passages[is_left])
    is_answered = has_answer.groupby(bench.qrels["query_id"]).any()
    judged = bench.queries[
        bench.queries["query_id"].isin(is_answered.index) & bench.queries["is_answerable"]
    ]
    is_gap = ~is_answered.loc[judged["query_id"]].to_numpy(dtype=bool)
    if not 0 < is_gap.sum() < len(is_gap):
        return None
    pages = bench.passages.set_index("passage_id")["page_id"]
    home = bench.qrels["page_id"].where(
        bench.qrels["passage_id"].isna(), bench.qrels["passage_id"].map(pages)
    )
    first = home.groupby(bench.qrels["query_id"]).first().loc[judged["query_id"]]
    homes = np.asarray(pd.factorize(first)[0], dtype=np.int64)
    return replace(make_trial(bench, is_left, judged, is_gap, in_space), homes=homes)


def no_change(embeddings: Embeddings) -> Space:
    """Return the space that leaves vectors as they are."""
    n_dimensions = embeddings.vectors.shape[1]
    return Space(
        np.zeros(n_dimensions, np.float32),
        np.zeros(n_dimensions, np.float32),
        np.eye(n_dimensions, dtype=np.float32),
    )


def make_trial(
    bench: BenchSet,
    is_left: Flags,
    queries: pd.DataFrame,
    is_gap: Flags,
    in_space: bool = True,
) -> Trial:
    """Return the passages left as a site, with these queries.

    `is_gap` (n queries,) says which queries the site does not answer.
    """
    passages = bench.passages[is_left].reset_index(drop=True)
    queries = queries.reset_index(drop=True)
    raw_passages = bench.passage_vectors.select(list(passages["passage_id"]))
    raw_queries = bench.query_vectors.select(list(queries["query_id"]))
    space = fit_space(raw_passages, raw_queries) if in_space else no_change(raw_passages)
    query_vectors = space.of_queries(raw_queries)
    passage_vectors = space.of_passages(raw_passages)
    claims = bench.claims[bench.claims["query_id"].isin(queries["query_id"])]
    claim_vectors = space.of_passages(bench.claim_vectors.select(list(claims["claim_id"])))
    answer_claims = Claims(
        _query_rows(query_vectors, claims), claim_vectors, np.full(len(claim_vectors), np.nan)
    )
    vectors = EvidenceVectors(
        queries=query_vectors,
        passages=passage_vectors,
        headings=space.of_passages(bench.heading_vectors.select(list(passages["passage_id"]))),
    )
    matches = nearest_passages(query_vectors, passages, passage_vectors, OWN)
    topics = topic_embeddings(query_vectors, claim_vectors, answer_claims.query_rows)
    clusters, _ = cluster_queries(topics, share_passages(matches))
    scorer = EvidenceScorer(queries, passages, matches, OWN, vectors, answer_claims)
    return Trial(scorer, clusters, is_gap, queries, passages, raw_queries, raw_passages)


def _query_rows(query_vectors: Embeddings, claims: pd.DataFrame) -> npt.NDArray[np.int64]:
    return np.asarray(
        pd.Index(query_vectors.ids).get_indexer(pd.Index(claims["query_id"])),
        dtype=np.int64,
    )


def _is_there(qrels: pd.DataFrame, passages: pd.DataFrame) -> "pd.Series[bool]":
    """Return for each judgement whether its passage, or its page without one, is among these."""
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
    """Return the judgements of these queries and passages; none where the file is absent."""
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


def read_claims(path: Path, queries: pd.DataFrame) -> pd.DataFrame:
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
    """Return a table with its ids and texts as text, '' where missing.

    `needs` are columns, "a or b" for either of two. Raises SchemaError for a file that is absent,
    unreadable or empty, or lacks such a column.
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
        summary = f"{len(table)} rows with columns {', '.join(map(str, table))}"
        raise SchemaError(
            str(path),
            f"rows with columns {', '.join(needs)}",
            summary,
            f"Add {', '.join(absent) or 'rows'}.",
        )
    for name in set(_TEXTS) & set(table):
        table[name] = table[name].convert_dtypes().astype("string").fillna("").astype("str")
    return table


def _column(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    return table[name] if name in table else pd.Series("", index=table.index, dtype="str")


def _is_true(values: "pd.Series[bool]") -> "pd.Series[bool]":
    """Return flags, however they are spelled; a missing flag counts as true."""
    return ~values.astype(str).str.casefold().isin(_NO)


def _without_repeats(table: pd.DataFrame, path: Path, key: str) -> pd.DataFrame:
    """Return the first row of each id, and print how many rows are left out.

    Raises SchemaError where that is most of the table.
    """
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
