"""Draw questions of a finished run to check, and keep what people choose."""

from collections.abc import Mapping
from pathlib import Path

from coverage_kit.collect.question_checks import (
    parse_choice,
    read_checks_file,
    write_checks_file,
)
from coverage_kit.errors import SchemaError
from coverage_kit.storage.files import locked
from coverage_kit.vocabulary import CHOICES, PERSON


def save_choices(
    path: str | Path,
    choices: Mapping[str, str],
    notes: Mapping[str, str] | None = None,
    checked_by: str = PERSON,
) -> None:
    """Write choices, and notes where there are any, into a file of checks; other rows stay.

    Args:
        path: the file.
        choices: by query_id as the file has it, one of CHOICES, or empty text to take one back.
        notes: by query_id, a note.
        checked_by: the checker whose rows are meant.

    Raises SchemaError for another choice, and for a question that the file does not hold.
    """
    path = Path(path)
    with locked(path.resolve().parent):
        rows = read_checks_file(path)
        row_of = {
            query_id: row
            for row, query_id in rows[rows["checked_by"] == checked_by]["query_id"].items()
        }
        for column, texts in (("choice", choices), ("note", notes or {})):
            for query_id, text in texts.items():
                if query_id not in row_of:
                    cure = "Draw it first: coverage-kit sample RUN"
                    raise SchemaError(str(path), f"a row of {query_id}", "none", cure)
                rows.loc[row_of[query_id], column] = (
                    _known_choice(path, text) if column == "choice" else text.strip()
                )
        write_checks_file(path, rows)


def _known_choice(path: Path, text: str) -> str:
    try:
        return parse_choice(text) or ""
    except ValueError:
        expected = f"a choice of {', '.join(CHOICES)}"
        raise SchemaError(str(path), expected, repr(text), "Choose one of them.") from None
