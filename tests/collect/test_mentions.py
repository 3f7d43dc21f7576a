import pandas as pd
import pytest

from coverage_kit.collect.mentions import find_mentions
from coverage_kit.errors import SettingsError
from coverage_kit.tables import ANSWERS

ACME, PRO, IT = ["Acme", "Acme Corp"], ["Acme Pro"], ["IT", "it works"]


def answers(*texts):
    rows = [
        {"answer_id": f"a{i}", "query_id": "q", "engine": "x", "text": text, "has_searched": True}
        for i, text in enumerate(texts)
    ]
    return ANSWERS.table(rows)


def brands_in(text, *brands):
    mentions = find_mentions(answers(text), brands)
    return list(zip(mentions["brand"], mentions["n_words"], strict=True))


def test_order_of_first_naming_and_words_of_the_naming_sentences():
    text = "Beta is fine. Acme leads the pack. Nothing here. Acme and Beta compete, says Acme."
    mentions = find_mentions(answers(text, "None of them.", "Acme!"), [ACME, ["Beta"], ["Gamma"]])
    assert mentions.to_numpy().tolist() == [
        ["a0", "Beta", 0, 9],
        ["a0", "Acme", 1, 10],
        ["a2", "Acme", 0, 1],
    ]


@pytest.mark.parametrize(
    ("text", "n_words"),
    [
        ("ACME leads.", 2),
        ("We like Acme's tools.", 4),
        ("We like Acme\u2019s tools.", 4),
        ("(Acme) [Acme](https://acme.com/acme)", 2),
        ("Acme-based tools", 2),
        ("acme corp. leads", 3),
        ("Acme  \n Corp", 2),
        ("**Acme** leads", 2),
    ],
)
def test_what_counts_as_a_mention(text, n_words):
    assert brands_in(text, ACME) == [("Acme", n_words)]


@pytest.mark.parametrize(
    "text",
    [
        "Acmeville is a town.",
        "See https://www.acme.com/acme.",
        "See http://shop.example.com/?q=Acme today.",
        "See www.Acme.com/x.",
        "See acme.com or shop.acme.co.uk/Acme.",
        "Write to Acme@example.com or sales@acme.com.",
        "my_acme",
        "",
    ],
)
def test_what_does_not(text):
    assert brands_in(text, ACME) == []


def test_a_longer_name_of_another_brand_hides_the_shorter_one():
    assert brands_in("Acme Pro leads.", ACME, PRO) == [("Acme Pro", 3)]
    assert brands_in("Super Acme leads.", ACME, ["Super Acme"]) == [("Super Acme", 3)]
    assert brands_in("Acme Pro beats Acme.", ACME, PRO) == [("Acme Pro", 4), ("Acme", 4)]
    assert brands_in("Acme Pro leads.", ACME) == [("Acme", 3)]


def test_names_of_three_letters_keep_their_case():
    assert brands_in("it is IT.", IT) == [("IT", 3)]
    assert brands_in("it is.", IT) == []
    assert brands_in("IT WORKS", IT) == [("IT", 2)]


def test_names_with_signs():
    assert brands_in("Booking.com leads, see https://www.booking.com.", ["Booking.com"]) == [
        ("Booking.com", 4)
    ]
    assert (
        brands_in("See www.booking.com and booking.com/x and x@booking.com.", ["Booking.com"]) == []
    )
    assert brands_in("Booking.com Business leads.", ["Booking.com"], ["Booking.com Business"]) == [
        ("Booking.com Business", 3)
    ]
    assert brands_in("We use Yahoo! daily.", ["Yahoo!"])[0][0] == "Yahoo!"
    assert brands_in("Cafe\u0301 Nero", ["Caf\u00e9 Nero"]) == [("Caf\u00e9 Nero", 2)]
    assert brands_in("McDonald's", ["McDonald\u2019s"]) == [("McDonald\u2019s", 1)]


def test_no_brands_and_no_answers_give_empty_tables():
    assert find_mentions(answers("Acme"), []).empty
    assert find_mentions(answers("Acme"), [[], [" "]]).empty
    assert find_mentions(ANSWERS.empty(), [ACME]).empty


def test_a_name_of_two_brands_is_an_error():
    with pytest.raises(SettingsError, match="'ACME' as a name of one brand"):
        find_mentions(answers("Acme"), [ACME, ["Other", "ACME"]])


def test_the_answers_are_left_as_they_were():
    before = answers("Acme leads.")
    find_mentions(before, [ACME])
    pd.testing.assert_frame_equal(before, answers("Acme leads."))
