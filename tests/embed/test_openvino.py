import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from coverage_kit.embed import encoders, openvino
from coverage_kit.embed.encoders import SentenceTransformerEncoder, find_gpu, has_native_bf16
from coverage_kit.embed.openvino import OpenVinoEncoder, _batches, _count_threads
from coverage_kit.errors import EncoderError
from tests.embed.models import make_model

TOPICS = (
    "brake pads",
    "tyre pressure",
    "battery charge",
    "delivery time",
    "return policy",
    "child seat",
    "rain cover",
)
TEXTS = [
    "",
    " ",
    "Brake",
    "brake",
    "naïve CAFÉ ﬁn 日本語 🚲\t\n 1,5 €",
    "a very long text about bikes " * 200,
    *(
        f"How do I check the {topic} {when}?"
        for topic in TOPICS
        for when in ("at home", "in winter", "after a long ride", "twice")
    ),
    *(
        f"The {topic}, step by step: " + "look closely and then turn the screw a little. " * n
        for n in (1, 2, 5)
        for topic in TOPICS
    ),
]
needs_bf16 = pytest.mark.skipif(not has_native_bf16(), reason="the processor has no bf16")
PRECISIONS = ["fp32", pytest.param("bf16", marks=needs_bf16)]


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """A folder that holds the bundled model converted."""
    folder = tmp_path_factory.mktemp("converted")
    OpenVinoEncoder(cache=folder)
    return folder


@pytest.fixture(scope="module")
def by_torch():
    return SentenceTransformerEncoder().encode(TEXTS)


def nearest(vectors):
    return [
        set(row)
        for row in np.argsort(-(vectors @ vectors.T), axis=1, kind="stable")[:, :10].tolist()
    ]


def test_fp32_equals_torch_and_has_its_name(converted, by_torch):
    encoder = OpenVinoEncoder(cache=converted)
    vectors = encoder.encode(TEXTS)
    assert np.abs(vectors - by_torch).max() < 1e-5
    assert encoder.name == SentenceTransformerEncoder().name
    distinct = np.unique(by_torch.round(4), axis=0, return_index=True)[1]  # equal texts tie
    assert nearest(vectors[distinct]) == nearest(by_torch[distinct])
    assert encoder.dimensions == vectors.shape[1] == 384


@needs_bf16
def test_bf16_keeps_neighbours_and_says_so_in_its_name(converted, by_torch):
    encoder = OpenVinoEncoder(precision="bf16", cache=converted)
    vectors = encoder.encode(TEXTS)
    shared = [
        len(neighbours & torch_neighbours) / 10
        for neighbours, torch_neighbours in zip(nearest(vectors), nearest(by_torch), strict=True)
    ]
    assert np.mean(shared) >= 0.98
    assert 1e-5 < np.abs(vectors - by_torch).max() < 0.02
    assert encoder.name == SentenceTransformerEncoder().name + " bf16"
    assert encoder.name != SentenceTransformerEncoder(precision="bf16").name


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_vector_of_a_text_depends_on_the_text_alone(converted, precision):
    encoder = OpenVinoEncoder(precision=precision, cache=converted)
    together = encoder.encode(TEXTS)
    sample = [*range(6), *range(6, len(TEXTS), 4)]
    np.testing.assert_array_equal(
        np.vstack([encoder.encode([TEXTS[row]]) for row in sample]), together[sample]
    )
    np.testing.assert_array_equal(encoder.encode(TEXTS[::-3]), together[::-3])
    many = encoder.encode([TEXTS[6], *(f"{text} {n}" for n in range(40) for text in TEXTS[6:12])])
    np.testing.assert_array_equal(many[0], together[6])


def test_batches_hold_one_length_and_1024_tokens_at_most():
    texts = [(n,) * length for length in (3, 400, 2) for n in range(5)]
    batches = list(_batches(texts))
    assert [[len(text) for text in batch] for batch in batches] == [
        [400] * 2,
        [400] * 2,
        [400],
        [3] * 5,
        [2] * 5,
    ]
    assert sorted(text for batch in batches for text in batch) == sorted(texts)


def test_texts_that_are_the_same_to_the_model_are_encoded_once(converted, monkeypatch):
    encoder = OpenVinoEncoder(cache=converted)
    batched = []
    monkeypatch.setattr(
        "coverage_kit.embed.openvino._batches",
        lambda texts: (batch for batch in [*_batches(texts)] if not batched.extend(batch)),
    )
    vectors = encoder.encode(["A brake", "a BRAKE", "a  brake", "a tyre"])
    assert len(batched) == 2
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert np.abs(vectors[0] - vectors[3]).max() > 0.01


def test_a_converted_model_needs_no_torch_and_openvino_leaves_nothing_at_home(converted, tmp_path):
    runtime = "openvino" if find_gpu() else "auto"
    script = (
        "import sys; from coverage_kit.embed.choose import choose_encoder\n"
        f"encoder = choose_encoder(runtime={runtime!r}, cache={str(converted)!r})\n"
        "print(encoder.encode(['a brake']).shape)\n"
        "print(sorted({'torch', 'transformers', 'openvino'} & set(sys.modules)))\n"
        "print(sys.modules['openvino_telemetry'])"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("CI", None)
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert process.stdout.splitlines() == ["(1, 384)", "['openvino']", "None"]
    assert list(tmp_path.iterdir()) == []


def test_a_converted_model_that_is_not_whole_is_made_again(tmp_path):
    model = make_model(tmp_path / "model")
    first = OpenVinoEncoder(str(model), cache=tmp_path / "ir")
    vectors = first.encode(["a brake"])
    (folder,) = (tmp_path / "ir" / "models").iterdir()
    for damage in (lambda file: file.write_bytes(file.read_bytes()[:-9]), Path.unlink):
        damage(folder / "model.bin")
        np.testing.assert_array_equal(
            OpenVinoEncoder(str(model), cache=tmp_path / "ir").encode(["a brake"]), vectors
        )
    (folder / "recipe.json").write_text("{")
    OpenVinoEncoder(str(model), cache=tmp_path / "ir")
    assert sorted(json.loads((folder / "recipe.json").read_text())["sha256"]) == [
        "model.bin",
        "model.xml",
        "tokenizer.json",
    ]
    assert [path.name for path in (tmp_path / "ir" / "models").iterdir()] == [folder.name]


def test_other_weights_are_refused_though_a_converted_model_is_there(converted, monkeypatch):
    monkeypatch.setattr(encoders, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="not all-MiniLM-L6-v2"):
        OpenVinoEncoder(cache=converted)


def test_a_changed_model_is_another_one(tmp_path):
    model = make_model(tmp_path / "model")
    first = OpenVinoEncoder(str(model), cache=tmp_path / "ir")
    shutil.rmtree(model)
    second = OpenVinoEncoder(str(make_model(tmp_path / "model", seed=1)), cache=tmp_path / "ir")
    assert first.name != second.name
    assert np.abs(first.encode(["a brake"]) - second.encode(["a brake"])).max() > 0.01
    assert len(list((tmp_path / "ir" / "models").iterdir())) == 2


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_pooling_prompts_and_length_are_those_of_the_model(tmp_path, pooling):
    prompts = {"query": "question: ", "passage": "text: "}
    model = str(make_model(tmp_path / "model", pooling=pooling, prompts=prompts, max_tokens=24))
    mine, torch_encoder = (
        OpenVinoEncoder(model, cache=tmp_path / "ir"),
        SentenceTransformerEncoder(model),
    )
    vectors = [mine.encode(TEXTS, role) for role in ("query", "passage")]
    for role, own in zip(("query", "passage"), vectors, strict=True):
        np.testing.assert_allclose(own, torch_encoder.encode(TEXTS, role), atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def test_a_default_prompt_stands_before_both_roles(tmp_path):
    model = str(make_model(tmp_path / "model", prompts={"any": "say: "}, default="any"))
    mine, torch_encoder = (
        OpenVinoEncoder(model, cache=tmp_path / "ir"),
        SentenceTransformerEncoder(model),
    )
    for role in ("query", "passage"):
        np.testing.assert_allclose(
            mine.encode(["a brake"], role), torch_encoder.encode(["a brake"], role), atol=1e-5
        )


def test_a_model_that_comes_out_otherwise_is_refused_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("coverage_kit.embed.openvino._MAX_DIFFERENCE", 0.0)
    with pytest.raises(EncoderError, match="a difference of"):
        OpenVinoEncoder(str(make_model(tmp_path / "model")), cache=tmp_path)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_name_on_the_hub_is_for_torch(tmp_path):
    with pytest.raises(EncoderError, match="Download it and name its folder"):
        OpenVinoEncoder("someone/model", cache=tmp_path)


def test_no_texts_give_no_vectors(converted):
    assert OpenVinoEncoder(cache=converted).encode([]).shape == (0, 384)


def test_a_wish_for_threads_is_kept(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert _count_threads() == 3
    for nothing in ("", "0", "4,2"):
        monkeypatch.setenv("OMP_NUM_THREADS", nothing)
        assert 1 <= _count_threads() <= os.cpu_count()


def test_the_first_text_of_a_model_is_encoded_before_any_thread_starts(converted, monkeypatch):
    """Two first calls at once may wait for each other forever in OpenVINO's binding."""
    encoded_in, infer = [], openvino._infer
    monkeypatch.setattr(
        openvino,
        "_infer",
        lambda *these: (encoded_in.append(threading.current_thread()), infer(*these))[1],
    )
    OpenVinoEncoder(cache=converted).encode(TEXTS)
    assert encoded_in[0] is threading.main_thread()
    assert threading.main_thread() not in encoded_in[1:]
