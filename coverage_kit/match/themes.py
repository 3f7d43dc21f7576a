"""Themes: topics that have a noun in common, which names them, and topics that are asked a lot.

A theme never has a name that says nothing of some of its topics: topics without a noun in common
stay apart, and those that are seldom asked have no theme.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from coverage_kit.match.name_candidates import PLURALS, CandidateFinder
from coverage_kit.match.name_words import MIN_TELLING, Rows
from coverage_kit.tables import CLUSTERS, THEMES, Clusters, Gaps, Labels, Queries, Themes, checked
from coverage_kit.text.phrases import stem
from coverage_kit.vocabulary import TO_CLOSE

# Themes at most: what a reader can take in, and a map can show. Assumed, like the numbers below.
_MAX_THEMES = 25
# A topic is a theme by itself if it has this share of what is asked, and so many questions.
_LONE_SHARE = 0.01
_LONE_QUESTIONS = 3
# A topic whose name lacks the noun has it in its questions, or in what is cited and answered.
_TYPICAL = 0.6


def form_themes(  # noqa: PLR0913 (what names are made of)
    queries: Queries,
    clusters: Clusters,
    labels: Labels,
    answers: Mapping[str, Sequence[str]] | None = None,
    titles: Mapping[str, Sequence[str]] | None = None,
    brands: Collection[str] = (),
) -> tuple[Clusters, dict[str, str]]:
    """Return the clusters with the theme of each query, and the names of the themes by id.

    A theme is clusters of one group with a noun in common, which is its name ("Batteries"): each
    has the noun in its name, or in most of its questions and answers. A cluster that shares none is
    a theme by itself if it has three questions and 1% of what is asked. There are at most 25
    themes, the most asked. Other clusters have no theme: their `theme_id` is missing.

    Args:
        queries: the queries, with their demand.
        clusters: the cluster of each query, and in `theme_id` its group of clusters.
        labels: names of the clusters.
        answers: texts of the answers to a query, by its id.
        titles: titles of the pages that those answers cite, by query id.
        brands: names of brands and sites, which name no theme.
    """
    joined = clusters.merge(queries[["query_id", "text", "demand"]], on="query_id").sort_values(
        ["cluster_id", "query_id"], kind="stable"
    )
    if joined.empty or joined["theme_id"].isna().any():
        return CLUSTERS.typed(clusters.assign(theme_id=None)), {}
    codes, cluster_ids = pd.factorize(joined["cluster_id"])
    finder = CandidateFinder(joined, codes, answers or {}, titles or {}, brands)
    names: list[str] = labels.set_index("cluster_id")["label"].loc[cluster_ids].tolist()
    sizes = np.bincount(codes)
    demand = np.bincount(codes, joined["demand"].to_numpy(np.float64))
    groups = pd.Series(range(len(names))).groupby(
        joined["theme_id"].groupby(codes).first().to_numpy()
    )
    themes: defaultdict[str, list[int]] = defaultdict(list)
    for _, group in groups:
        alone = set(group)
        for name, sharing in _share_nouns(group.tolist(), names, sizes, finder):
            themes[name] += sharing
            alone -= set(sharing)
        for code in sorted(alone):
            if sizes[code] >= _LONE_QUESTIONS and demand[code] >= _LONE_SHARE * demand.sum():
                themes[names[code]].append(code)
    most_asked = sorted(themes, key=lambda name: (-demand[themes[name]].sum(), name))[:_MAX_THEMES]
    name_of = {f"t{number:02d}": name for number, name in enumerate(most_asked)}
    theme_of = {cluster_ids[code]: key for key, name in name_of.items() for code in themes[name]}
    themed = clusters.assign(theme_id=clusters["cluster_id"].map(theme_of))
    return CLUSTERS.typed(themed), name_of


def _share_nouns(
    group: list[int], names: list[str], sizes: Rows, finder: CandidateFinder
) -> Iterator[tuple[str, list[int]]]:
    """Yield the nouns that clusters of a group have in common, as names, with these clusters.

    The noun of most questions is first; each cluster is in one theme. Two clusters at least have it
    in their names, and one of these does not only describe another noun by it: "steep hills".
    """
    nouns = {code: finder.nouns(names[code]) for code in group}
    heads = {code: finder.nouns(names[code], are_heads=True) for code in group}
    left = set(group)
    while True:
        having: defaultdict[str, set[int]] = defaultdict(set)
        for code in left:
            for noun in nouns[code]:
                having[noun].add(code)
        best: tuple[float, int, str] | None = None
        clusters_of: list[int] = []
        for noun, named in sorted(having.items()):
            stems = {stem(noun), stem(PLURALS.get(noun, noun))}
            telling = min(map(finder.words.telling, stems))
            n_heads = sum(noun in heads[code] for code in named)
            if len(named) < 2 or not n_heads or telling < MIN_TELLING:
                continue
            sharing = [
                code
                for code in sorted(left)
                if code in named
                or max(finder.words.typical(code, word) for word in stems) >= _TYPICAL
            ]
            score = (telling * float(sizes[sharing].sum()), n_heads, noun)
            if best is None or score > best:
                best, clusters_of = score, sharing
        if best is None:
            return
        yield finder.name_noun(best[2]), clusters_of
        left -= set(clusters_of)


@checked
def describe_themes(
    clusters: Clusters, queries: Queries, names: Mapping[str, str], gaps: Gaps
) -> Themes:
    """Return the themes with their sizes, the most asked first.

    Args:
        clusters: the cluster and theme of each query.
        queries: the queries, with their demand.
        names: names of the themes, by theme id.
        gaps: the gaps; those of the listing "to close" are counted.
    """
    if "theme_id" not in clusters or clusters["theme_id"].isna().all():
        return THEMES.empty()
    joined = clusters.merge(queries[["query_id", "demand"]], on="query_id")
    themes = joined.groupby("theme_id").agg(
        n_clusters=("cluster_id", "nunique"),
        n_queries=("query_id", "size"),
        demand=("demand", "sum"),
    )
    theme_of = clusters.drop_duplicates("cluster_id").set_index("cluster_id")["theme_id"]
    to_close = gaps[gaps["listing"] == TO_CLOSE] if "listing" in gaps else gaps.head(0)
    themes["n_gaps"] = to_close["cluster_id"].map(theme_of).value_counts()
    themes["label"] = themes.index.map(names)
    ordered = themes.reset_index().sort_values(
        ["demand", "theme_id"], ascending=[False, True], ignore_index=True
    )
    return THEMES.typed(ordered.fillna({"n_gaps": 0}))
