"""Panels: drawn from a log by strata, stored as CSV, versioned by their queries."""

import numpy as np
import pandas as pd
import pytest

from coverage_kit.collect.logs.tabulate import query_id
from coverage_kit.collect.panel import make_panel, panel_version, read_panel, write_panel
from coverage_kit.collect.panel.panel import allocate_sample
from coverage_kit.errors import SettingsError
from coverage_kit.tables import CLUSTERS, QUERIES


def a_log(sizes: dict[str, tuple[int, float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return queries and clusters, by each cluster's number of queries and their demand."""
    rows = [
        (f"{name} question {i}", name, demand)
        for name, (size, demand) in sizes.items()
        for i in range(size)
    ]
    queries = [
        {"query_id": query_id(text), "text": text, "demand": demand} for text, _, demand in rows
    ]
    clusters = [
        {"query_id": query_id(text), "cluster_id": name, "membership": 1.0}
        for text, name, _ in rows
    ]
    return QUERIES.table(queries), CLUSTERS.table(clusters)


def counts(panel: pd.DataFrame) -> dict[str, int]:
    return panel.groupby("cluster_id").size().to_dict()


def test_a_cluster_gets_queries_by_its_demand_and_one_at_least():
    panel = make_panel(*a_log({"brakes": (40, 3.0), "tyres": (40, 1.0), "bells": (5, 0.1)}), n=20)
    # The demands are 120, 40 and 0.5. After one query each, 17 are left for shares of 14.95, 4.98
    # and 0.06.
    assert counts(panel) == {"bells": 1, "brakes": 14, "tyres": 5}


def test_what_a_small_cluster_cannot_give_the_others_give():
    assert counts(make_panel(*a_log({"brakes": (4, 100.0), "tyres": (40, 1.0)}), n=20)) == {
        "brakes": 4,
        "tyres": 16,
    }


def test_where_there_are_more_clusters_than_queries_the_most_asked_get_one():
    panel = make_panel(*a_log({"brakes": (4, 3.0), "tyres": (4, 2.0), "bells": (4, 1.0)}), n=2)
    assert counts(panel) == {"brakes": 1, "tyres": 1}


def test_a_sample_is_allocated_by_largest_remainders():
    assert allocate_sample(np.array([5.0, 3.0, 2.0]), [99, 99, 99], 11) == [
        6,
        3,
        2,
    ]  # 5.5, 3.3, 2.2


def test_all_queries_are_taken_where_there_are_no_more():
    queries, clusters = a_log({"brakes": (3, 1.0)})
    assert sorted(make_panel(queries, clusters, n=50)["text"]) == sorted(queries["text"])


def test_queries_of_no_cluster_are_drawn_too():
    queries, clusters = a_log({"brakes": (10, 1.0), "tyres": (10, 1.0)})
    panel = make_panel(queries, clusters[clusters["cluster_id"] == "brakes"], n=10)
    assert panel["cluster_id"].isna().sum() == 5


def test_each_cluster_has_its_share_of_the_holdout():
    panel = make_panel(
        *a_log({"brakes": (30, 1.0), "tyres": (30, 1.0), "bells": (30, 1.0)}),
        n=60,
        share_of_holdout=0.3,
    )
    n_holdout = panel.groupby("cluster_id")["is_holdout"].sum()
    assert set(n_holdout) <= {5, 6, 7}
    assert panel["is_holdout"].sum() == 18
    assert not make_panel(*a_log({"brakes": (9, 1.0)}), share_of_holdout=0.0)["is_holdout"].any()


def test_what_is_asked_more_is_drawn_more_often():
    queries, clusters = a_log({"brakes": (50, 1.0)})
    queries["demand"] = [99.0 if i < 10 else 1.0 for i in range(50)]
    often = set(queries["query_id"][:10])
    drawn = [
        len(often & set(make_panel(queries, clusters, n=10, seed=seed)["query_id"]))
        for seed in range(20)
    ]
    assert np.mean(drawn) > 8


def test_the_same_seed_gives_the_same_panel_and_another_one_another():
    log = a_log({"brakes": (40, 1.0), "tyres": (40, 2.0)})
    first, again, other = (make_panel(*log, n=20, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert panel_version(first) != panel_version(other)


def test_the_order_of_asking_mixes_the_clusters():
    panel = make_panel(*a_log({"brakes": (40, 1.0), "tyres": (40, 1.0)}), n=40)
    assert set(panel.sort_values("position")["cluster_id"].head(10)) == {"brakes", "tyres"}


def test_a_panel_survives_its_file(tmp_path):
    panel = make_panel(*a_log({"brakes": (10, 1.0), "tyres": (10, 1.0)}), n=10)
    pd.testing.assert_frame_equal(read_panel(write_panel(panel, tmp_path / "panel.csv")), panel)


def test_a_panel_asked_from_its_file_has_the_version_that_was_reported_when_it_was_made(tmp_path):
    queries, clusters = a_log({"brakes": (3, 1.0)})
    queries["text"] = [f"  which\n brake \t{i} " for i in range(3)]
    panel = make_panel(queries, clusters, name="our panel")
    assert sorted(panel["text"]) == ["which brake 0", "which brake 1", "which brake 2"]
    assert panel_version(panel).startswith("our-panel-")
    assert panel_version(
        read_panel(write_panel(panel, tmp_path / "our panel.csv"))
    ) == panel_version(panel)


def test_a_changed_panel_is_another_version_and_another_order_is_not(tmp_path):
    def version(text: str) -> str:
        (tmp_path / "ours.csv").write_text(text)
        return panel_version(read_panel(tmp_path / "ours.csv"))

    first = version("query,is_holdout\nhow do brakes work,yes\nwhich tyre\n")
    assert first.startswith("ours-")
    assert first == version("which,query\n1,which tyre\n2,how do brakes work\n")
    assert first != version("query\nhow do brakes work\nwhich tyre\nwhich bell\n")


def test_a_panel_written_by_hand_needs_queries_alone(tmp_path):
    (tmp_path / "p.csv").write_text(
        "\ufeffPrompt,is_holdout\n Which  tyre? ,yes\n\nWhich bell?,\n", encoding="utf-8"
    )
    panel = read_panel(tmp_path / "p.csv")
    assert panel["text"].tolist() == ["Which tyre?", "Which bell?"]
    assert panel["is_holdout"].tolist() == [True, False]
    assert panel["query_id"].tolist() == [query_id("which tyre"), query_id("which bell")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a column query"),
        ("url,title\na,b\n", "a column query"),
        ("query\nWhich tyre?\nwhich TYRE\n", "found 'Which tyre.' and 'which TYRE'"),
    ],
)
def test_a_file_that_is_no_panel_is_an_error(tmp_path, text, problem):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(SettingsError, match=problem):
        read_panel(tmp_path / "p.csv")


def test_a_missing_panel_is_an_error_that_says_how_to_make_one(tmp_path):
    with pytest.raises(SettingsError, match="coverage-kit panel RUN"):
        read_panel(tmp_path / "p.csv")


def test_a_panel_of_nothing_is_refused():
    with pytest.raises(SettingsError, match="n = 0"):
        make_panel(*a_log({"brakes": (3, 1.0)}), n=0)


def test_a_query_that_looks_like_a_formula_is_text_in_the_file_and_itself_when_read(tmp_path):
    texts = ["=1+1", "@x asks", "-5 degrees", "a;=1", "'=seven", "＋two", "it's far"]  # noqa: RUF001
    path = tmp_path / "panel.csv"
    path.write_text("query\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    written = write_panel(read_panel(path), tmp_path / "again.csv")
    cells = [line.split(",")[0] for line in written.read_text(encoding="utf-8").splitlines()[1:]]
    assert cells == ["'=1+1", "'@x asks", "'-5 degrees", "a;'=1", "'=seven", "'＋two", "it's far"]  # noqa: RUF001
    again = read_panel(written)
    assert list(again["text"]) == [text.removeprefix("'") for text in texts]
    assert set(again["query_id"]) == {query_id(text) for text in again["text"]}
