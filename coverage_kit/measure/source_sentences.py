"""The sentences of sources, each with its surroundings.

These are its heading, its neighbours, and the name that a pronoun stands for.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from coverage_kit.measure.claim_parts import ClaimParts, Quantity, read_parts
from coverage_kit.measure.clauses import (
    MAX_SOURCE_LENGTH,
    cut_long,
    read_clauses,
)
from coverage_kit.text.sentences import split_sentences

# A line that ends with these is no heading.
_ENDS = (".", "!", "?", ":", ";")
# Longer lines are no headings (assumed).
_MAX_HEADING_WORDS = 25
# Sources that are kept as they were read (assumed).
_CACHE_SIZE = 5_000
# The end of a table's row.
_ROWS = re.compile(r"\n(?=[^\n]*\|)|(?<=\|)\s*\n")


@dataclass(frozen=True)
class SourceSentence:
    """A sentence or table row of a source, by the source's index.

    `context` holds the terms of the sentence and its neighbours, `heading` the terms of the heading
    above it, and `subject` the name that a pronoun at its start stands for.
    """

    source: int
    sentence: str
    statement: ClaimParts
    clauses: tuple[ClaimParts, ...]
    context: frozenset[str]
    heading: frozenset[str]
    subject: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """Its words and names."""
        return self.statement.terms

    def may_be_about(self, claim: ClaimParts) -> bool:
        """Return whether the sentence may be about what a claim is about.

        It may not if both have names, and no name is in both.
        """
        names = self.statement.names | self.subject
        return not (names and claim.names) or bool(names & claim.names)

    def gives(self, figure: Quantity) -> bool:
        """Return whether the sentence gives a figure; without a unit its value is enough."""
        return any(
            figure.agrees(own) or (not figure.unit and own.low == figure.low)
            for own in self.statement.figures
        )


def read_sources(sources: Sequence[str]) -> list[SourceSentence]:
    """Return the sentences and table rows of all sources in order.

    A short first line without a full stop is a heading. Only the first `MAX_SOURCE_LENGTH`
    characters of each source are read, once for equal sources. Sentences of over 1,000 characters
    are cut.
    """
    return [
        sentence
        for index, source in enumerate(sources)
        for sentence in _read_at(source[:MAX_SOURCE_LENGTH], index)
    ]


def share(terms: frozenset[str], available: Collection[str]) -> float:
    """Return which share of the terms is available, 1 where there are no terms.

    >>> share(frozenset(["weigh", "heron"]), ["heron"])
    0.5
    """
    return len(terms & frozenset(available)) / len(terms) if terms else 1.0


@lru_cache(maxsize=2 * _CACHE_SIZE)
def _read_at(source: str, index: int) -> tuple[SourceSentence, ...]:
    return tuple(replace(sentence, source=index) for sentence in _read_source(source))


@lru_cache(maxsize=_CACHE_SIZE)
def _read_source(source: str) -> tuple[SourceSentence, ...]:
    return tuple(_read_sentences(source))


def _read_sentences(source: str) -> Iterator[SourceSentence]:
    sentences = _split(source)
    statements = [read_parts(sentence) for sentence in sentences]
    heading = frozenset[str]()
    subject = frozenset[str]()
    for index, statement in enumerate(statements):
        sentence = sentences[index]
        is_title = index == 0 and len(statements) > 1 and _is_heading(sentence)
        if sentence.startswith("#") or is_title:
            heading = statement.terms
        # A pronoun at the start stands for the only name of the sentence before, or for whom
        # that sentence's pronoun stands for.
        previous_names = statements[index - 1].names if index else frozenset[str]()
        subject = (previous_names or subject) if statement.begins_with_pronoun else frozenset()
        subject = subject if len(subject) == 1 else frozenset()
        neighbours = statements[max(0, index - 1) : index + 2]
        yield SourceSentence(
            source=0,
            sentence=sentence,
            statement=statement,
            clauses=read_clauses(sentence),
            context=frozenset[str]().union(*(neighbour.terms for neighbour in neighbours)),
            heading=heading,
            subject=subject,
        )


def _is_heading(line: str) -> bool:
    return not line.rstrip().endswith(_ENDS) and len(line.split()) <= _MAX_HEADING_WORDS


def _split(source: str) -> list[str]:
    first, _, following = source.strip().partition("\n")
    if following and _is_heading(first):
        texts = [first, *split_sentences(following)]
    else:
        texts = split_sentences(source)
    rows = (row.strip() for text in texts for row in _split_rows(text))
    pieces = (piece for row in rows for piece in cut_long(row))
    return [piece for piece in pieces if read_parts(piece).text]


def _split_rows(text: str) -> list[str]:
    """Return the rows of a table, and any other text as it is."""
    return _ROWS.split(text) if "|" in text else [text]
