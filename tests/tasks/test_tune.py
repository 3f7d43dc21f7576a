import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.errors import EncoderError, LogError, RunError
from coverage_kit.settings import MatchSettings, TuneSettings, make_settings
from coverage_kit.tables import CLAIMS, PASSAGES, QUERIES
from coverage_kit.tasks.tune import NOTE, TuningTarget, tune_encoder, tune_on
from coverage_kit.tasks.tuning_pairs import TuningData
from coverage_kit.tasks.tuning_result import (
    AS_ENCODED,
    IN_SPACE,
    RECALL,
    RECIPROCAL_RANK,
    describe_tuning,
)

THINGS = {
    "lamp": "quorlet",
    "lock": "brannick",
    "pump": "ostler",
    "bell": "trimmow",
    "rack": "shandle",
    "basket": "velkin",
}
THINGS |= {"saddle": "gorsep", "mirror": "ludwane"}
TROUBLES = {
    "rusty": "ferrant",
    "loose": "waddled",
    "noisy": "clattish",
    "cracked": "mirkled",
    "bent": "skewed",
    "wet": "madid",
}
FAST = TuneSettings(held_out=0.3, epochs=5, learning_rate=3e-4)
TORCH = MatchSettings(runtime="torch", precision="fp32")


def make_data(is_permuted=False):
    """Forty-eight pages in a shop's words, and two plain questions to each (permuted: another)."""
    passages, queries, labels = [], [], []
    for product, own_product in THINGS.items():
        for trouble, own_trouble in TROUBLES.items():
            page, number = f"{own_product}-{own_trouble}", len(passages)
            text = f"A {own_trouble} {own_product} is for our kit: take it, and ride on then."
            row = {
                "passage_id": f"{page}#0",
                "page_id": page,
                "site": "s",
                "position": 0,
                "text": text,
                "n_words": 14,
            }
            passages.append({**row, "heading_path": f"{own_product} > {own_trouble}"})
            for style, words in enumerate(
                (f"what to do with a {trouble} {product}", f"my {product} is {trouble}")
            ):
                queries.append({"query_id": f"{number}-{style}", "text": words, "demand": 1.0})
                labels.append(
                    {"query_id": f"{number}-{style}", "page_id": page, "passage_id": pd.NA}
                )
    table = pd.DataFrame(labels)
    if is_permuted:
        table["page_id"] = np.random.default_rng(0).permutation(table["page_id"])
    return TuningData(PASSAGES.table(passages), QUERIES.table(queries), table, CLAIMS.empty())


def make_target(folder, is_kept=False):
    encoder = CachedEncoder(
        choose_encoder(runtime="torch", precision="fp32"), folder / "vectors.sqlite", is_quiet=True
    )
    return TuningTarget(TORCH, encoder, folder / "encoder", is_kept)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jargon")


@pytest.fixture(scope="module")
def learned(folder):
    return tune_on(make_data(), make_target(folder), FAST, seed=0)


def test_an_encoder_that_learns_the_shops_words_is_adopted(learned, folder):
    assert learned.is_better
    for space in (AS_ENCODED, IN_SPACE):
        recall = learned.find(RECALL, space)
        assert recall.low > 0.1
        assert recall.after > recall.before + 0.2
    assert learned.folder == folder / "encoder"


def test_the_note_says_where_it_comes_from_and_what_was_held_out(learned):
    note = (learned.folder / NOTE).read_text(encoding="utf-8")
    assert note.startswith("# Tuned from minilm\n")
    assert f"- {learned.held_out_pages[0]}\n" in note
    assert describe_tuning(learned) in note


def test_the_adopted_encoder_gives_the_vectors_that_were_measured(learned, folder):
    encoder = SentenceTransformerEncoder(str(learned.folder))
    assert encoder.name == learned.names[1]
    stored = CachedEncoder(encoder, folder / "vectors.sqlite")
    texts = list(make_data().queries["text"])
    vectors = stored.encode(texts, "query")
    assert stored.n_reused == len(texts)
    assert encoder.encode(texts, "query") == pytest.approx(vectors, abs=1e-5)


def test_nothing_unfinished_is_left_beside_it(learned, folder):
    assert {path.name for path in folder.iterdir() if not path.name.startswith("vectors")} == {
        "encoder"
    }


def test_the_words_report_gain_interval_cost_and_what_to_do(learned):
    description = describe_tuning(learned)
    recall = learned.find(RECALL, AS_ENCODED)
    assert f"{recall.before:.3f} -> {recall.after:.3f}" in description
    assert f"[{recall.low:+.3f}, {recall.high:+.3f}]" in description
    assert f"{learned.trained.n_tokens:,} tokens" in description
    assert f'encoder = "{learned.folder.as_posix()}" in [match]' in description
    assert "That is not relevance" in description


def test_every_measure_is_reported_as_encoded_and_in_the_sites_space(learned):
    pairs = set(zip(learned.measures["measure"], learned.measures["space"], strict=True))
    assert pairs == {
        (measure, space)
        for measure in (RECALL, RECIPROCAL_RANK)
        for space in (IN_SPACE, AS_ENCODED)
    }
    assert (learned.measures["low"] <= learned.measures["difference"]).all()
    assert (learned.measures["difference"] <= learned.measures["high"]).all()


def test_pairs_that_are_noise_bring_nothing_and_nothing_is_written(tmp_path):
    tuned = tune_on(
        make_data(is_permuted=True),
        make_target(tmp_path),
        TuneSettings(epochs=2, learning_rate=3e-4),
        seed=0,
    )
    assert not tuned.is_better
    assert tuned.folder is None
    assert not (tmp_path / "encoder").exists()
    assert "Nothing was written; the encoder stays as it is." in describe_tuning(tuned)


def test_too_few_cited_pages_are_refused_before_anything_is_trained(tmp_path):
    data = make_data()
    few = TuningData(data.passages, data.queries, data.labels.iloc[:30], data.claims)
    with pytest.raises(
        LogError, match=r"log.files: answers that cite pages which were read: 32 queries.*Add logs"
    ):
        tune_on(few, make_target(tmp_path), FAST, seed=0)


def test_a_log_that_cites_none_of_the_pages_is_refused_with_what_may_be_wrong(tmp_path):
    settings = write_project(tmp_path)
    other_site = settings.model_copy(
        update={"site": settings.site.model_copy(update={"base_url": "https://other.example/"})}
    )
    with pytest.raises(
        LogError, match=r"found 0 to learn from, 0 queries on 0 pages.*check that base_url"
    ):
        tune_encoder(tuned_into(tmp_path / "encoder", other_site))


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="other files"):
        tune_on(make_data(), make_target(tmp_path), FAST, seed=0)
    assert (tmp_path / "encoder" / "thesis.txt").read_text() == "mine"


def test_a_tuned_encoder_is_not_tuned_again_as_it_may_know_what_is_held_out(learned, tmp_path):
    target = make_target(tmp_path)
    again = TuningTarget(MatchSettings(encoder=str(learned.folder)), target.encoder, target.out)
    with pytest.raises(
        EncoderError, match=rf"one that was tuned\. Set match\.encoder to .* its {NOTE} names it"
    ):
        tune_on(make_data(), again, FAST, seed=0)


def write_project(folder: Path):
    """The shop as a site of Markdown with a log of answers that cite it."""
    data = make_data()
    site = folder / "site"
    site.mkdir()
    for row in data.passages.itertuples():
        (site / f"{row.page_id}.md").write_text(
            f"# {row.heading_path.replace(' > ', ', ')}\n\n{row.text}\n"
        )
    words = dict(zip(data.queries["query_id"], data.queries["text"], strict=True))
    rows = [
        {
            "query": words[label.query_id],
            "engine": "e",
            "answer": "Use a kit.",
            "citations": [f"https://shop.example/{label.page_id}"],
        }
        for label in data.labels.itertuples()
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    values = {
        "site": {"source": str(site), "base_url": "https://shop.example/"},
        "log": {"files": [str(folder / "log.jsonl")]},
        "match": {"runtime": "torch", "precision": "fp32"},
        "cache": str(folder / "cache"),
    }
    return make_settings(values)


def tuned_into(folder, settings):
    return settings.model_copy(update={"tune": TuneSettings(epochs=1, out=str(folder))})


def test_site_and_log_are_read_as_a_run_reads_them_and_the_encoder_is_kept_where_wished(tmp_path):
    tuned = tune_encoder(
        tuned_into(tmp_path / "models" / "own", write_project(tmp_path)), is_kept=True
    )
    assert tuned.n_held_out_queries + tuned.n_cited_pairs == 96
    assert tuned.n_passages == 48
    assert tuned.held_out_pages[0].startswith("shop.example/")
    assert tuned.folder == tmp_path / "models" / "own"
    assert SentenceTransformerEncoder(str(tuned.folder)).dimensions == 384


def test_the_same_seed_measures_the_same_twice(tmp_path):
    settings = write_project(tmp_path)
    first, again = (tune_encoder(tuned_into(tmp_path / name, settings)) for name in ("one", "two"))
    pd.testing.assert_frame_equal(first.measures, again.measures)
    assert first.names[1].split("@")[1] == again.names[1].split("@")[1]
