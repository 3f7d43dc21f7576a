"""Time and memory of reading a log of very many rows: made-up answers in Parquet files."""

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

# Rows of a file.
_FILE_ROWS = 500_000
_ENGINES = ("perplexity", "chatgpt", "gemini", "claude")
# Distinct pages that are cited, and distinct sentences of answers.
_PAGES = 20_000
_SENTENCES = 5_000
_WORDINGS = (
    "best {thing} for {who}",
    "what is the best {thing} for {who}?",
    "which {thing} should {who} buy",
    "top {thing} for {who}",
    "how much does a {thing} cost for {who}?",
    "price of a {thing} for {who}",
    "is a {thing} worth it for {who}",
    "how do {who} repair a {thing}?",
    "how to repair a {thing} for {who}",
    "{thing} rental for {who} near me",
)
_SYLLABLES = tuple(f"{consonant}{vowel}" for consonant in "bdfgklmnprstvz" for vowel in "aeio")
# The script that reads a log in a process of its own, so that its peak of memory is its own.
_READ = """
import json, resource, sys, time
from coverage_kit import make_settings, read_log
log = make_settings({"site": {"source": "."}, "log": {"files": [sys.argv[1]]}}).log
start = time.perf_counter()
tables = read_log(log)
seconds = time.perf_counter() - start
unit = 2**20 if sys.platform == "darwin" else 2**10
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
names = ("queries", "answers", "citations", "rejects")
sizes = {name: len(getattr(tables, name)) for name in names}
demand = tables.queries["demand"].sum()
print(json.dumps({"seconds": seconds, "peak_megabytes": peak, "demand": demand, **sizes}))
"""


def measure_rows(
    n_rows: int = 1_000_000, n_queries: int = 200_000, seed: int = 0
) -> dict[str, float]:
    """Return how a log of so many rows over so many distinct queries is read.

    The figures are seconds, peak megabytes resident, and rows of the tables.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), n_rows, n_queries, seed)
        process = subprocess.run(  # noqa: S603 (this very Python)
            [sys.executable, "-c", _READ, folder],
            check=True,
            capture_output=True,
            text=True,
        )
    figures = json.loads(process.stdout)
    return {
        "n_rows": n_rows,
        "n_queries": n_queries,
        "rows_a_second": n_rows / figures["seconds"],
        **figures,
    }


def write_rows(folder: Path, n_rows: int, n_queries: int, seed: int = 0) -> None:
    """Write Parquet files of answers, whose queries follow Zipf's law.

    Each query is asked at least once where there are rows enough.
    """
    rng = np.random.default_rng(seed)
    queries = pa.array(make_queries(n_queries))
    order = rng.permutation(n_queries)
    weights = 1 / np.arange(1, n_queries + 1)
    shares = np.cumsum(weights / weights.sum())
    for start in range(0, n_rows, _FILE_ROWS):
        rows = np.arange(start, min(n_rows, start + _FILE_ROWS))
        drawn = np.minimum(np.searchsorted(shares, rng.random(len(rows))), n_queries - 1)
        query_rows = order[np.where(rows < n_queries, rows % n_queries, drawn)]
        pq.write_table(
            _rows(rng, rows, queries, query_rows),
            folder / f"part-{start // _FILE_ROWS:03d}.parquet",
        )


def make_queries(n: int) -> list[str]:
    """Return so many distinct made-up questions.

    There are ten wordings of each need, so that many questions are nearly the same.
    """
    return [
        _WORDINGS[number % 10].format(
            thing=f"{_word(number // 10 % 211)} {_word(211 + number // 2110 % 97)}",
            who=_group(number),
        )
        for number in range(n)
    ]


def _group(number: int) -> str:
    """Return made-up people who ask a question of this number."""
    town = number // (10 * 211 * 97)
    return f"{_word(400 + number // 10 % 89)}s" + (f" of {_word(500 + town)}" if town else "")


@functools.cache
def _word(number: int) -> str:
    """Return a made-up word, another for each number below 175,616."""
    text = ""
    for _ in range(3):
        number, syllable = divmod(number, len(_SYLLABLES))
        text = _SYLLABLES[syllable] + text
    return text


def _rows(
    rng: np.random.Generator,
    rows: npt.NDArray[np.int64],
    queries: pa.Array,
    query_rows: npt.NDArray[np.int64],
) -> pa.Table:
    n = len(rows)
    seconds = 1_767_225_600 + rows
    pages = [f"https://www.site{page % 997}.example/{_word(page)}/{page}" for page in range(_PAGES)]
    sentences = rng.integers(0, _SENTENCES, n)
    return pa.table(
        {
            "query": queries.take(pa.array(query_rows)),
            "engine": pa.array(_ENGINES).take(pa.array(rng.integers(0, len(_ENGINES), n))),
            "asked_at": pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC")),
            "answer": [
                f"Number {row}: {_word(sentence)} is a fair choice, "
                f"{_word(sentence + 7)} a cheap one."
                for row, sentence in zip(rows, sentences, strict=True)
            ],
            "cited_url": pa.array(pages).take(pa.array(rng.zipf(1.3, n) % _PAGES)),
        }
    )
