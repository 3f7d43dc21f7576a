"""Steps that the block rules of all dialects share: reading a line, a part and what is in it."""

from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock

from coverage_kit.text.markdown.labels import close_part, open_part, push_words

# A rule of these may end a paragraph, a table, a list or a quotation above it.
INTERRUPTS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list", "table"]}


def text_of_line(state: StateBlock, line: int) -> str:
    """Return a line without the indent and the space at its end."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def end_of_indented(state: StateBlock, start: int, end: int, indent: int) -> int:
    """Return the line behind the last of the lines from `start` that have at least this indent.

    Blank lines count where such a line follows them.
    """
    last = start
    for line in range(start, end):
        if state.isEmpty(line):
            continue
        if state.sCount[line] < indent:
            break
        last = line + 1
    return last


def least_indent(state: StateBlock, start: int, end: int) -> int:
    """Return the smallest indent of lines that are not blank, or the block's own without any."""
    indents = (state.sCount[line] for line in range(start, end) if not state.isEmpty(line))
    return max(min(indents, default=state.blkIndent), 0)


def parse_lines(state: StateBlock, start: int, end: int, indent: int) -> None:
    """Parse lines as blocks that have this indent."""
    old = state.lineMax, state.blkIndent, state.parentType, state.tight
    state.lineMax, state.blkIndent, state.parentType = end, indent, "container"
    state.line = start
    if start < end:
        state.md.block.tokenize(state, start, end)
    state.lineMax, state.blkIndent, state.parentType, state.tight = old
    state.line = end


def parse_part(
    state: StateBlock,
    label: str,
    part: tuple[int, int],
    lines: range,
    indent: int,
) -> None:
    """Parse lines as a part under a label that is on another line.

    Args:
        state: the state of the block rule.
        label: the label as inline Markdown, or empty text.
        part: the line of the label, and the line behind the part with its closing line.
        lines: the lines of the part's body.
        indent: the indent of its body.
    """
    line, end = part
    opening = open_part(state, label, line)
    parse_lines(state, lines.start, lines.stop, indent)
    close_part(state)
    opening.map = [line, max(end, line + 1)]


def add_paragraph(
    state: StateBlock, text: str, start: int, end: int, *, is_attribute: bool = False
) -> None:
    """Add a paragraph of inline Markdown that is on these lines.

    Args:
        state: the state of the block rule.
        text: the inline Markdown.
        start: the first of the lines.
        end: the line behind them.
        is_attribute: whether it is an argument of a tag, in which an edit changes nothing.
    """
    state.push("paragraph_open", "p", 1).map = [start, end]
    push_words(state, text, (start, end), is_attribute=is_attribute)
    state.push("paragraph_close", "p", -1)


def add_code(state: StateBlock, start: int, end: int, body: range) -> None:
    """Add lines as code.

    Args:
        state: the state of the block rule.
        start: the first line of the construct.
        end: the line behind the construct.
        body: the lines of the code.
    """
    token = state.push("fence", "code", 0)
    token.content = state.getLines(
        body.start, body.stop, least_indent(state, body.start, body.stop), True
    )
    token.map = [start, end]
