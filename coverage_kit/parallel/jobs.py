"""What is done to one part: the pipeline's own functions, told by names and paths. What a job loads, a worker loads once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, ClassVar
from weakref import finalize

import pyarrow as pa

from coverage_kit.collect.logs.parts import (
    LogPlan,
    read_log_part,
    save_log_part,
)
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.errors import EncoderError
from coverage_kit.match.neighbors import Indexes, nearest_passages
from coverage_kit.parallel.parts import as_column, as_vectors, read_table
from coverage_kit.settings import LogSettings, MatchSettings
from coverage_kit.tables import Passages
from coverage_kit.vectors import Embeddings, Encoder, Role


@lru_cache(maxsize=1)
def open_encoder(match: MatchSettings) -> Encoder:
    """Return the encoder that the settings name, the same object each time. Raises EncoderError when it cannot be had."""
    return choose_encoder(match.encoder, match.runtime, match.precision)


@dataclass(frozen=True)
class EmbedJob:
    """Texts -> vectors: a column `text` in, a column `vector` out, row by row.

    Args:
        open_it: opens the encoder, where the part is done.
        name: name of the encoder with which the run began; EncoderError where a machine opens
            another.
        role: what the texts are.
    """

    open_it: Callable[[], Encoder]
    name: str
    role: Role
    kind: ClassVar[str] = "embed"
    can_use_gpu: ClassVar[bool] = True

    def __call__(self, part: Any) -> Any:
        """Return the vectors of a part's texts."""
        return pa.table(
            {"vector": as_column(self._encoder.encode(part["text"].to_pylist(), self.role))}
        )

    @cached_property
    def _encoder(self) -> Encoder:
        encoder = self.open_it()
        if encoder.name != self.name:
            cure = "Set [match] runtime and precision to what every machine has, the one that runs the command too."
            raise EncoderError("a worker's encoder", self.name, encoder.name, cure)
        return encoder


@dataclass(frozen=True)
class MatchJob:
    """Queries -> matches: columns `query_id` and `vector` in, the table of matches out.

    Args:
        passages: Parquet file of the passages of all sites with a column `vector`.
        encoder: name of the encoder (and space) of all vectors.
        own_site: the own site's name.
        k: neighbours kept of the own site, and of each other site.
    """

    passages: str
    encoder: str
    own_site: str
    k: tuple[int, int]
    kind: ClassVar[str] = "match"
    can_use_gpu: ClassVar[bool] = False

    def __call__(self, part: Any) -> Any:
        """Return the matches of a part's queries."""
        queries = Embeddings(
            tuple(part["query_id"].to_pylist()),
            as_vectors(part["vector"]),
            self.encoder,
        )
        matches = nearest_passages(queries, *self._content, self.own_site, self.k, self._indexes)
        return pa.Table.from_pandas(matches, preserve_index=False)

    @cached_property
    def _indexes(self) -> Indexes:
        """Indexes of what is too much to search whole, built with a worker's first part, in a folder of its own."""
        folder = mkdtemp(prefix="indexes-")
        finalize(self, rmtree, folder, ignore_errors=True)
        return Indexes(Path(folder))

    @cached_property
    def _content(self) -> tuple[Passages, Embeddings]:
        table = read_table(self.passages)
        passages = table.drop_columns(["vector"]).to_pandas()
        return passages, Embeddings(
            tuple(passages["passage_id"]),
            as_vectors(table["vector"]),
            self.encoder,
        )


@dataclass(frozen=True)
class ReadJob:
    """Files of a log -> what each holds: a column `file` in, a column `folder` out, where the part of the log is kept.

    Args:
        log: settings of the log.
        plan: how its files are read.
        kept_in: folder for the parts of the log.
    """

    log: LogSettings
    plan: LogPlan
    kept_in: str
    kind: ClassVar[str] = "read"
    can_use_gpu: ClassVar[bool] = False

    def __call__(self, part: Any) -> Any:
        """Read a part's files, each into a folder of its own."""
        return pa.table({"folder": [self._keep(file) for file in part["file"].to_pylist()]})

    def _keep(self, file: str) -> str:
        folder = Path(self.kept_in) / f"{self.plan.files.index(file):05d}"
        save_log_part(read_log_part(self.log, file, self.plan), folder)
        return str(folder)
