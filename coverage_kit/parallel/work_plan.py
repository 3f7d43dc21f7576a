"""The work plan: how a run does the steps that grow with its log, as the settings want.

These steps are reading, embedding and matching.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from coverage_kit.collect.logs.parts import (
    LogPlan,
    load_log_part,
    merge_log_parts,
    plan_log,
    read_log_part,
    save_log_part,
)
from coverage_kit.collect.logs.read import LogPart, list_files, read_log
from coverage_kit.errors import LogError
from coverage_kit.match.neighbors import Indexes, nearest_passages
from coverage_kit.parallel.jobs import EmbedJob, MatchJob, ReadJob, open_encoder
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
from coverage_kit.settings import LogSettings, Settings
from coverage_kit.storage.cache import code_digest
from coverage_kit.tables import LogTables, Matches, Passages
from coverage_kit.vectors import Embeddings, Encoder, Role, Vectors

# Parts that each worker gets of one batch of texts. With many parts, a slow part at the end keeps
# the other workers waiting for a short time only. The number is assumed.
_PARTS_PER_WORKER = 16

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkPlan:
    """How a run reads its log, embeds and matches: in this process, or in parts over workers.

    `part_runner` is None where this process does everything. With workers, `encoder` cuts its
    texts into parts by itself, and `chunk_texts` is the number of texts that it needs at a time to
    keep them busy; 0 for any number.
    """

    encoder: Encoder
    part_runner: "PartRunner | None" = None
    chunk_texts: int = 0

    def read_log(self, log: LogSettings) -> LogTables:
        """Return the tables of a log, as `collect.logs.read_log` does; each file is a part."""
        if self.part_runner is None or len(list_files(log)) == 1:
            return read_log(log)
        return self.part_runner.read_log(log)

    def match(  # noqa: PLR0913 (the parameters of nearest_passages)
        self,
        queries: Embeddings,
        passages: Passages,
        passage_vectors: Embeddings,
        own_site: str,
        k: tuple[int, int],
        indexes: Indexes | None = None,
    ) -> Matches:
        """Return each query's nearest passages, as `nearest_passages` does.

        `indexes` are used in this process only; workers build their own.
        """
        if self.part_runner is None or len(queries) <= self.part_runner.n_rows:
            return nearest_passages(queries, passages, passage_vectors, own_site, k, indexes)
        return self.part_runner.match(queries, passages, passage_vectors, own_site, k)


def open_work_plan(settings: Settings, encoder: Encoder | None = None) -> WorkPlan:
    """Return the work plan of the settings, with this encoder or the encoder that they name.

    An encoder of your own is sent to workers as a pickle. Raises RunError when the backend is not
    installed.
    """
    cache = Path(settings.cache).resolve()  # workers have other working folders
    encoder_factory: Callable[[], Encoder] = partial(open_encoder, settings.match)
    if encoder is not None:
        encoder_factory = partial(_return_encoder, encoder)
    parallel = settings.parallel
    if parallel.backend == "local":
        # Vectors are kept as they are made, so an interrupted run resumes without parts too.
        return WorkPlan(encoder_factory())
    executor = RayExecutor(parallel.workers, parallel.address)
    part_runner = PartRunner(executor, cache / "parts", parallel.part_rows)
    return WorkPlan(
        encoder=PartEncoder(encoder_factory, part_runner),
        part_runner=part_runner,
        chunk_texts=_PARTS_PER_WORKER * parallel.workers * parallel.part_rows,
    )


@dataclass(frozen=True)
class PartRunner:
    """An executor, the folder of the parts, and the number of rows in a part.

    Every worker must see the folder under this path. You may delete it whenever no run is active.
    """

    executor: Executor
    folder: Path
    n_rows: int

    def read_log(self, log: LogSettings) -> LogTables:
        """Return the tables of a log whose files are read one by one.

        Raises LogError as `collect.logs.read_log` does.
        """
        plan = plan_log(log)
        # A file that was changed has another size or another time of its last change.
        states = [
            (file, Path(file).stat().st_size, Path(file).stat().st_mtime_ns) for file in plan.files
        ]
        fingerprint = fingerprint_of(log, states)
        job = ReadJob(log, plan, str(self.folder / f"log-{fingerprint}"))
        files = pa.table({"file": pa.array(plan.files, pa.string())})
        tables = self._do(job, files, fingerprint, n_rows=1)
        folders = (table["folder"][0].as_py() for table in tables)
        pairs = zip(plan.files, folders, strict=True)
        return merge_log_parts((_load_part(log, plan, file, folder) for file, folder in pairs), log)

    def embed(
        self,
        texts: Sequence[str],
        role: Role,
        encoder_factory: Callable[[], Encoder],
        name: str,
    ) -> Vectors:
        """Return one vector a text, shape (len(texts), dimensions), made in parts."""
        job = EmbedJob(encoder_factory, name, role)
        tables = self._do(
            job,
            pa.table({"text": pa.array(texts, pa.string())}),
            fingerprint_of(name, role, list(texts)),
        )
        return np.concatenate([as_vectors(table["vector"]) for table in tables])

    def match(
        self,
        queries: Embeddings,
        passages: Passages,
        passage_vectors: Embeddings,
        own_site: str,
        k: tuple[int, int],
    ) -> Matches:
        """Return each query's nearest passages, matched in parts."""
        content = passage_vectors.select(list(passages["passage_id"]))
        queries.similarity(content.select([]))  # raises EncoderError where the encoders differ
        fingerprint = fingerprint_of(
            content.encoder,
            own_site,
            k,
            list(content.ids),
            list(passages["site"]),
            content.vectors,
        )
        path = str(self.folder / f"passages-{fingerprint}.parquet")
        table = pa.Table.from_pandas(passages, preserve_index=False).append_column(
            "vector", as_column(content.vectors)
        )
        write_table(path, table, fingerprint)
        query_table = pa.table(
            {
                "query_id": pa.array(queries.ids, pa.string()),
                "vector": as_column(queries.vectors),
            }
        )
        job = MatchJob(path, content.encoder, own_site, k)
        tables = self._do(
            job, query_table, fingerprint_of(fingerprint, list(queries.ids), queries.vectors)
        )
        matches: Matches = pd.concat([table.to_pandas() for table in tables])
        # The order of one part that holds all queries: site by site.
        return matches.sort_values("site", kind="stable", ignore_index=True)

    def _do(
        self,
        job: EmbedJob | MatchJob | ReadJob,
        table: Any,
        fingerprint: str,
        n_rows: int = 0,
    ) -> Iterator[Any]:
        n_rows = n_rows or self.n_rows
        # Other code may compute other results, so it does not reuse parts.
        versioned = fingerprint_of(fingerprint, n_rows, code_digest())
        folder = self.folder / f"{job.kind}-{versioned}"
        return do_parts(job, cut_parts(table, n_rows, folder, versioned), self.executor)


class PartEncoder:
    """An encoder that embeds texts in parts where there are more texts than a part holds.

    Args:
        encoder_factory: returns the encoder, here and in the processes that do the parts.
        part_runner: does the parts.
    """

    def __init__(self, encoder_factory: Callable[[], Encoder], part_runner: PartRunner) -> None:
        self.encoder_factory = encoder_factory
        self.part_runner = part_runner
        self.encoder = encoder_factory()

    @property
    def name(self) -> str:
        """Name and revision of the encoder that embeds the texts."""
        return self.encoder.name

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self.encoder.dimensions

    def encode(self, texts: Sequence[str], role: Role = "passage") -> Vectors:
        """Return one unit vector a text: float32, shape (len(texts), dimensions)."""
        if len(texts) <= self.part_runner.n_rows:
            return self.encoder.encode(texts, role)
        return self.part_runner.embed(texts, role, self.encoder_factory, self.name)


def _load_part(log: LogSettings, plan: LogPlan, file: str, folder: str) -> LogPart:
    """Return a part of a log from its folder; a damaged part is read again from its file."""
    try:
        return load_log_part(folder)
    except LogError as error:
        logger.warning("%s: does not check out (%s): read again", folder, error.found)
    part = read_log_part(log, file, plan)
    save_log_part(part, folder)
    return part


def _return_encoder(encoder: Encoder) -> Encoder:
    return encoder
