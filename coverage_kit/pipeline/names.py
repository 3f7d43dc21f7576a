"""Names of a run's clusters and themes."""

from dataclasses import dataclass

from coverage_kit.match.labels import label_clusters
from coverage_kit.match.themes import form_themes
from coverage_kit.match.titles import cited_titles
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.polish import polish_names
from coverage_kit.pipeline.run import Run
from coverage_kit.tables import Clusters, Labels
from coverage_kit.vectors import Embeddings


@dataclass(frozen=True)
class Names:
    """Names of a run: of clusters, and of themes by their id."""

    clusters: Labels
    themes: dict[str, str]


def name_topics(
    run: Run, inputs: Inputs, clusters: Clusters, topics: Embeddings
) -> tuple[Names, Clusters]:
    """Return the names of clusters and themes, and the clusters with the theme of each query.

    Names are in the words of questions, answers and titles.

    Args:
        run: the run.
        inputs: what it reads.
        clusters: the cluster of each query, and in `theme_id` its group of clusters.
        topics: vectors of the queries (`topic_embeddings`).
    """
    log = inputs.log
    texts = log.answers.dropna(subset=["text"]).groupby("query_id")["text"]
    answers = {str(query_id): of_query.tolist() for query_id, of_query in texts}
    titles = cited_titles(log.answers, log.citations, inputs.pages)
    brands = [name for names in inputs.brand_names for name in names]
    labels = label_clusters(log.queries, clusters, topics, run.encoder, answers, titles, brands)
    labels = polish_names(run, labels, clusters, log.queries)
    themed, themes = form_themes(log.queries, clusters, labels, answers, titles, brands)
    return Names(labels, themes), themed
