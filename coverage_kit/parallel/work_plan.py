"""Spread: the three steps of a run that grow with its log, reading, embedding and matching, as the settings want them done."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from coverage_kit.collect.logs.parts import (
    load_log_part,
    merge_log_parts,
    plan_log,
)
from coverage_kit.collect.logs.read import list_files, read_log
from coverage_kit.match.neighbors import Indexes, nearest_passages
from coverage_kit.parallel.jobs import EmbedJob, MatchJob, ReadJob, open_encoder
from coverage_kit.parallel.local import LocalExecutor
from coverage_kit.parallel.parts import (
    Executor,
    as_column,
    as_vectors,
    cut_parts,
    do_parts,
    fingerprint_of,
    write_table,
)
from coverage_kit.parallel.ray import RayExecutor
from coverage_kit.settings import LogSettings, ParallelSettings, Settings
from coverage_kit.tables import LogTables, Matches, Passages
from coverage_kit.vectors import Embeddings, Encoder, Role, Vectors

_ROUNDS = 16


@dataclass(frozen=True)
class WorkPlan:
    """How a run reads its log, embeds and matches: at once, or in parts where there is more than one part holds.

    `encoder` spreads by itself; `chunk_texts` is how many texts it wants at a time to keep its
    workers busy, 0 for any number.
    """

    encoder: Encoder
    parts: "PartRunner"
    chunk_texts: int

    def read_log(self, log: LogSettings) -> LogTables:
        """Return the tables of a log, as `collect.logs.read_log` does; a part is one of its files."""
        if len(list_files(log)) == 1:
            return read_log(log)
        return self.parts.read_log(log)

    def match(
        self,
        asked: Embeddings,
        passages: Passages,
        content: Embeddings,
        own_site: str,
        k: tuple[int, int],
        indexes: Indexes | None = None,
    ) -> Matches:
        """Return each query's nearest passages, as `nearest_passages` does; `indexes` serve in this process alone."""
        if len(asked) <= self.parts.n_rows:
            return nearest_passages(asked, passages, content, own_site, k, indexes)
        return self.parts.match(asked, passages, content, own_site, k)


def open_work_plan(settings: Settings, encoder: Encoder | None = None) -> WorkPlan:
    """Return how the settings want embedding and matching done, with this encoder or the one that they name.

    An encoder of your own travels to workers by pickle. Raises RunError when the engine is not
    installed.
    """
    cache = Path(settings.cache).resolve()  # workers have folders of their own
    open_it: Callable[[], Encoder] = partial(open_encoder, settings.match)
    if encoder is not None:
        open_it = partial(_itself, encoder)
    executor = _open_executor(settings.parallel)
    n_rows = settings.parallel.part_rows
    parts = PartRunner(executor, cache / "parts", n_rows)
    return WorkPlan(
        PartEncoder(open_it, parts),
        parts,
        _ROUNDS * settings.parallel.workers * n_rows,
    )


@dataclass(frozen=True)
class PartRunner:
    """An engine, the folder of its parts and the rows of one.

    The folder must be seen by every worker under this very path. It may be deleted whenever no run
    is at work.
    """

    executor: Executor
    folder: Path
    n_rows: int

    def read_log(self, log: LogSettings) -> LogTables:
        """Return the tables of a log, its files read one by one. Raises LogError as `collect.logs.read_log` does."""
        plan = plan_log(log)
        changed = [
            (file, Path(file).stat().st_size, Path(file).stat().st_mtime_ns) for file in plan.files
        ]
        known = fingerprint_of(log, changed)
        job = ReadJob(log, plan, str(self.folder / f"log-{known}"))
        tables = self._do(job, pa.table({"file": pa.array(plan.files, pa.string())}), known, 1)
        return merge_log_parts((load_log_part(table["folder"][0].as_py()) for table in tables), log)

    def embed(
        self,
        texts: Sequence[str],
        role: Role,
        open_it: Callable[[], Encoder],
        name: str,
    ) -> Vectors:
        """Return one vector a text, shape (len(texts), dimensions), made in parts."""
        job = EmbedJob(open_it, name, role)
        tables = self._do(
            job,
            pa.table({"text": pa.array(texts, pa.string())}),
            fingerprint_of(name, role, list(texts)),
        )
        return np.concatenate([as_vectors(table["vector"]) for table in tables])

    def match(
        self,
        asked: Embeddings,
        passages: Passages,
        content: Embeddings,
        own_site: str,
        k: tuple[int, int],
    ) -> Matches:
        """Return each query's nearest passages, found in parts."""
        content = content.select(list(passages["passage_id"]))
        asked.similarity(content.select([]))  # raises where the encoders differ
        known = fingerprint_of(
            content.encoder,
            own_site,
            k,
            list(content.ids),
            list(passages["site"]),
            content.vectors,
        )
        file = str(self.folder / f"passages-{known}.parquet")
        table = pa.Table.from_pandas(passages, preserve_index=False).append_column(
            "vector", as_column(content.vectors)
        )
        write_table(file, table, known)
        queries = pa.table(
            {
                "query_id": pa.array(asked.ids, pa.string()),
                "vector": as_column(asked.vectors),
            }
        )
        job = MatchJob(file, content.encoder, own_site, k)
        tables = self._do(job, queries, fingerprint_of(known, list(asked.ids), asked.vectors))
        matches: Matches = pd.concat([table.to_pandas() for table in tables])
        return matches.sort_values(
            "site", kind="stable", ignore_index=True
        )  # site by site, as if there were one part

    def _do(
        self,
        job: EmbedJob | MatchJob | ReadJob,
        table: Any,
        fingerprint: str,
        n_rows: int = 0,
    ) -> Iterator[Any]:
        n_rows = n_rows or self.n_rows
        whole = fingerprint_of(fingerprint, n_rows, version("coverage_kit"))
        return do_parts(
            job,
            cut_parts(table, n_rows, self.folder / f"{job.kind}-{whole}", whole),
            self.executor,
        )


class PartEncoder:
    """An encoder whose texts are embedded in parts, where there are more of them than one part has.

    Args:
        open_it: opens the encoder, here and where the parts are done.
        parts: where and by what they are done.
    """

    def __init__(self, open_it: Callable[[], Encoder], parts: PartRunner) -> None:
        self.open_it = open_it
        self.parts = parts
        self.encoder = open_it()

    @property
    def name(self) -> str:
        """Name and revision of the encoder within."""
        return self.encoder.name

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.encoder.dimensions

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        if len(texts) <= self.parts.n_rows:
            return self.encoder.encode(texts, role)
        return self.parts.embed(texts, role, self.open_it, self.name)


def _open_executor(settings: ParallelSettings) -> Executor:
    if settings.backend == "ray":
        return RayExecutor(settings.workers, settings.address)
    return LocalExecutor()


def _itself(encoder: Encoder) -> Encoder:
    return encoder
