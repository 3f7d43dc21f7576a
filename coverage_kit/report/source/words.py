"""What the sources of both formats share: blocks of words with their places, splices, and how words are compared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from coverage_kit.report.texts import clean_text

BlockKind = Literal["heading", "text", "lead", "item", "row", "code"]
LOWEST_PATH_LEVEL = 4  # headings below it are words of a passage

_MARKERS = re.compile(r"\s*(?:(?:[-*+>]|\d{1,9}[.)]|#{1,6})\s+|\\(?=\S))*")
_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile("[\xad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class CannotPlaceError(Exception):
    """A change cannot be made in this source; the message says why."""


class Word(NamedTuple):
    """One word as it is compared, and its place in the source."""

    key: str
    start: int
    end: int


class Splice(NamedTuple):
    """Characters of a source and what stands there instead."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, eq=False)
class SourceBlock:
    """One block of a source: its words on one line, each with its place, and the level of a heading."""

    kind: BlockKind
    text: str
    words: tuple[Word, ...]
    level: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The block's words as they are compared."""
        return tuple(word.key for word in self.words)


def find_words(text: str) -> list[Word]:
    r"""Return the words of a text with their places, without the list numbers that start its lines.

    >>> [word.key for word in find_words("1. Two Bikes\n- £3.50")]
    ['two', 'bikes', '3', '50']
    """
    found: list[Word] = []
    start = 0
    for line in text.split("\n"):
        marked = _MARKERS.match(line)
        begin = marked.end() if marked is not None else 0
        found += [
            Word(one[0].casefold(), start + one.start(), start + one.end())
            for one in _WORD.finditer(line, begin)
        ]
        start += len(line) + 1
    return found


def words_key(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared: without case, punctuation, list numbers and invisible characters."""
    return tuple(word.key for word in find_words(_INVISIBLE.sub("", clean_text(text))))


def is_invisible(character: str) -> bool:
    """Return whether a character is not a part of any word, nor between two."""
    return _INVISIBLE.match(character) is not None


def apply_splices(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with every splice made; of two at one place the first stands first.

    Raises CannotPlaceError where two of them overlap.
    """
    ordered = sorted(
        enumerate(_apart(text, list(splices))),
        key=lambda pair: (pair[1].start, pair[1].end, pair[0]),
    )
    parts = []
    at = 0
    for _, splice in ordered:
        if splice.start < at:
            raise CannotPlaceError("the words are interleaved with others in the file")
        parts += [text[at : splice.start], splice.new]
        at = splice.end
    return "".join([*parts, text[at:]])


def _apart(text: str, splices: list[Splice]) -> list[Splice]:
    """Return the splices with words put in behind what is removed around them, and before the end of its last line."""
    result = list(splices)
    for at, put in enumerate(splices):
        for other, gone in enumerate(splices):
            is_within = put.start == put.end and not gone.new and gone.start < put.start < gone.end
            if (
                is_within and text[put.start : gone.end].strip()
            ):  # in a box that goes with its last words
                removed = text[gone.start : gone.end]
                ends = removed[len(removed.rstrip("\n")) :]
                result[at] = Splice(
                    gone.end,
                    gone.end,
                    put.new.lstrip("\n") + ends if ends else put.new,
                )
            elif is_within:
                is_line = text[: gone.start].endswith("\n") or gone.start == 0
                result[other] = Splice(gone.start, put.start, "")
                result[at] = Splice(
                    put.start,
                    put.start,
                    put.new.lstrip("\n") if is_line else put.new,
                )
    return result
