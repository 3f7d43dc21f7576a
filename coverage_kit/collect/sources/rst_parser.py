"""Parse reStructuredText with docutils, and with what Sphinx adds to it as far as text goes.

This module imports docutils, which the extra rst installs.
"""

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, ClassVar

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.statemachine import StateMachine
from docutils.utils import Reporter

from coverage_kit.collect.page_try import PageError

# Directives that show nothing, or what other pages hold.
_NOTHING = frozenset(
    {
        "toctree", "index", "highlight", "tabularcolumns", "currentmodule", "module",
        "program", "meta", "contents", "raw", "testsetup", "testcleanup", "default-domain",
        "sectionauthor", "codeauthor", "moduleauthor", "default-role", "role", "sectnum",
        "header", "footer", "target-notes", "tags", "bibliography", "graphviz", "digraph",
        "graph", "mermaid", "plantuml", "uml", "image", "video", "youtube", "thumbnail",
        "gallery", "post", "language", "restructuredtext-test-directive", "date", "title",
        "seqdiag", "blockdiag", "acks-end", "inheritance-diagram", "plot", "templates",
    }
)  # fmt: skip
# Directives whose text the build of a site takes from code, files or programs.
_BUILT = frozenset(
    {
        "literalinclude", "include", "click", "argparse", "openapi", "swagger", "jinja",
        "command-output", "program-output", "exec", "exec-inject", "datatemplate",
        "csv-filter", "programoutput", "sqltable", "pydantic", "confluence", "needtable",
        "postlist", "contributors", "nbgallery", "bokeh-plot", "jupyter-execute",
        "excel-table",
    }
)  # fmt: skip
_BUILT_STARTS = (
    "auto",
    "doxygen",
    "sphinx_",
    "breathe",
    "ansible",
    "redoc",
    "kernel-",
    "nbinclude",
)
# Directives whose content is a listing.
_LISTINGS = frozenset(
    {
        "code-block", "sourcecode", "code", "doctest", "testcode", "testoutput", "prompt",
        "ipython", "literal", "parsed-literal", "code-cell", "terminal", "console",
        "productionlist", "jsonschema",
    }
)  # fmt: skip
# What Sphinx writes before the number of a version.
_VERSIONS = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
}
# Directives whose argument is code or an address and no label.
_NO_LABEL = frozenset(
    {
        "only", "ifconfig", "hlist", "glossary", "grid", "tab-set", "tabs", "button-link",
        "container", "grid-item", "tab-set-code", "columns", "column", "acks", "centered",
        "rst-class", "cssclass", "epigraph", "todolist", "when",
    }
)  # fmt: skip
# Roles that show code.
_CODE_ROLES = frozenset(
    {
        "class", "func", "meth", "mod", "attr", "exc", "obj", "data", "const", "file",
        "samp", "option", "command", "envvar", "program", "code", "function", "method",
        "var", "type", "macro", "member", "module", "attribute", "exception", "confval",
        "setting", "makevar", "regexp", "token", "keyword", "decorator",
    }
)  # fmt: skip
# Roles whose text is a key, and no word of the page.
_SILENT_ROLES = frozenset(
    {
        "cite", "footcite", "cite:p", "cite:t", "cite:ps", "raw-html", "issue-key", "eq",
    }
)  # fmt: skip
# "Title <target>".
_TITLED = re.compile(r"\A(.*\S)\s*<[^<>]*>\Z", re.DOTALL)
# A name for which the build of a site has a value.
_SUBSTITUTION = re.compile(r"\A\|[^|]+\|_{0,2}\Z")
# A line of a hostile file may be as long as the file.
_MAX_LINE = 500_000
# A page of 500 KB takes a few seconds. The time for some hostile texts grows with the square of
# their length: 50 KB of targets with one name take a minute (measured).
_MAX_SECONDS = 10.0
# The tables of docutils are those of the process: one document is parsed at a time.
_LOCK = Lock()


def parse_rst(text: str, built: list[str]) -> nodes.document:
    """Return a document, and add to `built` the names of directives and values of the build.

    Nothing is read but the text: no file, address, setting or raw HTML.
    """
    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "_disable_config": True,
        "report_level": 5,
        "halt_level": 6,
        "warning_stream": io.StringIO(),
        "line_length_limit": _MAX_LINE,
        "syntax_highlight": "none",
        "smart_quotes": False,
        "doctitle_xform": True,
        "docinfo_xform": True,
        "trim_footnote_reference_space": True,
        "auto_id_prefix": "id",
        # An error is raised, and does not end the program.
        "traceback": True,
    }
    with _LOCK, _sphinx(built):
        tree: nodes.document = publish_doctree(text, settings_overrides=settings)
    built += [
        node.astext()
        for node in tree.findall(nodes.problematic)
        if _SUBSTITUTION.match(node.astext())
    ]
    return tree


@contextmanager
def _sphinx(built: list[str]) -> Iterator[None]:
    """Let docutils find the directives and roles of Sphinx, and pass unknown ones through."""
    known_directive, known_role = directives.directive, roles.role
    next_line, message = StateMachine.next_line, Reporter.system_message
    # A role that a document defines is none of the next document.
    registered = dict(roles._roles)  # type: ignore[attr-defined]
    roles._roles.clear()  # type: ignore[attr-defined]
    deadline = time.monotonic() + _MAX_SECONDS

    def check() -> None:
        if time.monotonic() > deadline:
            raise PageError("it takes too long to parse")

    def timed_next_line(machine: Any, n: int = 1) -> Any:
        check()
        return next_line(machine, n)

    def timed_message(reporter: Any, *values: Any, **options: Any) -> Any:
        check()
        return message(reporter, *values, **options)

    def find_directive(name: str, language: Any, document: Any) -> tuple[Any, list[Any]]:
        short = name.lower()
        ours = _find_directive(short, built)
        if ours is not None:
            return ours, []
        found, _ = known_directive(name, language, document)
        return (found if found is not None else _Labelled), []

    def find_role(name: str, language: Any, line: int, reporter: Any) -> tuple[Any, list[Any]]:
        # The roles of docutils itself are those that make references and small marks.
        if name.lower() in _OWN_ROLES or name in roles._roles:  # type: ignore[attr-defined]
            found, messages = known_role(name, language, line, reporter)
            if found is not None:
                return found, messages
        return _show_words, []

    directives.directive = find_directive  # type: ignore[assignment]
    roles.role = find_role  # type: ignore[assignment]
    StateMachine.next_line = timed_next_line  # type: ignore[assignment, method-assign]
    Reporter.system_message = timed_message  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        directives.directive, roles.role = known_directive, known_role
        StateMachine.next_line, Reporter.system_message = next_line, message  # type: ignore[method-assign]
        roles._roles.clear()  # type: ignore[attr-defined]
        roles._roles.update(registered)  # type: ignore[attr-defined]


_OWN_ROLES = frozenset(
    {
        "emphasis", "strong", "literal", "sub", "subscript", "sup", "superscript", "math",
        "pep", "pep-reference", "rfc", "rfc-reference", "title", "title-reference", "t",
    }
)  # fmt: skip


def _find_directive(name: str, built: list[str]) -> type[Directive] | Callable[..., Any] | None:
    plain = name.rsplit(":", 1)[-1]
    if plain in _NOTHING:
        return _Nothing
    if plain in _BUILT or plain.startswith(_BUILT_STARTS):
        built.append(name)
        return _Nothing
    if plain in _LISTINGS:
        return _Listing
    if plain in _VERSIONS:
        return _Version
    return _Content if plain in _NO_LABEL else None


class _Options(dict[str, Callable[[str], str]]):
    """Accepts every option: what it means is the matter of the build."""

    def __init__(self) -> None:
        super().__init__({"class": str})

    def __missing__(self, _: str) -> Callable[[str], str]:
        return lambda value: value or ""


class _Any(Directive):
    """A directive with any options, argument and content."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = _Options()

    def parsed(self) -> list[nodes.Node]:
        """Return the content, parsed."""
        holder = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, holder, match_titles=True)
        return holder.children

    def words(self, text: str) -> list[nodes.Node]:
        """Return a line of text, parsed."""
        inline, _ = self.state.inline_text(text, self.lineno)
        return list(inline)


class _Nothing(_Any):
    """Shows nothing."""

    def run(self) -> Sequence[nodes.Node]:
        return []


class _Content(_Any):
    """Shows its content alone."""

    def run(self) -> Sequence[nodes.Node]:
        if self.name in {"centered", "button-link"} and not self.content and self.arguments:
            text = self.arguments[0] if self.name == "centered" else ""
            return [nodes.paragraph("", "", *self.words(text))] if text else []
        return self.parsed()


class _Listing(_Any):
    """Shows its content as code, below its caption."""

    def run(self) -> Sequence[nodes.Node]:
        code = "\n".join(self.content)
        caption = self.options.get("caption", "")
        label = [nodes.paragraph("", "", *self.words(caption))] if caption else []
        return [*label, nodes.literal_block(code, code)] if code else label


class _Version(_Any):
    """Shows in which version something came, changed or went, as Sphinx does."""

    def run(self) -> Sequence[nodes.Node]:
        number, *rest = (self.arguments[0] if self.arguments else "").split(None, 1) or [""]
        lead = f"{_VERSIONS[self.name.rsplit(':', 1)[-1]]} {number}".strip()
        words = self.words(" ".join(rest[0].split())) if rest else []
        content = self.parsed()
        mark = ": " if words or content else "."
        if not words and content and isinstance(content[0], nodes.paragraph):
            content[0].insert(0, nodes.Text(f"{lead}{mark}"))
            return content
        return [nodes.paragraph("", "", nodes.Text(f"{lead}{mark}"), *words), *content]


class _Labelled(_Any):
    """Shows its argument as the label of its content: tabs, cards, boxes, functions, options."""

    def run(self) -> Sequence[nodes.Node]:
        content = self.parsed()
        label = " ".join(self.arguments[0].split()) if self.arguments else ""
        if not label:
            return content
        # Signatures of functions are code, in which a star is no mark.
        is_signature = "(" in label or ":" in self.name
        words = [nodes.Text(label)] if is_signature else self.words(label)
        item = nodes.definition_list_item(
            "", nodes.term("", "", *words), nodes.definition("", *content)
        )
        return [nodes.definition_list("", item)]


def _show_words(  # noqa: PLR0913 (docutils calls it so)
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Any,
    options: Mapping[str, Any] | None = None,
    content: Sequence[str] = (),
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """Return the words that a role of Sphinx shows."""
    del rawtext, lineno, inliner, options, content
    short = name.lower()
    plain = short.rsplit(":", 1)[-1]
    if short in _SILENT_ROLES or short.startswith("cite"):
        return [], []
    words = nodes.unescape(text)
    titled = _TITLED.match(words)
    if titled:
        words = titled[1]
    elif words.startswith("~"):
        words = words[1:].rsplit(".", 1)[-1]
    elif plain == "doc":
        words = words.rstrip("/").rsplit("/", 1)[-1].replace("-", " ").replace("_", " ")
    elif plain in {"ref", "numref"}:
        words = words.rsplit(":", 1)[-1].replace("-", " ").replace("_", " ")
    words = words.lstrip("!").strip()
    if plain in {"guilabel", "menuselection"}:
        words = words.replace("-->", ">").replace("&", "")
    if plain in {"file", "samp"}:
        words = words.replace("{", "").replace("}", "")
    kind = nodes.literal if plain in _CODE_ROLES else nodes.inline
    return [kind(words, words)], []
