import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from coverage_kit.embed import finetune
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.embed.finetune import Recipe, TextPair, draw_batches, right_pages, train_encoder
from coverage_kit.errors import EncoderError
from tests.embed.models import make_model

WORDS = ("brake", "tyre", "saddle", "chain", "pedal", "lamp", "lock", "bell", "spoke", "fork")
PAIRS = [
    TextPair(f"how to fit a {word} to a {other}", f"{other} with {word}", f"{word}/{other}")
    for word in WORDS
    for other in WORDS
]
TEXTS = ["a brake", "fit the saddle to a fork", "", "wheel"]
FAST = Recipe(epochs=6, batch_size=25, learning_rate=3e-3)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tuned(model):
    return train_encoder(str(model), PAIRS, FAST)


def weights_of(model):
    return {name: weight.numpy().copy() for name, weight in model.state_dict().items()}


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(model, tuned):
    again = weights_of(train_encoder(str(model), PAIRS, FAST).model)
    other = weights_of(train_encoder(str(model), PAIRS, Recipe(6, 25, 3e-3, seed=1)).model)
    first = weights_of(tuned.model)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_training_brings_pairs_nearer_to_each_other_than_to_other_passages(tuned):
    assert tuned.losses[1] < 0.8 * tuned.losses[0]
    assert tuned.n_pairs == 100
    assert tuned.n_steps == 24
    assert tuned.n_texts == 1200


def test_words_keep_their_own_vectors_and_everything_after_them_learns(model, tuned):
    before, after = (
        weights_of(SentenceTransformer(str(model), device="cpu")),
        weights_of(tuned.model),
    )
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert not [
        name for name in changed if "word_embeddings" in name or "position_embeddings" in name
    ]
    assert {"attention", "intermediate"} <= {step for name in changed for step in name.split(".")}


def test_a_saved_model_loads_as_any_encoder_and_gives_the_same_vectors(tuned, tmp_path):
    folder = tuned.save(tmp_path / "tuned")
    expected = tuned.model.encode(TEXTS, normalize_embeddings=True)
    encoder = SentenceTransformerEncoder(str(folder))
    assert encoder.encode(TEXTS) == pytest.approx(expected, abs=1e-6)
    assert encoder.name.startswith("tuned@")
    # Other runtimes accept the model too, with texts as long as before.
    assert encoder.open_up().max_tokens == 64


def test_what_stands_before_a_query_stands_there_in_training(tmp_path):
    prompts = {"query": "search the whole site for this: ", "document": ""}
    plain = train_encoder(str(make_model(tmp_path / "plain")), PAIRS, FAST)
    prompted = train_encoder(str(make_model(tmp_path / "asked", prompts=prompts)), PAIRS, FAST)
    # 100 queries are read six times, each after seven words and marks.
    assert prompted.n_tokens == plain.n_tokens + 600 * 7


def test_a_query_counts_no_passage_of_its_own_pages_as_wrong(model):
    pairs = [
        TextPair("a", "one", "p"),
        TextPair("a", "two", "q"),
        TextPair("b", "three", "p"),
        TextPair("c", "four", "r"),
    ]
    trainer = finetune._Trainer(finetune._load(str(model)), pairs, FAST)
    expected = [[0, 1, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert trainer._not_wrong(pairs).int().tolist() == expected


def test_right_pages_are_those_of_any_pair_of_the_query():
    pairs = [TextPair("a", "one", "p"), TextPair("b", "two", "q"), TextPair("a", "three", "q")]
    assert right_pages(pairs) == {"a": {"p", "q"}, "b": {"q"}}


def test_every_pair_is_read_once_an_epoch_in_batches_of_about_one_size():
    batches = list(draw_batches(70, Recipe(epochs=2, batch_size=32)))
    assert [len(batch) for batch in batches] == [35, 35, 35, 35]
    assert sorted(np.concatenate(batches[:2])) == list(range(70))
    assert sorted(np.concatenate(batches[2:])) == list(range(70))


def test_too_few_pairs_are_refused_with_their_number(model):
    with pytest.raises(
        EncoderError, match=r"at least 32 distinct pairs; found 31\. Use a longer log"
    ):
        train_encoder(str(model), [*PAIRS[:31], *PAIRS[:31]])


def test_training_that_diverges_is_reported(model):
    with pytest.raises(EncoderError, match=r"training diverged. Set a lower tune.learning_rate"):
        train_encoder(str(model), PAIRS, Recipe(epochs=4, learning_rate=1e30))
