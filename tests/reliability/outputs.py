"""What must hold of every output, whatever the texts in it were."""

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import lxml.html
import openpyxl
from markdown_it import MarkdownIt

# What spaces, quotes and characters without a width hide.
_HIDES = re.compile(
    '^[\\s"“”\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+'
)
_SIGNS = tuple("=+-@＝＋－＠﹢﹣﹦﹫")  # noqa: RUF001 (signs of every width)
_HREF = re.compile(r"^(#|https?://|data:image/|[\w.%()~ +-]+\.(md|html)(#.*)?$|$)")


def structure(html: str) -> set[tuple[str, ...]]:
    """Return the kinds of elements of a page, each with its attributes' names."""
    tree = lxml.html.document_fromstring(html)
    elements = (element for element in tree.iter() if isinstance(element.tag, str))
    return {
        (element.tag, *sorted(name for name in element.attrib if not name.startswith("aria-")))
        for element in elements
    }


def faults_of_html(html: str) -> Iterator[str]:
    """Yield what could act in a page: handlers, foreign scripts, addresses of other kinds."""
    tree = lxml.html.document_fromstring(html)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            yield f"a comment {str(element)[:60]}"
            continue
        for name, value in element.attrib.items():
            if name.startswith("on") or name in {"srcdoc", "formaction"}:
                yield f"{element.tag} {name}"
            if name in {"href", "src", "action", "xlink:href"} and not _HREF.match(value):
                yield f"{element.tag} {name}={value[:60]!r}"
        if element.tag in {"img", "iframe", "object", "embed", "base", "animate"}:
            yield element.tag
        if element.tag == "script" and element.get("type") == "application/json":
            json.loads(element.text or "")


# The totals of the to-do sheet, the only formulas of a workbook: ranges of it and statuses.
_RANGE = r"\$[A-Z]\$\d+:\$[A-Z]\$\d+"
_STATUS = r"\"(?:to do|in progress|done|won't do)\""
TOTALS = re.compile(
    rf"=SUM\({_RANGE}\)(?:-SUMIFS\({_RANGE},{_RANGE},{_STATUS}\))*"
    rf"|=(?:&?\"[a-z', ]+: \"&COUNTIF\({_RANGE},{_STATUS}\))+"
)


def faults_of_workbook(path: Path) -> Iterator[str]:
    """Yield the formulas of a workbook, and its links but those to the web and to its sheets."""
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f" and not TOTALS.fullmatch(str(cell.value)):
                    yield f"{sheet.title} {cell.coordinate}: {str(cell.value)[:60]!r}"
                link = cell.hyperlink
                if link and link.target and not link.target.startswith(("http://", "https://")):
                    yield f"{sheet.title} {cell.coordinate} links to {link.target[:60]!r}"
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            # Formulas of cells are read above.
            is_other = not name.startswith(("xl/charts/", "xl/worksheets/"))
            if b"<f>" in parts.read(name) and is_other:
                yield f"{name} has a formula"


def faults_of_csv(path: Path) -> Iterator[str]:
    """Yield the cells that a spreadsheet would read as formulas, with each separator."""
    text = path.read_text(encoding="utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        yield from _formulas(row)
    for separator in ";\t|":
        for line in re.split(r"[\r\n\u2028\u2029\x85]", text):
            yield from _formulas(line.split(separator))


def _formulas(cells: list[str]) -> Iterator[str]:
    for cell in cells:
        if _HIDES.sub("", cell).startswith(_SIGNS) and not re.fullmatch(
            r"[-+]?[\d.e+-]+(,.*)?", cell
        ):
            yield f"a formula {cell[:60]!r}"


def faults_of_markdown(text: str) -> Iterator[str]:
    """Yield the HTML, pictures and links of a Markdown text, but links to files beside it."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
    tokens = markdown.parse(text)
    tokens += [child for token in tokens for child in token.children or []]
    for token in tokens:
        if token.type in {"html_block", "html_inline", "image", "fence", "code_block"}:
            yield f"{token.type} {token.content[:60]!r}"
        if token.type == "link_open" and not re.fullmatch(
            r"[\w.%()~+-]+", str(token.attrGet("href"))
        ):
            yield f"a link to {token.attrGet('href')!r}"


def faults_of_terminal(text: str) -> Iterator[str]:
    """Yield the characters that a terminal would obey."""
    for character in text:
        is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        if (is_control and character not in "\n\t") or character in "\u202e\u2066\u200f\u061c":
            yield repr(character)


def faults_of_folder(folder: Path) -> list[str]:
    """Return the faults of every output in a run's folder."""
    faults = []
    for path in sorted(folder.rglob("*")):
        looks = {
            ".html": lambda path: faults_of_html(path.read_text(encoding="utf-8")),
            ".xlsx": faults_of_workbook,
            ".csv": faults_of_csv,
            ".md": lambda path: faults_of_markdown(path.read_text(encoding="utf-8")),
            ".json": _faults_of_json,
        }
        if path.is_file() and path.suffix in looks:
            faults += [f"{path.name}: {fault}" for fault in looks[path.suffix](path)]
    return faults


def _faults_of_json(path: Path) -> Iterator[str]:
    json.loads(path.read_text(encoding="utf-8"))
    yield from ()
