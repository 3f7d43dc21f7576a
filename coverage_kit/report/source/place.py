"""Find a passage, a heading or a section among the blocks of a source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from coverage_kit.report.source.words import (
    LOWEST_PATH_LEVEL,
    CannotPlaceError,
    SourceBlock,
    Word,
    words_key,
)

B = TypeVar("B", bound=SourceBlock)
Keys = tuple[str, ...]
# So many blocks may stand between two blocks of a passage, where reading the site left them out
# (assumed).
_MAX_SKIPPED_BLOCKS = 20


class WordsNotFoundError(CannotPlaceError):
    """The words of a change are not in its file."""


@dataclass(frozen=True, eq=False)
class Piece(Generic[B]):
    """A block of a passage, and which of its words belong to the passage.

    A long paragraph is split into several passages.
    """

    block: B
    words: tuple[Word, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all words of the block belong to the passage."""
        return len(self.words) == len(self.block.words)

    @property
    def keys(self) -> Keys:
        """The piece's words as they are compared."""
        return tuple(word.key for word in self.words)


def path_keys(heading_path: str) -> list[Keys]:
    """Return the steps of a heading path as they are compared."""
    return [words_key(step) for step in heading_path.split(" > ")]


def is_path_heading(block: SourceBlock) -> bool:
    """Return whether a block is a heading that is a step of heading paths."""
    return block.kind == "heading" and block.level <= LOWEST_PATH_LEVEL


def find_passage(blocks: Sequence[B], words: Keys, path: list[Keys]) -> list[Piece[B]]:
    """Return the pieces of the passage with these words.

    Where several passages have them, the passage whose headings fit the path best is returned.

    Raises CannotPlaceError where the words are not in the file, or several times but never under
    the last heading of the path.
    """
    hits = list(_find_hits(blocks, words))
    if not hits:
        raise WordsNotFoundError("the words are not in the file")
    # The sort is stable: of passages that fit equally, the first in the file comes first.
    ranked = sorted(hits, key=lambda hit: _fit(blocks, hit, path), reverse=True)
    best = _fit(blocks, ranked[0], path)
    if len(ranked) > 1 and best[0] == 0 and _fit(blocks, ranked[1], path) == best:
        raise CannotPlaceError(
            f"the words occur {len(hits)} times in the file, never under the heading of the change"
        )
    return ranked[0]


def find_heading(blocks: Sequence[B], before: str, path: list[Keys]) -> B:
    """Return the heading with these words.

    Where several headings have them, the heading that fits the path best is returned. Raises
    CannotPlaceError where no heading has them.
    """
    keys = words_key(before)
    indices = [
        index
        for index, block in enumerate(blocks)
        if block.kind == "heading" and block.keys == keys and keys
    ]
    if not indices:
        raise CannotPlaceError("no heading of the file has these words")
    return blocks[
        max(
            indices,
            key=lambda index: (_shared(_path_to(blocks, index + 1), path), -index),
        )
    ]


def heading_above(blocks: Sequence[B], block: B, depth: int = 0) -> B | None:
    """Return the nearest heading above a block, or its ancestor so many levels higher (`depth`)."""
    headings = (
        heading for heading in reversed(blocks[: _index(blocks, block)]) if is_path_heading(heading)
    )
    heading = next(headings, None)
    for _ in range(depth):
        level = heading.level if heading is not None else 0
        heading = next((higher for higher in headings if higher.level < level), None)
    return heading


def section_below(blocks: Sequence[B], heading: B | None) -> list[B]:
    """Return the blocks under a heading, up to the next heading of its level or a higher level.

    Under an h1, or under no heading, they end at the next heading of any level: they are an
    introduction. An inserted section goes behind the section, and thus behind the sections in it.
    """
    start = 0 if heading is None else _index(blocks, heading) + 1
    deepest = LOWEST_PATH_LEVEL if heading is None or heading.level == 1 else heading.level
    below: list[B] = []
    for block in blocks[start:]:
        if is_path_heading(block) and block.level <= deepest:
            break
        below.append(block)
    return below


def words_below(blocks: Sequence[B], heading: B) -> list[B]:
    """Return the blocks between a heading and the next heading, and that heading if it is lower."""
    start = _index(blocks, heading) + 1
    below: list[B] = []
    for block in blocks[start:]:
        if is_path_heading(block):
            return [*below, block] if block.level > heading.level else below
        below.append(block)
    return below


def _index(blocks: Sequence[B], block: B) -> int:
    return next(index for index, candidate in enumerate(blocks) if candidate is block)


def _find_hits(blocks: Sequence[B], words: Keys) -> Iterator[list[Piece[B]]]:
    """Yield the pieces of each passage with these words."""
    if not words:
        return
    for index, block in enumerate(blocks):
        if is_path_heading(block):
            continue
        for first_word, key in enumerate(block.keys):
            if key == words[0] and (hit := _follow(blocks, index, first_word, words)):
                yield hit


def _follow(blocks: Sequence[B], index: int, first_word: int, words: Keys) -> list[Piece[B]]:
    """Return the pieces that hold the words, from a word of the block at `index` on, or none."""
    pieces: list[Piece[B]] = []
    n_matched = 0
    n_skipped = 0
    for block in blocks[index:]:
        if is_path_heading(block) or n_skipped > _MAX_SKIPPED_BLOCKS:
            return []
        start = 0 if pieces else first_word
        # The passage may begin within its first block and end within its last block.
        keys = block.keys[start : start + len(words) - n_matched]
        is_end = n_matched + len(keys) == len(words)
        if keys == words[n_matched : n_matched + len(keys)] and (
            is_end or start + len(keys) == len(block.words)
        ):
            pieces.append(Piece(block, block.words[start : start + len(keys)]))
            n_matched += len(keys)
            n_skipped = 0
            if n_matched == len(words):
                return pieces
        elif not pieces:
            return []
        else:
            n_skipped += 1
    return []


def _path_to(blocks: Sequence[B], end: int) -> list[Keys]:
    """Return the heading path of the block at index `end`, the highest heading first."""
    path: dict[int, Keys] = {}
    for block in blocks[:end]:
        if is_path_heading(block):
            # A heading ends the sections of its own level and of lower levels.
            path = {level: keys for level, keys in path.items() if level < block.level} | {
                block.level: block.keys
            }
    return list(path.values())


def _fit(blocks: Sequence[B], hit: list[Piece[B]], path: list[Keys]) -> tuple[int, int, int]:
    """Return how well a passage fits a path.

    It fits better if its last heading is the path's, then if it has more whole blocks, then if it
    shares more headings with the path.
    """
    hit_path = _path_to(blocks, _index(blocks, hit[0].block))
    is_untitled = len(path) <= 1 and len(hit_path) <= 1
    is_under = int(is_untitled or (bool(path) and bool(hit_path) and hit_path[-1] == path[-1]))
    n_cut = sum(not piece.is_whole for piece in hit)
    return is_under, -n_cut, _shared(hit_path, path)


def _shared(hit_path: list[Keys], path: list[Keys]) -> int:
    """Return how many headings of a path are in the other path, too."""
    return sum(step in path for step in hit_path)
