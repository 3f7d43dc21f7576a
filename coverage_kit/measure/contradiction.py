"""In what sources contradict a claim: another figure of the same unit, or a no for a yes, about the same subject.

Two ways lead to a different figure. Word by word: neither clause has a word or name of which the
other knows nothing. Corroborated: both sentences share another figure with its unit as well as
words, and so speak of one thing in other words.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from coverage_kit.measure.claim_parts import (
    MONEY,
    YEAR,
    ClaimParts,
    Quantity,
    read_parts,
)
from coverage_kit.measure.claim_words import COST
from coverage_kit.measure.clauses import read_clauses
from coverage_kit.measure.source_sentences import SourceSentence, share

_LEAST_SHARED = 2
_LEAST_CORROBORATED = 2.5
_MOST_APART = (
    5.0  # times: figures further apart tell of different things rather than the same thing wrongly
)
_IS_A = re.compile(
    r"\b(?:is|are|was)\s(?:an?|the|our|one of (?:our|the))\s([^.,;:()]{2,80})|,\s(?:an?|our)\s([^.,;:()]{2,80}),"
)
_IF = re.compile(r"\bif\b", re.IGNORECASE)

Differing = tuple[Quantity, Quantity]


@dataclass(frozen=True)
class Contradiction:
    """The sentence that contradicts a claim, and in what."""

    told: SourceSentence
    reason: str


@dataclass(frozen=True)
class _Pair:
    """A clause of the claim and one of a source, each with its sentence."""

    claim: ClaimParts
    ours: ClaimParts
    told: SourceSentence
    theirs: ClaimParts


def find_contradiction(
    claim: ClaimParts,
    told: Sequence[SourceSentence],
    own: frozenset[str] = frozenset(),
) -> Contradiction | None:
    """Return the first sentence that contradicts a claim, or None; also None where another one says as the claim does.

    Args:
        claim: one sentence, read.
        told: the sentences of the sources.
        own: the terms of the names that "we" stands for in the sources.
    """
    if claim.begins_with_pronoun and not claim.names - own:
        return None
    classes = _classes(claim, told)
    for one in told:
        reason = (
            ""
            if claim.is_unclear or one.parts.is_unclear
            else _tell_difference(claim, one, own, classes)
        )
        reason = reason or _tell_corroborated(claim, one, told, own)
        if reason:
            return None if _is_said_elsewhere(claim, told, own) else Contradiction(one, reason)
    return None


def _is_said_elsewhere(
    claim: ClaimParts, told: Sequence[SourceSentence], own: frozenset[str]
) -> bool:
    """Return whether another sentence tells all of the claim's figures of as much the same: then the sources are at odds."""
    wanted = claim.terms - own
    if not claim.figures:
        return any(
            share(wanted, one.terms) == 1 and one.parts.is_negated == claim.is_negated
            for one in told
        )
    return any(
        all(any(figure.agrees(other) for other in one.parts.figures) for figure in claim.figures)
        for one in told
        if one.may_be_about(claim) and share(wanted, one.terms | one.heading | one.subject) >= 0.5
    )


def _tell_corroborated(
    claim: ClaimParts,
    one: SourceSentence,
    told: Sequence[SourceSentence],
    own: frozenset[str],
) -> str:
    """Return in which figure a sentence differs that shares another figure, and words, with the claim; else empty."""
    figures = one.parts.figures
    if len(claim.figures) < 2 or len(figures) < 2:
        return ""
    same = [ours for ours in claim.figures if any(_is_alike(ours, other) for other in figures)]
    odd = [
        ours
        for ours in claim.figures
        if ours.unit not in ("", YEAR) and not any(ours.agrees(other) for other in figures)
    ]
    theirs = [other for other in figures if not any(ours.agrees(other) for ours in claim.figures)]
    pairs = [(ours, other) for ours in odd for other in theirs if _is_rival(ours, other)]
    is_clear = not (_without_if(claim).is_unclear or _without_if(one.parts).is_unclear)
    if len(pairs) != 1 or not same or not is_clear or claim.is_negated != one.parts.is_negated:
        return ""
    ours, other = pairs[0]
    clause = next(
        (part for part in read_clauses(claim.text)[:-1] if ours in part.figures),
        claim,
    )
    is_of_others = (clause.names - own) - (one.terms | one.heading | one.subject) or (
        one.parts.names - own
    ) - claim.terms
    if sum(figure.unit == ours.unit for figure in figures) > 1 or is_of_others:
        return ""
    wanted = claim.terms - own
    n_here = len(wanted & one.terms) + 0.5 * len((wanted & one.heading) - one.terms)
    points = n_here + 1.5 * len(same) + 0.5 * bool(own & claim.terms) + (not ours.is_measured)
    is_told = any(
        far.tells(ours) and len(wanted & (far.terms | far.heading)) >= n_here for far in told
    )
    return _tell(ours, other) if n_here and points >= _LEAST_CORROBORATED and not is_told else ""


def _is_alike(ours: Quantity, other: Quantity) -> bool:
    """Return whether two figures are the same to the digit, open to the same side if open at all."""
    return bool(ours.unit) and (ours.unit, ours.low, ours.high) == (
        other.unit,
        other.low,
        other.high,
    )


def _is_rival(ours: Quantity, other: Quantity) -> bool:
    """Return whether one figure may be the other told wrongly: of one unit, and not far apart."""
    sizes = sorted(abs(one.high if math.isfinite(one.high) else one.low) for one in (ours, other))
    return bool(ours.unit) and ours.unit == other.unit and sizes[1] <= _MOST_APART * sizes[0]


def _without_if(parts: ClaimParts) -> ClaimParts:
    return read_parts(_IF.sub(" ", parts.text))


def _tell(ours: Quantity, theirs: Quantity) -> str:
    return f"The claim tells {ours.told}, the source {theirs.told}."


def _tell_difference(
    claim: ClaimParts,
    one: SourceSentence,
    own: frozenset[str],
    classes: frozenset[str],
) -> str:
    """Return in what a sentence contradicts the claim word by word; empty where it does not."""
    for ours in read_clauses(claim.text):
        for theirs in one.clauses:
            is_opposite = ours.is_negated != theirs.is_negated
            if ours.hedges != theirs.hedges or not (ours.figures or is_opposite):
                continue
            differing = _differing_figures(ours, theirs, one.parts)
            is_candidate = (
                (differing is None and _same_figures(ours, theirs))
                if is_opposite
                else differing is not None
            )
            if is_candidate and _is_same_subject(
                _Pair(claim, ours, one, theirs), own, classes, differing
            ):
                return _tell(*differing) if differing else "The source says the opposite."
    return ""


def _differing_figures(
    ours: ClaimParts, theirs: ClaimParts, sentence: ClaimParts
) -> Differing | None:
    """Return the only figure in which two clauses differ, as both tell it; None where there is not exactly one."""
    if not ours.figures or not theirs.figures:
        return None
    odd = [one for one in ours.figures if not any(one.agrees(other) for other in sentence.figures)]
    others = [
        other for other in theirs.figures if not any(one.agrees(other) for one in ours.figures)
    ]
    if len(odd) != 1 or len(others) != 1 or not _is_rival(odd[0], others[0]):
        return None
    is_only = sum(one.unit == odd[0].unit for one in sentence.figures) == 1
    rest = [
        {
            (one.low, one.high, one.unit, one.bound)
            for one in told.figures
            if one not in (*odd, *others)
        }
        for told in (ours, theirs)
    ]
    return (odd[0], others[0]) if is_only and rest[0] == rest[1] else None


def _same_figures(ours: ClaimParts, theirs: ClaimParts) -> bool:
    return len(ours.figures) == len(theirs.figures) and all(
        any(one.agrees(other) for other in theirs.figures) for one in ours.figures
    )


def _is_same_subject(
    pair: _Pair,
    own: frozenset[str],
    classes: frozenset[str],
    differing: Differing | None,
) -> bool:
    """Return whether both clauses speak of the same: neither has a word or name of which the other knows nothing.

    They must share two things at least: words, names, the same thing counted, money (what costs is
    its subject), the brand; three and all words where one says the opposite of the other.
    """
    is_money = bool(differing and differing[0].unit in MONEY)
    idle = own | classes | ({COST} if is_money else frozenset())
    ours = _with_subject(pair.ours, pair.claim, frozenset())
    theirs = _with_subject(pair.theirs, pair.told.parts, pair.told.subject)
    if ours is None or theirs is None:
        return False
    known_here = theirs | (pair.told.heading if not pair.theirs.names else frozenset())
    if ours - known_here - idle or theirs - ours - pair.claim.terms - idle:
        return False
    shared = (ours & known_here) - own - {COST}
    is_counted = bool(differing and not differing[0].is_measured)
    if not shared & theirs and not is_counted:
        return False
    n_shared = (
        len(shared)
        + (bool(own & pair.claim.terms) or bool(own and pair.claim.is_of_speaker))
        + is_money
    )
    in_words = (pair.ours.words & pair.theirs.words) - idle
    has_verb = bool(in_words)
    if differing and differing[0].unit != YEAR:
        return n_shared + is_counted >= _LEAST_SHARED
    if differing:
        return has_verb and n_shared >= _LEAST_SHARED
    is_whole = len(in_words) > 1 or bool(in_words and (pair.ours.names & pair.theirs.names) - idle)
    return is_whole and n_shared > _LEAST_SHARED and not (theirs ^ ours) - pair.told.heading - idle


def _with_subject(
    clause: ClaimParts, sentence: ClaimParts, subject: frozenset[str]
) -> frozenset[str] | None:
    """Return a clause's terms with the name of which it goes on to speak; None where nobody knows of what it speaks."""
    if not clause.terms and not (
        clause.text == sentence.text and clause.is_of_speaker and clause.figures
    ):
        return None
    inherited = subject or (
        _first_names(sentence) if clause.text != sentence.text else frozenset[str]()
    )
    if clause.begins_with_pronoun and not inherited | clause.names:
        return None
    return clause.terms if clause.names else clause.terms | inherited


def _classes(claim: ClaimParts, told: Sequence[SourceSentence]) -> frozenset[str]:
    """Return the words that say what kind of thing the claim's names are, in the claim or in sentences that hold the name."""
    texts = [
        claim.text,
        *(one.sentence for one in told if claim.names & one.terms),
    ]
    kinds = (found[1] or found[2] for text in texts for found in _IS_A.finditer(text))
    return frozenset(term for kind in kinds for term in read_parts(kind).words)


def _first_names(parts: ClaimParts) -> frozenset[str]:
    """Return the names of the first clause that has any: what a sentence goes on to speak of."""
    return next(
        (one.names for one in read_clauses(parts.text) if one.names),
        frozenset(),
    )
