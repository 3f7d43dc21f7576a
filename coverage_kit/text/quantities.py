"""Numbers, units and months in English text: what each spelling means.

Two readers use these tables: `measure.claim_parts` compares figures by value, so that 1 km is
1,000 m; `tasks.fact_forms` compares them as they are written, and keeps their positions.
"""

import re

from coverage_kit.text.words import MONTH_NAMES

CURRENCIES = "$€£¥"
# The last is a plain hyphen, so that the text fits into a character class.
DASHES = "–—-"  # noqa: RUF001 (the dashes that people type)
MONTHS = frozenset(MONTH_NAMES)

# What may follow a number as its unit: "%", "°C", "per cent", "km".
UNIT = r"%|°\s?[CF]?|per\s?cent\b|[^\W\d_]+"

_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL_NUMBERS = {word: value for value, word in enumerate(_SMALL_WORDS.split())}
_TENS = {word: 10 * number for number, word in enumerate(_TEN_WORDS.split(), start=2)}
_COMPOUNDS = {
    f"{tens}-{ones}": _TENS[tens] + _SMALL_NUMBERS[ones]
    for tens in _TENS
    for ones in _SMALL_WORDS.split()[1:10]
}
# Zero to ninety-nine.
NUMBER_WORDS = _SMALL_NUMBERS | _TENS | _COMPOUNDS
LARGE_NUMBERS = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9}

# Each unit with its other spellings, in lower case and the singular.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "$": ("usd", "dollar"),
    "€": ("eur", "euro"),
    "£": ("gbp", "pound"),
    "¥": (),
    "pence": ("p", "penny"),
    "%": ("percent",),
    "mm": ("millimetre", "millimeter"),
    "cm": ("centimetre", "centimeter"),
    "m": ("metre", "meter"),
    "km": ("kilometre", "kilometer"),
    "mile": ("mi",),
    "g": ("gram", "gramme"),
    "kg": ("kilo", "kilogram", "kilogramme"),
    "lb": ("lbs",),
    "ml": (),
    "litre": (),
    "second": ("sec",),
    "minute": ("min",),
    "hour": ("hr", "h"),
    "day": (),
    "week": (),
    "month": (),
    "year": ("yr",),
    "mph": (),
    "kph": (),
    "nm": (),
    "v": ("volt",),
    "ampere": ("amp",),
    "w": ("watt",),
    "kw": (),
    "wh": (),
    "kwh": (),
    "mb": (),
    "gb": (),
    "tb": (),
}
# The unit of each spelling, such as "km" of "kilometre" and of "km".
UNITS = {
    spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in (unit, *spellings)
}

# A possessive: "Heron's", "bikes'".
_POSSESSIVE = re.compile(r"['’]s?$")  # noqa: RUF001 (apostrophes as they are typed)


def plain_word(word: str) -> str:
    """Return a word in lower case, without a possessive.

    >>> plain_word("Heron's")
    'heron'
    """
    return _POSSESSIVE.sub("", word.casefold())


def is_month(word: str) -> bool:
    """Return whether a word is the name of a month, with its capital.

    >>> is_month("May"), is_month("may")
    (True, False)
    """
    return word[:1].isupper() and word.casefold() in MONTHS
