import numpy as np
import pytest

from coverage_kit.measure.visibility import measure_visibility
from coverage_kit.tables import ANSWERS, CITATIONS, MENTIONS, VISIBILITY

TEXT = "Ours is a good bike. Theirs costs less. Nobody knows more."


@pytest.fixture
def log():
    answers = [{"answer_id": f"a{n}", "query_id": f"q{n % 2}", "engine": "e", "text": TEXT, "searched": True} for n in range(4)]
    citations = [
        {"answer_id": "a0", "position": 0, "url": "https://ours/", "site": "ours", "kind": "cited", "start": 0, "end": 20},
        {"answer_id": "a0", "position": 1, "url": "https://theirs/", "site": "theirs", "kind": "cited", "start": 21, "end": 39},
        {"answer_id": "a1", "position": 0, "url": "https://ours/", "site": "ours", "kind": "retrieved"},
        {"answer_id": "a2", "position": 0, "url": "https://ours/x", "site": "ours", "kind": "cited"},
        {"answer_id": "a2", "position": 1, "url": "https://ours/y", "site": "ours", "kind": "cited"},
    ]
    mentions = [{"answer_id": "a0", "brand": b, "position": p, "n_words": 4} for p, b in enumerate(["Ours", "Theirs"])]
    mentions += [{"answer_id": "a1", "brand": "Ours", "position": 0, "n_words": 4}]
    return ANSWERS.table(answers), CITATIONS.table(citations), MENTIONS.table(mentions)


def test_figures_by_hand(log):
    table = measure_visibility(*log, {"Ours": "ours", "Theirs": "theirs"}).set_index("site")
    assert table.loc["ours", "n_answers"] == 4
    assert table.loc["ours", "citation_rate"] == 0.5  # a0 and a2 of four; retrieved is not cited
    assert table.loc["theirs", "citation_rate"] == 0.25
    assert table.loc["ours", "share_of_voice"] == pytest.approx(2 / 3)
    ours, theirs = 5 * np.exp(0), 3 * np.exp(-1 / 3)
    assert table.loc["ours", "position_adjusted_word_count"] == pytest.approx(ours / (ours + theirs))
    assert table.loc["ours", "low"] <= 0.5 <= table.loc["ours", "high"]


def test_no_answers_and_no_citations_are_no_trouble(log):
    answers = log[0]
    assert measure_visibility(ANSWERS.empty(), CITATIONS.empty(), MENTIONS.empty(), {"Ours": "ours"}).equals(VISIBILITY.empty())
    table = measure_visibility(answers, CITATIONS.empty(), MENTIONS.empty(), {"Ours": "ours"})
    assert table["citation_rate"].tolist() == [0.0]
    assert table["share_of_voice"].tolist() == [0.0]
    assert table["position_adjusted_word_count"].isna().all()  # no spans, nothing measured
