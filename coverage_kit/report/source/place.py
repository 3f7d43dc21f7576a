"""Where a passage, a heading or a section stands among the blocks of a source."""

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
_MOST_SKIPPED = 20  # blocks between a passage's own that the reading of the site left out


@dataclass(frozen=True, eq=False)
class Piece(Generic[B]):
    """A block of a passage, and those of its words that are the passage's: a long paragraph is cut into several."""

    block: B
    words: tuple[Word, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all words of the block are the passage's."""
        return len(self.words) == len(self.block.words)

    @property
    def keys(self) -> Keys:
        """The piece's words as they are compared."""
        return tuple(word.key for word in self.words)


def path_keys(heading_path: str) -> list[Keys]:
    """Return the steps of a heading path as they are compared."""
    return [words_key(step) for step in heading_path.split(" > ")]


def is_path_heading(block: SourceBlock) -> bool:
    """Return whether a block is a heading under which passages are told apart."""
    return block.kind == "heading" and block.level <= LOWEST_PATH_LEVEL


def find_passage(blocks: Sequence[B], words: Keys, path: list[Keys]) -> list[Piece[B]]:
    """Return the pieces of the passage with these words, the one under the wanted headings where several have them.

    Raises CannotPlaceError where the words are not there, or there several times and never under
    the wanted heading.
    """
    hits = list(_find_hits(blocks, words))
    if not hits:
        raise CannotPlaceError("the words are not in the file")
    ranked = sorted(hits, key=lambda hit: _fit(blocks, hit, path), reverse=True)
    best = _fit(blocks, ranked[0], path)
    if len(ranked) > 1 and best[0] == 0 and _fit(blocks, ranked[1], path) == best:
        raise CannotPlaceError(
            f"the words stand {len(hits)} times in the file, none under the heading named"
        )
    return ranked[0]


def find_heading(blocks: Sequence[B], before: str, path: list[Keys]) -> B:
    """Return the heading with these words, the one that fits the path best. Raises CannotPlaceError where there is none."""
    wanted = words_key(before)
    places = [
        at
        for at, block in enumerate(blocks)
        if block.kind == "heading" and block.keys == wanted and wanted
    ]
    if not places:
        raise CannotPlaceError("no heading of the file has these words")
    return blocks[
        max(
            places,
            key=lambda at: (_shared(_path_to(blocks, at + 1), path), -at),
        )
    ]


def heading_above(blocks: Sequence[B], block: B, depth: int = 0) -> B | None:
    """Return the nearest heading above a block, or the one so many levels above that."""
    at = next(at for at, one in enumerate(blocks) if one is block)
    above = (one for one in reversed(blocks[:at]) if is_path_heading(one))
    heading = next(above, None)
    for _ in range(depth):
        level = heading.level if heading is not None else 0
        heading = next((one for one in above if one.level < level), None)
    return heading


def section_below(blocks: Sequence[B], heading: B | None) -> list[B]:
    """Return the blocks under a heading up to the next of its level or a higher one; under an h1 or none up to the next.

    An inserted section stands beside the section, so that those in it come first; the words under
    an h1 are an introduction.
    """
    start = (
        0 if heading is None else next(at for at, one in enumerate(blocks) if one is heading) + 1
    )
    deepest = LOWEST_PATH_LEVEL if heading is None or heading.level == 1 else heading.level
    found: list[B] = []
    for block in blocks[start:]:
        if is_path_heading(block) and block.level <= deepest:
            break
        found.append(block)
    return found


def words_below(blocks: Sequence[B], heading: B) -> list[B]:
    """Return the blocks between a heading and the next heading of any level, and that one."""
    start = next(at for at, one in enumerate(blocks) if one is heading) + 1
    found: list[B] = []
    for block in blocks[start:]:
        if is_path_heading(block):
            return [*found, block] if block.level > heading.level else found
        found.append(block)
    return found


def _find_hits(blocks: Sequence[B], words: Keys) -> Iterator[list[Piece[B]]]:
    if not words:
        return
    for at, block in enumerate(blocks):
        if is_path_heading(block):
            continue
        for first, key in enumerate(block.keys):
            if key == words[0] and (hit := _follow(blocks, at, first, words)):
                yield hit


def _follow(blocks: Sequence[B], at: int, first: int, words: Keys) -> list[Piece[B]]:
    """Return the pieces that hold the words from this word of this block on, or none."""
    pieces: list[Piece[B]] = []
    done = skipped = 0
    for block in blocks[at:]:
        if is_path_heading(block) or skipped > _MOST_SKIPPED:
            return []
        start = 0 if pieces else first
        keys = block.keys[start : start + len(words) - done]
        is_end = done + len(keys) == len(words)
        if keys == words[done : done + len(keys)] and (
            is_end or start + len(keys) == len(block.words)
        ):
            pieces.append(Piece(block, block.words[start : start + len(keys)]))
            done = done + len(keys)
            skipped = 0
            if done == len(words):
                return pieces
        elif not pieces:
            return []
        else:
            skipped += 1
    return []


def _path_to(blocks: Sequence[B], end: int) -> list[Keys]:
    """Return the headings above the block at `end`, the highest first."""
    above: dict[int, Keys] = {}
    for block in blocks[:end]:
        if is_path_heading(block):
            above = {level: keys for level, keys in above.items() if level < block.level} | {
                block.level: block.keys
            }
    return list(above.values())


def _fit(blocks: Sequence[B], hit: list[Piece[B]], path: list[Keys]) -> tuple[int, int, int]:
    """Return how well a place fits a path: its last heading, then whole blocks, then the headings shared."""
    at = next(place for place, block in enumerate(blocks) if block is hit[0].block)
    above = _path_to(blocks, at)
    is_untitled = len(path) <= 1 and (not above or len(above) == 1)
    is_under = int(is_untitled or (bool(path) and bool(above) and above[-1] == path[-1]))
    return (
        is_under,
        sum(piece.is_whole for piece in hit) - len(hit),
        _shared(above, path),
    )


def _shared(above: list[Keys], path: list[Keys]) -> int:
    return sum(step in path for step in above)
