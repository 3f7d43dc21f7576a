"""What GitHub and most generators add to CommonMark: footnotes, tasks, ids, marks of code."""

import re
from copy import copy

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from coverage_kit.text.markdown.limits import MAX_NESTING, MarkupError

# The id at the end of a heading: {#remove}, \{#remove}, {/* #remove */} or [#remove].
_HEADING_ID = re.compile(
    r"(?:\\?\{[ \t]?#([^\s{}]+)[ \t]?\\?\}|\{/\*[ \t]*#([^\s{}*]+)[ \t]*\*/\}"
    r"|\[#([A-Za-z][\w-]*)\])\Z"
)
# A link to the heading itself behind its words: [](#remove).
_PERMALINK = re.compile(r"[ \t]{0,9}\[\]\(#[^()\s]{0,200}\)\Z")
# Whether the contents of the page list a heading: [!toc], [toc].
_IN_CONTENTS = re.compile(r"\[!?toc\]\Z")
# The box of a task: [ ] or [x].
_TASK = re.compile(r"\A\[[ xX]\][ \t]+(?=\S)")
# The kind of an alert in a quotation: [!NOTE], [!NOTE]+ Title.
_ALERT = re.compile(r"\[!\w+\][+-]?[ \t]*\n?")
# A line of code that only marks lines: // highlight-next-line, # error-start, {/* … */}.
_MARKED = re.compile(
    r"[ \t]*(?://|#|--|%|;|<!--|/\*|\{/\*)[ \t]*[\w-]{1,40}-(?:next-line|start|end)[ \t]*"
    r"(?:-->|\*/\}?)?[ \t]*\Z"
)
_MARKS = ("highlight", "error", "success", "warning", "add", "remove", "focus", "blur", "diff")
_MARKED_NAME = re.compile(rf"\b(?:{'|'.join(_MARKS)})(?:-\w+)?-(?:next-line|start|end)\b")
# A mark at the end of a line of code: // [!code ++].
_CODE_MARK = re.compile(
    r"(?://|#|--|<!--|/\*|\{/\*)[ \t]*\[!code [^\]\n]{1,40}\][ \t]*(?:-->|\*/\}?)?[ \t]*$", re.M
)
# A fence whose content is no code but text of the page (Docusaurus).
_TEXT_FENCE = re.compile(r"(`{3,}|~{3,})mdx-code-block[ \t]*\Z")


def add_github_rules(parser: MarkdownIt) -> None:
    """Add footnotes, tasks, ids of headings and marks of code to a parser.

    A footnote is text where it is written; its number is no text. Parsing raises MarkupError for
    markup that is nested too deeply.
    """
    # The parser drops what is nested deeper than this; the rule below raises an error before it.
    parser.options["maxNesting"] = MAX_NESTING + 10
    parser.use(footnote_plugin)
    parser.disable(["footnote_tail", "footnote_inline"], True)
    parser.add_render_rule("footnote_ref", lambda *_: "")
    parser.add_render_rule("footnote_reference_open", lambda *_: "<div>")
    parser.add_render_rule("footnote_reference_close", lambda *_: "</div>")
    parser.block.ruler.before("table", "nesting", _check_nesting)
    parser.block.ruler.before("fence", "text_fence", _read_text_fence, {"alt": ["paragraph"]})
    parser.core.ruler.after("block", "clean_text", _clean_text)


def _check_nesting(state: StateBlock, _: int, __: int, ___: bool) -> bool:
    if state.level >= MAX_NESTING:
        raise MarkupError("nested too deeply")
    return False


def _read_text_fence(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    start = state.bMarks[line] + state.tShift[line]
    fence = _TEXT_FENCE.match(state.src[start : state.eMarks[line]])
    # A mark that never closes is looked for once.
    unclosed: set[str] = state.env.setdefault("unclosed_fences", set())
    if fence is None or state.is_code_block(line) or fence[1] in unclosed:
        return False
    closing = (
        number
        for number in range(line + 1, last)
        if state.src[state.bMarks[number] : state.eMarks[number]].strip() == fence[1]
    )
    end = next(closing, None)
    if end is None:
        unclosed.add(fence[1])
        return False
    if not silent:
        last_line, state.lineMax = state.lineMax, end
        state.md.block.tokenize(state, line + 1, end)
        state.lineMax = last_line
        state.line = end + 1
    return True


def _clean_text(state: StateCore) -> None:
    """Take out of headings, items, quotations and code what is no text of theirs."""
    tokens = []
    before = ["", ""]
    for token in state.tokens:
        tokens.append(token)
        if token.type == "fence":
            token.content = _clean_code(token.content)
        elif token.type == "inline" and before[1] == "heading_open":
            _move_id(tokens[-2], token)
        elif token.type == "inline" and before[0] == "list_item_open":
            token.content = _TASK.sub("", token.content, count=1)
        elif token.type == "inline" and before == ["blockquote_open", "paragraph_open"]:
            tokens[-2:] = _read_alert(tokens[-2], token)
        before = [before[1], token.type]
    state.tokens = tokens


def _read_alert(opening: Token, words: Token) -> list[Token]:
    """Return the start of a quotation's first paragraph without the kind of an alert.

    The title of an alert, which is behind its kind, is a paragraph of its own.
    """
    alert = _ALERT.match(words.content)
    if alert is None:
        return [opening, words]
    words.content = words.content[alert.end() :]
    title, line_break, text = words.content.partition("\n")
    if alert[0].endswith("\n") or not line_break or words.map is None:
        return [opening, words]
    start, end = words.map
    first = [copy(opening), copy(words), Token("paragraph_close", "p", -1, level=opening.level)]
    first[0].map, first[1].map = [start, start + 1], [start, start + 1]
    first[1].content, first[1].children = title.rstrip(), []
    words.content = text
    opening.map, words.map = [start + 1, end], [start + 1, end]
    return [*first, opening, words]


def _move_id(heading: Token, words: Token) -> None:
    """Make the id at the end of a heading's words the id of the heading."""
    words.content = _PERMALINK.sub("", words.content)
    heading_id = _HEADING_ID.search(words.content[-300:])
    if heading_id is not None:
        heading.attrSet("id", heading_id[1] or heading_id[2] or heading_id[3])
        words.content = words.content[: len(words.content) - len(heading_id[0])].rstrip()
    if _IN_CONTENTS.search(words.content[-8:]) is not None:
        words.content = words.content[: words.content.rindex("[")].rstrip()


def _clean_code(code: str) -> str:
    lines = code.split("\n")
    kept = [line for line in lines if not (_MARKED.match(line) and _MARKED_NAME.search(line))]
    text = "\n".join(kept)
    return _CODE_MARK.sub("", text) if "[!code " in text else text
