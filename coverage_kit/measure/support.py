"""Whether texts support a claim, contradict it, or do neither: by words, figures, names and negation, without a model.

A false "contradicted" is worse than an "unsupported": what contradicts stands in contradiction.py.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from coverage_kit.measure.claim_parts import ClaimParts, Quantity, read_parts
from coverage_kit.measure.clauses import MOST_OF_A_CLAIM, cut_long
from coverage_kit.measure.contradiction import find_contradiction
from coverage_kit.measure.source_sentences import (
    SourceSentence,
    read_sources,
    share,
)
from coverage_kit.text.sentences import split_sentences

Verdict = Literal["supported", "unsupported", "contradicted", "not told"]
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
LEAST_OVERLAP = 0.6
LEAST_SIMILARITY = 0.75
_LEAST_NEAR = 1 / 3  # of the words, for a sentence whose figure counts
_LEAST_NEAR_ELSEWHERE = 0.5
_WORST_FIRST: tuple[Verdict, ...] = ("contradicted", "unsupported", "supported")
_FACTOR = 0.5  # what a missing figure or name, or another yes and no, leaves of the support found in words


@dataclass(frozen=True)
class Support:
    """What was found: verdict, `place` of the source that decided (None: there is none), why, its sentence.

    'not told' is for judges that may give no verdict; `compare_claim` always gives one.

    `strength` from 0 (nothing of the claim is there, or it is contradicted) to 1.
    """

    verdict: Verdict
    place: int | None
    reason: str
    sentence: str = ""
    strength: float = 0.0


def compare_claim(
    claim: str,
    sources: Sequence[str],
    similarity: Similarity | None = None,
    own_names: Collection[str] = (),
) -> Support:
    """Return whether the sources support, contradict or say nothing of a claim, and which source decides.

    Supported: every figure of the claim stands, with its unit, in a sentence that shares a third of
        its words, every name in
    the same source, the nearest sentence says yes or no alike, and with its neighbours holds most
    of its words (or is as similar as `LEAST_SIMILARITY`). Contradicted: a sentence about the same
    subject tells another figure of the same unit, or the opposite (see contradiction.py). Of a
    claim of several sentences the worst counts. So that no text can stall it, of a claim the first
    2,000 characters are read, of a source the first 20,000, and sentences over 1,000 are cut.

    Args:
        claim: a sentence, as an answer says it; markers of citations do not count.
        sources: texts to hold it against, in order, such as passages with their headings in front.
        similarity: cosines of a text with others, such as those of an encoder; without it words
            alone count.
        own_names: names that "we" stands for in the sources, such as those of the brand.
    """
    told = read_sources(sources)
    own = frozenset(term for name in own_names for term in read_parts(f"the {name}").terms)
    pieces = (piece for one in split_sentences(claim[:MOST_OF_A_CLAIM]) for piece in cut_long(one))
    compared = (_compare(read_parts(piece), told, similarity, own) for piece in pieces)
    found = [one for one in compared if one is not None]
    if not found:
        return Support("unsupported", None, "The claim says nothing that can be compared.")
    worst = min(found, key=lambda one: _WORST_FIRST.index(one.verdict))
    return replace(worst, strength=sum(one.strength for one in found) / len(found))


def _compare(
    claim: ClaimParts,
    told: Sequence[SourceSentence],
    similarity: Similarity | None,
    own: frozenset[str],
) -> Support | None:
    wanted = claim.terms - own
    if not wanted and not claim.figures:
        return None
    if not told:
        return Support("unsupported", None, "There is no source.")
    against = find_contradiction(claim, told, own)
    if against:
        return Support(
            "contradicted",
            against.told.place,
            against.reason,
            against.told.sentence,
        )
    overlaps = [share(wanted, one.terms) + 0.5 * share(wanted, one.near) for one in told]
    cosines = (
        list(similarity(claim.text, [one.sentence for one in told]))
        if similarity
        else [0.0] * len(told)
    )
    at = max(
        range(len(told)),
        key=lambda number: (overlaps[number] + cosines[number], -number),
    )
    return _weigh(claim, wanted, told, (at, cosines[at] if similarity else None))


def _weigh(
    claim: ClaimParts,
    wanted: frozenset[str],
    told: Sequence[SourceSentence],
    nearest: tuple[int, float | None],
) -> Support:
    """Return how far the nearest sentence (its number, its cosine), with its source, supports the claim."""
    best = told[nearest[0]]
    cosine = nearest[1]
    all_terms = frozenset[str]().union(
        *(one.terms | one.heading for one in told if one.place == best.place)
    )
    lacking = sorted((claim.names & wanted) - all_terms)
    absent = [one for one in claim.figures if not _is_told(one, claim, told, best.place, wanted)]
    is_opposite = claim.is_negated != best.parts.is_negated
    near = share(wanted, best.near | best.heading)
    words = (share(wanted, best.terms) + near) / 2
    strength = words if cosine is None else (words + min(1.0, max(0.0, cosine))) / 2
    strength *= _FACTOR ** (bool(absent) + bool(lacking) + is_opposite)
    if absent:
        reason = f"No sentence near it tells {', '.join(one.told for one in absent)}."
    elif lacking:
        reason = f"The source does not name {', '.join(lacking)}."
    elif is_opposite:
        reason = "The nearest sentence says yes where the claim says no, or the other way round."
    elif near < LEAST_OVERLAP and (cosine is None or cosine < LEAST_SIMILARITY):
        reason = f"The nearest sentences hold {near:.0%} of the claim's words."
    else:
        reason = f"The nearest sentences hold {near:.0%} of the claim's words, with its figures and names."
        return Support("supported", best.place, reason, best.sentence, strength)
    return Support("unsupported", best.place, reason, best.sentence, strength)


def _is_told(
    figure: Quantity,
    claim: ClaimParts,
    told: Sequence[SourceSentence],
    place: int,
    wanted: frozenset[str],
) -> bool:
    """Return whether a sentence that with its neighbours shares some of the claim's words tells the figure.

    A third of them in the source that decides, half in another: a large site tells every figure
    somewhere.
    """
    return any(
        one.may_be_about(claim)
        and one.tells(figure)
        and share(wanted, one.near | one.heading)
        >= (_LEAST_NEAR if one.place == place else _LEAST_NEAR_ELSEWHERE)
        for one in told
    )
