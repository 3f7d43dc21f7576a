"""Marks of MyST, the Markdown of Sphinx and Jupyter Book: directives, roles, targets, comments."""

import re
from collections import Counter
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from coverage_kit.text.markdown.bodies import (
    INTERRUPTS,
    add_code,
    least_indent,
    parse_part,
    text_of_line,
)
from coverage_kit.text.markdown.includes import push_include

# The start of a directive: ```{note} Title, :::{tab-item} Label.
_DIRECTIVE = re.compile(r"(`{3,}|~{3,}|:{3,})[ \t]*\{([A-Za-z][\w:.+-]*)\}[ \t]*(.*)\Z")
# A line that starts with the mark of a fence or a directive, and what is behind the mark.
_MARKS = re.compile(
    r"[ \t>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(`{3,}|~{3,}|:{3,})[ \t]*(.*?)[ \t]*\Z"
)
_OPTION = re.compile(r":[A-Za-z][\w-]*:(?:\s|\Z)")
# Directives whose body is text. A fence of any other name stays code.
_TEXTS = frozenset(
    [
        "note",
        "tip",
        "hint",
        "important",
        "warning",
        "caution",
        "attention",
        "danger",
        "error",
        "seealso",
        "see",
        "admonition",
        "todo",
        "info",
        "question",
        "success",
        "failure",
        "bug",
        "example",
        "quote",
        "abstract",
        "summary",
        "versionadded",
        "versionchanged",
        "versionremoved",
        "deprecated",
        "tab-set",
        "tab-set-code",
        "tab-item",
        "tabs",
        "tab",
        "group-tab",
        "code-tab",
        "tabbed",
        "panels",
        "grid",
        "grid-item",
        "grid-item-card",
        "card",
        "card-header",
        "card-footer",
        "cards",
        "card-carousel",
        "dropdown",
        "details",
        "toggle",
        "collapse",
        "margin",
        "sidebar",
        "aside",
        "topic",
        "epigraph",
        "pull-quote",
        "highlights",
        "container",
        "div",
        "class",
        "rst-class",
        "only",
        "ifconfig",
        "hlist",
        "compound",
        "blockquote",
        "centered",
        "rubric",
        "figure",
        "figure-md",
        "subfigure",
        "list-table",
        "table",
        "glossary",
        "exercise",
        "exercise-start",
        "solution",
        "solution-start",
        "button-link",
        "button-ref",
        "article-info",
        "proof",
        "theorem",
        "lemma",
        "definition",
        "step",
        "steps",
    ]
)
_TEXT_DOMAINS = ("py:", "c:", "cpp:", "js:", "rst:", "prf:", "confval", "option", "describe")
# Directives of code, whose options are no part of it.
_CODES = frozenset(
    [
        "code",
        "code-block",
        "code-cell",
        "sourcecode",
        "code-tab",
        "mermaid",
        "eval-rst",
        "math",
        "parsed-literal",
    ]
)
# Directives that show what is elsewhere, or nothing.
_DROPPED = frozenset(
    [
        "toctree",
        "contents",
        "tableofcontents",
        "bibliography",
        "footbibliography",
        "index",
        "genindex",
        "image",
        "literalinclude",
        "tags",
        "meta",
        "currentmodule",
        "module",
        "py:currentmodule",
        "py:module",
        "default-role",
        "highlight",
        "raw",
        "video",
        "youtube",
        "iframe",
        "plot",
        "automodule",
        "autoclass",
        "autofunction",
        "automethod",
        "autosummary",
        "click",
        "argparse",
        "program",
        "sectionauthor",
        "codeauthor",
        "nb-exec-table",
        "glue",
        "exercise-end",
        "solution-end",
        "sectnum",
        "tocdepth",
        "figure-start",
    ]
)
# Directives whose argument is no label: a number of columns, a file, the name of a class.
_UNLABELLED = frozenset(
    [
        "tab-set",
        "tab-set-code",
        "tabs",
        "grid",
        "figure",
        "figure-md",
        "container",
        "div",
        "class",
        "rst-class",
        "only",
        "ifconfig",
        "hlist",
        "solution",
        "solution-start",
        "exercise-start",
        "button-link",
        "button-ref",
        "card-carousel",
        "cards",
        "panels",
        "glossary",
        "article-info",
        "subfigure",
        "grid-item",
        "code-tab",
    ]
)
# A role: {ref}`text <target>`.
_ROLE = re.compile(r"\{([A-Za-z][\w:.+-]*)\}(`+)")
_TARGETED = re.compile(r"(.*?)\s*<[^<>]*>\Z", re.DOTALL)
# Roles that show no words of the text: icons, citations, numbers of equations, entries of an index.
_SILENT_ROLES = re.compile(
    r"(?:octicon|fa[srb]?|material-\w+|cite.*|footcite.*|eq|index|eval|raw|icon|far|fab|bdg-ref-\w+)\Z"
)
# Roles that show code.
_CODE_ROLES = re.compile(
    r"(?:code|file|command|samp|envvar|option|program|(?:(?:py|c|cpp|js|rst):)?"
    r"(?:class|func|meth|mod|attr|data|exc|obj|const|dir|role|type|function|macro|member))\Z"
)
# The place that a link leads to: (install)=.
_TARGET = re.compile(r"\([^()\n]{1,200}\)=\Z")
_BREAK = re.compile(r"\+\+\+(?:\s*\{.*\})?\Z")
# Fields at the start of a page that are settings: :orphan:, :tocdepth: 2.
_PAGE_FIELD = re.compile(
    r":(?:orphan|nosearch|hide-toc|tocdepth|nocomments|html_theme[\w.]*):(?:\s.*)?\Z"
)
# What shows that a page is MyST, whose lines after "%" are comments.
_SIGNS = re.compile(
    r"^[ \t]*(?:`{3,}|:{3,})\{[A-Za-z][\w:-]*\}|^\([\w .:-]{1,200}\)=[ \t]*$"
    r"|\{(?:ref|doc|term|any)\}`",
    re.MULTILINE,
)


def add_myst_rules(parser: MarkdownIt) -> None:
    """Add the marks of MyST to a parser."""
    ruler = parser.block.ruler
    ruler.before("code", "myst_directive", _directive, INTERRUPTS)
    ruler.before("fence", "myst_line", _myst_line, INTERRUPTS)
    parser.inline.ruler.before("escape", "myst_role", _role)


def _directive(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if (
        state.is_code_block(start)
        or state.src[state.bMarks[start] + state.tShift[start]] not in "`~:"
    ):
        return False
    match = _DIRECTIVE.match(text_of_line(state, start))
    if match is None:
        return False
    name = match[2].lower()
    is_text = match[1][0] == ":" or name in _TEXTS or name.startswith(_TEXT_DOMAINS)
    if not is_text and name not in _DROPPED | _CODES and name != "include":
        return False
    if silent:
        return True
    stop, following = _find_end(state, start, end)
    if name == "include":
        push_include(state, match[3], start, following)
    elif name in _CODES:
        add_code(state, start, following, range(_behind_options(state, start + 1, stop), stop))
    elif name not in _DROPPED:
        first = _behind_options(state, start + 1, stop)
        label = "" if name in _UNLABELLED else match[3]
        body = range(first, stop)
        indent = least_indent(state, first, stop)
        parse_part(state, label, (start, following), body, indent)
    state.line = following
    return True


def _find_end(state: StateBlock, start: int, end: int) -> tuple[int, int]:
    """Return the line of the end of a directive and the line behind it.

    A directive without an end goes on to the end of what it is in.
    """
    last = min(_directive_ends(state.src).get(start, end), end)
    indent = state.blkIndent
    if indent:
        # A line with less indent ends the item of the list, and the directive with it.
        lines = range(start + 1, last)
        outside = (n for n in lines if state.sCount[n] < indent and not state.isEmpty(n))
        if (first := next(outside, None)) is not None:
            return first, first
    return last, min(last + 1, end)


@lru_cache(maxsize=4)
def _directive_ends(source: str) -> dict[int, int]:
    """Return the line of the end of each directive that has one, by the line of its start.

    It reads the document once. A mark ends the last open directive with as many signs.
    """
    ends: dict[int, int] = {}
    waiting: list[tuple[str, int]] = []
    n_waiting: Counter[str] = Counter()
    fence = ""
    for number, line in enumerate(source.split("\n")):
        match = _MARKS.match(line)
        if match is None:
            continue
        mark, rest = match[1], match[2]
        if fence:
            is_end = mark[0] == fence[0] and len(mark) >= len(fence) and not rest
            fence = "" if is_end else fence
        elif rest and (rest.startswith("{") or mark[0] == ":"):
            waiting.append((mark, number))
            n_waiting[mark] += 1
        elif rest:
            fence = mark if "`" not in rest else ""
        elif n_waiting[mark]:
            begin = ""
            while begin != mark:
                begin, start = waiting.pop()
                n_waiting[begin] -= 1
            ends[start] = number
        elif waiting and waiting[-1][0][0] == mark[0] and len(waiting[-1][0]) < len(mark):
            begin, start = waiting.pop()
            n_waiting[begin] -= 1
            ends[start] = number
        elif mark[0] != ":":
            fence = mark
    return ends


def _behind_options(state: StateBlock, first: int, stop: int) -> int:
    """Return the first line of a directive's body behind its options."""
    if first < stop and text_of_line(state, first) == "---":
        lines = range(first + 1, stop)
        return next((line + 1 for line in lines if text_of_line(state, line) == "---"), first)
    while first < stop and _OPTION.match(text_of_line(state, first)):
        first += 1
    return first


def _myst_line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Pass over a line that is a target, a comment, a break between blocks or a setting."""
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    if text[:1] not in {"(", "%", "+", ":"}:
        return False
    is_mark = (
        _TARGET.match(text) is not None
        or _BREAK.match(text) is not None
        or (_PAGE_FIELD.match(text) is not None and state.level == 0)
        or (text.startswith("%") and _is_myst(state.src))
    )
    if is_mark and not silent:
        state.line = start + 1
    return is_mark


@lru_cache(maxsize=4)
def _is_myst(source: str) -> bool:
    return _SIGNS.search(source) is not None


def _role(state: StateInline, silent: bool) -> bool:
    """Show the text of a role."""
    if state.src[state.pos] != "{":
        return False
    match = _ROLE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    end = state.src.find(match[2], match.end(), state.posMax)
    if end < 0:
        return False
    name = match[1].lower()
    text = " ".join(state.src[match.end() : end].split())
    targeted = _TARGETED.match(text)
    shown = targeted[1] if targeted is not None and targeted[1] else text.lstrip("~!")
    if not silent and not _SILENT_ROLES.match(name):
        is_code = _CODE_ROLES.match(name) is not None
        token = state.push("code_inline" if is_code else "text", "code" if is_code else "", 0)
        token.content = shown.replace("%s", "").strip() if name == "numref" else shown
    state.pos = end + len(match[2])
    return True
