"""Results of earlier runs, stored by a digest of their inputs: what is unchanged is reused."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from coverage_kit.storage.store import Fill, Store
from coverage_kit.vectors import Embeddings

Results = dict[str, Any]
# A project alternates between few settings and logs, and a result may take gigabytes: assumed.
_MAX_ENTRIES_PER_NAME = 3
# The folder of the package coverage_kit.
_PACKAGE = Path(__file__).parent.parent


class ResultCache:
    """A folder of results, each stored under its name and a digest of its inputs.

    `reused` lists the names of the results that were read from the folder, `made` those that were
    computed.

    Args:
        folder: where results are stored; made when needed. Only the newest few of each name stay.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.reused: list[str] = []
        self.made: list[str] = []

    def get_or_compute(
        self, name: str, inputs: Sequence[object], compute: Callable[[], Results]
    ) -> Results:
        """Return the stored results of these inputs; where there are none, compute and store them.

        Results of another version of the code are not reused.

        Args:
            name: the name of the results.
            inputs: all that they depend on: tables, arrays, Embeddings, and plain values.
            compute: returns tables, arrays and plain values by name.
        """
        store = open_results(self.folder, name)
        key = digest([code_digest(), *inputs])
        results = _load(store, key)
        if results is not None:
            self.reused.append(name)
            return results
        computed = compute()
        store.keep(key, *_split(computed))
        self.made.append(name)
        return computed


def open_results(folder: Path, name: str) -> Store:
    """Return the store of the results of one name."""
    return Store(folder / name, max_entries=_MAX_ENTRIES_PER_NAME)


def digest(inputs: Sequence[object]) -> str:
    """Return a digest that depends on every table, array, Embeddings and plain value."""
    hasher = hashlib.blake2b(digest_size=12)
    for value in inputs:
        _feed(hasher, value)
    return hasher.hexdigest()


def _feed(hasher: Any, value: object) -> None:
    if isinstance(value, pd.DataFrame):
        _feed(hasher, list(value.columns))
        # Arrow's stream format holds types and values, whatever the index and the memory layout.
        table = pa.Table.from_pandas(value, preserve_index=False).combine_chunks()
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
        hasher.update(stream.getvalue())
    elif isinstance(value, np.ndarray):
        hasher.update(f"{value.dtype} {value.shape} ".encode())
        hasher.update(np.ascontiguousarray(value).data)
    elif isinstance(value, Embeddings):
        _feed(hasher, [value.encoder, *value.ids])
        _feed(hasher, value.vectors)
    else:
        # The zero byte ends the value, so that [1, 2] and [12] have different digests.
        hasher.update((repr(value) + "\0").encode("utf-8", "surrogatepass"))


@cache
def code_digest() -> str:
    """Return a digest of the package's own code, and of the defaults that were fitted for it."""
    hasher = hashlib.blake2b(digest_size=12)
    for path in sorted([*_PACKAGE.rglob("*.py"), *_PACKAGE.glob("match/*.json")]):
        hasher.update(path.read_bytes())
    return hasher.hexdigest()


def _split(results: Results) -> tuple[Results, dict[str, Fill]]:
    """Return the plain values of results, and what writes their tables and arrays by file."""
    values: Results = {}
    files: dict[str, Fill] = {}
    for name, value in results.items():
        if isinstance(value, pd.DataFrame):
            files[f"{name}.parquet"] = partial(value.to_parquet, index=False, compression="zstd")
        elif isinstance(value, np.ndarray):
            files[f"{name}.npy"] = partial(_save_array, value)
        else:
            values[name] = value
    return values, files


def _save_array(array: npt.NDArray[Any], path: Path) -> None:
    # Without pickles, so that reading a cache never runs code. np.save would add .npy to a path.
    with path.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def _load(store: Store, key: str) -> Results | None:
    """Return the stored results; None where there are none, or where they do not check out."""
    entry = store.get(key)
    store.warn_damaged()
    if entry is None:
        return None
    try:
        results: Results = dict(entry.values)
        for file, path in entry.files.items():
            is_table = file.endswith(".parquet")
            name = file.rsplit(".", maxsplit=1)[0]
            results[name] = pd.read_parquet(path) if is_table else np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        return None  # another process removed it a moment ago
    return results
