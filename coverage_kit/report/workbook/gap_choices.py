"""What people choose on the sheet of gaps: to dismiss a gap, or to open it again, and a note.

The sheet holds status and note as they were when it was written, so that a choice of a person can
be distinguished from an older one, and the questions of each gap, by which it is recognised.
"""

from pathlib import Path
from typing import get_args

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import clean_text
from coverage_kit.report.workbook.check_sheet import read_sheet
from coverage_kit.report.workbook.sheet import GAP_SHEETS, SheetColumn
from coverage_kit.tables.asked import most_asked_first
from coverage_kit.vocabulary import DISMISSED, GapStatus

# Most asked questions by which a gap is recognised, and their characters: a cell of a spreadsheet
# holds 32,767. Assumed to be enough for any topic.
_MAX_QUESTIONS = 200
_MAX_CHARACTERS = 30_000
# The columns in which people choose and write, and those that are read with them.
CHOICE_COLUMNS = (
    SheetColumn("status", "status", "gap status", 13, is_written=True),
    SheetColumn("note", "note", width=24, is_written=True),
)
HIDDEN_COLUMNS = (
    SheetColumn("gap_id", "gap_id", is_hidden=True),
    SheetColumn("all questions", "questions", is_hidden=True),
    SheetColumn("status before", "status before", is_hidden=True),
    SheetColumn("note before", "note before", is_hidden=True),
)
_READ = {
    "gap": "label",
    "times asked": "demand",
    "all questions": "questions",
    **{name: name for name in ("gap_id", "status", "note", "status before", "note before")},
}
NO_CHOICES = pd.DataFrame(columns=list(_READ.values()), dtype="str")


def is_dismissed(status: str) -> bool:
    """Return whether a cell dismisses its gap. Raises ValueError for a text that is no status.

    >>> is_dismissed(" Dismissed"), is_dismissed("shrinking"), is_dismissed("")
    (True, False, False)
    """
    word = status.strip().casefold()
    if word and word not in get_args(GapStatus):
        raise ValueError(status)
    return word == DISMISSED


def join_questions(queries: pd.DataFrame) -> str:
    r"""Return the questions of a gap, a line each: the most asked first, and at most 200 of them.

    `queries` has columns text and demand.

    >>> join_questions(pd.DataFrame({"text": ["a b?", "c\n d"], "demand": [1.0, 2.0]}))
    'c d\na b?'
    """
    ordered = most_asked_first(queries, "text")
    lines = [" ".join(clean_text(text).split()) for text in ordered["text"].head(_MAX_QUESTIONS)]
    joined = "\n".join(lines)
    return (
        joined if len(joined) <= _MAX_CHARACTERS else joined[:_MAX_CHARACTERS].rpartition("\n")[0]
    )


def list_questions(analysis: Analysis) -> dict[str, str]:
    """Return by cluster_id the gap's questions as `join_questions` writes them."""
    members = analysis.clusters[["query_id", "cluster_id"]].merge(
        analysis.queries[["query_id", "text", "demand", "demand_kind"]], on="query_id"
    )
    return {str(name): join_questions(rows) for name, rows in members.groupby("cluster_id")}


def add_choices(analysis: Analysis, gaps: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the sheet of gaps with status, note, and what is hidden beside them.

    A note stays with its gap. A choice of an earlier sheet stays where the run does not know of it.

    Args:
        analysis: the run.
        gaps: the rows (`describe_gaps`).
        earlier: rows of earlier sheets (`read_gap_sheet`).
    """
    questions = list_questions(analysis)
    rows = gaps.assign(
        questions=gaps["cluster_id"].map(questions).fillna(""),
        gap_id=gaps["gap_id"].map(clean_text),
    )
    before = rows["status"].map(clean_text)
    found = _match(rows["questions"].tolist(), earlier)
    notes = [earlier["note"].iloc[number] if number >= 0 else "" for number in found]
    chosen = [
        earlier["status"].iloc[number]
        if number >= 0 and _is_unknown(earlier.iloc[number], status)
        else status
        for number, status in zip(found, before, strict=True)
    ]
    # What the file of dismissals holds of a dismissed gap is in its reason.
    columns = {"status": chosen, "note": notes, "status before": list(before), "note before": notes}
    filled = {name: [text or None for text in texts] for name, texts in columns.items()}
    return rows.assign(**pd.DataFrame(filled, index=rows.index, dtype="object"))


def _is_unknown(row: "pd.Series[str]", status: str) -> bool:
    """Return whether a person chose in an earlier row what the run does not know of yet."""
    try:
        chosen, before = is_dismissed(row["status"]), is_dismissed(row["status before"])
    except ValueError:
        return True  # the text stays for the person; the next run says that it is no status
    return chosen != before and chosen != is_dismissed(status) and before == is_dismissed(status)


def _match(questions: list[str], earlier: pd.DataFrame) -> list[int]:
    """Return for each gap the number of the earlier row with most of its questions; -1 for none.

    An earlier row belongs to one gap at most.
    """
    gap_of = {
        line.casefold(): number
        for number, lines in enumerate(questions)
        for line in lines.split("\n")
    }
    found = [-1] * len(questions)
    shared = [0] * len(questions)
    for row, lines in enumerate(earlier["questions"]):
        numbers = [gap_of[key] for line in lines.split("\n") if (key := line.casefold()) in gap_of]
        if not numbers:
            continue
        number = max(set(numbers), key=lambda gap: (numbers.count(gap), -gap))
        if numbers.count(number) > shared[number]:
            found[number], shared[number] = row, numbers.count(number)
    return found


def read_gap_sheet(path: Path) -> pd.DataFrame:
    """Return the rows of a workbook's sheets of gaps, as text.

    The columns are label, demand, questions, gap_id, status, note, and status and note as they were
    before people wrote; and sheet and row, where it is. There are no rows where there is
    no such workbook, or none with these columns (`find_notes` sets a workbook aside that cannot be
    read).
    """
    sheets = []
    for name in GAP_SHEETS:
        rows = read_sheet(path, name, tuple(_READ), "gap_id").rename(columns=_READ)
        sheets.append(rows.assign(sheet=name, row=rows.index))
    return pd.concat(sheets, ignore_index=True)
