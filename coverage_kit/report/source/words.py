"""What HTML and Markdown sources share: blocks of words, splices, and how words are compared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Literal, NamedTuple

from coverage_kit.report.texts import clean_text

# A "lead" leads to the text after it, as a term or a caption does; an "item" belongs to a list.
BlockKind = Literal["heading", "text", "lead", "item", "row", "code"]
# Headings of a lower level belong to the words of a passage, as in text/sections.py.
LOWEST_PATH_LEVEL = 4

# What may stand before the words of a line of Markdown: "- ", "2. ", "## ", "> ", or a backslash
# as in "\- ".
_MARKERS = re.compile(r"\s*(?:(?:[-*+>]|\d{1,9}[.)]|#{1,6})\s+|\\(?=\S))*")
# A word is letters, digits and underscores: "£3.50" has the words "3" and "50".
_WORD = re.compile(r"\w+")
# Characters without a width: soft hyphen, zero-width space, word joiner, and marks of direction.
_INVISIBLE = re.compile("[\xad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class CannotPlaceError(Exception):
    """A change cannot be made in this source; the message says why."""


class Word(NamedTuple):
    """One word as it is compared, and where it starts and ends in the source."""

    key: str
    start: int
    end: int


class Splice(NamedTuple):
    """Characters of a source from `start` to `end`, and the text that replaces them."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, eq=False)
class SourceBlock:
    """One block of a source: its text on one line, its words, and the level of a heading."""

    kind: BlockKind
    text: str
    words: tuple[Word, ...]
    level: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The block's words as they are compared."""
        return tuple(word.key for word in self.words)


def find_words(text: str) -> list[Word]:
    r"""Return the words of a text with their positions, without the markers at the start of lines.

    >>> [word.key for word in find_words("1. Two Bikes\n- £3.50")]
    ['two', 'bikes', '3', '50']
    """
    words: list[Word] = []
    line_start = 0
    for line in text.split("\n"):
        markers = _MARKERS.match(line)
        begin = markers.end() if markers is not None else 0
        words += [
            Word(match[0].casefold(), line_start + match.start(), line_start + match.end())
            for match in _WORD.finditer(line, begin)
        ]
        line_start += len(line) + 1
    return words


def words_key(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared.

    Case, punctuation, markers at the start of lines and invisible characters do not count.
    """
    return tuple(word.key for word in find_words(_INVISIBLE.sub("", clean_text(text))))


class ChangedWords(NamedTuple):
    """The words of a text that another text has instead.

    Attributes:
        first: number of the first of these words among those of `words_key`.
        last: number of the last of them.
        text: what stands in the other text instead.
    """

    first: int
    last: int
    text: str


def changed_words(old: str, new: str) -> ChangedWords | None:
    """Return the words between those with which both texts begin and end, at least one.

    None is returned where there is no such word, such as for texts of signs alone.

    >>> changed_words("Read the old book now.", "Read the new book now.")
    ChangedWords(first=2, last=2, text='new')
    """
    before, after = old.split(), new.split()
    n_same = sum(1 for _ in takewhile(_is_same, zip(before, after, strict=False)))
    left = min(len(before), len(after)) - n_same
    pairs = islice(zip(reversed(before), reversed(after), strict=False), left)
    n_behind = sum(1 for _ in takewhile(_is_same, pairs))
    # At least one word is replaced by another, because only words have positions.
    while not (
        words_key(" ".join(before[n_same : len(before) - n_behind]))
        and after[n_same : len(after) - n_behind]
    ):
        if not n_same + n_behind:
            return None
        n_same, n_behind = (n_same - 1, n_behind) if n_same else (0, n_behind - 1)
    return ChangedWords(
        len(words_key(" ".join(before[:n_same]))),
        len(words_key(" ".join(before[: len(before) - n_behind]))) - 1,
        " ".join(after[n_same : len(after) - n_behind]),
    )


def _is_same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def is_invisible(character: str) -> bool:
    """Return whether a character is invisible: neither a part of a word nor between two words."""
    return _INVISIBLE.match(character) is not None


def apply_splices(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with every splice made; two at one position keep their order.

    Raises CannotPlaceError where two of them overlap.
    """
    # The sort is stable, so that splices at one position keep their order.
    ordered = sorted(
        _move_insertions(text, list(splices)),
        key=lambda splice: (splice.start, splice.end),
    )
    texts = []
    position = 0
    for splice in ordered:
        if splice.start < position:
            raise CannotPlaceError("the words are interleaved with others in the file")
        texts += [text[position : splice.start], splice.new]
        position = splice.end
    return "".join([*texts, text[position:]])


def _move_insertions(text: str, splices: list[Splice]) -> list[Splice]:
    """Return the splices without an insertion inside a removal.

    An insertion moves behind the removal around it, before the end of its last line. Where only
    space of the removal follows the insertion, the removal ends at the insertion instead.
    """
    result = list(splices)
    for index, insertion in enumerate(splices):
        for removal_index, removal in enumerate(splices):
            is_within = (
                insertion.start == insertion.end
                and not removal.new
                and removal.start < insertion.start < removal.end
            )
            if is_within and text[insertion.start : removal.end].strip():
                # The box that is removed ends behind the insertion.
                removed = text[removal.start : removal.end]
                line_ends = removed[len(removed.rstrip("\n")) :]
                new = insertion.new.lstrip("\n") + line_ends if line_ends else insertion.new
                result[index] = Splice(removal.end, removal.end, new)
            elif is_within:
                starts_line = text[: removal.start].endswith("\n") or removal.start == 0
                new = insertion.new.lstrip("\n") if starts_line else insertion.new
                result[removal_index] = Splice(removal.start, insertion.start, "")
                result[index] = Splice(insertion.start, insertion.start, new)
    return result
