"""Work cut into parts: Parquet files with input and result of each part, which every worker sees.

A result appears completely or not at all and carries its part's fingerprint. So a run that was
interrupted does only the parts that are missing, and a worker that is killed loses only the part
that it was doing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from coverage_kit.errors import RunError
from coverage_kit.storage.files import as_error, new_file
from coverage_kit.vectors import Vectors

# The key of the fingerprint in the metadata of a Parquet file.
_MARK = b"coverage_kit.fingerprint"
# What pyarrow raises for a file that is absent or damaged.
_UNREADABLE = (OSError, pa.ArrowException)


class PartJob(Protocol):
    """What is done to a part, wherever that is.

    A job is sent to the workers, so it holds names and paths, no data.
    """

    kind: ClassVar[str]
    can_use_gpu: ClassVar[bool]

    def __call__(self, part: Any) -> Any:
        """Return the result of one part: Arrow table in, Arrow table out."""
        ...


@dataclass(frozen=True)
class TablePart:
    """One part: the file of its input, the file of its result, and the fingerprint of both.

    The fingerprint depends on everything that the result depends on.
    """

    source: str
    result: str
    fingerprint: str

    def is_done(self) -> bool:
        """Return whether the result is there. Only the end of its file is read."""
        return _is_marked(self.result, self.fingerprint)


class Executor(Protocol):
    """Anything that runs a job on parts."""

    def run(self, job: PartJob, parts: Sequence[TablePart]) -> None:
        """Do every part, so that its result is on disk. Raises RunError when that is impossible."""
        ...


def cut_parts(table: Any, n_rows: int, folder: Path, fingerprint: str) -> list[TablePart]:
    """Write the input of every part, n_rows rows of the Arrow table each; return the parts."""
    parts = []
    for number, start in enumerate(range(0, table.num_rows, n_rows)):
        part = TablePart(
            # With five digits, the files of a folder sort in the order of the parts.
            source=str(folder / f"{number:05d}.input.parquet"),
            result=str(folder / f"{number:05d}.result.parquet"),
            fingerprint=f"{fingerprint}/{number}",
        )
        write_table(part.source, table.slice(start, n_rows), part.fingerprint)
        parts.append(part)
    return parts


def do_part(job: PartJob, part: TablePart) -> None:
    """Do one part and write its result, unless it is there.

    Raises RunError when the input cannot be read.
    """
    if not part.is_done():
        write_table(part.result, job(read_table(part.source)), part.fingerprint)


def do_parts(job: PartJob, parts: Sequence[TablePart], executor: Executor) -> Iterator[Any]:
    """Have an executor do the parts that are missing, then yield the result of each, in order.

    A part whose result is damaged is done again.
    """
    executor.run(job, [part for part in parts if not part.is_done()])
    for part in parts:
        try:
            yield read_table(part.result)
        except RunError:
            # The end of the file was intact, its content is not: only reading it shows that.
            Path(part.result).unlink(missing_ok=True)
            executor.run(job, [part])
            yield read_table(part.result)


def read_table(path: str) -> Any:
    """Return the Arrow table of a file. Raises RunError when the file is absent or damaged."""
    try:
        return pq.ParquetFile(path, page_checksum_verification=True).read()
    except _UNREADABLE as error:
        cure = "Delete it and run again; on a cluster, every machine must see this folder."
        raise RunError(path, "a complete Parquet file", str(error).splitlines()[0], cure) from error


def write_table(path: str, table: Any, fingerprint: str) -> None:
    """Write an Arrow table completely or not at all.

    Nothing is written where the file already has this fingerprint. Raises RunError when the file
    cannot be written.
    """
    if _is_marked(path, fingerprint):
        return
    marked = table.replace_schema_metadata(
        {**(table.schema.metadata or {}), _MARK: fingerprint.encode()}
    )
    # Checksums detect a file that a power cut damaged, so nothing waits for the disk.
    with (
        as_error(Path(path), "a file that can be written", "Name another cache."),
        new_file(Path(path), is_synced=False) as unfinished,
    ):
        pq.write_table(marked, unfinished, compression="zstd", write_page_checksum=True)


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
    """Return a digest of values: of arrays their bytes, of everything else its repr."""
    digest = hashlib.blake2b(digest_size=12)
    for value in values:
        content = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
        # With its length before it, no value can be taken for the end of the value before it.
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _is_marked(path: str, fingerprint: str) -> bool:
    # The schema is at the end of a Parquet file, so an incomplete file has none.
    try:
        return bool((pq.read_schema(path).metadata or {}).get(_MARK) == fingerprint.encode())
    except _UNREADABLE:
        return False
