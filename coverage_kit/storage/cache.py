"""Results of earlier runs, stored by a digest of their inputs: what is unchanged is reused."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from coverage_kit.storage.files import write_folder
from coverage_kit.vectors import Embeddings

Results = dict[str, Any]
# A project alternates between few settings and logs, and a result may take gigabytes: assumed.
_MAX_ENTRIES_PER_NAME = 3
# All results that are neither tables nor arrays. It is written last and read first.
_VALUES = "values.json"
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
        folder = self.folder / name / digest([code_digest(), *inputs])
        results = _load(folder)
        if results is not None:
            self.reused.append(name)
            return results
        computed = compute()
        write_folder(folder, lambda unfinished: _save(computed, unfinished))
        self.made.append(name)
        self._remove_old(folder)
        return computed

    def _remove_old(self, newest: Path) -> None:
        """Remove all but the newest results of this name."""
        older = [folder for folder in newest.parent.iterdir() if folder != newest]
        by_age = sorted(older, key=lambda folder: folder.stat().st_mtime)
        for folder in by_age[: -(_MAX_ENTRIES_PER_NAME - 1)]:
            shutil.rmtree(folder, ignore_errors=True)


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


def _save(results: Mapping[str, Any], folder: Path) -> None:
    values = {}
    for name, value in results.items():
        if isinstance(value, pd.DataFrame):
            value.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        elif isinstance(value, np.ndarray):
            # Without pickles, so that reading a cache never runs code.
            np.save(folder / f"{name}.npy", value, allow_pickle=False)
        else:
            values[name] = value
    (folder / _VALUES).write_text(json.dumps(values), encoding="utf-8")


def _load(folder: Path) -> Results | None:
    """Return the stored results; None where there are none, or where they cannot be read."""
    try:
        results: Results = json.loads((folder / _VALUES).read_text(encoding="utf-8"))
        for path in folder.iterdir():
            if path.suffix == ".parquet":
                results[path.stem] = pd.read_parquet(path)
            elif path.suffix == ".npy":
                results[path.stem] = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return results
