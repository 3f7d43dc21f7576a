"""Rules for the tags of templates, which Hugo, Jekyll, Hexo, GitBook, VitePress and MyST have."""

import re
from types import ModuleType
from typing import Any

from markdown_it import MarkdownIt, helpers
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from coverage_kit.text.markdown.bodies import (
    INTERRUPTS,
    add_code,
    add_paragraph,
    least_indent,
    parse_lines,
)
from coverage_kit.text.markdown.includes import push_include
from coverage_kit.text.markdown.labels import close_part, open_part
from coverage_kit.text.markdown.tag_words import (
    included_file,
    label_of_tag,
    labels_of_tabs,
    words_of_tag,
)
from coverage_kit.text.markdown.tags import (
    CONTROL_TAGS,
    Position,
    Tag,
    TagLines,
    find_tag_lines,
    read_tag,
)
from coverage_kit.text.markdown.unknown import unknown_of
from coverage_kit.text.markdown.values import UNKNOWN

# An example of a shortcode that Hugo shows as text: {{</* ref */>}}.
_EXAMPLE = re.compile(r"\{\{([<%])/\*(.{0,500}?)\*/([>%])\}\}", re.DOTALL)
# A link alone, whose text may be the name of a file.
_LINK = re.compile(r"\[([^\]\n]*)\]\(<?([^()\n]*?)>?\)\Z")
# Tags in raw HTML, besides code.
_HTML_CODE = re.compile(r"<(?:pre|code|script|style)\b", re.IGNORECASE)
# Lines of attributes in HTML, with the item above {:toc}.
_CONTENTS = re.compile(
    r"^(?:[ \t]*(?:[-*+]|\d{1,9}\.)[ \t]+[^\n]{1,40}\n(?=[ \t]*\{:toc))?[ \t]*\{:[^{}\n]*\}[ \t]*$",
    re.M,
)
_BADGE = re.compile(r"<Badge\b[^<>]{0,300}?\stext=[\"']([^\"'<>]{1,100})[\"'][^<>]{0,300}/>")
_RAW = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
# No element of the inline text is looked for further away (assumed).
_MAX_INLINE = 5_000


def add_template_rules(parser: MarkdownIt) -> None:
    """Add the rules for tags of templates, in text, in lines of their own and in links."""
    parser.block.ruler.before("fence", "template", _template_block, INTERRUPTS)
    parser.inline.ruler.before("escape", "template", _template_inline)
    parser.inline.ruler.before("html_inline", "badge", _badge)
    parser.core.ruler.after("block", "template", _clean_html)
    parser.core.ruler.after("inline", "raw_code", _clean_code)
    parser.helpers = ModuleType("helpers")
    vars(parser.helpers).update(vars(helpers), parseLinkDestination=_read_target)


def _read_target(string: str, pos: int, maximum: int) -> Any:
    """Return the target of a link, in which tags may hold spaces; the tags are left out of it."""
    texts = []
    start = pos
    while (tag := _tag_before(string, pos, maximum)) is not None:
        texts.append(string[pos : tag.start])
        pos = tag.end
    target = helpers.parseLinkDestination(string, pos, maximum)
    if pos > start:
        target.str = "".join([*texts, target.str])
        target.pos = max(target.pos, pos)
        target.ok = True
    return target


def _tag_before(string: str, pos: int, maximum: int) -> Tag | None:
    """Return the tag at a position, or behind characters of a link's target."""
    while pos < maximum and string[pos] not in " \n()<>":
        if string.startswith(("{{", "{%"), pos):
            return read_tag(string, pos)
        pos += 1
    return None


def _template_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start) or state.src[state.bMarks[start] + state.tShift[start]] != "{":
        return False
    tag_lines = find_tag_lines(state.src)
    line = tag_lines.lines.get(start)
    if line is None or line.last >= end:
        return _part_in_line(state, start, silent)
    if not silent:
        _TagReader(state, tag_lines).read_line(start, end)
    return True


def _part_in_line(state: StateBlock, line: int, silent: bool) -> bool:
    """Read a tag, words and the tag's end on one line, where the tag has a label."""
    begin = state.bMarks[line] + state.tShift[line]
    text = state.src[begin : state.eMarks[line]].rstrip()
    tag = read_tag(text, 0) if text.endswith(("}}", "%}")) else None
    if tag is None or tag.is_end or tag.family not in {"hugo", "liquid"}:
        return False
    start = text.rfind("{{" if tag.family == "hugo" else "{%", tag.end)
    last = read_tag(text, start) if start >= 0 else None
    if last is None or not last.is_end or last.key != tag.key or last.end != len(text):
        return False
    label = _label_of_part(state, tag)
    words = text[tag.end : start].strip()
    if silent or not label or not words:
        return bool(label and words)
    opening = open_part(state, label, line, is_attribute=True)
    add_paragraph(state, words, line, line + 1)
    close_part(state)
    opening.map = [line, line + 1]
    state.line = line + 1
    return True


def _label_of_part(state: StateBlock, tag: Tag) -> str:
    """Return the label of a part: that of its tag, or the next of the labels of the tabs."""
    label = label_of_tag(tag)
    tabs: list[str] = state.env.setdefault("tab labels", [])
    return tabs.pop(0) if not label and tag.name == "tab" and tabs else label


class _TagReader:
    """Turns lines of tags, and what is between a tag and its end, into tokens."""

    def __init__(self, state: StateBlock, tag_lines: TagLines) -> None:
        self.state = state
        self.lines = tag_lines.lines
        self.ends = tag_lines.ends

    def read_line(self, start: int, end: int) -> None:
        """Read the tags of a line, with all lines up to the ends of what they begin."""
        position = (start, 0)
        while position[1] < len(self.lines[position[0]].tags):
            position = self._read_tag(position, (end, 0))
        self.state.line = self.lines[position[0]].last + 1

    def _read_between(self, position: Position, stop: Position) -> None:
        """Read what is between two tags."""
        while position < stop:
            number, index = position
            line = self.lines[number]
            if index < len(line.tags):
                position = self._read_tag(position, stop)
            else:
                first = line.last + 1
                indent = least_indent(self.state, first, stop[0])
                parse_lines(self.state, first, stop[0], indent)
                position = (stop[0], 0)

    def _read_tag(self, position: Position, stop: Position) -> Position:
        """Read one tag, up to its end where it has one; return what is next."""
        number, index = position
        line = self.lines[number]
        tag = line.tags[index]
        last = self.ends.get(position)
        if last is None or last > stop:
            self._add_single(tag, number, line.last + 1)
            return number, index + 1
        self._add_part(tag, position, last)
        return last[0], last[1] + 1

    def _add_single(self, tag: Tag, start: int, end: int) -> None:
        if tag.family == "output":
            unknown_of(self.state.env).add_value(self.state.src[tag.start : tag.end])
        if tag.is_end or tag.family in {"output", "comment"}:
            return
        target = included_file(tag)
        words = words_of_tag(tag)
        if target:
            push_include(self.state, target, start, end)
        elif words:
            add_paragraph(self.state, words, start, end, is_attribute=True)
        elif tag.family == "hugo":
            unknown_of(self.state.env).add_component(self.state.src[tag.start : tag.end])

    def _add_part(self, tag: Tag, begin: Position, end: Position) -> None:
        state = self.state
        first = self.lines[begin[0]].last + 1
        body = range(first, end[0])
        if tag.name == "comment":
            return
        if tag.is_code:
            add_code(state, begin[0], self.lines[end[0]].last + 1, body)
            return
        if tag.name in {"raw", "verbatim"}:
            parse_lines(state, body.start, body.stop, state.blkIndent)
            return
        text = state.src[tag.end : state.bMarks[end[0]]].strip(" \t\n>")
        if tag.name == "content-ref" and _is_file_link(text):
            return
        if tag.name in CONTROL_TAGS:
            self._read_between((begin[0], begin[1] + 1), end)
            return
        tabs: list[str] = state.env.setdefault("tab labels", [])
        tabs[:0] = labels_of_tabs(tag)
        line = self.lines[begin[0]]
        label = _label_of_part(state, tag)
        opening = open_part(state, label, begin[0], line.last + 1, is_attribute=True)
        self._read_between((begin[0], begin[1] + 1), end)
        close_part(state)
        opening.map = [begin[0], self.lines[end[0]].last + 1]


def _is_file_link(text: str) -> bool:
    """Return whether a text is a link that names a file, in whose place GitBook shows a title."""
    link = _LINK.match(text)
    name = link[1].strip().lower() if link is not None else " "
    return link is not None and (
        name.endswith(".md") or (" " not in name and name in link[2].lower())
    )


def _template_inline(state: StateInline, silent: bool) -> bool:
    start = state.pos
    if state.src[start] != "{" or state.src[start : start + 2] not in {"{{", "{%", "{#"}:
        return False
    example = _EXAMPLE.match(state.src, start)
    if example is not None:
        shown = f"{{{{{example[1]}{example[2]}{example[3]}}}}}"
        return _show(state, shown, example.end(), silent)
    # A formula such as e^{{x}} holds no tag.
    tag = read_tag(state.src, start) if state.src[start - 1 : start] not in {"^", "_"} else None
    if tag is None or tag.end > state.posMax:
        return False
    if tag.family == "liquid" and tag.name in {"raw", "comment"} and not tag.is_end:
        closing = state.src.find(f"end{tag.name}", tag.end, tag.end + _MAX_INLINE)
        last = read_tag(state.src, state.src.rfind("{%", tag.end, closing)) if closing > 0 else None
        if last is not None and last.is_end and last.end <= state.posMax:
            body = state.src[tag.end : last.start] if tag.name == "raw" else ""
            # Code within it stays code: only the tags around it go.
            end = last.end if "`" not in body else tag.end
            return _show(state, body if end == last.end else "", end, silent)
    words = _inline_words(state, tag)
    if not silent and tag.family == "output":
        unknown_of(state.env).add_value(state.src[tag.start : tag.end])
    elif not silent and tag.family == "hugo" and not (tag.is_end or words):
        unknown_of(state.env).add_component(state.src[tag.start : tag.end])
    return _show(state, words, tag.end, silent)


def _inline_words(state: StateInline, tag: Tag) -> str:
    if tag.family == "output" and not tag.is_end:
        # A value that only the build knows leaves a mark, unless nothing is beside it.
        return UNKNOWN if state.src.strip() != state.src[state.pos : tag.end] else ""
    if tag.is_end or tag.family == "comment":
        return ""
    label = label_of_tag(tag)
    if label and not tag.is_whole:
        closing = f"end{tag.name}" if tag.family == "liquid" else f"/{tag.name}"
        if closing in state.src[tag.end : tag.end + _MAX_INLINE].lower():
            return f"{label}: "
    return words_of_tag(tag)


def _show(state: StateInline, text: str, end: int, silent: bool) -> bool:
    """Show plain text in place of what ends at a position; edits see that it is another text."""
    if not silent:
        state.push("html_inline", "", 0).meta = {"is_tag": True}
        if text:
            state.push("text", "", 0).content = text
    state.pos = end
    return True


def _badge(state: StateInline, silent: bool) -> bool:
    """Show the text of VitePress' badge: <Badge type="tip" text="^1.9.0" />."""
    if not state.src.startswith("<Badge", state.pos):
        return False
    match = _BADGE.match(state.src, state.pos, state.posMax)
    return match is not None and _show(state, match[1], match.end(), silent)


def _clean_code(state: StateCore) -> None:
    """Take {% raw %} out of code within text, which shows what is between the tags."""
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "code_inline" and "endraw" in child.content:
                child.content = _RAW.sub("", child.content)


def _clean_html(state: StateCore) -> None:
    """Take the tags of templates, and attributes of kramdown, out of raw HTML."""
    for token in state.tokens:
        if token.type == "html_block" and "{" in token.content:
            content = _CONTENTS.sub("", token.content) if "{:" in token.content else token.content
            token.content = _without_tags(content)


def _without_tags(text: str) -> str:
    if _HTML_CODE.search(text):
        return text
    pieces = []
    position = 0
    while (start := text.find("{", position)) >= 0:
        is_tag = text.startswith(("{{", "{%", "{#"), start)
        tag = read_tag(text, start) if is_tag else None
        end = tag.end if tag is not None else start + 1
        pieces += [text[position:start], "" if tag is not None else "{"]
        position = end
    return "".join([*pieces, text[position:]])
