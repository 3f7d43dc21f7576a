import time
from math import exp

import pytest

from coverage_kit.measure.words import _count_words, credit_answer, credit_words
from coverage_kit.tables import ANSWERS, CITATIONS, SPANS

# The sentences are at 0-20, 21-39 and 40-58, and have 5, 3 and 3 words.
TEXT = "Ours is a good bike. Theirs costs less. Nobody knows more."


def answers(*texts):
    rows = [
        {"answer_id": f"a{n}", "query_id": "q", "engine": "e", "text": text, "has_searched": True}
        for n, text in enumerate(texts)
    ]
    return ANSWERS.table(rows)


def citations(*rows):
    names = ("answer_id", "position", "site", "kind", "start", "end")
    return CITATIONS.table(
        [
            {"url": f"https://{row[2]}/{row[1]}", **dict(zip(names, row, strict=False))}
            for row in rows
        ]
    )


def spans(*rows):
    return SPANS.table(
        [dict(zip(("answer_id", "position", "start", "end"), row, strict=True)) for row in rows]
    )


def credit(text, *stretches):
    return credit_answer(text, stretches)


def test_earlier_sentences_count_more():
    assert credit(TEXT, (0, 20, 0, "ours"), (21, 39, 1, "theirs")) == pytest.approx(
        {"ours": 5, "theirs": 3 * exp(-1 / 3)}
    )


def test_position_is_over_the_number_of_sentences_not_one_less():
    assert credit(TEXT, (40, 58, 0, "ours"))["ours"] == pytest.approx(
        3 * exp(-2 / 3)
    )  # not exp(-2 / 2)
    assert credit("Only this.", (0, 10, 0, "ours")) == {"ours": 2}  # not a division by 0


def test_words_of_two_letters_count():
    assert credit("We do it so.", (0, 12, 0, "ours")) == {"ours": 4}


def test_the_first_citation_is_the_first_source():
    words = credit(TEXT, (0, 20, 0, "first"), (21, 39, 1, "second"), (40, 58, 2, "last"))
    assert words["first"] == 5
    assert words["last"] == pytest.approx(3 * exp(-2 / 3))


def test_when_nobody_is_cited_nobody_is_credited():
    table = credit_words(answers(TEXT), citations(("a0", 0, "ours", "cited")), spans())
    assert table.empty
    assert table.columns.tolist() == ["answer_id", "site", "words"]


def test_a_sentence_is_split_among_its_pages():
    words = credit(TEXT, (0, 20, 0, "ours"), (0, 20, 1, "ours"), (5, 9, 2, "theirs"))
    assert words == pytest.approx({"ours": 10 / 3, "theirs": 5 / 3})


def test_two_stretches_of_a_page_in_one_sentence_count_once():
    assert credit(TEXT, (0, 4, 0, "ours"), (8, 20, 0, "ours")) == {"ours": 5}


def test_a_stretch_over_two_sentences_counts_in_both():
    assert credit(TEXT, (8, 30, 0, "ours"))["ours"] == pytest.approx(5 + 3 * exp(-1 / 3))


@pytest.mark.parametrize("start", [20, 21])
def test_a_stretch_that_only_touches_a_sentence_is_not_in_it(start):
    assert credit(TEXT, (start, 39, 0, "ours"))["ours"] == pytest.approx(3 * exp(-1 / 3))


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [(20, 21, 5), (20, 20, 5), (58, 58, 3 * exp(-2 / 3)), (90, 95, 3 * exp(-2 / 3))],
)
def test_a_stretch_in_no_sentence_counts_for_the_one_before(start, end, words):
    assert credit(TEXT, (start, end, 0, "ours"))["ours"] == pytest.approx(words)


def test_citation_markers_are_no_words():
    text = (
        "It runs well [1]. ([ours.example](https://ours.example/a)) See [our "
        "guide](https://ours.example/b) now【3†source】."
    )
    assert credit(text, (0, 17, 0, "ours")) == {"ours": 3}
    assert credit(text, (65, 70, 0, "ours"))["ours"] == pytest.approx(4 * exp(-1 / 2))


def test_text_without_sentences_gives_nothing():
    assert credit("  ", (0, 1, 0, "ours")) == {}


def test_every_span_counts_and_starts_of_citations_only_where_an_answer_has_none():
    cited = citations(
        ("a0", 0, "ours", "cited", 0, 20),
        ("a0", 1, "theirs", "cited", 21, 39),
        ("a1", 0, "ours", "cited", 0, 20),
        ("a1", 1, "x", "cited"),
    )
    table = credit_words(answers(TEXT, TEXT), cited, spans(("a0", 1, 0, 20), ("a0", 1, 40, 58)))
    rows = table.to_numpy().tolist()
    assert rows == [["a0", "theirs", pytest.approx(5 + 3 * exp(-2 / 3))], ["a1", "ours", 5]]


def test_retrieved_pages_get_no_credit():
    cited = citations(("a0", 0, "ours", "retrieved", 0, 20))
    assert credit_words(answers(TEXT), cited, spans(("a0", 0, 0, 20))).empty


def test_answers_that_are_not_given_get_no_credit():
    assert credit_words(answers(TEXT), citations(("a9", 0, "ours", "cited", 0, 20)), spans()).empty


def test_a_link_to_an_address_with_brackets_is_no_word():
    text = "See [our guide](https://a.example/Bike_(cargo)) ([ours](https://a.example/(b)/(c)))."
    assert credit(text, (0, 3, 0, "ours")) == {"ours": 3}


@pytest.mark.parametrize("piece", ["([x](", "([", "【", "](", "]((", "](()", "](a()", "([x](a)"])
def test_hostile_markers_are_read_in_time(piece):
    started = time.perf_counter()
    _count_words(piece * 20_000)
    assert time.perf_counter() - started < 1
