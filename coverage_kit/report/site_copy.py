"""Copy a site's folder and make edits in its pages, in their own format.

Everything else stays as it is, byte for byte.
"""

import json
import logging
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
    SourceFile,
    place_new_page,
    read_source,
    write_new_page,
)
from coverage_kit.report.source.units import starts_with_heading
from coverage_kit.report.source.words import CannotPlaceError
from coverage_kit.report.texts import clean_text
from coverage_kit.storage.files import as_error, new_folder
from coverage_kit.storage.written import COPY_MARK, kind_of_folder
from coverage_kit.tables import Changes, Pages, Passages, checked
from coverage_kit.text.markdown.includes import include_paths
from coverage_kit.text.page_markup import MARKDOWN, PAGES
from coverage_kit.vocabulary import Action

logger = logging.getLogger(__name__)

# The status of a change that was made. Any other status is the reason why it was not.
APPLIED = "applied"
# The columns of the result, which `coverage-kit apply` prints.
COLUMNS = ("edit_id", "position", "page_id", "file", "status")
# Folders of version control, and the mark of an earlier copy, are not copied.
_LEFT_OUT = frozenset({".git", ".hg", ".svn", COPY_MARK})
# Larger files are no parts of a page, as where sites are read (assumed).
_MAX_INCLUDED_BYTES = 500_000
# Changes whose words a draft replaces; a title or heading is replaced only if there is no other.
_BODIES: frozenset[Action] = frozenset({"insert_section", "add_page", "replace_passage"})


@dataclass
class _Copy:
    """The site's pages in memory.

    Attributes:
        source: the folder of the site.
        files: by page id, the page's file, relative to the folder.
        urls: by page id, the page's URL.
        passages: passages of the run.
        sources: by file, the sources that edits have changed.
        changed_by: by file, the ids of the edits that have changed it.
    """

    source: Path
    files: dict[str, str]
    urls: dict[str, str]
    passages: pd.DataFrame
    sources: dict[str, SourceFile] = field(default_factory=dict)
    changed_by: dict[str, list[str]] = field(default_factory=dict)

    def read(self, file: str) -> SourceFile:
        """Return a file's source with the edits made so far."""
        if file in self.sources:
            return self.sources[file]
        try:
            return read_source((self.source / file).read_bytes())
        except OSError as error:
            raise CannotPlaceError(f"the file cannot be read: {error.strerror}") from error


@checked
def write_site_copy(  # noqa: PLR0913 (a change depends on each of these tables)
    source: Path,
    pages: Pages,
    passages: Passages,
    changes: Changes,
    out: Path,
    drafts: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Copy the site's folder to `out`, make the changes in it, and return what was done.

    An edit is made completely or not at all, in the order of the table: where one of its changes
    cannot be made, the others are left out too, and the status of each says why. Words that are
    inserted are data: nothing in them but headings, paragraphs, lists and quotations is markup.
    Hidden folders of version control and links that leave the folder are not copied.

    Args:
        source: the folder that was read.
        pages: pages of the run; html_path is the page's file in the folder.
        passages: passages of the run.
        changes: the changes of the chosen edits, in the order in which they are to be made.
        out: folder of the copy, written completely or not at all; an earlier copy is replaced.
        drafts: finished Markdown by edit id, which replaces the words that the edit proposes.

    The result has a row for each change: edit_id, position, page_id, file (relative; empty where
    there is none), status ('applied', or the reason why not).

    Raises RunError for a source that is no folder, and for an `out` that holds something else or
    overlaps the source.
    """
    source, out = _check_folders(Path(source), Path(out))
    copy = _Copy(source, _find_files(source, pages), _urls(pages), passages)
    rows: list[dict[str, Any]] = []
    for edit_id, group in changes.groupby("edit_id", sort=False):
        ordered: list[dict[Any, Any]] = group.sort_values("position").to_dict("records")
        draft = (drafts or {}).get(str(edit_id))
        rows += _make_edit(copy, str(edit_id), _with_draft(ordered, draft))
    _write_copy(copy, out)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"position": "int64"})


def _make_edit(copy: _Copy, edit_id: str, changes: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Make the changes of one edit, all or none, and return a row for each."""
    sources: dict[str, SourceFile] = {}
    new_files: dict[str, str] = {}
    rows = []
    for change in changes:
        row = {
            "edit_id": edit_id,
            "position": int(change["position"]),
            "page_id": change["page_id"],
            "file": "",
        }
        try:
            file = _find_file(copy, change, new_files)
            row["file"] = file
            sources[file] = _make(copy, change, file, sources)
            row["status"] = APPLIED
        except CannotPlaceError as error:
            row["status"] = _explain(copy, str(row["file"]), change, str(error))
        rows.append(row)
    if all(row["status"] == APPLIED for row in rows):
        copy.sources |= sources
        copy.files |= new_files
        for file in sources:
            copy.changed_by.setdefault(file, []).append(edit_id)
        return rows
    # The sources that this edit changed are dropped, so the edit leaves no trace.
    reason = "left out: another change of this edit cannot be made"
    return [
        {**row, "status": reason if row["status"] == APPLIED else row["status"]} for row in rows
    ]


def _find_file(copy: _Copy, change: Mapping[str, Any], new_files: dict[str, str]) -> str:
    """Return the file of a change's page; the file of a new page is added to `new_files`."""
    page_id = str(change["page_id"])
    action: Action = change["action"]
    files = copy.files | new_files
    if action != "add_page":
        if page_id not in files:
            raise CannotPlaceError("the page has no file in the folder of the site")
        return files[page_id]
    file = place_new_page(page_id, list(copy.files.items())).as_posix()
    if page_id in files or (copy.source / file).exists() or file in files.values():
        raise CannotPlaceError("there is a page of this name")
    if any(
        (copy.source / folder).is_file() or folder.as_posix() in files.values()
        for folder in PurePosixPath(file).parents
    ):
        raise CannotPlaceError("the new page's folder has the name of a file")
    new_files[page_id] = file
    return file


def _make(
    copy: _Copy,
    change: Mapping[str, Any],
    file: str,
    sources: Mapping[str, SourceFile],
) -> SourceFile:
    """Return a file's source with a change made; `sources` are those that the edit has changed."""
    suffix = PurePosixPath(file).suffix.lower()
    is_markdown = suffix in MARKDOWN
    is_mdx = suffix == ".mdx"
    action: Action = change["action"]
    if action == "add_page":
        sibling = _read_sibling(copy, file)
        url = _make_url(copy, str(change["page_id"]))
        _, text = write_new_page(
            _words(change, "after"), url, sibling, is_markdown=is_markdown, is_mdx=is_mdx
        )
        return SourceFile(text)
    source = sources.get(file) or copy.read(file)
    values = {name: _words(change, name) for name in ("action", "before", "after", "heading_path")}
    heading_path, section = _read_section(copy, change)
    values["before"] = values["before"] or _passage_text(copy, change)
    values["heading_path"] = heading_path or values["heading_path"]
    return source.write(
        make_change(
            source.text,
            values,
            section,
            lambda target: _read_include(copy, target, file),
            is_markdown=is_markdown,
            is_mdx=is_mdx,
        )
    )


def _read_include(copy: _Copy, target: str, file: str) -> str | None:
    """Return the text of a file of the site that a page includes, or None."""
    for path in include_paths(target, PurePosixPath(file)):
        real = (copy.source / path).resolve()
        if real.is_relative_to(copy.source) and real.is_file():
            # Values may be in files of data; pictures and films are larger.
            if real.stat().st_size > _MAX_INCLUDED_BYTES:
                return None
            try:
                return copy.read(path.as_posix()).text
            except CannotPlaceError:
                return None
    return None


def _words(change: Mapping[str, Any], name: str) -> str:
    return clean_text(change[name])


def _passage_text(copy: _Copy, change: Mapping[str, Any]) -> str:
    texts = copy.passages.loc[copy.passages["passage_id"] == change["passage_id"], "text"]
    return str(texts.iloc[0]) if len(texts) else ""


def _read_section(copy: _Copy, change: Mapping[str, Any]) -> tuple[str, list[tuple[int, str]]]:
    """Return the heading path of the change's passage, and the passages of its section.

    Of each passage, the depth below the section's heading and the text are returned. Sections in
    the section belong to it, but not under the page's title.
    """
    own = copy.passages[copy.passages["page_id"] == change["page_id"]].sort_values("position")
    paths = own.loc[own["passage_id"] == change["passage_id"], "heading_path"]
    if not len(paths):
        return "", []
    section_path = str(paths.iloc[0])
    depth = section_path.count(" > ")
    is_inside = own["heading_path"].map(
        lambda path: (
            path == section_path or (depth > 0 and str(path).startswith(f"{section_path} > "))
        )
    )
    rows = own.loc[is_inside, ["heading_path", "text"]].to_dict("records")
    return section_path, [
        (str(row["heading_path"]).count(" > ") - depth, str(row["text"])) for row in rows
    ]


def _explain(copy: _Copy, file: str, change: Mapping[str, Any], reason: str) -> str:
    """Return the reason why a change cannot be made.

    Where it could be made in the original file, an earlier edit is the reason.
    """
    edits = copy.changed_by.get(file)
    action: Action = change["action"]
    if not edits or action == "add_page":
        return reason
    # A copy of the site without the edits so far: its files are read anew from the disk.
    original = _Copy(copy.source, copy.files, copy.urls, copy.passages)
    try:
        _make(original, change, file, {})
    except CannotPlaceError:
        return reason
    return f"in conflict with {', '.join(edits)}, made before: {reason}"


def _with_draft(changes: list[dict[Any, Any]], draft: str | None) -> list[dict[Any, Any]]:
    """Return an edit's changes with the draft instead of the proposed words.

    The proposed heading of a new section or page stays, unless the draft has a heading.
    """
    if draft is None or not draft.strip():
        return changes
    index = next(
        (index for index, change in enumerate(changes) if change["action"] in _BODIES),
        0,
    )
    action: Action = changes[index]["action"]
    proposed = clean_text(changes[index]["after"])
    heading = ""
    if action in {"insert_section", "add_page"} and not starts_with_heading(draft):
        heading = next((line for line in proposed.split("\n") if line.startswith("#")), "")
    after = f"{heading}\n\n{draft}" if heading else draft
    return [*changes[:index], {**changes[index], "after": after}, *changes[index + 1 :]]


def _check_folders(source: Path, out: Path) -> tuple[Path, Path]:
    """Return both folders, resolved. Raises RunError where copying could overwrite something."""
    if not source.is_dir():
        raise RunError(
            str(source),
            "the folder of the site",
            "a file" if source.exists() else "no folder",
            "Only a site that is a local folder can be copied.",
        )
    source = source.resolve()
    target = out.resolve()
    if _overlap(source, target):
        raise RunError(
            str(out),
            "a folder outside the site",
            f"a folder that overlaps {source.name}",
            "Name a folder next to it: nothing is ever written into the site itself.",
        )
    # Only an earlier copy, which has the mark, may be replaced.
    holds_files = target.exists() and (
        not target.is_dir() or (any(target.iterdir()) and not (target / COPY_MARK).is_file())
    )
    if holds_files:
        raise RunError(
            str(out),
            "a new or empty folder, or an earlier copy",
            "other files",
            "Name another folder.",
        )
    return source, target


def _overlap(source: Path, target: Path) -> bool:
    """Return whether one of two resolved folders holds the other, or is it.

    Folders that exist are compared as the system knows them, because it may read another spelling
    (capitals, dots at the end) or a mount as the same folder.
    """
    return any(
        inner == outer or (inner.exists() and outer.exists() and inner.samefile(outer))
        for folder, outer in ((target, source), (source, target))
        for inner in (folder, *folder.parents)
    )


def _find_files(source: Path, pages: pd.DataFrame) -> dict[str, str]:
    """Return by page id the file of each page that is in the folder, relative and with /."""
    files = {}
    for row in pages.dropna(subset=["html_path"]).to_dict("records"):
        path = Path(row["html_path"]).resolve()
        if path.is_relative_to(source) and path.suffix.lower() in PAGES and path.is_file():
            files[str(row["page_id"])] = path.relative_to(source).as_posix()
    return files


def _urls(pages: pd.DataFrame) -> dict[str, str]:
    return {str(row["page_id"]): str(row["url"]) for row in pages.to_dict("records")}


def _make_url(copy: _Copy, page_id: str) -> str:
    """Return the URL of a new page, or an empty text.

    Its scheme and host are those of the site's pages whose ids start with the same host.
    """
    host = page_id.split("/", maxsplit=1)[0]
    for site_page_id in copy.files:
        url = copy.urls.get(site_page_id, "")
        if site_page_id.split("/")[0] == host and url.startswith(("http://", "https://")):
            return url.split("/")[0] + "//" + url.split("/")[2] + page_id.removeprefix(host)
    return ""


def _read_sibling(copy: _Copy, file: str) -> str:
    """Return the source of a page of the same kind, if possible of the same folder."""
    path = PurePosixPath(file)
    pages = (PurePosixPath(page) for page in copy.files.values())
    siblings = sorted(
        (page for page in pages if page.suffix == path.suffix),
        # False sorts before True: pages of the same folder come first, then all others by name.
        key=lambda page: (page.parent != path.parent, page),
    )
    try:
        return copy.read(siblings[0].as_posix()).text if siblings else ""
    except CannotPlaceError:
        return ""


def _write_copy(copy: _Copy, out: Path) -> None:
    """Write the folder of the copy. It is not synced, because it can be made again."""
    links_out = _find_links_out(copy.source)
    if links_out:
        logger.warning(
            "%d links of the site are not in the copy, because they leave its folder or lead to a "
            "folder, such as %s",
            len(links_out),
            links_out[0],
        )
    with (
        as_error(out, "a folder that can be written", "Name another folder."),
        new_folder(out, is_synced=False) as folder,
    ):
        for file in _walk(copy.source):
            # What a link within the folder leads to may have been edited.
            real = (copy.source / file).resolve().relative_to(copy.source).as_posix()
            if file.as_posix() in copy.sources:
                continue
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            if real in copy.sources:
                (folder / file).write_bytes(copy.sources[real].to_bytes())
            else:
                shutil.copy2(copy.source / file, folder / file)
        for name, source in copy.sources.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(source.to_bytes())
        mark = json.dumps({"made_by": "coverage_kit", "edits": _edits(copy)})
        (folder / COPY_MARK).write_text(f"{mark}\n", encoding="utf-8")


def _edits(copy: _Copy) -> list[str]:
    return sorted({edit_id for edits in copy.changed_by.values() for edit_id in edits})


def _walk(source: Path) -> Iterator[Path]:
    """Yield the files of the folder, relative to it, except links that leave it.

    Runs, caches and copies that this toolkit has written there are no part of the site.
    """
    for parent, folders, names in os.walk(source):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _LEFT_OUT and not kind_of_folder(Path(parent, name))
        )
        for path in (Path(parent, name) for name in sorted(names) if name not in _LEFT_OUT):
            if path.is_file() and path.resolve().is_relative_to(source):
                yield path.relative_to(source)


def _find_links_out(source: Path) -> list[str]:
    """Return the links of the folder that are not copied, relative to it."""
    return [
        Path(parent, name).relative_to(source).as_posix()
        for parent, folders, names in os.walk(source)
        for name in sorted([*folders, *names])
        if Path(parent, name).is_symlink()
        and (name in folders or not Path(parent, name).resolve().is_relative_to(source))
    ]
