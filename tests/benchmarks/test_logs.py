import pytest

from benchmarks.__main__ import main
from benchmarks.logs import measure_logs, write_responses
from benchmarks.sets import data_folder


def test_a_made_up_log_is_read_whole():
    found = measure_logs(megabytes=3)
    assert found["n_records"] == found["answers"] > 500
    assert found["rejects"] == 0
    assert found["citations"] > 10 * found["answers"]
    assert found["spans"] > found["answers"]
    assert found["megabytes"] == pytest.approx(3, abs=0.1)


def test_the_same_seed_writes_the_same_log(tmp_path):
    n_first = write_responses(tmp_path / "a.jsonl", 100_000, seed=3)
    assert n_first == write_responses(tmp_path / "b.jsonl", 100_000, seed=3)
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_ten_sites_and_the_own_one_are_told_by_product(capsys):
    folder = data_folder() / "chatgpt_products"
    if not folder.is_dir():
        pytest.skip(f"no public set at {folder}: set COVERAGE_KIT_BENCH_DATA")
    assert main(["voice", "--set", str(folder)]) == 0
    told = capsys.readouterr().out
    by_all = told.split("\n\n", 1)[0].splitlines()
    assert len(by_all) == 2 + 11
    assert by_all[2].split()[:2] == ["pcmag.com", "0.0%"]
    assert by_all[3].startswith("techradar.com")
    for part in ("citation_share\n", "share_of_voice\n", "third-party"):
        assert part in told
    assert told.count("Portable Projector") == 3
