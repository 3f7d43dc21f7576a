import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from coverage_kit.embed import static
from coverage_kit.embed.static import StaticEncoder
from coverage_kit.errors import EncoderError

model2vec = pytest.importorskip("model2vec")
WORDS = ("[PAD]", "[UNK]", "crm", "best", "bikes")


@pytest.fixture
def distilled(monkeypatch):
    """Replace the distilled model by one of three words in four dimensions.

    Return a list with one entry for each time that a model is distilled.
    """
    times = []

    def distill(name, **options):
        tokenizer = Tokenizer(
            models.WordLevel(
                {word: index for index, word in enumerate(WORDS)},
                unk_token="[UNK]",  # noqa: S106 (a token of text)
            )
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        times.append(options["pca_dims"])
        vectors = np.array(
            [[0, 0, 0, 0], [0, 0, 0, 0], [3, 4, 0, 0], [0, 0, 0, 2], [0, 0, 9, 0]], dtype=np.float32
        )
        return model2vec.StaticModel(vectors, tokenizer, normalize=True)

    monkeypatch.setattr("model2vec.distill.distill", distill)
    return times


def test_a_text_is_the_mean_of_its_words_and_of_unit_length(distilled, tmp_path):
    vectors = StaticEncoder(cache=tmp_path).encode(["crm", "crm best", "bikes"], "query")
    assert vectors.dtype == np.float32
    mean = np.array([1.5, 2, 0, 1])
    assert vectors == pytest.approx(
        np.array([[0.6, 0.8, 0, 0], mean / np.linalg.norm(mean), [0, 0, 1, 0]]), abs=1e-6
    )


def test_a_text_without_words_has_a_vector_of_unit_length_too(distilled, tmp_path):
    encoder = StaticEncoder(cache=tmp_path)
    assert encoder.encode(["", "crm"])[0].tolist() == [1, 0, 0, 0]
    assert encoder.encode([]).shape == (0, 4)


def test_a_model_is_distilled_once_and_named_after_the_encoder(distilled, tmp_path):
    first = StaticEncoder(cache=tmp_path)
    assert first.name.startswith("static of all-MiniLM-L6-v2@")
    assert " 4d@" in first.name
    assert StaticEncoder(cache=tmp_path).name == first.name
    assert distilled == [256]
    assert [folder.name for folder in (tmp_path / "static").iterdir()] == [first.folder.name]


def test_what_fails_to_distil_leaves_nothing_behind(distilled, tmp_path, monkeypatch):
    def fail(name, **options):
        raise ValueError("broken tokenizer")

    monkeypatch.setattr("model2vec.distill.distill", fail)
    with pytest.raises(EncoderError, match="broken tokenizer"):
        StaticEncoder(cache=tmp_path).encode(["crm"])
    assert list((tmp_path / "static").iterdir()) == []


def test_without_the_library_its_install_line_is_reported(monkeypatch):
    monkeypatch.setattr(static, "find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r'pip install "coverage_kit\[large\]"'):
        StaticEncoder()
