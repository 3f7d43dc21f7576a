"""The editors' sheets of the workbook: the to-do list by page, and notes on earlier edits."""

import logging
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.report.workbook.editor_notes import (
    EARLIER,
    KEY,
    TODO,
    WRITTEN,
    EditKey,
    EditorNotes,
    key_edits,
    list_own_columns,
    match_notes,
    merge_notes,
    read_notes,
    written_frame,
)
from coverage_kit.report.workbook.sheet import (
    OWN,
    Sheet,
    SheetColumn,
    link_rows,
    with_gap_link,
)

logger = logging.getLogger(__name__)

# The columns that people fill in.
_WRITTEN = (
    SheetColumn("status", "status", "progress", 13),
    SheetColumn("owner", "owner", width=14),
    SheetColumn("note", "note", width=30),
)
# A row for each chosen edit. The key is last: people need not see it.
_TODO = (
    SheetColumn("first hour", "is_first_hour", "flag", 8),
    SheetColumn("edit", "listed_as", width=36),
    SheetColumn("page", "page_id", width=36, link="url"),
    *_WRITTEN,
    SheetColumn("rank", "rank", "integer", 7, link="edit_at"),
    SheetColumn("where", "place", width=36),
    SheetColumn("minutes", "cost_minutes", "integer", 9),
    SheetColumn("adds (queries asked)", "marginal_gain", "number", 10),
    SheetColumn("what to write", "to_write", width=60),
    SheetColumn("there now", "before", width=36),
    SheetColumn("proposed", "after", width=48),
    SheetColumn("gap", "label", width=24, link="gap_at"),
    SheetColumn("operation", "operation_title", width=18),
    SheetColumn("edits of the page", "n_edits", "integer", 9),
    SheetColumn("minutes of the page", "page_minutes", "integer", 10),
    SheetColumn("the page adds (queries asked)", "page_gain", "number", 11),
    SheetColumn(KEY, "key", width=29),
)
# A row for each note whose edit is not chosen any more. Columns are named as in the to-do sheet.
_EARLIER = (
    SheetColumn("edit", "edit", width=36),
    SheetColumn("page", "page", width=36, link="url"),
    *_WRITTEN,
    SheetColumn("now", "now", width=26),
    SheetColumn("where", "where", width=36),
    SheetColumn("what to write", "what to write", width=60),
    SheetColumn("gap", "gap", width=24),
    SheetColumn("operation", "operation", width=18),
    SheetColumn(KEY, "key", width=29),
)
# Rows of the to-do sheet may be higher than others, as editors read them in full (assumed).
_MAX_LINES = 26
# Any other column of an earlier to-do sheet was added by people; earlier versions had "heading".
_HEADINGS = frozenset({*(field.title for field in (*_TODO, *_EARLIER)), "heading"})


def find_notes(path: Path, keep_status: str | Path | None = None) -> list[EditorNotes]:
    """Return the notes that the next workbook keeps.

    They are the rows of the workbook `keep_status`, if it is named, then of the workbook at `path`,
    which is to be overwritten. A file at `path` that cannot be read is set aside and reported, so
    that no note in it is lost. Raises RunError where `keep_status` cannot be read.
    """
    notes = read_notes(Path(keep_status), _HEADINGS) if keep_status else []
    if not path.is_file():
        return merge_notes(notes)
    try:
        return merge_notes(notes, read_notes(path, _HEADINGS))
    except RunError as error:
        free_path = _find_free_path(path)
        try:
            path.replace(free_path)
        except OSError as failure:
            raise RunError(
                str(path),
                "a file that can be set aside",
                str(failure),
                "Close it in other programs.",
            ) from error
        logger.warning(
            "Status, owner and note could not be kept from %s The file is now %s.",
            error,
            free_path,
        )
        return merge_notes(notes)


def _find_free_path(path: Path) -> Path:
    """Return the path with .old, .old2, .old3 and so on: the first that does not exist."""
    paths = (path.with_name(f"{path.name}.old{n if n > 1 else ''}") for n in count(1))
    return next(old_path for old_path in paths if not old_path.exists())


def list_todo_sheets(
    analysis: Analysis,
    edits: pd.DataFrame,
    gap_links: dict[str, str],
    notes: Sequence[EditorNotes] = (),
) -> list[Sheet]:
    """Return the to-do sheet with its notes, and the sheet of earlier edits where any have notes.

    Args:
        analysis: the run.
        edits: its edits as `describe_edits` returns them, with the columns of `describe_briefs`.
        gap_links: by cluster_id, the link to the row of the gap.
        notes: rows of earlier to-do sheets.
    """
    keys = key_edits(analysis)
    edit_links = link_rows("edits", edits["edit_id"])
    frame = _by_page(edits)
    frame = frame.assign(edit_at=frame["edit_id"].map(edit_links))
    matched, unmatched = match_notes([keys[edit_id] for edit_id in frame["edit_id"]], notes)
    own = list_own_columns(notes)
    own_columns = tuple(SheetColumn(name, f"{OWN}{name}", width=20) for name in own)
    written = written_frame([matched.get(row) for row in range(len(frame))], [*WRITTEN, *own])
    frame = pd.concat([frame, written.rename(columns=_own_name)], axis=1).assign(
        key=[str(keys[edit_id]) for edit_id in frame["edit_id"]]
    )
    todo = Sheet(
        TODO,
        (*_TODO[:-1], *own_columns, _TODO[-1]),
        with_gap_link(frame, gap_links),
        "for editors: the chosen edits, the first hour's on top, then by page; "
        "status, owner and note survive the next run",
        (tables.EDITS, tables.GAPS),
        max_lines=_MAX_LINES,
    )
    if not unmatched:
        return [todo]
    return [todo, _list_earlier(analysis, edits, keys, unmatched, own_columns)]


def _list_earlier(
    analysis: Analysis,
    edits: pd.DataFrame,
    keys: dict[str, EditKey],
    notes: Sequence[EditorNotes],
    own_columns: tuple[SheetColumn, ...],
) -> Sheet:
    """Return the notes that belong to no chosen edit, with what has become of their edit."""
    not_chosen = edits[~edits["is_chosen"]]
    matched, _ = match_notes([keys[edit_id] for edit_id in not_chosen["edit_id"]], notes)
    # Rows hold dictionaries, which are not hashable, so they are looked up by their identity.
    rank_of = {id(row): not_chosen["rank"].iloc[index] for index, row in matched.items()}
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    names = [field.column for field in _EARLIER if field.column not in {*WRITTEN, "now", "key"}]
    cells = pd.DataFrame(
        [[row.cells.get(name) for name in names] for row in notes],
        columns=names,
        dtype="object",
    )
    written = written_frame(notes, [*WRITTEN, *(field.title for field in own_columns)])
    frame = pd.concat([cells, written.rename(columns=_own_name)], axis=1).assign(
        url=cells["page"].map(urls),
        now=[
            f"proposed, rank {rank_of[id(row)]}" if id(row) in rank_of else "not proposed any more"
            for row in notes
        ],
        key=[row.key for row in notes],
    )
    return Sheet(
        EARLIER,
        (*_EARLIER[:-1], *own_columns, _EARLIER[-1]),
        frame,
        "rows of earlier to-do sheets in which somebody wrote, and which this run's list does "
        "not hold",
    )


def _own_name(name: str) -> str:
    # The prefix keeps a column that people called "rank" from replacing the toolkit's own.
    return name if name in WRITTEN else f"{OWN}{name}"


def _by_page(edits: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen edits: first those of the first hour, by rank, then the others by page.

    Pages that gain most come first. A page's totals are in
    the row of its first edit.
    """
    chosen = edits[edits["is_chosen"]]
    totals = chosen.groupby("page_id").agg(
        n_edits=("edit_id", "size"),
        page_minutes=("cost_minutes", "sum"),
        page_gain=("marginal_gain", "sum"),
    )
    frame = chosen.merge(totals, on="page_id", how="left").sort_values("rank")
    frame["is_first_hour"] = frame["in_next_hour"].astype(bool)
    first = frame[frame["is_first_hour"]]
    later = frame[~frame["is_first_hour"]].sort_values(
        ["page_gain", "page_id", "rank"], ascending=[False, True, True]
    )
    frame = pd.concat([first, later], ignore_index=True)
    # Other rows of a page have no totals, so that the totals can be added up.
    is_further = frame["page_id"].duplicated()
    return frame.assign(**{name: frame[name].mask(is_further) for name in totals.columns})
