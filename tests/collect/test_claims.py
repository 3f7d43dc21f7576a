from coverage_kit.collect.claims import MAX_CLAIMS_A_QUERY, plain_sentences, split_claims
from coverage_kit.tables import ANSWERS


def answers(*texts, query_id="q"):
    rows = [
        {
            "answer_id": f"a{n}",
            "query_id": query_id,
            "engine": "e",
            "text": text,
            "has_searched": True,
        }
        for n, text in enumerate(texts)
    ]
    return ANSWERS.table(rows)


def test_answers_take_turns_and_no_sentence_comes_twice():
    first = "The box takes two children. It costs five thousand pounds."
    second = "The box takes two children. A canopy keeps them dry."
    claims = split_claims(answers(first, second))
    assert claims["text"].tolist() == [
        "The box takes two children.",
        "It costs five thousand pounds.",
        "A canopy keeps them dry.",
    ]
    assert claims["claim_id"].tolist() == ["a0#0", "a0#1", "a1#1"]


def test_markers_links_and_markup_are_left_out():
    text = (
        "- **Charge** takes [four hours](https://a.example/x) in all [1][2]. See "
        "https://b.example/y for more details."
    )
    assert split_claims(answers(text))["text"].tolist() == [
        "Charge takes four hours in all.",
        "See for more details.",
    ]


def test_scraps_make_no_claim_and_no_query_fills_the_log():
    assert split_claims(answers("Yes. 1 2 3 4 5.", "")).empty
    many = " ".join(f"Sentence number {n} says something new." for n in range(60))
    assert len(split_claims(answers(many))) == MAX_CLAIMS_A_QUERY


def test_sentences_of_scripts_without_spaces_are_claims():
    text = "自收到商品之日起三十天内可以无理由退货。好。退货运费由买家承担。"
    assert plain_sentences(text) == [
        "自收到商品之日起三十天内可以无理由退货。",
        "退货运费由买家承担。",
    ]
