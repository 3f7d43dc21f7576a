"""Parts, one after the other: the results are those without parts; damaged ones are done again."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from coverage_kit.collect.logs.read import read_log
from coverage_kit.errors import EncoderError, RunError
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.parallel import jobs, open_work_plan
from coverage_kit.parallel.jobs import EmbedJob
from coverage_kit.parallel.parts import as_column, as_vectors
from coverage_kit.parallel.work_plan import PartEncoder, PartRunner, WorkPlan
from coverage_kit.settings import LogSettings, make_settings
from coverage_kit.vectors import embed_texts
from tests.encoder import WordEncoder
from tests.parallel.encoders import FailingEncoder, TracedEncoder, traces
from tests.parallel.executor import LocalExecutor
from tests.reliability.test_damage import DAMAGES


def plan_parts(folder, encoder, part_rows=10):
    """Return the plan that a cluster has, with this process as its only worker."""
    runner = PartRunner(LocalExecutor(), folder / "cache/parts", part_rows)
    return WorkPlan(PartEncoder(lambda: encoder, runner), runner)


@pytest.fixture
def texts(queries):
    return list(queries["text"])


@pytest.fixture
def embedded(queries, passages):
    encoder = WordEncoder()
    vectors = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    return vectors, embed_texts(passages["passage_id"], passages["text"], encoder)


def test_vectors_are_those_of_one_process_bit_by_bit(tmp_path, texts):
    spread = plan_parts(tmp_path, encoder := TracedEncoder(tmp_path))
    assert np.array_equal(spread.encoder.encode(texts, "query"), WordEncoder().encode(texts))
    assert sorted(n for _, n in traces(tmp_path)) == [8, 10, 10, 10, 10]  # 48 texts
    assert (spread.encoder.name, spread.encoder.dimensions) == (encoder.name, 64)


def test_matches_are_those_of_one_process(tmp_path, passages, embedded):
    matches = plan_parts(tmp_path, WordEncoder()).match(
        embedded[0], passages, embedded[1], "ours", (5, 2)
    )
    expected = nearest_passages(embedded[0], passages, embedded[1], "ours", (5, 2))
    pd.testing.assert_frame_equal(matches, expected, check_exact=True)
    assert len(matches) == 48 * (5 + 2)


def test_little_work_makes_no_parts(tmp_path, texts, passages, embedded):
    spread = plan_parts(tmp_path, part_rows=48, encoder=WordEncoder())
    assert len(spread.encoder.encode(texts)) == len(texts)
    assert len(spread.match(embedded[0], passages, embedded[1], "ours", (1, 1))) == 96
    assert not (tmp_path / "cache").exists()


def test_a_second_run_does_no_part_again(tmp_path, texts):
    first = plan_parts(tmp_path, TracedEncoder(tmp_path)).encoder.encode(texts)
    n_parts = len(traces(tmp_path))
    again = plan_parts(tmp_path, TracedEncoder(tmp_path)).encoder
    assert np.array_equal(again.encode(texts), first)
    assert len(traces(tmp_path)) == n_parts
    again.encode(texts, "query")  # another role is another job
    assert len(traces(tmp_path)) == 2 * n_parts


def test_an_interrupted_run_goes_on(tmp_path, texts):
    with pytest.raises(KeyboardInterrupt):
        plan_parts(tmp_path, FailingEncoder(tmp_path, at=3, is_interrupted=True)).encoder.encode(
            texts
        )
    assert len(traces(tmp_path)) == 3
    vectors = plan_parts(tmp_path, TracedEncoder(tmp_path)).encoder.encode(texts)
    assert len(traces(tmp_path)) == 3 + 3  # two of five were done
    assert np.array_equal(vectors, WordEncoder().encode(texts))


def spoil_end(path):
    path.write_bytes(path.read_bytes()[:-20])


def spoil_middle(path):
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [spoil_end, spoil_middle])
@pytest.mark.parametrize("file", ["result", "input"])
def test_a_damaged_file_is_made_again(tmp_path, texts, spoil, file):
    expected = plan_parts(tmp_path, TracedEncoder(tmp_path)).encoder.encode(texts)
    spoil(next(tmp_path.glob(f"cache/parts/embed-*/00002.{file}.parquet")))
    again = plan_parts(tmp_path, TracedEncoder(tmp_path)).encoder.encode(texts)
    assert np.array_equal(again, expected)
    assert len(traces(tmp_path)) == 5 + (file == "result")


def test_a_worker_with_another_encoder_is_refused(tmp_path):
    job = EmbedJob(lambda: TracedEncoder(tmp_path, "words@2"), "words@1", "query")
    with pytest.raises(EncoderError, match="a worker's encoder: words@1; found words@2"):
        job(pa.table({"text": ["brakes"]}))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, texts):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(RunError, match="a file that can be written"):
        plan_parts(tmp_path, WordEncoder()).encoder.encode(texts)


def test_a_log_is_read_file_by_file_and_once(tmp_path, queries, monkeypatch):
    (tmp_path / "log").mkdir()
    for number, half in enumerate((queries[:30], queries[20:])):
        half.rename(columns={"text": "query"})[["query", "demand"]].to_csv(
            tmp_path / f"log/{number}.csv", index=False
        )
    log = LogSettings(files=(str(tmp_path / "log"),))
    spread = plan_parts(tmp_path, WordEncoder())
    read, expected = vars(spread.read_log(log)), vars(read_log(log))
    assert read.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(read[name], value, check_exact=True)
        else:
            assert read[name] == value
    assert len(read["queries"]) == 48

    monkeypatch.setattr(jobs, "read_log_part", None)  # a second run reads no file
    spread.read_log(log)
    (tmp_path / "log/1.csv").write_text("query\nbrakes\n")
    with pytest.raises(TypeError):
        spread.read_log(log)


def test_vectors_keep_every_bit_as_a_column():
    vectors = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    assert np.array_equal(
        as_vectors(pa.table({"vector": as_column(vectors)}).slice(2)["vector"]), vectors[2:]
    )


def test_one_process_makes_no_parts(tmp_path, texts):
    values = {"site": {"source": "."}, "cache": str(tmp_path / "cache")}
    plan = open_work_plan(make_settings(values | {"parallel": {"part_rows": 10}}), WordEncoder())
    assert np.array_equal(plan.encoder.encode(texts), WordEncoder().encode(texts))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "damage", [damage for damage in DAMAGES if damage.__name__ != "lose_columns"]
)
def test_a_damaged_part_of_a_log_is_read_again(tmp_path, damage, caplog):
    (tmp_path / "log").mkdir()
    for number in range(2):
        row = {"query": f"query {number}", "answer": "words", "engine": "e"}
        (tmp_path / f"log/{number}.jsonl").write_text(json.dumps(row) + "\n")
    log = LogSettings(files=(str(tmp_path / "log"),))
    spread = plan_parts(tmp_path, WordEncoder())
    expected = spread.read_log(log).queries
    for path in sorted(tmp_path.glob("cache/parts/log-*/00000/*.parquet"))[:2]:
        damage(path)
    pd.testing.assert_frame_equal(spread.read_log(log).queries, expected)
    assert caplog.text.count("read again") == 1
    pd.testing.assert_frame_equal(spread.read_log(log).queries, expected)
    assert caplog.text.count("read again") == 1
