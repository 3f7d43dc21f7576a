"""Whether texts support a claim, contradict it, or do neither, without a model.

Words, figures, names and negation are compared. A false "contradicted" is worse than an
"unsupported": the rules for contradictions are in contradiction.py.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from coverage_kit.measure.claim_parts import ClaimParts, Quantity, read_parts
from coverage_kit.measure.clauses import MAX_CLAIM_LENGTH, cut_long
from coverage_kit.measure.contradiction import find_contradiction
from coverage_kit.measure.source_sentences import (
    SourceSentence,
    read_sources,
    share,
)
from coverage_kit.text.sentences import split_sentences
from coverage_kit.vocabulary import Verdict

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
# "Most of its words", and the cosine that stands for them (assumed).
MIN_OVERLAP = 0.6
MIN_SIMILARITY = 0.75
# Shares of the claim's words with which the figure of a sentence counts (assumed): in the source
# that decides, and in others.
_MIN_CONTEXT = 1 / 3
_MIN_CONTEXT_ELSEWHERE = 0.5
# Of a claim of several sentences the worst verdict counts.
_WORST_FIRST: tuple[Verdict, ...] = ("contradicted", "unsupported", "supported")
# What a missing figure, a missing name or another yes or no leaves of the strength (assumed).
_PENALTY = 0.5


@dataclass(frozen=True)
class Support:
    """A verdict on a claim, and why.

    `source` is the index of the source that decided (None: there is no source), `sentence` its
    sentence. `strength` is from 0 (nothing of the claim is there, or it is contradicted) to 1. The
    verdict 'not assessed' is for judges that may give no verdict; `compare_claim` always
    gives one.
    """

    verdict: Verdict
    source: int | None
    reason: str
    sentence: str = ""
    strength: float = 0.0


def compare_claim(
    claim: str,
    sources: Sequence[str],
    similarity: Similarity | None = None,
    own_names: Collection[str] = (),
) -> Support:
    """Return whether the sources support a claim, contradict it or do neither, and which decides.

    A claim is supported where every figure is, with its unit, in a sentence that shares a third of
    the claim's words; every name is in the same source; and the nearest sentence is negated where
    the claim is, and with its neighbours holds most of the claim's words (or is as similar as
    `MIN_SIMILARITY`). It is contradicted where a sentence about the same subject gives another
    figure of the same unit, or says the opposite (see contradiction.py). Of a claim of several
    sentences the worst counts. So that no text can stall the comparison, only the first 2,000
    characters of a claim and the first 20,000 of a source are read, and sentences of over 1,000 are
    cut.

    Args:
        claim: a sentence of an answer; markers of citations do not count.
        sources: texts to compare it with, in order, such as passages with their headings in front.
        similarity: cosines of a text with others, such as those of an encoder; without it only
            words count.
        own_names: names that "we" stands for in the sources, such as those of the brand.
    """
    sentences = read_sources(sources)
    own = frozenset(term for name in own_names for term in read_parts(f"the {name}").terms)
    pieces = (
        piece
        for sentence in split_sentences(claim[:MAX_CLAIM_LENGTH])
        for piece in cut_long(sentence)
    )
    compared = (_compare(read_parts(piece), sentences, similarity, own) for piece in pieces)
    results = [support for support in compared if support is not None]
    if not results:
        return Support("unsupported", None, "The claim says nothing that can be compared.")
    worst = min(results, key=lambda support: _WORST_FIRST.index(support.verdict))
    strength = sum(support.strength for support in results) / len(results)
    return replace(worst, strength=strength)


def _compare(
    claim: ClaimParts,
    sentences: Sequence[SourceSentence],
    similarity: Similarity | None,
    own: frozenset[str],
) -> Support | None:
    """Return the support of a sentence of a claim, None where it says nothing."""
    terms = claim.terms - own
    if not terms and not claim.figures:
        return None
    if not sentences:
        return Support("unsupported", None, "There is no source.")
    contradiction = find_contradiction(claim, sentences, own)
    if contradiction:
        return Support(
            "contradicted",
            contradiction.sentence.source,
            contradiction.reason,
            contradiction.sentence.sentence,
        )
    # Words of the sentence itself weigh more than those of its neighbours (weights assumed).
    overlaps = [
        share(terms, sentence.terms) + 0.5 * share(terms, sentence.context)
        for sentence in sentences
    ]
    cosines = (
        list(similarity(claim.text, [sentence.sentence for sentence in sentences]))
        if similarity
        else [0.0] * len(sentences)
    )
    # Of equals the first is the nearest.
    nearest = max(
        range(len(sentences)),
        key=lambda index: (overlaps[index] + cosines[index], -index),
    )
    return _weigh(claim, terms, sentences, (nearest, cosines[nearest] if similarity else None))


def _weigh(
    claim: ClaimParts,
    terms: frozenset[str],
    sentences: Sequence[SourceSentence],
    nearest: tuple[int, float | None],
) -> Support:
    """Return how far the nearest sentence, with its source, supports the claim.

    `nearest` is the sentence's index and its cosine.
    """
    best = sentences[nearest[0]]
    cosine = nearest[1]
    # Names may be anywhere in the source that decides.
    source_terms = frozenset[str]().union(
        *(
            sentence.terms | sentence.heading
            for sentence in sentences
            if sentence.source == best.source
        )
    )
    missing_names = sorted((claim.names & terms) - source_terms)
    missing_figures = [
        figure
        for figure in claim.figures
        if not _is_given(figure, claim, sentences, best.source, terms)
    ]
    is_opposite = claim.is_negated != best.statement.is_negated
    overlap = share(terms, best.context | best.heading)
    words = (share(terms, best.terms) + overlap) / 2
    strength = words if cosine is None else (words + min(1.0, max(0.0, cosine))) / 2
    strength *= _PENALTY ** (bool(missing_figures) + bool(missing_names) + is_opposite)
    is_near = overlap >= MIN_OVERLAP or (cosine is not None and cosine >= MIN_SIMILARITY)
    verdict: Verdict = "unsupported"
    if missing_figures:
        figures = ", ".join(figure.wording for figure in missing_figures)
        reason = f"No sentence near it states {figures}."
    elif missing_names:
        reason = f"The source does not name {', '.join(missing_names)}."
    elif is_opposite:
        reason = "The nearest sentence says yes where the claim says no, or the other way round."
    elif not is_near:
        reason = f"The nearest sentences hold {overlap:.0%} of the claim's words."
    else:
        verdict = "supported"
        reason = (
            f"The nearest sentences hold {overlap:.0%} of the claim's words, with its "
            "figures and names."
        )
    return Support(verdict, best.source, reason, best.sentence, strength)


def _is_given(
    figure: Quantity,
    claim: ClaimParts,
    sentences: Sequence[SourceSentence],
    source: int,
    terms: frozenset[str],
) -> bool:
    """Return whether a sentence that shares words with the claim gives the figure.

    With its neighbours it must share a third of the words in the source that decides, and half in
    another: a large site gives every figure somewhere.
    """
    return any(
        sentence.may_be_about(claim)
        and sentence.gives(figure)
        and share(terms, sentence.context | sentence.heading)
        >= (_MIN_CONTEXT if sentence.source == source else _MIN_CONTEXT_ELSEWHERE)
        for sentence in sentences
    )
