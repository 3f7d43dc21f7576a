"""Detect whether words are English by the commonest words, without a model."""

import re
from collections.abc import Sequence

# A page is English if this share of its words is among the commonest English ones (docs/method.md).
# The number is assumed.
ENGLISH_SHARE = 0.18
# Fewer words hold too few common ones to judge by (assumed).
_MIN_WORDS = 8
# A word without digits, hyphens or apostrophes.
_WORD = re.compile(r"[^\W\d_]+")
# The commonest words of English, from "the" on.
_ENGLISH = frozenset(
    {
        "the",
        "of",
        "and",
        "to",
        "a",
        "in",
        "is",
        "for",
        "that",
        "with",
        "on",
        "it",
        "as",
        "are",
        "be",
        "at",
        "this",
        "by",
        "you",
        "or",
        "from",
        "an",
        "not",
        "your",
        "we",
        "our",
        "if",
        "can",
        "which",
        "its",
        "has",
        "have",
        "will",
        "when",
    }
)
# The commonest words of German and Dutch, of French, and of Spanish, Portuguese and Italian.
_COMMON_FOREIGN_WORDS = (
    "der die das und ist von mit ein eine einen für auf den dem im am zu nicht sich auch als "
    "bei wir sie het een van niet voor met op le la les des du et est une un dans pour pas sur "
    "avec qui que nous vous par au aux ses sa el los las en es por con una del se su para lo os "
    "em um uma não da dos il di che per non sono gli nel della"
)
_FOREIGN = frozenset(_COMMON_FOREIGN_WORDS.split()) - _ENGLISH
# Common English words that are common in one of the other languages too.
_AMBIGUOUS = frozenset(
    {
        "a",
        "an",
        "as",
        "at",
        "in",
        "is",
        "on",
        "or",
        "we",
        "will",
        "have",
        "for",
        "be",
    }
)


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without numbers."""
    return _WORD.findall(text.lower())


def english_share(words: Sequence[str]) -> float:
    """Return the share of the words that are among the commonest English ones; 0 without words.

    >>> english_share(["the", "bike", "is", "light"])
    0.5
    """
    return sum(word in _ENGLISH for word in words) / max(1, len(words))


def is_english(text: str) -> bool:
    """Return whether a text reads as English.

    A text of at least eight words does if half of `ENGLISH_SHARE` of its words are among the
    commonest English ones (lists and tables hold few), and if no more of its words are common in
    German, Dutch, French, Spanish, Portuguese or Italian than are common in English alone. A
    shorter text cannot be assessed and counts as English if its letters are mostly Latin.
    """
    words = split_words(text)
    if len(words) < _MIN_WORDS:
        return _is_latin(words)
    n_foreign = sum(word in _FOREIGN for word in words)
    n_english = sum(word in _ENGLISH - _AMBIGUOUS for word in words)
    return english_share(words) >= ENGLISH_SHARE / 2 and n_foreign <= n_english


def may_be_english(text: str) -> bool:
    """Return whether nothing in a text speaks against English.

    Keywords of searches hold few of the words by which a language is known. They count as English
    if they have no accents and no common word of the other languages.
    """
    words = split_words(text)
    is_plain = "".join(words).isascii() and not any(word in _FOREIGN for word in words)
    return is_english(text) or (bool(words) and is_plain)


def _is_latin(words: Sequence[str]) -> bool:
    letters = "".join(words)
    # U+0250 is the first character after the extended Latin letters.
    return sum(letter < "\u0250" for letter in letters) >= len(letters) / 2
