"""Tags with attributes of Vue in Markdown, which CommonMark does not know: @click, #header."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_VALUE = r"(?:=(?:\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\s\"'=<>`]{1,200}))?"
_TAG = re.compile(
    rf"<([A-Za-z][\w-]{{0,40}})((?:\s+[@#:\w][\w.:@#\[\]-]{{0,100}}{_VALUE}){{1,30}})\s*(/?)>"
)
# An attribute that is none of HTML.
_VUE = re.compile(r"\s(?:[@#]|v-slot\b)")


def add_vue_rules(parser: MarkdownIt) -> None:
    """Read a tag with attributes of Vue as a tag without attributes."""
    parser.inline.ruler.before("html_inline", "vue_tag", _read_tag)


def _read_tag(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<":
        return False
    tag = _TAG.match(state.src, state.pos, state.posMax)
    if tag is None or _VUE.search(tag[2]) is None:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        # Words of a slot are words of the page, and <template> would hide them.
        name = "span" if tag[1].lower() == "template" else tag[1]
        token.content = f"<{name}>" if not tag[3] else ""
        token.meta = {"is_tag": True}
    state.pos = tag.end()
    return True
