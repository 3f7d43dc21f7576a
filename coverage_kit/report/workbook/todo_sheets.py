"""The editors' sheets of the workbook: what to do by page, the first hour on top, and what was kept of earlier edits."""

import logging
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.report.page_data.gaps import pick_hour
from coverage_kit.report.workbook.editor_notes import (
    EARLIER,
    KEY,
    TODO,
    WRITTEN,
    EditKey,
    EditorNotes,
    key_edits,
    list_own_columns,
    match_kept,
    merge_kept,
    read_kept,
    written_frame,
)
from coverage_kit.report.workbook.sheet import (
    OWN,
    Sheet,
    SheetColumn,
    places_of,
    with_gap_link,
)

logger = logging.getLogger(__name__)

_WRITTEN = (
    SheetColumn("status", "status", "progress", 13),
    SheetColumn("owner", "owner", width=14),
    SheetColumn("note", "note", width=30),
)
_TODO = (
    SheetColumn("first hour", "is_first_hour", "flag", 8),
    SheetColumn("page", "page_id", width=44, link="url"),
    *_WRITTEN,
    SheetColumn("rank", "rank", "integer", 7, link="edit_at"),
    SheetColumn("operation", "operation_title", width=18),
    SheetColumn("heading", "heading_path", width=26),
    SheetColumn("what to write", "brief", width=56),
    SheetColumn("there now", "before", width=36),
    SheetColumn("proposed", "after", width=48),
    SheetColumn("minutes", "cost_minutes", "number", 9),
    SheetColumn("adds (queries asked)", "marginal_gain", "number", 10),
    SheetColumn("gap", "label", width=24, link="gap_at"),
    SheetColumn("edits of the page", "n_edits", "integer", 9),
    SheetColumn("minutes of the page", "page_minutes", "number", 10),
    SheetColumn("the page adds (queries asked)", "page_gain", "number", 11),
    SheetColumn(KEY, "key", width=29),
)
_EARLIER = (
    SheetColumn("page", "page", width=44, link="url"),
    *_WRITTEN,
    SheetColumn("now", "now", width=26),
    SheetColumn("operation", "operation", width=18),
    SheetColumn("heading", "heading", width=26),
    SheetColumn("what to write", "what to write", width=56),
    SheetColumn("gap", "gap", width=24),
    SheetColumn(KEY, "key", width=29),
)
KNOWN = frozenset(field.title for field in (*_TODO, *_EARLIER))


def find_kept(path: Path, keep_status: str | Path | None = None) -> list[EditorNotes]:
    """Return the rows of the workbook to keep, if one is named, then of the one that is to be overwritten.

    One that stands in the way and cannot be read is set aside, which is told: nothing written in it
    is lost. Raises RunError where the named one cannot be read.
    """
    named = read_kept(Path(keep_status), KNOWN) if keep_status else []
    if not path.is_file():
        return merge_kept(named)
    try:
        return merge_kept(named, read_kept(path, KNOWN))
    except RunError as error:
        aside = next(
            place
            for n in count(1)
            if not (place := path.with_name(f"{path.name}.old{n if n > 1 else ''}")).exists()
        )
        try:
            path.replace(aside)
        except OSError as trouble:
            raise RunError(
                str(path),
                "a file that can be set aside",
                str(trouble),
                "Close it elsewhere.",
            ) from error
        logger.warning(
            "Status, owner and note are not kept from %s It is set aside as %s.",
            error,
            aside,
        )
        return merge_kept(named)


def list_todo_sheets(
    analysis: Analysis,
    edits: pd.DataFrame,
    places: dict[str, str],
    kept: Sequence[EditorNotes] = (),
) -> list[Sheet]:
    """Return the to-do sheet with what is kept of earlier ones, and the earlier edits where any are kept.

    Args:
        analysis: the run.
        edits: its edits as `describe_edits` returns them.
        places: where the row of each gap stands.
        kept: rows of earlier to-do sheets.
    """
    keys = key_edits(analysis)
    frame = _by_page(edits).assign(
        edit_at=lambda rows: rows["edit_id"].map(places_of("edits", edits["edit_id"]))
    )
    found, left = match_kept([keys[name] for name in frame["edit_id"]], kept)
    own = list_own_columns(kept)
    columns = [*WRITTEN, *own]
    more = tuple(SheetColumn(name, f"{OWN}{name}", width=20) for name in own)
    written = written_frame([found.get(row) for row in range(len(frame))], columns).rename(
        columns=_own_name
    )
    frame = pd.concat([frame, written], axis=1).assign(
        key=[str(keys[name]) for name in frame["edit_id"]]
    )
    todo = Sheet(
        TODO,
        (*_TODO[:-1], *more, _TODO[-1]),
        with_gap_link(frame, places),
        "for editors: the chosen edits, the first hour's on top, then by page; status, owner and note survive the next run",
        (tables.EDITS, tables.GAPS),
        most_lines=26,
    )
    return [todo, _list_earlier(analysis, edits, keys, left, more)] if left else [todo]


def _list_earlier(
    analysis: Analysis,
    edits: pd.DataFrame,
    keys: dict[str, EditKey],
    left: Sequence[EditorNotes],
    more: tuple[SheetColumn, ...],
) -> Sheet:
    """Return the kept rows that no chosen edit of this run takes up, with what has become of them."""
    others = edits[~edits["is_chosen"]]
    known, _ = match_kept([keys[name] for name in others["edit_id"]], left)
    rank_of = {id(row): others["rank"].iloc[at] for at, row in known.items()}
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    names = [field.column for field in _EARLIER if field.column not in {*WRITTEN, "now", "key"}]
    frame = pd.DataFrame(
        [[row.cells.get(name) for name in names] for row in left],
        columns=names,
        dtype="object",
    )
    columns = [*WRITTEN, *(field.title for field in more)]
    frame = pd.concat(
        [frame, written_frame(left, columns).rename(columns=_own_name)], axis=1
    ).assign(
        url=frame["page"].map(urls),
        now=[
            f"proposed, rank {rank_of[id(row)]}" if id(row) in rank_of else "not proposed any more"
            for row in left
        ],
        key=[row.key for row in left],
    )
    purpose = "rows of earlier to-do sheets in which somebody wrote, and which this run's list does not hold"
    return Sheet(EARLIER, (*_EARLIER[:-1], *more, _EARLIER[-1]), frame, purpose)


def _own_name(name: str) -> str:
    return name if name in WRITTEN else f"{OWN}{name}"


def _by_page(edits: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen edits: those of the first hour by rank (one at least), then by page, the page that gains most first.

    A page's totals stand in the row of its first edit.
    """
    chosen = edits[edits["is_chosen"]]
    totals = chosen.groupby("page_id").agg(
        n_edits=("edit_id", "size"),
        page_minutes=("cost_minutes", "sum"),
        page_gain=("marginal_gain", "sum"),
    )
    frame = chosen.merge(totals, on="page_id", how="left").sort_values("rank")
    hour = pick_hour(
        [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    )
    frame["is_first_hour"] = frame["edit_id"].isin([edit["edit_id"] for edit in hour])
    first = frame[frame["is_first_hour"]]
    rest = frame[~frame["is_first_hour"]].sort_values(
        ["page_gain", "page_id", "rank"], ascending=[False, True, True]
    )
    frame = pd.concat([first, rest], ignore_index=True)
    is_further = frame["page_id"].duplicated()
    return frame.assign(**{name: frame[name].mask(is_further) for name in totals.columns})
