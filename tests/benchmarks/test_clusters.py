import json

import pandas as pd
import pytest

from benchmarks import __main__ as command
from benchmarks.clusters import missed_cluster_floors, score_clusters
from tests.encoder import WordEncoder


def test_pairs_torn_topics_and_mixed_clusters_are_counted():
    """Topic a is in two clusters of two or more; cluster 1 has half of each topic.

    Of seven pairs in one cluster, three are of one topic; of nine pairs of one topic, three are
    kept.
    """
    figures = score_clusters(list("aaaabbbc"), list("00111123"))
    assert figures["precision"] == pytest.approx(3 / 7)
    assert figures["recall"] == pytest.approx(3 / 9)
    assert (figures["n_torn"], figures["n_mixed"], figures["n_topics"]) == (1, 1, 3)


def test_a_figure_below_its_floor_is_named():
    report = {"x": {"ari": 0.5, "precision": 0.9}}
    floors = {"x/clusters": {"ari": 0.6, "precision": 0.8}}
    assert missed_cluster_floors(report, floors) == ["x/clusters: ari is 0.500, below 0.600"]


def test_the_command_reads_citations_and_writes_figures(tmp_path, capsys):
    subjects = ["brake pads", "tyre width", "battery range"]
    queries = [
        {"query_id": f"q{number}", "text": f"{subject} {number}", "topic": subject}
        for number, subject in enumerate(subjects * 4)
    ]
    pd.DataFrame(queries).to_parquet(tmp_path / "queries.parquet")
    responses = [
        {
            "query_id": row["query_id"],
            "response_text": f"It is about {row['topic']}.",
            "engine": "e",
            "citations": [f"https://x.example/{row['topic'][:3]}?utm_source=e"],
        }
        for row in queries
    ]
    pd.DataFrame(responses).to_parquet(tmp_path / "responses.parquet")
    out = tmp_path / "figures.json"
    arguments = ["clusters", "--set", str(tmp_path), "--check", "--json", str(out)]
    cache = ["--cache", str(tmp_path / "vectors.sqlite")]
    assert command.main([*arguments, *cache], encoder=WordEncoder()) == 0
    (figures,) = json.loads(out.read_text(encoding="utf-8")).values()
    assert figures["ari"] == 1
    assert "precision" in capsys.readouterr().out
