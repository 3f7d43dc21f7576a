import pandas as pd
import pytest

from coverage_kit.collect.passages import split_pages
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.embed.openvino import OpenVinoEncoder
from coverage_kit.embed.texts import CachedEncoder, passage_texts
from coverage_kit.embed.tokens import read_token_limit
from coverage_kit.tables import PAGES
from tests.embed.models import make_model
from tests.encoder import WordEncoder

TEXTS = {
    "english": "Turn the screw a little, then pump the wheel up to two bar. It has to hold. ",
    "german": "Die Rücksendekostenübernahmeerklärung liegt dem Warenbegleitschreiben bei. ",
    "chinese": "自收到商品之日起三十天内，您可以无理由退货。",  # noqa: RUF001 (Chinese)
    "korean": "상품을 받은 날로부터 삼십 일 이내에 반품하실 수 있습니다. ",
    "arabic": "نعم، خلال ثلاثين يوماً من تاريخ الاستلام. ",
    "hindi": "आप उत्पाद तीस दिनों के भीतर वापस कर सकते हैं। ",
    "rows": "Wheel | holds 22 kg | £49.90\n",
}


def site(text):
    page = {"page_id": "a.com/", "site": "a.com", "url": "https://a.com/", "status": "ok"}
    return PAGES.table([page | {"title": "Returns", "text": f"## How it is done\n\n{text}"}])


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_model_reads_each_passage_to_its_end(text):
    encoder = SentenceTransformerEncoder()
    passages = split_pages(site(text * 60), 180, *read_token_limit(encoder))
    ids = encoder._loaded.tokenizer(passage_texts(passages), truncation=False)["input_ids"]
    assert len(passages) > 1
    assert 100 < max(map(len, ids)) <= encoder._loaded.max_seq_length == 256


def test_the_counter_of_a_cached_encoder_is_that_of_its_encoder(tmp_path):
    limit = read_token_limit(CachedEncoder(SentenceTransformerEncoder(), tmp_path / "v.sqlite"))
    assert limit.max_tokens == 254
    assert limit.count_tokens(["", "Brake", "unbelievable tyres", "退货", "\ud800"]) == [
        0,
        1,
        2,
        2,
        1,
    ]


def test_torch_and_openvino_count_alike(tmp_path):
    model = str(make_model(tmp_path, max_tokens=48))
    limits = [
        read_token_limit(encoder)
        for encoder in (SentenceTransformerEncoder(model), OpenVinoEncoder(model, cache=tmp_path))
    ]
    assert [limit.max_tokens for limit in limits] == [46, 46]
    counts = [limit.count_tokens(list(TEXTS.values())) for limit in limits]
    assert counts[0] == counts[1]


def test_words_that_a_model_puts_before_a_passage_take_their_room(tmp_path):
    prompts = {"query": "ask: ", "document": "read this now: "}
    model = SentenceTransformerEncoder(str(make_model(tmp_path, prompts=prompts, max_tokens=48)))
    assert read_token_limit(model).max_tokens == 46 - 4


def test_an_encoder_of_another_kind_has_no_counter():
    assert read_token_limit(WordEncoder()) == (None, 254)
    table = split_pages(site(TEXTS["chinese"] * 60), 180, *read_token_limit(WordEncoder()))
    assert table["text"].str.len().max() <= 254
    pd.testing.assert_frame_equal(table, split_pages(site(TEXTS["chinese"] * 60)))
