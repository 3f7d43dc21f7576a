"""The sentences of sources, each with what its neighbourhood says: heading, neighbours, and whom a pronoun means."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from coverage_kit.measure.claim_parts import ClaimParts, Quantity, read_parts
from coverage_kit.measure.clauses import (
    MOST_OF_A_SOURCE,
    cut_long,
    read_clauses,
)
from coverage_kit.text.sentences import split_sentences

_ENDS = (".", "!", "?", ":", ";")
_HEADING_WORDS = 25
_MOST_KEPT = 5_000  # sources, as they are read
_ROWS = re.compile(r"\n(?=[^\n]*\|)|(?<=\|)\s*\n")


@dataclass(frozen=True)
class SourceSentence:
    """One sentence or table row of a source, by its place, with the terms that it and its neighbours say (`near`).

    `heading` holds the terms of the heading above it, `subject` the name that a pronoun at its
    start stands for.
    """

    place: int
    sentence: str
    parts: ClaimParts
    clauses: tuple[ClaimParts, ...]
    near: frozenset[str]
    heading: frozenset[str]
    subject: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """Its words and names."""
        return self.parts.terms

    def may_be_about(self, claim: ClaimParts) -> bool:
        """Return whether it may speak of what a claim speaks of: it does not name others alone."""
        names = self.parts.names | self.subject
        return not (names and claim.names) or bool(names & claim.names)

    def tells(self, figure: Quantity) -> bool:
        """Return whether it tells a figure; one without a unit stands for any of its value."""
        return any(
            figure.agrees(one) or (not figure.unit and one.low == figure.low)
            for one in self.parts.figures
        )


def read_sources(sources: Sequence[str]) -> list[SourceSentence]:
    """Return the sentences and table rows of all sources in order; a short first line without a full stop is a heading.

    Of each source the first `MOST_OF_A_SOURCE` characters are read, once where it comes again;
    sentences over 1,000 are cut.
    """
    return [
        one
        for place, source in enumerate(sources)
        for one in _read_at(source[:MOST_OF_A_SOURCE], place)
    ]


def share(wanted: frozenset[str], terms: Collection[str]) -> float:
    """Return which share of the terms wanted is there, 1 where none are wanted.

    >>> share(frozenset(["weigh", "heron"]), ["heron"])
    0.5
    """
    return len(wanted & frozenset(terms)) / len(wanted) if wanted else 1.0


@lru_cache(maxsize=2 * _MOST_KEPT)
def _read_at(source: str, place: int) -> tuple[SourceSentence, ...]:
    return tuple(replace(one, place=place) for one in _read_source(source))


@lru_cache(maxsize=_MOST_KEPT)
def _read_source(source: str) -> tuple[SourceSentence, ...]:
    return tuple(_read_sentences(source))


def _read_sentences(source: str) -> Iterator[SourceSentence]:
    sentences = _split(source)
    parts = [read_parts(one) for one in sentences]
    heading = frozenset[str]()
    subject = frozenset[str]()
    for at, one in enumerate(parts):
        if sentences[at].startswith("#") or (
            at == 0 and len(parts) > 1 and _is_heading(sentences[0])
        ):
            heading = one.terms
        before = parts[at - 1].names if at else frozenset[str]()
        subject = (before or subject) if one.begins_with_pronoun else frozenset()
        subject = subject if len(subject) == 1 else frozenset()
        near = frozenset[str]().union(*(other.terms for other in parts[max(0, at - 1) : at + 2]))
        yield SourceSentence(
            0,
            sentences[at],
            one,
            read_clauses(sentences[at]),
            near,
            heading,
            subject,
        )


def _is_heading(line: str) -> bool:
    return not line.rstrip().endswith(_ENDS) and len(line.split()) <= _HEADING_WORDS


def _split(source: str) -> list[str]:
    first, _, rest = source.strip().partition("\n")
    texts = (
        [first, *split_sentences(rest)] if rest and _is_heading(first) else split_sentences(source)
    )
    pieces = (
        piece.strip() for text in texts for piece in (_ROWS.split(text) if "|" in text else [text])
    )
    return [part for piece in pieces for part in cut_long(piece) if read_parts(part).text]
