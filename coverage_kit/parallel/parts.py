"""Work cut into parts: a Parquet file with a part's input, another with its result, in a folder that every worker sees.

A result appears whole or not at all and carries its part's fingerprint. So a run that was
interrupted does only the parts that are missing, and a worker that is killed loses the part it was
doing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from coverage_kit.errors import RunError
from coverage_kit.vectors import Vectors

_MARK = b"coverage_kit.fingerprint"
_UNREADABLE = (OSError, pa.ArrowException)


class PartJob(Protocol):
    """What is done to a part, without a word about where. It travels to the workers, so it holds names and paths, no data."""

    kind: ClassVar[str]
    can_use_gpu: ClassVar[bool]

    def __call__(self, part: Any) -> Any:
        """Return the result of one part: Arrow table in, Arrow table out."""
        ...


@dataclass(frozen=True)
class TablePart:
    """One part: the file of its input, the file of its result, and the fingerprint of both, which holds all that matters."""

    source: str
    result: str
    fingerprint: str

    def is_done(self) -> bool:
        """Return whether the result is there, told by the end of its file."""
        return _is_marked(self.result, self.fingerprint)


class Executor(Protocol):
    """Whatever runs a job on parts."""

    def run(self, job: PartJob, parts: Sequence[TablePart]) -> None:
        """Do every part; each then has its result on disk. Raises RunError when one cannot be done."""
        ...


def cut_parts(table: Any, n_rows: int, folder: Path, fingerprint: str) -> list[TablePart]:
    """Write the input of every part, n_rows rows of the Arrow table each, and return the parts in order."""
    parts = []
    for number, start in enumerate(range(0, table.num_rows, n_rows)):
        source, result = (
            str(folder / f"{number:05d}.{what}.parquet") for what in ("input", "result")
        )
        parts.append(TablePart(source, result, f"{fingerprint}/{number}"))
        write_table(source, table.slice(start, n_rows), parts[-1].fingerprint)
    return parts


def do_part(job: PartJob, part: TablePart) -> None:
    """Do one part and write its result, unless it is there. Raises RunError when its input cannot be read."""
    if not part.is_done():
        write_table(part.result, job(read_table(part.source)), part.fingerprint)


def do_parts(job: PartJob, parts: Sequence[TablePart], engine: Executor) -> Iterator[Any]:
    """Have an engine do the parts that are missing, then yield the result of each, in order; a damaged one is done again."""
    engine.run(job, [part for part in parts if not part.is_done()])
    for part in parts:
        try:
            yield read_table(part.result)
        except RunError:
            Path(part.result).unlink(missing_ok=True)
            engine.run(job, [part])
            yield read_table(part.result)


def read_table(path: str) -> Any:
    """Return the Arrow table of a file. Raises RunError when the file is absent or damaged."""
    try:
        return pq.ParquetFile(path, page_checksum_verification=True).read()
    except _UNREADABLE as error:
        cure = "Delete it and run again; on a cluster, every machine must see this folder."
        raise RunError(path, "a whole Parquet file", str(error).splitlines()[0], cure) from error


def write_table(path: str, table: Any, fingerprint: str) -> None:
    """Write an Arrow table beside the wanted file, then put it in its place; nothing where it is there with this fingerprint.

    Raises RunError when that cannot be done.
    """
    if _is_marked(path, fingerprint):
        return
    beside = Path(
        f"{path}.{uuid4().hex[:8]}.new"
    )  # two workers may be at it: one may be thought dead
    marked = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _MARK: fingerprint.encode()}
    )
    try:
        beside.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(marked, beside, compression="zstd", write_page_checksum=True)
        beside.replace(path)
    except OSError as error:
        raise RunError(
            path,
            "a file that can be written",
            str(error),
            "Free the disk, or name another cache.",
        ) from error


def as_column(vectors: Vectors) -> Any:
    """Return vectors, shape (n, d), as an Arrow column of n lists of d float32."""
    return pa.FixedSizeListArray.from_arrays(
        pa.array(vectors.ravel(), pa.float32()), vectors.shape[1]
    )


def as_vectors(column: Any) -> Vectors:
    """Return the vectors of such a column, shape (n, d)."""
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(flat.reshape(len(column), -1), dtype=np.float32)


def fingerprint_of(*values: object) -> str:
    """Return a digest of values: arrays by their bytes, all else by what repr says."""
    digest = hashlib.blake2b(digest_size=12)
    for value in values:
        told = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
        digest.update(len(told).to_bytes(8, "big") + told)
    return digest.hexdigest()


def _is_marked(path: str, fingerprint: str) -> bool:
    try:
        return bool((pq.read_schema(path).metadata or {}).get(_MARK) == fingerprint.encode())
    except _UNREADABLE:
        return False
