"""Themes, as a table: what each is called, and what is in it."""

from coverage_kit.tables import THEMES, Clusters, Gaps, Labels, Queries, Themes, checked
from coverage_kit.vocabulary import TO_CLOSE


@checked
def describe_themes(clusters: Clusters, queries: Queries, labels: Labels, gaps: Gaps) -> Themes:
    """Return the themes with their sizes, the most asked first.

    Args:
        clusters: the cluster and theme of each query.
        queries: the queries, with their demand.
        labels: names of the themes, by theme id in `cluster_id`.
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
    themes["label"] = labels.set_index("cluster_id")["label"]
    ordered = themes.reset_index().sort_values(
        ["demand", "theme_id"], ascending=[False, True], ignore_index=True
    )
    return THEMES.typed(ordered.fillna({"n_gaps": 0}))
