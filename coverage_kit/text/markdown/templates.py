"""Rules for the tags of templates, which Hugo, Jekyll, Hexo, GitBook, VitePress and MyST have."""

import re
from collections.abc import Mapping
from functools import lru_cache
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
    text_of_line,
)
from coverage_kit.text.markdown.includes import push_include
from coverage_kit.text.markdown.labels import close_part, open_part
from coverage_kit.text.markdown.tag_words import (
    included_file,
    is_in_sentence,
    is_unknown,
    label_of_tag,
    labels_of_tabs,
    texts_around_body,
    texts_of_tag,
    words_of_tag,
)
from coverage_kit.text.markdown.tags import (
    CONTROL_TAGS,
    EXAMPLE,
    Position,
    Tag,
    TagLines,
    find_ends,
    find_tag_lines,
    read_tag,
    shown_example,
)
from coverage_kit.text.markdown.unknown import unknown_of
from coverage_kit.text.markdown.values import UNKNOWN

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
# A tab of Hexo's NexT in comments, with its label and icon, and a mark between columns of Hugo.
_TAB_COMMENT = re.compile(r"<!--\s*(?:(end)tab|tab\b([^@\n]{0,200})(?:@[^\n]{0,100})?)\s*+-->\Z")
_COLUMN = re.compile(r"<--->\s*(?:<!--[^\n]*-->)?\Z")
# No element of the inline text is looked for further away (assumed).
_MAX_INLINE = 5_000


def add_template_rules(parser: MarkdownIt) -> None:
    """Add the rules for tags of templates, in text, in lines of their own and in links."""
    parser.block.ruler.before("fence", "template", _template_block, INTERRUPTS)
    parser.block.ruler.before("fence", "tab_comment", _tab_comment, INTERRUPTS)
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
    above, below = texts_around_body(tag)
    _add_texts(state, above, line, line + 1)
    add_paragraph(state, words, line, line + 1)
    _add_texts(state, below, line, line + 1)
    close_part(state)
    opening.map = [line, line + 1]
    state.line = line + 1
    return True


def _add_texts(state: StateBlock, texts: list[str], start: int, end: int) -> None:
    """Add arguments of a tag, each as a paragraph."""
    for text in texts:
        add_paragraph(state, text, start, end, is_attribute=True)


def _label_of_part(state: StateBlock, tag: Tag) -> str:
    """Return the label of a part: that of its tag, or the next of the labels of the tabs."""
    label = label_of_tag(tag)
    tabs: list[str] = state.env.setdefault("tab labels", [])
    return tabs.pop(0) if not label and tag.name == "tab" and tabs else label


def _tab_comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a tab between two comments, or pass over the mark between two columns of Hugo Book."""
    if state.is_code_block(start):
        return False
    text = text_of_line(state, start)
    if _COLUMN.match(text) and "columns" in find_ends(state.src):
        state.line = start if silent else start + 1
        return True
    comment = _TAB_COMMENT.match(text) if text.startswith("<!--") else None
    last = _tab_ends(state.src).get(start, end) if comment is not None else end
    if comment is None or last >= end:
        return False
    if not silent:
        opening = open_part(state, (comment[2] or "").strip(), start)
        parse_lines(state, start + 1, last, state.blkIndent)
        close_part(state)
        opening.map = [start, last + 1]
        state.line = last + 1
    return True


@lru_cache(maxsize=4)
def _tab_ends(source: str) -> Mapping[int, int]:
    """Return the lines of the ends of tabs in comments, by the lines of their beginnings."""
    ends: dict[int, int] = {}
    waiting: list[int] = []
    for number, line in enumerate(source.split("\n")):
        bare = line.strip(" \t>") + ">" if "<!--" in line else ""
        comment = _TAB_COMMENT.match(bare)
        if comment is not None and not comment[1]:
            waiting.append(number)
        elif comment is not None and waiting:
            ends[waiting.pop()] = number
    return ends


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
        texts = texts_of_tag(tag)
        if target:
            push_include(self.state, target, start, end)
        elif len(texts) > 1 and tag.name != "figure":
            open_part(self.state, texts[0], start, end, is_attribute=True)
            _add_texts(self.state, texts[1:], start, end)
            close_part(self.state)
        elif texts:
            add_paragraph(self.state, words_of_tag(tag), start, end, is_attribute=True)
        elif tag.family == "hugo" or is_unknown(tag):
            unknown_of(self.state.env).add_component(self.state.src[tag.start : tag.end])

    def _add_part(self, tag: Tag, begin: Position, end: Position) -> None:
        state = self.state
        first = self.lines[begin[0]].last + 1
        body = range(first, end[0])
        if tag.is_hidden:
            return
        if tag.is_code:
            add_code(state, begin[0], self.lines[end[0]].last + 1, body)
            return
        if tag.name in {"raw", "verbatim"}:
            n_before = len(state.tokens)
            parse_lines(state, body.start, body.stop, state.blkIndent)
            raw: set[str] = state.env.setdefault("raw texts", set())
            raw |= {token.content for token in state.tokens[n_before:] if token.type == "inline"}
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
        above, below = texts_around_body(tag)
        _add_texts(state, above, begin[0], line.last + 1)
        self._read_between((begin[0], begin[1] + 1), end)
        _add_texts(state, below, begin[0], line.last + 1)
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
    example = EXAMPLE.match(state.src, start)
    if example is not None:
        return _show(state, shown_example(example), example.end(), silent)
    # A formula such as e^{{x}} holds no tag.
    tag = read_tag(state.src, start) if state.src[start - 1 : start] not in {"^", "_"} else None
    if tag is None or tag.end > state.posMax:
        return False
    source = state.src[tag.start : tag.end]
    if _is_within_raw(state):
        is_end = tag.is_end and tag.name == "raw"
        return _show(state, "" if is_end else source, tag.end, silent)
    last = _end_of_verbatim(state, tag)
    if last is not None and tag.is_hidden:
        return _show(state, "", last.end, silent)
    if last is not None:
        state.env["raw"] = (state.src, range(tag.end, last.start + 1))
    words = _inline_words(state, tag)
    if not silent and (tag.family == "output" or words == UNKNOWN):
        unknown_of(state.env).add_value(source)
    elif not silent and not words and _lacks_words(state, tag):
        unknown_of(state.env).add_component(source)
    return _show(state, words, tag.end, silent)


def _is_within_raw(state: StateInline) -> bool:
    """Return whether a position is between {% raw %} and its end, where other tags are text."""
    source, raw = state.env.get("raw", ("", range(0)))
    is_inside = source is state.src and state.pos in raw
    return is_inside or state.src in state.env.get("raw texts", ())


def _end_of_verbatim(state: StateInline, tag: Tag) -> Tag | None:
    """Return the end of a tag whose body is text as it is, or no text."""
    is_verbatim = tag.family == "liquid" and (tag.is_hidden or tag.name == "raw")
    if not is_verbatim or tag.is_end:
        return None
    closing = state.src.find(f"end{tag.name}", tag.end, tag.end + _MAX_INLINE)
    last = read_tag(state.src, state.src.rfind("{%", tag.end, closing)) if closing > 0 else None
    return last if last is not None and last.is_end and last.end <= state.posMax else None


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
    has_body = _has_body(state, tag)
    words = words_of_tag(tag) if not has_body or tag.named else ""
    is_hole = not words and not has_body and is_unknown(tag)
    return UNKNOWN if is_hole and is_in_sentence(state.src, tag.start, tag.end) else words


def _has_body(state: StateInline, tag: Tag) -> bool:
    """Return whether the page ends anywhere what a tag of this name begins."""
    return not tag.is_whole and tag.name in state.env.get("ends", {})


def _lacks_words(state: StateInline, tag: Tag) -> bool:
    """Return whether a tag without words is a component of the build, and not around words."""
    is_component = tag.family == "hugo" or is_unknown(tag)
    return is_component and not tag.is_end and not _has_body(state, tag)


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
    """Take {% raw %} out of code within text, and the signs of an example out of all code."""
    for token in state.tokens:
        if token.type in {"fence", "code_block"}:
            token.content = _show_examples(token.content)
        for child in token.children or ():
            if child.type == "code_inline":
                shown = _RAW.sub("", _show_examples(child.content))
                # Edits see that the file has another text.
                child.meta = {"is_tag": True} if shown != child.content else child.meta
                child.content = shown


def _show_examples(code: str) -> str:
    """Return code with {{< note >}} in place of {{</* note */>}}, as Hugo shows it."""
    return EXAMPLE.sub(shown_example, code) if "*/" in code else code


def _clean_html(state: StateCore) -> None:
    """Take the tags of templates, and attributes of kramdown, out of raw HTML."""
    state.env["ends"] = find_ends(state.src)
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
