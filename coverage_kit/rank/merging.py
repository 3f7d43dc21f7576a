"""Claims that say the same, as one: by vectors, words and figures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coverage_kit.rank.parties import content_words
from coverage_kit.rank.wording import is_anecdote, is_negated
from coverage_kit.text.figures import measures_of
from coverage_kit.text.length import count_words
from coverage_kit.vectors import Vectors

# Two claims say the same at this cosine; with as many words or a figure in common, at the lower
# ones. Assumed.
_SAME = 0.82
_SAME_WITH_WORDS = 0.6
_SAME_WITH_FIGURES = 0.5
# Share of the fewer words that both have. Assumed.
_WORDS_IN_COMMON = 0.5
_WORDS_WITH_FIGURES = 0.3
# Two claims speak of one thing at this cosine and share of words, so that their figures may
# contradict each other. Assumed.
_SAME_THING = 0.75
# A fact is clearest with about this many words. Assumed.
_BEST_LENGTH = 16


@dataclass(frozen=True)
class Statement:
    """A clean claim: its row in the claims, its text, words and figures by unit."""

    row: int
    text: str
    words: frozenset[str]
    figures: dict[str, frozenset[str]]
    is_negated: bool

    def conflicts(self, other: "Statement") -> bool:
        """Return whether both have figures of one unit, and none in common."""
        return any(
            unit in other.figures and self.figures[unit].isdisjoint(other.figures[unit])
            for unit in self.figures
        )

    def overlap(self, other: "Statement") -> float:
        """Return the share of the fewer words that both have, 0 to 1."""
        fewer = min(len(self.words), len(other.words))
        return len(self.words & other.words) / fewer if fewer else 0.0

    def shares_figure(self, other: "Statement") -> bool:
        """Return whether both have a figure in common, with its unit."""
        return any(
            values & other.figures.get(unit, frozenset()) for unit, values in self.figures.items()
        )


def read_statement(row: int, text: str) -> Statement:
    """Return a clean claim with its words and figures."""
    words = frozenset(content_words(text))
    return Statement(row, text, words, measures_of(text), is_negated(text))


def merge_statements(statements: Sequence[Statement], vectors: Vectors) -> list[list[Statement]]:
    """Return groups of statements that say the same, in the order of their first ones.

    Args:
        statements: of one topic.
        vectors: unit vectors of all claims, shape (n claims, d), by the statements' rows.
    """
    groups: list[list[Statement]] = []
    for statement in statements:
        best, best_score = None, 0.0
        for group in groups:
            score = min(_sameness(statement, member, vectors) for member in group)
            if score > best_score:
                best, best_score = group, score
        if best is None:
            groups.append([statement])
        else:
            best.append(statement)
    return groups


def contradict(one: Statement, other: Statement, vectors: Vectors) -> bool:
    """Return whether two statements say different things of one thing."""
    similarity = float(vectors[one.row] @ vectors[other.row])
    if similarity < _SAME_THING or one.overlap(other) < _WORDS_IN_COMMON:
        return False
    is_denied = one.is_negated != other.is_negated and not one.shares_figure(other)
    return is_denied or (one.conflicts(other) and not one.shares_figure(other))


def clearest(group: Sequence[Statement], vectors: Vectors) -> Statement:
    """Return the statement of a group that is nearest to the others, of a good length."""
    rows = [statement.row for statement in group]
    center = vectors[rows].mean(axis=0)

    def score(statement: Statement) -> float:
        n_words = max(1, count_words(statement.text))
        length = abs(np.log(n_words / _BEST_LENGTH))
        detail = sum(map(len, statement.figures.values()))
        return float(
            vectors[statement.row] @ center
            - 0.1 * length
            + 0.02 * min(detail, 3)
            - 0.2 * is_anecdote(statement.text)
        )

    return max(group, key=lambda statement: (round(score(statement), 6), statement.text))


def _sameness(one: Statement, other: Statement, vectors: Vectors) -> float:
    """Return the cosine of two statements that say the same; 0 where they do not."""
    similarity = float(vectors[one.row] @ vectors[other.row])
    if one.conflicts(other) or one.is_negated != other.is_negated:
        return 0.0
    overlap = one.overlap(other)
    is_same = (
        similarity >= _SAME
        or (similarity >= _SAME_WITH_WORDS and overlap >= _WORDS_IN_COMMON)
        or (
            similarity >= _SAME_WITH_FIGURES
            and overlap >= _WORDS_WITH_FIGURES
            and one.shares_figure(other)
        )
    )
    return similarity if is_same else 0.0
