"""Draw which half of a run's planned edits is published first, once, and keep the draw.

A draw by chance makes the two halves alike in all that nobody thought of. So what the first half
gains beyond the half that waits is due to the edits (docs/method.md, Closing the loop).
"""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.collect.panel import make_panel, panel_version, read_panel, write_panel
from coverage_kit.errors import RunError, SettingsError
from coverage_kit.escaping import for_cell
from coverage_kit.headline import chosen_edits
from coverage_kit.measure.paired import MIN_PAIRS
from coverage_kit.report.texts import shorten
from coverage_kit.report.wording import describe_operation
from coverage_kit.storage.files import locked, write_file
from coverage_kit.tables import Panels
from coverage_kit.text.parse import parse_json

# The draw in a run's folder, and the same as a list for people.
HOLDOUT = "holdout.json"
HOLDOUT_LIST = "holdout.csv"
FIRST, LATER = "first", "later"
# With fewer edits there is no pair beside which another could be put (assumed).
MIN_EDITS = 4
# A question belongs to an edit that is predicted to raise its coverage by this much or more, which
# a reader would notice (assumed).
MIN_RISE = 0.05
# How unlike two groups are whose largest edits do different things: as unlike as two of which one
# gains twice as much as the other (assumed).
_OTHER_OPERATION = math.log(2)
# As in the prediction: no gain is 0, because its logarithm is compared.
_MIN_GAIN = 1e-3
# Differences that are rounding of the machine.
_TIE = 1e-9
_FORMAT = 1
# The columns of `Holdout.edits`, and of the list for people.
_COLUMNS = (
    "half",
    "pair",
    "group",
    "edit_id",
    "gap_id",
    "page_id",
    "operation",
    "gain",
    "low",
    "high",
)


@dataclass(frozen=True)
class Holdout:
    """Which half of the planned edits is published first, as it was drawn.

    Attributes:
        drawn_at: when it was drawn, UTC.
        seed: seed of the draw.
        digest: digest of the planned edits.
        edits: one planned edit a row: half ('first' or 'later'), pair (0 for a group without a
            partner), group, edit_id, gap_id, page_id, operation, and the predicted gain with its
            90% interval, in questions asked.
        questions: edit_id by query_id: each question by which an edit is judged.
    """

    drawn_at: datetime
    seed: int
    digest: str
    edits: pd.DataFrame
    questions: dict[str, str]

    @property
    def n_pairs(self) -> int:
        """Return the number of pairs."""
        return int(self.edits.loc[self.edits["pair"] > 0, "pair"].nunique())

    def find_edits(self, half: str) -> list[str]:
        """Return the ids of the edits of a half."""
        return [str(name) for name in self.edits.loc[self.edits["half"] == half, "edit_id"]]


def draw_holdout(analysis: Analysis, folder: Path, seed: int | None = None) -> Holdout:
    """Return the draw in the run's folder; where there is none, draw and write it.

    A draw is never repeated: who may draw again until the halves please has no proof.

    Edits of the same page or of the same gap are one group, since one publication touches both.
    Groups are paired by predicted gain and by what their largest edit does; a coin chooses of each
    pair which is published first. An odd group goes to either half by the same coin.

    Args:
        analysis: the run.
        folder: its folder.
        seed: seed of the draw; by default that of the run.

    Raises RunError for too few planned edits, for a draw of another list of edits, and for one with
    another seed than is asked for.
    """
    # Two commands at once must not both draw.
    with locked(folder):
        drawn = read_holdout(folder)
        if drawn is not None:
            _check_drawn(drawn, analysis, folder, seed)
            return drawn
        drawn = _draw(analysis, folder, analysis.about.seed if seed is None else seed)
        _write(drawn, folder)
    return drawn


def read_holdout(folder: Path) -> Holdout | None:
    """Return the draw in a run's folder, None where there is none.

    Raises RunError for a file that cannot be read.
    """
    path = folder / HOLDOUT
    if not path.exists():
        return None
    try:
        content = parse_json(path.read_bytes())
        edits = pd.DataFrame(
            [{name: row[name] for name in _COLUMNS} for row in content["edits"]],
            columns=list(_COLUMNS),
        )
        questions = {
            str(query_id): str(row["edit_id"])
            for row in content["edits"]
            for query_id in row["questions"]
        }
        drawn_at = datetime.fromisoformat(content["drawn_at"]).astimezone(UTC)
        is_draw = content["format"] == _FORMAT and set(edits["half"]) <= {FIRST, LATER}
        drawn = Holdout(
            drawn_at, int(content["seed"]), str(content["digest"]), _typed(edits), questions
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error)) from error
    if not is_draw:
        raise _damaged(path, "another format")
    return drawn


def is_of_run(drawn: Holdout, analysis: Analysis) -> bool:
    """Return whether the draw is of this run's planned edits."""
    return drawn.digest == _digest(chosen_edits(analysis))


def make_holdout_panel(drawn: Holdout, analysis: Analysis, path: Path, is_forced: bool) -> Panels:
    """Write the panel of exactly the questions of both halves, if it is not there; return it.

    Raises SettingsError where the path holds another panel, unless it is forced.
    """
    queries = analysis.queries[analysis.queries["query_id"].isin(drawn.questions)]
    panel = make_panel(queries, analysis.clusters, len(queries), 0.0, drawn.seed, path.stem)
    if path.exists() and not is_forced:
        if panel_version(read_panel(path)) != panel_version(panel):
            cure = "Name another with --out, or --force: answers to the old panel are not compared."
            raise SettingsError(str(path), "a free path for the panel", "another panel", cure)
        return panel
    return read_panel(write_panel(panel, path))


def list_holdout(drawn: Holdout) -> list[list[str]]:
    """Return the draw as cells, a header first: the half to publish, then the half that waits."""
    order = drawn.edits.sort_values(["half", "gain"], ascending=[True, False])
    header = ["half", "pair", "edit", "operation", "page", "predicted gain [90% interval]"]
    return [header] + [
        [
            "publish first" if row["half"] == FIRST else "let wait",
            str(row["pair"] or "-"),
            row["edit_id"],
            describe_operation(row["operation"]),
            shorten(row["page_id"], 60),
            f"{row['gain']:.1f} [{row['low']:.1f}, {row['high']:.1f}]",
        ]
        for row in order.to_dict("records")
    ]


def describe_holdout(drawn: Holdout, folder: Path) -> str:
    """Return in words when it was drawn, where it is kept, and what it can show."""
    pairs = "1 pair" if drawn.n_pairs == 1 else f"{drawn.n_pairs} pairs"
    power = (
        f"{pairs} can show a difference if it is large enough: compare prints how large."
        if drawn.n_pairs >= MIN_PAIRS
        else f"{pairs} can give no verdict, whatever happens: it takes {MIN_PAIRS}. To plan more "
        "edits, raise budget_minutes under [rank] and run into another folder."
    )
    return (
        f"Drawn on {drawn.drawn_at:%Y-%m-%d} with seed {drawn.seed}, for good. It is in "
        f"{folder / HOLDOUT}, and as a list for editors in {folder / HOLDOUT_LIST}. {power}"
    )


def _check_drawn(drawn: Holdout, analysis: Analysis, folder: Path, seed: int | None) -> None:
    path = folder / HOLDOUT
    if not is_of_run(drawn, analysis):
        raise RunError(
            str(path),
            "a draw of this run's planned edits",
            f"one of other edits, of {drawn.drawn_at:%Y-%m-%d}",
            "Keep the folder of a run whose edits were drawn: run into another one. To give up "
            "that proof, delete the file.",
        )
    if seed is not None and seed != drawn.seed:
        raise RunError(
            str(path),
            f"a draw with seed {seed}",
            f"one with seed {drawn.seed}, of {drawn.drawn_at:%Y-%m-%d}",
            "Leave --seed out: a second draw would prove nothing. To give up the first, delete "
            "the file.",
        )


def _draw(analysis: Analysis, folder: Path, seed: int) -> Holdout:
    planned = chosen_edits(analysis)
    groups = _group_edits(planned, analysis.changes)
    n_groups = len(set(groups.values()))
    if len(planned) < MIN_EDITS or n_groups < 2:
        raise RunError(
            str(folder),
            f"{MIN_EDITS} planned edits or more, on 2 pages and for 2 gaps or more",
            f"{len(planned)} planned edits in {n_groups} separate groups",
            "Raise budget_minutes under [rank] and run again, so that more edits are planned.",
        )
    planned = planned.assign(group=planned["edit_id"].map(groups))
    pairs, odd = _pair_groups(planned)
    rng = np.random.default_rng(seed)
    half, pair_of = dict[int, str](), dict[int, int]()
    for number, members in enumerate([*pairs, *([(odd,)] if odd is not None else [])], 1):
        names = (FIRST, LATER) if rng.random() < 0.5 else (LATER, FIRST)
        for group, name in zip(members, names, strict=False):
            half[group] = name
            pair_of[group] = number if len(members) == 2 else 0
    gap_ids = analysis.gaps.set_index("cluster_id")["gap_id"]
    gap_id = planned["cluster_id"].map(gap_ids).fillna(planned["cluster_id"])
    edits = planned.assign(
        half=planned["group"].map(half), pair=planned["group"].map(pair_of), gap_id=gap_id
    )
    edits = _typed(edits[list(_COLUMNS)].reset_index(drop=True))
    return Holdout(
        datetime.now(UTC).replace(microsecond=0),
        seed,
        _digest(planned),
        edits,
        _assign_questions(analysis, planned),
    )


def _group_edits(planned: pd.DataFrame, changes: pd.DataFrame) -> dict[str, int]:
    """Return the number of each edit's group, from 1 in the order of rank.

    Edits with a page or a gap in common are in one group.
    """
    pages = changes.groupby("edit_id")["page_id"].agg(set).to_dict()
    keys: dict[str, set[tuple[str, str]]] = {
        row["edit_id"]: {("gap", row["cluster_id"]), ("page", row["page_id"])}
        | {("page", page) for page in pages.get(row["edit_id"], set())}
        for row in planned.to_dict("records")
    }
    members: list[tuple[set[tuple[str, str]], list[str]]] = []
    for edit_id, own in keys.items():
        joined = [group for group in members if group[0] & own]
        members = [group for group in members if not group[0] & own]
        names = [name for group in joined for name in group[1]]
        members.append((own.union(*(group[0] for group in joined)), [*names, edit_id]))
    order = {edit_id: index for index, edit_id in enumerate(keys)}
    members.sort(key=lambda group: min(order[name] for name in group[1]))
    return {name: number for number, (_, names) in enumerate(members, 1) for name in names}


def _pair_groups(planned: pd.DataFrame) -> tuple[list[tuple[int, int]], int | None]:
    """Return pairs of groups that are alike, and the group that is left over of an odd number.

    That is the one with the smallest gain. Neighbours by gain are paired; then two groups change
    places as long as that makes the pairs more alike.
    """
    by_group = planned.sort_values("gain", ascending=False).groupby("group")
    gain: dict[Any, float] = np.log(by_group["gain"].sum().clip(lower=_MIN_GAIN)).to_dict()
    operation: dict[Any, str] = by_group["operation"].first().to_dict()

    def unlike(order: list[int]) -> float:
        return sum(
            abs(gain[one] - gain[other]) + _OTHER_OPERATION * (operation[one] != operation[other])
            for one, other in zip(order[::2], order[1::2], strict=False)
        )

    order = sorted(gain, key=lambda group: -gain[group])
    is_better = True
    while is_better:
        is_better = False
        for i, j in combinations(range(len(order) // 2 * 2), 2):
            swapped = order.copy()
            swapped[i], swapped[j] = order[j], order[i]
            if unlike(swapped) < unlike(order) - _TIE:
                order, is_better = swapped, True
    pairs = sorted(zip(order[::2], order[1::2], strict=False), key=min)
    return pairs, order[-1] if len(order) % 2 else None


def _assign_questions(analysis: Analysis, planned: pd.DataFrame) -> dict[str, str]:
    """Return the edit by which each question is judged, by query_id.

    It is the planned edit that is predicted to raise its coverage most, by MIN_RISE or more. An
    edit without such a question has those of its gap that no other edit has.
    """
    effects = analysis.effects[analysis.effects["edit_id"].isin(planned["edit_id"])]
    rise = effects["coverage_after"] - effects["coverage_before"]
    raised = effects.assign(rise=rise)[rise >= MIN_RISE].sort_values(
        ["rise", "edit_id"], ascending=[False, True]
    )
    raised = raised.drop_duplicates("query_id")
    edit_of = dict(zip(raised["query_id"], raised["edit_id"], strict=True))
    has_questions = set(edit_of.values())
    for row in planned.to_dict("records"):
        if row["edit_id"] not in has_questions:
            is_of_gap = analysis.clusters["cluster_id"] == row["cluster_id"]
            for query_id in analysis.clusters.loc[is_of_gap, "query_id"]:
                edit_of.setdefault(query_id, row["edit_id"])
    return {str(query_id): str(edit_id) for query_id, edit_id in sorted(edit_of.items())}


def _digest(planned: pd.DataFrame) -> str:
    """Return a digest of the planned edits: which, where, and the words proposed."""
    rows = planned[["edit_id", "operation", "page_id", "heading_path", "after"]].fillna("")
    content = "\x1f".join(str(value) for row in rows.itertuples(index=False) for value in row)
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _typed(edits: pd.DataFrame) -> pd.DataFrame:
    numbers = dict.fromkeys(("gain", "low", "high"), "float64")
    texts = dict.fromkeys(("half", "edit_id", "gap_id", "page_id", "operation"), "str")
    return edits.astype({"pair": "int64", "group": "int64", **numbers, **texts})


def _write(drawn: Holdout, folder: Path) -> None:
    questions: dict[str, list[str]] = {name: [] for name in drawn.edits["edit_id"]}
    for query_id, edit_id in drawn.questions.items():
        questions[edit_id].append(query_id)
    rows: list[dict[Any, Any]] = drawn.edits.to_dict("records")
    content = {
        "format": _FORMAT,
        "drawn_at": drawn.drawn_at.isoformat(),
        "seed": drawn.seed,
        "digest": drawn.digest,
        "edits": [{**row, "questions": questions[row["edit_id"]]} for row in rows],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_file(folder / HOLDOUT_LIST, _as_csv(rows).encode("utf-8", "replace"))
    write_file(folder / HOLDOUT, text.encode("utf-8", "replace"))


def _as_csv(rows: Sequence[dict[Any, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in sorted(rows, key=lambda row: (row["half"], -row["gain"])):
        rounded = {name: round(row[name], 1) for name in ("gain", "low", "high")}
        cells = ({**row, **rounded, "pair": row["pair"] or ""}[name] for name in _COLUMNS)
        writer.writerow([for_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return stream.getvalue()


def _damaged(path: Path, problem: str) -> RunError:
    cure = "Restore it from a backup: what was published first cannot be drawn again."
    return RunError(str(path), "a draw as it was written", shorten(problem, 200), cure)
