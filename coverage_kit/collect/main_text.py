"""Find the blocks of a page that are its main content.

These are the blocks whose words trafilatura keeps, with the headings above them.
"""

import logging
import re
from itertools import pairwise

import trafilatura
from lxml.html import HtmlElement

from coverage_kit.collect.blocks import TextBlock

# Runs of five words rarely recur by chance within a page (assumed).
_SHINGLE_WORDS = 5
# The share of a block's runs of words that must be in trafilatura's text (assumed).
_MATCHING_SHARE = 0.5
# With fewer words trafilatura has found too little to judge by (assumed).
_MIN_WORDS = 40
# Longer runs of dropped blocks are left out on purpose, not lost (assumed).
_MAX_GAP_WORDS = 60
# For pages with more elements trafilatura takes from several seconds to minutes: its time grows
# with the square of their number (measured: five seconds for 50,000 paragraphs).
_MAX_ELEMENTS = 25_000
# The same holds for tables (measured: two seconds for 1,000, and 20 for 4,700).
_MAX_TABLES = 1_000
# A block of fewer words may be a label rather than prose (assumed).
_PROSE_WORDS = 15
# A block is a link when so many of its words are (assumed).
_LINK_SHARE = 0.8
# How a sentence ends, in any script, and what may follow its end.
_SENTENCE_ENDS = tuple(".!?:;\u2026\u3002\uff01\uff1f\uff1a\u061f\u06d4\u0964")
_CLOSING = " \"')]\u201d\u2019\u00bb\u300d"
# A longer line says something (assumed).
_MAX_NOTE_WORDS = 14
# Lines that are about the page, in English: where they have no class or role, only the words say
# so. All of them are common on pages whose text people marked (article_extraction, first half) or
# on documentation, and none is a sentence of content.
_NOTES = re.compile(
    r"(?:adverti[sz]e?ments?|adverts?|sponsored(?: content)?|loading|please wait"
    r"|continue reading(?: below)?|story continues below(?: advertisement)?"
    r"|(?:back|scroll) to top|on this page|in this article|table of contents"
    r"|skip to (?:main )?content|read more|share|share this(?: \w+){0,2}"
    r"|get short url|post comment|comments?|print|close|video|copy|copied!?"
    r"|copy (?:link|code)|edit (?:this page|on \w+|this page on \w+)|view source|previous|next"
    r"|(?:previous|next) (?:page|post|article)"
    r"|(?:was|is|did) this (?:page|article|answer|post|information|content)? ?(?:\w+ ){0,3}"
    r"(?:helpful|useful|question|problem)\??(?: yes| no| [/|]){0,4}"
    r"|(?:copyright )?(?:©|\(c\))(?: [^.]*)?(?:\.? ?all rights reserved)?\.?"
    r"|all rights reserved\.?)"
    r"(?: ?(?:\.{2,3}|…|[→←»«↑:])){0,2}",
    re.IGNORECASE,
)
# A line with the author, and what may follow a name: "By Ann Lee and Bo Ek | Fox News - 3 May".
_BYLINE = re.compile(
    r"(?:(?:[Ww]ritten|[Pp]osted|[Pp]ublished|[Rr]eviewed) )?(?:by|By|BY):? "
    r"(?:[^\Wa-z_][\w.'\u2019-]*|and|de|van|von|der|la|al|bin|&)"
    r"(?:[ ,|/·•\u2013-]+(?:[^\Wa-z_][\w.'\u2019:,-]*|and|de|van|von|der|la|al|bin|at|on|am|pm"
    r"|updated|ago|of|the|&|\d[\w:,./-]*))*[ .,|]*"
)
# Words of dates and reading times. A line of nothing else is no content.
_DATE_WORDS = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?|(?:first |last )?(?:published|updated|posted|modified|reviewed)(?: on)?"
    r"|publish date|am|pm|[ap]\.m|[ecmp][sd]t|et|gmt|utc|ist|at|ago|min(?:ute)?s?|hours?|days?|read"
    r"|\d{4}-\d{2}-\d{2}t[\d:.]+z?|\d{1,4}(?:st|nd|rd|th)?)\b",
    re.IGNORECASE,
)
# A word of any script: spaces and punctuation do not decide whether a block matches.
_WORD = re.compile(r"\w+")

# Both libraries log what is wrong with a page as an error. Here it is the status of a page and no
# error of the program.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def main_blocks(blocks: list[TextBlock], tree: HtmlElement) -> list[TextBlock]:
    """Return the blocks of the main content, in order.

    A block is kept when half of its runs of five words occur in trafilatura's text; a block of
    fewer words, when it is a line of that text. Prose in elements of the same kind is kept, too,
    and so are short texts between what is kept. A heading is kept when text below it is kept,
    because trafilatura alone loses two headings of five. Where trafilatura finds too little to
    judge by, all blocks are kept except those of asides. Lines such as "By Ann Lee, 3 May", "Back
    to top" and "Advertisement" are left out.
    """
    is_quick = (
        sum(1 for _ in tree.iter()) <= _MAX_ELEMENTS
        and sum(1 for _ in tree.iter("table")) <= _MAX_TABLES
    )
    text = _main_text(tree) if is_quick else ""
    lines = [_WORD.findall(line.lower()) for line in text.splitlines()]
    words = [word for line in lines for word in line]
    are_main = _matching(blocks, words, {" ".join(line) for line in lines})
    n_main_words = sum(
        _n_words(block) for block, is_main in zip(blocks, are_main, strict=True) if is_main
    )
    if len(words) < _MIN_WORDS or n_main_words < len(words) / 2:
        return all_blocks(blocks)
    are_main = _with_gaps(blocks, _with_kin(blocks, are_main))
    return _with_headings(blocks, _without_notes(blocks, _with_leads(blocks, are_main)))


def all_blocks(blocks: list[TextBlock]) -> list[TextBlock]:
    """Return all blocks except those of asides and headings with nothing below them."""
    return _with_headings(
        blocks,
        [not block.is_aside and block.kind != "heading" for block in blocks],
    )


def _main_text(tree: HtmlElement) -> str:
    text = trafilatura.extract(
        tree,
        output_format="txt",
        favor_recall=True,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
    )
    return text or ""


def _n_words(block: TextBlock) -> int:
    return len(_words(block))


def _words(block: TextBlock) -> list[str]:
    return _WORD.findall(block.text.lower())


def _matching(blocks: list[TextBlock], words: list[str], lines: set[str]) -> list[bool]:
    shingles = set(_shingles(words))
    return [
        block.kind != "heading" and _is_match(_words(block), shingles, lines) for block in blocks
    ]


def _is_match(words: list[str], shingles: set[tuple[str, ...]], lines: set[str]) -> bool:
    if len(words) < _SHINGLE_WORDS:
        return " ".join(words) in lines
    block_shingles = _shingles(words)
    return sum(shingle in shingles for shingle in block_shingles) >= _MATCHING_SHARE * len(
        block_shingles
    )


def _shingles(words: list[str]) -> list[tuple[str, ...]]:
    return [
        tuple(words[start : start + _SHINGLE_WORDS])
        for start in range(len(words) - _SHINGLE_WORDS + 1)
    ]


def _with_kin(blocks: list[TextBlock], are_main: list[bool]) -> list[bool]:
    """Add prose that is in elements of the same kind as main blocks, such as p in div.article.

    Behind the last main block, it is added up to a heading that is of another kind than those with
    main text below them.
    """
    kinds = {
        block.holder
        for block, is_main in zip(blocks, are_main, strict=True)
        if is_main and _n_words(block) >= _PROSE_WORDS
    }
    heading_kinds = {
        block.holder
        for (block, _), (_, is_main) in pairwise(zip(blocks, are_main, strict=True))
        if block.kind == "heading" and block.level > 1 and is_main
    }
    first = are_main.index(True)
    last = len(are_main) - are_main[::-1].index(True)
    result = list(are_main)
    for index in range(first, len(blocks)):
        block = blocks[index]
        if index >= last and block.kind == "heading" and block.holder not in heading_kinds:
            break
        if block.holder in kinds and block.kind == "text" and _is_prose(block):
            result[index] = True
    return result


def _is_prose(block: TextBlock) -> bool:
    n_words = _n_words(block)
    return n_words >= _PROSE_WORDS and 2 * block.n_linked_words < n_words and not block.is_aside


def _with_gaps(blocks: list[TextBlock], are_main: list[bool]) -> list[bool]:
    """Add short runs of dropped blocks between main ones, or between a heading and the first one.

    That heading is the h1, or else the last heading above. Runs of links and blocks of asides stay
    dropped.
    """
    result = list(are_main)
    main_indices = [index for index, is_main in enumerate(are_main) if is_main]
    above = [
        index for index, block in enumerate(blocks[: main_indices[0]]) if block.kind == "heading"
    ]
    titles = [index for index in above if blocks[index].level == 1]
    for start, end in pairwise([*(titles[:1] or above[-1:]), *main_indices]):
        gap = [
            index
            for index in range(start + 1, end)
            if blocks[index].kind != "heading" and not blocks[index].is_aside
        ]
        n_words = sum(_n_words(blocks[index]) for index in gap)
        n_linked = sum(blocks[index].n_linked_words for index in gap)
        if n_words <= _MAX_GAP_WORDS and 2 * n_linked < n_words:
            for index in gap:
                result[index] = _says_something(blocks[index], blocks[index - 1])
    return result


def _says_something(block: TextBlock, before: TextBlock) -> bool:
    """Return whether a short block is more than a label of a picture or of a button.

    A sentence is, and so are items, rows and what a heading or a term leads to.
    """
    return (
        block.kind != "text"
        or before.kind in {"heading", "lead"}
        or _n_words(block) >= _PROSE_WORDS
        or block.text.rstrip(_CLOSING).endswith(_SENTENCE_ENDS)
    )


def _is_link(block: TextBlock) -> bool:
    return block.n_linked_words >= _LINK_SHARE * max(1, _n_words(block))


def _without_notes(blocks: list[TextBlock], are_main: list[bool]) -> list[bool]:
    """Leave out links alone in a paragraph and lines about the page, unless a term leads to them.

    "3 May 2024" is an answer below a term or a heading of a section, such as "Release date", and no
    content below the title of an article.
    """
    result = list(are_main)
    for index, block in enumerate(blocks):
        before = blocks[index - 1] if index else block
        if block.kind != "text" or before.kind == "lead":
            continue
        if before.kind != "heading" and _is_link(block):
            result[index] = False
        is_in_section = before.kind == "heading" and before.level > 1
        if is_note(block.text) or (not is_in_section and is_dateline(block.text)):
            result[index] = False
    return result


def is_note(text: str) -> bool:
    """Return whether a line is about the page and none of its content.

    >>> is_note("Was this page helpful?"), is_note("Back to top of the hill it is steep.")
    (True, False)
    """
    line = _short_line(text)
    return bool(line) and _NOTES.fullmatch(line) is not None


def is_dateline(text: str) -> bool:
    """Return whether a line names the author or the date of a page and nothing else.

    >>> is_dateline("By Ann Lee, updated 3 May 2024"), is_dateline("By bus it takes an hour.")
    (True, False)
    """
    line = _short_line(text)
    rest = _DATE_WORDS.sub(" ", line)
    is_date = rest != line and _WORD.search(rest) is None
    return is_date or _BYLINE.fullmatch(line) is not None


def _short_line(text: str) -> str:
    """Return a text on one line, or no text where it is too long for a note."""
    words = text.split()
    return " ".join(words) if len(words) <= _MAX_NOTE_WORDS else ""


def _with_leads(blocks: list[TextBlock], are_main: list[bool]) -> list[bool]:
    """Add a term, summary, caption or accordion button when the block after it is main content."""
    result = list(are_main)
    # From the last to the first, so that each of several leads in a row is added.
    for index in range(len(blocks) - 2, -1, -1):
        if blocks[index].kind == "lead" and result[index + 1]:
            result[index] = True
    return result


def _with_headings(blocks: list[TextBlock], are_main: list[bool]) -> list[TextBlock]:
    """Return the main blocks and the headings above them.

    A heading stays when main text comes before the next heading of its level or a higher level.
    """
    result: list[TextBlock] = []
    # For each level, whether a heading of that level would have text below it at this point. The
    # blocks are read from the last to the first.
    has_text = dict.fromkeys(range(1, 7), False)
    for block, is_main in zip(reversed(blocks), reversed(are_main), strict=True):
        if block.kind != "heading":
            has_text = dict.fromkeys(has_text, True) if is_main else has_text
        elif has_text[block.level]:
            result.append(block)
            has_text.update(dict.fromkeys(range(block.level, 7), False))
        if is_main:
            result.append(block)
    return result[::-1]
