"""Marks of MkDocs with Material, PyMdown and mkdocstrings: admonitions, tabs, and others."""

import re
from bisect import bisect_left
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore

from coverage_kit.text.markdown.bodies import (
    INTERRUPTS,
    end_of_indented,
    parse_part,
    text_of_line,
)
from coverage_kit.text.markdown.includes import push_include
from coverage_kit.text.markdown.unknown import unknown_of

# An admonition or a fold: !!! note "Title", ??? question "Title", ???+ tip.
_ADMONITION = re.compile(
    r"(?:!!!|\?\?\?\+?)[ \t]*([A-Za-z][\w-]*(?:[ \t]+[\w-]+)*)?(?:[ \t]*\"(.*)\")?\Z"
)
# A tab: === "Linux", ===! "Linux", ===+ "Linux".
_TAB = re.compile(r"===[+!]{0,2}[ \t]+(?:\"(.*)\"|'(.*)')\Z")
# Kinds of admonitions, of which the mark may be without a body and a title.
_KINDS = frozenset(
    [
        "note",
        "abstract",
        "info",
        "tip",
        "success",
        "question",
        "warning",
        "failure",
        "danger",
        "bug",
        "example",
        "quote",
        "summary",
        "tldr",
        "todo",
        "hint",
        "important",
        "check",
        "done",
        "help",
        "faq",
        "caution",
        "attention",
        "fail",
        "missing",
        "error",
        "snippet",
        "cite",
        "seealso",
    ]
)
# A snippet of another file: --8<-- "file.md", or the file's names between two marks.
_SNIPPET = re.compile(r"-+8<-+(?:[ \t]+(?:\"(.+)\"|'(.+)'|(\[.*\])))?\Z")
_SECTION = re.compile(r"(?<=[\w.]):[\w:,-]+\Z")
# So many names of files are looked for between two marks of a snippet (assumed).
_MAX_FILES = 50
# A generic block: /// kind | Title, up to a line of as many slashes.
_BLOCK = re.compile(r"(/{3,})[ \t]*([A-Za-z][\w-]*)[ \t]*(?:\|[ \t]*(.*))?\Z")
_BLOCK_END = re.compile(r"^[ \t]*(/{3,})[ \t]*$", re.MULTILINE)
_UNLABELLED_BLOCKS = frozenset({"html", "define", "define-block", "caption", "figure-caption"})
# An element of HTML whose content is Markdown: <div class="grid" markdown>.
_MARKDOWN_HTML = re.compile(
    r"<[A-Za-z][\w-]*(?=[^<>]*\smarkdown(?:=[\"']?(?:1|block|span)[\"']?)?[\s>])[^<>]*>\Z"
)
# The words of an object of code, which mkdocstrings shows: ::: package.Class, ## ::: package.
_OBJECT = re.compile(r"(?:#{1,6}[ \t]*)?:::[ \t]*([A-Za-z_][\w./:-]*)\Z")
_DOTTED = re.compile(r"[A-Za-z_][\w-]*(?:(?:\.|::?|/)[\w-]+)+\Z")
# A name without a dot is an object where settings of mkdocstrings are below it.
_OBJECT_SETTING = re.compile(r"(?:handler|options|selection|rendering|inventories):")
# The language of code within a line: `#!python range()`, `:::js var x`.
_LANGUAGE = re.compile(r"(#!|:::)([A-Za-z][\w#.+-]*)[ ]+(?=\S)")
# Names behind ":::" that begin a part in other generators, of which a page may speak.
_PARTS = frozenset(
    {"card", "cards", "center", "code-group", "column", "columns", "details", "raw", "steps", "tab"}
    | {"tabs", "v-pre"}
)


def add_mkdocs_rules(parser: MarkdownIt) -> None:
    """Add the marks of MkDocs to a parser."""
    ruler = parser.block.ruler
    ruler.before("directive", "mkdocs_object", _object, INTERRUPTS)
    ruler.before("fence", "mkdocs_admonition", _admonition, INTERRUPTS)
    ruler.before("fence", "mkdocs_snippet", _snippet, INTERRUPTS)
    ruler.before("fence", "mkdocs_block", _slashed_block, INTERRUPTS)
    ruler.before("html_block", "markdown_html", _markdown_html, INTERRUPTS)
    parser.core.ruler.after("inline", "code_language", _drop_languages)


def _object(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Count an object of code, whose words mkdocstrings reads from the code, with its settings."""
    if state.is_code_block(start) or state.src[state.bMarks[start] + state.tShift[start]] not in (
        "#:"
    ):
        return False
    text = text_of_line(state, start)
    match = _OBJECT.match(text)
    if match is None:
        return False
    indent = state.sCount[start] + 4
    stop = start + 1
    while stop < end and not state.isEmpty(stop) and state.sCount[stop] >= indent:
        stop += 1
    has_settings = stop > start + 1 and _OBJECT_SETTING.match(text_of_line(state, start + 1))
    if not (has_settings or _DOTTED.match(match[1])):
        return False
    if not silent:
        unknown_of(state.env).add_value(text)
        state.line = stop
    return True


def _drop_languages(state: StateCore) -> None:
    """Take the name of its language out of code within a line."""
    for token in state.tokens:
        for child in token.children or ():
            match = _LANGUAGE.match(child.content) if child.type == "code_inline" else None
            is_part = match is not None and match[1] == ":::" and match[2] in _KINDS | _PARTS
            if match is not None and not is_part:
                child.content = child.content[match.end() :]


def _admonition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    if not text.startswith(("!!!", "???", "===")):
        return False
    tab = _TAB.match(text)
    admonition = _ADMONITION.match(text) if tab is None else None
    if tab is None and (admonition is None or not (admonition[1] or admonition[2])):
        return False
    label = (tab[1] or tab[2]) if tab is not None else admonition and admonition[2]
    indent = state.sCount[start] + 4
    stop = end_of_indented(state, start + 1, end, indent)
    if stop == start + 1 and not label and not _is_kind(admonition):
        return False
    if not silent:
        parse_part(state, label or "", (start, stop), range(start + 1, stop), indent)
    return True


def _is_kind(admonition: re.Match[str] | None) -> bool:
    return admonition is not None and admonition[1] is not None and admonition[1].lower() in _KINDS


def _snippet(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    match = _SNIPPET.match(text) if text.startswith("-") else None
    if match is None:
        return False
    if silent:
        return True
    targets = [target for target in (match[1], match[2]) if target]
    last = start
    if not targets and not match[3]:
        last, targets = _listed_files(state, start, end)
    for target in targets:
        push_include(state, _SECTION.sub("", target), start, last + 1)
    state.line = last + 1
    return True


def _listed_files(state: StateBlock, start: int, end: int) -> tuple[int, list[str]]:
    """Return the last line of a snippet in several lines, and the files that it names."""
    names: list[str] = []
    for line in range(start + 1, min(end, start + _MAX_FILES)):
        text = text_of_line(state, line)
        if _SNIPPET.match(text):
            # A name behind ";" is switched off.
            return line, [name for name in names if name and not name.startswith(";")]
        names.append(text)
    return start, []


def _slashed_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    match = _BLOCK.match(text) if text.startswith("///") else None
    if match is None:
        return False
    ends = _block_ends(state.src).get(len(match[1]), [])
    index = bisect_left(ends, start + 1)
    if index == len(ends) or ends[index] >= end:
        return False
    if silent:
        return True
    stop = ends[index]
    # Options are indented lines under the mark.
    first = start + 1
    while first < stop and not state.isEmpty(first) and state.sCount[first] > state.sCount[start]:
        first += 1
    label = "" if match[2] in _UNLABELLED_BLOCKS else match[3] or ""
    part = (start, min(stop + 1, end))
    parse_part(state, label.strip(), part, range(first, stop), state.sCount[start])
    state.line = stop + 1
    return True


@lru_cache(maxsize=4)
def _block_ends(source: str) -> dict[int, list[int]]:
    """Return the numbers of the lines of slashes alone, by the number of slashes."""
    ends: dict[int, list[int]] = {}
    line = 0
    position = 0
    for match in _BLOCK_END.finditer(source):
        line += source.count("\n", position, match.start(1))
        position = match.start(1)
        ends.setdefault(len(match[1]), []).append(line)
    return ends


def _markdown_html(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read the start tag of an element as a line of its own, so that Markdown follows."""
    if state.is_code_block(start) or state.src[state.bMarks[start] + state.tShift[start]] != "<":
        return False
    text = text_of_line(state, start)
    if not _MARKDOWN_HTML.match(text):
        return False
    if not silent:
        token = state.push("html_block", "", 0)
        token.content = f"{text}\n"
        token.map = [start, start + 1]
        state.line = start + 1
    return True
