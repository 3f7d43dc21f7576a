"""A copy of a site's folder with edits made in its pages, in their own format; everything else stays byte for byte."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from coverage_kit.errors import RunError
from coverage_kit.report.source.changes import make_change
from coverage_kit.report.source.files import (
    PAGES,
    SourceFile,
    place_new_page,
    read_source,
    write_new_page,
)
from coverage_kit.report.source.units import starts_with_heading
from coverage_kit.report.source.words import CannotPlaceError
from coverage_kit.report.texts import clean_text
from coverage_kit.tables import Changes, Pages, Passages, checked
from coverage_kit.text.page_markup import MARKDOWN

MARK = ".coverage-kit-copy.json"
APPLIED = "applied"
COLUMNS = ("edit_id", "position", "page_id", "file", "status")
_LEFT_OUT = frozenset({".git", ".hg", ".svn", MARK})
_BODIES = frozenset({"insert_section", "add_page", "replace_passage"})


@dataclass
class _Copy:
    """The site's pages in memory: their files by page id, the sources read so far, and which edits changed which file."""

    source: Path
    files: dict[str, str]
    urls: dict[str, str]
    passages: pd.DataFrame
    sources: dict[str, SourceFile] = field(default_factory=dict)
    changed_by: dict[str, list[str]] = field(default_factory=dict)

    def read(self, file: str) -> SourceFile:
        """Return a file's source as the edits made so far leave it."""
        if file in self.sources:
            return self.sources[file]
        try:
            return read_source((self.source / file).read_bytes())
        except OSError as error:
            raise CannotPlaceError(f"the file cannot be read: {error.strerror}") from error


@checked
def write_site_copy(
    source: Path,
    pages: Pages,
    passages: Passages,
    changes: Changes,
    out: Path,
    drafts: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Copy the site's folder to `out` with the changes made, and return what was done, one row a change.

    An edit is made whole or not at all, in the order of the table: where one of its changes cannot
    be made, the others are left out too, and each row's status says why. Words that go in are data:
    nothing in them but headings, paragraphs, lists and quotations is markup. Hidden folders of
    version control and links that leave the folder are not copied.

    Args:
        source: the folder that was read.
        pages: pages of the run; html_path says which file of the folder holds one.
        passages: passages of the run.
        changes: the changes of the chosen edits, in the order in which they are to be made.
        out: folder of the copy, written whole or not at all; an earlier copy there is replaced.
        drafts: finished Markdown by edit id, in the place of the words that the edit proposes.

    Returns: a table of edit_id, position, page_id, file (relative; empty where there is none),
        status ('applied', or why not).
    Raises RunError for a source that is no folder, and for an `out` that holds something else or
    overlaps it.
    """
    source, out = _check_folders(Path(source), Path(out))
    copy = _Copy(source, _find_files(source, pages), _urls(pages), passages)
    rows: list[dict[str, Any]] = []
    for edit_id, group in changes.groupby("edit_id", sort=False):
        ordered: list[dict[Any, Any]] = group.sort_values("position").to_dict("records")
        rows += _make_edit(
            copy,
            str(edit_id),
            _with_draft(ordered, (drafts or {}).get(str(edit_id))),
        )
    _write_whole(copy, out)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"position": "int64"})


def _make_edit(copy: _Copy, edit_id: str, changes: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Make the changes of one edit, all or none, and return what was done."""
    made: dict[str, SourceFile] = {}
    files: dict[str, str] = {}
    rows = []
    for change in changes:
        row = {
            "edit_id": edit_id,
            "position": int(change["position"]),
            "page_id": change["page_id"],
            "file": "",
        }
        try:
            row["file"] = file = _file_of(copy, change, files)
            made[file] = _make(copy, change, file, made)
            rows.append({**row, "status": APPLIED})
        except CannotPlaceError as error:
            rows.append(
                {
                    **row,
                    "status": _why(copy, str(row["file"]), change, str(error)),
                }
            )
    if all(row["status"] == APPLIED for row in rows):
        copy.sources |= made
        copy.files |= files
        for file in made:
            copy.changed_by.setdefault(file, []).append(edit_id)
        return rows
    reason = "left out: another change of this edit cannot be made"
    return [
        {**row, "status": reason if row["status"] == APPLIED else row["status"]} for row in rows
    ]


def _file_of(copy: _Copy, change: Mapping[str, Any], new: dict[str, str]) -> str:
    page_id = str(change["page_id"])
    known = copy.files | new
    if change["action"] != "add_page":
        if page_id not in known:
            raise CannotPlaceError("the page has no file in the folder of the site")
        return known[page_id]
    file = place_new_page(page_id, list(copy.files.items())).as_posix()
    if page_id in known or (copy.source / file).exists() or file in known.values():
        raise CannotPlaceError("there is a page of this name")
    if any(
        (copy.source / above).is_file() or above.as_posix() in known.values()
        for above in PurePosixPath(file).parents
    ):
        raise CannotPlaceError("the new page's folder has the name of a file")
    new[page_id] = file
    return file


def _make(
    copy: _Copy,
    change: Mapping[str, Any],
    file: str,
    made: Mapping[str, SourceFile],
) -> SourceFile:
    is_markdown = PurePosixPath(file).suffix.lower() in MARKDOWN
    if change["action"] == "add_page":
        sibling = _sibling(copy, file)
        url = _url_of(copy, str(change["page_id"]))
        return SourceFile(
            write_new_page(_words(change, "after"), url, sibling, is_markdown=is_markdown)[1]
        )
    held = made.get(file) or copy.read(file)
    values = {name: _words(change, name) for name in ("action", "before", "after", "heading_path")}
    text = _passage_text(copy, change)
    section = _section(copy, change)
    values["before"] = values["before"] or text
    values["heading_path"] = section[0] or values["heading_path"]
    return held.write(make_change(held.text, values, section[1], is_markdown=is_markdown))


def _words(change: Mapping[str, Any], name: str) -> str:
    return clean_text(change[name])


def _passage_text(copy: _Copy, change: Mapping[str, Any]) -> str:
    found = copy.passages.loc[copy.passages["passage_id"] == change["passage_id"], "text"]
    return str(found.iloc[0]) if len(found) else ""


def _section(copy: _Copy, change: Mapping[str, Any]) -> tuple[str, list[tuple[int, str]]]:
    """Return the heading path of the passage named, and its section's passages: how much deeper each stands, and its text."""
    own = copy.passages[copy.passages["page_id"] == change["page_id"]].sort_values("position")
    path = own.loc[own["passage_id"] == change["passage_id"], "heading_path"]
    if not len(path):
        return "", []
    above = str(path.iloc[0])
    is_deep = above.count(" > ") > 0
    inside = own["heading_path"].map(
        lambda one: one == above or (is_deep and str(one).startswith(f"{above} > "))
    )
    rows = own.loc[inside, ["heading_path", "text"]].to_dict("records")
    return above, [
        (
            str(row["heading_path"]).count(" > ") - above.count(" > "),
            str(row["text"]),
        )
        for row in rows
    ]


def _why(copy: _Copy, file: str, change: Mapping[str, Any], reason: str) -> str:
    """Return the reason, which is an earlier edit where the change could be made in the file as it was."""
    edits = copy.changed_by.get(file)
    if not edits or change["action"] == "add_page":
        return reason
    untouched = _Copy(copy.source, copy.files, copy.urls, copy.passages)
    try:
        _make(untouched, change, file, {})
    except CannotPlaceError:
        return reason
    return f"in conflict with {', '.join(edits)}, made before: {reason}"


def _with_draft(changes: list[dict[Any, Any]], draft: str | None) -> list[dict[Any, Any]]:
    """Return an edit's changes with the draft in the place of its proposed words; their heading stays unless it brings one."""
    if draft is None or not draft.strip():
        return changes
    at = next(
        (place for place, one in enumerate(changes) if one["action"] in _BODIES),
        0,
    )
    old = clean_text(changes[at]["after"])
    keeps_heading = changes[at]["action"] in {
        "insert_section",
        "add_page",
    } and not starts_with_heading(draft)
    heading = (
        next((line for line in old.split("\n") if line.startswith("#")), "")
        if keeps_heading
        else ""
    )
    after = f"{heading}\n\n{draft}" if heading else draft
    return [{**one, "after": after} if place == at else one for place, one in enumerate(changes)]


def _check_folders(source: Path, out: Path) -> tuple[Path, Path]:
    """Return both folders, resolved. Raises RunError where copying could lose or overwrite something."""
    if not source.is_dir():
        found = "a file" if source.exists() else "nothing there"
        raise RunError(
            str(source),
            "the folder of the site",
            found,
            "Only a site that is a local folder can be copied.",
        )
    source = source.resolve()
    target = out.resolve()
    if target == source or source in target.parents or target in source.parents:
        cure = "Name a folder beside it: nothing is ever written into the site itself."
        raise RunError(
            str(out),
            "a folder outside the site",
            f"one that overlaps {source.name}",
            cure,
        )
    is_taken = target.exists() and (
        not target.is_dir() or (any(target.iterdir()) and not (target / MARK).is_file())
    )
    if is_taken:
        raise RunError(
            str(out),
            "a new or empty folder, or an earlier copy",
            "other files",
            "Name another folder.",
        )
    return source, target


def _find_files(source: Path, pages: pd.DataFrame) -> dict[str, str]:
    """Return the file of each page that lies in the folder, by page id, relative and with /."""
    found = {}
    for row in pages.dropna(subset=["html_path"]).to_dict("records"):
        path = Path(row["html_path"]).resolve()
        if path.is_relative_to(source) and path.suffix.lower() in PAGES and path.is_file():
            found[str(row["page_id"])] = path.relative_to(source).as_posix()
    return found


def _urls(pages: pd.DataFrame) -> dict[str, str]:
    return {str(row["page_id"]): str(row["url"]) for row in pages.to_dict("records")}


def _url_of(copy: _Copy, page_id: str) -> str:
    """Return the URL of a new page: that of the site's pages whose ids start with the same host, or none."""
    host = page_id.split("/", maxsplit=1)[0]
    for known in copy.files:
        url = copy.urls.get(known, "")
        if known.split("/")[0] == host and url.startswith(("http://", "https://")):
            return url.split("/")[0] + "//" + url.split("/")[2] + page_id.removeprefix(host)
    return ""


def _sibling(copy: _Copy, file: str) -> str:
    """Return the source of a page of the same kind, one of the same folder first."""
    path = PurePosixPath(file)
    others = [PurePosixPath(one) for one in copy.files.values()]
    alike = sorted(
        (one for one in others if one.suffix == path.suffix),
        key=lambda one: (one.parent != path.parent, one),
    )
    try:
        return copy.read(alike[0].as_posix()).text if alike else ""
    except CannotPlaceError:
        return ""


def _write_whole(copy: _Copy, out: Path) -> None:
    """Write the copy beside its place, then put it there. The names beside are the toolkit's own, and hidden."""
    beside, old = (out.with_name(f".{out.name}.coverage-kit-{name}") for name in ("new", "old"))
    try:
        for rest in (beside, old):
            shutil.rmtree(rest, ignore_errors=True)
        beside.mkdir(parents=True)
        for file in (one for one in _walk(copy.source) if one.as_posix() not in copy.sources):
            (beside / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(copy.source / file, beside / file)
        for name, changed in copy.sources.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).write_bytes(changed.to_bytes())
        (beside / MARK).write_text(
            json.dumps({"made_by": "coverage_kit", "edits": _edits(copy)}) + "\n",
            encoding="utf-8",
        )
        if out.exists():
            out.replace(old)
        beside.replace(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise RunError(
            str(out),
            "a folder that can be written",
            str(error),
            "Name another folder.",
        ) from error


def _edits(copy: _Copy) -> list[str]:
    return sorted({edit_id for edits in copy.changed_by.values() for edit_id in edits})


def _walk(source: Path) -> Iterator[Path]:
    """Yield the files of the folder, relative to it; links that leave it and what is no file are passed over."""
    for parent, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for path in (Path(parent, name) for name in sorted(names) if name not in _LEFT_OUT):
            if path.is_file() and path.resolve().is_relative_to(source):
                yield path.relative_to(source)
