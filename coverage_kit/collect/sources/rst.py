"""Read a file of reStructuredText, as Sphinx sites have it, without the build of the site."""

import html
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from coverage_kit.collect.dates import parse_time
from coverage_kit.collect.decode import decode_page
from coverage_kit.collect.page_try import try_page
from coverage_kit.collect.rows import PageRows
from coverage_kit.collect.sources.pages import PART, document_page, fill_page, needs_extra
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.collect.urls import split_http

if TYPE_CHECKING:
    from docutils import nodes

# The parser takes seconds for a hostile megabyte (assumed, as for Markdown).
_MAX_BYTES = 500_000


@dataclass
class Built:
    """What the build of the site would add to a page: how many directives, and their names."""

    names: list[str] = field(default_factory=list)


def read_rst(path: Path, base: str, unread: UnreadItems) -> list[PageRows]:
    """Return the one page of a file of reStructuredText.

    Its URL is that of Sphinx: the path with the ending .html. Directives that the build fills in,
    such as automodule and include, give nothing and are counted. Files that the text names are
    never opened.
    """
    # Sphinx writes a page for each file, with this ending.
    name = f"{path.stem}.html" if split_http(base) else ""
    page = document_page(path, base, name)
    try:
        import docutils  # noqa: F401, PLC0415
    except ImportError:
        return [needs_extra(page, "rst")]
    built = Built()

    def read() -> PageRows:
        if path.stat().st_size > _MAX_BYTES:
            return page.with_status("too large")
        return _read(decode_page(path.read_bytes()), page, built)

    page = try_page(page.location, read, page.with_status)
    if built.names:
        kinds = ", ".join(sorted(set(built.names))[:6])
        unread.add(
            PART,
            f"the build of the site fills in: {kinds}",
            str(path),
            cure="Build the site with sphinx-build, and name the folder of its HTML.",
            n_items=len(built.names),
        )
    if page.status == "no text" and built.names:
        page = page.with_status("made by the build")
    return [page]


def _read(text: str, page: PageRows, built: Built) -> PageRows:
    from docutils import nodes  # noqa: PLC0415

    from coverage_kit.collect.sources.rst_parser import parse_rst  # noqa: PLC0415

    tree = parse_rst(text, built.names)
    fields = _take_fields(tree)
    title = tree.next_node(nodes.title)
    filled = fill_page(
        page,
        _to_html(tree),
        title=fields.get("title", "") or (title.astext() if title is not None else ""),
        language=fields.get("lang", "") or fields.get("language", ""),
        published=parse_time(fields.get("date", "")),
        modified=parse_time(fields.get("modified", "") or fields.get("lastmod", "")),
    )
    return replace(filled, html_path=None)


def _take_fields(tree: "nodes.document") -> dict[str, str]:
    """Remove the fields at the top of a document, and return them by names in lower case."""
    from docutils import nodes  # noqa: PLC0415

    fields: dict[str, str] = {}
    for info in list(tree.findall(nodes.docinfo)):
        for child in info.children:
            if isinstance(child, nodes.field):
                fields[child[0].astext().strip().lower()] = child[1].astext().strip()
            else:
                # Known fields have classes of their own, such as date and author.
                fields[child.__class__.__name__] = child.astext().strip()
        info.parent.remove(info)
    return fields


def _to_html(tree: "nodes.document") -> str:
    from docutils import nodes  # noqa: PLC0415

    writer = _HtmlWriter()
    # Below the title of a document, sections are of level 2.
    has_title = any(isinstance(child, nodes.title) for child in tree.children)
    writer.write(tree, 1 + has_title)
    return "".join(writer.pieces)


# Elements of HTML for those of docutils whose content is written within them.
_TAGS = {
    "abbreviation": "abbr",
    "attribution": "p",
    "block_quote": "blockquote",
    "bullet_list": "ul",
    "caption": "figcaption",
    "citation": "div",
    "definition": "dd",
    "definition_list": "dl",
    "description": "dd",
    "emphasis": "em",
    "entry": "td",
    "enumerated_list": "ol",
    "field_body": "dd",
    "field_list": "dl",
    "field_name": "dt",
    "figure": "figure",
    "footnote": "div",
    "line": "p",
    "list_item": "li",
    "literal": "code",
    "option_group": "dt",
    "option_list": "dl",
    "paragraph": "p",
    "rubric": "p",
    "row": "tr",
    "strong": "strong",
    "subscript": "sub",
    "superscript": "sup",
    "table": "table",
    "term": "dt",
    "thead": "thead",
    "tbody": "tbody",
}
# Elements whose text is a block of code.
_CODE = frozenset({"literal_block", "doctest_block", "math_block"})
# Elements without words of the page: remarks, marks and messages of the parser.
_SILENT = frozenset(
    {
        "comment", "substitution_definition", "system_message", "target", "meta", "raw", "image",
        "footnote_reference", "citation_reference", "decoration", "generated", "colspec", "pending",
        "label",
    }
)  # fmt: skip


class _HtmlWriter:
    """Write a document as HTML. The ids of sections are their anchors."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def write(self, node: "nodes.Node", level: int = 1) -> None:
        """Write a node; `level` is that of the next heading."""
        from docutils import nodes  # noqa: PLC0415

        tag = node.__class__.__name__
        if isinstance(node, nodes.Text):
            self.pieces.append(html.escape(node.astext(), quote=False))
        elif tag in _CODE:
            self.pieces.append(f"<pre>{html.escape(node.astext(), quote=False)}</pre>")
        elif tag == "problematic":
            self.pieces.append(html.escape(_unmarked(node.astext()), quote=False))
        elif tag == "title":
            self._write_title(node, level)
        elif tag == "reference" and isinstance(node, nodes.Element):
            href = html.escape(node.get("refuri", ""))
            self._within(f'a href="{href}"' if href else "span", node, level)
        elif tag not in _SILENT:
            inner_level = level + (tag == "section")
            self._within(_TAGS.get(tag, ""), node, inner_level)

    def _write_title(self, node: "nodes.Node", level: int) -> None:
        parent = node.parent
        kind = parent.__class__.__name__ if parent is not None else ""
        if kind not in {"document", "section"}:
            # The title of a box or a table.
            self._within("p" if kind != "table" else "caption", node, level)
            return
        ids: list[str] = parent.get("ids", []) if kind == "section" else []
        anchor = f' id="{html.escape(ids[0])}"' if ids else ""
        name = "h1" if kind == "document" else f"h{min(level - 1, 6)}"
        self._within(f"{name}{anchor}", node, level)

    def _within(self, tag: str, node: "nodes.Node", level: int) -> None:
        self.pieces.append(f"<{tag}>" if tag else "")
        for child in node.children:
            self.write(child, level)
        self.pieces.append(f"</{tag.split(' ', maxsplit=1)[0]}>" if tag else "")


def _unmarked(text: str) -> str:
    """Return the words of markup that the parser cannot resolve.

    What stands for a value of the build is nothing.

    >>> _unmarked("`Prices <prices>`_"), _unmarked("|release|")
    ('Prices', '')
    """
    if len(text) > 2 and text.startswith("|") and text.rstrip("_").endswith("|"):
        return ""
    words = text.strip("`_ ")
    return words.split(" <")[0] if text.startswith("`") else words or text
