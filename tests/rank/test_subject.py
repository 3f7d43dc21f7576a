import pandas as pd

from coverage_kit.rank.subject import names_subject, subject_words
from coverage_kit.tables import PAGES, PASSAGES

TITLES = {
    "heron": "Heron, a tent for six",
    "finch": "Finch, a tent for two",
    "poles": "Poles and pegs",
    "refunds": "Refunds",
}
TEXTS = {
    "heron": "The Heron sleeps six. Our Heron weighs 14 kg.",
    "finch": "It weighs 4 kg. A Finch is lighter than the Heron. A wren is a bird.",
    "poles": "The Heron and the Finch share their poles.",
    "refunds": "Send it back within 30 days.",
}


def words():
    pages = PAGES.table(
        [
            {
                "page_id": f"ours/{name}",
                "site": "ours",
                "url": f"https://ours/{name}",
                "title": title,
                "text": TEXTS[name],
                "status": "ok",
            }
            for name, title in TITLES.items()
        ]
    )
    passages = PASSAGES.table(
        [
            {
                "passage_id": f"ours/{name}#0",
                "page_id": f"ours/{name}",
                "site": "ours",
                "position": 0,
                "heading_path": f"{TITLES[name]} > Why the Heron and the Wren",
                "text": TEXTS[name],
                "n_words": 8,
            }
            for name in TITLES
        ]
    )
    return subject_words(pages, passages, ("Fernhollow Tents",))


def test_the_subject_is_the_brand_the_products_and_what_several_titles_share():
    # "refunds" is the title of one page; a wren is written in lower case too
    assert words() == {"fernhollow", "tent", "heron"}


def test_questions_that_name_the_subject_in_either_number():
    questions = [
        "Which tents are dry?",
        "is the HERON heavy",
        "refund of a rail ticket",
        "",
        "帐篷",
    ]
    assert names_subject(questions, words()).tolist() == [True, True, False, False, False]
    assert not names_subject(questions, frozenset()).any()
    assert pd.Series(names_subject([], words())).empty
