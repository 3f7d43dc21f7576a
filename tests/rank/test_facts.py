"""Briefs: facts of the logged answers, merged, clean, and each with its source."""

import numpy as np
import pandas as pd
import pytest

from coverage_kit.rank.briefs import Brief
from coverage_kit.rank.facts import BriefMaterial, Topic, write_briefs
from coverage_kit.rank.wording import answer_to, clean_fact, is_negated
from coverage_kit.tables import ANSWERS, CITATIONS, CLAIMS, CLUSTERS, PASSAGES, QUERIES
from coverage_kit.text.english import English
from coverage_kit.vectors import Vectors

QUERIES_ASKED = {
    "q1": ("can i carry my tent on a bike", 90.0, "bike"),
    "q2": ("My tent is heavy. how heavy is a 4 person tent??", 40.0, "bike"),
    "q3": ("does fernhollow sell panniers for the rowan", 20.0, "bike"),
    "q4": ("can I carry my tent on a bike uk", 10.0, "bike"),
    "q5": ("which stove boils fastest", 50.0, "stove"),
}
# answers: question, and sentences with the pages they cite
ANSWERS_GIVEN = {
    "a1": ("q1", "Yes, strap the tent along the rear rack with two belts [1]. It fits well. "
                 "A wet tent weighs a third more [2]."),
    "a2": ("q1", "I'd use panniers. Strap a tent along the rear rack with two belts. "
                 "Gas stoves boil a litre in four minutes."),
    "a3": ("q2", "A tent for four weighs between 6 and 9 kg [1]. "
                 "Marlcamp's Kestrel weighs 11 kg [2]. No sources were found for others."),
    "a4": ("q2", "A tent for four weighs between 6 and 9 kg [1]."),
    "a5": ("q3", "Marlcamp sells panniers for its Kestrel at £64."),
    "a6": ("q5", "Gas stoves boil a litre in four minutes."),
}  # fmt: skip
CITED = {
    "a1": ["https://www.marlcamp.example/bikes", "https://press.example/wet"],
    "a3": ["https://press.example/weights", "https://www.marlcamp.example/kestrel"],
    "a4": ["https://press.example/weights"],
}
OWN = {
    "Tents > Rowan": "The Rowan packs small. A wet tent weighs a third more than a dry one.",
    "Tents > Care": "Dry the Rowan before you store it.",
}
SPACE = ["bike", "strap", "rack", "belt", "weigh", "kg", "wet", "four", "stove", "boil", "pannier"]
OTHER = {"Kestrel tent": "The Kestrel is a tent for four by Marlcamp."}


def _vectors(texts: list[str]) -> Vectors:
    """Return unit vectors that count the words of a small space."""
    rows = [
        [1.0 + 0.01 * len(text) / 100, *(2.0 * (word in text.lower()) for word in SPACE)]
        for text in texts
    ]
    table = np.asarray(rows, dtype=np.float32)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def _passages(site: str, texts: dict[str, str]) -> pd.DataFrame:
    return PASSAGES.table(
        [
            {
                "passage_id": f"{site}/p#{number}",
                "page_id": f"{site}/p",
                "site": site,
                "position": number,
                "heading_path": path,
                "text": text,
                "n_words": len(text.split()),
            }
            for number, (path, text) in enumerate(texts.items())
        ]
    )


def _claims() -> list[dict[str, str]]:
    rows, seen = [], set()
    for answer_id, (query_id, answer) in ANSWERS_GIVEN.items():
        plain = answer.replace(" [1]", "").replace(" [2]", "")
        for number, sentence in enumerate(plain.split(". ")):
            text = sentence.rstrip(".") + "."
            # as split_claims does: a sentence counts once for each question
            if (query_id, text) not in seen:
                seen.add((query_id, text))
                claim = {"claim_id": f"{answer_id}#{number}", "text": text}
                rows.append(claim | {"answer_id": answer_id, "query_id": query_id})
    return rows


@pytest.fixture(scope="module")
def material() -> BriefMaterial:
    queries = [
        {"query_id": name, "text": text, "demand": demand}
        for name, (text, demand, _) in QUERIES_ASKED.items()
    ]
    clusters = [
        {"query_id": name, "cluster_id": topic} for name, (_, _, topic) in QUERIES_ASKED.items()
    ]
    answers = [
        {"answer_id": name, "query_id": query_id, "text": text, "engine": "e"}
        for name, (query_id, text) in ANSWERS_GIVEN.items()
    ]
    citations = [
        {"answer_id": name, "position": n, "url": url, "site": url.split("/")[2], "kind": "cited"}
        for name, urls in CITED.items()
        for n, url in enumerate(urls)
    ]
    claims = CLAIMS.table(_claims())
    own = _passages("fernhollow.example", OWN)
    other = _passages("www.marlcamp.example", OTHER)
    return BriefMaterial(
        queries=QUERIES.table(queries),
        clusters=CLUSTERS.table(clusters),
        answers=ANSWERS.table(answers),
        claims=claims,
        citations=CITATIONS.table(citations),
        own_passages=own,
        other_passages=other,
        claim_vectors=_vectors(claims["text"].tolist()),
        query_vectors=_vectors([text for text, _, _ in QUERIES_ASKED.values()]),
        passage_vectors=_vectors(own["text"].tolist()),
        other_vectors=_vectors(other["text"].tolist()),
        brand_names=[("Fernhollow",), ("Marlcamp",)],
    )


@pytest.fixture(scope="module")
def brief(material: BriefMaterial) -> Brief:
    topic = Topic("bike", "Tents on bikes", ("q1", "q2", "q3", "q4"))
    return write_briefs([topic], material)["bike"]


def test_questions_are_clean_and_merged(brief: Brief) -> None:
    assert [(each.query_id, each.text, each.demand) for each in brief.questions] == [
        ("q1", "Can I carry my tent on a bike?", 100.0),
        ("q2", "How heavy is a 4 person tent?", 40.0),
        ("q3", "Does Fernhollow sell panniers for the Rowan?", 20.0),
    ]
    assert brief.title == "Tents on bikes"
    assert brief.n_answers == 5


def test_facts_of_several_answers_are_one(brief: Brief) -> None:
    counts = {fact.text: fact.n_answers for fact in brief.facts}
    assert counts["A tent for four weighs between 6 and 9 kg."] == 2
    strapped = [n for text, n in counts.items() if "rear rack" in text]
    assert strapped == [2]
    assert [fact.n_answers for fact in brief.facts] == sorted(counts.values(), reverse=True)


def test_no_fact_answers_another_question_or_cannot_be_read_alone(brief: Brief) -> None:
    text = " ".join(fact.text for fact in brief.facts)
    for absent in ("Gas stoves", "It fits", "I'd", "sources", "[1]", "Yes"):
        assert absent not in text


def test_source_is_what_the_mark_names(brief: Brief) -> None:
    sources = {fact.text: fact.source for fact in brief.facts}
    assert sources["A wet tent weighs a third more."] == "https://press.example/wet"
    assert sources["A tent for four weighs between 6 and 9 kg."] == "https://press.example/weights"


def test_own_words_are_the_sentence_that_states_it(brief: Brief) -> None:
    known = {fact.text: fact.own_words for fact in brief.facts if fact.is_known}
    assert known == {
        "A wet tent weighs a third more.": "A wet tent weighs a third more than a dry one."
    }


def test_facts_of_another_company_become_slots(brief: Brief) -> None:
    slots = {fact.text: fact.slot for fact in brief.facts}
    assert slots["Marlcamp sells panniers for its Kestrel at £64."] == (
        "whether you sell panniers, and its price in £"
    )
    for text, slot in slots.items():
        assert slot is not None or "Marlcamp" not in text
    # a page of that company alone is cited for it
    assert slots["Strap the tent along the rear rack with two belts."] is not None
    assert not any("Kestrel" in slot.text for slot in brief.slots)


def test_opening_has_the_form_of_an_answer(brief: Brief) -> None:
    assert brief.opening.startswith("Whether you can carry your tent on a bike depends on [")


def test_without_answers_the_questions_make_the_slots(material: BriefMaterial) -> None:
    fields = vars(material) | {
        "answers": material.answers.iloc[:0],
        "claims": material.claims.iloc[:0],
        "claim_vectors": material.claim_vectors[:0],
        "citations": material.citations.iloc[:0],
    }
    topic = Topic("bike", "Can I carry a tent?", ("q1", "q2", "q3"))
    brief = write_briefs([topic], BriefMaterial(**fields))["bike"]
    assert brief.facts == ()
    assert brief.n_answers == 0
    assert brief.title == "Carrying a tent"
    assert brief.slots == (
        ("whether people can carry a tent on a bike, from a source that you can name", "q1"),
        ("how heavy a 4 person tent is, from a source that you can name", "q2"),
        ("whether you sell panniers for the Rowan, and on what terms", "q3"),
    )


ENGLISH = English(["A tent is a shelter. A pole can break. You can pitch a tent."])


@pytest.mark.parametrize(
    ("sentence", "fact"),
    [
        ("Yes, a tent needs six pegs [1][2].", "A tent needs six pegs."),
        ("The short answer is that tents leak at the seams.", "Tents leak at the seams."),
        ("One tip is not to pitch under trees.", "Do not pitch under trees."),
        ("Peg the corners first, then raise the pole.",) * 2,
        ("Four people sleep well in three metres.",) * 2,
    ],
)
def test_fact_is_cleaned(sentence: str, fact: str) -> None:
    assert clean_fact(sentence, ENGLISH) == fact


@pytest.mark.parametrize(
    "sentence",
    [
        "It needs six pegs and a hammer.",
        "That leaves room for two mats and a dog.",
        "One bolts to the frame and the other hangs from it.",
        "I think cheap pegs and thin poles bend.",
        "No official repair page was found for this tent.",
        "Your wife will like the wide door of it.",
        "Is a tent with six pegs enough for you?",
        "Rowan: 4 kg, 320 by 210 cm, £420.",
        "Legal if the ground belongs to nobody else.",
        "Two poles, because the tent is tall in the middle.",
        "The bike was pushed aside and fell on the tent.",
        "There are three options.",
        "What makes a tent great in a storm",
        "There is no one-size-fits-all tent for families.",
        "Never dry it in the sun on a hot day.",
    ],
)
def test_sentence_that_cannot_stand_alone_is_dropped(sentence: str) -> None:
    assert clean_fact(sentence, ENGLISH) == ""


def test_other_languages_are_only_tidied() -> None:
    assert clean_fact("Das Zelt wiegt neun Kilogramm und ist dicht [1].", ENGLISH) == (
        "Das Zelt wiegt neun Kilogramm und ist dicht."
    )


def test_condition_takes_the_questions_words() -> None:
    assert answer_to("Can I cook in my tent?", "Yes, if both doors are open.") == (
        "You can cook in your tent, if both doors are open."
    )
    assert answer_to("Is it safe?", "Yes, if both doors are open.").startswith("Yes")
    assert is_negated("It does not leak") and not is_negated("It leaks")
