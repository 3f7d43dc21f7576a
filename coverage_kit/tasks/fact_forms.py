"""Which spans of a sentence are facts by their form (figures, dates, addresses, names), and whether a text states them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from coverage_kit.rank.drafts import content_words
from coverage_kit.text.sentences import split_sentences

_NUM = r"(?:\d+(?:[.,:/]\d+)*[½¼¾]?|[½¼¾])"
_START = re.compile(
    r"(?P<url>(?:[a-z][a-z+]*://|www\.)[^\s<>\[\]()“”\"'\ue000-\uf8ff]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w.])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}\b(?:/[^\s()\[\]“”\"'\ue000-\uf8ff]*)?)"
    rf"|(?P<sign>[$€£¥])?\s?(?P<value>{_NUM})"
    r"|(?P<word>[^\W_][\w’'\-]*)",
    re.I,
)
_RANGE = re.compile(rf"\s*(?:–|—|-|to|or|and)\s*[$€£¥]?{_NUM}|\s*[–—-]\s*(?=[$€£¥]?{_NUM})")
_UNIT = re.compile(r"[-\s]?\s?(%|[$€£¥]|°\s?[CF]?|per\s?cent\b|[^\W\d_]+)", re.I)
_GAP = re.compile(r"[\s\-–—/&+().]{0,3}")
_OPENS = ':“"(—–'
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_UNITS = {
    **dict.fromkeys(("percent", "per cent"), "%"),
    **dict.fromkeys(("pound", "gbp"), "£"),
    **dict.fromkeys(("euro", "eur"), "€"),
    **dict.fromkeys(("dollar", "usd"), "$"),
    **dict.fromkeys(("kilometre", "kilometer"), "km"),
    **dict.fromkeys(("metre", "meter"), "m"),
    **dict.fromkeys(("centimetre", "centimeter"), "cm"),
    **dict.fromkeys(("kilogram", "kilo", "kilogramme"), "kg"),
    **dict.fromkeys(("hour", "hr", "h"), "hour"),
    **dict.fromkeys(("minute", "min"), "minute"),
    **dict.fromkeys(("year", "yr"), "year"),
    **{
        one: one
        for one in (
            "km",
            "m",
            "cm",
            "kg",
            "mm",
            "mile",
            "day",
            "week",
            "month",
            "second",
            "hundred",
            "thousand",
            "million",
        )
    },
}
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: (at + 2) * 10 for at, word in enumerate(_TEN_WORDS.split())}
_NUMBERS = {word: at for at, word in enumerate([*_ONES.split(), "nineteen"])} | _TENS
_NUMBERS |= {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
}
_PLAIN_WORDS = (
    "i am if when while where whether because although though since until unless before after during as so but and or nor yet "
    "for to from in on at by with without within between under over above below into about against through per via once then "
    "there here now today always never often usually sometimes generally typically also too even only just still however "
    "instead otherwise therefore first second third next last finally more most less least few many much several some any "
    "each every both either neither all none no not yes other another such same own the a an this that these those it its you "
    "your we our us they them their he she his her who what which why how can could may might must shall should will would "
    "do does did is are was were be been being has have had get got go let make take keep use see check ask add put set try "
    "read write bring fit fill turn start stop open close press push pull hold lift move buy sell pay call contact visit "
    "choose pick plan book compare look find need want give tell show say note please avoid remember allow expect remove "
    "replace store charge ride clean wash dry wear lock park carry load order return send leave stay wait apply depend "
    "people anyone everyone someone nothing everything something short long good better best "
    "new old big small large heavy light high low full empty half twice similarly"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
_MONTHS = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
_ENDINGS = (
    "ing",
    "ly",
    "ed",
    "tion",
    "tions",
    "ment",
    "ness",
    "able",
    "ance",
    "ity",
)
_DETERMINER_WORDS = (
    "the a an your our their its it them this that these those any all each both every"
)
_DETERMINERS = frozenset(_DETERMINER_WORDS.split())


class _Fact(NamedTuple):
    """A span that may be a fact: an address (kind `url`), a figure (`number`) with its unit, or a `word`: perhaps a name."""

    start: int
    end: int
    kind: str
    value: str
    unit: str = ""


class KnownFacts:
    """What some texts state: their words, their figures with units, their addresses, and the names in them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)
        facts = [fact for text in self.texts for fact in _find_facts(text)]
        self._figures = {(fact.value, fact.unit) for fact in facts if fact.kind == "number"}
        self._values = {value for value, _ in self._figures}
        self._urls = {fact.value for fact in facts if fact.kind == "url"}
        self.words = {
            part for fact in facts if fact.kind in ("word", "url") for part in _parts(fact.value)
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """Words that stand with a capital within a sentence, in lower case."""
        sentences = [sentence for text in self.texts for sentence in split_sentences(text)]
        found = (
            (one, fact) for one in sentences for fact in _find_facts(one) if fact.kind == "word"
        )
        told = (
            fact.value
            for one, fact in found
            if one[fact.start].isupper() and not _is_initial(one, fact.start)
        )
        return frozenset(value for value in told if value not in _PLAIN or value in _MONTHS)

    @cached_property
    def plain(self) -> frozenset[str]:
        """Words written in lower case: no names."""
        found = (
            (text, fact) for text in self.texts for fact in _find_facts(text) if fact.kind == "word"
        )
        return frozenset(
            fact.value for text, fact in found if text[fact.start : fact.end].islower()
        )

    def has(self, fact: _Fact) -> bool:
        """Return whether the texts state an address or a figure; the figure with the same unit, where it has one."""
        if fact.kind == "url":
            return fact.value in self._urls
        is_alone = not fact.unit or (
            _YEAR.fullmatch(fact.value) is not None and fact.unit not in _UNITS.values()
        )
        return fact.value in self._values if is_alone else (fact.value, fact.unit) in self._figures

    def has_word(self, word: str) -> bool:
        """Return whether every part of a word in lower case stands in the texts, in the singular or the plural."""
        return word in self.words or all(self._has_part(part) for part in _parts(word))

    def _has_part(self, part: str) -> bool:
        return part in _PLAIN or not self.words.isdisjoint(
            {part, f"{part}s", part.removesuffix("s")}
        )


def find_unknown(
    sentence: str,
    known: KnownFacts,
    foreign: Collection[str] = frozenset(),
    plain: Collection[str] = frozenset(),
) -> list[tuple[int, int]]:
    """Return the spans of facts that are not known, neighbours joined.

    Words in `foreign` are names however they are written; words in `plain` are none where they
    begin a sentence.

    >>> told = "The Heron goes 34 km."
    >>> [told[start:end] for start, end in find_unknown(told, Known(["The Heron weighs 34 kg."]))]
    ['34 km']
    """
    spans: list[tuple[int, int]] = []
    for fact in _find_facts(sentence):
        if _is_known(sentence, fact, known, foreign, plain):
            continue
        if spans and (
            fact.start < spans[-1][1] or _GAP.fullmatch(sentence, spans[-1][1], fact.start)
        ):
            spans[-1] = (spans[-1][0], max(spans[-1][1], fact.end))
        else:
            spans.append((fact.start, fact.end))
    return spans


def _is_known(
    sentence: str,
    fact: _Fact,
    known: KnownFacts,
    foreign: Collection[str],
    plain: Collection[str],
) -> bool:
    if fact.kind != "word":
        return known.has(fact)
    raw = sentence[fact.start : fact.end]
    is_initial = _is_initial(sentence, fact.start)
    if raw in ("May", "March") and not is_initial:
        return fact.value in known.names
    if known.has_word(fact.value):
        return True
    if fact.value in foreign or any(one.isnumeric() for one in raw):
        return False
    if not any(one.isupper() for one in raw) or fact.value in _PLAIN:
        return True
    is_plain_start = raw[0].isupper() and raw[1:].islower() and is_initial
    return is_plain_start and (fact.value in plain or _is_common(fact.value, sentence[fact.end :]))


def _is_common(word: str, rest: str) -> bool:
    """Return whether a word that begins a sentence, and nowhere is known, looks like a plain word and not like a name."""
    following = re.match(r"\s+(\w+)", rest)
    is_order = following is not None and following[1] in _DETERMINERS
    return not content_words(word) or word.endswith(_ENDINGS) or is_order


def _is_initial(sentence: str, start: int) -> bool:
    before = sentence[:start].rstrip(" ‘'*_")
    return not before or before[-1] in _OPENS


def _find_facts(text: str) -> Iterator[_Fact]:
    """Yield addresses, figures with their units, and words, in order; a unit is also yielded as a word."""
    for found in _START.finditer(text):
        if found["url"]:
            address = found["url"].rstrip(".,;:!?")
            yield _Fact(
                found.start(),
                found.start() + len(address),
                "url",
                address.casefold().rstrip("/"),
            )
        elif found["value"]:
            start = found.start("sign") if found["sign"] else found.start("value")
            yield _figure(
                text,
                start,
                found.end(),
                _number(found["value"]),
                found["sign"] or "",
            )
        else:
            word = found["word"].rstrip("’'-")
            value = _plain(word)
            end = found.start() + len(word)
            number = _spelled(value)
            if number is None:
                yield _Fact(found.start(), end, "word", value)
                continue
            figure = _figure(text, found.start(), end, number, "")
            if value != "one" or figure.unit in _UNITS.values():
                yield figure


def _figure(text: str, start: int, end: int, value: str, sign: str) -> _Fact:
    """Return a figure with the unit behind it: a sign, or the next word that says something."""
    at = end
    while (joined := _RANGE.match(text, at)) is not None and joined.end() > at:
        at = joined.end()
    found = _UNIT.match(text, at)
    if sign or found is None:
        return _Fact(start, end, "number", value, sign)
    unit = _plain(found[1]).replace(" ", "")
    if unit in _MONTHS and found[1][0].isupper():
        return _Fact(start, end if at > end else found.end(), "number", value, unit)
    unit = "%" if unit == "percent" else unit
    single = unit[:-1] if unit.endswith("s") and len(unit) > 2 else unit
    unit = _UNITS.get(unit, _UNITS.get(single, single))
    if unit in _PLAIN or (
        unit.isalpha() and not content_words(unit) and unit not in _UNITS.values()
    ):
        return _Fact(start, end, "number", value)
    return _Fact(start, end if at > end else found.end(), "number", value, unit)


def _number(text: str) -> str:
    """Return a figure as it is compared: without separators of thousands and idle zeros behind the point.

    >>> _number("1,200"), _number("5.00"), _number("8:30")
    ('1200', '5', '8:30')
    """
    plain = unicodedata.normalize("NFKC", text) if text.isdecimal() else text
    plain = re.sub(r",(?=\d{3}(?!\d))", "", plain)
    return re.sub(r"(?<=\d)\.0+$", "", plain)


def _spelled(word: str) -> str | None:
    """Return the figure that a number word means, or None.

    >>> _spelled("twenty-five"), _spelled("dozen"), _spelled("tenth")
    ('25', '12', None)
    """
    tens, _, ones = word.partition("-")
    if tens in _TENS and 0 < _NUMBERS.get(ones, 0) < 10:
        return str(_TENS[tens] + _NUMBERS[ones])
    number = _NUMBERS.get(
        word,
        _NUMBERS.get(word.removesuffix("s")) if word.endswith(("dozens", "hundreds")) else None,
    )
    return None if number is None else str(number)


def _plain(word: str) -> str:
    """Return a word in lower case without a possessive."""
    return re.sub(r"['’]s?$", "", word.casefold())


def _parts(word: str) -> list[str]:
    return [part for part in re.split(r"[\W_]+", word) if part]
