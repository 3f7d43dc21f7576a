"""Dismissed gaps of a run: the file of dismissals, with what people chose in the workbook."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.collect.dismissals import (
    add_dismissal,
    match_questions,
    parse_demand,
    read_dismissals_file,
    write_dismissals_file,
)
from coverage_kit.collect.question_checks import question_key
from coverage_kit.errors import RunError, SchemaError
from coverage_kit.pipeline.gap_status import list_asked
from coverage_kit.pipeline.question_checks import WORKBOOK
from coverage_kit.report.wording import count, times
from coverage_kit.report.workbook.gap_choices import is_dismissed, read_gap_sheet
from coverage_kit.settings import Settings, make_settings
from coverage_kit.storage.files import locked
from coverage_kit.tables import GAPS, Gaps
from coverage_kit.vocabulary import DISMISSED

# A gap is dismissed where this share of its demand is of questions that were dismissed; below this
# share, its questions have mostly changed (assumed: the majority).
_MAJORITY = 0.5
# From so many times the demand at its dismissal on, a reader should look again (assumed).
_MUCH_MORE = 2.0

logger = logging.getLogger(__name__)


def collect_dismissals(settings: Settings, workbooks: Iterable[Path] = ()) -> pd.DataFrame:
    """Return the rows of the project's file of dismissed gaps.

    What people chose in the workbook of the run's folder, and in the further workbooks, is first
    written into the file. Raises SchemaError for a file that cannot be read, and for a status that
    is none.
    """
    path = Path(settings.checks.dismissed)
    for workbook in (Path(settings.out) / WORKBOOK, *workbooks):
        take_dismissals(path, workbook)
    return read_dismissals_file(path)


def set_dismissed(gaps: Gaps, reasons: dict[str, str]) -> Gaps:
    """Return the gaps with the dismissed ones marked, and last in the order of the work.

    A dismissed gap keeps its queries, demand and severity, and counts in all totals.

    Args:
        gaps: the gaps in the order of the work.
        reasons: by cluster_id, why a gap is dismissed (`find_dismissed`).
    """
    if not reasons:
        return gaps
    is_out = gaps["cluster_id"].isin(list(reasons))
    marked = gaps.assign(
        listing=gaps["listing"].astype("object").mask(is_out, DISMISSED),
        status=gaps["status"].astype("object").mask(is_out, DISMISSED),
        status_reason=[
            reasons.get(cluster_id, reason)
            for cluster_id, reason in zip(gaps["cluster_id"], gaps["status_reason"], strict=True)
        ],
    )
    ordered = marked.iloc[np.argsort(is_out.to_numpy(), kind="stable")].reset_index(drop=True)
    return GAPS.typed(ordered.assign(rank=np.arange(1, len(ordered) + 1)))


def find_dismissed(
    gaps: Gaps, asked: pd.DataFrame, rows: pd.DataFrame
) -> tuple[dict[str, str], list[str]]:
    """Return by cluster_id why a gap is dismissed, and what the reader of the run should know.

    A gap is dismissed if most of its demand is of dismissed questions, or if it has the gap_id and
    at least one question of a row. So it stays dismissed where its questions change.

    Args:
        gaps: the gaps with their gap_id.
        asked: the questions of the run (`list_asked`).
        rows: the file of dismissals (`read_dismissals_file`).
    """
    if rows.empty or gaps.empty:
        return {}, []
    held = match_questions(rows, asked)
    cluster_of = asked.set_index("query_id")["cluster_id"].to_dict()
    weight_of = asked.set_index("query_id")["weight"].to_dict()
    weights = asked.groupby("cluster_id")["weight"].sum()
    number_of = {cluster_id: number for number, cluster_id in enumerate(weights.index)}
    # The share of each cluster's demand that is of each row's questions, shape (rows, clusters).
    shares = np.zeros((len(rows), len(weights)))
    for number, query_ids in enumerate(held):
        for query_id in query_ids:
            shares[number, number_of[cluster_of[query_id]]] += weight_of[query_id]
    shares /= weights.to_numpy()
    has_questions = (rows["questions"] != "").to_numpy()
    reasons: dict[str, str] = {}
    used = np.zeros(len(rows), dtype=bool)
    for gap in gaps.to_dict("records"):
        share = shares[:, number_of[gap["cluster_id"]]]
        # A row that a person wrote may hold the id alone.
        has_id = (rows["gap_id"] == gap["gap_id"]).to_numpy() & ((share > 0) | ~has_questions)
        if share.sum() < _MAJORITY and not has_id.any():
            continue
        used |= (share > 0) | has_id
        first = int(np.argmax(share + has_id))
        is_changed = bool(share.sum() < _MAJORITY and has_questions[first])
        reasons[str(gap["cluster_id"])] = _describe(rows.iloc[first], gap, is_changed=is_changed)
    unused = rows[~used]
    n_merged = sum(bool(held[number]) for number in np.flatnonzero(~used))
    return reasons, [_describe_unused(unused, n_merged)] if len(unused) else []


def _describe(row: "pd.Series[str]", gap: Mapping[Any, Any], *, is_changed: bool) -> str:
    """Return why a gap is dismissed, and what of it has changed since."""
    on = f" on {row['dismissed_at'][:10]}" if row["dismissed_at"] else ""
    why = f": {row['why']}" if row["why"] else ""
    sentences = [f"dismissed{on}{why}"]
    if gap["demand"] >= _MUCH_MORE * parse_demand(row["demand"]):
        then = times(parse_demand(row["demand"]))
        sentences.append(f"asked {times(gap['demand'])} now, {then} when it was dismissed")
    if is_changed:
        sentences.append("most of its questions are others than those that were dismissed")
    return "; ".join(sentences)


def _describe_unused(rows: pd.DataFrame, n_merged: int) -> str:
    """Return what to know of rows that are no gap of this run."""
    first = rows.iloc[0]
    n_rows = count(len(rows), "dismissed gap")
    words = f"{n_rows} not in this log, such as {str(first['label'] or first['gap_id'])!r}. "
    words += "They stay in the file and are not counted."
    if n_merged:
        words += f" Questions of {n_merged:,} of them are now a small part of other gaps."
    return words


def take_dismissals(path: Path, workbook: Path) -> int:
    """Write into a file of dismissals what people chose in a workbook since it was written.

    A row counts whose status or note differs from what the workbook held then. Return the number of
    gaps that changed. Raises SchemaError, and writes nothing, for a text that is no status.
    """
    sheet = read_gap_sheet(workbook)
    for cells in sheet.to_dict("records"):
        _check_status(workbook, cells)
    now, before = (
        sheet[name].map(is_dismissed).astype(bool) for name in ("status", "status before")
    )
    is_new = (now != before) | (now & (sheet["note"] != sheet["note before"]))
    # Without the folder, the project is elsewhere: the workbook keeps what was chosen.
    if not is_new.any() or not path.parent.is_dir():
        return 0
    n_changed = 0
    with locked(path.parent):
        rows = read_dismissals_file(path)
        for gap in sheet[is_new].to_dict("records"):
            changed = change_dismissal(rows, gap, gap["note"], undo=not is_dismissed(gap["status"]))
            n_changed += not changed.equals(rows)
            rows = changed
        if n_changed:
            write_dismissals_file(path, rows)
            n = count(n_changed, "gap")
            logger.info("%s: what was chosen for %s in %s is new there", path, n, workbook)
    return n_changed


def check_choice(folder: Path, gap: Mapping[Any, Any], *, is_dismissed_now: bool) -> None:
    """Raise RunError where a run's workbook holds another new choice for a gap than this one.

    Args:
        folder: the run's folder.
        gap: the gap's row of table `gaps`.
        is_dismissed_now: whether the gap is to be dismissed.
    """
    workbook = folder / WORKBOOK
    sheet = read_gap_sheet(workbook)
    for cells in sheet[sheet["gap_id"] == gap["gap_id"]].to_dict("records"):
        _check_status(workbook, cells)
        chosen = is_dismissed(cells["status"])
        if chosen not in (is_dismissed(cells["status before"]), is_dismissed_now):
            where = f"{workbook}, sheet {cells['sheet']!r}, row {cells['row']}"
            cure = "Choose in the workbook, or take its choices over first: coverage-kit report RUN"
            raise RunError(where, "one choice for each gap", repr(cells["status"]), cure)


def _check_status(workbook: Path, cells: Mapping[Any, Any]) -> None:
    try:
        is_dismissed(cells["status"])
    except ValueError:
        where = f"{workbook}, sheet {cells['sheet']!r}, row {cells['row']}"
        cure = "Choose open or dismissed from the cell's list."
        raise SchemaError(where, "a status of a gap", repr(cells["status"]), cure) from None


def change_dismissal(
    rows: pd.DataFrame, gap: Mapping[Any, Any], why: str, *, undo: bool
) -> pd.DataFrame:
    """Return the rows of a file of dismissals with a gap dismissed, or not dismissed any more.

    A gap that has a row already adds its questions and the reason, where there is one, to it. A gap
    that is not dismissed any more takes its questions out of all rows.

    Args:
        rows: the file (`read_dismissals_file`).
        gap: gap_id, label, demand, and the questions as `join_questions` returns them.
        why: the reason; empty for none.
        undo: whether the gap is not dismissed any more.
    """
    questions = _keys(gap["questions"])
    held = [_keys(text) for text in rows["questions"]]
    has_id = [
        gap_id == gap["gap_id"] and (not keys or bool(keys & questions))
        for gap_id, keys in zip(rows["gap_id"], held, strict=True)
    ]
    if undo:
        left = [
            "\n".join(line for line in text.split("\n") if question_key(line) not in questions)
            for text in rows["questions"]
        ]
        is_kept = [
            not same and (bool(text) or not keys)
            for same, text, keys in zip(has_id, left, held, strict=True)
        ]
        return rows.assign(questions=left)[is_kept]
    is_same = [
        same or len(keys & questions) >= _MAJORITY * len(questions) > 0
        for same, keys in zip(has_id, held, strict=True)
    ]
    if any(is_same):
        changed = rows.copy()
        row = rows.index[is_same.index(True)]
        lines = str(rows.loc[row, "questions"]).split("\n")
        known = set(map(question_key, lines))
        lines += [line for line in gap["questions"].split("\n") if question_key(line) not in known]
        changed.loc[row, "questions"] = "\n".join(filter(None, lines))
        if why:
            changed.loc[row, "why"] = why
        return changed
    cells = {name: str(gap[name]) for name in ("gap_id", "label", "demand", "questions")}
    cells["dismissed_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    return add_dismissal(rows, {**cells, "why": why})


def _keys(questions: str) -> frozenset[str]:
    return frozenset(question_key(line) for line in questions.split("\n") if line.strip())


def renew_dismissals(analysis: Analysis, folder: Path, workbooks: Iterable[Path] = ()) -> Analysis:
    """Return a finished run whose gaps have the statuses that the file of dismissals gives now.

    What people chose in the workbooks is written into the file first. Ranks and edits stay as they
    are: the next run makes them anew. Raises SchemaError as `collect_dismissals` does.
    """
    path = Path(make_settings(analysis.about.settings, where=str(folder)).checks.dismissed)
    for workbook in (folder / WORKBOOK, *workbooks):
        take_dismissals(path, workbook)
    gaps = analysis.gaps
    # Where the file's folder is gone, as on another machine, the statuses of the run stay.
    if not path.parent.is_dir() or gaps.empty:
        return analysis
    asked = list_asked(analysis.queries, analysis.clusters, analysis.coverage)
    reasons, _ = find_dismissed(gaps, asked, read_dismissals_file(path))
    was_out = (gaps["status"] == DISMISSED).to_numpy()
    is_out = gaps["cluster_id"].isin(list(reasons)).to_numpy()
    status = gaps["status"].astype("object").mask(is_out, DISMISSED).mask(was_out & ~is_out, "open")
    words = gaps["cluster_id"].map(
        lambda name: f"{reasons.get(name)}; the next run takes it out of the list"
    )
    reason = gaps["status_reason"].astype("object").mask(is_out & ~was_out, words)
    reason = reason.mask(was_out & ~is_out, "open: not dismissed any more, ranked by the next run")
    return replace(analysis, gaps=GAPS.typed(gaps.assign(status=status, status_reason=reason)))
