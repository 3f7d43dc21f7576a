"""Which changes of a run are made, the drafts for them, and the settings with which the changed copy is analysed again."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from coverage_kit.analysis import Analysis
from coverage_kit.errors import RunError
from coverage_kit.headline import chosen_edits
from coverage_kit.storage.files import write_file
from coverage_kit.tables import Changes, checked
from coverage_kit.vocabulary import NO_EDIT

_HEAD = "# Written by coverage-kit apply: the settings of the run before, on the changed copy of the site.\n"


def find_site_folder(analysis: Analysis, run: str) -> Path:
    """Return the folder that the run read. Raises RunError where the site was no local folder."""
    source = str(analysis.about.setting("site", "source", ""))
    if not source or "://" in source:
        cure = "Run on a folder of its HTML or Markdown files, or give edits.json to whoever edits the site."
        raise RunError(
            run,
            "a run on a site that is a local folder",
            source or "no site.source",
            cure,
        )
    return Path(source)


def pick_edits(analysis: Analysis, top: int = 0, edit_ids: Sequence[str] = ()) -> list[str]:
    """Return the ids of the chosen edits, or of the first `top`, or of those named, in the order of their ranks.

    Raises RunError for an edit that the run does not have, and where none is picked.
    """
    edits = analysis.edits[analysis.edits["operation"] != NO_EDIT].sort_values("rank")
    unknown = sorted(set(edit_ids) - set(edits["edit_id"]))
    if unknown:
        known = ", ".join(edits["edit_id"].head(3)) or "none"
        raise RunError(
            "--edit",
            "ids of edits of the run",
            ", ".join(unknown),
            f"It has {len(edits)}, such as {known}.",
        )
    picked = (
        edits[edits["edit_id"].isin(list(edit_ids))]
        if edit_ids
        else edits.head(top)
        if top
        else chosen_edits(analysis)
    )
    if picked.empty:
        raise RunError(
            "apply",
            "edits to make",
            "no edit chosen",
            "Name some with --top or --edit.",
        )
    return [str(edit_id) for edit_id in picked["edit_id"]]


@checked
def list_changes(analysis: Analysis, edit_ids: Sequence[str]) -> Changes:
    """Return the changes of these edits, in the order of the ids, then of position."""
    order = {edit_id: place for place, edit_id in enumerate(edit_ids)}
    changes = analysis.changes[analysis.changes["edit_id"].isin(list(order))]
    places = changes.assign(place=changes["edit_id"].map(order)).sort_values(["place", "position"])
    return places.drop(columns="place").reset_index(drop=True)


def add_unlisted(done: pd.DataFrame, edit_ids: Sequence[str]) -> pd.DataFrame:
    """Return what was done with a row more for each edit of which the run lists no change: nothing goes untold."""
    rest = [edit_id for edit_id in edit_ids if edit_id not in set(done["edit_id"])]
    rows = [
        {
            "edit_id": one,
            "position": 0,
            "page_id": "",
            "file": "",
            "status": "the run lists no change for it",
        }
        for one in rest
    ]
    return (
        pd.concat([done, pd.DataFrame(rows, columns=done.columns)], ignore_index=True)
        if rows
        else done
    )


def read_drafts(path: Path | None, edit_ids: Sequence[str]) -> dict[str, str]:
    """Return finished Markdown by edit id from a JSON file. Raises RunError for anything else, and for ids not picked."""
    if path is None:
        return {}
    cure = 'Write it as {"e0001": "the finished Markdown"}.'
    try:
        drafts = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise RunError(
            str(path), "a JSON file of drafts", str(error).splitlines()[0], cure
        ) from error
    if not isinstance(drafts, dict) or not all(isinstance(text, str) for text in drafts.values()):
        raise RunError(
            str(path),
            "an object of texts by edit id",
            type(drafts).__name__,
            cure,
        )
    unknown = sorted(set(drafts) - set(edit_ids))
    if unknown:
        raise RunError(
            str(path),
            "drafts of edits that are applied",
            ", ".join(unknown),
            "Name them with --edit, or leave them out.",
        )
    return drafts


def check_settings_place(copy: Path) -> Path:
    """Return where the settings for the copy go: beside it. Raises RunError where a file of another's lies there."""
    path = copy.resolve().with_name(f"{copy.resolve().name}.toml")
    if path.exists() and not (
        path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(_HEAD)
    ):
        raise RunError(
            str(path),
            "a free place for the copy's settings",
            "a file of another's",
            "Name another folder with --to.",
        )
    return path


def write_settings(analysis: Analysis, copy: Path, path: Path) -> Path:
    """Write the run's settings with the copy as the site, so that page ids agree with the first run's; return the file."""
    settings = dict(analysis.about.settings)
    settings["site"] = {**settings["site"], "source": copy.resolve().as_posix()}
    settings["out"] = (path.parent / f"{path.stem}-run").as_posix()
    write_file(path, (_HEAD + tomli_w.dumps(_without_missing(settings))).encode("utf-8"))
    return path


def _without_missing(value: Any) -> Any:
    """Return nested values without those that are missing, which TOML cannot hold."""
    if isinstance(value, dict):
        return {key: _without_missing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_missing(item) for item in value]
    return value
