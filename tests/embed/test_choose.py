import logging
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

from coverage_kit.embed import choose
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.embed.openvino import OpenVinoEncoder
from coverage_kit.errors import EncoderError
from tests.embed.models import make_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(make_model(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def machine(monkeypatch):
    """Set what the machine appears to have."""

    def set_machine(gpu=None, has_bf16=False, has_openvino=True):
        monkeypatch.setattr(choose, "find_gpu", lambda: gpu)
        monkeypatch.setattr(choose, "has_native_bf16", lambda: has_bf16)
        monkeypatch.setattr(choose, "find_spec", lambda _: object() if has_openvino else None)

    return set_machine


@pytest.mark.parametrize(
    ("has", "kind", "precision"),
    [
        ({}, OpenVinoEncoder, "fp32"),
        ({"has_bf16": True}, OpenVinoEncoder, "bf16"),
        ({"has_bf16": True, "has_openvino": False}, SentenceTransformerEncoder, "bf16"),
        ({"has_openvino": False}, SentenceTransformerEncoder, "fp32"),
        ({"gpu": "cuda", "has_bf16": True}, SentenceTransformerEncoder, "fp16"),
    ],
)
def test_what_the_machine_has_decides(machine, model, tmp_path, has, kind, precision):
    machine(**has)
    encoder = choose_encoder(model, cache=tmp_path)
    assert type(encoder) is kind
    assert encoder.precision == precision
    if kind is SentenceTransformerEncoder:
        assert encoder.batch_size == (256 if has.get("gpu") else 16)


def test_names_tell_what_may_be_compared(machine, model, tmp_path):
    machine(has_bf16=True)
    names = [
        choose_encoder(model, *wish, tmp_path).name
        for wish in (("openvino", "fp32"), ("torch", "fp32"))
    ]
    assert names[0] == names[1]
    assert choose_encoder(model, "openvino", "bf16", tmp_path).name == names[0] + " bf16"
    assert choose_encoder(model, "torch", "bf16", tmp_path).name == names[0] + " torch-bf16"
    machine(gpu="cuda")
    assert choose_encoder(model, cache=tmp_path).name == names[0] + " fp16"


def test_torch_in_bf16_gives_unit_vectors_near_those_in_fp32(machine, model, tmp_path):
    machine(has_bf16=True)
    exact, rounded = (
        choose_encoder(model, "torch", precision, tmp_path) for precision in ("fp32", "bf16")
    )
    vectors = rounded.encode(["a brake", "another brake"], "query")
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert 1e-6 < np.abs(vectors - exact.encode(["a brake", "another brake"], "query")).max() < 0.05


@pytest.mark.parametrize(
    ("wish", "has", "message"),
    [
        (("auto", "fp16"), {}, "no GPU"),
        (("auto", "bf16"), {}, "without avx512_bf16"),
        (("openvino", "fp16"), {"gpu": "cuda"}, "no GPU"),
    ],
)
def test_a_wish_that_cannot_be_met_is_reported(machine, model, tmp_path, wish, has, message):
    machine(**has)
    with pytest.raises(EncoderError, match=message) as caught:
        choose_encoder(model, *wish, tmp_path)
    assert "match.precision" in str(caught.value)


def test_openvino_wished_for_and_not_installed_is_reported(machine, model, tmp_path, monkeypatch):
    machine(has_openvino=False)

    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("coverage_kit.embed.openvino.version", version)
    with pytest.raises(EncoderError, match=r'pip install "coverage_kit\[fast\]"'):
        choose_encoder(model, "openvino", cache=tmp_path)


def test_a_model_with_more_to_it_runs_on_torch_and_this_is_said(machine, tmp_path, caplog):
    machine()
    model = str(make_model(tmp_path / "model", is_dense=True))
    with caplog.at_level(logging.WARNING):
        encoder = choose_encoder(model, cache=tmp_path / "ir")
    assert type(encoder) is SentenceTransformerEncoder
    assert encoder.encode(["a brake"]).shape == (1, 8)
    assert "Transformer + Pooling + Dense" in caplog.text
    with pytest.raises(EncoderError, match="Dense"):
        choose_encoder(model, "openvino", cache=tmp_path / "ir")


def test_a_model_that_is_not_there_is_reported_and_not_left_to_torch(machine, tmp_path, caplog):
    machine()
    with pytest.raises(EncoderError, match="no such folder"):
        choose_encoder(str(tmp_path / "absent"), cache=tmp_path)
    assert not caplog.text
