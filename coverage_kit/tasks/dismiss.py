"""Dismiss a gap of a run, or take it back: the next runs leave it out of the list."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coverage_kit.analysis import Analysis
from coverage_kit.collect.dismissals import read_dismissals_file, write_dismissals_file
from coverage_kit.errors import RunError
from coverage_kit.pipeline.dismissals import change_dismissal, find_dismissed
from coverage_kit.pipeline.gap_status import list_asked
from coverage_kit.report.texts import shorten
from coverage_kit.report.workbook.gap_choices import join_questions
from coverage_kit.storage.files import locked, make_folder

# Names that are suggested where none fits, at most (assumed).
_MAX_SUGGESTIONS = 3


def find_gap(analysis: Analysis, name: str) -> Mapping[Any, Any]:
    """Return the row of a gap by its gap_id, its rank, or its name in whatever case.

    Raises RunError where no gap has it, with gaps of similar names, and where several have it.
    """
    gaps = analysis.gaps
    wanted = name.strip().casefold()
    is_named = gaps["label"].str.strip().str.casefold() == wanted
    for is_it in (gaps["gap_id"] == wanted, gaps["rank"].astype(str) == wanted, is_named):
        if is_it.sum() == 1:
            found: Mapping[Any, Any] = gaps[is_it].to_dict("records")[0]
            return found
    expected = "the gap_id, the rank or the exact name of one gap"
    if is_named.any():
        ids = ", ".join(gaps.loc[is_named, "gap_id"].astype(str))
        raise RunError(
            "GAP", expected, f"{is_named.sum()} gaps named {name!r}", f"Name one of {ids}."
        )
    labels = {str(label).casefold(): str(label) for label in gaps["label"]}
    parts = [label for label in labels if wanted and wanted in label]
    near = [*parts, *difflib.get_close_matches(wanted, list(labels), _MAX_SUGGESTIONS)]
    rows = gaps[gaps["label"].isin([labels[label] for label in dict.fromkeys(near)])]
    rows = rows.sort_values("rank").head(_MAX_SUGGESTIONS)
    similar = [
        f"{gap_id} ({shorten(label, 60)})"
        for gap_id, label in zip(rows["gap_id"], rows["label"], strict=True)
    ]
    cure = (
        f"Did you mean {' or '.join(similar)}?" if similar else "gaps.csv lists all gaps of a run."
    )
    raise RunError("GAP", expected, repr(name), cure)


def dismiss_gap(
    analysis: Analysis, path: Path, name: str, why: str = "", *, undo: bool = False
) -> str:
    """Write into the file of dismissals that a gap is dismissed, or not any more; say what changed.

    Args:
        analysis: the run.
        path: the file of dismissals.
        name: gap_id, rank or exact name of the gap.
        why: the reason; it replaces an earlier one.
        undo: whether the gap is not dismissed any more.

    Raises RunError where no gap has this name, and SchemaError for a file that cannot be read or
    written.
    """
    gap = find_gap(analysis, name)
    members = analysis.clusters.loc[
        analysis.clusters["cluster_id"] == gap["cluster_id"], "query_id"
    ]
    queries = analysis.queries[analysis.queries["query_id"].isin(members)]
    cells = {**gap, "questions": join_questions(queries)}
    called = f"{gap['gap_id']} ({shorten(gap['label'], 60)})"
    make_folder(path.parent)
    with locked(path.parent):
        rows = read_dismissals_file(path)
        asked = list_asked(analysis.queries, analysis.clusters, analysis.coverage)
        was_out = gap["cluster_id"] in find_dismissed(analysis.gaps, asked, rows)[0]
        changed = change_dismissal(rows, cells, why, undo=undo)
        if not changed.equals(rows):
            write_dismissals_file(path, changed)
    if undo:
        return f"{called} is not dismissed{' any more' if was_out else ': nothing to undo'}."
    if was_out:
        return f"{called} was dismissed already{', with the new reason now' if why else ''}."
    return f"{called} is dismissed, with its {len(queries):,} questions, in {path}."
