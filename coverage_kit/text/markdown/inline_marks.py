"""Inline marks of MkDocs, kramdown, Hexo and MyST that are no words: they go, their words stay.

Formulas stay as they are: what looks like a mark in them is none.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter

from coverage_kit.text.markdown.bodies import INTERRUPTS, add_paragraph

# One attribute: .class, #id, :key, key="value" or key=value.
_ATTRIBUTE = (
    r"(?:[.#][\w:.-]+|[\w:.@-]+=(?:\"[^\"{}\n]*\"|'[^'{}\n]*'|[^\s\"'{}=]+)|:?[A-Za-z][\w-]*)"
)
# Attributes behind a word or on a line: {: .note }, {#id .class}, { width="300" }, {:toc}.
_COLON_LIST = re.compile(r"\{:(?!:|/)[^{}\n]{0,500}\}")
_LIST = re.compile(
    rf"\{{[ \t]*(?=[.#]|[\w:.@-]+=){_ATTRIBUTE}(?:[ \t]+{_ATTRIBUTE}){{0,20}}[ \t]*\}}"
)
_BARE_VALUE = re.compile(r"=[^\s\"']")
# What attributes without a sign may follow: the end of a link, of code or of an emphasis.
_MARK_ENDS = frozenset(")]`*_>:")
# Options of kramdown: {::options x="y" /}, {:/comment}.
_KRAMDOWN = re.compile(r"\{(?:::[a-z]|:/)[^{}\n]{0,500}\}")
# Keys: ++ctrl+alt+del++, ++"Save"++.
_KEYS = re.compile(
    r"\+\+((?:[A-Za-z0-9-]+|\"[^\"\n+]{1,40}\")(?:\+(?:[A-Za-z0-9-]+|\"[^\"\n+]{1,40}\"))*)\+\+"
)
# An icon or an emoji by its name: :material-clock:, :smile:, :+1:.
# A number is the name of three of them alone: :100:, :1234:, :-1:.
_EMOJI = re.compile(r":(?:(?=[\w+-]*[a-z+])[a-z0-9_+-]{2,80}|100|1234|-1):(?![\w:`])")
# Text above or below the line: 2^10^, H~2~O.
_SHIFTED = re.compile(r"(?:\^(\w{1,40})\^(?!\^))|(?:~(\w{1,40})~(?!~))")
# An edit in the text: {++added++}, {--removed--}, {~~old~>new~~}, {==marked==}, {>>note<<}.
_EDIT_SIGNS = {"{--": "--}", "{>>": "<<}", "{~~": "~~}", "{++": "++}", "{==": "==}"}
_MAX_EDIT = 2_000
# So many braces and dollars in a row are no markup (assumed); no rule tries each of them.
_SIGN_ROW = re.compile(r"[{$]{16,}+")
# A formula between dollars. Prices are none: "$5 and $6" has a space before its second sign, and
# "$5 or 6$" has a word between spaces. Code, links and tags are in no formula.
_DOLLARS = re.compile(
    r"\$\$(?:\\.|[^$\\]){1,4000}+\$\$"
    r"|\$(?![\s$]|[0-9][^$]{0,500}?\s[A-Za-z]{2,20}\s)"
    r"(?:\\.|\](?!\()|\{(?!\{\s)|[^$\\`\]{]){1,500}+(?<!\s)\$(?![\w${])",
    re.DOTALL,
)
# A formula between brackets: \\(x\\), \\[x\\], and the same with one backslash.
_OPENING = re.compile(r"(\\{1,2})([(\[])")
_BRACKETS = {"(": ")", "[": "]"}
# With one backslash it may be an escaped bracket: only a formula has commands or indices.
_LATEX = re.compile(r"\\[A-Za-z]{2}|[_^]\{")
# The marks of a formula in lines of its own, by their starts, and the label that may follow.
_FORMULA_ENDS = {"$$": "$$", "\\\\[": "\\\\]", "\\[": "\\]"}
_FORMULA_LABEL = re.compile(r"[ \t]*(?:\([^()\n]{1,200}\))?[ \t]*\Z")
# No name of an object is longer (assumed).
_MAX_NAME = 300
# A formula is no longer than this (assumed).
_MAX_FORMULA = 4_000
# Words in brackets, which may hold links, before attributes or the name of an object.
_SPAN = re.compile(r"\[(?!\^)((?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}+\]){1,500}+)\](?=[{\[])", re.DOTALL)
# The name of an object in Python, to which MkDocs' autorefs link: a.b.C, or a name in backticks.
_OBJECT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|`[^`\n]+`")
_KEY_NAMES = {"ctrl": "Ctrl", "cmd": "Cmd", "esc": "Esc", "del": "Del", "ins": "Ins"}


def add_inline_marks(parser: MarkdownIt) -> None:
    """Add the inline marks to a parser."""
    ruler = parser.inline.ruler
    ruler.before("text", "sign_row", _sign_row)
    ruler.before("escape", "formula", _formula)
    ruler.before("escape", "attributes", _attributes)
    ruler.before("escape", "edit", _edit)
    ruler.before("escape", "keys", _keys)
    ruler.before("escape", "emoji", _emoji)
    ruler.before("strikethrough", "shifted", _shifted)
    ruler.before("emphasis", "double_mark", _double_mark)
    ruler.before("link", "bracketed_span", _bracketed_span)
    parser.block.ruler.before("table", "formula", _formula_lines, INTERRUPTS)
    parser.inline.ruler2.before("emphasis", "double_mark", _pair_double_marks)


def is_attribute_line(text: str) -> bool:
    """Return whether a line is attributes alone, such as '{: .note }'."""
    match = _COLON_LIST.match(text) or _LIST.match(text) or _KRAMDOWN.match(text)
    return match is not None and match.end() == len(text)


def _skip(state: StateInline, end: int, text: str, silent: bool) -> bool:
    """Show plain text, which may be empty, in place of what ends at a position."""
    if not silent and text:
        state.push("text", "", 0).content = text
    state.pos = end
    return True


def _sign_row(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "{$":
        return False
    row = _SIGN_ROW.match(state.src, state.pos, state.posMax)
    return row is not None and _skip(state, row.end(), row[0], silent)


def _formula(state: StateInline, silent: bool) -> bool:
    """Read a formula as its source, because its braces and underscores are no markup."""
    source, start = state.src, state.pos
    if source[start] == "$":
        formula = _DOLLARS.match(source, start, state.posMax)
        return formula is not None and _skip(state, formula.end(), formula[0], silent)
    opening = _OPENING.match(source, start, state.posMax)
    if opening is None:
        return False
    closing = opening[1] + _BRACKETS[opening[2]]
    end = source.find(closing, opening.end(), min(state.posMax, start + _MAX_FORMULA))
    if end < 0 or (len(opening[1]) == 1 and not _LATEX.search(source, opening.end(), end)):
        return False
    # Of two backslashes one escapes the other.
    text = f"\\{opening[2]}{source[opening.end() : end]}\\{_BRACKETS[opening[2]]}"
    return _skip(state, end + len(closing), text, silent)


def _formula_lines(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a formula in lines of its own as a paragraph, whatever is in it."""
    begin = state.bMarks[start] + state.tShift[start]
    if state.src[begin : begin + 1] not in {"$", "\\"} or state.is_code_block(start):
        return False
    mark = next((mark for mark in _FORMULA_ENDS if state.src.startswith(mark, begin)), None)
    if mark is None:
        return False
    closing = _FORMULA_ENDS[mark]
    limit = min(state.eMarks[end - 1], begin + _MAX_FORMULA)
    behind = state.src.find(closing, begin + len(mark), limit) + len(closing)
    if behind <= state.eMarks[start]:
        return False
    last = next(line for line in range(start, end) if state.eMarks[line] >= behind)
    if not _FORMULA_LABEL.match(state.src[behind : state.eMarks[last]]):
        return False
    if mark == "\\[" and not _LATEX.search(state.src, begin + 2, behind - 2):
        return False
    if not silent:
        lines = state.getLines(start, last + 1, state.blkIndent, False)
        add_paragraph(state, lines[: lines.rindex(closing) + len(closing)].strip(), start, last + 1)
        state.line = last + 1
    return True


def _bracketed_span(state: StateInline, silent: bool) -> bool:
    """Read the words in brackets before attributes or the name of an object: [words]{.red}."""
    source, start = state.src, state.pos
    match = _SPAN.match(source, start, state.posMax) if source[start] == "[" else None
    if match is None:
        return False
    end = _end_of_span(state, match[1], match.end())
    if end < 0:
        return False
    if not silent:
        maximum = state.posMax
        state.pos, state.posMax = match.span(1)
        state.md.inline.tokenize(state)
        state.posMax = maximum
    state.pos = end
    return True


def _end_of_span(state: StateInline, words: str, position: int) -> int:
    """Return the end of what follows words in brackets, or -1 where they are no span."""
    sign = state.src[position : position + 1]
    references = state.env.get("references", {})
    if sign == "{" and normalizeReference(words) not in references:
        match = _LIST.match(state.src, position, state.posMax)
        is_list = match is not None and (match[0][1:].lstrip()[0] in ".#" or '="' in match[0])
        return match.end() if match is not None and is_list else -1
    if sign != "[":
        return -1
    stop = state.src.find("]", position, min(state.posMax, position + _MAX_NAME))
    name = state.src[position + 1 : stop] or words
    is_object = stop > 0 and _OBJECT.fullmatch(name) is not None
    return stop + 1 if is_object and normalizeReference(name) not in references else -1


def _attributes(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] != "{":
        return False
    match = _COLON_LIST.match(source, start) or _KRAMDOWN.match(source, start)
    if match is None:
        match = _LIST.match(source, start)
        before = source[start - 1 : start].strip()
        is_behind_mark = (
            before in _MARK_ENDS if before else start == 0 or _is_line_end(source, match)
        )
        if match is None or (_BARE_VALUE.search(match[0]) and before not in _MARK_ENDS):
            return False
        if not is_behind_mark and not _is_line_end(source, match):
            return False
    return match.end() <= state.posMax and _skip(state, match.end(), "", silent)


def _is_line_end(source: str, match: re.Match[str] | None) -> bool:
    return match is not None and source[match.end() : match.end() + 1] in {"", "\n"}


def _edit(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] in "+=~" and source[start + 2 : start + 3] == "}":
        # The end of an addition, whose start is gone.
        is_end = source[start : start + 2] in {"++", "=="} and f"{{{source[start : start + 2]}" in (
            state.env.get("edits", ())
        )
        return is_end and _skip(state, start + 3, "", silent)
    sign = source[start : start + 3]
    closing = _EDIT_SIGNS.get(sign)
    if closing is None:
        return False
    end = source.find(closing, start + 3, min(start + _MAX_EDIT, state.posMax))
    if end < 0:
        return False
    if sign in {"{++", "{=="}:
        state.env.setdefault("edits", set()).add(sign)
        return _skip(state, start + 3, "", silent)
    new = source[start + 3 : end].partition("~>")[2] if sign == "{~~" else ""
    return _skip(state, end + 3, new, silent)


def _keys(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] != "+" or source[start - 1 : start].isalnum():
        return False
    match = _KEYS.match(source, start)
    if match is None or source[match.end() : match.end() + 1].isalnum():
        return False
    names = [_key_name(name) for name in match[1].split("+")]
    return _skip(state, match.end(), "+".join(names), silent)


def _key_name(name: str) -> str:
    if name.startswith('"'):
        return name.strip('"')
    words = (_KEY_NAMES.get(word, word.capitalize()) for word in name.split("-"))
    return " ".join(words)


def _emoji(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    before = source[start - 1 : start]
    if source[start] != ":" or before.isalnum() or before in {"_", ":", "/"}:
        return False
    match = _EMOJI.match(source, start)
    return match is not None and _skip(state, match.end(), "", silent)


def _shifted(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "^~" or source[start - 1 : start] == source[start]:
        return False
    match = _SHIFTED.match(source, start)
    return match is not None and _skip(state, match.end(), match[1] or match[2], silent)


def _double_mark(state: StateInline, silent: bool) -> bool:
    """Add the sign of a mark or an insertion (== or ^^), which counts where it has a partner."""
    source, start = state.src, state.pos
    sign = source[start]
    # A longer row of signs is none, and is not counted at each of them.
    if silent or sign not in "=^" or not _is_double(source, start):
        return False
    scanned = state.scanDelims(start, True)
    state.push("text", "", 0).content = sign * 2
    state.delimiters.append(
        Delimiter(
            marker=ord(sign),
            length=0,
            token=len(state.tokens) - 1,
            end=-1,
            open=scanned.can_open,
            close=scanned.can_close,
        )
    )
    state.pos += 2
    return True


def _is_double(source: str, start: int) -> bool:
    """Return whether a character is the first of exactly two."""
    sign = source[start]
    return (
        source[start - 1 : start] != sign
        and source[start + 1 : start + 2] == sign
        and source[start + 2 : start + 3] != sign
    )


def _pair_double_marks(state: StateInline) -> None:
    metas = [meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta]
    for delimiters in [state.delimiters, *metas]:
        for opening in delimiters:
            if opening.marker not in {ord("="), ord("^")} or opening.end == -1:
                continue
            for delimiter in (opening, delimiters[opening.end]):
                state.tokens[delimiter.token].content = ""
