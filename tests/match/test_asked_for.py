import numpy as np
import pandas as pd
import pytest

from coverage_kit.match.added_passages import NOT_STATED
from coverage_kit.match.asked_for import NEAR_PASSAGES, AskedFor
from coverage_kit.match.heading_names import HeadingNames
from coverage_kit.match.name_evidence import NameEvidence
from coverage_kit.match.word_index import WordIndex
from coverage_kit.tables import PASSAGES, QUERIES

# Page, headings and text of each passage of a luthier's site.
SITE = [
    ("bows", "Rehairing a bow", "We rehair a bow for £48, with white hair."),
    ("bows", "Cleaning a bow", "Wipe the stick of the bow with a cloth. Loosen the hair."),
    ("lark", "Lark violin", "Our violin, the Lark, has a spruce top. Its case is included."),
    ("lark", "Lark violin > Weight", "The Lark weighs 430 g."),
    ("wren", "Wren violin", "For beginners we make the Wren, a violin with a chin rest."),
    ("hire", "Hire rules 2025", "Hire ends on 30 June 2025. Return the violin with its case."),
    ("shop", "Opening hours", "The shop opens from 9 am to 5 pm."),
]


def make_passages(rows=SITE):
    return PASSAGES.table(
        {
            "passage_id": f"{page}#{number}",
            "page_id": page,
            "site": "ours",
            "position": number,
            "heading_path": heading,
            "text": text,
            "n_words": len(text.split()),
        }
        for number, (page, heading, text) in enumerate(rows)
    )


def ask(*questions, rows=SITE):
    """Return what the questions ask for on the site, with passages near by shared words."""
    passages = make_passages(rows)
    queries = QUERIES.table(
        {
            "query_id": str(number),
            "text": question,
            "demand": 1.0,
            "first_asked_at": pd.Timestamp("2026-02-01", tz="UTC"),
            "last_asked_at": pd.Timestamp("2026-02-01", tz="UTC"),
        }
        for number, question in enumerate(questions)
    )
    texts = list(passages["heading_path"] + " " + passages["text"])
    index = WordIndex(texts, list(questions))
    near = index.nearest(2 * NEAR_PASSAGES)[1]
    return AskedFor(list(questions), passages, index, NameEvidence(passages, queries), near)


@pytest.mark.parametrize(
    ("answered", "related", "condition"),
    [
        ("What does rehairing a bow cost?", "What does cleaning a bow cost?", "price"),
        ("How do I clean the bow?", "How do I rehair a bow?", "steps"),
        ("What is the weight of the Lark?", "What is the weight of the Wren?", "quantity"),
        ("Is a case included with the Lark?", "Is a case included with the Wren?", "name"),
        ("When does hire end in 2025?", "When does hire end in 2026?", "date"),
        ("When does hire end in 2025?", "When does hire end this year?", "date"),
        ("Hire rules 2025 violin return", "Hire rules 2026 violin return", "version"),
    ],
)
def test_related_text_does_not_state_what_is_asked_for(answered, related, condition):
    asked_for = ask(answered, related)
    assert asked_for.conditions() == [condition] * 2
    assert asked_for.stated().tolist() == [1, 0]


@pytest.mark.parametrize(
    "question",
    [
        "tell me about bows",  # no condition
        "What does a piano stool cost?",  # no passage knows the subject
        # what a story is about is in its other sentences
        "I have an old bow from my aunt, who played in the town band for years and then left it "
        "in the attic where it was very hot. What does it cost?",
    ],
)
def test_where_nothing_is_known_nothing_is_said(question):
    assert np.isnan(ask(question).stated()).all()


def test_without_the_passage_that_states_it_the_question_is_merely_related():
    asked_for = ask("What does rehairing a bow cost?", "How do I clean the bow?")
    hidden = np.zeros(len(SITE), bool)
    hidden[0] = True
    assert asked_for.stated(hidden).tolist() == [0, 1]


def test_a_new_passage_counts_only_if_it_states_what_is_asked_for():
    asked_for = ask("What does cleaning a bow cost?", "What is the weight of the Wren?")
    headings = ["Cleaning a bow", "Cleaning a bow", "Wren violin", "Lark violin"]
    texts = [
        "Cleaning costs £15 a bow.",
        "Many people ask us what cleaning a bow costs.",
        "Its weight is 425 g.",
        "Its weight is 430 g.",
    ]
    shares = asked_for.compare(headings, texts)
    assert (shares.stated == NOT_STATED).tolist() == [
        [False, True, True, True],
        [False, True, False, True],
    ]
    # the price of cleaning is a figure, but has nothing of the Wren
    assert shares.stated[1, 0] == 0
    for columns, expected in (([0], [1, 0]), ([1], [0, 0]), ([2], [0, 1]), ([3], [0, 0])):
        assert asked_for.stated(added=shares.select(np.array(columns))).tolist() == expected


def test_names_of_headings():
    assert HeadingNames(make_passages()).names == {"lark", "wren"}
    owner = [(str(page), "Finch", "We at Finch mend it.") for page in range(4)]
    assert HeadingNames(make_passages(owner)).names == frozenset()


def test_where_every_noun_has_a_capital_there_are_no_names():
    german = [
        ("bogen", "Bogen", "Wir spannen den Bogen mit Haar aus der Mongolei und mit Harz."),
        ("geige", "Geige", "Die Decke der Geige ist aus Holz, der Hals ist aus Ahorn."),
    ]
    assert HeadingNames(make_passages(german)).names == frozenset()


def test_a_site_without_passages_near_says_nothing():
    asked_for = ask("What does a bow cost?", rows=SITE[:0])
    assert np.isnan(asked_for.stated()).all()
