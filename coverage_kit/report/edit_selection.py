"""Select the edits of a run, read drafts for them, and write the settings of the changed copy."""

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
from coverage_kit.text.parse import parse_json
from coverage_kit.vocabulary import NO_EDIT

# The first line of the settings that `apply` writes. A file that starts with it may be replaced.
_HEAD = (
    "# Written by coverage-kit apply: the settings of the run before, on the changed copy of "
    "the site.\n"
)


def find_site_folder(analysis: Analysis, run: str) -> Path:
    """Return the folder that the run read. Raises RunError if the site was no local folder."""
    source = str(analysis.about.setting("site", "source", ""))
    if not source or "://" in source or source.startswith("git+") or Path(source).is_file():
        raise RunError(
            run,
            "a run on a site that is a local folder",
            source or "no site.source",
            "Run on a folder with the site's HTML or Markdown files, or give edits.json to the "
            "people who edit the site.",
        )
    return Path(source)


def pick_edits(analysis: Analysis, top: int = 0, edit_ids: Sequence[str] = ()) -> list[str]:
    """Return the ids of edits, in the order of their ranks.

    They are the edits `edit_ids`, or the first `top` edits, or else the chosen edits. Raises
    RunError for an edit that the run does not have, and if there is no edit.
    """
    # Rows for gaps without an edit cannot be picked.
    edits = analysis.edits[analysis.edits["operation"] != NO_EDIT].sort_values("rank")
    unknown = sorted(set(edit_ids) - set(edits["edit_id"]))
    if unknown:
        examples = ", ".join(edits["edit_id"].head(3)) or "none"
        raise RunError(
            "--edit",
            "ids of edits of the run",
            ", ".join(unknown),
            f"It has {len(edits)}, such as {examples}.",
        )
    if edit_ids:
        picked = edits[edits["edit_id"].isin(list(edit_ids))]
    elif top:
        picked = edits.head(top)
    else:
        picked = chosen_edits(analysis)
    if picked.empty:
        raise RunError(
            "edits of the run",
            "edits to make or draft",
            "no edit chosen",
            "Name edits with --top or --edit.",
        )
    return [str(edit_id) for edit_id in picked["edit_id"]]


@checked
def list_changes(analysis: Analysis, edit_ids: Sequence[str]) -> Changes:
    """Return the changes of these edits, in the order of the ids, then of position."""
    order = {edit_id: index for index, edit_id in enumerate(edit_ids)}
    changes = analysis.changes[analysis.changes["edit_id"].isin(list(order))]
    ordered = changes.assign(order=changes["edit_id"].map(order)).sort_values(["order", "position"])
    return ordered.drop(columns="order").reset_index(drop=True)


def add_unlisted(results: pd.DataFrame, edit_ids: Sequence[str]) -> pd.DataFrame:
    """Return the results of `write_site_copy` with a row for each edit without a change.

    Every edit has a row, so that none goes unreported.
    """
    listed = set(results["edit_id"])
    rows = [
        {
            "edit_id": edit_id,
            "position": 0,
            "page_id": "",
            "file": "",
            "status": "the run lists no change for it",
        }
        for edit_id in edit_ids
        if edit_id not in listed
    ]
    if not rows:
        return results
    unlisted = pd.DataFrame(rows, columns=results.columns)
    return pd.concat([results, unlisted], ignore_index=True)


def read_drafts(path: Path | None, edit_ids: Sequence[str]) -> dict[str, str]:
    """Return finished Markdown by edit id from a JSON file.

    Raises RunError if the file holds anything else, or a draft of another edit than `edit_ids`.
    """
    if path is None:
        return {}
    cure = 'Write it as {"e0001": "the finished Markdown"}.'
    try:
        drafts = parse_json(path.read_text(encoding="utf-8-sig"))
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
            "Name these edits with --edit, or remove their drafts.",
        )
    return drafts


def check_settings_place(copy: Path) -> Path:
    """Return the path of the copy's settings, next to the copy.

    Raises RunError if there is a file that the toolkit did not write.
    """
    path = copy.resolve().with_name(f"{copy.resolve().name}.toml")
    if path.exists() and not (
        path.is_file() and path.read_text(encoding="utf-8", errors="replace").startswith(_HEAD)
    ):
        raise RunError(
            str(path),
            "a free path for the copy's settings",
            "a file that coverage-kit apply did not write",
            "Name another folder with --to.",
        )
    return path


def write_settings(analysis: Analysis, copy: Path, path: Path) -> Path:
    """Write the run's settings with the copy as the site, and return their path.

    The other settings stay, so that page ids agree with those of the run.
    """
    settings = dict(analysis.about.settings)
    settings["site"] = {**settings["site"], "source": copy.resolve().as_posix()}
    settings["out"] = (path.parent / f"{path.stem}-run").as_posix()
    # What people checked is true of the site as it was: the copy answers more.
    settings.pop("checks", None)
    write_file(path, (_HEAD + tomli_w.dumps(_without_missing(settings))).encode("utf-8"))
    return path


def _without_missing(value: Any) -> Any:
    """Return nested values without None, which TOML cannot hold."""
    if isinstance(value, dict):
        return {key: _without_missing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_missing(item) for item in value]
    return value
