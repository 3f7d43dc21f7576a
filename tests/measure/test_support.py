"""Claims compared with sources: what is supported, what is contradicted, and what only looks so."""

import time

import pytest
from hypothesis import given, strategies as st

from coverage_kit.measure.claim_parts import read_parts
from coverage_kit.measure.support import compare_claim

BRAND = ("Larkmoor", "Larkmoor Bikes")
SOURCES = [
    "Heron\nThe Heron is an electric longtail. The Heron weighs 34 kg and costs £4,200. It "
    "takes up to three children and goes up to 60 km on one charge.",
    "The Wren weighs 28 kg. It costs £3,100. Its battery lasts for 800 full cycles, then it "
    "holds 70% of its capacity.",
    "About us\nWe founded Larkmoor in Kendal in 2015. We do not ship to the US. Our frames come "
    "with a five-year warranty. The Leeds branch was established in 2019. Delivery costs £50. "
    "We have 12 stores.",
]


def verdict(claim, sources=SOURCES):
    return compare_claim(claim, sources, None, BRAND).verdict


@pytest.mark.parametrize(
    "claim",
    [
        "The Heron weighs 34 kg [1].",
        "The **Wren** weighs 28 kg.",
        "The Wren costs £3,100.",
        "The Heron takes three children.",
        "Larkmoor was founded in 2015.",
        "Larkmoor does not ship to the US.",
        "Larkmoor frames come with a 60-month warranty.",
    ],
)
def test_a_claim_whose_words_figures_and_names_are_given_is_supported(claim):
    assert verdict(claim) == "supported"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The Heron weighs 31 kg.", 0),
        ("The Heron weighs 28 kg.", 0),
        ("Heron costs £4,000.", 0),
        ("The Heron, an electric longtail, costs £4,000.", 0),
        ("The Heron goes up to 80 km on one charge.", 0),
        ("The Heron takes up to four children.", 0),
        ("The Wren costs £3,500.", 1),
        (
            "The battery of the Wren lasts for 500 full cycles before it drops to 70% of the "
            "capacity.",
            1,
        ),
        ("Larkmoor was founded in 2012 in Leeds by two sisters.", 2),
        ("Larkmoor's Leeds branch was established in 2012.", 2),
        ("Larkmoor ships to the US.", 2),
        ("Larkmoor has 15 stores.", 2),
        ("Larkmoor delivery costs £40.", 2),
        ("Larkmoor frames come with a two-year warranty.", 2),
    ],
)
def test_another_figure_or_the_opposite_of_the_same_thing_contradicts(claim, source):
    support = compare_claim(claim, SOURCES, None, BRAND)
    assert (support.verdict, support.source, support.strength) == ("contradicted", source, 0)
    assert (
        support.sentence in SOURCES[source].replace("\n", " ")
        or support.sentence in SOURCES[source]
    )


@pytest.mark.parametrize(
    "claim",
    [
        "The Heron battery weighs 3 kg.",
        "The Heron costs £4,000 with a discount.",
        "The Heron deposit is £200.",
        "It weighs 31 kg.",
        "Haulwright weighs 31 kg.",
        "Haulwright was founded in 2001.",
        "Haulwright has 15 stores.",
        "Larkmoor ships to the UK.",
        "Larkmoor has 3 stores in Leeds.",
        "Larkmoor offers a warranty of two years on batteries.",
        "The Heron may not weigh 34 kg if it is loaded.",
        "Larkmoor not only ships to the UK.",
        "The Heron weighs 34,000 kg.",
        "Larkmoor has been in Kendal since 2010.",
        "Does Larkmoor ship to the US?",
    ],
)
def test_what_speaks_of_another_thing_or_condition_contradicts_nothing(claim):
    assert verdict(claim) == "unsupported"


def test_where_the_sources_are_at_odds_with_each_other_nothing_is_contradicted():
    assert verdict("The Heron weighs 31 kg.", [*SOURCES, "The Heron weighs 31 kg."]) == "supported"


def test_open_figures_leave_room():
    assert verdict("The trailer costs £300.", ["The trailer costs from £250."]) != "contradicted"
    assert verdict("The trailer costs £200.", ["The trailer costs from £250."]) == "contradicted"
    assert (
        verdict("The trailer costs from £200.", ["The trailer costs from £250."]) == "contradicted"
    )
    assert (
        verdict("The trailer weighs about 12 kg.", ["The trailer weighs 12.8 kg."]) == "supported"
    )
    assert verdict("The trailer weighs 13 kg.", ["The trailer weighs 12.8 kg."]) == "supported"
    assert verdict("The trailer goes 5 to 9 km.", ["The trailer goes 7 km."]) == "supported"
    assert (
        verdict("The offer ends after 24 months.", ["The offer ends after two years."])
        == "supported"
    )


def test_what_contradicts_is_explained_in_words():
    support = compare_claim("The Heron weighs 31 kg.", SOURCES)
    assert support.reason == "The claim says 31 kg, the source 34 kg."
    assert support.sentence == "The Heron weighs 34 kg and costs £4,200."


def test_a_list_of_many_clauses_is_compared_in_pieces_and_in_time():
    long = ", ".join(f"part {n} costs £{n} and weighs {n} kg" for n in range(100, 6_100))
    began_at = time.monotonic()
    assert (
        compare_claim("The Heron weighs 31 kg.", [long, *SOURCES], None, BRAND).verdict
        == "contradicted"
    )
    compare_claim(long, [long, *SOURCES], None, BRAND)
    assert time.monotonic() - began_at < 20


def test_of_several_sentences_the_worst_counts_and_the_strength_is_their_mean():
    support = compare_claim("The Heron weighs 34 kg. The Heron weighs 31 kg.", SOURCES)
    assert (support.verdict, support.strength) == ("contradicted", 0.5)


def test_a_claim_without_content_or_without_sources_is_unsupported():
    assert compare_claim("It is.", SOURCES).source is None
    assert compare_claim("The Heron weighs 34 kg.", []).reason == "There is no source."


def test_vectors_speak_for_other_words_but_not_against_figures():
    def similarity(text, texts):
        return [0.9] * len(texts)

    assert (
        compare_claim("Bikes are cheap.", ["Cycles cost little."], similarity).verdict
        == "supported"
    )
    assert (
        compare_claim("Bikes cost £20.", ["Cycles cost little."], similarity).verdict
        == "unsupported"
    )


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("£4,200 to £5,000", [(4200, 5000, "£")]),
        ("$3.5 million", [(3.5e6, 3.5e6, "$")]),
        ("up to 60 km", [(float("-inf"), 60_000, "m")]),
        ("45 miles or more", [(45, float("inf"), "mile")]),
        ("between 30 and 60 km", [(30_000, 60_000, "m")]),
        ("in May 2024", [(2024, 2024, "in the year")]),
        ("a 12V socket, 34.5kg", [(12, 12, "v"), (34.5, 34.5, "kg")]),
        ("twenty-five children", [(25, 25, "child")]),
        ("fourteen days", [(14, 14, "day")]),
        ("version 2.0.1 of 03/04/2025 at 8:30", []),
        ("£5/month", []),
        (
            "the 2022 price, and 2000 bikes for 1900 people",
            [(2022, 2022, "in the year"), (2000, 2000, "bik"), (1900, 1900, "person")],
        ),
        ("46p a km, 13 amps", [(0.46, 0.46, "£"), (13, 13, "ampere")]),
    ],
)
def test_figures_are_read_with_their_units_and_bounds(text, figures):
    assert [
        (figure.low, figure.high, figure.unit) for figure in read_parts(text).figures
    ] == figures


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_any_text_is_compared_without_failing(claim, sources):
    support = compare_claim(claim, sources)
    assert 0 <= support.strength <= 1
    assert support.source is None or sources[support.source]


@given(st.sampled_from(SOURCES), st.integers(0, 5))
def test_a_sentence_of_a_source_is_never_contradicted_by_it(source, number):
    sentences = source.split("\n")[-1].split(". ")
    assert verdict(sentences[number % len(sentences)], [source]) != "contradicted"
