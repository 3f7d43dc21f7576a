"""Openings: a first sentence in the form of an answer, or none."""

import re

import pytest

from coverage_kit.rank.openings import write_opening
from coverage_kit.rank.parties import Parties
from coverage_kit.text.english import English

PARTIES = Parties(
    "Fernhollow",
    re.compile("Fernhollow|Rowan"),
    re.compile("Fernhollow"),
    re.compile("Marlcamp"),
    re.compile("Marlcamp"),
    (),
)
ENGLISH = English(["You can pitch a tent. How do I pitch a tent? A storm is loud."])


@pytest.mark.parametrize(
    ("question", "opening"),
    [
        (
            "Can I cook in my tent?",
            "Whether you can cook in your tent depends on [FACT NEEDED: on what].",
        ),
        (
            "Where can I sell my tent?",
            "You can sell your tent [FACT NEEDED: where, and on what terms].",
        ),
        ("How do I pitch a tent?", "To pitch a tent, [FACT NEEDED: what to do first]."),
        (
            "Is it safe to cook in a tent?",
            "Whether it is safe to cook in a tent depends on [FACT NEEDED: what it depends on].",
        ),
        (
            "What is the best tent for storm?",
            "The best tent for a storm is [FACT NEEDED: which one, and why].",
        ),
        (
            "How much does a tent cost?",
            "A tent costs [FACT NEEDED: a range, and what it depends on].",
        ),
    ],
)
def test_rule_makes_a_sentence_with_a_slot(question: str, opening: str) -> None:
    assert write_opening(question, [], PARTIES, ENGLISH) == opening


def test_units_are_asked_for() -> None:
    opening = write_opening("Can I hang a lamp in it?", [], PARTIES, ENGLISH, unit="kg")
    assert opening.endswith("[FACT NEEDED: on what, with limits in kg].")
    price = write_opening("How much does a tent cost?", [], PARTIES, ENGLISH, currency="£")
    assert price == "A tent costs [FACT NEEDED: a range in £, and what it depends on]."


def test_general_fact_of_several_answers_opens() -> None:
    fact = "A pole lasts about ten years."
    question = "How long does a pole last?"
    assert write_opening(question, [(fact, 3)], PARTIES, ENGLISH) == fact
    # one answer alone, a fact of another form, or another company's, does not open
    for text, n_answers in [
        (fact, 1),
        ("Poles are made of steel.", 3),
        ("Marlcamp's poles last 12 years.", 3),
    ]:
        opening = write_opening(question, [(text, n_answers)], PARTIES, ENGLISH)
        assert opening != text


@pytest.mark.parametrize(
    "question",
    [
        "Fernhollow vs Marlcamp",
        "Is Marlcamp better?",
        "Does Fernhollow rent tents out?",
        "Wie schwer ist das Zelt?",
        "Landlord says no tents in the yard, can he do that?",
    ],
)
def test_no_rule_is_no_opening(question: str) -> None:
    assert write_opening(question, [], PARTIES, ENGLISH) == ""
