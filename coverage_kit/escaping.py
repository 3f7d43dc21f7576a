"""Text from outside, made safe for the medium in which it is written: one function for each medium.

Pages, logs, answers, servers, files and settings are written by others. What they wrote may look
like markup, a formula or a command of a terminal; it must not become one. The fence around texts
that a model reads is in `llm/untrusted_text.py`.
"""

import html
import json
import re
from typing import Any

# Characters that are not shown: C0 and C1 controls except tab and line feed, bidirectional
# overrides (they reorder the text that follows), noncharacters, and half surrogates.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
# What a terminal obeys (ECMA-48), with ESC or as one C1 character: OSC and its like to their end
# (a title, a link, the clipboard), CSI (colour, cursor), and other sequences of two characters.
# The 4,000 characters bound the search for an end that never comes (assumed).
_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4000}(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)
# What ends a line for some readers, or lets a terminal write over it; here it is a space.
_LINE_ENDS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
# Further characters that are not for a terminal: marks of direction, which reorder signs and
# digits, spaces of no width, annotations, and tags, in which whole texts can be hidden.
_UNPRINTABLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# A part of an error longer than this tells a reader nothing more (assumed).
_MAX_PART = 2_000

# A spreadsheet reads a cell as a formula that starts with one of = + - @, also in their other
# widths (OWASP, CSV injection), with a digit behind U+2212 too. A cell starts at the text's start,
# and, where a file is opened with another separator or its quotes are not read as such, behind a
# line's end, a tab, a semicolon or a bar. Spaces, quotes and characters without a width may come
# between.
_BEFORE_SIGN = '[\\s"“”\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]'
_SIGN = "[=+\\-@＝﹦⁼₌＋﹢⁺₊﬩－﹣⁻₋−＠﹫]"  # noqa: RUF001 (signs of every width)
_INSIDE = "(?<=[\n\r\t;|\x0b\x0c\x85\u2028\u2029])"
_FORMULA = re.compile(
    f"^('*+)({_BEFORE_SIGN}*+)('*+)({_SIGN})|{_INSIDE}({_BEFORE_SIGN}*+)('*+)({_SIGN})"
)
_NEUTRALISED = re.compile(
    f"^'('*+)({_SIGN})|^'('*)({_BEFORE_SIGN}++)'('*+)({_SIGN})"
    f"|{_INSIDE}({_BEFORE_SIGN}*+)'('*+)({_SIGN})"
)

# What would start a heading, an item, a quotation, a table or a rule: "# ", "- ", "1.".
_STARTS_MARKUP = re.compile(r"([#+>|=~:-]|\d{1,9}(?=[.)]))")
# Characters of code, emphasis and strikethrough. An underscore within a word, as in snake_case, is
# no emphasis.
_EMPHASIS = re.compile(r"[`*~]|(?<![^\W_])_+|_+(?![^\W_])")
# What makes text in square brackets a link: "[text](url)", "[text][label]" or "[label]: url".
_LINK = re.compile(r"(?<=\])[(\[:]")
# A number that would start a list: "1." or "1)".
_LIST_NUMBER = re.compile(r"^(\d{1,9})(?=[.)])")

# A sign behind its backslash, or one that ends a cell or the label of a link.
_CELL_SIGNS = re.compile(r"(\\.)|[|\[\]]")

# What could end a script or an element within it, and what ended a line in old scripts.
_SCRIPT_ENDS = {
    ord(sign): f"\\u{ord(sign):04x}" for sign in ("<", ">", "&", "'", "\u2028", "\u2029")
}
# Characters that a file's name may not have in every system: all but letters, digits and .()~ +-
_UNSAFE_IN_NAMES = re.compile(r"[^\w.()~ +-]")


def visible(text: str) -> str:
    r"""Return a text without characters that cannot be shown; lines and tabs stay.

    >>> visible("a\x00b\r\nc\x1b[31m")
    'ab\nc[31m'
    """
    return _UNSHOWABLE.sub("", text)


def for_terminal(text: str) -> str:
    r"""Return a text that a terminal only shows: it obeys nothing, and reorders nothing.

    >>> for_terminal("\x1b[31mred\x1b]8;;https://evil.example\x07 link\rover")
    'red link over'
    """
    plain = _TERMINAL_SEQUENCE.sub("", text.replace("\r\n", "\n"))
    return _UNPRINTABLE.sub("", visible(_LINE_ENDS.sub(" ", plain)))


def for_line(text: str) -> str:
    r"""Return a text for one line of a terminal, bounded.

    >>> for_line("status 500:\n\ncoverage-kit: done")
    'status 500: coverage-kit: done'
    """
    plain = " ".join(for_terminal(text[: 2 * _MAX_PART]).split())
    return plain if len(plain) <= _MAX_PART else f"{plain[: _MAX_PART - 1]}…"


def for_cell(text: str) -> str:
    """Return a text of a CSV that no spreadsheet reads as a formula, with whatever separator.

    A ' goes before each sign with which a cell could start a formula, and to the start of the text
    if spaces come before its first sign, as OWASP advises. `from_cell` takes them away again.

    >>> for_cell("=1+1"), for_cell("a;=1"), for_cell("'=1"), for_cell("a-b")
    ("'=1+1", "a;'=1", "''=1", 'a-b')
    """
    return _FORMULA.sub(_neutralise, text)


def _neutralise(match: re.Match[str]) -> str:
    if match[4] is None:
        return f"{match[5]}'{match[6]}{match[7]}"
    # What spaces hide gets a second ', because they may separate cells as well.
    inner = f"{match[2]}'" if match[2] else ""
    return f"'{match[1]}{inner}{match[3]}{match[4]}"


def from_cell(text: str) -> str:
    """Return the text from which `for_cell` made this one.

    >>> from_cell("'=1+1"), from_cell("it's")
    ('=1+1', "it's")
    """
    return _NEUTRALISED.sub(lambda match: "".join(map(str, filter(None, match.groups()))), text)


def for_prompt(text: str) -> str:
    r"""Return a text as a model may read it: nothing in it is there for machines alone.

    >>> for_prompt("a\x1b\U000e0041\u202eb")
    'ab'
    """
    return _UNPRINTABLE.sub("", visible(text))


def for_html(text: str, *, is_value: bool = False) -> str:
    """Return plain words as HTML, or as an attribute's value.

    A { is escaped too, because a template language may read the file before a browser does.

    >>> for_html("<b> {{ x }}")
    '&lt;b&gt; &#123;&#123; x }}'
    """
    return html.escape(visible(text), quote=is_value).replace("{", "&#123;")


def for_script(value: Any) -> str:
    r"""Return a value as JSON that stays within the script element that holds it.

    >>> for_script("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(value, sort_keys=True).translate(_SCRIPT_ENDS)


def for_markdown(text: str, *, is_inside: bool = False) -> str:
    r"""Return plain words as one line of Markdown.

    The line has no HTML, links, code or emphasis, and does not start a block of another kind.
    `is_inside` says that it goes within a line, where no block can start.

    >>> for_markdown("<b> [a](b) *c*"), for_markdown("# d")
    ('&lt;b&gt; [a]\\(b) \\*c\\*', '\\# d')
    """
    words = " ".join(visible(text).split()).replace("\\", "\\\\").replace("&", "&amp;")
    words = words.replace("<", "&lt;").replace(">", "&gt;").replace("{", "&#123;")
    words = _EMPHASIS.sub(
        lambda match: "".join(f"\\{character}" for character in match[0]),
        words,
    )
    words = _LINK.sub(r"\\\g<0>", words)
    if is_inside:
        return words
    if words[:1].isdigit():
        return _LIST_NUMBER.sub(r"\1\\", words)
    return f"\\{words}" if _STARTS_MARKUP.match(words) else words


def for_markdown_cell(text: str) -> str:
    r"""Return plain words for a cell of a table in Markdown, or for the label of a link in it.

    >>> for_markdown_cell("a | [b]")
    'a \\| \\[b\\]'
    """
    # A pair of a backslash and its sign is one already.
    return _CELL_SIGNS.sub(
        lambda match: match[1] or f"\\{match[0]}", for_markdown(text, is_inside=True)
    )


def for_file_name(step: str, limit: int = 80) -> str:
    """Return a step of a path without anything that a file system or a browser could misread.

    It is empty where nothing of the name can stay. The limit in characters is what every file
    system allows (assumed).

    >>> for_file_name("a:b?.html"), for_file_name("..")
    ('a-b-.html', '')
    """
    return _UNSAFE_IN_NAMES.sub("-", visible(step)).strip(". ")[:limit]
