"""What your site lacks of complete answers, as models found it: a file beside that of the checks.

People may read it, and delete a row that they do not want to see again.
"""

import csv
import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from coverage_kit.collect.decode import decode_text
from coverage_kit.collect.logs.csv_rows import find_delimiter
from coverage_kit.collect.question_checks import question_key
from coverage_kit.errors import SchemaError
from coverage_kit.escaping import for_cell, from_cell
from coverage_kit.storage.files import as_error, locked, write_file
from coverage_kit.tables import MISSING_ITEMS, MissingItems, Queries, checked

_COLUMNS = ("question", "missing", "checked_by", "query_id")
_CURE = "Delete the file, then run: coverage-kit sample RUN --judge (the model's replies are kept)."


def missing_items_path(checks: str | Path) -> Path:
    """Return the path of the file of missing items that belongs to a file of checks.

    >>> missing_items_path("project/checks.csv").as_posix()
    'project/checks.missing.csv'
    """
    return Path(checks).with_suffix(".missing.csv")


@checked
def read_missing_items(path: Path, queries: Queries) -> MissingItems:
    """Return what is missing of the answers to these queries, in the order of the file.

    A row belongs to the query with its id or, where ids have changed, with its words. Other rows
    are left out; nothing is there where there is no file. Raises SchemaError for a file that cannot
    be read.
    """
    rows = _read(path)
    ids = set(queries["query_id"])
    texts = map(question_key, queries["text"])
    id_of = dict(zip(texts, queries["query_id"], strict=True))
    rows["query_id"] = [
        query_id if query_id in ids else id_of.get(question_key(question))
        for query_id, question in zip(rows["query_id"], rows["question"], strict=True)
    ]
    known = rows.dropna(subset="query_id").rename(columns={"missing": "item"})
    unique = known.drop_duplicates(["query_id", "checked_by", "item"])
    return MISSING_ITEMS.table(unique[MISSING_ITEMS.names].to_dict("records"))


@checked
def write_missing_items(
    path: Path, items: MissingItems, queries: Queries, checked_ids: Collection[str], model: str
) -> None:
    """Write what a model found missing in place of what the file holds of the same questions.

    Args:
        path: the file; other rows of it stay.
        items: what is missing.
        queries: the log's questions, among them those that were checked.
        checked_ids: query_id of each question that the model checked.
        model: name of the model.

    Raises SchemaError for a file that cannot be read or written.
    """
    text_of = queries.set_index("query_id")["text"]
    keys = {question_key(text_of[query_id]) for query_id in checked_ids}
    new = items.rename(columns={"item": "missing"}).assign(question=items["query_id"].map(text_of))
    with locked(path.resolve().parent):
        rows = _read(path)
        is_old = (rows["checked_by"] == model) & rows["question"].map(question_key).isin(keys)
        kept = pd.concat([rows[~is_old], new]).reindex(columns=list(_COLUMNS))
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([for_cell(str(cell)) for cell in row] for row in kept.to_numpy().tolist())
        write_file(
            path,
            stream.getvalue().encode("utf-8-sig", "replace"),
            error=SchemaError,
            cure="Close it in other programs.",
        )


def _read(path: Path) -> pd.DataFrame:
    """Return the rows of a file as text; none where there is no file."""
    if not path.exists():
        return pd.DataFrame(columns=list(_COLUMNS), dtype="str")
    with as_error(path, "a file that can be read", "Check its permissions.", SchemaError):
        text = decode_text(path.read_bytes())
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    delimiter = find_delimiter(text.partition("\n")[0])
    try:
        lines = [
            [from_cell(cell).strip() for cell in cells]
            for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        raise SchemaError(str(path), "CSV", str(error), _CURE) from None
    header = lines[0] if lines else []
    if lacking := [name for name in _COLUMNS if name not in header]:
        found = ", ".join(header)[:200] or "an empty file"
        raise SchemaError(str(path), f"a column {lacking[0]!r}", found, _CURE)
    records = [dict(zip(header, cells, strict=False)) for cells in lines[1:]]
    rows = pd.DataFrame(records, columns=list(_COLUMNS)).fillna("").astype("str")
    return rows[(rows["question"] != "") & (rows["missing"] != "")]
