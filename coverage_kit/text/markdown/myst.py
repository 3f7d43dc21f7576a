"""Marks of MyST, the Markdown of Sphinx and Jupyter Book: directives, roles, targets, comments."""

import csv
import re
from collections import Counter
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

from coverage_kit.text.markdown.bodies import (
    INTERRUPTS,
    add_code,
    add_paragraph,
    end_of_indented,
    least_indent,
    parse_lines,
    parse_part,
    text_of_line,
)
from coverage_kit.text.markdown.includes import push_include
from coverage_kit.text.markdown.labels import close_part, open_part, push_words
from coverage_kit.text.markdown.unknown import unknown_of
from coverage_kit.text.markdown.values import UNKNOWN

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
# Directives of cards, whose lines "^^^" and "+++" part header, body and footer.
_CARDS = frozenset(["card", "grid-item-card", "cards", "card-carousel", "panels"])
_CARD_LINE = re.compile(r"(?:\^{3,}|\+{3,})\Z")
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
# Roles that show no words of the text: icons, entries of an index.
_SILENT_ROLES = re.compile(
    r"(?:octicon|fa[srb]?|material-\w+|index|raw|icon|far|fab|bdg-ref-\w+)\Z"
)
# Roles that show what only the build knows: the title, the number or the value of a target.
_LINK_ROLES = re.compile(r"(?:[\w.+-]+:)?(?:ref|doc|numref|any|eq)\Z")
_VALUE_ROLES = re.compile(r"(?:(?:foot)?cite(?:[:.].*|[a-z]{0,10})|eval|glue(?::.*)?|sub-ref)\Z")
_CITATIONS = ("cite", "footcite")
# The number in the text of a role: {numref}`Fig. %s <pond>`.
_NUMBER = re.compile(r"%s|\{(?:number|name)\}")
# A link without words, in whose place MyST shows the title of its target: [](#pond), [](a.md).
_EMPTY_LINK = re.compile(
    r"\[\]\(<?(?:#|(?:project|path|inv|myst|doi):|[^()<>\s:]{1,200}\.(?:md|rst|ipynb)\b)"
    r"[^()<>\n]{0,200}>?\)"
)
# The same as an address: <project:#pond>, <path:a.txt>.
_ADDRESS = re.compile(r"<(?:project|path|inv|myst):[^<>\s]{0,200}[#./][^<>\s]{0,200}>")
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
# A field of a list of fields: :param a: The name.
_FIELD = re.compile(r":([A-Za-z][^:\n`\\]{0,100}):(?:[ \t]+(\S.*))?\Z")
# Fields of functions, of which a list may be on any page; a name such as :tada: may be an emoji.
_KNOWN_FIELD = re.compile(
    r"(?:(?:param|parameter|arg|argument|key|keyword|kwarg|type|raises?|except|exception|var|ivar"
    r"|cvar|vartype)[ ]\S|(?:returns?|rtype|yields?|ytype)\Z)"
)
# A number of rows in the head of a table (assumed: no head has more).
_FEW = re.compile(r"[0-9]{1,2}\Z")
# An option of a table, which may be a line of YAML: header: A, B.
_TABLE_OPTION = re.compile(r":?([A-Za-z][\w-]*):(?:\s+(.*)|\Z)")
# What parts the cells of a table by its option :delim:.
_DELIMITERS = {"tab": "\t", "space": " "}
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
    ruler.before("fence", "myst_fields", _fields, INTERRUPTS)
    parser.inline.ruler.before("escape", "myst_role", _role)
    parser.inline.ruler.before("link", "myst_empty_link", _empty_link)
    parser.inline.ruler.before("autolink", "myst_address", _empty_link)


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
    if not is_text and name not in _DROPPED | _CODES | {"include", "csv-table"}:
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
        _add_part(state, name, label, (start, following), range(first, stop))
    state.line = following
    return True


def _add_part(state: StateBlock, name: str, label: str, part: tuple[int, int], body: range) -> None:
    """Add the words of a directive under its label."""
    indent = least_indent(state, body.start, body.stop)
    if name in _CARDS:
        state.env["open cards"] = state.env.get("open cards", 0) + 1
        parse_part(state, label, part, body, indent)
        state.env["open cards"] -= 1
    elif name == "csv-table":
        opening = open_part(state, label, part[0])
        _add_table(state, range(part[0] + 1, body.start), body)
        close_part(state)
        opening.map = list(part)
    elif name == "glossary" and _has_indented_text(state, body, indent):
        _add_terms(state, body, indent)
    else:
        parse_part(state, label, part, body, indent)


def _add_table(state: StateBlock, options: range, body: range) -> None:
    """Add the table of a directive whose lines are values between commas."""
    named = {
        match[1]: (line, match[2] or "")
        for line in options
        if (match := _TABLE_OPTION.match(text_of_line(state, line)))
    }
    for name in ("file", "url"):
        if name in named:
            unknown_of(state.env).add_value(f"csv-table {named[name][1]}")
    sign = named.get("delim", (0, ","))[1].strip(' "')
    delimiter = _DELIMITERS.get(sign, sign[:1] or ",")
    state.push("table_open", "table", 1).map = [options.start - 1, max(body.stop, options.stop)]
    if "header" in named:
        line, header = named["header"]
        for cells, _ in _read_rows([header], delimiter):
            _add_row(state, cells, (line, line + 1), "th")
    text = state.getLines(body.start, body.stop, state.blkIndent, False)
    lines = [f"{line}\n" for line in text.split("\n")]
    n_rows = named.get("header-rows", (0, ""))[1].strip()
    n_heads = int(n_rows) if _FEW.match(n_rows) else 0
    for index, (cells, (first, last)) in enumerate(_read_rows(lines, delimiter)):
        kind = "th" if index < n_heads else "td"
        _add_row(state, cells, (body.start + first, body.start + last), kind)
    state.push("table_close", "table", -1)


def _read_rows(lines: list[str], delimiter: str) -> list[tuple[list[str], tuple[int, int]]]:
    """Return the rows of a table, and of each its first line and the line behind it."""
    rows = []
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != " ")
    first = 0
    try:
        for cells in reader:
            if any(cells):
                rows.append((cells, (first, reader.line_num)))
            first = reader.line_num
    except csv.Error:
        # A value of more than 131,072 characters is none.
        return rows
    return rows


def _add_row(state: StateBlock, cells: list[str], lines: tuple[int, int], tag: str) -> None:
    state.push("tr_open", "tr", 1).map = list(lines)
    for cell in cells:
        state.push(f"{tag}_open", tag, 1)
        push_words(state, cell.strip(), lines)
        state.push(f"{tag}_close", tag, -1)
    state.push("tr_close", "tr", -1)


def _has_indented_text(state: StateBlock, body: range, indent: int) -> bool:
    """Return whether definitions are lines with more indent than their terms."""
    lines = [line for line in body if state.sCount[line] == indent and not state.isEmpty(line)]
    if any(text_of_line(state, line).startswith(("- ", "* ")) for line in lines):
        return False
    return any(
        not text_of_line(state, line).startswith(": ")
        and line + 1 in body
        and state.sCount[line + 1] > indent
        and not state.isEmpty(line + 1)
        and not text_of_line(state, line + 1).startswith(": ")
        for line in lines
    )


def _add_terms(state: StateBlock, body: range, indent: int) -> None:
    """Add terms, and the indented lines below them as their definitions."""
    state.push("dl_open", "dl", 1).map = [body.start, body.stop]
    line = body.start
    while line < body.stop:
        if state.isEmpty(line):
            line += 1
        elif state.sCount[line] <= indent and not text_of_line(state, line).startswith(": "):
            _add_term(state, text_of_line(state, line), line)
            line += 1
        else:
            line = _add_definition(state, line, body.stop, indent)
    state.push("dl_close", "dl", -1)


def _add_definition(state: StateBlock, start: int, end: int, indent: int) -> int:
    """Add indented lines, perhaps behind a line with a colon, and return the line behind them."""
    is_marked = state.sCount[start] <= indent
    first = _end_of_field(state, start, end) if is_marked else start
    stop = end_of_indented(state, first, end, indent + 1)
    state.push("dd_open", "dd", 1).map = [start, stop]
    if is_marked:
        lines = [text_of_line(state, line) for line in range(start, first)]
        add_paragraph(state, "\n".join(lines)[1:].strip(), start, first)
    parse_lines(state, first, stop, least_indent(state, first, stop))
    state.push("dd_close", "dd", -1)
    return stop


def _add_term(state: StateBlock, text: str, line: int) -> None:
    state.push("dt_open", "dt", 1).map = [line, line + 1]
    push_words(state, text, (line, line + 1))
    state.push("dt_close", "dt", -1)


def _fields(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a list of fields as terms with their definitions."""
    if state.is_code_block(start):
        return False
    match = _read_field(state, start)
    if match is None:
        return False
    if silent:
        return True
    opening = state.push("dl_open", "dl", 1)
    line = start
    while line < end and match is not None:
        stop = _end_of_field(state, line, end)
        _add_term(state, match[1], line)
        if stop > line + 1 or match[2]:
            texts = [match[2] or "", *(text_of_line(state, n) for n in range(line + 1, stop))]
            state.push("dd_open", "dd", 1).map = [line, stop]
            add_paragraph(state, "\n".join(texts).strip(), line, stop)
            state.push("dd_close", "dd", -1)
        line = stop
        match = _read_field(state, line) if line < end else None
    state.push("dl_close", "dl", -1)
    opening.map = [start, line]
    state.line = line
    return True


def _read_field(state: StateBlock, line: int) -> re.Match[str] | None:
    """Return the field that starts on a line: its name and its first words."""
    match = _match_field(state, line)
    if match is None or _KNOWN_FIELD.match(match[1]):
        return match
    # Elsewhere, or alone, it may be an emoji.
    is_listed = any(
        _match_field(state, other) for other in (line - 1, line + 1) if 0 <= other < state.lineMax
    )
    is_field = is_listed and match[2] and state.level == 0 and _is_myst(state.src)
    return match if is_field and " " not in match[1] else None


def _match_field(state: StateBlock, line: int) -> re.Match[str] | None:
    text = text_of_line(state, line)
    return _FIELD.match(text) if text.startswith(":") else None


def _end_of_field(state: StateBlock, start: int, end: int) -> int:
    """Return the line behind the lines that go on with a field: they have more indent."""
    line = start + 1
    while line < end and not state.isEmpty(line) and state.sCount[line] > state.sCount[start]:
        line += 1
    return line


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
    if text[:1] not in {"(", "%", "+", ":", "^"}:
        return False
    is_mark = (
        _TARGET.match(text) is not None
        or _BREAK.match(text) is not None
        or (_CARD_LINE.match(text) is not None and state.env.get("open cards", 0) > 0)
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
    if not silent:
        source = state.src[state.pos : end + len(match[2])]
        _show_role(state, match[1].lower(), " ".join(state.src[match.end() : end].split()), source)
    state.pos = end + len(match[2])
    return True


def _show_role(state: StateInline, name: str, text: str, source: str) -> None:
    if _SILENT_ROLES.match(name):
        return
    targeted = _TARGETED.match(text) if name != "math" else None
    words = targeted[1] if targeted is not None else ""
    if _VALUE_ROLES.match(name) or (_LINK_ROLES.match(name) and not words):
        _show_unknown(state, source, is_mark=name.startswith(_CITATIONS))
        return
    shown = words or text.lstrip("~!")
    if name == "numref" and _NUMBER.search(shown):
        unknown_of(state.env).add_value(source)
        shown = _NUMBER.sub(UNKNOWN, shown)
    is_code = _CODE_ROLES.match(name) is not None
    token = state.push("code_inline" if is_code else "text", "code" if is_code else "", 0)
    token.content = shown


def _show_unknown(state: StateInline, source: str, *, is_mark: bool = False) -> None:
    """Count what only the build knows, and show a sign of it where text is beside it.

    Args:
        state: the state of the inline rule, at the start of the source.
        source: the source of what is not known.
        is_mark: whether it is a mark like that of a footnote where it follows a word without space.
    """
    unknown_of(state.env).add_value(source)
    state.push("html_inline", "", 0).meta = {"is_tag": True}
    is_behind_word = state.src[state.pos - 1 : state.pos].strip(" \n([") != ""
    if state.src.strip() != source and not (is_mark and is_behind_word):
        state.push("text", "", 0).content = UNKNOWN


def _empty_link(state: StateInline, silent: bool) -> bool:
    """Show the sign of an unknown title for a link or an address without words of its own."""
    pattern = {"[": _EMPTY_LINK, "<": _ADDRESS}.get(state.src[state.pos])
    match = pattern.match(state.src, state.pos, state.posMax) if pattern is not None else None
    if match is None:
        return False
    if not silent:
        _show_unknown(state, match[0])
    state.pos = match.end()
    return True
