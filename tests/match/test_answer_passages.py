import numpy as np
import pandas as pd
import pytest

from coverage_kit.match.answer_passages import find_answer_passages
from coverage_kit.tables import CLAIMS, PASSAGES

PASSAGE_TEXTS = [
    "Brakes are bled with mineral oil.",
    "Tyres are pumped to 4 bar.",
    "An ambulation mode runs at 6 km/h under sustained depression of the minus key.",
]
# Topic c2 asks for walk mode; its answers share the figure and the key with the last passage.
ANSWERS = {
    "c0": ["Bleed brakes with mineral oil.", "Mineral oil goes into brakes.", "Oil for brakes."],
    "c1": ["Pump tyres to 4 bar.", "Tyres take 4 bar.", "Your tyres need 4 bar."],
    "c2": ["Walk mode is 6 km/h.", "Hold the minus key to walk at 6 km/h.", "Press the minus key."],
    "c3": ["Dogs ride in a box.", "A box for dogs costs £90.", "Dogs like a box."],
}


def tables(encoder):
    rows = [
        {
            "claim_id": f"{cluster}-{n}#0",
            "answer_id": f"{cluster}-{n}",
            "query_id": f"{cluster}q{n}",
            "text": text,
        }
        for cluster, texts in ANSWERS.items()
        for n, text in enumerate(texts)
    ]
    passages = PASSAGES.table(
        [
            {
                "passage_id": f"p#{n}",
                "page_id": "p",
                "site": "ours",
                "position": n,
                "heading_path": "",
                "text": text,
                "n_words": 8,
            }
            for n, text in enumerate(PASSAGE_TEXTS)
        ]
    )
    claims = CLAIMS.table(rows)
    cluster_of = pd.Series(list(claims["query_id"].str[:2]), index=claims["query_id"])
    return claims, encoder.encode(list(claims["text"])), passages, cluster_of


def test_answers_lead_to_the_passage_that_says_what_they_say(encoder):
    claims, vectors, passages, cluster_of = tables(encoder)
    passage_vectors = encoder.encode(list(passages["text"]))
    found = find_answer_passages(claims, vectors, passages, passage_vectors, cluster_of)
    assert found.sources.to_dict() == {"c0": "p#0", "c1": "p#1", "c2": "p#2"}
    assert found.topics.loc["c3", "lead"] < 0  # no passage is about dogs
    assert (found.leads[[f"c2q{n}" for n in range(3)]] == found.topics.loc["c2", "lead"]).all()


def test_the_order_of_claims_and_passages_changes_nothing(encoder):
    claims, vectors, passages, cluster_of = tables(encoder)
    passage_vectors = encoder.encode(list(passages["text"]))
    order = np.random.default_rng(0).permutation(len(claims))
    first = find_answer_passages(claims, vectors, passages, passage_vectors, cluster_of)
    second = find_answer_passages(
        claims.iloc[order].reset_index(drop=True),
        vectors[order],
        passages[::-1].reset_index(drop=True),
        passage_vectors[::-1],
        cluster_of.sample(frac=1, random_state=1),
    )
    assert second.topics["passage_id"].to_dict() == first.topics["passage_id"].to_dict()
    assert second.topics["lead"].to_numpy() == pytest.approx(first.topics["lead"].to_numpy())


@pytest.mark.parametrize("n_claims", [0, 3])
def test_with_fewer_than_two_topics_there_is_nothing_to_compare(encoder, n_claims):
    claims, vectors, passages, cluster_of = tables(encoder)
    found = find_answer_passages(
        claims.head(n_claims),
        vectors[:n_claims],
        passages,
        encoder.encode(list(passages["text"])),
        cluster_of,
    )
    assert found.topics.empty
    assert found.sources.empty
    assert found.leads.empty
