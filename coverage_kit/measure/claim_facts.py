"""The facts that a claim states of the brand, and whether the site has them anywhere.

Facts are figures, dates and named things. Words without any of these cannot be looked up: a site
may say the same in others.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from coverage_kit.measure.claim_parts import ClaimParts, Quantity, read_names, read_parts
from coverage_kit.measure.clauses import MAX_SOURCE_LENGTH, cut_long
from coverage_kit.text.quantities import MONTHS
from coverage_kit.text.sentences import split_sentences

# Units that are converted: the other unit, and how many of it there are in one.
_CONVERTED = {"mile": ("m", 1609.344), "lb": ("kg", 0.45359237)}
# Differences by rounding that converted figures may have (assumed).
_ROUNDING = 0.03
# Counts up to this are no facts (assumed).
_SMALL_COUNT = 3
# Shorter names, such as abbreviations, are no facts (assumed).
_MIN_NAME_LENGTH = 4
_DAYS = frozenset(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
# Behind these, a sentence speaks of others, compares, or draws a conclusion of its own.
_ASIDE = re.compile(
    r";\s|,\s(?:which|who|so|because|but)\s"
    r"|,?\s(?:against|than|compared (?:with|to)|versus|vs\.?|whereas|while|unlike|like most)\s",
    re.IGNORECASE,
)
# A difference is computed from what sites say: "lighter by 2 kg and 6 kg", "2 kg lighter".
_COMPARING = (
    r"(?:more|less|fewer|lighter|heavier|cheaper|dearer|longer|shorter|wider|narrower|faster"
    r"|slower|higher|lower|bigger|larger|smaller|older|newer|later|earlier)"
)
_MORE_BY = re.compile(rf"\b{_COMPARING} by\b", re.IGNORECASE)
_MORE = re.compile(rf"\s{_COMPARING}\b", re.IGNORECASE)
# What a clause denies, from its negation on, is on no site: "has no office in Leeds".
_DENIED = re.compile(
    r"\b(?:no|not|never|without|neither|nor|cannot|\w+n['’]t)\b"  # noqa: RUF001 (as typed)
    r"(?:(?![,;]|\b(?:and|but)\b).)*\Z",
    re.IGNORECASE,
)
# What belongs to whoever asks: "your 52 km round trip".
_ASKERS = re.compile(r"\byour (?:\w+ ){0,3}\Z", re.IGNORECASE)
# The words around a figure that does not show what it counts: "sold 40,000 of them".
_BEFORE = re.compile(r"[^\W\d_]+ \Z")
_BEHIND = re.compile(r"(?:[ -][^\W\d_]+){0,2}")
# Behind "six wooden", what is counted: " pods".
_COUNTED = re.compile(r"(?: [^\W\d_]+)?? [^\W\d_]+s\b")


class Fact(NamedTuple):
    """A figure, or the words of a named thing, and how the claim writes it."""

    wording: str
    figure: Quantity | None
    words: frozenset[str]


class SiteFacts:
    """The figures and words of a whole site, read when they are first needed.

    Args:
        texts: of its passages, with their headings.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def has(self, fact: Fact) -> bool:
        """Return whether the site gives a figure, or names a thing, anywhere.

        A figure counts in other units too, and where the claim rounds it. A range that holds the
        figure does not give it.
        """
        figures, words = self._read
        if fact.figure is None:
            return fact.words <= words
        units = {fact.figure.unit, *_CONVERTED, *(unit for unit, _ in _CONVERTED.values())}
        return any(_gives(other, fact.figure) for unit in units for other in figures[unit])

    @cached_property
    def _read(self) -> tuple[defaultdict[str, set[Quantity]], frozenset[str]]:
        figures: defaultdict[str, set[Quantity]] = defaultdict(set)
        words: set[str] = set()
        for statement in _statements(self._texts):
            words |= statement.terms
            for figure in statement.figures:
                figures[figure.unit].add(figure)
        return figures, frozenset(words)


def _statements(texts: Iterable[str]) -> Iterator[ClaimParts]:
    for text in texts:
        for line in text[:MAX_SOURCE_LENGTH].splitlines():
            for sentence in split_sentences(line):
                yield from map(read_parts, cut_long(sentence))


def find_facts(claim: str, own_names: Sequence[str]) -> list[Fact]:
    """Return the figures and named things that a claim states of the brand, in its order.

    Small counts ("two hoops"), differences, rounded restatements, what is denied or belongs to
    whoever asks, and what stands outside the part of the sentence that speaks of the brand are no
    facts.

    Args:
        claim: a sentence.
        own_names: names of the brand.
    """
    text = _part_of_brand(read_parts(claim).text, own_names)
    facts: list[tuple[int, Fact]] = []
    position = 0
    for figure in read_parts(text).figures:
        start = text.find(figure.wording, position)
        position = max(start, position)
        before, behind = text[:start], text[start + len(figure.wording) :]
        is_large = figure.is_measured or figure.high > _SMALL_COUNT or "." in figure.wording
        is_computed = _MORE_BY.search(before) or _MORE.match(behind)
        # "90 days, roughly three months"
        is_restated = figure.bound == "about" and bool(facts)
        if is_large and not (is_computed or is_restated or _is_left_out(before)):
            facts.append((start, Fact(_in_words(figure, before, behind), figure, frozenset())))
    own = {word for name in own_names for word in read_parts(f"the {name}").names}
    for start, wording, words in read_names(text):
        named = words - own
        is_long = any(len(word) >= _MIN_NAME_LENGTH for word in named)
        if is_long and not named & (MONTHS | _DAYS) and not _is_left_out(text[:start]):
            article = "the " * text[:start].endswith("the ")
            facts.append((start, Fact(f"{article}{wording}", None, named)))
    return [fact for _, fact in sorted(facts, key=lambda pair: pair[0])]


def _is_left_out(before: str) -> bool:
    """Return whether the words before a fact deny it, or give it to whoever asks."""
    return bool(_DENIED.search(before) or _ASKERS.search(before))


def _part_of_brand(text: str, own_names: Sequence[str]) -> str:
    """Return the part of a sentence that names the brand, or its first part."""
    parts = _ASIDE.split(text)
    lowered = [name.casefold() for name in own_names]
    return next(
        (part for part in parts if any(name in part.casefold() for name in lowered)), parts[0]
    )


def _in_words(figure: Quantity, before: str, behind: str) -> str:
    """Return a figure with as many of its words as show what it is about."""
    if not figure.unit or "-" in figure.wording:
        leading = _BEFORE.search(before) if not figure.unit else None
        following = _BEHIND.match(behind)
        return (
            f"“{leading[0] if leading else ''}{figure.wording}{following[0] if following else ''}”"
        )
    counted = None if figure.is_measured or figure.wording[-1] == "s" else _COUNTED.match(behind)
    return figure.wording + (counted[0] if counted else "")


def _gives(other: Quantity, figure: Quantity) -> bool:
    """Return whether a figure of the site is that of a claim, in whatever unit."""
    low, high = _ends(figure)
    if other.unit == figure.unit:
        is_exact = figure.low == figure.high and other.low == other.high
        return any(low <= end <= high for end in _ends(other)) or (
            is_exact and figure.agrees(other)
        )
    return _converts_to((low, high), figure.unit, other) or any(
        _converts_to((end, end), other.unit, figure) for end in _ends(other)
    )


def _ends(figure: Quantity) -> tuple[float, float]:
    """Return the numbers that a figure gives; of "up to 90" it is 90 twice."""
    low = figure.low if math.isfinite(figure.low) else figure.high
    return low, figure.high if math.isfinite(figure.high) else low


def _converts_to(ends: tuple[float, float], unit: str, other: Quantity) -> bool:
    """Return whether numbers of a unit are another figure in its unit, but for rounding."""
    base, factor = _CONVERTED.get(unit, ("", 1.0))
    low, high = ends[0] * factor * (1 - _ROUNDING), ends[1] * factor * (1 + _ROUNDING)
    return bool(base) and other.unit == base and any(low <= end <= high for end in _ends(other))
