"""Schemas: what a table is, and `@checked`, which verifies tables that a function uses."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import pandas as pd

from coverage_kit.errors import SchemaError

# Kinds instead of dtypes, because pandas has several dtypes for the same kind.
Kind = Literal["text", "integer", "number", "flag", "time"]

# The pandas type of each kind of column; times are in UTC, to the microsecond.
_EMPTY_DTYPES: dict[str, Any] = {
    "text": "str",
    "integer": "int64",
    "number": "float64",
    "flag": "bool",
    "time": "datetime64[us, UTC]",
}


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, meaning, and whether a value may be missing."""

    name: str
    kind: Kind
    meaning: str
    optional: bool = False

    def kind_of(self, values: "pd.Series[Any]") -> str:
        """Return this column's kind if the values meet it, else what they are instead."""
        types = pd.api.types
        if values.isna().all():
            return self.kind if self.optional or values.empty else "only missing values"
        is_kind = {
            "text": types.is_string_dtype(values.dropna()),
            "integer": types.is_integer_dtype(values),
            "number": types.is_numeric_dtype(values) and not types.is_bool_dtype(values),
            "flag": types.is_bool_dtype(values),
            "time": isinstance(values.dtype, pd.DatetimeTZDtype),
        }[self.kind]
        if not is_kind:
            return str(values.dtype)
        return self.kind if self.optional or not values.isna().any() else "missing values"


@dataclass(frozen=True)
class Schema:
    """A table's name, what one row is, its columns and its key."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """Return a table of no rows with this schema's columns and kinds.

        >>> column = Column("query_id", "text", "id")
        >>> Schema("qrels", "one judged pair", ("query_id",), (column,)).empty().columns.to_list()
        ['query_id']
        """
        return pd.DataFrame({c.name: pd.Series(dtype=_EMPTY_DTYPES[c.kind]) for c in self.columns})

    def table(self, rows: Sequence[Mapping[Any, Any]]) -> pd.DataFrame:
        """Return a table of this schema from rows; columns that no row has are missing."""
        return self.typed(pd.DataFrame(rows)) if rows else self.empty()

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table of this schema from a frame with rows; columns it lacks are missing."""
        # A shallow copy is enough, since columns are replaced and never changed in place.
        frame = frame.copy(deep=False)
        missing = pd.Series([None] * len(frame), index=frame.index)
        for column in self.columns:
            values = frame.get(column.name, missing)
            if column.kind == "time":
                frame[column.name] = pd.to_datetime(values, utc=True).astype(_EMPTY_DTYPES["time"])
            elif column.optional and column.kind == "integer":
                frame[column.name] = values.astype("Int64")  # holds missing values too
            else:
                frame[column.name] = values.astype(_EMPTY_DTYPES[column.kind])
        further = [name for name in frame.columns if name not in self.names]
        return frame[[*self.names, *further]]

    def check(self, table: pd.DataFrame, where: str) -> None:
        """Raise SchemaError unless the table has this schema's columns, kinds and unique key."""
        if not isinstance(table, pd.DataFrame):
            what = f"{self.name} should be a DataFrame"
            raise SchemaError(where, what, type(table).__name__, "Pass a pandas table.")
        for column in self.columns:
            if column.name not in table.columns:
                found = f"columns {', '.join(map(str, table.columns))}"
                what = f"{self.name} needs a column {column.name}"
                raise SchemaError(where, what, found, column.meaning)
            found = column.kind_of(table[column.name])
            if found != column.kind:
                what = f"{self.name}.{column.name} should be {column.kind}"
                raise SchemaError(where, what, found, f"It means: {column.meaning}.")
        # A repeated key would be counted twice by every join that follows.
        repeated = table.duplicated(list(self.key))
        if repeated.any():
            first = table.loc[repeated, list(self.key)].iloc[0]
            example = ", ".join(str(value) for value in first)
            what = f"the key of {self.name} ({', '.join(self.key)}) should be unique"
            found = f"{int(repeated.sum())} repeats, such as {example}"
            raise SchemaError(where, what, found, "Drop or rename them.")


# With these, type checkers see the signature of the function that `checked` wraps.
P = ParamSpec("P")
R = TypeVar("R")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function with the tables among its arguments and results checked."""
    hints = get_type_hints(function, include_extras=True)
    schemas = {
        name: schema for name, hint in hints.items() if (schema := _schema_of(hint)) is not None
    }
    result_hint = hints.get("return")
    element_hints = get_args(result_hint) if get_origin(result_hint) is tuple else ()
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if name in schemas and value is not None:
                schemas[name].check(value, f"{function.__name__}({name})")
        result = function(*args, **kwargs)
        returned = f"{function.__name__}() returned"
        if "return" in schemas:
            schemas["return"].check(result, returned)  # type: ignore[arg-type]
        elements: Any = result if element_hints else ()
        for hint, value in zip(element_hints, elements, strict=False):
            schema = _schema_of(hint)
            if schema is not None:
                schema.check(value, returned)
        return result

    return wrapper


def _schema_of(hint: Any) -> Schema | None:
    """Return the schema of a table's type, also of `Table | None`."""
    if get_origin(hint) is Annotated:
        extras = get_args(hint)[1:]
        return next((extra for extra in extras if isinstance(extra, Schema)), None)
    if get_origin(hint) is tuple:
        return None
    schemas = (_schema_of(alternative) for alternative in get_args(hint))
    return next((schema for schema in schemas if schema), None)
