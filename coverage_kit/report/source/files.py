"""Read and write a page's file in its own encoding, and make the file of a new page."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote

from coverage_kit.escaping import for_file_name, for_html
from coverage_kit.report.source.markdown_page import for_mdx, quote_yaml
from coverage_kit.report.source.units import (
    Unit,
    at_level,
    read_units,
    write_html,
    write_markdown,
)
from coverage_kit.report.source.words import CannotPlaceError
from coverage_kit.report.texts import safe_url
from coverage_kit.text.markdown.front import find_front
from coverage_kit.text.page_markup import (
    BOMS,
    INDEX_NAMES,
    META,
    WEB_NAMES,
    XML,
)

# The language of a page: the "en-GB" of <html lang="en-GB">.
_LANGUAGE = re.compile(
    r"<html[^>]*?\slang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)",
    re.IGNORECASE,
)
# The limit of a new page's path: what every file system allows (assumed).
_MAX_PATH_STEPS = 12


@dataclass(frozen=True)
class SourceFile:
    """A page's file: its text, its encoding and the byte-order mark before it."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    def write(self, text: str) -> "SourceFile":
        """Return the file with another text, whose lines end as the lines of the file do."""
        is_windows = "\r\n" in self.text and "\n" not in self.text.replace("\r\n", "")
        return replace(
            self,
            text=text.replace("\r\n", "\n").replace("\n", "\r\n") if is_windows else text,
        )

    def to_bytes(self) -> bytes:
        """Return the file's bytes.

        A character that the encoding lacks becomes a character reference, which HTML and Markdown
        read.
        """
        try:
            return self.mark + self.text.encode(self.encoding, "surrogateescape")
        except UnicodeEncodeError:
            characters = (_encode(character, self.encoding) for character in self.text)
            return self.mark + b"".join(characters)


def _encode(character: str, encoding: str) -> bytes:
    # Surrogates stand for bytes of the file that its encoding does not know.
    handler = "surrogateescape" if "\udc80" <= character <= "\udcff" else "xmlcharrefreplace"
    return character.encode(encoding, handler)


def read_source(content: bytes) -> SourceFile:
    """Return a file's text so that the same bytes can be written again.

    The encoding is that of the byte-order mark, else UTF-8 where the bytes are valid, else the
    encoding that a meta tag names. Raises CannotPlaceError for UTF-16 and UTF-32 without a mark.
    """
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return SourceFile(
                content[len(mark) :].decode(encoding, "surrogatepass"),
                encoding,
                mark,
            )
    # A zero byte near the start means UTF-16 or UTF-32: text in other encodings has none (1000
    # bytes are assumed to be enough).
    if b"\0" in content[:1000]:
        raise CannotPlaceError("the file's encoding is not known")
    try:
        return SourceFile(content.decode("utf-8"))
    except UnicodeDecodeError:
        # A page names its encoding near its start (assumed: within 4,096 bytes).
        encoding = _read_encoding(content[:4096])
        return SourceFile(content.decode(encoding, "surrogateescape"), encoding)


def _read_encoding(head: bytes) -> str:
    """Return the encoding that the start of a page names; cp1252 where it names none that fits.

    UTF-8 does not fit, because the bytes are not valid UTF-8.
    """
    match = META.search(head) or XML.search(head)
    name = match[1].decode("ascii", "replace").lower() if match is not None else ""
    name = WEB_NAMES.get(name, name)
    try:
        is_usable = (
            name not in {"", "utf-8", "utf8"} and codecs.lookup(name).encode("<a>")[0] == b"<a>"
        )
    except (LookupError, UnicodeError, ValueError):
        is_usable = False
    return name if is_usable else "cp1252"


def place_new_page(page_id: str, page_files: Sequence[tuple[str, str]]) -> PurePosixPath:
    """Return the file of a new page, in the folder and of the kind of the site's other pages.

    Args:
        page_id: the proposed id: the page's URL without the scheme, or folder/path.
        page_files: page_id and file (relative, with /) of the pages that exist.

    Raises CannotPlaceError for an id that names no file.

    >>> pages = [("shop.example/help/brakes.html", "help/brakes.html")]
    >>> place_new_page("shop.example/help/tyres", pages)
    PurePosixPath('help/tyres.html')
    """
    prefix = _find_prefix(page_files)
    if prefix and page_id.startswith(f"{prefix}/"):
        url_path = page_id.removeprefix(f"{prefix}/")
    elif any("/" in name for name, _ in page_files):
        url_path = page_id.partition("/")[2]
    else:
        url_path = page_id  # the site's ids are names of files
    steps = [
        for_file_name(step)
        for step in unquote(url_path.split("?")[0]).split("/")
        if step not in {"", "."}
    ]
    if not 0 < len(steps) <= _MAX_PATH_STEPS or not all(steps):
        raise CannotPlaceError("the new page's id names no file")
    path = PurePosixPath(*steps)
    # A new page has the suffix that most pages of its folder have, or else most pages.
    files = [PurePosixPath(file) for _, file in page_files]
    of_site = Counter(file.suffix.lower() for file in files)
    of_folder = Counter(file.suffix.lower() for file in files if file.parent == path.parent)
    suffix = max(of_site, key=lambda suffix: (of_folder[suffix], of_site[suffix]), default=".html")
    return path if path.suffix.lower() == suffix else path.with_name(f"{path.name}{suffix}")


def _find_prefix(page_files: Sequence[tuple[str, str]]) -> str:
    """Return what most pages' ids have before the path of their file."""
    prefixes: Counter[str] = Counter()
    for page_id, file in page_files:
        path = PurePosixPath(file)
        # The id of a page has the whole path, or no suffix, or only the folder.
        ends = [path.as_posix(), path.with_suffix("").as_posix()]
        if path.stem.lower() in INDEX_NAMES and path.parent.name:
            ends.append(path.parent.as_posix())
        prefix = next(
            (page_id.removesuffix(f"/{end}") for end in ends if page_id.endswith(f"/{end}")),
            "",
        )
        prefixes[prefix] += bool(prefix)
    return max(prefixes, key=lambda prefix: (prefixes[prefix], prefix)) if prefixes else ""


def write_new_page(
    markdown: str, url: str, sibling: str, *, is_markdown: bool, is_mdx: bool = False
) -> tuple[str, str]:
    """Return a new page's title and its source.

    Its format, language and front matter are those of another page of the site (`sibling`).
    """
    units = read_units(markdown)
    title = next((unit.text for unit in units if unit.kind == "heading"), "")
    if not title:
        raise CannotPlaceError("the new page has no title: its text must start with '# Title'")
    units = (
        at_level(units, 1) if units[0].kind == "heading" else [Unit("heading", title, 1), *units]
    )
    if is_markdown:
        return title, _new_markdown(title, units, sibling, is_mdx=is_mdx)
    return title, _new_html(title, units, url, sibling)


def _new_markdown(title: str, units: list[Unit], sibling: str, *, is_mdx: bool) -> str:
    text = for_mdx(write_markdown(units), is_mdx=is_mdx)
    front = find_front(sibling)
    # A JSON string is a TOML string, too: both escape quotes and backslashes in the same way.
    quoted = json.dumps(title, ensure_ascii=False)
    fronts = {
        "yaml": f"---\ntitle: {quote_yaml(title)}\n---\n\n",
        "toml": f"+++\ntitle = {quoted}\n+++\n\n",
        "json": f'{{\n  "title": {quoted}\n}}\n\n',
    }
    return f"{fronts[front.kind] if front is not None else ''}{text}\n"


def _new_html(title: str, units: list[Unit], url: str, sibling: str) -> str:
    language = _LANGUAGE.search(sibling)
    canonical = safe_url(url)
    lines = [
        "<!doctype html>",
        f'<html lang="{language[1]}">' if language is not None else "<html>",
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{for_html(title)}</title>",
    ]
    if canonical:
        lines.append(f'<link rel="canonical" href="{for_html(canonical, is_value=True)}">')
    lines += ["</head>", "<body>", "<main>", "<article>"]
    lines += write_html(units)
    lines += ["</article>", "</main>", "</body>", "</html>"]
    return "\n".join(lines) + "\n"
