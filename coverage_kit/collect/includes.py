"""Find the files that a page includes: partials of MDX, snippets, and includes of templates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.folder_files import readable
from coverage_kit.collect.page_try import PageError
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.text.markdown.unknown import Unknown
from coverage_kit.text.page_markup import MARKDOWN

# A larger file is no snippet of a page (assumed).
_MAX_BYTES = 500_000
# Folders of snippets, below the site's root, in which a bare name is looked for.
_FOLDERS = ("", "docs", "includes", "_includes", "snippets", "_snippets", "partials")
# What begins the names of files that count from the site's root.
_ROOTS = ("@site/", "~/", "@/", "/")
_READ_BUILT = (
    "Where the built site shows them, name its folder as source; else write the words in the file."
)


@dataclass
class Includes:
    """Reads the files that the pages of a site include; none is read from outside the site.

    Attributes:
        root: the folder of the site's configuration, or of the site.
        folder: the folder that is read, which may be beside the root.
        folders: further folders below the root in which names are looked for.
        unread: counts each file that is included and missing.
    """

    root: Path
    folder: Path
    folders: Sequence[str]
    unread: UnreadItems
    _missing: set[str] = field(default_factory=set)

    def reader_of(self, page: Path) -> Callable[[str], str | None]:
        """Return what reads a file by the name that a page uses for it; None: it is missing."""

        def read(target: str) -> str | None:
            for path in self._candidates(page.parent, target):
                if (text := self._text(path)) is not None:
                    return text
            self._count(page, target)
            return None

        return read

    def count_unknown(self, page: Path, unknown: Unknown) -> None:
        """Count the values and components of a page whose words none of its files holds."""
        for reason, sources, may_hold_text in (
            ("only the site's build knows the value", unknown.values, True),
            ("a component without words in the file", unknown.components, False),
        ):
            if sources:
                self.unread.add(
                    "part",
                    reason,
                    f"{readable(str(page))} ({sources[0]})",
                    cure=_READ_BUILT,
                    may_be_pages=may_hold_text,
                    n_items=len(sources),
                )

    def _candidates(self, parent: Path, target: str) -> list[Path]:
        name = target.strip()
        start = next((start for start in _ROOTS if name.startswith(start)), None)
        if start is not None:
            inside = name.removeprefix(start)
            folders = [self.root, *(self.root / folder for folder in ("src", *self.folders))]
        elif name.startswith("."):
            inside, folders = name, [parent]
        else:
            inside = name
            tried = [*self.folders, *_FOLDERS]
            folders = [parent, *(self.root / folder for folder in tried)]
        if not inside or "\0" in inside or _is_hidden(inside):
            return []
        paths = [folder / end for folder in folders for end in _endings(inside)]
        if start is not None and "/" in inside:
            # The read folder may be the first folder of the name: @site/docs/x.mdx in docs/.
            rest = inside.partition("/")[2]
            paths += [self.folder / end for end in _endings(rest)]
        return paths

    def _text(self, path: Path) -> str | None:
        try:
            real = path.resolve()
            is_inside = any(
                real.is_relative_to(root.resolve()) for root in (self.root, self.folder)
            )
            if not is_inside or not real.is_file() or real.stat().st_size > _MAX_BYTES:
                return None
            return decode_page(real.read_bytes())
        # A loop of links raises RuntimeError, an impossible name ValueError.
        except (OSError, RuntimeError, ValueError, PageError):
            return None

    def _count(self, page: Path, target: str) -> None:
        key = f"{page.parent}/{target}" if target.startswith(".") else target
        if key in self._missing:
            return
        self._missing.add(key)
        self.unread.add(
            "part",
            "its file is not in the folder",
            f"{readable(str(page))} ({readable(target[:200])})",
            cure="Name the folder that holds the whole site as source.",
        )


def _is_hidden(name: str) -> bool:
    steps = PurePosixPath(name).parts
    return any(step.startswith(".") and step not in {".", "..", ".gitbook"} for step in steps)


def _endings(name: str) -> list[str]:
    """Return the names by which a file may be meant: with its ending, which may be left out."""
    if PurePosixPath(name).suffix:
        return [name]
    return [name, *(f"{name}{ending}" for ending in sorted(MARKDOWN))]
