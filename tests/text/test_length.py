# ruff: noqa: RUF001 (texts in many scripts)
import time

import pytest

from coverage_kit.text.length import count_words, estimate_tokens


@pytest.mark.parametrize(
    ("text", "n_words"),
    [
        ("", 0),
        ("  \n ", 0),
        ("How far does it go?", 5),
        ("a | b", 3),
        ("Größe über 40 cm", 4),
        ("Вы можете вернуть товар", 4),
        ("يمكنك إرجاع المنتج", 3),
        ("आप इसे वापस कर सकते हैं।", 6),
        ("상품을 받은 날로부터 삼십 일", 5),
        ("Bạn có thể trả lại", 5),
        # two ideographs a word
        ("您可以无理由退货。", 4),
        ("退货", 1),
        ("買", 1),
        ("送料はお客様のご負担となります", 8),
        ("「はい」、できます。", 3),
        # letters of other scripts between them are words
        ("用 USB 充电", 3),
        ("iPhone用ケース", 3),
        # five letters and vowel signs a word
        ("คืนสินค้าได้", 3),
        ("อาหาร ไทย", 2),
        ("ទំនិញវិញ", 2),
        # a run of more than 40 characters is several words
        ("Donaudampfschifffahrtsgesellschaft", 1),
        ("x" * 41, 2),
        ("see " + "x" * 400, 11),
    ],
)
def test_words_are_counted_in_every_script(text, n_words):
    assert count_words(text) == n_words


def test_cut_text_never_counts_less_than_the_whole():
    text = "このページでは返品の手順を説明します。" * 5
    for step in range(1, 20):
        parts = [text[start : start + step] for start in range(0, len(text), step)]
        assert sum(map(count_words, parts)) >= count_words(text)


@pytest.mark.parametrize(
    ("text", "measured"),
    # What the bundled model's tokenizer makes of these texts.
    [
        ("You can return what you bought within thirty days, and we pay you back.", 16),
        ("自收到商品之日起三十天内，您可以无理由退货。商品必须保持原包装，配件齐全。", 37),
        ("商品到着後三十日以内であれば、理由を問わず返品できます。", 28),
        ("Вы можете вернуть товар в течение тридцати дней со дня получения.", 55),
        ("상품을 받은 날로부터 삼십 일 이내에 반품하실 수 있습니다.", 53),
        ("Puede devolver el producto en un plazo de treinta días desde su recepción.", 24),
    ],
)
def test_tokens_are_estimated_by_script(text, measured):
    [estimate] = estimate_tokens([text])
    assert 0.7 * measured <= estimate <= 1.45 * measured


@pytest.mark.parametrize("sign", ["x", "|", "| ", "字", "ก", "é ", "。", "한"])
def test_hostile_repetition_takes_no_time(sign):
    start = time.process_time()
    count_words(sign * 1_000_000)
    estimate_tokens([sign * 1_000_000])
    assert time.process_time() - start < 5
