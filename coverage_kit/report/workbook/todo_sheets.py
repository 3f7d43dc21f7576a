"""The editors' sheets of the workbook: the to-do list by page, and notes on earlier edits."""

import itertools
import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.report.texts import clean_text
from coverage_kit.report.wording import minutes
from coverage_kit.report.workbook.editor_notes import (
    EARLIER,
    KEY,
    OPERATION,
    PART,
    QUESTIONS,
    STATUSES,
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
from coverage_kit.report.workbook.gap_choices import list_questions
from coverage_kit.report.workbook.sheet import (
    OWN,
    Sheet,
    SheetColumn,
    fold,
    link_rows,
    name_page,
    with_gap_link,
)

logger = logging.getLogger(__name__)

# The columns that people fill in.
_STATUS = SheetColumn("status", "status", "progress", 13, is_written=True)
_OWNER = SheetColumn("owner", "owner", "owner", 12, is_written=True)
_DUE = SheetColumn("due date", "due date", "date", 12, is_written=True)
_NOTE = SheetColumn("note", "note", width=20, is_written=True)
# The columns by which an edit is recognised in the next run. They are last.
_IDENTITY = (
    SheetColumn(QUESTIONS, QUESTIONS, is_hidden=True),
    SheetColumn(KEY, "key", is_hidden=True),
)
# A row for each planned edit.
_TODO = (
    _STATUS,
    SheetColumn("topic", "subject", width=28),
    SheetColumn("what is done", "task", width=22),
    SheetColumn(PART, "part", width=8),
    SheetColumn("page", "page", width=34, link="url"),
    SheetColumn("minutes", "cost_minutes", "integer", 10, is_summed=True),
    SheetColumn("answered questions gained", "marginal_gain", "integer", 12, is_summed=True),
    _OWNER,
    _DUE,
    _NOTE,
    SheetColumn("what to write", "to_write", width=100),
    *fold(
        SheetColumn("where", "place", width=36),
        SheetColumn("there now", "before", width=36),
        SheetColumn("proposed", "after", width=48),
        SheetColumn("gap", "label", width=24, link="gap_at"),
        SheetColumn("rank", "rank", "integer", 7, link="edit_at"),
        SheetColumn("first hour", "is_first_hour", "flag", 8),
        SheetColumn(OPERATION, "operation_title", width=20),
        SheetColumn("edits of the page", "n_edits", "integer", 9),
        SheetColumn("minutes of the page", "page_minutes", "integer", 10),
        SheetColumn("gained by the page", "page_gain", "integer", 11),
    ),
)
# A row for each note whose edit is not planned any more. Columns are named as in the to-do sheet.
_EARLIER = (
    _STATUS,
    SheetColumn("topic", "topic", width=28),
    SheetColumn("what is done", "what is done", width=22),
    SheetColumn(PART, PART, width=8),
    SheetColumn("page", "page", width=34, link="url"),
    SheetColumn("now", "now", width=26),
    _OWNER,
    _DUE,
    _NOTE,
    SheetColumn("what to write", "what to write", width=100),
    *fold(
        SheetColumn("where", "where", width=36),
        SheetColumn("gap", "gap", width=24),
        SheetColumn(OPERATION, OPERATION, width=20),
    ),
)
# Rows of the to-do sheet may be higher than others, as editors read them in full (assumed).
_MAX_LINES = 26
# Headings of earlier versions. Any other heading of a to-do sheet is of a column that people added.
_FORMER = ("edit", "heading", "adds (queries asked)", "the page adds (queries asked)")
_HEADINGS = frozenset({*(field.title for field in (*_TODO, *_EARLIER, *_IDENTITY)), *_FORMER})


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
            "Status, owner, due date and note could not be kept from %s The file is now %s.",
            error,
            free_path,
        )
        return merge_notes(notes)


def _find_free_path(path: Path) -> Path:
    """Return the path with .old, .old2, .old3 and so on: the first that does not exist."""
    paths = (path.with_name(f"{path.name}.old{n if n > 1 else ''}") for n in itertools.count(1))
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
    frame = frame.assign(
        edit_at=frame["edit_id"].map(edit_links),
        key=[str(keys[edit_id]) for edit_id in frame["edit_id"]],
        **{QUESTIONS: frame["cluster_id"].map(list_questions(analysis)).astype("object")},
    )
    matched, unmatched = match_notes([keys[edit_id] for edit_id in frame["edit_id"]], notes)
    own = list_own_columns(notes)
    own_columns = tuple(
        SheetColumn(name, f"{OWN}{name}", width=20, is_written=True) for name in own
    )
    written = _list_written([matched.get(row) for row in range(len(frame))], own)
    written["status"] = written["status"].fillna(STATUSES[0])
    todo = Sheet(
        TODO,
        (*_TODO, *own_columns, *_IDENTITY),
        with_gap_link(pd.concat([frame, written], axis=1), gap_links),
        "for editors: the planned edits; what you write there is kept by the next run",
        (tables.EDITS, tables.GAPS),
        max_lines=_MAX_LINES,
        group="act",
        title=f"What to do on {clean_text(analysis.about.own_site) or 'your site'}",
        hint=_advise(frame),
    )
    if not unmatched:
        return [todo]
    return [todo, _list_earlier(analysis, edits, keys, unmatched, own_columns)]


def _advise(frame: pd.DataFrame) -> str:
    """Return how to use the to-do sheet."""
    if frame.empty:
        return "No edit is planned."
    first = frame[frame["is_first_hour"]]
    start = (
        f"Begin with the first {'row' if len(first) == 1 else f'{len(first)} rows'}: "
        f"{minutes(first['cost_minutes'].sum())} minutes. "
        if len(first)
        else ""
    )
    return (
        f"{start}Choose a status in each row. The next run keeps status, owner, due date, note, "
        "and columns that you add. A + above the headings opens further columns."
    )


def _list_earlier(
    analysis: Analysis,
    edits: pd.DataFrame,
    keys: dict[str, EditKey],
    notes: Sequence[EditorNotes],
    own_columns: tuple[SheetColumn, ...],
) -> Sheet:
    """Return the notes that belong to no planned edit, with what has become of their edit."""
    not_chosen = edits[~edits["is_chosen"]]
    matched, _ = match_notes([keys[edit_id] for edit_id in not_chosen["edit_id"]], notes)
    # Rows hold dictionaries, which are not hashable, so they are looked up by their identity.
    rank_of = {id(row): not_chosen["rank"].iloc[index] for index, row in matched.items()}
    pages = analysis.pages.drop_duplicates("page_id")
    own_site = analysis.about.own_site
    paths = [name_page(page_id, own_site) for page_id in pages["page_id"]]
    urls = dict(zip(paths, pages["url"], strict=True))
    known = {*WRITTEN, "now"}
    names = [field.title for field in (*_EARLIER, *_IDENTITY[:1]) if field.title not in known]
    cells = pd.DataFrame(
        # Earlier versions had topic and what is done in one column.
        [
            [({"topic": row.cells.get("edit")} | row.cells).get(name) for name in names]
            for row in notes
        ],
        columns=names,
        dtype="object",
    )
    names_of_pages = cells["page"].map(lambda page: name_page(page, own_site))
    written = _list_written(notes, [field.title for field in own_columns])
    frame = pd.concat([cells, written], axis=1).assign(
        page=names_of_pages,
        url=names_of_pages.map(urls),
        now=[
            f"proposed, rank {rank_of[id(row)]}" if id(row) in rank_of else "not proposed any more"
            for row in notes
        ],
        key=[row.key for row in notes],
    )
    return Sheet(
        EARLIER,
        (*_EARLIER, *own_columns, *_IDENTITY),
        frame,
        "rows of earlier to-do sheets in which somebody wrote, and whose edits are not planned now",
        group="act",
    )


def _list_written(rows: Sequence[EditorNotes | None], own: Sequence[str]) -> pd.DataFrame:
    """Return what people wrote into these rows, with due dates as dates where they are dates."""
    written = written_frame(rows, [*WRITTEN, *own]).rename(columns=_own_name)
    dates = [_read_date(text) for text in written["due date"]]
    return written.assign(**{"due date": pd.Series(dates, dtype="object")})


def _read_date(text: str | None) -> pd.Timestamp | str | None:
    try:
        return pd.Timestamp(date.fromisoformat(text)) if text else None
    except ValueError:
        return text


def _own_name(name: str) -> str:
    # The prefix keeps a column that people called "rank" from replacing the toolkit's own.
    return name if name in WRITTEN else f"{OWN}{name}"


def _by_page(edits: pd.DataFrame) -> pd.DataFrame:
    """Return the planned edits: first those of the first hour, by rank, then the others by page.

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
