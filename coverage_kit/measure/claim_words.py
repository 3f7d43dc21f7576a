"""The words of claims: which say nothing by themselves, which mean the same, and stems in which they meet."""

import re

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

FOUNDED = "founding"
COST = "cost"
_MONTH_NAMES = (
    "january february march april may june july august september october november december"
)
_MONTHS = frozenset(_MONTH_NAMES.split())  # with a capital they are names
_NEGATING = "not no never without none neither nor cannot nobody nothing"
NEGATIONS = frozenset(_NEGATING.split())
_HEDGING = (
    "may might could should would must all some most many every each any only always usually often sometimes typically "
    "generally rarely seldom mostly both either few several partly"
)
HEDGES = frozenset(_HEDGING.split())
_SAME = {
    **dict.fromkeys(("weight", "weighs", "weighed", "weighing"), "weigh"),
    **dict.fromkeys(
        (
            "price",
            "prices",
            "priced",
            "pricing",
            "costs",
            "costing",
            "cost",
            "sells",
            "sold",
            "retails",
        ),
        COST,
    ),
    **dict.fromkeys(
        (
            "founded",
            "founding",
            "foundation",
            "established",
            "incorporated",
            "founded.",
            "est",
        ),
        FOUNDED,
    ),
    **dict.fromkeys(
        (
            "ships",
            "shipped",
            "shipping",
            "ship",
            "delivers",
            "delivered",
            "delivery",
            "deliver",
        ),
        "deliver",
    ),
    **dict.fromkeys(
        ("warranties", "warranty", "guarantee", "guarantees", "guaranteed"),
        "warranty",
    ),
    **dict.fromkeys(("children", "child", "kids", "kid"), "child"),
    **dict.fromkeys(("people", "persons", "person"), "person"),
    **dict.fromkeys(("includes", "included", "include", "including"), "include"),
    **dict.fromkeys(("excludes", "excluded", "exclude", "excluding"), "-include"),
    **dict.fromkeys(
        ("allows", "allowed", "allow", "permits", "permitted", "permit"),
        "allow",
    ),
    **dict.fromkeys(
        (
            "forbids",
            "forbidden",
            "forbid",
            "prohibits",
            "prohibited",
            "banned",
            "bans",
        ),
        "-allow",
    ),
    **dict.fromkeys(("unavailable", "unsafe", "illegal", "impossible", "unlimited"), ""),
}
OPPOSITES = {
    "unavailable": "available",
    "unsafe": "saf",
    "illegal": "legal",
    "impossible": "possibl",
    "unlimited": "limit",
}
_SAYING_LITTLE = (
    "does did doing yes also just really very currently now today actually company firm brand business according however "
    "therefore additionally furthermore moreover thus overall"
)
EMPTY = frozenset(_SAYING_LITTLE.split())
PLAIN = ENGLISH_STOP_WORDS | NEGATIONS | EMPTY
POSSESSIVE = re.compile(r"['’]s?$")


def stem(word: str) -> str:
    """Return a word's stem: enough for verbs and plurals to meet, and a few words that mean the same.

    >>> [stem(word) for word in ("weighs", "weight", "stopped", "batteries", "priced")]
    ['weigh', 'weigh', 'stop', 'battery', 'cost']
    """
    word = POSSESSIVE.sub("", word.casefold())
    if word in _SAME:
        return _SAME[word] or OPPOSITES[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending, least in (
        ("ing", 6),
        ("ed", 5),
        ("es", 5),
        ("s", 4),
        ("ly", 6),
    ):
        if (
            word.endswith(ending)
            and len(word) >= least
            and not word.endswith(("ss", "us", "is", "eed"))
        ):
            word = word[: -len(ending)]
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


def is_month(word: str) -> bool:
    """Return whether a word is a month's name, with its capital."""
    return word[:1].isupper() and word.casefold() in _MONTHS
