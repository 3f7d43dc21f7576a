"""What is done to one part: jobs that call the stages' functions on the rows of a part.

A job holds names and paths, no data. What a job loads, a worker loads once.
"""

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


# One encoder, because a worker has memory for one model and a run uses only one.
@lru_cache(maxsize=1)
def open_encoder(match: MatchSettings) -> Encoder:
    """Return the encoder that the settings name, the same object each time.

    Raises EncoderError when the encoder cannot be loaded.
    """
    return choose_encoder(match.encoder, match.runtime, match.precision)


@dataclass(frozen=True)
class EmbedJob:
    """Texts -> vectors: a column `text` in, a column `vector` out, row by row.

    Args:
        encoder_factory: returns the encoder, in the process that does the part.
        name: name of the encoder with which the run began. A machine that opens another encoder
            raises EncoderError.
        role: what the texts are.
    """

    encoder_factory: Callable[[], Encoder]
    name: str
    role: Role
    kind: ClassVar[str] = "embed"
    can_use_gpu: ClassVar[bool] = True

    def __call__(self, part: Any) -> Any:
        """Return the vectors of a part's texts."""
        return pa.table(
            {"vector": as_column(self._encoder.encode(part["text"].to_pylist(), self.role))}
        )

    # Loaded with the first part, in the worker: a job that is sent holds no model.
    @cached_property
    def _encoder(self) -> Encoder:
        encoder = self.encoder_factory()
        if encoder.name != self.name:
            cure = (
                "Set [match] runtime and precision to what all machines support, including the "
                "machine that runs the command."
            )
            raise EncoderError("a worker's encoder", self.name, encoder.name, cure)
        return encoder


@dataclass(frozen=True)
class MatchJob:
    """Queries -> matches: columns `query_id` and `vector` in, the table of matches out.

    Args:
        passages: Parquet file of the passages of all sites with a column `vector`.
        encoder: name of the encoder (and space) of all vectors.
        own_site: the name of your site.
        k: number of neighbours on your site, and on each other site.
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
        passages, vectors = self._content
        matches = nearest_passages(queries, passages, vectors, self.own_site, self.k, self._indexes)
        return pa.Table.from_pandas(matches, preserve_index=False)

    @cached_property
    def _indexes(self) -> Indexes:
        """Indexes of sites with too many passages to compare all of them.

        A worker builds them with its first part, in a folder of its own.
        """
        # A folder for each worker: two workers must not write the same index.
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
    """Files of a log -> the content of each: a column `file` in, a column `folder` out.

    Each folder holds the part of the log that one file is.

    Args:
        log: settings of the log.
        plan: how its files are read.
        folder: folder for the parts of the log.
    """

    log: LogSettings
    plan: LogPlan
    folder: str
    kind: ClassVar[str] = "read"
    can_use_gpu: ClassVar[bool] = False

    def __call__(self, part: Any) -> Any:
        """Read a part's files, each into a folder of its own."""
        return pa.table({"folder": [self._save(file) for file in part["file"].to_pylist()]})

    def _save(self, file: str) -> str:
        # Numbers of five digits keep the order of the files; their names may be long or repeat.
        folder = Path(self.folder) / f"{self.plan.files.index(file):05d}"
        save_log_part(read_log_part(self.log, file, self.plan), folder)
        return str(folder)
