"""The clauses of a sentence, and long sentences in pieces that are short enough to compare."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from coverage_kit.measure.claim_parts import YEAR, ClaimParts, read_parts
from coverage_kit.measure.claim_words import FOUNDED
from coverage_kit.text.quantities import DASHES

# Characters that are read of a claim and of a source, and of a sentence in one piece (assumed:
# enough for any real text, and no text can stall a run).
MAX_CLAIM_LENGTH = 2_000
MAX_SOURCE_LENGTH = 20_000
_MAX_SENTENCE_LENGTH = 1_000
# Clauses of a sentence that are compared one by one (assumed).
_MAX_CLAUSES = 12
# Where a clause ends: ", ", " - ", " but ", or " and " if two words follow.
_CLAUSE = re.compile(rf"[,;:]\s|\s[{DASHES}]\s|\s(?:but|while|whereas|and)\s(?=\S+\s\S)")
# A circumstance: "in Kendal", "by two sisters", up to the next preposition.
_CIRCUMSTANCE = re.compile(
    r"\b(?:by|in|at|with|from|as|when|near|to|on)\s"
    r"(?:(?!\b(?:by|in|at|with|from|as|when|near)\b).)*"
)


@lru_cache(maxsize=2_000)
def read_clauses(text: str) -> tuple[ClaimParts, ...]:
    """Return each clause of a sentence, then the whole sentence if it has several clauses.

    Of a list of over twelve clauses only the whole is returned: clauses are compared with clauses,
    so that their number counts twice.
    """
    pieces = [piece.strip() for piece in _CLAUSE.split(text) if piece and piece.strip()]
    several = pieces if 1 < len(pieces) <= _MAX_CLAUSES else []
    return tuple(_without_circumstances(read_parts(piece)) for piece in [*several, text])


def cut_long(sentence: str) -> Iterator[str]:
    """Yield a sentence in pieces of at most 1,000 characters, which is mostly one piece.

    It is cut between words, if there are any.
    """
    while len(sentence) > _MAX_SENTENCE_LENGTH:
        space = sentence.rfind(" ", 1, _MAX_SENTENCE_LENGTH + 1)
        end = space if space > 0 else _MAX_SENTENCE_LENGTH
        yield sentence[:end]
        sentence = sentence[end:].lstrip()
    yield sentence


def _without_circumstances(clause: ClaimParts) -> ClaimParts:
    """Return what a clause states of a founding, without where, by whom and how.

    The year does not depend on these. Other clauses are returned as they are.
    """
    years = tuple(figure for figure in clause.figures if figure.unit == YEAR)
    if FOUNDED not in clause.words or len(years) != 1:
        return clause
    return replace(read_parts(_CIRCUMSTANCE.sub(" ", clause.text)), figures=years)
