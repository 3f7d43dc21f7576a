# ruff: noqa: RUF001 (letters of other scripts look like Latin ones)
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st

from coverage_kit.match.names import NameIndex, VersionIndex
from coverage_kit.text.identifiers import find_proper_names

PAGES = [
    "Tubs: The Vexor 4410 heats fast. Run tubctl with --[no-]verify.",
    "Errors: error 1603 means a closed valve. See tub_config.toml.",
    "Tubware 3.12.1 release notes. It works with APIs of Lumo 10 and camel case names.",
]


def presence(question, pages=PAGES, **change):
    return NameIndex(pages, [question]).presence(**change)[0]


@pytest.mark.parametrize(
    "question",
    [
        "Is a Vexor-4410 loud?",
        "is a vexor4410 loud",
        "Why do I see error code 1603?",
        "What is in tub_config.toml?",
        "What is in tub-config.toml?",
        "What does --no-verify do?",
        "What does --verify do?",
        "Is Tubware 3.12 fast?",
        "Is Tubware 3.12.1 fast?",
        "Is CamelCase read?",
        "`tubctl` or `API`?",
    ],
)
def test_a_name_is_present_in_any_of_its_spellings(question):
    index = NameIndex(PAGES, [question])
    assert index.absent() in ([()], [("tub-config.toml",)])
    if index.names:
        assert index.presence()[0] == 1


@pytest.mark.parametrize(
    "question",
    [
        "Is a Vexor-4420 loud?",
        "Is a Vexor-441 loud?",
        "Why do I see error code 160?",
        "Is Tubware 3.13 fast?",
        "Is Tubware 3.1 fast?",
        "Is Tubware 3.12.2 fast?",
        "What does --onto do?",
        "Does it work with Lumo 11?",
    ],
)
def test_a_similar_name_is_another_name(question):
    pages = [*PAGES, "Put the lid onto the tub."]
    assert presence(question, pages) == 0


def test_a_finer_version_is_present_where_the_site_means_all_of_a_coarser_one():
    assert presence("Is Tubware 3.12.2 fast?", ["Tubware 3.12 is fast."]) == 1
    assert presence("Is Tubware 3.12.2 fast?", ["Tubware 3 is fast."]) == 1
    assert presence("Does Tubware 3.x fit?", ["Tubware 3.7 fits."]) == 1


def test_presence_is_the_share_of_names_and_nan_without_names():
    index = NameIndex(PAGES, ["Vexor-4410 or Vexor-4420?", "Which tub is loud?", "the lumo z7"])
    np.testing.assert_array_equal(index.presence(), [0.5, np.nan, 0])
    assert index.absent() == [("vexor4420",), (), ("z7",)]


def test_hidden_passages_take_their_names_away_and_added_texts_bring_names():
    index = NameIndex(PAGES, ["Vexor-4410?", "error code 1603?", "the lumo z7"])
    hidden = np.array([True, False, False])
    np.testing.assert_array_equal(index.presence(hidden), [0, 1, 0])
    np.testing.assert_array_equal(index.presence(hidden, ["A Lumo Z7, a Vexor4410."]), [1, 1, 1])
    np.testing.assert_array_equal(index.presence(), [1, 1, 0])
    assert index.absent(hidden) == [("vexor4410",), (), ("z7",)]


def test_proper_names_are_found_across_accents_case_and_number():
    pages = ["HAULWRIGHT ships to Übersee.", "The Lindqvists live here."]
    questions = [
        "Does Haulwright's van come?",
        "Is there a way to Ubersee by van?",
        "Who is Rosa Lindqvist here?",
        "Does Fernby ship too?",
    ]
    index = NameIndex(pages, questions, find_proper_names)
    np.testing.assert_array_equal(index.presence(), [1, 1, 0.5, 0])


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("Vexor4410显卡怎么样?", "本站出售Vexor 4410显卡。"),
        ("Есть ли Ту-154?", "Самолёт ТУ154 летает."),
        ("هل يدعم VXR 4410 الطابعة", "نعم، VXR-٤٤١٠ مدعوم"),
        ("iTub 15は安いですか", "新しいｉＴｕｂ１５です。"),
    ],
)
def test_a_name_is_present_in_text_of_any_script(question, page):
    assert presence(question, [page]) == 1
    assert presence(question, [page.replace("4", "5").replace("٤", "٥").replace("１", "２")]) == 0


def test_a_site_without_passages_and_a_log_without_names_have_no_names():
    np.testing.assert_array_equal(NameIndex([], ["Vexor-4410?"]).presence(), [0])
    np.testing.assert_array_equal(NameIndex(PAGES, ["Which tub?"]).presence(), [np.nan])
    assert NameIndex(PAGES, []).presence().shape == (0,)
    assert NameIndex(PAGES, []).absent() == []


@given(st.lists(st.text(max_size=40), max_size=4), st.lists(st.text(max_size=40), max_size=4))
def test_presence_is_a_share_and_a_site_that_quotes_the_questions_has_all_names(pages, questions):
    index = NameIndex(pages, questions)
    shares = index.presence()
    assert ((shares >= 0) & (shares <= 1) | np.isnan(shares)).all()
    assert (index.presence(added_texts=questions) >= np.nan_to_num(shares))[~np.isnan(shares)].all()


NOTES = [
    "Tubware 3.12.1: Fees of 2023",
    "Tubware 3.13: what is new",
    "Fees of 2024 in Tallmere",
    "Lids for 2 tubs",
]


def agreement(question, *rows):
    return VersionIndex(NOTES, [question]).agreement(np.array([rows]))[0]


@pytest.mark.parametrize(
    ("question", "row", "value"),
    [
        ("Is Tubware 3.12 fast?", 0, 1),
        ("is tubware 3 fast", 0, 1),
        ("Is Tubware 3.12.1.5 fast?", 0, 1),
        ("Is Tubware 3.13 fast?", 0, -1),
        ("Is Tubware 3.1 fast?", 1, -1),
        ("Is Tubware fast?", 0, 0),
        ("Is Lidware 3.12 fast?", 0, 0),
        ("What are the fees of 2024?", 2, 1),
        ("What are the fees of 2025?", 2, -1),
        ("What are the fees of 2025?", 3, 0),
        ("What do 2024 people pay?", 2, 0),
    ],
)
def test_a_passage_agrees_with_its_version_and_year_and_conflicts_with_others(question, row, value):
    assert agreement(question, row) == value


def test_any_passage_that_agrees_outweighs_those_that_differ():
    assert agreement("What are the fees of 2024?", 0, 2) == 1
    assert agreement("What are the fees of 2024?", 2, 0) == 1
    assert agreement("What are the fees of 2024?", 3, 2) == 1


def test_only_the_nearest_passage_can_differ():
    assert agreement("What are the fees of 2025?", 0, 3) == -1
    assert agreement("What are the fees of 2025?", 3, 0) == 0


def test_missing_passages_and_missing_queries_say_nothing():
    assert agreement("What are the fees of 2025?", -1, -1) == 0
    assert VersionIndex(NOTES, ["Fees of 2025?"]).agreement(np.zeros((1, 0), int)).tolist() == [0]
    assert VersionIndex(NOTES, []).agreement(np.zeros((0, 3), int)).shape == (0,)
    assert VersionIndex([], ["Fees of 2025?"]).agreement(np.array([[-1]])).tolist() == [0]


@pytest.mark.parametrize("piece", ["a_", "1.", "a-", "A1", "`a", "--a", "Ab "])
def test_a_long_run_of_one_piece_takes_no_longer_than_a_page(piece):
    text = piece * 2000
    start = time.process_time()
    NameIndex([text], [text]).presence()
    VersionIndex([text], [text])
    assert time.process_time() - start < 5
