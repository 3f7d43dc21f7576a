"""A sentence in its clauses, each read for itself, and a text in pieces short enough to be compared."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from coverage_kit.measure.claim_parts import YEAR, ClaimParts, read_parts
from coverage_kit.measure.claim_words import FOUNDED

# characters
MOST_OF_A_CLAIM = 2_000
MOST_OF_A_SOURCE = 20_000
_LONGEST = 1_000
_MOST_CLAUSES = 12
_CLAUSE = re.compile(r"[,;:]\s|\s[–—-]\s|\s(?:but|while|whereas|and)\s(?=\S+\s\S)")
_CIRCUMSTANCE = re.compile(
    r"\b(?:by|in|at|with|from|as|when|near|to|on)\s(?:(?!\b(?:by|in|at|with|from|as|when|near)\b).)*"
)


@lru_cache(maxsize=2_000)
def read_clauses(text: str) -> tuple[ClaimParts, ...]:
    """Return each clause of a sentence, then the whole of it where it has several; of a list of over twelve the whole alone.

    Clauses are held against clauses, so that their number counts twice.
    """
    pieces = [piece.strip() for piece in _CLAUSE.split(text) if piece and piece.strip()]
    several = pieces if 1 < len(pieces) <= _MOST_CLAUSES else []
    return tuple(_without_circumstances(read_parts(piece)) for piece in [*several, text])


def cut_long(sentence: str) -> Iterator[str]:
    """Yield a sentence in pieces of at most 1,000 characters, cut between words where there are any; mostly one piece."""
    while len(sentence) > _LONGEST:
        at = sentence.rfind(" ", 1, _LONGEST + 1)
        at = at if at > 0 else _LONGEST
        yield sentence[:at]
        sentence = sentence[at:].lstrip()
    yield sentence


def _without_circumstances(clause: ClaimParts) -> ClaimParts:
    """Return what is said of a founding without where, by whom and how: the year does not depend on it."""
    years = tuple(one for one in clause.figures if one.unit == YEAR)
    if FOUNDED not in clause.words or len(years) != 1:
        return clause
    return replace(read_parts(_CIRCUMSTANCE.sub(" ", clause.text)), figures=years)
