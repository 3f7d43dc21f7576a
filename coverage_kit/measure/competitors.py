"""Competitors that the log proposes: sites cited where yours is, whose name the answers say."""

import re
from collections.abc import Collection, Mapping
from itertools import accumulate, groupby
from operator import itemgetter

import numpy as np
import pandas as pd

from coverage_kit.measure.sites import main_label, site_kind
from coverage_kit.measure.visibility import TrackedBrands
from coverage_kit.tables import (
    COMPETITORS,
    Answers,
    Citations,
    Competitors,
    checked,
)

# Between these is the share of answers that say a site's name from which on the site is proposed
# (chosen on few logs).
NAMED_LIMITS = (0.15, 0.5)
# Queries that must cite a site (chosen on few logs).
MIN_PROMPTS = 2
# Queries, or answers, that the log's mean weighs in a site's own rate (assumed).
_PRIOR = 5.0
# The order of the kinds of sites.
_ORDER = {"tracked": 0, "competitor": 0, "third-party": 1, "community": 2}

# A URL, or a host with its path: "shop.acme.co.uk/x".
_ADDRESS = re.compile(
    r"https?://\S+|(?<![\w-])(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b(?:/\S*)?",
    re.IGNORECASE,
)
# Letters and digits without anything between.
_WORD = re.compile(r"[^\W_]+")


@checked
def find_competitors(
    answers: Answers,
    citations: Citations,
    panel: TrackedBrands,
    community: Collection[str] = (),
) -> Competitors:
    """Return the other sites that the answers cite, ranked as competitors to track.

    It is a proposal to confirm, not a finding. rank puts tracked and proposed sites first, then
    third parties, then communities, each by fit = overlap x named:

    - overlap = (queries for which both sites are cited + 5 x the site's share of all queries) /
      (queries for which the site of the user is cited + 5): how often it is cited where the user's
      site is, shrunk towards how often it is cited at all, which alone counts where the user's site
      is never cited.
    - named = (answers that cite the site and say its name + 5 x the same rate of all other sites) /
      (answers that cite it + 5). Companies are mostly talked about where they are cited; magazines
      mostly are not. The name is the main label of the host, such as logitech of
      support.logitech.com, found as whole words without regard to case, spaces and hyphens;
      addresses do not count.

    A site is proposed ('competitor') when at least two queries cite it and named is at least the
    rate of all other sites, or 0.5 where that is higher, and at least 0.15. A community is never
    proposed, and from a log without words no site is. Both limits were chosen on few logs.
    `share_of_overlap` and `named_rate` are not shrunk. Branded queries are left out, since their
    answers cite the sites that the query names.

    Args:
        answers: answers of one log, all engines.
        citations: their citations, with `site` by owner (`site_owner`).
        panel: the tracked sites, the user's site first, or none, as if it were never cited; branded
            queries.
        community: further domains whose pages are written by users.
    """
    unbranded = answers[~answers["query_id"].isin(set(panel.branded))]
    cited = citations[citations["kind"] == "cited"].drop_duplicates(["answer_id", "url"])
    cited = cited[["answer_id", "site"]].merge(unbranded[["answer_id", "query_id"]], on="answer_id")
    table = _count(
        cited,
        panel.sites[:1],
        dict(zip(unbranded["answer_id"], unbranded["text"], strict=True)),
    )
    if table.empty:
        return COMPETITORS.empty()
    mean = table["n_named"].sum() / table["n_answers"].sum()
    smoothed_named = _smooth(table["n_named"], table["n_answers"], mean)
    n_own = cited.loc[cited["site"].isin(panel.sites[:1]), "query_id"].nunique()
    overlap = _smooth(table["n_both"], n_own, table["n_prompts"] / unbranded["query_id"].nunique())
    # The bar is the log's own mean, within limits: alone it could let in everybody or nobody.
    is_proposed = (smoothed_named >= np.clip(mean, *NAMED_LIMITS)) & (
        table["n_prompts"] >= MIN_PROMPTS
    )
    table = table.assign(
        kind=_name_kinds(table["site"], is_proposed, panel, community),
        share_of_overlap=table["n_both"] / n_own if n_own else np.nan,
        named_rate=table["n_named"] / table["n_answers"],
        fit=overlap * smoothed_named,
        overlap=overlap,
    )
    return _rank(table)[COMPETITORS.names]


def _name_kinds(
    sites: "pd.Series[str]",
    is_proposed: "pd.Series[bool]",
    panel: TrackedBrands,
    community: Collection[str],
) -> "pd.Series[str]":
    kinds = [
        _kind(site, panel, community, is_named=bool(is_named))
        for site, is_named in zip(sites, is_proposed, strict=True)
    ]
    return pd.Series(kinds, index=sites.index, dtype="str")


def _rank(table: pd.DataFrame) -> pd.DataFrame:
    """Return the sites with their rank: tracked and proposed sites first, then by fit."""
    ranked = table.assign(order=table["kind"].map(_ORDER)).sort_values(
        ["order", "fit", "overlap", "site"],
        ascending=[True, False, False, True],
        ignore_index=True,
    )
    return ranked.assign(rank=np.arange(1, len(ranked) + 1))


def _count(cited: pd.DataFrame, own: Collection[str], texts: Mapping[str, str]) -> pd.DataFrame:
    """Return counts for each site except the user's own.

    They are citation_share, and the numbers of answers, of queries, of answers that name the site,
    and of queries that both sites share.
    """
    pairs = cited.drop_duplicates(["answer_id", "site"])
    own_queries = pairs.loc[pairs["site"].isin(own), "query_id"]
    pairs = pairs[~pairs["site"].isin(own)]
    pairs = pairs.assign(
        is_named=_is_named(pairs, texts),
        shared=pairs["query_id"].where(pairs["query_id"].isin(own_queries)),
    )
    grouped = pairs.groupby("site")
    counts = grouped.agg(
        n_answers=("answer_id", "size"),
        n_prompts=("query_id", "nunique"),
        n_named=("is_named", "sum"),
        n_both=("shared", "nunique"),
    )
    return counts.join(
        (cited.groupby("site").size() / len(cited)).rename("citation_share")
    ).reset_index()


def _is_named(pairs: pd.DataFrame, texts: Mapping[str, str]) -> list[bool]:
    """Return for each pair of answer and site whether the answer says the site's name."""
    names = {
        site: "".join(_WORD.findall(main_label(site).casefold())) for site in pairs["site"].unique()
    }
    flags: list[bool] = []
    for answer_id, group in groupby(
        zip(pairs["answer_id"], pairs["site"], strict=True), key=itemgetter(0)
    ):
        # Words are joined, so that "Acme Bikes" is found as the label "acmebikes".
        words = _WORD.findall(_ADDRESS.sub(" ", texts[answer_id]).casefold())
        text = "".join(words)
        # Where words begin and end in the joined text; a name within a longer word does not count.
        edges = {0, *accumulate(map(len, words))}
        flags += [_says(text, edges, names[site]) for _, site in group]
    return flags


def _says(text: str, edges: set[int], name: str) -> bool:
    """Return whether the name is between two edges of words in the text without spaces."""
    start = text.find(name) if name else -1
    while start >= 0 and not (start in edges and start + len(name) in edges):
        start = text.find(name, start + 1)
    return start >= 0


def _smooth(
    count: "pd.Series[int]",
    total: "pd.Series[int] | int",
    mean: "pd.Series[float] | float",
) -> "pd.Series[float]":
    return (count + _PRIOR * mean) / (total + _PRIOR)


def _kind(
    site: str,
    panel: TrackedBrands,
    community: Collection[str],
    *,
    is_named: bool,
) -> str:
    if site in panel.sites:
        return "tracked"
    if site_kind(site, community):
        return "community"
    return "competitor" if is_named else "third-party"
