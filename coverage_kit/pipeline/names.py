"""Names of a run's clusters and themes."""

from dataclasses import dataclass

from coverage_kit.match.labels import label_clusters
from coverage_kit.match.titles import cited_titles
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.run import Run
from coverage_kit.tables import LABELS, Clusters, Labels
from coverage_kit.vectors import Embeddings


@dataclass(frozen=True)
class Names:
    """Names of a run: of clusters, and of themes by theme id in `cluster_id`."""

    clusters: Labels
    themes: Labels


def name_topics(run: Run, inputs: Inputs, clusters: Clusters, topics: Embeddings) -> Names:
    """Return the names of clusters and themes, in the words of questions, answers and titles.

    Args:
        run: the run.
        inputs: what it reads.
        clusters: the cluster and theme of each query.
        topics: vectors of the queries (`topic_embeddings`).
    """
    log = inputs.log
    texts = log.answers.dropna(subset=["text"]).groupby("query_id")["text"]
    answers = {str(query_id): of_query.tolist() for query_id, of_query in texts}
    titles = cited_titles(log.answers, log.citations, inputs.pages)
    brands = [name for names in inputs.brand_names for name in names]
    labels = label_clusters(log.queries, clusters, topics, run.encoder, answers, titles, brands)
    if "theme_id" not in clusters or clusters["theme_id"].isna().any():
        return Names(labels, LABELS.empty())
    by_theme = clusters.assign(cluster_id=clusters["theme_id"])
    name_of = dict(zip(labels["cluster_id"], labels["label"], strict=True))
    pairs = zip(clusters["query_id"], clusters["cluster_id"], strict=True)
    names = {query_id: [name_of[cluster_id]] for query_id, cluster_id in pairs}
    themes = label_clusters(
        log.queries,
        by_theme,
        topics,
        run.encoder,
        titles=names,
        brands=brands,
        with_questions=False,
    )
    return Names(labels, themes)
