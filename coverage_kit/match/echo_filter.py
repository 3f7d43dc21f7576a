"""Filter for text that only echoes queries, and the share of replaced words that a rewrite keeps.

A query pasted into a page is as near to itself as text can be, and answers nobody. So echoes of
queries and lists of keywords are removed from new text before it is compared with queries. Neither
a person nor a model can then earn a gain with them.
"""

import re
from collections.abc import Collection, Iterable

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.text.sentences import split_sentences

# A sentence is an echo if this share of its runs of words were asked. Measured on answers of public
# sets: their share is nearly always under .25.
_ECHOED_SHARE = 0.5
# Words in a run. Assumed: two words are often shared by chance.
_RUN = 3
# If less than this share of a text's words is left, nothing is left. Assumed.
_MIN_REMAINING_SHARE = 0.5
# A list of keywords has a smaller share of stop words; English prose has 35 to 55%.
_MIN_STOP_WORDS = 0.15
# Words from which on a sentence with few stop words counts as a list. Assumed: shorter sentences
# may lack stop words by chance.
_LIST_WORDS = 8
# Words from which on a sentence without repetitions counts as a list. Measured on public sets: of
# 2,700 sentences with so many words, all of them in the log, only one repeats so few.
_LONG_WORDS = 25
_DISTINCT_SHARE = 0.95
# Characters that may follow the question mark of a sentence: quotes, brackets, Markdown's asterisk.
_CLOSING = "\"'\u201d\u2019)* "
# A word or number: "seats", "22".
_WORD = re.compile(r"\w+")


class EchoFilter:
    """A filter that knows the log's queries, and removes the sentences that only echo them.

    The stop words are English.
    """

    def __init__(self, queries: Iterable[str]) -> None:
        queries_in_words = [_words(query) for query in queries]
        self._query_runs = {run for words in queries_in_words for run in _runs(words)}
        self._query_words = {word for words in queries_in_words for word in words}

    def remove_echoes(self, text: str, existing: Collection[str] = ()) -> str:
        """Return the text without sentences that say nothing.

        These are sentences that ask, that repeat what was asked, or that list the log's words. If
        most of the text is of that kind, all of it is removed. Sentences that the site already has
        (`existing`) stay.
        """
        sentences = split_sentences(text)
        remaining = [
            sentence
            for sentence in sentences
            if sentence in existing or not self._is_empty(sentence)
        ]
        if len(remaining) == len(sentences):
            return text
        shortened = " ".join(remaining)
        is_enough = len(shortened.split()) >= _MIN_REMAINING_SHARE * len(text.split())
        return shortened if is_enough else ""

    def _is_empty(self, sentence: str) -> bool:
        """Return whether the sentence asks, echoes queries or lists the log's words."""
        if sentence.rstrip(_CLOSING).endswith("?"):
            return True
        words = _words(sentence)
        runs = _runs(words)
        if runs and sum(run in self._query_runs for run in runs) >= _ECHOED_SHARE * len(runs):
            return True
        n_stop_words = sum(word in ENGLISH_STOP_WORDS for word in words)
        n_distinct = len(set(words))
        is_terse = len(words) >= _LIST_WORDS and n_stop_words < _MIN_STOP_WORDS * len(words)
        hardly_repeats = len(words) >= _LONG_WORDS and n_distinct >= _DISTINCT_SHARE * len(words)
        return (is_terse or hardly_repeats) and all(word in self._query_words for word in words)


def retained_share(before: Iterable[str], after: Iterable[str]) -> float:
    """Return the share of the distinct content words of `before` that `after` still has, 0-1.

    It is 1 where `before` has no content words.

    >>> retained_share(["Seats carry 22 kg."], ["The seats carry 22 kg each."])
    1.0
    """
    old_words = _content_words(before)
    new_words = _content_words(after)
    return len(old_words & new_words) / len(old_words) if old_words else 1.0


def _content_words(texts: Iterable[str]) -> frozenset[str]:
    words = frozenset(word for text in texts for word in _words(text))
    return words.difference(ENGLISH_STOP_WORDS)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    """Return all runs of three words."""
    return [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
