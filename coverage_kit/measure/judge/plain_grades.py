"""What the judge without a model computes: a share from 0 to 1 for each kind of rubric, by words, figures and sentences.

Instructions in a text are words like others: nothing here reads them as anything else.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence

from coverage_kit.errors import JudgeError
from coverage_kit.measure.claim_parts import ClaimParts, read_parts
from coverage_kit.measure.source_sentences import share
from coverage_kit.measure.support import Similarity, Support, compare_claim
from coverage_kit.text.sentences import split_sentences

Evaluator = Callable[[Mapping[str, str], Similarity | None], float]
_LEAST_STRENGTH = 0.4  # from which a sentence of an answer counts as resting on a source
_WORTH = {"supported": 1.0, "unsupported": 0.5, "contradicted": 0.0}
_OTHER_TYPE = 0.5  # what is left where the kind of answer that the query asks for is not there
_KINDS = (
    (
        r"how (?:much|many|long|far|fast|old|heavy|big|tall|often|wide|high)|what (?:price|size|weight)|\bcosts?\b",
        "figure",
    ),
    (r"when|what (?:year|date|time)|since when", "figure"),
    (r"why|what (?:causes|makes)|how come", "reason"),
    (
        r"(?:how (?:do|to|can|should|does)|what (?:steps|is the best way))",
        "procedure",
    ),
)
_REASON = re.compile(
    r"\b(?:because|since|due to|therefore|so that|as a result|the reason|causes?|in order to|to avoid)\b",
    re.I,
)
_PROCEDURE = re.compile(
    r"\b(?:first|then|next|after|before|click|select|press|open|use|turn|set|put|take|add|remove|choose|make sure|you can|you"
    r" should|by [a-z]+ing)\b",
    re.IGNORECASE,
)


def grade_answering(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return how well the best sentence of a passage, with its neighbours, answers the query.

    Share of the query's words there (half of it the sentence's own), halved where a figure, a
    reason or a procedure is asked for and not there. Questions answer nothing.
    """
    query = read_parts(parts["query"])
    sentences = [
        one
        for one in split_sentences(parts["passage"])
        if not one.rstrip().endswith("?") and read_parts(one).text
    ]
    if not sentences:
        return 0.0
    fits = [_is_of_kind(parts["query"], one) for one in sentences]
    near = [
        share(
            query.terms,
            read_parts(" ".join(sentences[max(0, at - 1) : at + 2])).terms,
        )
        for at in range(len(sentences))
    ]
    own = [share(query.terms, read_parts(one).terms) for one in sentences]
    cosines = (
        [max(0.0, one) for one in similarity(parts["query"], sentences)] if similarity else None
    )
    values = [
        ((here + around) / 2 if cosines is None else (here + around + 2 * cosines[at]) / 4)
        * (1.0 if fits[at] else _OTHER_TYPE)
        for at, (here, around) in enumerate(zip(own, near, strict=True))
    ]
    return max(values)


def _is_of_kind(query: str, sentence: str) -> bool:
    """Return whether a sentence has the kind of thing in it that the query asks for."""
    kind = next(
        (kind for pattern, kind in _KINDS if re.search(rf"\b{pattern}\b", query, re.IGNORECASE)),
        "",
    )
    if kind == "figure":
        return bool(read_parts(sentence).figures)
    if kind == "reason":
        return _REASON.search(sentence) is not None
    return kind != "procedure" or _PROCEDURE.search(sentence) is not None


def grade_faithfulness(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the mean support of the text's sentences by the source (`compare_claim`): 1 where supported, 0 contradicted."""
    found = [
        compare_claim(one, [parts["source"]], similarity) for one in _statements(parts["text"])
    ]
    return _mean([_value(one) for one in found], "the text states nothing")


def _value(support: Support) -> float:
    """Return the upper half of the scale for what is supported, by strength; the lower one for what is not."""
    return {
        "supported": 0.5 + support.strength / 2,
        "unsupported": support.strength,
        "contradicted": 0.0,
    }[support.verdict]


def grade_brand(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the mean over the sentences that name the brand: 1 supported by the own words, .5 not told, 0 told otherwise."""
    names = [name.strip() for name in parts["brand"].split(",") if name.strip()]
    told = [
        one
        for one in _statements(parts["text"])
        if any(name.casefold() in one.casefold() for name in names)
    ]
    found = [compare_claim(one, [parts["own words"]], similarity, names) for one in told]
    return _mean(
        [_WORTH[one.verdict] for one in found],
        "the text says nothing of the brand",
    )


def grade_relevance(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the mean share of the query's words in the answer's sentences that rest on the source."""
    resting = _resting(parts, similarity)
    query = read_parts(parts["query"])
    return sum(share(query.terms, one.terms) for one in resting.values()) / max(1, len(resting))


def grade_influence(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the share of the answer's words that stand in sentences which rest on the source."""
    words = [len(one.split()) for one in _statements(parts["answer"])]
    return sum(words[at] for at in _resting(parts, similarity)) / max(1, sum(words))


def grade_uniqueness(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the share of the sentences resting on the source that rest on none of the other sources."""
    resting = _resting(parts, similarity)
    others = _resting({**parts, "source": parts["other sources"]}, similarity)
    return sum(at not in others for at in resting) / max(1, len(resting))


def grade_position(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return exp(-position / n_sentences) of the first sentence that rests on the source (GEO's discount), 0 without one."""
    first = min(_resting(parts, similarity), default=None)
    return 0.0 if first is None else math.exp(-first / len(_statements(parts["answer"])))


def grade_count(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the share of the answer's sentences that rest on the source."""
    return len(_resting(parts, similarity)) / max(1, len(_statements(parts["answer"])))


def grade_diversity(parts: Mapping[str, str], similarity: Similarity | None = None) -> float:
    """Return the different words of the sentences resting on the source, as a share of those of the whole answer."""
    resting = frozenset[str]().union(*(one.terms for one in _resting(parts, similarity).values()))
    return len(resting) / max(
        1,
        len(
            frozenset[str]().union(*(read_parts(one).terms for one in _statements(parts["answer"])))
        ),
    )


def _resting(parts: Mapping[str, str], similarity: Similarity | None) -> dict[int, ClaimParts]:
    """Return the sentences of the answer that rest on the source, by position."""
    sources = [parts["source"]] if parts["source"].strip() else []
    return {
        at: read_parts(one)
        for at, one in enumerate(_statements(parts["answer"]))
        if compare_claim(one, sources, similarity).strength >= _LEAST_STRENGTH
    }


def _statements(text: str) -> list[str]:
    """Return the sentences that state something: no questions, and with words to compare."""
    told = [one for one in split_sentences(text) if not one.rstrip().endswith("?")]
    return [one for one in told if read_parts(one).terms or read_parts(one).figures]


def _mean(values: Sequence[float], without: str) -> float:
    if not values:
        raise JudgeError(
            "the judge without a model",
            "a text with statements",
            without,
            "Leave the item out.",
        )
    return sum(values) / len(values)


EVALUATORS: Mapping[str, Evaluator] = {
    "answers": grade_answering,
    "faithful": grade_faithfulness,
    "brand": grade_brand,
    "relevance": grade_relevance,
    "influence": grade_influence,
    "uniqueness": grade_uniqueness,
    "position": grade_position,
    "count": grade_count,
    "diversity": grade_diversity,
}
