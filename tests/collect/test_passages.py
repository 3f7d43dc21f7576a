# ruff: noqa: RUF001 (texts in many scripts)
import re
import time
import unicodedata

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from coverage_kit.collect.passages import split_pages, split_text
from coverage_kit.contracts import without_code
from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import SchemaError
from coverage_kit.tables import PAGES
from coverage_kit.text.length import count_words
from coverage_kit.text.sentences import split_sentences

PIECES = [
    "alpha ",
    "beta. ",
    "Gamma ",
    "\n",
    "\n\n",
    "\n# ",
    "\n### ",
    "\n- ",
    "\n```\n",
    "cell | cell",
    "\\# ",
    "x" * 30,
    " ",
]


def pages(*texts, site="a.com", status="ok"):
    return PAGES.table(
        [
            {
                "page_id": f"{site}/{n}",
                "site": site,
                "url": f"https://{site}/{n}",
                "status": status,
                "text": text,
            }
            for n, text in enumerate(texts)
        ]
    )


def test_headings_make_the_path_and_stay_out_of_the_text():
    text = "Intro.\n\n## Care\n\nWash it.\n\n### Cold\n\nUse wool soap.\n\n## Price\n\nTen euros."
    assert split_text(text, "Wool") == [
        ("Wool", "Intro."),
        ("Wool > Care", "Wash it."),
        ("Wool > Care > Cold", "Use wool soap."),
        ("Wool > Price", "Ten euros."),
    ]


def test_a_heading_equal_to_the_title_counts_once():
    assert split_text("# wool\n\nWarm.\n\n## Care\n\nWash.", "Wool") == [
        ("Wool", "Warm."),
        ("Wool > Care", "Wash."),
    ]


def test_a_heading_without_text_makes_no_passage():
    assert split_text("## Questions\n\n### One\n\nYes.\n\n### Two", "F") == [
        ("F > Questions > One", "Yes.")
    ]


def test_headings_below_the_fourth_level_are_words():
    assert split_text("#### Four\n\nA b.\n\n##### Five\n\nC d.", "T") == [
        ("T > Four", "A b.\n\nFive\n\nC d.")
    ]


def test_no_title_and_no_heading_leave_the_path_empty():
    assert split_text("Words.") == [("", "Words.")]


def test_long_text_is_cut_at_sentence_ends():
    text = "One two three. Four five six. Seven eight."
    assert [words for _, words in split_text(text, "", 6)] == [
        "One two three. Four five six.",
        "Seven eight.",
    ]
    assert [words for _, words in split_text(text, "", 4)] == [
        "One two three.",
        "Four five six.",
        "Seven eight.",
    ]


def test_one_monstrous_sentence_is_cut_at_words():
    assert [words for _, words in split_text("a b c d e f g", "", 3)] == ["a b c", "d e f", "g"]


def test_a_table_is_cut_between_its_rows():
    table = "size | price\nsmall | ten euros\nlarge | twelve euros"
    assert [words for _, words in split_text(table, "", 8)] == [
        "size | price\nsmall | ten euros",
        "large | twelve euros",
    ]


def test_no_row_and_no_item_that_fits_is_cut():
    rows = [f"Part {n} | It fits. Order it by {n}. | {n} euros" for n in range(60)]
    items = [f"{n}. Turn the key. Then wait for {n} seconds, and go on." for n in range(60)]
    bullets = [f"  - Wheel {n}. It turns! Does it?" for n in range(60)]
    for lines in (rows, items, bullets):
        texts = [words for _, words in split_text("\n".join(["Parts:", *lines]), "T", 40)]
        assert len(texts) > 5
        cut = [line for text in texts for line in text.split("\n")]
        assert cut == ["Parts:", *lines]


def test_a_row_that_is_too_long_is_cut_at_its_cells_and_an_item_at_its_sentences():
    row = "one two three | four five six | seven eight nine"
    assert [words for _, words in split_text(row, "", 8)] == [
        "one two three | four five six |",
        "seven eight nine",
    ]
    item = "- One two three. Four five six. Seven eight nine."
    assert [words for _, words in split_text(item, "", 7)] == [
        "- One two three. Four five six.",
        "Seven eight nine.",
    ]


def test_a_sentence_that_is_too_long_is_cut_at_its_clauses():
    sentence = "When it rains, the roof is closed by hand; when it snows, it stays open, as it must"
    assert [words for _, words in split_text(sentence, "", 9)] == [
        "When it rains, the roof is closed by hand;",
        "when it snows, it stays open, as it must",
    ]


def test_code_is_shown_between_fences_and_counts_for_no_words_of_prose():
    text = "Start it:\n\n```\nkit run\n```\n\nThen wait for it."
    assert split_text(text, "Kit", 6) == [
        ("Kit", "Start it:\n\n```\nkit run\n```\n\nThen wait for it.")
    ]
    assert passage_texts(split_pages(pages(f"# Kit\n\n{text}"))) == [
        "Kit. Start it:\n\nThen wait for it."
    ]


def test_a_passage_of_code_alone_is_embedded_by_its_headings():
    table = split_pages(pages("# Kit\n\n## Options\n\n```\n--fast\n```"))
    assert table["text"].tolist() == ["```\n--fast\n```"]
    assert passage_texts(table) == ["Kit > Options"]
    assert passage_texts(split_pages(pages("```\n--fast\n```"))) == ["```\n--fast\n```"]


def test_inline_code_is_prose():
    table = split_pages(pages("# Kit\n\nCall `kit run` twice."))
    assert passage_texts(table) == ["Kit. Call `kit run` twice."]


def test_long_code_is_cut_at_lines_and_each_part_is_fenced():
    code = "```\nx = 1. Then\n# no heading\n\ny = 2\n```"
    assert split_text(code, "", 4) == [
        ("", "```\nx = 1. Then\n```"),
        ("", "```\n# no heading\n```"),
        ("", "```\ny = 2\n```"),
    ]
    assert split_text(code, "", 50) == [("", "```\nx = 1. Then\n# no heading\n\ny = 2\n```")]


def test_a_page_of_code_keeps_each_line_and_its_indent():
    lines = [f"  option_{n} = {n}  # what it does" for n in range(200)]
    texts = [words for _, words in split_text("```\n" + "\n".join(lines) + "\n```", "Kit")]
    assert len(texts) > 3
    assert [line for text in texts for line in text.split("\n")[1:-1]] == lines


def test_a_fence_in_a_longer_fence_is_code():
    assert split_text("````\n```\n# a\n````\n\nAfter.", "") == [
        ("", "````\n```\n# a\n````\n\nAfter.")
    ]


def test_an_escaped_line_is_no_heading():
    assert split_text("\\# not a heading\n\n\\- not an item", "") == [
        ("", "# not a heading\n\n- not an item")
    ]


def test_a_list_stays_one_passage_while_it_fits():
    assert split_text("Needs:\n- soap\n- water", "") == [("", "Needs:\n- soap\n- water")]


def test_tiny_fragments_join_a_neighbour_under_the_same_heading():
    first = "Note this.\n\n" + "One two three four five. " * 4
    assert [len(words.split()) for _, words in split_text(first, "", 20)] == [17, 5]
    last = "One two three four five six.\n\nSeven eight nine ten.\n\nThe end."
    assert [words for _, words in split_text(last, "", 10)] == [
        "One two three four five six.",
        "Seven eight nine ten.\n\nThe end.",
    ]


def test_a_short_section_with_its_own_heading_stays_alone():
    assert split_text("## Price\n\nFree.\n\n## Size\n\nSmall.", "") == [
        ("Price", "Free."),
        ("Size", "Small."),
    ]


def test_pages_become_passages_with_positions_from_0():
    table = split_pages(pages("# T\n\nA b.\n\n## U\n\nC d e."))
    assert table["passage_id"].tolist() == ["a.com/0#0", "a.com/0#1"]
    assert table["heading_path"].tolist() == ["T", "T > U"]
    assert table["n_words"].tolist() == [2, 3]


def test_only_readable_pages_are_split():
    rejected = pages("Words.", status="http 404", site="b.com")
    all_pages = pd.concat([pages("Words here."), rejected], ignore_index=True)
    assert split_pages(all_pages)["site"].tolist() == ["a.com"]
    assert split_pages(rejected).empty
    assert split_pages(PAGES.empty()).empty


def test_one_copy_of_a_common_text_stays_and_positions_close_up():
    common = "## Help\n\nCall us, any day!"
    table = split_pages(
        pages(*(f"{common}\n\n## Own\n\nPage number {n} has words." for n in range(5)))
    )
    assert table["text"].tolist() == [
        "Call us, any day!",
        *(f"Page number {n} has words." for n in range(5)),
    ]
    assert table["position"].tolist() == [0, 1, 0, 0, 0, 0]
    assert table["passage_id"].is_unique


@pytest.mark.parametrize(
    ("n_pages", "n_shared", "n_kept"),
    [(4, 4, 4), (5, 3, 3), (5, 4, 1), (8, 5, 1), (20, 6, 6), (20, 7, 1)],
)
def test_a_text_on_more_than_three_pages_and_30_percent_counts_once(n_pages, n_shared, n_kept):
    texts = [
        f"## A\n\nOwn words {n}." + ("\n\n## B\n\nSHARED   words." if n < n_shared else "")
        for n in range(n_pages)
    ]
    table = split_pages(pages(*texts))
    assert (table["text"] == "SHARED   words.").sum() == n_kept


def test_copies_in_other_case_and_spacing_are_one_text():
    spellings = [
        "Free delivery.",
        "FREE  delivery.",
        "free\ndelivery.",
        " Free delivery. ",
        "Free delivery.",
    ]
    texts = [f"{spelling}\n\n## Own\n\nWords {n}." for n, spelling in enumerate(spellings)]
    table = split_pages(pages(*texts))
    assert table["text"].str.lower().str.contains("delivery").sum() == 1


def test_texts_that_differ_by_a_sign_or_consist_of_signs_are_not_copies():
    texts = [f"## Price\n\nTea: {sign}5" for sign in "£€$¥₹"]
    assert len(split_pages(pages(*texts))) == 5
    assert len(split_pages(pages("→", "←", "↑", "↓", "★"))) == 5


def test_a_common_text_stays_on_the_page_that_is_about_it():
    delivery = "Delivery takes two days. Delivery is free from 40 pounds."
    texts = [f"# Product {n}\n\n{delivery}" for n in range(5)]
    about_it = f"# Delivery\n\n{delivery}\n\n## Abroad\n\n{'Ask us about other countries. ' * 9}"
    table = split_pages(pages(*texts, about_it))
    kept = table[table["text"] == delivery]
    assert kept["page_id"].tolist() == ["a.com/5"]
    assert kept["heading_path"].tolist() == ["Delivery"]


def test_a_common_text_of_no_pages_title_stays_where_it_is_the_largest_share():
    note = "We use small files to count visits."
    texts = [f"# Tea\n\n{note}\n\n## More\n\n{'word ' * (9 - n)}" for n in range(5)]
    table = split_pages(pages(*texts))
    assert table.loc[table["text"] == note, "page_id"].tolist() == ["a.com/4"]


def test_a_short_answer_under_other_questions_is_no_copy():
    asked = ["deliver", "repair", "rent", "insure", "paint", "recycle"]
    texts = [
        f"# Page {n}\n\nOwn {n}.\n\n## Do you {verb}?\n\nYes, we do."
        for n, verb in enumerate(asked)
    ]
    table = split_pages(pages(*texts))
    assert (table["text"] == "Yes, we do.").sum() == 6
    same = [text.replace(verb, "deliver") for text, verb in zip(texts, asked, strict=True)]
    assert (split_pages(pages(*same))["text"] == "Yes, we do.").sum() == 1


def test_the_order_of_the_pages_does_not_decide_which_copy_stays():
    texts = [f"# T\n\nShared words here.\n\n## Own\n\nWords {n}." for n in range(6)]
    table = pages(*texts)
    kept = split_pages(table).query("text == 'Shared words here.'")["page_id"].tolist()
    assert kept == ["a.com/0"]
    assert (
        split_pages(table[::-1]).query("text == 'Shared words here.'")["page_id"].tolist() == kept
    )


def test_a_text_that_one_page_repeats_stays_as_often_as_it_is_there():
    texts = ["Again, again.\n\n## B\n\nAgain, again.", *(f"Words {n}." for n in range(5))]
    assert (split_pages(pages(*texts))["text"] == "Again, again.").sum() == 2


def test_pages_that_share_everything_leave_one_copy_of_each_text():
    table = split_pages(pages(*["One text.\n\n## B\n\nAnother text."] * 10))
    assert table["text"].tolist() == ["One text.", "Another text."]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.integers(5, 9))
def test_every_text_of_a_site_is_a_passage(letters, n_pages):
    texts = ["\n\n## H\n\n".join(letters[n % 3 :] or letters) for n in range(n_pages)]
    assert set(split_pages(pages(*texts))["text"]) == {
        words for text in texts for _, words in split_text(text)
    }


def test_copies_are_counted_for_each_site():
    all_pages = pd.concat(
        [pages(*["Shared words."] * 3), pages(*["Shared words."] * 3, site="b.com")],
        ignore_index=True,
    )
    assert len(split_pages(all_pages)) == 6


def test_a_table_without_text_column_is_refused():
    with pytest.raises(SchemaError, match="needs a column text"):
        split_pages(pages("A.").drop(columns="text"))


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.integers(1, 12))
def test_no_word_is_lost_or_invented(pieces, max_words):
    text = "".join(pieces)
    passages = split_text(text, "Title", max_words)
    assert all(count_words(words) for _, words in passages)
    assert all(count_words(without_code(words)) <= max_words for _, words in passages)
    letters = [re.findall(r"\w", words) for _, words in passages]
    left = iter(re.findall(r"\w", text))
    assert all(letter in left for piece in letters for letter in piece)
    if "#" not in text:
        assert sum(map(len, letters)) == len(re.findall(r"\w", text))


ZH = "自收到商品之日起三十天内，您可以无理由退货。商品必须保持原包装，配件齐全，标签未拆。"
JA = "商品到着後三十日以内であれば、理由を問わず返品できます。送料はお客様のご負担となります。"
KO = "상품을 받은 날로부터 삼십 일 이내에 반품하실 수 있습니다. 배송비는 고객이 부담합니다. "
TH = "คุณสามารถคืนสินค้าได้ภายในสามสิบวันนับจากวันที่ได้รับสินค้า โดยสินค้าต้องอยู่ในสภาพเดิม "
KM = "អ្នកអាចប្រគល់ទំនិញវិញក្នុងរយៈពេលសាមសិបថ្ងៃ។"
AR = "هل يمكنني إرجاع المنتج؟ نعم، خلال ثلاثين يوماً من تاريخ الاستلام. "
UR = "آپ تیس دن کے اندر واپس کر سکتے ہیں۔ خرچ خریدار کا ہے۔ "
HI = "आप उत्पाद तीस दिनों के भीतर वापस कर सकते हैं। खर्च खरीदार देगा। "
HY = "Դուք կարող եք վերադարձնել ապրանքը երեսուն օրվա ընթացքում։ "
AM = "ዕቃውን በሰላሳ ቀናት ውስጥ መመለስ ይችላሉ። "
DE = "Die Rücksendekostenübernahmeerklärung liegt dem Warenbegleitschreiben bei. Danke sehr! "
EN = "You can return what you bought within thirty days. We pay you back at once! "


@pytest.mark.parametrize("text", [ZH, JA, KO, TH, KM, AR, UR, HI, HY, AM, DE, EN])
def test_a_long_page_of_any_script_is_cut_where_its_sentences_end(text):
    table = split_pages(pages(text * 40))
    assert len(table) > 1
    assert (table["n_words"] > 1).all()
    assert (table["n_words"] <= 180).all()
    assert "".join(table["text"]).replace(" ", "") == (text * 40).replace(" ", "")
    if text != TH:
        stops = {sentence[-1] for sentence in split_sentences(text)}
        assert set(table["text"].str[-1]) <= stops


@pytest.mark.parametrize("text", [ZH, JA, KO, TH, AR, HI, DE, EN])
def test_no_passage_is_longer_than_what_the_counter_counts(text):
    def count(texts):
        return [len(part) for part in texts]

    path = "Title > " + "H" * 20
    table = split_pages(pages(f"# Title\n\n## {'H' * 20}\n\n{text * 30}"), 180, count, 90)
    assert (table["heading_path"] == path).all()
    assert max(map(len, passage_texts(table))) <= 90
    assert "".join(table["text"]).replace(" ", "") == (text * 30).replace(" ", "")


def test_text_without_spaces_or_stops_is_cut_between_letters():
    texts = [words for _, words in split_text("漢" * 3000, "T")]
    assert "".join(texts) == "漢" * 3000
    assert 8 < len(texts) < 20
    thai = "คืนสินค้าได้ภายในสามสิบวัน" * 200
    parts = [words for _, words in split_text(thai, "T")]
    assert "".join(parts) == thai
    # a mark stays with its letter
    assert not any(unicodedata.category(part[0]) == "Mn" for part in parts)


def test_ideographic_commas_are_where_a_long_sentence_is_cut():
    sentence = "商品必须保持原包装，配件齐全、标签未拆；" * 20
    texts = [words for _, words in split_text(sentence, "T")]
    assert "".join(texts) == sentence
    assert {text[-1] for text in texts} <= set("，、；")


def test_a_very_long_heading_leaves_room_for_words():
    table = split_pages(pages(f"# {'long heading ' * 500}\n\n{EN * 20}"))
    assert 1 < len(table) < 40


def test_passages_know_the_anchor_of_their_heading():
    text = "# T\n\nHi.\n\n## Care {#care}\n\nWash it.\n\n### Cold\n\nSoap.\n\n## Price\n\nTen."
    table = split_pages(pages(text))
    assert table["heading_path"].tolist() == ["T", "T > Care", "T > Care > Cold", "T > Price"]
    assert table["anchor"].fillna("").tolist() == ["", "care", "care", ""]
    assert not table["text"].str.contains("{#", regex=False).any()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "|" * 1_000_000,
        "| " * 500_000,
        "a | " * 250_000,
        "漢" * 1_000_000,
        "ก" * 1_000_000,
        "\u0301" * 1_000_000,
        "，" * 1_000_000,
        "a, " * 300_000,
        "- a\n" * 250_000,
        "word " * 200_000,
        "```\n" + "x" * 1_000_000,
        "# H {#h}\n" * 100_000,
        "```\n" * 250_000,
    ],
    ids=lambda text: text[:6],
)
def test_a_hostile_page_is_split_in_time(text):
    start = time.process_time()
    table = split_pages(pages(text))
    assert time.process_time() - start < 20
    assert table["text"].str.len().max() < 20_000 if len(table) else True
