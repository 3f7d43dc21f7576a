import pytest

from coverage_kit.text.english import English
from coverage_kit.text.phrases import PhraseFinder, stem
from coverage_kit.text.questions import (
    Casing,
    action_phrase,
    capitalised,
    clean_question,
    english_questions,
    plain_text,
)
from coverage_kit.text.spelling import Spelling

PROSE = [
    "The Heron has a GPS tracker, and the Heron is a cargo bike.",
    "You take a cargo bike and a dog; a Heron with a GPS tracker is a bike.",
]
ENGLISH = English(PROSE)
CASING = Casing(PROSE)


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("can i carry a dog", "Can I carry a dog?"),
        ("what gps tracker fits a heron uk 2026", "What GPS tracker fits a Heron?"),
        ("hi, how much does a heron cost please", "How much does a Heron cost?"),
        ("my bike is 3 years old. do i need insurance??", "Do I need insurance?"),
        ("rent a cargo bike monthly uk", "Renting a cargo bike monthly"),
        ("heron or longtail for two kids", "Heron or longtail for two kids?"),
        ("going DOWN steep hills", "Going down steep hills"),
        ("best cargo bike 2026", "Best cargo bike"),
        ("battery fire: what do you do if it starts smoking in the garage at night when I am out",
         "What do you do if it starts smoking in the garage at night?"),
    ],
)  # fmt: skip
def test_typing_becomes_a_clean_question(typed, clean):
    assert english_questions(typed, ENGLISH, CASING)[0] == clean


def test_a_rambling_question_ends_at_the_boundary_of_a_clause():
    typed = (
        "can the battery go on a plane or eurostar type train if we take the bike abroad next year"
    )
    assert english_questions(typed, ENGLISH, CASING) == [
        "Can the battery go on a plane or eurostar type train?"
    ]


def test_a_clause_that_refers_back_comes_after_one_that_names_its_subject():
    typed = "front platform conversion with child seat box, is it strong enough for a kid"
    assert english_questions(typed, ENGLISH, CASING)[0].startswith("Front platform conversion")


def test_what_is_asked_to_do_becomes_a_phrase():
    for question, phrase in {
        "How do you stop a cargo bike?": "Stopping a cargo bike",
        "Can I carry my dog on a bike?": "Carrying a dog on a bike",
        "Is it safe to charge the battery indoors?": "Charging the battery indoors",
        "How far does it go?": "",
    }.items():
        assert action_phrase(question, ENGLISH, CASING) == phrase


def test_other_languages_keep_their_words_and_marks():
    assert clean_question("wo ist im Winter der Akku? danke", Casing([])) == (
        "Wo ist im Winter der Akku?"
    )
    assert clean_question("¿cuánto dura?", Casing([])) == "¿Cuánto dura?"
    assert clean_question("电池安全吗?我很担心。", Casing([])) == "电池安全吗?"
    assert clean_question("x " * 40, Casing([])) is None


def test_capitals_are_those_of_the_prose_also_within_a_name_of_two_words():
    prose = ["We saw the Eiffel Tower and a tower.", "See the Eiffel Tower, near a tower."]
    casing = Casing(prose)
    assert casing.restore("how tall is the eiffel tower") == "how tall is the Eiffel Tower"
    assert casing.restore("a tower") == "a tower"
    assert casing.lowered("Carrying a Dog on the Eiffel Tower") == (
        "Carrying a dog on the Eiffel Tower"
    )
    assert capitalised("eBay fees") == "eBay fees"


def test_plain_text_has_no_markup_addresses_or_hidden_characters():
    assert plain_text("<i>a</i> `b` *c*\u202e https://x.example/y \U0001f600 d\n e") == "a b c d e"


def phrases_of(text):
    tokens = ENGLISH.tokens(text)
    finder = PhraseFinder(ENGLISH, CASING, [tokens, *map(ENGLISH.tokens, PROSE)])
    return {phrase.text for phrase in finder.phrases(text, tokens)}


def test_phrases_are_those_of_nouns_with_what_a_preposition_or_a_verb_adds():
    assert phrases_of("can i carry a dog in the front box") == {
        "Dog",
        "Dog in the front box",
        "Front box",
        "Box",
        "Carrying a dog",
        "Carrying a dog in the front box",
    }
    assert phrases_of("is it really safe") == set()


def test_titles_lose_prices_numbers_and_what_stands_behind_a_separator():
    finder = PhraseFinder(ENGLISH, CASING, [])
    titles = {
        "Carrying a Dog on a Heron": ["Carrying a dog on a Heron", "Carrying a dog"],
        "Sell your bike | Site": ["Selling a bike", "Site"],
        "Drover front-box bike, £5,250": ["Drover front-box bike"],
        "best laptops 2026": ["Best laptops"],
        "Seats, numbers, ages and weights": [],
        "We tipped over": [],
    }
    for title, names in titles.items():
        assert [phrase.text for phrase in finder.titles(title)] == names


def test_phrases_lose_fillers_and_are_not_torn_from_a_name_or_a_figure():
    assert phrases_of("how can i delete a specific existing remote branch") >= {
        "Deleting a remote branch",
        "Deleting a branch",
    }
    names = phrases_of("which New York licence is the best under 1000 dollars")
    assert "New York licence" in names
    assert not names & {"York licence", "Dollars", "1000 dollars"}


def test_a_command_is_a_topic():
    english = English(["Merge a branch", "Create the tag", "Quietly delete a tag"] * 3)
    commands = {
        "Merge a branch and create a commit": "Merging a branch and creating a commit",
        "Quietly delete a tag": "Quietly deleting a tag",
        "Switch to a branch": "Switching to a branch",
    }
    for command, topic in commands.items():
        assert english_questions(command, english, Casing([])) == [topic]


def test_stems_join_forms_of_a_word():
    assert len({stem(word) for word in ("charge", "charges", "charging", "charger")}) == 1
    assert stem("batteries") == stem("battery")
    assert stem("carrying") == stem("carries") == stem("carry") != stem("car")
    assert stem("stopping") == stem("stop")
    assert stem("dog") != stem("door")


def test_a_slip_of_one_letter_is_put_right_but_no_form_of_a_word_and_no_name():
    known = ["warranty replacement handling carver should"] * 3
    spelling = Spelling([*known, "warrenty repalcement handing Carter shoud"])
    assert spelling.correct("Which warrenty and repalcement shoud I take?") == (
        "Which warranty and replacement should I take?"
    )
    assert spelling.correct("handing over a Carter") == "handing over a Carter"
