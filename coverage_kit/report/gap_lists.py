"""The lists in which readers see topics: gaps to close, answered but not seen, and the rest."""

import re

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import is_missing, shorten
from coverage_kit.tables.answered import find_unanswered
from coverage_kit.vocabulary import (
    COVERED,
    DISMISSED,
    LISTING_OF_CAUSE,
    OUT_OF_REACH,
)

# The lists that are counted, and shown only to those who ask for them.
REST = (COVERED, OUT_OF_REACH, DISMISSED)
# Names are short. A longer one comes from a hostile log and would fill the page.
_MAX_NAME = 160


def list_gaps(analysis: Analysis) -> pd.DataFrame:
    """Return the gaps by rank with `theme`, their theme's name, and `example`, a typical question.

    Both are empty where there is none. `label` is on one line, and `example` adds to it.
    `listing`, `n_open`, `open_demand` and `theme_id` are derived from causes, coverage and clusters
    where the gaps do not hold them. `likelihood` and `status` are empty there.
    """
    frame = analysis.gaps.sort_values("rank").reset_index(drop=True)
    queries = analysis.clusters.merge(analysis.coverage, on="query_id").merge(
        analysis.queries[["query_id", "demand"]], on="query_id"
    )
    is_open = queries["query_id"].map(find_unanswered(analysis.coverage)).astype(bool)
    by_cluster = queries[is_open].groupby("cluster_id")
    cluster_ids = frame["cluster_id"]
    n_open = cluster_ids.map(by_cluster.size()).fillna(0)
    open_demand = cluster_ids.map(by_cluster["demand"].sum()).fillna(0.0)
    texts = frame["medoid_query_id"].map(analysis.queries.set_index("query_id")["text"])
    names = [name_gap(*pair) for pair in zip(frame["label"], texts, strict=True)]
    theme_ids = analysis.clusters.drop_duplicates("cluster_id").set_index("cluster_id")["theme_id"]
    theme_ids = frame["theme_id"].fillna(cluster_ids.map(theme_ids).astype("str"))
    themes = theme_ids.map(analysis.themes.set_index("theme_id")["label"])
    return frame.assign(
        label=pd.Series([name for name, _ in names], dtype="str"),
        example=pd.Series([example for _, example in names], dtype="str"),
        listing=frame["listing"]
        .fillna(frame["cause"].map(LISTING_OF_CAUSE))
        .fillna(COVERED)
        .astype("str"),
        likelihood=frame["likelihood"].fillna("").astype("str"),
        status=frame["status"].fillna("").astype("str"),
        n_open=frame["n_open"].fillna(n_open.astype("Int64")).astype("int64"),
        open_demand=frame["open_demand"].fillna(open_demand),
        theme_id=theme_ids,
        theme=themes.astype("str").fillna(""),
    )


def name_gap(label: object, question: object = None) -> tuple[str, str]:
    """Return a gap's name, and an example question; it is empty where it adds nothing to the name.

    A name that is a question is its own example.

    >>> name_gap("Saddles for short riders", "best saddle near me")
    ('Saddles for short riders', 'best saddle near me')
    >>> name_gap("Can I carry a dog?", "dogs in a cargo bike"), name_gap("Dog boxes", "dog boxes")
    (('Can I carry a dog?', ''), ('Dog boxes', ''))
    """
    name = shorten(label, _MAX_NAME)
    example = "" if is_missing(question) else shorten(question, _MAX_NAME)
    is_repeated = name.endswith("?") or _words(example) <= _words(name)
    return name, "" if is_repeated else example


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def count_rest(gaps: pd.DataFrame) -> str:
    """Return how many topics the lists hold that are not shown at first; empty for none.

    >>> count_rest(pd.DataFrame({"listing": ["covered", "covered", "dismissed", "to close"]}))
    '3 more topics: 2 covered, 1 dismissed'
    """
    counts = gaps["listing"].value_counts()
    parts = [f"{counts[name]:,} {name}" for name in REST if name in counts]
    n = int(gaps["listing"].isin(REST).sum())
    return f"{n:,} more topic{'' if n == 1 else 's'}: {', '.join(parts)}" if n else ""
