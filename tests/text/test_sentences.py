# ruff: noqa: RUF001 (texts in many scripts)
import time

import pytest
from hypothesis import given, strategies as st

from coverage_kit.text.sentences import is_whole_sentence, split_sentences

PIECES = [
    "a",
    "B",
    "Mr.",
    "e.g.",
    "1.5",
    ".",
    "!",
    "?",
    "…",
    " ",
    "\n",
    "\n\n",
    "\n- ",
    "\n2. ",
    "[1]",
    "(",
    ")",
    '"',
    "。",
    "U.S.",
    "#",
]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It rains. It pours!", ["It rains.", "It pours!"]),
        ("Mr. Smith met Dr. Ames. They talked.", ["Mr. Smith met Dr. Ames.", "They talked."]),
        (
            "It costs 1.5 euros. Version v2.0 is out.",
            ["It costs 1.5 euros.", "Version v2.0 is out."],
        ),
        (
            "See https://a.com/b.html?c=d. Then stop.",
            ["See https://a.com/b.html?c=d.", "Then stop."],
        ),
        ("Fruit, e.g. Apples, is fine. Eat it.", ["Fruit, e.g. Apples, is fine.", "Eat it."]),
        (
            "Cats sleep.[1][2] Dogs bark. [3] Birds sing [4].",
            ["Cats sleep.[1][2]", "Dogs bark. [3]", "Birds sing [4]."],
        ),
        (
            "Yes. ([a.com](https://a.com/x)) Next one.",
            ["Yes. ([a.com](https://a.com/x))", "Next one."],
        ),
        ("True.【3†source】 Next.", ["True.【3†source】", "Next."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        (
            "1. Boil it. Wait.\n2. Pour it.\n- Serve",
            ["1. Boil it.", "Wait.", "2. Pour it.", "- Serve"],
        ),
        (
            "One line\nthat wraps. Next.\n\nNew paragraph",
            ["One line\nthat wraps.", "Next.", "New paragraph"],
        ),
        ("Is it free? No. You pay.", ["Is it free?", "No.", "You pay."]),
        ("See No. 5 and fig. 3. Done.", ["See No. 5 and fig. 3.", "Done."]),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
        ("それは猫。これは犬。", ["それは猫。", "これは犬。"]),
        ("Wait... what? Fine.", ["Wait... what?", "Fine."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_by_hand(text, sentences):
    assert split_sentences(text) == sentences


@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_nothing_is_lost_and_order_is_kept(pieces):
    text = "".join(pieces)
    sentences = split_sentences(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    position = 0
    for sentence in sentences:
        assert sentence == sentence.strip() != ""
        position = text.index(sentence, position) + len(sentence)


@pytest.mark.parametrize("piece", [".", "\n", ". ", ".)", "[1", ".([a](b", " ", "1.\n"])
def test_hostile_repetition_takes_no_time(piece):
    start = time.process_time()
    split_sentences(piece * 50_000)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("三十天内退货。运费自付！可以吗？", ["三十天内退货。", "运费自付！", "可以吗？"]),
        ("「はい。」と言う。次へ。", ["「はい。」", "と言う。", "次へ。"]),
        ("値は１．５です．次です．", ["値は１．５です．", "次です．"]),
        ("هل يمكنني الإرجاع؟ نعم.", ["هل يمكنني الإرجاع؟", "نعم."]),
        ("واپس کریں۔ خرچ آپ کا ہے۔", ["واپس کریں۔", "خرچ آپ کا ہے۔"]),
        ("वापस करें। खर्च देगा।", ["वापस करें।", "खर्च देगा।"]),
        ("Վերադարձրեք։ Վճարեք։", ["Վերադարձրեք։", "Վճարեք։"]),
        ("ይመልሱ። ይክፈሉ።", ["ይመልሱ።", "ይክፈሉ።"]),
        ("ប្រគល់វិញ។ បង់ប្រាក់។", ["ប្រគល់វិញ។", "បង់ប្រាក់។"]),
        ("ပြန်ပေးပါ။ ပေးချေပါ။", ["ပြန်ပေးပါ။", "ပေးချေပါ။"]),
        ("반품합니다. 배송비는 부담합니다.", ["반품합니다.", "배송비는 부담합니다."]),
    ],
)
def test_stops_of_other_scripts_end_sentences(text, sentences):
    assert split_sentences(text) == sentences
    assert all(map(is_whole_sentence, sentences))
