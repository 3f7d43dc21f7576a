"""What a sentence states, in parts that can be compared with another sentence.

The parts are words, names, figures with units, and negation.
"""

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
    stem,
)
from coverage_kit.text.quantities import (
    CURRENCIES,
    DASHES,
    LARGE_NUMBERS,
    NUMBER_WORDS,
    UNIT,
    UNITS,
    is_month,
    plain_word,
)

# The unit of a year's number.
YEAR = "in the year"
# Units that are money: the currency signs.
MONEY = tuple(CURRENCIES)
# Markers of citations ("[1]", "([site](https://…))", "【4†source】"), addresses and Markdown signs.
_MARKERS = re.compile(
    r"\(?\[[^\]\n]{0,200}\]\([^)\s]*\)\)?|\[\^?\w{1,4}\](?!\()|【[^】\n]{0,80}】"
    r"|https?://\S+|[*_`#>|]+"
)
# A number: "4,200.50", "34".
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
# The end of a range, behind its start: "-50", " to £5,000", " and 60".
_RANGE = re.compile(
    rf"\s*(?:[{DASHES}]|\bto\b|\band\b)\s*[{CURRENCIES}]?({_NUMBER})(?![\w:/])",
    re.IGNORECASE,
)
# What multiplies a number: " million", "k". One letter counts only behind a currency sign.
_SCALE = re.compile(r"\s?(thousand|million|billion|bn|k|m)\b", re.IGNORECASE)
# The factor of each such word or letter.
_SCALES = LARGE_NUMBERS | {
    "k": LARGE_NUMBERS["thousand"],
    "m": LARGE_NUMBERS["million"],
    "bn": LARGE_NUMBERS["billion"],
}
# The unit behind a number, and words that may be between them: " kg", "-year", " full cycles", "UK
# cities".
_AFTER = re.compile(
    rf"[-\s]?\s?(?:(?:full|whole|complete|working|calendar|different|separate|UK|US|EU)\s)?({UNIT})",
    re.IGNORECASE,
)
# Words that leave a figure open to one side or both, right before it.
_LOWER = (
    r"at least|from|starting at|starts at|start at|starting from|over|more than|above|minimum of"
    r"|no less than|exceeds?|after"
)
_UPPER = (
    r"up to|at most|no more than|less than|fewer than|under|below|within|maximum of|until|before|by"
)
_ABOUT = r"about|around|roughly|approximately|approx\.?|some|nearly|almost|circa|~|ca\.|close to"
# One of these words right before a figure, such as the "at least " of "at least 5 kg".
_BOUND = re.compile(
    rf"(?:(?P<lower>{_LOWER})|(?P<upper>{_UPPER})|(?P<about>{_ABOUT})|(?P<between>between))\s*$",
    re.IGNORECASE,
)
# Words that leave it open right behind it: "+", " or more", " miles or less".
_OR_MORE = re.compile(r"\s*(?:\+|(?:[^\W\d_]+\s)?or (?:more|above|over))", re.IGNORECASE)
_OR_LESS = re.compile(r"\s*(?:[^\W\d_]+\s)?or (?:less|fewer|under)", re.IGNORECASE)
# Bounds with which something is offered, or begins: two of them differ where their figures do.
_OFFERS = ("after", "up to", "from", "starting at", "starts at", "start at", "starting from")
# Words before a year that are its preposition, and leave nothing open.
_YEAR_WORDS = ("from", "by", "around", "some", "about")
# "About 12" leaves open a tenth to either side (assumed).
_ROUGHLY = 0.1
# Numbers that may be years.
_FIRST_YEAR = 1700
_LAST_YEAR = 2100
# Characters before and behind a figure in which words that leave it open are looked for: the
# longest of them are shorter.
_REACH = 20
# Units that are multiples of another one, so that figures in both can be compared.
_BASES = {
    "pence": ("£", 0.01),
    "mm": ("m", 0.001),
    "cm": ("m", 0.01),
    "km": ("m", 1000.0),
    "g": ("kg", 0.001),
    "second": ("minute", 1 / 60),
    "hour": ("minute", 60.0),
    "week": ("day", 7.0),
    "year": ("month", 12.0),
}
# Each spelling of a unit with its base and the factor to it: ("m", 1000.0) for "km".
_MEASURES = {spelling: _BASES.get(unit, (unit, 1.0)) for spelling, unit in UNITS.items()}
# The bases. A figure with another unit, such as "seat", counts things.
_MEASURED = frozenset(base for base, _ in _MEASURES.values())
# Plurals without an s.
_MANY = frozenset({"people", "children", "men", "women", "feet", "teeth"})
# "One" is mostly a pronoun, and zero counts nothing.
_WORD_NUMBERS = {word: value for word, value in NUMBER_WORDS.items() if value > 1}
# The longest first, so that "twenty-one" is not read as "twenty".
_SPELLED = "|".join(sorted(_WORD_NUMBERS, key=lambda name: -len(name)))
# A number with its currency sign and the unit glued to it ("£4,200", "34kg"), or a word, which
# may be a number's. Version numbers, dates and times ("2.0.1", "03/04", "8:30") are words.
_TOKEN = re.compile(
    rf"(?P<sign>[{CURRENCIES}]|\b(?:USD|EUR|GBP)\s)?\s?(?<![\w.])(?P<number>{_NUMBER})"
    r"(?P<glued>%|°[CF]?|[a-z]{1,6}(?![\w-]))?(?![\w:/]|\.\d)"
    rf"|(?P<word>\b(?:{_SPELLED})\b"
    r"|[^\W_](?:[\w'’-]|[.:/](?=\w))*)",  # noqa: RUF001 (apostrophes as they are typed)
    re.IGNORECASE,
)
# Endings of "doesn't" and the like.
_NOT = ("n't", "n’t")  # noqa: RUF001 (apostrophes as they are typed)
# Words that make it unclear what a sentence affirms: "not only", "no longer", "unless", a question.
_UNCLEAR = re.compile(
    r"\bnot (?:only|just|merely|necessarily|always|all|every|yet|so much)\b"
    r"|\bno (?:longer|doubt|less|more|later|sooner|matter)\b"
    r"|\b(?:if|unless|except|instead of|rather than|whether|although|though)\b|\?",
    re.IGNORECASE,
)
# A pronoun that opens a sentence: "It", "And these".
_PRONOUN = re.compile(
    r"\W*(?:(?:and|but|or|so)\s)?(?:it|its|they|their|this|these|that|those|he|she|his|her)\b",
    re.IGNORECASE,
)
# Between the words of a name: "Campsite of the Year".
_WITHIN_NAME = re.compile(r"\s+(?:of\s+(?:the\s+)?)?")
# The speaker: "We", "our".
_SPEAKER = re.compile(r"\b(?:[Ww]e|[Oo]urs?|us)\b")


@dataclass(frozen=True)
class Quantity:
    """A figure in the base of its unit, as the range of values that it leaves open.

    `bound` is the word that leaves it open, `wording` the figure as it is written.
    """

    low: float
    high: float
    unit: str
    bound: str = ""
    wording: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether the unit is money, a share or a physical measure, not a thing that is counted."""
        return self.unit in _MEASURED or self.unit == YEAR

    def agrees(self, other: "Quantity") -> bool:
        """Return whether another figure, as a source gives it, leaves this one true."""
        if self.unit != other.unit:
            return False
        if self.bound in _OFFERS and other.bound in _OFFERS:
            return self.low == other.low and self.high == other.high
        return _is_rounded(self, other) or (self.low <= other.high and other.low <= self.high)


@dataclass(frozen=True)
class ClaimParts:
    """What a sentence states.

    `words` are the stems of its content words, without names and units; `hedges` are words that
    limit what it states; `is_of_speaker` says that it speaks of "us".
    """

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
    """Return what a sentence states.

    Markers of citations, addresses and Markdown signs are no words.

    >>> claim = read_parts("The Heron weighs 34 kg [1].")
    >>> sorted(claim.words), sorted(claim.names), [(each.low, each.unit) for each in claim.figures]
    (['weigh'], ['heron'], [(34.0, 'kg')])
    """
    text = " ".join(_MARKERS.sub(" ", sentence).split())
    words = set[str]()
    names = set[str]()
    figures = list[Quantity]()
    hedges = set[str]()
    n_negations = 0
    for token, figure in _read_tokens(text):
        if figure:
            figures.append(figure)
            continue
        word = token["word"]
        if not word:
            continue
        lower = word.casefold()
        n_negations += lower in NEGATIONS or lower.endswith(_NOT)
        if lower in HEDGES and not is_month(word):
            hedges.add(lower)
        elif _is_name(text, token.start(), word):
            names.update(_split_name(word))
        else:
            n_negations += _add_word(lower, words)
    return ClaimParts(
        text=text,
        words=frozenset(words),
        names=frozenset(names),
        figures=tuple(figures),
        hedges=frozenset(hedges),
        # Two negations cancel each other out, and also make the sentence unclear (next line).
        is_negated=n_negations % 2 == 1,
        is_unclear=_UNCLEAR.search(text) is not None or n_negations > 1,
        is_of_speaker=_SPEAKER.search(text) is not None,
        begins_with_pronoun=_PRONOUN.match(text) is not None,
    )


def read_names(text: str) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Yield where each named thing begins, how it is written, and the stems of its words.

    Names with only spaces or "of" between them are one thing.

    >>> [name for _, name, _ in read_names("It won the Northern Design Prize in Leeds.")]
    ['Northern Design Prize', 'Leeds']
    """
    runs: list[list[re.Match[str]]] = []
    for token, figure in _read_tokens(text):
        word = token["word"]
        if figure or not word or not _is_name(text, token.start(), word):
            continue
        if runs and _WITHIN_NAME.fullmatch(text, runs[-1][-1].end(), token.start()):
            runs[-1].append(token)
        else:
            runs.append([token])
    for run in runs:
        start, end = run[0].start(), run[-1].end()
        stems = frozenset(piece for token in run for piece in _split_name(token["word"]))
        yield start, text[start:end], stems


def _read_tokens(text: str) -> Iterator[tuple["re.Match[str]", Quantity | None]]:
    """Yield the words and figures of a text: the token, and the figure that begins there."""
    end_of_figure = 0
    for token in _TOKEN.finditer(text):
        if token.start() >= end_of_figure:
            figure, end = _read_figure(text, token)
            end_of_figure = end if figure else end_of_figure
            yield token, figure


def _add_word(lower: str, words: set[str]) -> int:
    """Add the stems of a word that has content.

    Return 1 where the word is the opposite of another, so that it negates, else 0.
    """
    n_opposites = 0
    for piece in lower.split("-"):
        plain = plain_word(piece)
        if len(plain) < 2 or plain in PLAIN or plain.endswith(_NOT):
            continue
        stemmed = stem(plain)
        n_opposites += plain in OPPOSITES or stemmed.startswith("-")
        words.add(stemmed.removeprefix("-"))
    return n_opposites % 2


def _read_figure(text: str, token: "re.Match[str]") -> tuple[Quantity | None, int]:
    """Return the figure at a token, None where it is none, and where the figure ends."""
    word = (token["word"] or "").casefold()
    if token["number"] is None and word not in _WORD_NUMBERS:
        return None, token.end()
    low = float(_WORD_NUMBERS[word]) if word else _parse(token["number"])
    high = low
    sign = (token["sign"] or "").strip().casefold()
    end_of_number = token.end()
    bound = _BOUND.search(text[max(0, token.start() - _REACH) : token.start()])
    upper = _RANGE.match(text, end_of_number) if not token["glued"] else None
    # "5 and 6" are two figures; only "between 5 and 6" is a range.
    if upper and ("and" not in upper[0] or (bound and bound["between"])):
        high = _parse(upper[1])
        end_of_number = upper.end()
    scale = _SCALE.match(text, end_of_number)
    if scale and (sign or len(scale[1]) > 2):
        low = low * _SCALES[scale[1].casefold()]
        high = high * _SCALES[scale[1].casefold()]
        end_of_number = scale.end()
    if sign in _MEASURES:
        unit = _MEASURES[sign][0]
        factor = 1.0
        end = end_of_number
    else:
        unit, factor, end = _find_unit(text, end_of_number, token["glued"] or "")
    is_year = low == high and _is_year(low, token["number"] or "")
    if is_year and (not unit or _is_of_year(text[end_of_number:end], unit)):
        unit = YEAR
        end = end_of_number
    exact = Quantity(
        low=low * factor,
        high=max(low, high) * factor,
        unit=unit,
        wording=text[token.start() : end].strip(),
    )
    behind = text[end_of_number : end_of_number + _REACH]
    return _open_figure(exact, bound, behind), max(end, end_of_number)


def _parse(number: str) -> float:
    return float(number.replace(",", ""))


def _is_year(value: float, number: str) -> bool:
    return re.fullmatch(r"\d{4}", number) is not None and _FIRST_YEAR <= value <= _LAST_YEAR


def _open_figure(figure: Quantity, bound: "re.Match[str] | None", behind: str) -> Quantity:
    """Return the figure with the values that the words before and behind it leave open."""
    word = bound[0].strip().casefold() if bound else ""
    kind = bound.lastgroup if bound else None
    if figure.unit == YEAR and word in _YEAR_WORDS:
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
    if kind == "lower" or _OR_MORE.match(behind):
        return replace(figure, high=math.inf, bound=word or "at least")
    if kind == "upper" or _OR_LESS.match(behind):
        return replace(figure, low=-math.inf, bound=word or "at most")
    return figure


def _find_unit(text: str, start: int, glued: str) -> tuple[str, float, int]:
    """Return the unit behind a number: its base, the factor to it, and where it ends."""
    match = _AFTER.match(text, start)
    if glued:
        raw = glued
        end = start
    elif match:
        raw = match[1]
        end = match.end()
    else:
        return "", 1.0, start
    # A capital A is the ampere, a small one the article.
    lower = "ampere" if raw == "A" else raw.casefold().replace(" ", "")
    for form in (lower, lower.removesuffix("s")):
        if form in _MEASURES:
            return (*_MEASURES[form], end)
    has_content = lower.isalpha() and lower not in ENGLISH_STOP_WORDS | EMPTY | HEDGES
    noun = stem(lower) if has_content else ""
    is_noun = bool(noun) and (raw.islower() or is_month(raw))
    return (noun, 1.0, end) if is_noun else ("", 1.0, start)


def _is_of_year(noun: str, unit: str) -> bool:
    """Return whether a noun behind a year's number has it as its date, such as "2022 price".

    Such a noun is in the singular.
    """
    word = noun.strip().casefold()
    return (
        unit not in _MEASURED
        and not word.endswith("s")
        and word not in _MANY
        and not noun.startswith("-")
    )


def _is_rounded(figure: Quantity, other: Quantity) -> bool:
    """Return whether a figure is another one rounded to a whole number."""
    is_whole = (
        "." not in figure.wording
        and "." in other.wording
        and figure.unit != YEAR
        and not (figure.bound or other.bound)
    )
    is_exact = figure.low == figure.high and other.low == other.high
    return is_whole and is_exact and figure.low == round(other.low)


def _is_name(text: str, start: int, word: str) -> bool:
    """Return whether a word is a name by its form.

    Names have a capital within the sentence, two capitals, or a letter with a digit.
    """
    if any(letter.isdigit() for letter in word):
        return True
    if sum(letter.isupper() for letter in word) > 1 and len(word) > 1:
        return True
    if is_month(word):
        return word != "May" or bool(text[:start].strip())
    if not word[0].isupper() or word.casefold() in ENGLISH_STOP_WORDS | EMPTY:
        return False
    before = text[:start].rstrip(" \"'“‘(")  # noqa: RUF001 (quotes as they are typed)
    return bool(before) and before[-1] not in f".!?:;{DASHES}"


def _split_name(word: str) -> Iterator[str]:
    for piece in re.split(r"[-/]", plain_word(word)):
        if piece:
            yield piece if any(letter.isdigit() for letter in piece) else stem(piece)
