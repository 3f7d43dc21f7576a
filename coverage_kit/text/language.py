"""Whether words are English, told by the commonest words, without a model."""

import re
from collections.abc import Sequence

ENGLISH_SHARE = 0.18
_FEWEST_WORDS = 8
_WORD = re.compile(r"[^\W\d_]+")
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
    }
    | {
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
    }
    | {"when"}
)
_ELSEWHERE = (  # German, Dutch; French; Spanish, Portuguese, Italian
    "der die das und ist von mit ein eine einen für auf den dem im am zu nicht sich auch als bei wir sie "
    "het een van niet voor met op le la les des du et est une un dans pour pas sur avec qui que nous vous par au aux ses sa "
    "el los las en es por con una del se su para lo os em um uma não da dos il di che per non sono gli nel della"
)
_OTHER = frozenset(_ELSEWHERE.split()) - _ENGLISH
_IN_BOTH = frozenset(
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
    """Return the words of a text in lower case, numbers left out."""
    return _WORD.findall(text.lower())


def english_share(words: Sequence[str]) -> float:
    """Return which share of words is among the commonest English ones; 0 where there are none.

    >>> english_share(["the", "bike", "is", "light"])
    0.5
    """
    return sum(word in _ENGLISH for word in words) / max(1, len(words))


def is_english(text: str) -> bool:
    """Return whether a text reads as English; under eight words it cannot be told, and counts as English.

    It does where half of `ENGLISH_SHARE` of its words are among the commonest English ones (lists
    and tables hold few), and no more are common in German, Dutch, French, Spanish, Portuguese or
    Italian than are common in English alone.
    """
    words = split_words(text)
    if len(words) < _FEWEST_WORDS:
        return _is_latin(words)
    n_others, n_own = (
        sum(word in known for word in words) for known in (_OTHER, _ENGLISH - _IN_BOTH)
    )
    return english_share(words) >= ENGLISH_SHARE / 2 and n_others <= n_own


def _is_latin(words: Sequence[str]) -> bool:
    letters = "".join(words)
    return sum(one < "\u0250" for one in letters) >= len(letters) / 2
