import signal
import subprocess
import sys
import time
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from coverage_kit.analysis import FORMAT, Analysis, load_analysis, save_analysis
from coverage_kit.errors import RunError
from coverage_kit.storage import files
from coverage_kit.storage.digests import write_manifest
from coverage_kit.vectors import Embeddings

SAVES = """
import sys
from coverage_kit.analysis import load_analysis, save_analysis
analysis = load_analysis(sys.argv[1])
print("ready", flush=True)
while True:
    save_analysis(analysis, sys.argv[1])
"""


def test_a_run_can_be_read_without_coverage_kit(sample_analysis, tmp_path):
    folder = save_analysis(sample_analysis, tmp_path / "run") / "tables"
    query_vectors = sample_analysis.embeddings["query_vectors"]
    select = (
        f"select q.text, list_cosine_similarity(v.vector, v.vector), len(v.vector) "  # noqa: S608 (values of the test)
        f"from '{folder}/queries.parquet' q "
        f"join '{folder}/query_vectors.parquet' v on v.id = q.query_id "
        f"where q.query_id = '{query_vectors.ids[5]}'"
    )
    row = duckdb.sql(select).fetchall()[0]
    text = sample_analysis.queries.set_index("query_id").loc[query_vectors.ids[5], "text"]
    assert row == (text, pytest.approx(1, abs=1e-5), query_vectors.vectors.shape[1])
    passage_vectors = pd.read_parquet(folder / "passage_vectors.parquet")
    assert np.array_equal(
        np.stack(passage_vectors["vector"]), sample_analysis.embeddings["passage_vectors"].vectors
    )
    select = f"select count(*) from '{folder}/gaps.parquet'"  # noqa: S608 (values of the test)
    counts = duckdb.sql(select).fetchall()
    assert counts == [(len(sample_analysis.gaps),)]


def test_vectors_come_back_as_they_were(sample_analysis, tmp_path):
    loaded = load_analysis(save_analysis(sample_analysis, tmp_path / "run")).embeddings
    for name, embeddings in sample_analysis.embeddings.items():
        assert loaded[name].ids == embeddings.ids
        assert loaded[name].encoder == embeddings.encoder
        assert np.array_equal(loaded[name].vectors, embeddings.vectors)


def test_a_run_of_an_encoder_without_texts_has_no_vectors(sample_analysis, tmp_path):
    empty = {"query_vectors": Embeddings((), np.zeros((0, 4), np.float32), "e")}
    bare = Analysis(**sample_analysis.tables(), about=sample_analysis.about, embeddings=empty)
    loaded = load_analysis(save_analysis(bare, tmp_path / "run")).embeddings
    assert list(loaded) == ["query_vectors"]
    assert loaded["query_vectors"].vectors.shape == (0, 4)


def test_a_run_killed_while_it_writes_leaves_a_complete_run(sample_analysis, tmp_path):
    save_analysis(sample_analysis, tmp_path)
    for number in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", SAVES, str(tmp_path)], stdout=subprocess.PIPE
        ) as process:
            process.stdout.readline()
            time.sleep(0.05 + 0.07 * number)
            process.send_signal(signal.SIGKILL)
        assert load_analysis(tmp_path).gaps.equals(sample_analysis.gaps)


def test_a_run_that_was_half_moved_into_place_before_a_crash_is_completed(
    sample_analysis, tmp_path, monkeypatch
):
    save_analysis(sample_analysis, tmp_path)
    later = replace(sample_analysis, gaps=sample_analysis.gaps[:3].reset_index(drop=True))
    with monkeypatch.context() as patch:
        patch.setattr(files, "_move_in", lambda folder: None)
        save_analysis(later, tmp_path)
    # The old tables are out of the way, the new ones are not in place yet.
    (tmp_path / "tables").rename(tmp_path / ".coverage-kit-finished" / ".replaced")
    assert load_analysis(tmp_path).gaps.equals(later.gaps)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".written.json", "tables"]


@pytest.mark.parametrize("name", ["gaps.parquet", "query_vectors.parquet", "summary.json"])
def test_a_damaged_run_says_to_run_again(sample_analysis, tmp_path, name):
    path = save_analysis(sample_analysis, tmp_path / "run") / "tables" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    for damaged in (bytes(content), b"", bytes(content[:100])):
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=f"{name} is not as it was written. Run again"):
            load_analysis(tmp_path / "run")
    path.unlink()
    with pytest.raises(RunError, match=name):
        load_analysis(tmp_path / "run")


def test_a_run_of_an_earlier_version_says_to_run_again(sample_analysis, tmp_path):
    folder = save_analysis(sample_analysis, tmp_path / "run") / "tables"
    path = folder / "gaps.parquet"
    pd.read_parquet(path).rename(columns={"is_closable": "winnable"}).to_parquet(path)
    write_manifest(folder, FORMAT)
    with pytest.raises(RunError, match=r"no column is_closable in gaps\.parquet\. Run again"):
        load_analysis(tmp_path / "run")
    save_analysis(sample_analysis, tmp_path / "run")
    pd.read_parquet(path).assign(demand="a text").to_parquet(path)
    write_manifest(folder, FORMAT)
    with pytest.raises(RunError, match=r"gaps\.demand should be number.*Run again"):
        load_analysis(tmp_path / "run")
    save_analysis(sample_analysis, tmp_path / "run")
    path = folder / "summary.json"
    path.write_text(path.read_text().replace('"unanswered_share"', '"share_of_gaps"'))
    write_manifest(folder, FORMAT)
    with pytest.raises(RunError, match=r"share_of_gaps in summary\.json\. Run again"):
        load_analysis(tmp_path / "run")
    for version in (FORMAT + 1, None):
        write_manifest(folder, version)
        with pytest.raises(RunError, match="Run again"):
            load_analysis(tmp_path / "run")
    (folder / "manifest.json").unlink()
    with pytest.raises(RunError, match=r"no manifest\.json\. Run again"):
        load_analysis(tmp_path / "run")
