"""Changes of the sample project that must gain about nothing, compared with real answers.

The answers are passages of other sites on planted gaps.
"""

import re

import numpy as np
import pandas as pd
import pytest

from coverage_kit.contracts import PassageText, TextChange
from tests.world import DATA, planted_topics

OWN_ROWS = range(5, 115, 10)
SYNONYMS = {
    "bike": "bicycle",
    "price": "cost",
    "child": "kid",
    "large": "big",
    "need": "require",
    "buy": "purchase",
    "about": "roughly",
    "ride": "cycle",
}
FEW = 0.03


@pytest.fixture(scope="module")
def topics(sample_analysis):
    return planted_topics(sample_analysis.queries).to_numpy()


@pytest.fixture(scope="module")
def missing():
    planted = pd.read_csv(DATA / "truth/topics.csv")
    return list(planted.loc[planted["cause"] == "missing", "topic"])


@pytest.fixture(scope="module")
def queries_by_topic(sample_analysis, topics, missing):
    """The queries of each planted gap, as text."""
    return {topic: list(sample_analysis.queries["text"][topics == topic]) for topic in missing}


@pytest.fixture(scope="module")
def answers(sample_analysis, topics, missing):
    """For each planted gap, the nearest passage of another site: a section that answers."""
    passages = sample_analysis.passages.set_index("passage_id")
    others = sample_analysis.matches[sample_analysis.matches["site"] != "larkmoor.example"]
    changes = {}
    for topic in missing:
        gap_matches = others[
            others["query_id"].isin(sample_analysis.queries["query_id"][topics == topic])
        ]
        best = passages.loc[gap_matches.groupby("passage_id")["similarity"].sum().idxmax()]
        changes[topic] = TextChange((PassageText(best["heading_path"], best["text"]),), group=topic)
    return changes


@pytest.fixture(scope="module")
def gains(sample_model, answers):
    """Simulate changes and answers; return the net gain in queries of both (harm counts twice)."""

    def measure(changes):
        controls = [
            change._replace(group=f"control {number}") for number, change in enumerate(changes)
        ]
        worth = []
        for effect in sample_model.simulate([*controls, *answers.values()]):
            change = (effect.after - effect.before)[0] * effect.answer_probability
            worth.append(np.where(change > 0, change, 2 * change).sum())
        return np.array(worth[: len(changes)]), np.array(worth[len(changes) :])

    return measure


def expect_nothing(measured):
    """No control gains more than a few percent of an answer, or more than weak answers do."""
    controls, answers = measured
    typical = np.median(answers)
    assert typical > 0.3
    assert controls.max() < FEW * typical, controls.round(4)
    assert controls.max() < np.quantile(answers, 0.1), (controls.max(), np.sort(answers)[:3])


def rewrites(model, rewrite, keep_heading=True):
    own = model.scorer.passages.iloc[list(OWN_ROWS)].to_dict("records")
    return [
        TextChange(
            (PassageText(row["heading_path"] if keep_heading else "", rewrite(row["text"])),),
            (row["passage_id"],),
        )
        for row in own
    ]


def test_other_white_space_gains_nothing(sample_model, gains):
    expect_nothing(gains(rewrites(sample_model, lambda text: text.replace(" ", "  \n"))))


def test_synonyms_gain_nothing(sample_model, gains):
    def reword(text):
        for word, other in SYNONYMS.items():
            text = re.sub(rf"\b{word}", other, text)
        return text

    changes = rewrites(sample_model, reword)
    assert (
        sum(
            change.added[0].text not in set(sample_model.scorer.passages["text"])
            for change in changes
        )
        >= len(changes) / 2
    )
    expect_nothing(gains(changes))


@pytest.mark.parametrize("spaces", [" ", "  "])
def test_a_section_that_is_there_already_gains_nothing(sample_model, gains, spaces):
    own = sample_model.scorer.passages.iloc[list(OWN_ROWS)].to_dict("records")
    copies = [
        TextChange((PassageText(row["heading_path"], row["text"].replace(" ", spaces)),))
        for row in own
    ]
    controls, _ = gains(copies)
    assert np.abs(controls).max() == 0


@pytest.mark.parametrize(
    "write",
    [
        " ".join,
        lambda queries: ". ".join(queries) + ".",
        lambda queries: " ".join(f"{query.capitalize().rstrip('?.')}?" for query in queries),
        lambda queries: ". ".join(f"Many people ask us {query}" for query in queries) + ".",
    ],
    ids=["one after the other", "as sentences", "as questions", "as reported"],
)
def test_the_words_of_those_who_ask_gain_nothing(gains, queries_by_topic, write):
    changes = [
        TextChange((PassageText(queries[0], write(queries)),))
        for queries in queries_by_topic.values()
    ]
    expect_nothing(gains(changes))


def test_keyword_stuffing_gains_nothing(gains, queries_by_topic):
    every = " ".join(query for queries in queries_by_topic.values() for query in queries).lower()
    counts = pd.Series(re.findall(r"\w+", every)).value_counts()
    long = counts[counts.index.str.len() > 3]
    texts = [
        " ".join(counts.index),
        " ".join(counts.index[:80]),
        " ".join(long.index[:40]),
        ", ".join(long.index[:60]),
        *(
            " ".join(dict.fromkeys(re.findall(r"\w+", " ".join(queries).lower())))
            for queries in queries_by_topic.values()
        ),
    ]
    expect_nothing(
        gains([TextChange((PassageText("Cargo bike questions", text),)) for text in texts])
    )


def test_a_removed_section_never_gains(sample_model, gains):
    own = sample_model.scorer.passages["passage_id"].iloc[list(OWN_ROWS)]
    controls, _ = gains([TextChange((), (passage_id,)) for passage_id in own])
    assert controls.max() <= 0
    assert controls.min() < -0.3


def test_text_about_something_else_gains_nothing(gains):
    stars = (
        "A red giant is a star that has burnt the hydrogen of its core, "
        "and swells while its surface cools."
    )
    choir = (
        "The choir sings the second mass in the dark key, with two horns and without the old organ."
    )
    changes = [
        TextChange((PassageText(name, text),))
        for name, text in (("Red giants", stars), ("The mass", choir))
    ]
    expect_nothing(gains(changes))
