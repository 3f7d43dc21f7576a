"""What earlier runs found, kept by a digest of all that it depends on: what is unchanged is not computed again."""

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

Found = dict[str, Any]
_KEPT_OF_EACH = 3
_VALUES = "values.json"
_PACKAGE = Path(__file__).parent.parent


class ResultCache:
    """A folder of findings. `reused` and `made` name those that were read from it and those that were computed.

    Args:
        folder: where findings are kept; made when needed. Only the last few of each name stay.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.reused: list[str] = []
        self.made: list[str] = []

    def get(self, name: str, inputs: Sequence[object], make: Callable[[], Found]) -> Found:
        """Return what `make` returns, from the folder where it was made before of these inputs by this code.

        Args:
            name: what it is.
            inputs: all that it depends on: tables, arrays, Embeddings, and plain values.
            make: returns tables, arrays and plain values by name.
        """
        place = self.folder / name / digest([_code(), *inputs])
        found = _load(place)
        if found is None:
            found = make()
            write_folder(place, lambda beside: _save(found, beside))
            self.made.append(name)
            self._forget(place)
        else:
            self.reused.append(name)
        return found

    def _forget(self, newest: Path) -> None:
        """Remove all but the newest findings of this name."""
        others = [one for one in newest.parent.iterdir() if one != newest]
        for old in sorted(others, key=lambda one: one.stat().st_mtime)[: -(_KEPT_OF_EACH - 1)]:
            shutil.rmtree(old, ignore_errors=True)


def digest(inputs: Sequence[object]) -> str:
    """Return a digest of tables, arrays, Embeddings and plain values that changes whenever one of them does."""
    found = hashlib.blake2b(digest_size=12)
    for one in inputs:
        _feed(found, one)
    return found.hexdigest()


def _feed(found: Any, one: object) -> None:
    if isinstance(one, pd.DataFrame):
        _feed(found, list(one.columns))
        table = pa.Table.from_pandas(one, preserve_index=False).combine_chunks()
        with pa.ipc.new_stream(stream := pa.BufferOutputStream(), table.schema) as writer:
            writer.write_table(table)
        found.update(stream.getvalue())
    elif isinstance(one, np.ndarray):
        found.update(f"{one.dtype} {one.shape} ".encode())
        found.update(np.ascontiguousarray(one).data)
    elif isinstance(one, Embeddings):
        _feed(found, [one.encoder, *one.ids])
        _feed(found, one.vectors)
    else:
        found.update((repr(one) + "\0").encode("utf-8", "surrogatepass"))


@cache
def _code() -> str:
    """Return a digest of the package's own code: what another version found is not reused."""
    found = hashlib.blake2b(digest_size=12)
    for file in sorted(_PACKAGE.rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()


def _save(found: Mapping[str, Any], folder: Path) -> None:
    values = {}
    for name, one in found.items():
        if isinstance(one, pd.DataFrame):
            one.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        elif isinstance(one, np.ndarray):
            np.save(folder / f"{name}.npy", one, allow_pickle=False)
        else:
            values[name] = one
    (folder / _VALUES).write_text(json.dumps(values), encoding="utf-8")


def _load(folder: Path) -> Found | None:
    """Return what was kept; None where nothing was, or where it cannot be read."""
    try:
        found: Found = json.loads((folder / _VALUES).read_text(encoding="utf-8"))
        for file in folder.iterdir():
            if file.suffix == ".parquet":
                found[file.stem] = pd.read_parquet(file)
            elif file.suffix == ".npy":
                found[file.stem] = np.load(file, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return found
