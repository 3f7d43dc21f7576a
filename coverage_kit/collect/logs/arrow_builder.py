"""Tables that grow row by row and take little memory while they grow."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from coverage_kit.tables import Schema

# The system's allocator gives memory back more readily than Arrow's default pool does. That
# matters because a table grows over many small chunks.
_POOL = pa.system_memory_pool()
_ARROW_TYPES = {
    "text": pa.large_string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
}


class GrowingTable:
    """A table of answers, or of what belongs to answers, with the columns of its schema.

    The schema's first column is answer_id. New rows are tuples in `rows` until they are packed as
    columns.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.arrow_schema = pa.schema(
            [(column.name, _ARROW_TYPES[column.kind]) for column in schema.columns]
        )
        self._chunks: list[pa.Table] = []
        self.rows: list[tuple[Any, ...]] = []

    def pack(self) -> None:
        """Pack the rows as columns."""
        if self.rows:
            columns = zip(
                zip(*self.rows, strict=True),
                self.arrow_schema.types,
                strict=True,
            )
            arrays = [pa.array(values, kind, memory_pool=_POOL) for values, kind in columns]
            self.rows.clear()
            self.append(pa.Table.from_arrays(arrays, schema=self.arrow_schema))

    def append(self, table: pa.Table) -> None:
        """Add rows that are packed already."""
        self.pack()
        self._chunks.append(table)

    def prune(self, end: str) -> None:
        """Drop the rows of answers whose ids do not come before `end`."""
        table = self.packed()
        table = table.filter(pc.less(table["answer_id"], end))
        self._chunks = [table.combine_chunks(memory_pool=_POOL)]

    def packed(self) -> pa.Table:
        """Return all rows as columns."""
        self.pack()
        return pa.concat_tables(self._chunks) if self._chunks else self.arrow_schema.empty_table()

    def drain(self) -> pd.DataFrame:
        """Return all rows as a typed table, and empty this one."""
        table = self.packed()
        self._chunks = []
        return self._schema.typed(table.to_pandas()) if table.num_rows else self._schema.empty()
