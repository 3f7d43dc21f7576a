"""Tags of templates in HTML files with front matter, as Hugo, Jekyll and Eleventy read them."""

import html
import re
from bisect import bisect_left
from dataclasses import dataclass, field

from coverage_kit.text.markdown.tag_words import (
    is_in_sentence,
    is_unknown,
    label_of_tag,
    texts_around_body,
    texts_of_tag,
)
from coverage_kit.text.markdown.tags import EXAMPLE, Tag, find_ends, read_tag, shown_example
from coverage_kit.text.markdown.unknown import Unknown
from coverage_kit.text.markdown.values import UNKNOWN

# The start or end of an element's tag.
_MARKUP = re.compile(r"<(/?)([A-Za-z!][\w-]*)|>")
_NO_TEXT = frozenset({"script", "style"})
# What parts the texts around it and shows nothing.
_BREAK = "<div></div>"


# Between a tag and the element beside it no more space is looked through (assumed).
_MAX_SPACE = 200


@dataclass
class PlainHtml:
    """HTML with the words of templates' tags in place of the tags.

    Attributes:
        text: the HTML.
        unknown: what its tags leave to the build.
        is_mixed: whether tags show words or are beside words, so that an edit of these words in the
            file might change a tag.
    """

    text: str = ""
    unknown: Unknown = field(default_factory=Unknown)
    is_mixed: bool = False


def replace_template_tags(source: str) -> PlainHtml:
    """Return HTML without tags of templates.

    A value within a sentence that only the build knows is "…"; any other leaves nothing.
    """
    return _Replacer(source).replace()


def without_template_tags(text: str) -> str:
    """Return a title or the like with "…" in place of each tag of a template that it holds."""
    pieces: list[str] = []
    position = 0
    while (start := text.find("{", position)) >= 0:
        tag = read_tag(text, start) if text.startswith(("{{", "{%"), start) else None
        shown = "{" if tag is None else UNKNOWN if _prints(tag) else ""
        pieces += [text[position:start], shown]
        position = start + 1 if tag is None else tag.end
    return "".join([*pieces, text[position:]])


def _prints(tag: Tag) -> bool:
    return tag.family == "output" or is_unknown(tag)


class _Replacer:
    """One pass over an HTML file."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.plain = PlainHtml()
        self._ends = find_ends(source)
        # Whether the position is within the tag of an element, and within a script or style.
        self._is_in_tag = False
        self._is_in_program = False

    def replace(self) -> PlainHtml:
        """Return the file without tags of templates."""
        pieces: list[str] = []
        position = 0
        while (start := self.source.find("{", position)) >= 0:
            self._follow(position, start)
            shown, end = self._read(start)
            is_hidden = self._is_in_tag or self._is_in_program or end == start + 1
            self.plain.is_mixed |= not is_hidden and self._is_mixed(start, shown, end)
            pieces += [self.source[position:start], shown]
            position = end
        self.plain.text = "".join([*pieces, self.source[position:]])
        return self.plain

    def _is_mixed(self, start: int, shown: str, end: int) -> bool:
        """Return whether a tag shows something, hides words or stands beside words."""
        before = self.source[max(0, start - _MAX_SPACE) : start].rstrip()
        after = self.source[end : end + _MAX_SPACE].lstrip()
        is_alone = (not before or before.endswith((">", "}"))) and (
            not after or after.startswith(("<", "{"))
        )
        return shown not in {"", _BREAK} or not is_alone

    def _follow(self, start: int, end: int) -> None:
        """Note which elements begin and end between two positions."""
        for match in _MARKUP.finditer(self.source, start, end):
            self._is_in_tag = match[2] is not None
            if match[2] is not None and match[2].lower() in _NO_TEXT:
                self._is_in_program = not match[1]

    def _read(self, start: int) -> tuple[str, int]:
        """Return what is shown for the brace at a position, and where that ends."""
        if not self.source.startswith(("{{", "{%", "{#"), start):
            return "{", start + 1
        example = EXAMPLE.match(self.source, start)
        if example is not None:
            return html.escape(shown_example(example), quote=False), example.end()
        tag = read_tag(self.source, start)
        if tag is None:
            return "{", start + 1
        last = self._end_of(tag) if tag.is_verbatim and not tag.is_end else None
        if last is not None:
            return self._body(tag, self.source[tag.end : last.start]), last.end
        is_silent = tag.family == "comment" or self._is_in_tag or self._is_in_program
        return "" if is_silent else self._words(tag), tag.end

    def _end_of(self, tag: Tag) -> Tag | None:
        starts = self._ends.get(tag.name, ())
        index = bisect_left(starts, tag.end)
        return read_tag(self.source, starts[index]) if index < len(starts) else None

    def _body(self, tag: Tag, body: str) -> str:
        if tag.is_code:
            return f"<pre><code>{html.escape(body.strip(), quote=False)}</code></pre>"
        if not tag.is_hidden:
            return body
        self.plain.is_mixed |= bool(body.strip())
        return ""

    def _words(self, tag: Tag) -> str:
        is_inline = is_in_sentence(self.source, tag.start, tag.end)
        has_body = not tag.is_whole and tag.name in self._ends
        source = self.source[tag.start : tag.end]
        if tag.is_end or has_body:
            texts = _texts_of_part(tag)
            is_block = tag.family == "hugo" and not is_inline
            return _write(texts, is_inline) or (_BREAK if is_block else "")
        texts = [] if tag.family == "output" else texts_of_tag(tag)
        if not texts and _prints(tag):
            if is_inline:
                self.plain.unknown.add_value(source)
                return UNKNOWN
            if tag.family != "output":
                self.plain.unknown.add_component(source)
        return _write(texts, is_inline)


def _texts_of_part(tag: Tag) -> list[str]:
    """Return what a tag with a body shows above it."""
    if tag.is_end:
        return []
    above, below = texts_around_body(tag)
    return [text for text in [label_of_tag(tag), *above, *below] if text]


def _write(texts: list[str], is_inline: bool) -> str:
    return " ".join(texts) if is_inline else "".join(f"<div>{text}</div>" for text in texts)
