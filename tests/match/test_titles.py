import pytest

from coverage_kit.match.titles import cited_titles, words_of_address
from coverage_kit.tables import ANSWERS, CITATIONS, PAGES


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
