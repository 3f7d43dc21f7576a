"""MDX: imports and exports, components and expressions.

What is inside components is Markdown, whatever its indent: MDX has no indented code.
"""

import html
import re
from dataclasses import replace
from itertools import takewhile
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from coverage_kit.escaping import for_markdown
from coverage_kit.text.markdown.esm import find_esm
from coverage_kit.text.markdown.includes import push_include
from coverage_kit.text.markdown.jsx import (
    Attribute,
    Scanner,
    Tag,
    element_name,
    is_component,
    looks_like_prose,
    read_list,
)
from coverage_kit.text.markdown.labels import close_part, open_part, push_words
from coverage_kit.text.markdown.parts import OpenPart, open_parts, push_hidden
from coverage_kit.text.markdown.unknown import unknown_of
from coverage_kit.text.markdown.values import UNKNOWN, is_prose, names_of, value_of
from coverage_kit.text.page_markup import INLINE

# Attributes that are the label of what is in a component, in order of preference.
_LABELS = ("title", "label", "summary", "header", "heading", "headline", "question")
# Attributes that are further words.
_WORDS = ("subtitle", "description", "caption", "text", "tagline", "answer")
# Components whose label is another attribute: tabs, and names of parameters, fields and files.
_TABS = frozenset({"Tab", "TabItem", "TabPanel"})
_TAB_LABELS = ("label", "title", "value", "name")
_NAMED = frozenset({"ParamField", "ResponseField", "Property", "File", "Folder"})
_NAMES = ("name", "path", "query", "body", "header", "title", "label")
# Words of a component within a line.
_INLINE_WORDS = ("text", "label", "title")
# Components and elements for the head of a page, which its text lacks.
_HEADS = frozenset({"Head", "head", "SEO", "Seo"})
# Words in the list or the object of an attribute: [{question: "Why?", answer: "Because."}].
_WORDS_OF_ITEM = re.compile(
    r"(?<![\w.])[\"']?(?:title|label|text|description|content|heading|caption|question|answer|q|a)"
    r"[\"']?\s*:\s*[\"'`]"
)
# Attributes of a component that list its tabs.
_TAB_LISTS = frozenset({"items", "values"})
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track"}
    | {"wbr"}
)
# Attributes of HTML that MDX names as React does.
_REACT_NAMES = {"className": "class", "htmlFor": "for", "srcSet": "srcset", "colSpan": "colspan"}
_ATTRIBUTE_NAME = re.compile(r"[a-z][a-z-]*\Z")
# Elements whose content is no Markdown.
_RAW = re.compile(r"<(script|style|pre|textarea)(?=[\s>])")
# Text of an element that is written as a template: <pre>{`text`}</pre>
_TEMPLATE = re.compile(r"\{`((?:\\.|[^`\\])*)`\}", re.DOTALL)
# A tag of a line, as far as needed to count what is open: its slash, and its name.
_ANY_TAG = re.compile(r"<(/?)([A-Za-z$][\w.]*)")
# A file that Fumadocs includes: <include>./note.mdx</include>
_INCLUDE = re.compile(r"<include(?:\s[^<>]*)?>([^<>]+)</include>\s*\Z")
# A line that is one element of HTML: <summary>Words</summary>
_ONE_ELEMENT = re.compile(r"<([a-z]\w*)[\s>].*</\1>\Z", re.DOTALL)
# Signs of MDX on a line outside code: a comment, or names that only React knows.
_MDX_LINE = re.compile(
    r" {0,3}\{/\*"
    r"|[ \t]*<[a-z][^<>`]*\s(?:className=|style=\{\{)"
    r"|[^`]*\{(?:props|frontMatter)\.\w"
)
# The start of a component. In capitals it is an old tag of HTML or a placeholder.
_COMPONENT = re.compile(r" {0,3}<(?!(?:[A-Z][A-Z0-9_]*)[\s/>])((?:[A-Z]|\$[A-Z])[\w.]*)(?=[\s/>])")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
# Components and elements that show a text as code.
_CODE = re.compile(r"<(CodeBlock|code)(?=[\s>])")
_SPACE = re.compile(r"\s*")
# Vue and Svelte have components too, but their braces are other ones.
_SCRIPT = re.compile(r"<script[\s>]")
_INTERRUPTS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
# Lists of CommonMark are indented by no more.
_MAX_LIST_INDENT = 3
# Endings of files that are included as text.
_INCLUDED = (".mdx", ".md", ".markdown")


def looks_like_mdx(text: str) -> bool:
    """Return whether a Markdown text has signs of MDX: an import, an export or a component."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    scanner = Scanner(len(text))
    fence = ""
    is_mdx = False
    start = 0
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            if _SCRIPT.match(line):
                return False
            is_mdx = is_mdx or _has_sign(text, line, start, scanner)
        start += len(line) + 1
    return is_mdx


def _has_sign(text: str, line: str, start: int, scanner: Scanner) -> bool:
    """Return whether a line, which starts at a position of a text, has a sign of MDX."""
    if line.startswith(("import", "export")):
        return find_esm(text, start, scanner) is not None
    component = _COMPONENT.match(line)
    if component is None:
        return _MDX_LINE.match(line) is not None
    tag = scanner.read_tag(text, text.index("<", start), len(text))
    if tag is None or tag.is_self_closing:
        return tag is not None
    # A tag that begins a sentence, and that nothing closes, is a placeholder, such as <Name>.
    is_line = text.startswith("\n", tag.end) or tag.end == len(text)
    return is_line or scanner.has_text(text, f"</{component[1]}>", tag.end)


def add_mdx_rules(parser: MarkdownIt) -> None:
    """Add the rules of MDX to a parser."""
    block = parser.block.ruler
    parser.disable(["code", "html_block"])
    block.before("table", "mdx_esm", _read_esm)
    block.before("table", "mdx_expression", _read_expression)
    block.before("table", "mdx_code", _read_code, _INTERRUPTS)
    block.before("table", "mdx_raw", _read_raw, _INTERRUPTS)
    block.before("table", "mdx_tags", _read_tags, _INTERRUPTS)
    block.at("list", _read_list, {"alt": ["paragraph", "reference", "blockquote"]})
    block.at("paragraph", _read_paragraph)
    parser.inline.ruler.before("html_inline", "mdx_tag", _read_inline_tag)
    parser.inline.ruler.before("html_inline", "mdx_expression", _read_inline_expression)
    parser.core.ruler.after("block", "mdx_imports", _include_imports)
    parser.add_render_rule("html_tag", _render_tag)
    # A component ends the line of text before it, even in an item without paragraphs.
    for kind in ("component_open", "component_close"):
        parser.add_render_rule(kind, lambda *_: "<div></div>")


def _render_tag(_: object, tokens: list[Token], index: int, *__: object) -> str:
    return tokens[index].content


def _scanner(env: Any, text: str) -> Scanner:
    scanner: Scanner | None = env.get("scanner")
    if scanner is None:
        scanner = env["scanner"] = Scanner(len(text))
    return scanner


def _start(state: StateBlock, line: int) -> int:
    return state.bMarks[line] + state.tShift[line]


def _line_behind(state: StateBlock, line: int, position: int) -> int:
    """Return the line behind that of a position at or behind a line."""
    while state.eMarks[line] < position:
        line += 1
    return line + 1


def _read_esm(state: StateBlock, line: int, _: int, silent: bool) -> bool:
    start = state.bMarks[line]
    is_statement = state.src.startswith(("import", "export"), start)
    if silent or state.blkIndent or state.level or state.tShift[line] or not is_statement:
        return False
    esm = find_esm(state.src, start, _scanner(state.env, state.src))
    if esm is None:
        return False
    end, imports = esm
    names_of(state.env).declare(state.src[start:end], imports)
    state.line = _line_behind(state, line, end)
    push_hidden(state, "esm", (line, state.line))
    return True


def _read_expression(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    start = _start(state, line)
    if silent or not state.src.startswith("{", start):
        return False
    end = _scanner(state.env, state.src).find_brace(state.src, start, state.eMarks[last - 1])
    if end < 0 or _has_words(state, state.src[start + 1 : end - 1]):
        return False
    next_line = _line_behind(state, line, end)
    if state.src[end : state.eMarks[next_line - 1]].strip():
        return False
    if value_of(state.src[start + 1 : end - 1], names_of(state.env)) is None:
        unknown_of(state.env).add_value(state.src[start:end])
    state.line = next_line
    push_hidden(state, "expression", (line, next_line))
    return True


def _read_code(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Read a component or an element whose only child is a text as code."""
    start = _start(state, line)
    element = _CODE.match(state.src, start)
    if element is None or (silent and element[1] == "code"):
        return False
    limit = state.eMarks[last - 1]
    scanner = _scanner(state.env, state.src)
    tag = scanner.read_tag(state.src, start, limit)
    if tag is None or tag.is_self_closing:
        return False
    begin = _behind_space(state.src, tag.end)
    end = scanner.find_brace(state.src, begin, limit) if state.src.startswith("{", begin) else -1
    closing = f"</{tag.name}>"
    behind = _behind_space(state.src, end)
    if end < 0 or not state.src.startswith(closing, behind):
        return False
    next_line = _line_behind(state, line, behind + len(closing))
    rest = state.src[behind + len(closing) : state.eMarks[next_line - 1]]
    text = value_of(state.src[begin + 1 : end - 1], names_of(state.env))
    if not text or rest.strip() or (tag.name == "code" and not _ends_block(state, next_line, last)):
        return False
    if silent:
        return True
    lines = (line, next_line)
    label = _with_values(state, tag).find(("title",))
    if label is not None:
        opening = open_part(state, _escape(label.text or ""), line, next_line, is_attribute=True)
    token = state.push("fence", "code", 0)
    token.content = "\n".join(_outdented(text.strip("\n").split("\n"), state.blkIndent)) + "\n"
    token.map = list(lines)
    if label is not None:
        close_part(state)
        opening.map = list(lines)
    state.line = next_line
    return True


def _behind_space(text: str, position: int) -> int:
    space = _SPACE.match(text, max(position, 0))
    return space.end() if space is not None else position


def _ends_block(state: StateBlock, line: int, last: int) -> bool:
    return line >= last or state.isEmpty(line)


def _outdented(lines: list[str], indent: int) -> list[str]:
    """Return lines without so many spaces at their start; the first has none of them."""
    return [lines[0], *(line[:indent].lstrip(" ") + line[indent:] for line in lines[1:])]


def _has_words(state: StateBlock, expression: str) -> bool:
    """Return whether readers see words where an expression is."""
    return _is_prose(state.env, expression) or bool(value_of(expression, names_of(state.env)))


def _is_prose(env: Any, expression: str) -> bool:
    return looks_like_prose(expression) or is_prose(expression, names_of(env))


def _read_raw(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Read a comment, a script, a style or preformatted text as HTML."""
    start = _start(state, line)
    element = _RAW.match(state.src, start)
    if element is None and not state.src.startswith("<!--", start):
        return False
    closing = f"</{element[1]}>" if element is not None else "-->"
    end = _find_last(state, closing, start)
    limit = state.eMarks[last - 1]
    end = state.src.find(closing, start, limit) + len(closing) if end > start else 0
    if end < len(closing):
        return False
    next_line = _line_behind(state, line, end)
    if element is None and state.src[end : state.eMarks[next_line - 1]].strip():
        return False
    if silent:
        return True
    state.line = next_line
    token = state.push("html_block", "", 0)
    token.map = [line, next_line]
    content = state.getLines(line, next_line, state.blkIndent, True)
    token.content = content if element is None else _plain_element(state, content)
    return True


def _find_last(state: StateBlock, text: str, start: int) -> int:
    """Return a position of a text behind a start, if there is one; it is searched once a page."""
    last: dict[str, int] = state.env.setdefault("last_positions", {})
    if text not in last:
        last[text] = state.src.rfind(text)
    return last[text] if last[text] >= start else -1


def _plain_element(state: StateBlock, content: str) -> str:
    """Return an element with a template as its text, without attributes that are expressions."""
    start = content.find("<")
    tag = _scanner(state.env, state.src).read_tag(content, start, len(content))
    if tag is None:
        return content
    inner = _TEMPLATE.sub(lambda match: html.escape(match[1], quote=False), content[tag.end :])
    return f"{_open_html(tag)}{inner}"


def _read_tags(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Read the tags with which a line begins; text behind them is a paragraph."""
    start = _start(state, line)
    if not state.src.startswith("<", start):
        return False
    include = _INCLUDE.match(state.src[start : state.eMarks[line]])
    if include is not None:
        if not silent:
            push_include(state, include[1].strip(), line, line + 1)
            state.line = line + 1
        return True
    tags, position, has_text = _leading_tags(state, start, state.eMarks[last - 1])
    if has_text:
        # Words behind an element of HTML are a paragraph with it.
        tags = list(takewhile(lambda tag: tag.is_component, tags))
        position = tags[-1].end if tags else start
    if not tags or (silent and not _interrupts(tags, has_text=has_text)):
        return False
    if silent:
        return True
    next_line = _line_behind(state, line, position)
    for tag in tags:
        _add_tag(state, tag, (line, next_line))
    state.line = next_line
    if has_text:
        _read_rest(state, next_line - 1, position, last)
    return True


def _leading_tags(state: StateBlock, start: int, limit: int) -> tuple[list[Tag], int, bool]:
    """Return the tags from a position on, where they end, and whether text follows on the line."""
    source = state.src
    scanner = _scanner(state.env, source)
    tags: list[Tag] = []
    position = start
    while True:
        while source.startswith((" ", "\t"), position):
            position += 1
        if position >= limit or source[position] == "\n":
            return tags, position, False
        if source[position] == "<":
            tag = scanner.read_tag(source, position, limit)
            if tag is None:
                return tags, position, True
            tags.append(tag)
            position = tag.end
            continue
        end = scanner.find_brace(source, position, limit) if source[position] == "{" else -1
        if end < 0 or _has_words(state, source[position + 1 : end - 1]):
            return tags, position, True
        position = end


def _interrupts(tags: list[Tag], *, has_text: bool) -> bool:
    """Return whether tags end the paragraph above them, without a blank line."""
    if tags[0].is_closing or any(_has_label(tag) for tag in tags if tag.is_component):
        return True
    if has_text:
        return False
    return any(not tag.is_self_closing and tag.name not in INLINE | _VOID for tag in tags)


def _has_label(tag: Tag) -> bool:
    name = tag.name.rpartition(".")[2]
    return name in _TABS | _NAMED or tag.find(_LABELS) is not None


def _read_rest(state: StateBlock, line: int, position: int, last: int) -> None:
    """Read what follows the tags of a line as a paragraph."""
    marks = state.bMarks[line], state.tShift[line]
    state.bMarks[line], state.tShift[line] = position, 0
    while state.src.startswith((" ", "\t"), state.bMarks[line]):
        state.bMarks[line] += 1
    _read_paragraph(state, line, last, False)
    state.bMarks[line], state.tShift[line] = marks


def _add_tag(state: StateBlock, tag: Tag, lines: tuple[int, int]) -> None:
    parts = open_parts(state.env)
    if tag.is_closing:
        if not parts.end(state, tag.name, lines[1]) and not tag.is_component:
            push_hidden(state, "html_tag", lines).content = f"</{tag.name}>"
    elif tag.name in _HEADS:
        push_hidden(state, "html_tag", lines).content = "" if tag.is_self_closing else "<template>"
        if not tag.is_self_closing:
            parts.add(OpenPart(tag.name, state.tokens[-1], html="</template>"))
    elif tag.is_component:
        _add_component(state, tag, lines)
    else:
        token = push_hidden(state, "html_tag", lines)
        token.content = _open_html(tag)
        if not tag.is_self_closing and tag.name not in _VOID:
            parts.add(OpenPart(tag.name, token, html=f"</{tag.name}>"))


def _add_component(state: StateBlock, tag: Tag, lines: tuple[int, int]) -> None:
    parts = open_parts(state.env)
    tag = _with_values(state, tag)
    label = _find_label(tag, parts.stack)
    part = parts.begin(state, tag.name, _escape(label), lines, is_attribute=True)
    part.tabs = [
        item
        for attribute in tag.attributes
        if attribute.name in _TAB_LISTS
        for item in read_list(attribute.expression)
    ]
    has_words = bool(label)
    for item in tag.attributes:
        if item.text is None and _holds_words(tag, item):
            unknown_of(state.env).add_value(f"{item.name}={{{item.expression}}}")
            has_words = True
    for name in _WORDS:
        attribute = tag.find((name,))
        if attribute is not None and attribute.text is not None:
            has_words = True
            state.push("paragraph_open", "p", 1).map = list(lines)
            push_words(state, _escape(attribute.text), lines, is_attribute=True)
            state.push("paragraph_close", "p", -1)
    snippet = tag.find(("file",)) if tag.name == "Snippet" else None
    if snippet is not None:
        push_include(state, f"/snippets/{snippet.text}", *lines)
    elif tag.name:
        is_empty = tag.is_self_closing and not has_words
        push_hidden(state, "component", lines).meta = {
            "name": tag.name,
            "props": _props(tag),
            "empty": state.src[tag.start : tag.end] if is_empty else "",
        }
    if tag.is_self_closing:
        parts.end(state, tag.name, lines[1])


def _holds_words(tag: Tag, attribute: Attribute) -> bool:
    """Return whether an attribute whose value is not known holds words for readers."""
    expression = attribute.expression
    if attribute.name in _TAB_LISTS:
        # The labels of tabs are read, as far as they are texts.
        is_lost = tag.is_self_closing and bool(read_list(expression))
        return "<" in expression or is_lost
    is_words = attribute.name in _LABELS + _WORDS and bool(expression)
    return is_words or _WORDS_OF_ITEM.search(expression) is not None


def _props(tag: Tag) -> dict[str, str | None] | None:
    """Return the attributes of a component by name, with None for each whose value is not known.

    None is returned for a component with attributes that are not named.
    """
    if not all(item.name for item in tag.attributes):
        return None
    return {
        item.name: item.text if item.text is not None or item.expression else ""
        for item in tag.attributes
    }


def _with_values(state: StateBlock | StateInline, tag: Tag) -> Tag:
    """Return a tag whose attributes have the values of their expressions as text."""
    if not any(item.expression and item.text is None for item in tag.attributes):
        return tag
    names = names_of(state.env)
    attributes = (
        replace(item, text=value_of(item.expression, names))
        if item.name and item.text is None
        else item
        for item in tag.attributes
    )
    return replace(tag, attributes=tuple(attributes))


def _find_label(tag: Tag, stack: list[OpenPart]) -> str:
    """Return the label of a component: its own, or that which the tabs around it list."""
    name = tag.name.rpartition(".")[2]
    if name in _TABS:
        return _find_tab_label(tag, stack)
    label = tag.find(_NAMES if name in _NAMED else _LABELS)
    return label.text or "" if label is not None else ""


def _find_tab_label(tag: Tag, stack: list[OpenPart]) -> str:
    label = tag.find(_LABELS)
    tabs = next((part for part in reversed(stack) if part.tabs), None)
    if label is None and tabs is not None:
        tabs.n_tabs += 1
        value = tag.find(("value",))
        by_value = {item.get("value", ""): item.get("label", "") for item in tabs.tabs}
        by_place = tabs.tabs[tabs.n_tabs - 1 : tabs.n_tabs] if value is None else []
        listed = by_value.get(value.text or "", "") if value is not None else ""
        listed = listed or next((item.get("label", "") for item in by_place), "")
        if listed:
            return listed
    label = label or tag.find(_TAB_LABELS)
    return label.text or "" if label is not None else ""


def _escape(text: str) -> str:
    return for_markdown(text, is_inside=True)


def _open_html(tag: Tag) -> str:
    """Return a tag of HTML with those of its attributes that are text."""
    texts = [
        f' {name}="{html.escape(item.text)}"'
        for item in tag.attributes
        if item.text is not None
        and _ATTRIBUTE_NAME.match(name := _REACT_NAMES.get(item.name, item.name))
        and name != "style"
    ]
    closing = f"</{tag.name}>" if tag.is_self_closing and tag.name not in _VOID else ""
    return f"<{tag.name}{''.join(texts)}>{closing}"


def _read_list(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Read a list; other than in CommonMark, it may be indented by more than three spaces."""
    indent = state.blkIndent
    if not silent and state.sCount[line] - indent > _MAX_LIST_INDENT:
        state.blkIndent = state.sCount[line]
    is_list = list_block(state, line, last, silent)
    state.blkIndent = indent
    return is_list


def _read_paragraph(state: StateBlock, line: int, _: int, __: bool) -> bool:
    """Read a paragraph; other than in CommonMark, an indented block can end it."""
    last = state.lineMax
    terminators = state.md.block.ruler.getRules("paragraph")
    parent = state.parentType
    state.parentType = "paragraph"
    first = state.src[_start(state, line) : state.eMarks[line]].strip()
    is_element = _is_one_element(first)
    next_line = line + 1
    while next_line < last and not is_element and not state.isEmpty(next_line):
        # A line of a quotation that lost its mark has this indent: it belongs to the paragraph.
        if state.sCount[next_line] >= 0 and any(
            rule(state, next_line, last, True) for rule in terminators
        ):
            break
        next_line += 1
    content = state.getLines(line, next_line, state.blkIndent, False).strip()
    state.line = next_line
    _push_paragraph(state, content, (line, next_line))
    state.parentType = parent
    return True


def _push_paragraph(state: StateBlock, content: str, lines: tuple[int, int]) -> None:
    element = _ANY_TAG.match(content)
    # An element of HTML is no part of a paragraph, but a block.
    name = element_name(element[2]) if element is not None and not element[1] else ""
    is_hidden = bool(name) and not _is_phrase(name)
    opening = state.push("paragraph_open", "p", 1)
    opening.map = list(lines)
    opening.hidden = is_hidden
    opening.meta = {"is_html": is_hidden}
    push_words(state, content, lines)
    state.push("paragraph_close", "p", -1).hidden = is_hidden
    _end_parts(state, content, lines[1])


def _is_phrase(name: str) -> bool:
    return name in INLINE or name in _VOID or is_component(name)


def _is_one_element(line: str) -> bool:
    element = _ONE_ELEMENT.match(line)
    return element is not None and element[1] not in INLINE


def _end_parts(state: StateBlock, content: str, line: int) -> None:
    """End the parts whose closing tags are within a paragraph."""
    parts = open_parts(state.env)
    if not parts.stack or "</" not in content:
        return
    n_open: dict[str, int] = {}
    for match in _ANY_TAG.finditer(content):
        slash, name = match[1], element_name(match[2])
        if not slash:
            n_open[name] = n_open.get(name, 0) + 1
        elif n_open.get(name, 0):
            n_open[name] -= 1
        else:
            parts.end(state, name, line)


def _read_inline_tag(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("<", state.pos):
        return False
    tag = _scanner(state.env, state.src).read_tag(state.src, state.pos, state.posMax)
    if tag is None:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        if not tag.is_component:
            token.content = f"</{tag.name}>" if tag.is_closing else _open_html(tag)
        token.meta = {"is_tag": True}
        is_whole = tag.is_component and tag.is_self_closing
        words = _with_values(state, tag).find(_INLINE_WORDS) if is_whole else None
        if words is not None and words.text is not None:
            state.push("text", "", 0).content = words.text
        elif is_whole:
            unknown_of(state.env).add_component(state.src[state.pos : tag.end])
        if tag.name == "a":
            state.linkLevel += -1 if tag.is_closing else 1
    state.pos = tag.end
    return True


def _read_inline_expression(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("{", state.pos):
        return False
    end = _scanner(state.env, state.src).find_brace(state.src, state.pos, state.posMax)
    expression = state.src[state.pos + 1 : end - 1]
    if end < 0 or _is_prose(state.env, expression):
        return False
    if not silent:
        # The sign of an expression stays where the parser joins its text with that around it.
        state.push("html_inline", "", 0).meta = {"is_tag": True}
        text = value_of(expression, names_of(state.env))
        if text is None:
            unknown_of(state.env).add_value(state.src[state.pos : end])
        if text != "":
            state.push("text", "", 0).content = UNKNOWN if text is None else text
    state.pos = end
    return True


def _include_imports(state: StateCore) -> None:
    """Turn components that are imported from Markdown files into includes of these files."""
    imports = names_of(state.env).files
    tokens = []
    for token in state.tokens:
        if token.type == "component":
            target = imports.get(str(token.meta["name"]), "")
            if not target.endswith(_INCLUDED):
                if token.meta["empty"]:
                    unknown_of(state.env).add_component(token.meta["empty"])
                continue
            token.type = "include"
            token.hidden = False
            token.meta = {"target": target, "props": token.meta["props"]}
        tokens.append(token)
    state.tokens = tokens
