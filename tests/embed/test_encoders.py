import shutil

import numpy as np
import pytest
import torch

from coverage_kit.embed import encoders
from coverage_kit.embed.encoders import (
    BUNDLED_SHA256,
    SentenceTransformerEncoder,
    find_gpu,
    has_native_bf16,
)
from coverage_kit.errors import EncoderError


@pytest.fixture(scope="module")
def bundled():
    return SentenceTransformerEncoder()


def test_the_bundled_model_is_the_real_one(bundled):
    """Known neighbours of all-MiniLM-L6-v2: a paraphrase is near, another subject is far."""
    vectors = bundled.encode(
        ["How do I charge the battery?", "Charging the battery", "A recipe for bread"]
    )
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.8
    assert vectors[0] @ vectors[2] < 0.2
    assert bundled.dimensions == 384


def test_the_name_follows_the_weights(bundled, tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(bundled._folder, copy)
    assert bundled.name.startswith("all-MiniLM-L6-v2@")
    copied = SentenceTransformerEncoder(str(copy))
    assert copied.name.split("@")[1] == bundled.name.split("@")[1]
    np.testing.assert_allclose(copied.encode(["a brake"]), bundled.encode(["a brake"]), atol=1e-6)
    (copy / "config.json").write_text((copy / "config.json").read_text() + "\n")
    assert SentenceTransformerEncoder(str(copy)).name != copied.name


def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setattr(encoders, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="not all-MiniLM-L6-v2"):
        SentenceTransformerEncoder()
    assert len(BUNDLED_SHA256) == 64


@pytest.mark.parametrize("make", [lambda tmp: tmp / "absent", lambda tmp: tmp])
def test_a_folder_without_a_model_is_reported(tmp_path, make):
    with pytest.raises(EncoderError) as caught:
        SentenceTransformerEncoder(str(make(tmp_path)))
    assert "sentence-transformers model" in str(caught.value)


def test_a_broken_model_is_reported(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match="a model that sentence-transformers can load"):
        SentenceTransformerEncoder(str(tmp_path)).encode(["text"])


def test_what_the_machine_has_is_what_torch_says():
    capabilities = torch.cpu.get_capabilities()
    assert has_native_bf16() == bool(
        capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    )
    assert (find_gpu() is not None) == torch.accelerator.is_available()
