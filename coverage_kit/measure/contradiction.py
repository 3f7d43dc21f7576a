"""In what sources contradict a claim: another figure of the same unit, or a no for a yes.

There are two ways to find another figure. Word by word: neither clause has a word or name that the
other lacks. Corroborated: both sentences share another figure with its unit as well as words, and
so are about the same thing in other words.
"""

import math
import re
from collections.abc import Iterable, Sequence
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

# Words, names and the like that two clauses must share to be about the same subject (assumed).
_MIN_SHARED = 2
# Points with which sentences that share another figure are about the same subject (assumed).
_MIN_POINTS = 2.5
# Figures that are more times apart are about different things, rather than one of them wrong
# (assumed).
_MAX_RATIO = 5.0
# Share of the claim's words with which another sentence states the same (assumed).
_MIN_SAME_WORDS = 0.5
# What kind of thing a name is: "is an electric longtail", ", our courier,".
_IS_A = re.compile(
    r"\b(?:is|are|was)\s(?:an?|the|our|one of (?:our|the))\s([^.,;:()]{2,80})"
    r"|,\s(?:an?|our)\s([^.,;:()]{2,80}),"
)
# "If" alone does not make a shared figure unclear: "in 2 days if ordered by noon".
_IF = re.compile(r"\bif\b", re.IGNORECASE)

# A figure of the claim and one of a source.
Differing = tuple[Quantity, Quantity]


@dataclass(frozen=True)
class Contradiction:
    """The sentence that contradicts a claim, and in what."""

    sentence: SourceSentence
    reason: str


@dataclass(frozen=True)
class _Pair:
    """A clause of the claim and a clause of a source, each with its sentence."""

    claim: ClaimParts
    claim_clause: ClaimParts
    sentence: SourceSentence
    clause: ClaimParts


def find_contradiction(
    claim: ClaimParts,
    sentences: Sequence[SourceSentence],
    own: frozenset[str] = frozenset(),
) -> Contradiction | None:
    """Return the first sentence that contradicts a claim, or None.

    It is also None where another sentence states what the claim does.

    Args:
        claim: a sentence, as `read_parts` reads it.
        sentences: the sentences of the sources.
        own: the terms of the names that "we" stands for in the sources.
    """
    # It is not known what such a claim is about.
    if claim.begins_with_pronoun and not claim.names - own:
        return None
    classes = _find_classes(claim, sentences)
    for sentence in sentences:
        is_unclear = claim.is_unclear or sentence.statement.is_unclear
        reason = "" if is_unclear else _find_difference(claim, sentence, own, classes)
        reason = reason or _find_corroborated(claim, sentence, sentences, own)
        if reason:
            is_also_stated = _is_stated(claim, sentences, own)
            return None if is_also_stated else Contradiction(sentence, reason)
    return None


def _is_stated(claim: ClaimParts, sentences: Sequence[SourceSentence], own: frozenset[str]) -> bool:
    """Return whether a sentence about the same gives all of the claim's figures.

    Then the sources disagree with each other. A claim without figures is stated by a sentence that
    has all its words.
    """
    terms = claim.terms - own
    if not claim.figures:
        return any(
            share(terms, sentence.terms) == 1 and sentence.statement.is_negated == claim.is_negated
            for sentence in sentences
        )
    return any(
        not _unmatched(claim.figures, sentence.statement.figures)
        for sentence in sentences
        if sentence.may_be_about(claim)
        and share(terms, sentence.terms | sentence.heading | sentence.subject) >= _MIN_SAME_WORDS
    )


def _unmatched(figures: Iterable[Quantity], candidates: Sequence[Quantity]) -> list[Quantity]:
    """Return the figures with which none of the others agrees."""
    return [figure for figure in figures if not any(figure.agrees(other) for other in candidates)]


def _find_corroborated(
    claim: ClaimParts,
    sentence: SourceSentence,
    sentences: Sequence[SourceSentence],
    own: frozenset[str],
) -> str:
    """Return in which figure a sentence differs that shares another figure with the claim.

    It must also share words with the claim. Else the text is empty.
    """
    figures = sentence.statement.figures
    if len(claim.figures) < 2 or len(figures) < 2:
        return ""
    matching = [
        figure for figure in claim.figures if any(_is_same(figure, other) for other in figures)
    ]
    odd = [figure for figure in _unmatched(claim.figures, figures) if figure.unit not in ("", YEAR)]
    rivals = [
        other for other in figures if not any(figure.agrees(other) for figure in claim.figures)
    ]
    pairs = [(figure, other) for figure in odd for other in rivals if _is_rival(figure, other)]
    is_unclear = _without_if(claim).is_unclear or _without_if(sentence.statement).is_unclear
    is_opposite = claim.is_negated != sentence.statement.is_negated
    if len(pairs) != 1 or not matching or is_unclear or is_opposite:
        return ""
    figure, other = pairs[0]
    # Where the sentence has several figures of the unit, it is open which one the claim means.
    n_of_unit = sum(candidate.unit == figure.unit for candidate in figures)
    if n_of_unit > 1 or _names_others(claim, figure, sentence, own):
        return ""
    terms = claim.terms - own
    n_shared = len(terms & sentence.terms) + 0.5 * len((terms & sentence.heading) - sentence.terms)
    # A shared word gives 1 point, a word of the heading .5, a shared figure 1.5, the brand .5, and
    # a count instead of a measure 1 (assumed).
    points = (
        n_shared + 1.5 * len(matching) + 0.5 * bool(own & claim.terms) + (not figure.is_measured)
    )
    # a figure that is given of something else confirms nothing
    shared = terms & (sentence.terms | sentence.heading)
    is_confirmed = any(
        candidate.gives(figure) and len(shared & (candidate.terms | candidate.heading)) >= n_shared
        for candidate in sentences
    )
    is_same_subject = n_shared > 0 and points >= _MIN_POINTS
    return _describe(figure, other) if is_same_subject and not is_confirmed else ""


def _names_others(
    claim: ClaimParts, figure: Quantity, sentence: SourceSentence, own: frozenset[str]
) -> bool:
    """Return whether the figure's clause or the sentence has a name that the other side lacks."""
    clause = next(
        (clause for clause in read_clauses(claim.text)[:-1] if figure in clause.figures),
        claim,
    )
    context = sentence.terms | sentence.heading | sentence.subject
    is_of_others = (clause.names - own) - context
    return bool(is_of_others or (sentence.statement.names - own) - claim.terms)


def _is_same(figure: Quantity, other: Quantity) -> bool:
    """Return whether two figures are the same to the digit, and open to the same side."""
    return bool(figure.unit) and (figure.unit, figure.low, figure.high) == (
        other.unit,
        other.low,
        other.high,
    )


def _is_rival(figure: Quantity, other: Quantity) -> bool:
    """Return whether one figure may be the other given wrongly: of one unit, and not far apart."""
    sizes = sorted(
        abs(side.high if math.isfinite(side.high) else side.low) for side in (figure, other)
    )
    is_same_unit = bool(figure.unit) and figure.unit == other.unit
    return is_same_unit and sizes[1] <= _MAX_RATIO * sizes[0]


def _without_if(statement: ClaimParts) -> ClaimParts:
    return read_parts(_IF.sub(" ", statement.text))


def _describe(figure: Quantity, other: Quantity) -> str:
    return f"The claim says {figure.wording}, the source {other.wording}."


def _find_difference(
    claim: ClaimParts,
    sentence: SourceSentence,
    own: frozenset[str],
    classes: frozenset[str],
) -> str:
    """Return in what a sentence contradicts the claim word by word; empty where it does not."""
    for claim_clause in read_clauses(claim.text):
        for clause in sentence.clauses:
            is_opposite = claim_clause.is_negated != clause.is_negated
            is_hedged_alike = claim_clause.hedges == clause.hedges
            if not is_hedged_alike or not (claim_clause.figures or is_opposite):
                continue
            differing = _find_differing(claim_clause, clause, sentence.statement)
            if is_opposite:
                is_candidate = differing is None and _has_same_figures(claim_clause, clause)
            else:
                is_candidate = differing is not None
            pair = _Pair(claim, claim_clause, sentence, clause)
            if is_candidate and _is_same_subject(pair, own, classes, differing):
                return _describe(*differing) if differing else "The source says the opposite."
    return ""


def _find_differing(
    claim_clause: ClaimParts, clause: ClaimParts, sentence: ClaimParts
) -> Differing | None:
    """Return the only figure in which two clauses differ, as both give it.

    It is None where there is not exactly one.
    """
    if not claim_clause.figures or not clause.figures:
        return None
    odd = _unmatched(claim_clause.figures, sentence.figures)
    rivals = [
        other
        for other in clause.figures
        if not any(figure.agrees(other) for figure in claim_clause.figures)
    ]
    if len(odd) != 1 or len(rivals) != 1 or not _is_rival(odd[0], rivals[0]):
        return None
    is_only = sum(figure.unit == odd[0].unit for figure in sentence.figures) == 1
    differing = (odd[0], rivals[0])
    has_same = _other_figures(claim_clause, differing) == _other_figures(clause, differing)
    return differing if is_only and has_same else None


def _other_figures(clause: ClaimParts, differing: Differing) -> set[tuple[float, float, str, str]]:
    return {
        (figure.low, figure.high, figure.unit, figure.bound)
        for figure in clause.figures
        if figure not in differing
    }


def _has_same_figures(claim_clause: ClaimParts, clause: ClaimParts) -> bool:
    is_same_count = len(claim_clause.figures) == len(clause.figures)
    return is_same_count and not _unmatched(claim_clause.figures, clause.figures)


def _is_same_subject(
    pair: _Pair,
    own: frozenset[str],
    classes: frozenset[str],
    differing: Differing | None,
) -> bool:
    """Return whether both clauses are about the same: neither has a term that the other lacks.

    They must share at least two things: words, names, the same thing counted, money (what costs is
    its subject), the brand. They must share three, and all words, where one is the opposite of the
    other.
    """
    is_money = bool(differing and differing[0].unit in MONEY)
    ignored = own | classes | ({COST} if is_money else frozenset())
    claim_terms = _with_subject(pair.claim_clause, pair.claim, frozenset())
    terms = _with_subject(pair.clause, pair.sentence.statement, pair.sentence.subject)
    if claim_terms is None or terms is None:
        return False
    # The heading is the subject of a clause without names.
    context = terms | (frozenset() if pair.clause.names else pair.sentence.heading)
    if claim_terms - context - ignored or terms - claim_terms - pair.claim.terms - ignored:
        return False
    shared = (claim_terms & context) - own - {COST}
    is_counted = bool(differing and not differing[0].is_measured)
    if not shared & terms and not is_counted:
        return False
    names_brand = bool(own & pair.claim.terms) or bool(own and pair.claim.is_of_speaker)
    n_shared = len(shared) + names_brand + is_money
    shared_words = (pair.claim_clause.words & pair.clause.words) - ignored
    if differing and differing[0].unit != YEAR:
        return n_shared + is_counted >= _MIN_SHARED
    if differing:
        return bool(shared_words) and n_shared >= _MIN_SHARED
    shared_names = (pair.claim_clause.names & pair.clause.names) - ignored
    is_statement = len(shared_words) > 1 or bool(shared_words and shared_names)
    has_same_terms = not (terms ^ claim_terms) - pair.sentence.heading - ignored
    return is_statement and n_shared > _MIN_SHARED and has_same_terms


def _with_subject(
    clause: ClaimParts, sentence: ClaimParts, subject: frozenset[str]
) -> frozenset[str] | None:
    """Return a clause's terms with the name that it goes on to speak of.

    It is None where it is not known what the clause speaks of.
    """
    is_whole_sentence = clause.text == sentence.text
    is_of_speaker = is_whole_sentence and clause.is_of_speaker and bool(clause.figures)
    if not clause.terms and not is_of_speaker:
        return None
    inherited = subject or (frozenset[str]() if is_whole_sentence else _first_names(sentence))
    if clause.begins_with_pronoun and not inherited | clause.names:
        return None
    return clause.terms if clause.names else clause.terms | inherited


def _find_classes(claim: ClaimParts, sentences: Sequence[SourceSentence]) -> frozenset[str]:
    """Return the words that say what kind of thing the claim's names are.

    They are looked for in the claim, and in sentences that have one of its names.
    """
    texts = [
        claim.text,
        *(sentence.sentence for sentence in sentences if claim.names & sentence.terms),
    ]
    kinds = (match[1] or match[2] for text in texts for match in _IS_A.finditer(text))
    return frozenset(term for kind in kinds for term in read_parts(kind).words)


def _first_names(statement: ClaimParts) -> frozenset[str]:
    """Return the names of the first clause that has any: what a sentence goes on to speak of."""
    return next(
        (clause.names for clause in read_clauses(statement.text) if clause.names),
        frozenset(),
    )
