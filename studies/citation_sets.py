"""Public sets with cited answers, read as sites, queries and who was cited.

A set is a folder of Parquet tables; further columns and files are left alone:

- passages: text; section_id and/or doc_id (its page), or url; domain, or url from which it follows;
  heading_path, title
- queries: query_id, text
- responses: query_id; citations (list of URLs, or the list as JSON); one row an answer
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from benchmarks.sets import read_table
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import SchemaError
from coverage_kit.vectors import Embeddings, Encoder, embed_texts

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CitationSet:
    """A set with n queries, p passages and m sites that have passages, sorted by name.

    Attributes:
        name: the folder's.
        passages: passage_id, site, page (`page_id` of its URL, '' without), heading_path, text.
        queries: query_id, text.
        sites: names of the sites, (m,).
        n_cited: number of answers to the query that cite the site, (n, m).
        n_citations: number of sites cited by the answers to the query, counted once an answer,
            (n,).
        n_answers: number of answers to the query, (n,).
        is_brought: whether the query's answers cite the passage's page, sparse (p, n).
        passage_vectors: the encoder's vectors of the passages.
        query_vectors: those of the queries.
    """

    name: str
    passages: pd.DataFrame
    queries: pd.DataFrame
    sites: npt.NDArray[np.object_]
    n_cited: Floats
    n_citations: Floats
    n_answers: Floats
    is_brought: Any
    passage_vectors: Embeddings
    query_vectors: Embeddings

    @property
    def is_cited(self) -> Flags:
        """Whether an answer to the query cites the site, (n, m)."""
        return np.asarray(self.n_cited > 0)

    def brought_by(self, queries: Flags) -> Flags:
        """Return which passages are on pages cited for these queries alone, (p,)."""
        total = np.asarray(self.is_brought.sum(axis=1)).ravel()
        return np.asarray(
            (total > 0) & (np.asarray(self.is_brought[:, queries].sum(axis=1)).ravel() == total)
        )


def read_citation_set(folder: Path, encoder: Encoder) -> CitationSet:
    """Return a set with its texts embedded; rows without text, id or site are left out.

    Raises SchemaError, before anything is embedded, for a table that is absent or cannot be used,
    and where no answer cites a site that has passages.
    """
    passages = _read_passages(folder / "passages.parquet")
    queries = _read_queries(folder / "queries.parquet")
    answers = read_table(folder / "responses.parquet", "query_id", "citations")
    answers = answers[answers["query_id"].isin(queries["query_id"])].reset_index(drop=True)
    cited = _cited_pages(answers)
    sites = np.array(sorted(passages["site"].unique()), dtype=object)
    query_ids = pd.Index(queries["query_id"])
    by_site = cited.drop_duplicates(["answer", "site"])
    if not by_site["site"].isin(sites).any():
        counts = (
            f"{len(cited)} citations of {cited['site'].nunique()} sites, "
            f"{len(sites)} sites with passages, none in common"
        )
        raise SchemaError(
            str(folder),
            "answers that cite sites with passages",
            counts,
            "Check that ids and URLs agree.",
        )
    rows = query_ids.get_indexer(pd.Index(by_site["query_id"]))
    return CitationSet(
        folder.resolve().name,
        passages,
        queries,
        sites,
        np.asarray(
            _count(
                rows,
                pd.Index(sites).get_indexer(pd.Index(by_site["site"])),
                (len(queries), len(sites)),
            ).todense()
        ),
        np.bincount(rows, minlength=len(queries)).astype(np.float64),
        np.bincount(
            query_ids.get_indexer(pd.Index(answers["query_id"])),
            minlength=len(queries),
        ).astype(np.float64),
        _brought(passages, cited, query_ids),
        embed_texts(passages["passage_id"], passage_texts(passages), encoder),
        embed_texts(queries["query_id"], queries["text"], encoder, "query"),
    )


def cited_urls(value: object) -> list[str]:
    """Return the URLs of a cell.

    The cell may be a list or array of URLs or of objects with a url, such a list as JSON, a single
    URL, or nothing.

    >>> cited_urls('["https://a.com/1", {"url": "https://b.com"}]')
    ['https://a.com/1', 'https://b.com']
    >>> cited_urls(None), cited_urls("https://a.com")
    ([], ['https://a.com'])
    """
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        return cited_urls(value.get("url"))
    if isinstance(value, list | tuple | set | np.ndarray):
        return [url for element in value for url in cited_urls(element)]
    return []


def site_of(url: str) -> str:
    """Return the site of a URL or bare domain, '' where there is none.

    >>> site_of("www.Example.com"), site_of("https://www.example.com/a"), site_of("n/a?")
    ('example.com', 'example.com', '')
    """
    name = site_name(url if "://" in url else f"https://{url.strip()}")
    return name if "." in name else ""


def _cited_pages(answers: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each cited URL with a site: answer (row), query_id, page, site."""
    rows = [
        (number, query_id, url if "://" in url else f"https://{url}")
        for number, (query_id, cell) in enumerate(
            zip(answers["query_id"], answers["citations"], strict=True)
        )
        for url in map(str.strip, cited_urls(cell))
    ]
    table = pd.DataFrame(rows, columns=["answer", "query_id", "url"])
    names = {url: (page_id(url), site_of(url)) for url in table["url"].unique()}
    table["page"] = [names[url][0] for url in table["url"]]
    table["site"] = [names[url][1] for url in table["url"]]
    return table[table["site"] != ""].reset_index(drop=True)


def _brought(passages: pd.DataFrame, cited: pd.DataFrame, query_ids: "pd.Index[str]") -> Any:
    pairs = cited[["page", "query_id"]].drop_duplicates()
    by_page = passages[["page"]].assign(passage=np.arange(len(passages)))
    matches = by_page[by_page["page"] != ""].merge(pairs, on="page")
    rows = query_ids.get_indexer(pd.Index(matches["query_id"]))
    return _count(matches["passage"].to_numpy(), rows, (len(passages), len(query_ids))).tocsc()


def _count(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    """Return how often each pair of row and column occurs, as a sparse matrix.

    Pairs with a column of -1 do not count.
    """
    is_valid = columns >= 0
    ones = np.ones(is_valid.sum())
    return sparse.coo_matrix((ones, (rows[is_valid], columns[is_valid])), shape=shape).tocsr()


def _read_passages(path: Path) -> pd.DataFrame:
    raw = read_table(path, "text", "section_id or doc_id or url", "domain or url")
    url = _text(raw, "url")
    domain = _text(raw, "domain")
    page = _text(raw, "doc_id").where(_text(raw, "doc_id") != "", url)
    section = _text(raw, "section_id")
    heading = _text(raw, "heading_path")
    passages = pd.DataFrame(
        {
            "passage_id": section.where(
                section != "",
                page + "#" + raw.groupby(page).cumcount().astype(str),
            ),
            "site": [
                site_of(name) or site_of(address) for name, address in zip(domain, url, strict=True)
            ],
            "page": [page_id(address) if address else "" for address in url],
            "heading_path": heading.where(heading.str.strip() != "", _text(raw, "title")),
            "text": _text(raw, "text"),
        }
    )
    passages = passages[
        (passages["text"].str.strip() != "") & (passages["site"] != "")
    ].drop_duplicates("passage_id")
    if passages["site"].nunique() < 2:
        counts = f"{passages['site'].nunique()} in {len(raw)} rows"
        raise SchemaError(
            str(path),
            "passages with text of two sites",
            counts,
            "Fill url or domain, or take a larger set.",
        )
    return passages.reset_index(drop=True)


def _read_queries(path: Path) -> pd.DataFrame:
    raw = read_table(path, "query_id", "text")
    queries = pd.DataFrame({"query_id": raw["query_id"], "text": _text(raw, "text")})
    queries = queries[
        (queries["text"].str.strip() != "") & (queries["query_id"] != "")
    ].drop_duplicates("query_id")
    if len(queries) < 2:
        raise SchemaError(
            str(path),
            "two queries with text and ids",
            str(len(queries)),
            "Take a larger set.",
        )
    return queries.reset_index(drop=True)


def _text(table: pd.DataFrame, name: str) -> "pd.Series[str]":
    """Return a column as text, '' where it is missing."""
    if name not in table:
        return pd.Series("", index=table.index, dtype="str")
    return table[name].convert_dtypes().astype("string").fillna("").astype("str")
