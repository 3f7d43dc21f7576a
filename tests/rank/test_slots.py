"""Slots: what only the company knows, from questions and from other companies' facts."""

import pandas as pd
import pytest

from coverage_kit.rank.offer_slots import fact_slot
from coverage_kit.rank.parties import Parties, read_parties
from coverage_kit.rank.slot_words import MAX_LENGTH, is_repeated, tidy
from coverage_kit.rank.slots import question_slot
from coverage_kit.text.english import English
from coverage_kit.text.figures import find_figures, measures_of
from coverage_kit.text.indirect import indirect

TEXTS = [
    "A tent pitches in minutes. A pole breaks in a storm. A repair takes a week.",
    "You can rent a tent. How do I pitch a tent? Can I pitch it alone?",
]


@pytest.fixture(scope="module")
def english() -> English:
    return English(TEXTS)


@pytest.fixture(scope="module")
def parties() -> Parties:
    own = pd.DataFrame(
        {
            "heading_path": ["Rowan tent", "Rowan tent > Weight"],
            "text": ["The Rowan sleeps two. Fernhollow makes it.", "The Rowan is light."],
            "site": ["fernhollow.example"] * 2,
        }
    )
    other = pd.DataFrame(
        {
            "heading_path": ["Kestrel tent", "Tests"],
            "text": [
                "The Kestrel sleeps four. Hire of a family tent costs £35 a night.",
                "In our wind test the poles bent 12 cm at 90 km/h, in 25 of 40 trials.",
            ],
            "site": ["marlcamp.example"] * 2,
        }
    )
    answers = ["Marlcamp's Kestrel is heavy.", "The Marlcamp Kestrel leaks."]
    return read_parties([("Fernhollow",), ("Marlcamp",)], answers, own, other)


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("Does the rain get in?", "whether the rain gets in"),
        ("Are tent poles a weak point?", "whether tent poles are a weak point"),
        ("Is it safe to cook in a tent?", "whether it is safe to cook in a tent"),
        ("Can I carry my tent by bike?", "whether people can carry a tent by bike"),
        ("How heavy is it to carry a tent?", "how heavy it is to carry a tent"),
        ("How much is a 2 year old tent worth?", "what a 2-year-old tent is worth"),
        ("How do I clean the groundsheet?", "how to clean the groundsheet"),
        ("What is the weight of a peg?", "weight of a peg"),
        ("Where can I sell my tent?", "where people can sell a tent"),
        ("Who repairs a broken pole?", "who repairs a broken pole"),
        ("When do most people stop camping?", "when most people stop camping"),
        ("Does it leak or do seams hold?", "whether it leaks"),
        ("Is the tent under warranty?", "whether the tent is under warranty"),
        ("Are dogs allowed in the tent?", "whether dogs are allowed in the tent"),
    ],
)
def test_question_becomes_indirect_clause(question: str, clause: str, english: English) -> None:
    assert indirect(question, english) == clause


@pytest.mark.parametrize(
    "question",
    [
        "Are the fumes from a pottery kiln dangerous to children?",
        "Is the clay you sell food safe?",
        "Is a shed at the end of the garden allowed?",
        "Wheel ramp for stairs heavy ebike flat",
        "Flat bed trailer that folds, price",
    ],
)
def test_a_question_whose_word_order_is_not_sure_is_quoted(
    question: str, parties: Parties, english: English
) -> None:
    assert question_slot(question, [], parties, english) == f"your answer to “{question}”"


def test_no_clause_keeps_the_asker(english: English) -> None:
    assert indirect("What would you tell me if I call?", english) == ""
    assert indirect("Tents", english) == ""


@pytest.mark.parametrize(
    ("question", "texts", "slot"),
    [
        (
            "Does Fernhollow rent tents out?",
            [],
            "whether you rent tents out, and on what terms",
        ),
        (
            "Family of five, any weight limit for pegs?",
            ["Pegs hold 12 kg.", "Others hold 20 kg each, at 40 cm."],
            "weight limit for pegs, in kg",
        ),
        (
            "How much is a 2 year old tent worth?",
            ["It is worth £90.", "I sold mine for £120."],
            "what a 2-year-old tent is worth, in £",
        ),
        ("Best tent for a storm", [], "which tent for a storm you recommend, and why"),
        ("Rowan footprint?", [], "whether you offer a footprint for the Rowan, and its price"),
        (
            "Fernhollow vs Marlcamp",
            [],
            "where your products and Marlcamp differ, figure by figure",
        ),
        ("Pitching a tent in sand", [], "how to pitch a tent in sand"),
        (
            "Renting a tent by the week",
            [],
            "whether you offer this, and on what terms: renting a tent by the week",
        ),
    ],
)
def test_question_asks_for_what_the_company_knows(
    question: str, texts: list[str], slot: str, parties: Parties, english: English
) -> None:
    assert question_slot(question, texts, parties, english) == slot


def test_question_that_no_rule_fits_is_quoted(parties: Parties, english: English) -> None:
    assert question_slot("Wohin mit dem alten Zelt?", [], parties, english) == (
        "your answer to “Wohin mit dem alten Zelt?”"
    )
    long = "Zelt " * 40
    slot = question_slot(f"{long}[wirklich]?", [], parties, english)
    assert len(slot) <= MAX_LENGTH
    assert slot.endswith("…”")
    assert "[" not in slot


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        (
            "Marlcamp sells a storm kit for its Kestrel at £48.",
            "whether you sell a storm kit, and its price in £",
        ),
        (
            "Marlcamp's repair plan is £12 a year.",
            "whether you offer a repair plan, and its price in £",
        ),
        (
            "A liner keeps you dry; Marlcamp charges £20 for one.",
            "your price for liner, in £",
        ),
        (
            "In Marlcamp's trial the poles bent 12 cm.",
            "result of a test of your own for “Will the poles bend?” (your figures in cm)",
        ),
        ("The Kestrel weighs 9 kg.", "whether the poles will bend (your figures in kg)"),
    ],
)
def test_fact_of_another_company_becomes_a_slot(
    text: str, slot: str, parties: Parties, english: English
) -> None:
    assert parties.is_of_other(text)
    assert fact_slot(text, "Will the poles bend?", [], parties, english) == slot


def test_whose_fact_it_is(parties: Parties) -> None:
    assert parties.names_own("Is the Rowan warm?")
    assert parties.names_other("Two kestrels") and parties.names_other("the Kestrel's door")
    assert parties.is_of_other("One maker tests seams for a day.")
    assert not parties.is_of_other("Ask the maker how seams are tested.")
    # the price that only the other company's page states, without its name
    assert parties.is_of_other("A family tent costs £35 a night to hire.")
    assert not parties.is_of_other("Expect a family tent to cost about £35 a night to hire.")
    assert parties.is_of_other("In a wind test, poles bent 12 cm at 90 km/h.")
    assert not parties.is_of_other("Poles made of steel bend at 90 km/h.")


def test_slots_are_short_and_not_repeated() -> None:
    assert tidy("what [x]\n is, ") == "what (x) is"
    assert len(tidy("word " * 60)) <= MAX_LENGTH
    assert is_repeated("price of the storm kit, in £", ["what the storm kit costs, its price"])
    assert not is_repeated("weight of a peg, in kg", ["price of the storm kit, in £"])


def test_figures_share_their_unit() -> None:
    assert measures_of("A dog weighs 28 to 36 kg, the box is 92 cm by 61 cm.") == {
        "kg": {"28", "36"},
        "cm": {"92", "61"},
    }
    units = [figure.unit for figure in find_figures("£1,200 for 3 tents at 30 °C and 40 km/h")]
    assert units == ["£", "", "°C", "km/h"]
