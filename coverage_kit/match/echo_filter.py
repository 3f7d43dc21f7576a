"""Substance: what new text says beyond the words of those who ask, and how much of what it replaces it still says.

A query pasted into a page is as near to itself as text can be, and answers nobody. Only what is
left without echoes of queries and lists of keywords is compared with queries, so that neither a
person nor a model can earn a gain with them.
"""

import re
from collections.abc import Collection, Iterable

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.text.sentences import split_sentences

_ECHOED_SHARE = 0.5  # of a sentence's runs of three words; in answers on public sets it is under .25 nearly always
_RUN = 3
_LEAST_REST = 0.5
_LEAST_STOP_WORDS = 0.15  # English prose has 35 to 55%
_LIST_WORDS = 8
_LONG_WORDS = 25
_DISTINCT_SHARE = (
    0.95  # of so many words, all of them in the log: one sentence in 2700 on public sets
)
_CLOSING = "\"'\u201d\u2019)* "
_WORD = re.compile(r"\w+")


class Substance:
    """Knows the log's queries, to tell what a text says beyond them. Stop words are English ones."""

    def __init__(self, queries: Iterable[str]) -> None:
        asked = [_words(query) for query in queries]
        self._runs = {run for words in asked for run in _runs(words)}
        self._known = {word for words in asked for word in words}

    def of(self, text: str, there: Collection[str] = ()) -> str:
        """Return the text without sentences that only ask, that repeat what was asked, or that list the log's words.

        Where most of the text is of that kind, the rest is chatter, and nothing is left. Sentences
        already `there` stay.
        """
        sentences = split_sentences(text)
        kept = [
            sentence for sentence in sentences if sentence in there or not self._is_empty(sentence)
        ]
        if len(kept) == len(sentences):
            return text
        rest = " ".join(kept)
        return rest if len(rest.split()) >= _LEAST_REST * len(text.split()) else ""

    def _is_empty(self, sentence: str) -> bool:
        if sentence.rstrip(_CLOSING).endswith("?"):
            return True
        words = _words(sentence)
        runs = _runs(words)
        if runs and sum(run in self._runs for run in runs) >= _ECHOED_SHARE * len(runs):
            return True
        stop = sum(word in ENGLISH_STOP_WORDS for word in words)
        is_terse = len(words) >= _LIST_WORDS and stop < _LEAST_STOP_WORDS * len(words)
        hardly_repeats = len(words) >= _LONG_WORDS and len(set(words)) >= _DISTINCT_SHARE * len(
            words
        )
        return (is_terse or hardly_repeats) and all(word in self._known for word in words)


def retained_share(before: Iterable[str], after: Iterable[str]) -> float:
    """Return which share of the distinct content words of texts is still there in others, 0-1; 1 where there are none.

    >>> retained_share(["Seats carry 22 kg."], ["The seats carry 22 kg each."])
    1.0
    """
    old, new = (
        {word for text in texts for word in _words(text)} - ENGLISH_STOP_WORDS
        for texts in (before, after)
    )
    return len(old & new) / len(old) if old else 1.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
