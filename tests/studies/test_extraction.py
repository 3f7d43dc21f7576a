"""The study of readers of pages: its measures, and that the written pages are read."""

import pytest

from studies.extraction import Reading, Truth, measure, print_readers, read_ours
from studies.extraction_pages import PAGES


def measured(reading, truth):
    return measure(lambda _: reading, [truth])


def test_precision_and_recall_count_repeated_words():
    figures = measured(Reading("a a b", ()), Truth(b"", "a b c d", ()))
    assert figures["words_precision"] == pytest.approx(2 / 3)
    assert figures["words_recall"] == pytest.approx(2 / 4)
    assert figures["words_f1"] == pytest.approx(4 / 7)


def test_headings_are_compared_as_wholes():
    figures = measured(Reading("x", ("Use #it", "Other")), Truth(b"", "x", ("Use it",)))
    assert (figures["headings_precision"], figures["headings_recall"]) == (0.5, 1.0)


def test_the_headline_of_an_article_is_not_counted():
    figures = measured(
        Reading("Headline\nWords of it", ("Headline",)), Truth(b"", "Words of it", None)
    )
    assert figures["words_f1"] == 1.0
    assert "headings_f1" not in figures


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_kind_of_written_page_is_read(page, capsys):
    figures = measure(read_ours, [Truth(page.html.encode(), page.text, page.headings)])
    print_readers(page.name, {"coverage_kit": figures})
    assert figures["headings_f1"] == 1.0
    assert figures["runs_f1"] > 0.93
    assert "coverage_kit" in capsys.readouterr().out
