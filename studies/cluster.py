"""The cost of a large log on a cluster: each factor measured on a core, and the arithmetic.

Run it as `OMP_NUM_THREADS=1 python -m studies.cluster`. Times are CPU seconds, so other work on the
machine counts little.
"""

import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.rows import make_queries, write_rows
from benchmarks.sets import data_folder
from coverage_kit.collect.logs.parts import (
    load_log_part,
    merge_log_parts,
    plan_log,
)
from coverage_kit.parallel.jobs import EmbedJob, MatchJob, ReadJob, open_encoder
from coverage_kit.parallel.parts import (
    PartJob,
    TablePart,
    as_column,
    do_part,
    read_table,
    write_table,
)
from coverage_kit.settings import LogSettings, MatchSettings
from coverage_kit.tables import PASSAGES

_DIMENSIONS = 384
_MARK = "measured"

Figures = dict[str, float]


def measure_cluster(
    match: MatchSettings | None = None,
    n_rows: int = 200_000,
    n_queries: int = 4_000,
    n_passages: int = 10_000,
) -> Figures:
    """Return what a core does of each job in a second, and the bytes of the results.

    Reading and writing of the parts is included. `match` names encoder, runtime and precision; the
    default is the bundled encoder as this machine runs it fastest. Queries to embed are those of
    clinc150 where the public sets are, else made-up queries.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        read = _measure_read(folder, n_rows)
        return (
            read
            | _measure_embed(folder, match or MatchSettings(), n_queries)
            | _measure_match(folder, n_queries, n_passages)
        )


def estimate_cost(
    figures: Figures,
    n_rows: float = 1e8,
    share_distinct: float = 1.0,
    n_passages: float = 1e4,
) -> Figures:
    """Return core-hours of each step, and gigabytes of its results, for a log of so many rows.

    Args:
        figures: what `measure_cluster` returned.
        n_rows: rows of the log.
        share_distinct: distinct queries / rows.
        n_passages: passages of all sites; matching takes time in proportion to it.
    """
    n_queries = n_rows * share_distinct
    pairs = n_queries * n_passages
    return {
        "read_core_hours": n_rows / figures["rows_read_a_second"] / 3600,
        "embed_core_hours": n_queries / figures["texts_embedded_a_second"] / 3600,
        "match_core_hours": pairs / figures["pairs_matched_a_second"] / 3600,
        "vectors_gigabytes": n_queries * figures["bytes_a_vector"] / 1e9,
        "matches_gigabytes": n_queries * figures["bytes_of_matches_a_query"] / 1e9,
    }


def _measure_read(folder: Path, n_rows: int) -> Figures:
    (folder / "log").mkdir()
    write_rows(folder / "log", n_rows, n_rows // 5)
    log = LogSettings(files=(str(folder / "log"),))
    plan = plan_log(log)
    job = ReadJob(log, plan, str(folder / "parts"))
    seconds, _ = _clock(job, folder, pa.table({"file": list(plan.files)}))
    start = time.process_time()
    folders = read_table(str(folder / "read.result"))["folder"].to_pylist()
    queries = merge_log_parts(map(load_log_part, folders), log).queries
    merged = len(queries) / (time.process_time() - start)
    return {
        "rows_read_a_second": n_rows / seconds,
        "queries_merged_a_second": merged,
    }


def _measure_embed(folder: Path, match: MatchSettings, n_texts: int) -> Figures:
    texts = _texts(n_texts)
    encoder = open_encoder(match)
    encoder.encode(texts[:8], "query")  # the model is loaded outside the clock
    job = EmbedJob(partial(open_encoder, match), encoder.name, "query")
    seconds, size = _clock(job, folder, pa.table({"text": texts}))
    words = float(np.mean([len(text.split()) for text in texts]))
    return {
        "texts_embedded_a_second": n_texts / seconds,
        "words_a_text": words,
        "bytes_a_vector": size / n_texts,
    }


def _measure_match(folder: Path, n_queries: int, n_passages: int) -> Figures:
    rng = np.random.default_rng(0)
    passages = pd.DataFrame(
        {"passage_id": [f"www.site.example/page-{n}#0" for n in range(n_passages)]}
    )
    passages = passages.assign(
        page_id=passages["passage_id"].str[:-2],
        site="own",
        position=0,
        heading_path="",
        text="",
        n_words=0,
    )
    table = pa.Table.from_pandas(PASSAGES.table(passages.to_dict("records")), preserve_index=False)
    write_table(
        str(folder / "passages"),
        table.append_column("vector", as_column(_unit(rng, n_passages))),
        _MARK,
    )
    job = MatchJob(str(folder / "passages"), "random", "own", (100, 5))
    queries = pa.table(
        {
            "query_id": [f"q{n:016x}" for n in range(n_queries)],
            "vector": as_column(_unit(rng, n_queries)),
        }
    )
    seconds, size = _clock(job, folder, queries)
    n_bytes = read_table(str(folder / "match.result")).nbytes
    return {
        "pairs_matched_a_second": n_queries * n_passages / seconds,
        "bytes_of_matches_a_query": size / n_queries,
        "bytes_held_of_matches_a_query": n_bytes / n_queries,
    }


def _clock(job: PartJob, folder: Path, table: Any) -> tuple[float, int]:
    """Do a job on a part; return CPU seconds and the bytes of its result."""
    part = TablePart(
        str(folder / f"{job.kind}.input"),
        str(folder / f"{job.kind}.result"),
        _MARK,
    )
    write_table(part.source, table, _MARK)
    start = time.process_time()
    do_part(job, part)
    read_table(part.result)
    return time.process_time() - start, Path(part.result).stat().st_size


def _texts(n: int) -> list[str]:
    file = data_folder() / "clinc150" / "queries.parquet"
    return (
        pd.read_parquet(file)["text"].drop_duplicates().head(n).tolist()
        if file.exists()
        else make_queries(n)
    )


def _unit(rng: np.random.Generator, n: int) -> Any:
    vectors = rng.normal(size=(n, _DIMENSIONS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    measured = measure_cluster()
    costs = {str(share): estimate_cost(measured, share_distinct=share) for share in (1.0, 0.2)}
    print(
        json.dumps(
            {
                "measured": measured,
                "100 million rows, by share of distinct queries": costs,
            },
            indent=2,
        )
    )
