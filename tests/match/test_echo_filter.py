import pytest

from coverage_kit.match.echo_filter import EchoFilter, retained_share

QUERIES = [
    "how do I bleed the brakes of my cargo bike",
    "cargo bike child seat weight limit",
    "which battery lasts longest in winter",
    "delivery cost to the island",
    "puncture repair kit tyre size",
]
ANSWERS = [
    "To bleed a brake, open the lever, push fresh fluid through from below, and close it when no "
    "bubbles come.",
    "A child seat on our cargo bike may carry 22 kg. Two of them may carry 40 kg together.",
    "Delivery to an island costs 45 euros, because the van has to take the ferry.",
    "Store the battery at 40 to 60% charge, between 5 and 20 °C; it then loses about 2% a month.",
    "Height: 92 cm. Weight: 31 kg. Load: 200 kg. Gears: 11. Motor: 85 Nm. Range: 70 km.",
]


@pytest.fixture
def echo_filter():
    return EchoFilter(QUERIES)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_genuine_answer_is_kept_as_it_is(echo_filter, answer):
    assert echo_filter.remove_echoes(answer) == answer


@pytest.mark.parametrize("query", QUERIES)
def test_the_echo_of_a_query_says_nothing(echo_filter, query):
    assert not echo_filter.remove_echoes(f"{query}.")
    assert not echo_filter.remove_echoes(f"{query.capitalize()}!")


def test_all_queries_one_after_the_other_say_nothing(echo_filter):
    assert not echo_filter.remove_echoes(". ".join(QUERIES))
    assert not echo_filter.remove_echoes(" ".join(QUERIES))


@pytest.mark.parametrize("closing", ["?", '?"', "?\u201d", "?)", "?**", "? "])
def test_a_question_says_nothing_however_it_ends(echo_filter, closing):
    assert not echo_filter.remove_echoes(
        f"Would anybody ever wish to know the price of a trailer{closing}"
    )


def test_an_answer_after_its_question_is_kept_without_it(echo_filter):
    answer = (
        "A child seat may carry 22 kg, as the label below the seat says, "
        "and no more than one child."
    )
    assert echo_filter.remove_echoes(f"How heavy may a child be? {answer}") == answer


def test_a_list_of_the_logs_words_says_nothing(echo_filter):
    assert not echo_filter.remove_echoes(
        "battery brakes cargo winter tyre puncture island seat cost limit"
    )
    assert not echo_filter.remove_echoes(
        "tyre island battery; repair limit, brakes; winter weight, delivery: size"
    )


def test_a_long_list_with_small_words_between_is_still_a_list():
    """Prose of 27 words repeats some of them, or has a word that is in no query."""
    words_of_query = (
        "how much does the battery weigh with rain on a cargo bike "
        "when my child and your tyre go over that hill in"
    )
    echo_filter = EchoFilter([f"{words_of_query} winter at night or by day"])
    words = sorted(words_of_query.split())
    further = ["winter", "at", "night", "or", "by"]
    assert len({*words, *further}) == 28
    assert not echo_filter.remove_echoes(" ".join([*words, *further]))
    assert not echo_filter.remove_echoes(" ".join([*words, *further, "bike"]))
    for prose in ([*words, *further, "22"], [*words, *further, "the", "bike"], words):
        assert echo_filter.remove_echoes(" ".join(prose))


def test_a_list_of_other_words_is_kept(echo_filter):
    text = "Included: pump, levers, patches, glue, sandpaper, valve caps, gloves, bag."
    assert echo_filter.remove_echoes(text) == text


def test_a_sentence_echoes_when_half_of_its_runs_of_three_words_were_asked():
    """Four runs; "delivery cost to" and "cost to the" and then "to the island" were asked."""
    echo_filter = EchoFilter(["delivery cost to the island"])
    half = "delivery cost to the bay today"  # runs: 2 of 4
    third = "the delivery cost to my bay today"  # runs: 1 of 5
    assert not echo_filter.remove_echoes(half)
    assert echo_filter.remove_echoes(third) == third


def test_where_most_is_chatter_the_rest_is_chatter_too(echo_filter):
    """Ten words of eighteen are left in the first text, eight of eighteen in the second."""
    question = "Do you want to know this one today?"
    answer = "It costs nine euros and it takes two working days."
    assert len(question.split()) == 8
    assert len(answer.split()) == 10
    assert echo_filter.remove_echoes(f"{question} {answer}") == answer
    longer = "Do you really want to know this one today, too?"
    assert len(longer.split()) == 10
    assert not echo_filter.remove_echoes(f"{longer} It costs nine euros and it takes long.")


def test_nothing_stays_nothing_and_no_log_takes_nothing_away():
    assert not EchoFilter(QUERIES).remove_echoes("")
    assert EchoFilter([]).remove_echoes("Battery brakes tyre.") == "Battery brakes tyre."


def test_retained_share_by_hand():
    """The old content words are seats, carry, 22, kg and children; each counts once."""
    before = ["The seats carry 22 kg.", "Two seats carry children."]
    assert retained_share(before, ["Our seats carry 22 boxes."]) == pytest.approx(3 / 5)
    assert retained_share(before, ["SEATS", "carry, children;", "22 kg"]) == 1
    assert retained_share(before, []) == 0
    assert retained_share(["It is the one."], []) == 1
