import pandas as pd
import pytest

from coverage_kit.match.themes import describe_themes
from coverage_kit.match.titles import cited_titles, words_of_address
from coverage_kit.tables import ANSWERS, CITATIONS, CLUSTERS, GAPS, LABELS, PAGES, QUERIES


def test_a_title_is_that_of_the_page_read_or_logged_or_the_words_of_the_address():
    answers = ANSWERS.table(
        [
            {"answer_id": f"a{number}", "query_id": query_id, "engine": "e", "has_searched": True}
            for number, query_id in enumerate(("q0", "q0", "q1"))
        ]
    )
    pages = PAGES.table(
        [{"page_id": "s/dogs", "site": "s", "url": "https://s/dogs", "title": "Carrying a dog"}]
    )
    rows = [
        ("a0", 0, "https://s/dogs", "cited", None),
        ("a0", 1, "https://t/p/1", "cited", "Dogs on bikes"),
        ("a1", 0, "https://s/dogs", "cited", None),
        ("a1", 1, "https://t/seen-only", "retrieved", None),
        ("a2", 0, "https://u/bike-locks-12345.html", "retrieved", None),
    ]
    columns = ("answer_id", "position", "url", "kind", "title")
    citations = CITATIONS.table(
        [dict(zip(columns, row, strict=True)) | {"site": row[2][8]} for row in rows]
    )
    assert cited_titles(answers, citations, pages) == {
        "q0": ["Carrying a dog", "Dogs on bikes"],
        "q1": ["bike locks"],
    }


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://a.example/best-laptops-1304361", "best laptops"),
        ("https://a.example/p/12345", ""),
        ("https://a.example/", ""),
        ("https://[broken", ""),
        ("https://a.example/x/m%C3%BCll-trennen.html?q=1#z", "müll trennen"),
    ],
)
def test_words_of_an_address(url, words):
    assert words_of_address(url) == words


def test_themes_are_counted_by_clusters_queries_demand_and_gaps_to_close():
    clusters = CLUSTERS.table(
        [
            {"query_id": query_id, "cluster_id": cluster_id, "theme_id": theme_id, "membership": 1}
            for query_id, cluster_id, theme_id in (
                ("q0", "c0", "t0"),
                ("q1", "c0", "t0"),
                ("q2", "c1", "t0"),
                ("q3", "c2", "t1"),
            )
        ]
    )
    queries = QUERIES.table(
        [{"query_id": f"q{number}", "text": "x", "demand": 2.0 + number} for number in range(4)]
    )
    labels = LABELS.table(
        [
            {"cluster_id": theme_id, "label": label, "medoid_query_id": "q0"}
            for theme_id, label in (("t0", "Batteries and charging"), ("t1", "Dogs"))
        ]
    )
    gaps = pd.DataFrame(
        {"cluster_id": ["c0", "c1", "c2"], "listing": ["to close", "covered", "to close"]}
    )
    themes = describe_themes.__wrapped__(clusters, queries, labels, gaps)
    assert themes.to_dict("records") == [
        {"theme_id": "t0", "label": "Batteries and charging", "n_clusters": 2, "n_gaps": 1,
         "n_queries": 3, "demand": 9.0},
        {"theme_id": "t1", "label": "Dogs", "n_clusters": 1, "n_gaps": 1, "n_queries": 1,
         "demand": 5.0},
    ]  # fmt: skip
    without = CLUSTERS.table([{"query_id": "q0", "cluster_id": "c0", "membership": 1.0}])
    assert describe_themes(without, queries, labels, GAPS.empty()).empty
