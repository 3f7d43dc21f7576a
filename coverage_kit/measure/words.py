"""Position-adjusted word count: the words of an answer that are based on each cited site.

Earlier sentences count more.
"""

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import pandas as pd

from coverage_kit.tables import Answers, Citations, Spans, checked
from coverage_kit.text.sentences import split_sentences

# The target of a link, with brackets within it; a bracket that is never closed ends the search.
_TARGET = r"\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)"
# Markers of citations: "([site](https://…))", "[1]", "【4†source】", and the target of a link.
_MARKER = re.compile(
    rf"\(\[[^\[\]\n]*\]{_TARGET}\)|\[\^?\w{{1,4}}\](?!\()|【[^【】\n]*】|(?<=\]){_TARGET}"
)
# A word, with the signs that follow its first letter or digit.
_WORD = re.compile(r"[^\W_]\S*")

# Start, end, position of the page among the answer's citations, and its site.
Stretch = tuple[int, int, int, str]


@checked
def credit_words(answers: Answers, citations: Citations, spans: Spans) -> pd.DataFrame:
    """Return answer_id, site, words: the position-adjusted words of each answer by cited site.

    words = sum over the sentences that are based on the site of n_words * exp(-position /
    n_sentences), split among all pages on which the sentence is based (Aggarwal et al. 2024, GEO,
    as written). `position` counts from 0, a word holds a letter or digit, citation markers are no
    words. A sentence is based on a page when it shares a character with one of the page's
    stretches, because engines cite a stretch for all that it spans. A stretch that meets no
    sentence, such as a marker between two, counts for the sentence before it.

    The authors' code differs in four ways that are not followed: it divides by n_sentences - 1,
    drops words of two letters, credits citation [0] to the last source, and shares equally when
    nobody is cited. Here such an answer has no row.

    Args:
        answers: the answers, of which those without text have no row.
        citations: their citations; `start` and `end` count for answers without spans.
        spans: every stretch for which an answer cites a page.
    """
    texts = dict(zip(answers["answer_id"], answers["text"], strict=True))
    rows = [
        (answer_id, site, words)
        for answer_id, group in groupby(_stretches(citations, spans), key=itemgetter(0))
        for site, words in credit_answer(
            texts.get(answer_id, ""), [row[1:] for row in group]
        ).items()
    ]
    return pd.DataFrame(rows, columns=["answer_id", "site", "words"]).astype({"words": "float64"})


def credit_answer(text: str, stretches: Sequence[Stretch]) -> dict[str, float]:
    """Return words by site for one answer (see `credit_words`); empty without a sentence."""
    sentences = split_sentences(text)
    starts = list[int]()
    ends = list[int]()
    for sentence in sentences:
        starts.append(text.index(sentence, ends[-1] if ends else 0))
        ends.append(starts[-1] + len(sentence))
    pages: dict[int, dict[int, str]] = defaultdict(dict)
    # Of each sentence the pages whose stretches share a character with it.
    for start, end, page, site in stretches if sentences else ():
        last = max(0, bisect_right(starts, max(start, end - 1)) - 1)
        for number in range(min(bisect_right(ends, start), last), last + 1):
            pages[number][page] = site
    words: dict[str, float] = defaultdict(float)
    for number in sorted(pages):
        weight = math.exp(-number / len(sentences))
        credit = _count_words(sentences[number]) * weight / len(pages[number])
        for page in sorted(pages[number]):
            words[pages[number][page]] += credit
    return dict(words)


def _stretches(citations: Citations, spans: Spans) -> list[tuple[str, int, int, int, str]]:
    """Return the stretches with a cited page, sorted: answer_id, start, end, position and site."""
    cited = citations[citations["kind"] == "cited"]
    # Where an answer has no spans, the citations' own start and end count.
    spanless = cited[cited["start"].notna() & cited["end"].notna()]
    spanless = spanless[~spanless["answer_id"].isin(spans["answer_id"].unique())]
    spanned = cited[["answer_id", "position", "site"]].merge(spans, on=["answer_id", "position"])
    names = ["answer_id", "start", "end", "position", "site"]
    stretches = pd.concat(
        [table[names].astype({"start": "int64", "end": "int64"}) for table in (spanned, spanless)]
    )
    return sorted(zip(*(stretches[name].tolist() for name in names), strict=True))


def _count_words(sentence: str) -> int:
    return len(_WORD.findall(_MARKER.sub(" ", sentence)))
