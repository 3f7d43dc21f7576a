"""What one sentence says, in parts that can be held against another sentence: words, names, figures with units, negation."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from coverage_kit.measure.claim_words import (
    EMPTY,
    HEDGES,
    NEGATIONS,
    OPPOSITES,
    PLAIN,
    POSSESSIVE,
    is_month,
    stem,
)

YEAR = "in the year"
_MARKERS = re.compile(
    r"\(?\[[^\]\n]{0,200}\]\([^)\s]*\)\)?|\[\^?\w{1,4}\](?!\()|【[^】\n]{0,80}】|https?://\S+|[*_`#>|]+"
)
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_RANGE = re.compile(
    rf"\s*(?:–|—|-|\bto\b|\band\b)\s*[$€£¥]?({_NUMBER})(?![\w:/])",
    re.IGNORECASE,
)
_SCALE = re.compile(r"\s?(thousand|million|billion|bn|k|m)\b", re.IGNORECASE)
_SCALES = {
    "thousand": 1e3,
    "k": 1e3,
    "million": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "bn": 1e9,
}
_AFTER = re.compile(
    r"[-\s]?\s?(?:(?:full|whole|complete|working|calendar|different|separate)\s)?(%|°\s?[CF]?|per\s?cent\b|[^\W\d_]+)",
    re.IGNORECASE,
)
_LOWER = r"at least|from|starting at|starts at|start at|starting from|over|more than|above|minimum of|no less than|exceeds?|after"
_UPPER = (
    r"up to|at most|no more than|less than|fewer than|under|below|within|maximum of|until|before|by"
)
_ABOUT = r"about|around|roughly|approximately|approx\.?|some|nearly|almost|circa|~|ca\.|close to"
_BOUND = re.compile(
    rf"(?:(?P<lower>{_LOWER})|(?P<upper>{_UPPER})|(?P<about>{_ABOUT})|(?P<between>between))\s*$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"\s*(?:\+|(?:[^\W\d_]+\s)?or (?:more|above|over))", re.IGNORECASE)
_OR_LESS = re.compile(r"\s*(?:[^\W\d_]+\s)?or (?:less|fewer|under)", re.IGNORECASE)
_OFFERS = (
    "up to",
    "from",
    "starting at",
    "starts at",
    "start at",
    "starting from",
)  # figures with which something is offered
_ROUGHLY = 0.1
_MEASURES = {
    **dict.fromkeys(("$", "usd", "dollar"), ("$", 1.0)),
    **dict.fromkeys(("€", "eur", "euro"), ("€", 1.0)),
    **dict.fromkeys(("£", "gbp", "pound"), ("£", 1.0)),
    "¥": ("¥", 1.0),
    **dict.fromkeys(("%", "percent", "per cent"), ("%", 1.0)),
    **dict.fromkeys(("mm", "millimetre", "millimeter"), ("m", 0.001)),
    **dict.fromkeys(("cm", "centimetre", "centimeter"), ("m", 0.01)),
    **dict.fromkeys(("m", "metre", "meter"), ("m", 1.0)),
    **dict.fromkeys(("km", "kilometre", "kilometer"), ("m", 1000.0)),
    **dict.fromkeys(("mile", "mi"), ("mile", 1.0)),
    **dict.fromkeys(("g", "gram", "gramme"), ("kg", 0.001)),
    **dict.fromkeys(("kg", "kilo", "kilogram", "kilogramme"), ("kg", 1.0)),
    **dict.fromkeys(("lb", "lbs"), ("lb", 1.0)),
    **dict.fromkeys(("second", "sec"), ("minute", 1 / 60)),
    **dict.fromkeys(("minute", "min"), ("minute", 1.0)),
    **dict.fromkeys(("hour", "hr", "h"), ("minute", 60.0)),
    "day": ("day", 1.0),
    "week": ("day", 7.0),
    "month": ("month", 1.0),
    **dict.fromkeys(("year", "yr"), ("month", 12.0)),
    **{
        unit: (unit, 1.0)
        for unit in (
            "w",
            "kw",
            "wh",
            "kwh",
            "v",
            "nm",
            "mph",
            "kph",
            "gb",
            "mb",
            "tb",
            "ml",
            "litre",
            "ampere",
        )
    },
    **{long: (short, 1.0) for long, short in {"volt": "v", "watt": "w", "amp": "ampere"}.items()},
    **dict.fromkeys(("p", "pence", "penny"), ("£", 0.01)),
}
_MANY = frozenset({"people", "children", "men", "women", "feet", "teeth"})
MONEY = ("$", "€", "£", "¥")
_MEASURED = frozenset(base for base, _ in _MEASURES.values())
_ONES = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        range(1, 10),
        strict=True,
    )
)
_TENS = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
_WORD_NUMBERS = (
    {name: value for name, value in _ONES.items() if value > 1}
    | _TENS
    | {"ten": 10, "eleven": 11, "twelve": 12}
)
_WORD_NUMBERS |= {f"{ten}-{one}": _TENS[ten] + _ONES[one] for ten in _TENS for one in _ONES} | {
    "fifteen": 15,
    "eighteen": 18,
}
_SPELLED = "|".join(sorted(_WORD_NUMBERS, key=lambda name: -len(name)))
_TOKEN = re.compile(
    rf"(?P<sign>[$€£¥]|\b(?:USD|EUR|GBP)\s)?\s?(?<![\w.])(?P<number>{_NUMBER})(?P<glued>%|°[CF]?|[a-z]{{1,6}}(?![\w-]))?(?![\w:/]|\.\d)"
    rf"|(?P<word>\b(?:{_SPELLED})\b|[^\W_](?:[\w'’-]|[.:/](?=\w))*)",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(
    r"\bnot (?:only|just|merely|necessarily|always|all|every|yet|so much)\b"
    r"|\bno (?:longer|doubt|less|more|later|sooner|matter)\b"
    r"|\b(?:if|unless|except|instead of|rather than|whether|although|though)\b|\?",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\W*(?:(?:and|but|or|so)\s)?(?:it|its|they|their|this|these|that|those|he|she|his|her)\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"\b(?:[Ww]e|[Oo]urs?|us)\b")


@dataclass(frozen=True)
class Quantity:
    """One figure in the base of its unit, as the range of values it leaves open; `bound` is the word that opens it."""

    low: float
    high: float
    unit: str
    bound: str = ""
    told: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether the unit is money, a share or a physical measure, not a thing that is counted."""
        return self.unit in _MEASURED or self.unit == YEAR

    def agrees(self, other: "Quantity") -> bool:
        """Return whether another figure, as a source tells it, leaves this one true."""
        if self.unit != other.unit:
            return False
        if self.bound in _OFFERS and other.bound in _OFFERS:
            return self.low == other.low and self.high == other.high
        return _is_rounded(self, other) or (self.low <= other.high and other.low <= self.high)


@dataclass(frozen=True)
class ClaimParts:
    """What a sentence says: stems of its content words without names and units, names, figures, and how it says it."""

    text: str
    words: frozenset[str]
    names: frozenset[str]
    figures: tuple[Quantity, ...]
    hedges: frozenset[str]
    is_negated: bool
    is_unclear: bool
    is_of_speaker: bool
    begins_with_pronoun: bool

    @property
    def terms(self) -> frozenset[str]:
        """Its words and names."""
        return self.words | self.names


@lru_cache(maxsize=50_000)
def read_parts(sentence: str) -> ClaimParts:
    """Return what a sentence says. Markers of citations, addresses and Markdown signs are no words.

    >>> parts = read_parts("The Heron weighs 34 kg [1].")
    >>> sorted(parts.words), sorted(parts.names), [(one.low, one.unit) for one in parts.figures]
    (['weigh'], ['heron'], [(34.0, 'kg')])
    """
    text = " ".join(_MARKERS.sub(" ", sentence).split())
    words = set[str]()
    names = set[str]()
    figures = list[Quantity]()
    hedges = set[str]()
    n_negations = 0
    taken = 0
    for found in _TOKEN.finditer(text):
        if found.start() < taken:
            continue
        figure, end = _read_figure(text, found)
        if figure:
            figures.append(figure)
            taken = end
            continue
        word = found["word"]
        if not word:
            continue
        lower = word.casefold()
        n_negations += lower in NEGATIONS or lower.endswith(("n't", "n’t"))
        if lower in HEDGES and not is_month(word):
            hedges.add(lower)
        elif _is_name(text, found.start(), word):
            names.update(_split_name(word))
        else:
            n_negations += _add_word(lower, words)
    return ClaimParts(
        *(
            text,
            frozenset(words),
            frozenset(names),
            tuple(figures),
            frozenset(hedges),
            n_negations % 2 == 1,
        ),
        *(
            _UNCLEAR.search(text) is not None or n_negations > 1,
            _SPEAKER.search(text) is not None,
        ),
        _PRONOUN.match(text) is not None,
    )


def _add_word(lower: str, words: set[str]) -> int:
    """Add the stems of a word that says something; return 1 where it is the opposite of another, so that it negates."""
    n_opposite = 0
    for part in lower.split("-"):
        plain = POSSESSIVE.sub("", part)
        if len(plain) < 2 or plain in PLAIN or plain.endswith(("n’t", "n't")):
            continue
        stemmed = stem(plain)
        n_opposite += plain in OPPOSITES or stemmed.startswith("-")
        words.add(stemmed.removeprefix("-"))
    return n_opposite % 2


def _read_figure(text: str, found: "re.Match[str]") -> tuple[Quantity | None, int]:
    word = (found["word"] or "").casefold()
    if found["number"] is None and word not in _WORD_NUMBERS:
        return None, found.end()
    low = high = float(_WORD_NUMBERS[word]) if word else float(found["number"].replace(",", ""))
    sign = (found["sign"] or "").strip().casefold()
    at = found.end()
    before = text[max(0, found.start() - 20) : found.start()]
    bound = _BOUND.search(before)
    more = _RANGE.match(text, at) if not found["glued"] else None
    if more and ("and" not in more[0] or (bound and bound["between"])):
        high = float(more[1].replace(",", ""))
        at = more.end()
    scale = _SCALE.match(text, at)
    if scale and (sign or len(scale[1]) > 2):
        low = low * _SCALES[scale[1].casefold()]
        high = high * _SCALES[scale[1].casefold()]
        at = scale.end()
    unit, factor, end = (
        (_MEASURES[sign][0], 1.0, at)
        if sign in _MEASURES
        else _find_unit(text, at, found["glued"] or "")
    )
    is_year = (
        low == high
        and 1700 <= low <= 2100
        and low.is_integer()
        and re.fullmatch(r"\d{4}", found["number"] or "")
    )
    if is_year and (not unit or _is_of_year(text[at:end], unit)):
        unit = YEAR
        end = at
    told = text[found.start() : end].strip()
    exact = Quantity(low * factor, max(low, high) * factor, unit, told=told)
    return _open(exact, bound, text[at : at + 20]), max(end, at)


def _open(figure: Quantity, bound: "re.Match[str] | None", after: str) -> Quantity:
    """Return the figure with the values that the words before and after it leave open."""
    word = bound[0].strip().casefold() if bound else ""
    kind = bound.lastgroup if bound else None
    if figure.unit == YEAR and word in (
        "from",
        "by",
        "around",
        "some",
        "about",
    ):
        return figure
    if kind == "about":
        return replace(
            figure,
            low=figure.low * (1 - _ROUGHLY),
            high=figure.high * (1 + _ROUGHLY),
            bound="about",
        )
    if figure.low < figure.high:
        return figure
    if kind == "lower" or _OR_MORE.match(after):
        return replace(figure, high=math.inf, bound=word or "at least")
    if kind == "upper" or _OR_LESS.match(after):
        return replace(figure, low=-math.inf, bound=word or "at most")
    return figure


def _find_unit(text: str, at: int, glued: str) -> tuple[str, float, int]:
    """Return the unit behind a figure in its base, by how much to multiply, and where it ends."""
    found = _AFTER.match(text, at)
    raw = glued or (found[1] if found else "")
    end = at if glued or not found else found.end()
    lower = "ampere" if raw == "A" else raw.casefold().replace(" ", "")
    for form in (lower, lower.removesuffix("s")):
        if form in _MEASURES:
            return (*_MEASURES[form], end)
    plain = (
        stem(lower) if lower.isalpha() and lower not in ENGLISH_STOP_WORDS | EMPTY | HEDGES else ""
    )
    is_noun = bool(plain) and (raw.islower() or is_month(raw))
    return (plain, 1.0, end) if is_noun else ("", 1.0, at)


def _is_of_year(noun: str, unit: str) -> bool:
    """Return whether a noun behind a year's number has it as its date, such as "2022 price": one that is not many."""
    word = noun.strip().casefold()
    return (
        unit not in _MEASURED
        and not word.endswith("s")
        and word not in _MANY
        and not noun.startswith("-")
    )


def _is_rounded(one: Quantity, other: Quantity) -> bool:
    """Return whether the one is the other rounded to a whole number."""
    is_whole = (
        "." not in one.told
        and "." in other.told
        and one.unit != YEAR
        and not (one.bound or other.bound)
    )
    return (
        is_whole and one.low == one.high and other.low == other.high and one.low == round(other.low)
    )


def _is_name(text: str, start: int, word: str) -> bool:
    """Return whether a word is a name by its form: a capital within the sentence, two capitals, or a letter with a digit."""
    if any(one.isdigit() for one in word):
        return True
    if sum(one.isupper() for one in word) > 1 and len(word) > 1:
        return True
    if is_month(word):
        return word != "May" or bool(text[:start].strip())
    if not word[0].isupper() or word.casefold() in ENGLISH_STOP_WORDS | EMPTY:
        return False
    before = text[:start].rstrip(" \"'“‘(")
    return bool(before) and before[-1] not in ".!?:;–—-"


def _split_name(word: str) -> Iterator[str]:
    for part in re.split(r"[-/]", POSSESSIVE.sub("", word.casefold())):
        if part:
            yield part if any(one.isdigit() for one in part) else stem(part)
