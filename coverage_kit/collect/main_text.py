"""Find the blocks of a page that are its main content.

These are the blocks whose words trafilatura keeps, with the headings above them.
"""

import logging
import re
from itertools import islice, pairwise

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
# A word of any script: spaces and punctuation do not decide whether a block matches.
_WORD = re.compile(r"\w+")

# Both libraries log what is wrong with a page as an error. Here it is the status of a page and no
# error of the program.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def main_blocks(blocks: list[TextBlock], tree: HtmlElement) -> list[TextBlock]:
    """Return the blocks of the main content, in order.

    A block is kept when half of its runs of five words occur in trafilatura's text; a block of
    fewer words, when it is a line of that text. A heading is kept when text below it is kept,
    because trafilatura alone loses two headings of five. Where trafilatura finds too little to
    judge by, all blocks are kept except those of asides.
    """
    text = _main_text(tree) if sum(1 for _ in tree.iter()) <= _MAX_ELEMENTS else ""
    lines = [_WORD.findall(line.lower()) for line in text.splitlines()]
    words = [word for line in lines for word in line]
    are_main = _matching(blocks, words, {" ".join(line) for line in lines})
    n_main_words = sum(
        _n_words(block) for block, is_main in zip(blocks, are_main, strict=True) if is_main
    )
    if len(words) < _MIN_WORDS or n_main_words < len(words) / 2:
        return all_blocks(blocks)
    return _with_headings(blocks, _with_leads(blocks, _with_gaps(blocks, are_main)))


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


def _with_gaps(blocks: list[TextBlock], are_main: list[bool]) -> list[bool]:
    """Add short runs of dropped blocks between main ones, or between the h1 and the first main one.

    Runs of links and blocks of asides stay dropped.
    """
    result = list(are_main)
    main_indices = [index for index, is_main in enumerate(are_main) if is_main]
    title_indices = (
        index
        for index, block in enumerate(blocks[: main_indices[0]])
        if block.kind == "heading" and block.level == 1
    )
    for start, end in pairwise([*islice(title_indices, 1), *main_indices]):
        gap = [
            index
            for index in range(start + 1, end)
            if blocks[index].kind != "heading" and not blocks[index].is_aside
        ]
        n_words = sum(_n_words(blocks[index]) for index in gap)
        n_linked = sum(blocks[index].n_linked_words for index in gap)
        if n_words <= _MAX_GAP_WORDS and 2 * n_linked < n_words:
            for index in gap:
                result[index] = True
    return result


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
