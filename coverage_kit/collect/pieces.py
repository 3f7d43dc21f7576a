"""Cut long text into pieces that fit in a passage, at the ends of what a reader takes as one.

A paragraph is cut at its lines: the rows of a table, the items of a list. A line of prose is cut at
its sentences, a sentence at its clauses, a clause at its words, a word within. Each step is taken
only with what is still too long.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from coverage_kit.contracts import TokenCounter
from coverage_kit.text.length import count_words, estimate_tokens
from coverage_kit.text.sentences import split_sentences

# The start of a list item.
_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\d{1,9}[.)])\s")
# The end of a cell in a table's row. The bar stays with the cell.
_CELL = re.compile(r"(?<= \|) ")
# The end of a clause: a comma or the like before a space, or such a mark of a script without
# spaces. Dots are the ellipsis.
_CLAUSE = re.compile(
    r"(?<=[,;:\u060c\u061b\u1363\u1364\u1365])\s+"
    r"|(?<=[\uff0c\u3001\uff1b\uff1a\u2026])(?![\uff0c\u3001\uff1b\uff1a\u2026\u300d\u300f\u201d])"
)
_SPACE = re.compile(r"\s+")
# Marks that follow a letter and belong to it are fewer than this (assumed).
_MAX_MARKS = 8


class _Part(NamedTuple):
    """A part of a text, and what joins it to the part before it."""

    joint: str
    text: str


class Size(NamedTuple):
    """The length of a text in words and in tokens."""

    words: int
    tokens: int


class Limit(NamedTuple):
    """The most words and tokens that a text may have."""

    words: int
    tokens: int

    def holds(self, size: Size) -> bool:
        """Return whether a text of this size is within the limit."""
        return size.words <= self.words and size.tokens <= self.tokens

    def without(self, size: Size) -> "Limit":
        """Return what is left of the limit beside a text of this size."""
        return Limit(self.words - size.words, self.tokens - size.tokens)


@dataclass(frozen=True)
class Piece:
    """A text that is not cut, and what joins it to the piece before it.

    `block` is the number of the paragraph of code that it belongs to, or None for prose.
    """

    text: str
    size: Size
    joint: str
    block: int | None = None

    @property
    def is_code(self) -> bool:
        """Whether the piece is code."""
        return self.block is not None


class Ruler:
    """Measures texts, and remembers those of prose until `forget`.

    Args:
        count_tokens: counts the tokens of texts; None for an estimate by script.
    """

    def __init__(self, count_tokens: TokenCounter | None) -> None:
        self._count_tokens = count_tokens or estimate_tokens
        self._sizes: dict[str, Size] = {}

    def measure(self, texts: Iterable[str]) -> None:
        """Measure prose together, which is faster than one text after the other."""
        new = [text for text in dict.fromkeys(texts) if text not in self._sizes]
        for text, n_tokens in zip(new, self._count_tokens(new) if new else (), strict=True):
            self._sizes[text] = Size(count_words(text), n_tokens)

    def size(self, text: str, *, is_code: bool = False) -> Size:
        """Return the length of a text. Code has no tokens, because no encoder reads it."""
        if is_code:
            return Size(count_words(text), 0)
        if text not in self._sizes:
            self.measure([text])
        return self._sizes[text]

    def forget(self) -> None:
        """Forget all texts."""
        self._sizes.clear()


def split_paragraph(text: str, limit: Limit, ruler: Ruler, block: int | None = None) -> list[Piece]:
    """Return a paragraph whole where it fits, or else its lines, sentences and so on.

    Args:
        text: the paragraph; blank text gives nothing.
        limit: the most of a piece.
        ruler: measures texts.
        block: the number of a paragraph of code, which has no sentences; None for prose.
    """
    is_code = block is not None
    words = text.strip("\n") if is_code else text.strip()
    if not words.strip():
        return []
    piece = Piece(words, ruler.size(words, is_code=is_code), "\n\n", block)
    return [piece] if limit.holds(piece.size) else list(cut_paragraph(piece, limit, ruler))


def cut_paragraph(piece: Piece, limit: Limit, ruler: Ruler) -> Iterator[Piece]:
    """Yield a paragraph cut at the ends of its lines and sentences, even if it fits."""
    for line in _parts(piece, _lines, ruler):
        is_whole = limit.holds(line.size) and (line.is_code or _is_entry(line.text))
        yield from [line] if is_whole else _cut(line, limit, ruler, _STEPS[line.is_code])


def _cut(
    piece: Piece, limit: Limit, ruler: Ruler, steps: tuple[Callable[[str], list[_Part]], ...]
) -> Iterator[Piece]:
    """Yield the parts of a piece by the first step; those that are too long by the further ones."""
    if not steps:
        yield from _cut_word(piece, limit, ruler)
        return
    for part in _parts(piece, steps[0], ruler):
        yield from [part] if limit.holds(part.size) else _cut(part, limit, ruler, steps[1:])


def _cut_word(piece: Piece, limit: Limit, ruler: Ruler) -> Iterator[Piece]:
    """Yield a text without spaces in runs of letters as long as the limit; one letter is a run."""
    text = piece.text
    words, tokens = piece.size
    most = len(text) * min(limit.words / max(words, 1), limit.tokens / max(tokens, 1))
    step = max(1, min(int(most), len(text) // 2))
    for run in _parts(piece, lambda whole: _runs(whole, step), ruler):
        is_left = limit.holds(run.size) or len(run.text) in {1, len(text)}
        yield from [run] if is_left else _cut_word(run, limit, ruler)


def _parts(piece: Piece, split: Callable[[str], list[_Part]], ruler: Ruler) -> list[Piece]:
    """Return the parts of a piece; the first is joined as the piece is."""
    parts = [part for part in split(piece.text) if part.text.strip()]
    if not piece.is_code:
        ruler.measure(part.text for part in parts)
    return [
        Piece(
            part.text,
            ruler.size(part.text, is_code=piece.is_code),
            part.joint if number else piece.joint,
            piece.block,
        )
        for number, part in enumerate(parts)
    ]


def _is_entry(line: str) -> bool:
    """Return whether a line is an item of a list or a row of a table."""
    return _ITEM.match(line) is not None or _CELL.search(line) is not None


def _lines(text: str) -> list[_Part]:
    return [_Part("\n", line.rstrip()) for line in text.split("\n")]


def _sentences(text: str) -> list[_Part]:
    """Return the sentences of a line, or the cells of a row."""
    if _CELL.search(text) is not None:
        return _split_at(_CELL, text)
    parts: list[_Part] = []
    end = 0
    for sentence in split_sentences(text):
        start = text.index(sentence, end)
        parts.append(_Part(" " if start > end else "", sentence))
        end = start + len(sentence)
    return parts


def _clauses(text: str) -> list[_Part]:
    return _split_at(_CLAUSE, text)


def _words(text: str) -> list[_Part]:
    return _split_at(_SPACE, text)


def _split_at(mark: re.Pattern[str], text: str) -> list[_Part]:
    """Return what a mark parts, joined by a space where the mark is one."""
    parts: list[_Part] = []
    start = 0
    joint = ""
    for match in mark.finditer(text):
        parts.append(_Part(joint, text[start : match.start()]))
        start = match.end()
        joint = " " if match[0] else ""
    return [*parts, _Part(joint, text[start:])]


def _runs(text: str, step: int) -> list[_Part]:
    """Return runs of about so many characters; marks stay with the letter before them."""
    parts: list[_Part] = []
    start = 0
    while start < len(text):
        end = start + step
        last = end + _MAX_MARKS
        while end < min(len(text), last) and unicodedata.category(text[end])[0] == "M":
            end += 1
        parts.append(_Part("", text[start:end]))
        start = end
    return parts


# By whether a line is code: how it is cut, the coarsest cut first.
_STEPS = {False: (_sentences, _clauses, _words), True: (_words,)}
