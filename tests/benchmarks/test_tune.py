import json

import pandas as pd
import pytest

from benchmarks import __main__ as command
from benchmarks.sets import data_folder
from tests.tasks.test_tune import make_material


@pytest.fixture
def folder(tmp_path):
    """The shop of the tuning tests in the common format of the public sets."""
    material, folder = make_material(), tmp_path / "shop"
    folder.mkdir()
    passages = material.passages.rename(columns={"passage_id": "section_id", "page_id": "doc_id"})
    passages.to_parquet(folder / "passages.parquet")
    material.queries.to_parquet(folder / "queries.parquet")
    qrels = material.labels[["query_id"]].assign(doc_id=material.labels["page_id"], relevance=1)
    qrels.to_parquet(folder / "qrels.parquet")
    return folder


def test_a_seed_tells_what_was_held_out_and_every_measure_with_its_interval(
    folder, tmp_path, capsys
):
    cache, file = tmp_path / "vectors.sqlite", tmp_path / "figures.json"
    arguments = [
        "tune",
        "--set",
        str(folder),
        "--seeds",
        "1",
        "--cache",
        str(cache),
        "--json",
        str(file),
    ]
    assert command.main(arguments) == 0
    rows = json.loads(file.read_text(encoding="utf-8"))
    assert [(row["set"], row["seed"]) for row in rows] == [("shop", 0)]
    for row in rows:
        assert row["n_queries"] + row["n_cited_pairs"] == 96
        assert len(row["measures"]) == 4
        plain, moved = row["measures"][0], row["measures"][2]
        assert (plain["measure"], plain["space"]) == ("recall@10", "as encoded")
        assert (moved["measure"], moved["space"]) == ("recall@10", "in the site's space")
        assert plain["low"] <= plain["difference"] <= plain["high"]
        is_lost = moved["difference"] < 0 or row["measures"][3]["high"] < 0
        assert row["is_better"] == (plain["low"] > 0 and not is_lost)
    assert "shop seed 0: " in capsys.readouterr().out


@pytest.mark.skipif(
    not (data_folder() / "doc2dial_val").is_dir(),
    reason="COVERAGE_KIT_BENCH_DATA holds no doc2dial_val",
)
def test_doc2dial_has_enough_judged_queries_and_pages_to_tune_on():
    qrels = pd.read_parquet(data_folder() / "doc2dial_val" / "qrels.parquet")
    queries = pd.read_parquet(data_folder() / "doc2dial_val" / "queries.parquet")
    asked = qrels[qrels["query_id"].isin(queries.loc[queries["standalone"], "query_id"])]
    assert asked["query_id"].nunique() > 600
    assert asked["doc_id"].nunique() > 200
