"""The sentences of sources, each with what its neighbourhood says: heading, neighbours, and whom a pronoun means."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from coverage_kit.measure.claim_parts import Figure, Parts, read_parts
from coverage_kit.sentences import split_sentences

_ENDS = (".", "!", "?", ":", ";")
_HEADING_WORDS = 25
_ROWS = re.compile(r"\n(?=[^\n]*\|)|(?<=\|)\s*\n")


@dataclass(frozen=True)
class Told:
    """One sentence or table row of a source, by its place, with its neighbours (`window`).

    `heading` holds the terms of the heading above it, `subject` the name that a pronoun at its start stands for.
    """

    place: int
    sentence: str
    window: str
    parts: Parts
    heading: frozenset[str]
    subject: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """Its words and names."""
        return self.parts.terms

    @cached_property
    def near(self) -> Parts:
        """What it says with its neighbours."""
        return read_parts(self.window)

    def may_be_about(self, claim: Parts) -> bool:
        """Return whether it may speak of what a claim speaks of: it does not name others alone."""
        names = self.parts.names | self.subject
        return not (names and claim.names) or bool(names & claim.names)

    def tells(self, figure: Figure) -> bool:
        """Return whether it tells a figure; one without a unit stands for any of its value."""
        return any(figure.agrees(one) or (not figure.unit and one.low == figure.low) for one in self.parts.figures)


def read_sources(sources: Sequence[str]) -> list[Told]:
    """Return the sentences and table rows of all sources in order; a short first line without a full stop is a heading."""
    return [one for place, source in enumerate(sources) for one in _read_source(place, source)]


def share(wanted: frozenset[str], terms: Collection[str]) -> float:
    """Return which share of the terms wanted is there, 1 where none are wanted.

    >>> share(frozenset(["weigh", "heron"]), ["heron"])
    0.5
    """
    return len(wanted & frozenset(terms)) / len(wanted) if wanted else 1.0


def _read_source(place: int, source: str) -> Iterator[Told]:
    sentences = _split(source)
    parts = [read_parts(one) for one in sentences]
    heading, subject = frozenset[str](), frozenset[str]()
    for at, one in enumerate(parts):
        if sentences[at].startswith("#") or (at == 0 and len(parts) > 1 and _is_heading(sentences[0])):
            heading = one.terms
        before = parts[at - 1].names if at else frozenset[str]()
        subject = (before or subject) if one.begins_with_pronoun else frozenset()
        subject = subject if len(subject) == 1 else frozenset()
        window = " ".join(sentences[max(0, at - 1) : at + 2])
        yield Told(place, sentences[at], window, one, heading, subject)


def _is_heading(line: str) -> bool:
    return not line.rstrip().endswith(_ENDS) and len(line.split()) <= _HEADING_WORDS


def _split(source: str) -> list[str]:
    first, _, rest = source.strip().partition("\n")
    texts = [first, *split_sentences(rest)] if rest and _is_heading(first) else split_sentences(source)
    pieces = (piece.strip() for text in texts for piece in (_ROWS.split(text) if "|" in text else [text]))
    return [piece for piece in pieces if read_parts(piece).text]
