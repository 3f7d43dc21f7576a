"""What editors wrote into an earlier workbook (status, owner, note, columns of their own), read so that the next one keeps it.

An edit's id is new in each run, so each row of the to-do sheet carries a key: digests of its job
(operation and page), of its place (with the heading) and of the question that it answers first.
What stands in the old sheet is data: text, never a formula.
"""

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.report.texts import clean_text, is_missing

STATUSES = ("to do", "in progress", "done", "won't do")
TODO = "to do by page"
EARLIER = "earlier edits"
WRITTEN = ("status", "owner", "note")
KEY = "key (leave as it is)"
_HEADER_WITHIN = 50


@dataclass(frozen=True)
class EditorNotes:
    """One row of an earlier to-do sheet: its key (empty in rows added by hand), its cells by heading, those people wrote."""

    key: str
    cells: dict[str, str]
    written: dict[str, str]

    @property
    def is_written(self) -> bool:
        """Whether somebody wrote anything into the row, or the row itself."""
        return bool(self.written) or (not self.key and bool(self.cells))


class EditKey(NamedTuple):
    """What an edit is known by in another run; `asked` are digests of all questions of its gap."""

    job: str
    place: str
    question: str
    asked: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.job}-{self.place}-{self.question}"


def key_edits(analysis: Analysis) -> dict[str, EditKey]:
    """Return by edit_id the key of each edit.

    Its question is the one asked most of those that it was drafted from; of an edit drafted from
    none, its brief stands for it.
    """
    texts = analysis.queries.set_index("query_id")[["text", "demand"]]
    drafted = analysis.effects[analysis.effects["is_drafted_from"].astype(bool)].join(
        texts, on="query_id"
    )
    drafted = drafted.sort_values(["demand", "text"], ascending=[False, True])
    first = drafted.drop_duplicates("edit_id").set_index("edit_id")["text"].to_dict()
    asked = analysis.clusters.join(texts, on="query_id").groupby("cluster_id")["text"]
    of_gap = {str(name): frozenset(map(_digest, map(str, told))) for name, told in asked}
    return {
        row["edit_id"]: EditKey(
            _digest(row["operation"], row["page_id"]),
            _digest(row["operation"], row["page_id"], row["heading_path"]),
            _digest(first.get(row["edit_id"], row["brief"])),
            of_gap.get(row["cluster_id"], frozenset()),
        )
        for row in analysis.edits.to_dict("records")
    }


def merge_kept(*books: Sequence[EditorNotes]) -> list[EditorNotes]:
    """Return the rows of several workbooks, each once; of an edit in several, the first one's row counts."""
    merged: list[EditorNotes] = []
    for rows in books:
        keys = {row.key for row in merged if row.key}
        new = [row for row in rows if row.key not in keys and row not in merged]
        merged += [
            row
            for place, row in enumerate(new)
            if not any(_is_same(row, other) for other in new[:place])
        ]
    return merged


def match_kept(
    keys: Sequence[EditKey], kept: Sequence[EditorNotes]
) -> tuple[dict[int, EditorNotes], list[EditorNotes]]:
    """Return by position among the keys the row that belongs to it, and the written rows that belong to none.

    First where place and question agree; then job (operation and page) and question, as headings
    change; then the place, where the old question is still one of the gap's. Another operation, or
    another question at the same place, is another job: what is done of the one says nothing of the
    other.
    """
    agrees: tuple[Callable[[EditKey, list[str]], bool], ...] = (
        lambda key, parts: [key.place, key.question] == parts[1:],
        lambda key, parts: [key.job, key.question] == parts[::2],
        lambda key, parts: key.place == parts[1] and parts[2] in key.asked,
    )
    found: dict[int, EditorNotes] = {}
    left = [row for row in kept if row.is_written]
    for agree in agrees:
        for row in list(left):
            parts = row.key.split("-")
            places = (
                at
                for at, key in enumerate(keys)
                if at not in found and len(parts) == 3 and agree(key, parts)
            )
            if (at := next(places, None)) is not None:
                found[at] = row
                left.remove(row)
    return found, left


def _digest(*parts: str) -> str:
    return blake2b(
        "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"),
        digest_size=4,
    ).hexdigest()


def _is_same(row: EditorNotes, other: EditorNotes) -> bool:
    """Return whether nothing is lost without the row: the same edit with the same words written."""
    return row == other if not row.key else (row.key, row.written) == (other.key, other.written)


def read_kept(path: Path, known: Collection[str]) -> list[EditorNotes]:
    """Return the rows of a workbook's to-do sheet and earlier edits.

    `known` are the headings that the toolkit writes: any further column is people's own. Raises
    RunError where it is no workbook with such a sheet.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    cure = "Name a workbook (.xlsx) that coverage-kit wrote; one that another program saved otherwise, save as .xlsx."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of extensions that other programs write, which are not read here
            values, formulas = (
                load_workbook(path, read_only=True, data_only=flag) for flag in (True, False)
            )
            names = values.sheetnames
            found = {
                name: _read_sheet(values[name], formulas[name], known)
                for name in (TODO, EARLIER)
                if name in names
            }
            for book in (values, formulas):
                book.close()
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        SyntaxError,
        BadZipFile,
        InvalidFileException,
    ) as error:
        raise RunError(
            str(path), "a workbook of an earlier run", _first_line(error), cure
        ) from error
    if found.get(TODO) is None:
        told = (
            f"no column {KEY!r}" if TODO in found else f"sheets {', '.join(map(repr, names[:30]))}"
        )
        raise RunError(str(path), f"a sheet {TODO!r} with a column {KEY!r}", told, cure)
    return [row for rows in found.values() for row in rows or ()]


def _read_sheet(values: Any, formulas: Any, known: Collection[str]) -> list[EditorNotes] | None:
    """Return the rows below the header, None where there is no header; of a formula its value, else the formula as text."""
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # other programs write wrong ones
    names: list[str] = []
    rows: list[EditorNotes] | None = None
    both = zip(
        values.iter_rows(values_only=True),
        formulas.iter_rows(values_only=True),
        strict=True,
    )
    for number, (shown, typed) in enumerate(both):
        cells = [
            _as_text(one if one is not None else two) for one, two in zip(shown, typed, strict=True)
        ]
        if rows is not None:
            row = {name: cell for name, cell in zip(names, cells, strict=False) if name and cell}
            own = {name: cell for name, cell in row.items() if name in WRITTEN or name not in known}
            if row:
                rows.append(EditorNotes(row.pop(KEY, ""), row, own))
        elif number < _HEADER_WITHIN and KEY in (folded := [cell.casefold() for cell in cells]):
            names = [name if name in known else cells[place] for place, name in enumerate(folded)]
            names = ["" if name in names[:place] else name for place, name in enumerate(names)]
            rows = []
    return rows


def _as_text(value: Any) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return clean_text(
        int(value) if isinstance(value, float) and value.is_integer() else value
    ).strip()


def _first_line(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else next(iter(str(error).splitlines()), "")
    return told or type(error).__name__


def list_own_columns(kept: Sequence[EditorNotes]) -> list[str]:
    """Return the headings of the columns that people added, in the order met."""
    names = dict.fromkeys(name for row in kept for name in row.written if name not in WRITTEN)
    return list(names)


def written_frame(rows: Sequence[EditorNotes | None], columns: Sequence[str]) -> pd.DataFrame:
    """Return what was written into these rows, a column each."""
    cells = [[row.written.get(name) if row else None for name in columns] for row in rows]
    return pd.DataFrame(cells, columns=list(columns), dtype="object")
