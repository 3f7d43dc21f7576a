"""The words of claims: words without content, words that mean the same, and stems."""

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.text.quantities import plain_word

# Stems that the rules for contradictions know.
FOUNDED = "founding"
COST = "cost"
# Words that turn a sentence into its opposite.
_NEGATING = "not no never without none neither nor cannot nobody nothing"
NEGATIONS = frozenset(_NEGATING.split())
# Words that limit a statement: with another of them it is another statement.
_HEDGING = (
    "may might could should would must all some most many every each any only always "
    "usually often sometimes typically generally rarely seldom mostly both either few "
    "several partly"
)
HEDGES = frozenset(_HEDGING.split())
# Stems of words that mean the same. A minus marks the opposite of another word.
_SYNONYMS = {
    "weigh": ("weight", "weighs", "weighed", "weighing"),
    COST: (
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
    FOUNDED: (
        "founded",
        "founding",
        "foundation",
        "established",
        "incorporated",
        "founded.",
        "est",
    ),
    "deliver": (
        "ships",
        "shipped",
        "shipping",
        "ship",
        "delivers",
        "delivered",
        "delivery",
        "deliver",
    ),
    "warranty": ("warranties", "warranty", "guarantee", "guarantees", "guaranteed"),
    "child": ("children", "child", "kids", "kid"),
    "person": ("people", "persons", "person"),
    "include": ("includes", "included", "include", "including"),
    "-include": ("excludes", "excluded", "exclude", "excluding"),
    "allow": ("allows", "allowed", "allow", "permits", "permitted", "permit"),
    "-allow": ("forbids", "forbidden", "forbid", "prohibits", "prohibited", "banned", "bans"),
}
# Words that negate another by their form, with the stem of that word.
OPPOSITES = {
    "unavailable": "available",
    "unsafe": "saf",
    "illegal": "legal",
    "impossible": "possibl",
    "unlimited": "limit",
}
# The stem of each word of both tables; all other words are cut by their endings.
_STEMS = {word: stemmed for stemmed, words in _SYNONYMS.items() for word in words} | OPPOSITES
# Words that add nothing to a statement, beside the stop words.
_SAYING_LITTLE = (
    "does did doing yes also just really very currently now today actually company firm "
    "brand business according however therefore additionally furthermore moreover thus "
    "overall"
)
EMPTY = frozenset(_SAYING_LITTLE.split())
# Words without content, in which two sentences are not compared.
PLAIN = ENGLISH_STOP_WORDS | NEGATIONS | EMPTY

# Endings of verbs, plurals and adverbs, with the shortest word that may have each (assumed).
_ENDINGS = (("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("ly", 6))


def stem(word: str) -> str:
    """Return a word's stem: verbs and plurals share it, and so do a few words that mean the same.

    >>> [stem(word) for word in ("weighs", "weight", "stopped", "batteries", "priced")]
    ['weigh', 'weigh', 'stop', 'battery', 'cost']
    """
    word = plain_word(word)
    if word in _STEMS:
        return _STEMS[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending, min_letters in _ENDINGS:
        is_inflected = word.endswith(ending) and not word.endswith(("ss", "us", "is", "eed"))
        if is_inflected and len(word) >= min_letters:
            word = word[: -len(ending)]
            break
    # "charge" loses its e, because "charging" becomes "charg".
    word = word.removesuffix("e") if len(word) > 3 else word
    # A doubled consonant, as in "stopped", is that of the inflection.
    is_doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou"
    return word[:-1] if is_doubled else word
