"""Citation rates of public sets by read_log equal a recomputation that shares no code with it."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest

from coverage_kit.collect.logs import read_log
from coverage_kit.settings import LogSettings

DATA = Path(os.environ.get("COVERAGE_KIT_BENCH_DATA", "../shared/data"))
SETS = {
    "ai_search_bench": ["query_id", "engine"],
    "chatgpt_products": ["query_id", "engine", "run"],
}


def rates_by_pandas(responses):
    frame = responses[
        responses["response_text"].str.strip().ne("") | responses["citations"].str.len().gt(0)
    ]
    frame = frame.reset_index(drop=True).reset_index(names="answer")
    cited = frame[["answer", "engine", "citations"]].explode("citations").dropna()
    hosts = (
        cited["citations"]
        .map(lambda url: urlsplit(url.strip()).hostname if url.startswith("http") else None)
        .dropna()
    )
    hosts = hosts.map(lambda host: host if host.isascii() else host.encode("idna").decode())
    cited["site"] = hosts.str.replace(r"^www\.(?=.*\.)", "", regex=True)
    counts = cited.dropna().drop_duplicates(["answer", "site"]).groupby(["engine", "site"]).size()
    return (
        counts / frame.groupby("engine").size().reindex(counts.index.get_level_values(0)).to_numpy()
    )


def rates_by_read_log(log):
    cited = log.citations[log.citations["kind"] == "cited"].drop_duplicates(["answer_id", "site"])
    engine = log.answers.set_index("answer_id")["engine"]
    counts = cited.groupby([cited["answer_id"].map(engine).rename("engine"), "site"]).size()
    return counts / engine.value_counts().reindex(counts.index.get_level_values(0)).to_numpy()


@pytest.mark.parametrize("name", SETS)
def test_a_public_set_gives_the_citation_rates_of_a_recomputation(tmp_path, name):
    if not (DATA / name).is_dir():
        pytest.skip(f"no public set at {DATA / name}: set COVERAGE_KIT_BENCH_DATA")
    responses = pd.read_parquet(DATA / name / "responses.parquet")
    texts = pd.read_parquet(DATA / name / "queries.parquet").set_index("query_id")["text"]
    run = responses.reindex(columns=["run"])["run"].astype(str)
    responses.assign(query=responses["query_id"].map(texts), run=run).to_parquet(
        tmp_path / "log.parquet"
    )
    log = read_log(LogSettings(files=(str(tmp_path / "log.parquet"),)))
    expected, rates = rates_by_pandas(responses), rates_by_read_log(log)
    # a blank answer is a question without a logged answer
    is_blank = responses["response_text"].fillna("").str.strip() == ""
    assert len(log.answers) + len(log.failures) == (~is_blank).sum()
    assert len(expected) > 100
    pd.testing.assert_series_equal(rates.sort_index(), expected.sort_index(), check_names=False)
