"""Facts of a sentence by their form, and whether known texts state them.

Such facts are figures, dates, addresses and names. Figures are compared as they are written (see
`text.quantities`).
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from coverage_kit.rank.drafts import content_words
from coverage_kit.text.quantities import (
    CURRENCIES,
    DASHES,
    LARGE_NUMBERS,
    MONTHS,
    NUMBER_WORDS,
    UNIT,
    UNITS,
    is_month,
    plain_word,
)
from coverage_kit.text.sentences import split_sentences

# A number with its separators, a date, a time or a fraction: "2026-05-12", "4,200.00", "1/2",
# "8:30", "2½".
_NUMBER = r"(?:\d{4}-\d\d-\d\d(?!\d)|\d+(?:[.,:/]\d+)*[½¼¾]?|[½¼¾])"
# Signs of money; those beyond CURRENCIES have no other spelling that is compared.
_SIGNS = f"{CURRENCIES}¢₦₩₪₫₭₮₱₲₴₵₸₹₺₽₾₿"
# What an address does not hold: spaces, brackets, quotes, and the private characters of slots.
_NO_ADDRESS = r"\s<>\[\]()“”\"'\ue000-\uf8ff"
# An address: "https://…", "tel:…", "a@b.example", "@shop", "#deal", "evil.com:80/x". Browsers read
# the dots of other scripts in a host as dots, and hosts may have letters of any script.
_ADDRESS = (
    rf"(?:[a-z][a-z+]*://|www\.|(?:mailto|tel|sms|callto|skype|bitcoin|magnet|data|javascript):)"
    rf"[^{_NO_ADDRESS}]+"
    r"|[\w.+-]+@[\w-]+(?:[.。．｡][\w-]+)+"  # noqa: RUF001 (dots of other scripts)
    r"|(?<![\w@.])@\w[\w.]+|(?<![\w#&/])#[^\W\d]\w+"
    r"|(?<![\w.])[^\W_][\w-]*(?:[.。．｡][\w-]+)*[.。．｡][^\W\d_]{2,24}\b"  # noqa: RUF001
    rf"(?::\d+)?(?:/[^{_NO_ADDRESS}]*)?"
)
# What stands between the digits of a phone number.
_BETWEEN_DIGITS = r" \xa0\u2009\u202f().\-/‑–·"  # noqa: RUF001 (dashes as they are typed)
# A phone number, compared as one: it starts with + or 0, or has nine digits in three groups or
# more (assumed; amounts in such groups are rare, and are compared as one, too).
_PHONE = (
    rf"(?<![\w.,])(?:\+\(?\d|\(?0)[\d{_BETWEEN_DIGITS}]{{5,22}}\d"
    rf"|(?<![\w.,])(?=(?:[{_BETWEEN_DIGITS}]{{0,2}}\d){{9}})"
    rf"\(?\d{{2,5}}(?:[{_BETWEEN_DIGITS}]{{1,2}}\d{{2,5}}){{2,6}}"
)
# A span of time in words: "week", "hours".
_SPAN = r"(?P<{}>second|minute|hour|day|week|fortnight|month|year)s?\b"
# An amount in words without a number: "half a day", "twice a year", "a third", "three quarters",
# and behind a word of time "a week"; elsewhere "a week" may be a rate ("60 km a week").
_AMOUNT = (
    rf"half\s+an?\s+{_SPAN.format('half')}|(?:once|twice)\s+(?:an?|each|every|per)\s+"
    rf"{_SPAN.format('each')}|(?:an?|one|two|three|four)[\s-](?:third|quarter|fifth|tenth)s?\b"
    r"|(?:(?<=\bin\s)|(?<=\bwithin\s)|(?<=\bfor\s)|(?<=\bafter\s)|(?<=\bthan\s)|(?<=\btakes\s)"
    rf"|(?<=\babout\s)|(?<=\blasts\s))an?\s+{_SPAN.format('span')}"
)
# Where a fact may start: an address, a phone number, a number with its currency sign, an amount in
# words, or a word.
_START = re.compile(
    rf"(?P<url>{_ADDRESS})"
    rf"|(?P<phone>{_PHONE})(?![\d%])"
    rf"|(?:(?P<sign>[{_SIGNS}])\s?)?(?P<value>{_NUMBER})"
    rf"|\b(?P<amount>{_AMOUNT})"
    r"|(?P<word>[^\W_][\w’'\-]*)",  # noqa: RUF001 (apostrophes as they are typed)
    re.IGNORECASE,
)
# The end of a range or an alternative, behind its start: "-50", " to £5", " or 6", " to three".
_RANGE = re.compile(
    rf"\s*(?:[{DASHES}]|to|or|and)\s*[{_SIGNS}]?{_NUMBER}"
    rf"|\s*[{DASHES}]\s*(?=[{_SIGNS}]?{_NUMBER})"
    rf"|\s+(?:to|or)\s+(?:{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})\b"
)
# The unit behind a number: " kg", "-year", "€", " a.m.".
_AFTER = re.compile(rf"[-\s]?\s?([{_SIGNS}]|[ap]\.\s?m\b\.?|{UNIT})", re.IGNORECASE)
# What multiplies an amount of money: "£4k", "€2 million".
_MULTIPLIER = re.compile(r"\s?(?:k|m|bn|hundred|thousand|million|billion)\b", re.IGNORECASE)
# The scheme of a web address and "www.", without which two addresses are compared.
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?")
# The year that a date in numbers starts with.
_YEAR_OF_DATE = re.compile(r"(\d{4})-\d\d-\d\d")
# Signs between two facts that make them one: "5-6", "Bosch Performance".
_GAP = re.compile(r"[\s\-–—/&+().]{0,3}")  # noqa: RUF001 (dashes as they are typed)
# Behind these signs a capital does not show a name yet.
_OPENS = ':“"(—–'  # noqa: RUF001 (dashes as they are typed)
# A number that may be a year.
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
# Units, numbers that follow numbers as units do ("5 thousand"), and halves of a day ("9 am").
_UNITS = UNITS | {word: word for word in ("hundred", "thousand", "million", "am", "pm")}
# Words that are numbers: "six", "million", "dozen".
_NUMBER_WORDS = {**NUMBER_WORDS, **LARGE_NUMBERS, "dozen": 12}
# Plain words of English drafts: they are neither names nor units.
_PLAIN_WORDS = (
    "i am if when while where whether because although though since until unless before "
    "after during as so but and or nor yet for to from in on at by with without within "
    "between under over above below into about against through per via once then there "
    "here now today always never often usually sometimes generally typically also too even "
    "only just still however instead otherwise therefore first second third next last "
    "finally more most less least few many much several some any each every both either "
    "neither all none no not yes other another such same own the a an this that these "
    "those it its you your we our us they them their he she his her who what which why how "
    "can could may might must shall should will would do does did is are was were be been "
    "being has have had get got go let make take keep use see check ask add put set try "
    "read write bring fit fill turn start stop open close press push pull hold lift move "
    "buy sell pay call contact visit choose pick plan book compare look find need want "
    "give tell show say note please avoid remember allow expect remove replace store "
    "charge ride clean wash dry wear lock park carry load order return send leave stay "
    "wait apply depend people anyone everyone someone nothing everything something short "
    "long good better best new old big small large heavy light high low full empty half "
    "twice similarly"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
# Endings of plain words that may begin a sentence: "Removing", "Easily", "Delivery".
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
# Words behind which an order is to be found: "Check the strap".
_DETERMINER_WORDS = (
    "the a an your our their its it them this that these those any all each both every"
)
_DETERMINERS = frozenset(_DETERMINER_WORDS.split())
# Days and months that are facts in small letters too; "may" and "march" are also verbs.
_DAYS = MONTHS - {"may", "march"} | {
    f"{day}day" for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
}
# The kinds of facts by which a reader reaches someone.
ADDRESSES = ("url", "phone")
# All kinds of facts.
KINDS = (*ADDRESSES, "number", "word")


class _Fact(NamedTuple):
    """A span that may be a fact.

    Its kind is `url` for an address, `phone` for a phone number, `number` for a figure with its
    unit, and `word` for a word, which may be a name.
    """

    start: int
    end: int
    kind: str
    value: str
    unit: str = ""


class KnownFacts:
    """What some texts state: their words, their figures with units, their addresses and names.

    Args:
        texts: what states facts.
        asked: questions, which name things and state nothing: only their words are known.
    """

    def __init__(self, texts: Iterable[str], asked: Iterable[str] = ()) -> None:
        self.texts = tuple(texts)
        facts = [fact for text in self.texts for fact in _find_facts(text)]
        self._figures = {(fact.value, fact.unit) for fact in facts if fact.kind == "number"}
        self._values = {value for value, _ in self._figures}
        dates = (_YEAR_OF_DATE.fullmatch(value) for value in self._values)
        self._values |= {date[1] for date in dates if date}
        self._addresses = {(fact.kind, fact.value) for fact in facts if fact.kind in ADDRESSES}
        facts += [fact for text in asked for fact in _find_words(text)]
        self.words = {
            piece
            for fact in facts
            if fact.kind in ("word", "url")
            for piece in _split_word(fact.value)
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """Words that have a capital within a sentence, in lower case."""
        sentences = (sentence for text in self.texts for sentence in split_sentences(text))
        values = {
            fact.value
            for sentence in sentences
            for fact in _find_words(sentence)
            if sentence[fact.start].isupper() and not _is_initial(sentence, fact.start)
        }
        return frozenset(value for value in values if value not in _PLAIN or value in MONTHS)

    @cached_property
    def plain(self) -> frozenset[str]:
        """Words written in lower case, which are no names."""
        return frozenset(
            fact.value
            for text in self.texts
            for fact in _find_words(text)
            if text[fact.start : fact.end].islower()
        )

    def has(self, fact: _Fact) -> bool:
        """Return whether the texts state an address or a figure.

        A figure must have the same unit, if it has one.
        """
        if fact.kind in ADDRESSES:
            return (fact.kind, fact.value) in self._addresses
        is_year = _YEAR.fullmatch(fact.value) is not None and fact.unit not in _UNITS.values()
        if not fact.unit or is_year:
            return fact.value in self._values
        return (fact.value, fact.unit) in self._figures

    def has_word(self, word: str) -> bool:
        """Return whether the texts have every piece of a word, in the singular or the plural.

        The word is in lower case.
        """
        return word in self.words or all(self._has_piece(piece) for piece in _split_word(word))

    def _has_piece(self, piece: str) -> bool:
        forms = {piece, f"{piece}s", piece.removesuffix("s")}
        return piece in _PLAIN or not self.words.isdisjoint(forms)


def find_unknown(
    sentence: str,
    facts: KnownFacts,
    foreign: Collection[str] = frozenset(),
    plain: Collection[str] = frozenset(),
    kinds: Collection[str] = KINDS,
) -> list[tuple[int, int]]:
    """Return the spans of facts that are not known; neighbouring spans are joined.

    Words in `foreign` are names however they are written. Words in `plain` are no names where they
    begin a sentence. Only facts of these `kinds` are looked at.

    >>> draft = "The Heron goes 34 km."
    >>> site = KnownFacts(["The Heron weighs 34 kg."])
    >>> [draft[start:end] for start, end in find_unknown(draft, site)]
    ['34 km']
    """
    spans: list[tuple[int, int]] = []
    for fact in _find_facts(sentence):
        if fact.kind not in kinds or _is_known(sentence, fact, facts, foreign, plain):
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
    facts: KnownFacts,
    foreign: Collection[str],
    plain: Collection[str],
) -> bool:
    if fact.kind != "word":
        return facts.has(fact)
    raw = sentence[fact.start : fact.end]
    is_initial = _is_initial(sentence, fact.start)
    # Months that are also verbs.
    if raw in ("May", "March") and not is_initial:
        return fact.value in facts.names
    if facts.has_word(fact.value):
        return True
    is_day = fact.value.removesuffix("s") in _DAYS
    if is_day or fact.value in foreign or any(letter.isnumeric() for letter in raw):
        return False
    if not any(letter.isupper() for letter in raw) or fact.value in _PLAIN:
        return True
    is_plain_start = raw[0].isupper() and raw[1:].islower() and is_initial
    return is_plain_start and (fact.value in plain or _is_common(fact.value, sentence[fact.end :]))


def _is_common(word: str, following: str) -> bool:
    """Return whether a word that begins a sentence looks like a plain word rather than a name.

    It is one that no text has; `following` is what follows it in the sentence.
    """
    next_word = re.match(r"\s+(\w+)", following)
    is_order = next_word is not None and next_word[1] in _DETERMINERS
    return not content_words(word) or word.endswith(_ENDINGS) or is_order


def _is_initial(sentence: str, start: int) -> bool:
    before = sentence[:start].rstrip(" ‘'*_")  # noqa: RUF001 (quotes as they are typed)
    return not before or before[-1] in _OPENS


def _find_words(text: str) -> Iterator[_Fact]:
    return (fact for fact in _find_facts(text) if fact.kind == "word")


def _find_facts(text: str) -> Iterator[_Fact]:
    """Yield addresses, figures with their units, and words, in order.

    A unit is also yielded as a word.
    """
    for match in _START.finditer(text):
        start = match.start()
        if match["url"]:
            address = match["url"].rstrip(".,;:!?")
            value = _SCHEME.sub("", address.casefold()).rstrip("/")
            yield _Fact(start, start + len(address), "url", value)
        elif match["phone"]:
            yield _Fact(start, match.end(), "phone", re.sub(r"\D", "", match["phone"]))
        elif match["value"]:
            sign = match["sign"] or ""
            start = match.start("sign") if sign else match.start("value")
            yield _find_figure(text, start, match.end(), _normalize(match["value"]), sign)
        elif match["amount"]:
            amount = " ".join(re.split(r"[\s-]+", match["amount"].casefold()))
            span = match["span"]
            value, unit = ("1", span.casefold()) if span else (amount, "")
            yield _Fact(start, match.end(), "number", value, unit)
        else:
            word = match["word"].rstrip("’'-")  # noqa: RUF001 (apostrophes as they are typed)
            value = plain_word(word)
            end = start + len(word)
            number = _spelled(value)
            count, _, counted = value.partition("-")
            if number is None and count != "one" and _spelled(count) and counted in UNITS:
                yield _Fact(start, end, "number", str(_spelled(count)), UNITS[counted])
            elif number is None:
                yield _Fact(start, end, "word", value)
            else:
                figure = _find_figure(text, start, end, number, "")
                # "One" is a figure only where it counts a unit.
                if value != "one" or figure.unit in _UNITS.values():
                    yield figure


def _find_figure(text: str, start: int, end: int, value: str, sign: str) -> _Fact:
    """Return a figure with its unit: a currency sign, or the next word if it has content."""
    multiplier = _MULTIPLIER.match(text, end) if sign else None
    if multiplier is not None:
        amount = f"{value} {multiplier[0].strip().casefold()}"
        return _Fact(start, multiplier.end(), "number", amount, sign)
    end_of_range = end
    while (other := _RANGE.match(text, end_of_range)) is not None and other.end() > end_of_range:
        end_of_range = other.end()
    match = _AFTER.match(text, end_of_range)
    if sign or match is None:
        return _Fact(start, end, "number", value, sign)
    # Of a range the unit is behind the other number, so that the span ends before it.
    end_of_unit = end if end_of_range > end else match.end()
    raw = re.sub(r"[\s.]", "", plain_word(match[1]))
    if raw in MONTHS and is_month(match[1]):
        return _Fact(start, end_of_unit, "number", value, raw)
    singular = raw[:-1] if raw.endswith("s") and len(raw) > 2 else raw
    unit = _UNITS.get(raw, _UNITS.get(singular, singular))
    is_empty = unit.isalpha() and not content_words(unit) and unit not in _UNITS.values()
    # "Second" is a plain word and a unit: behind a number it is the unit.
    if is_empty or (unit in _PLAIN and unit not in _UNITS.values()):
        return _Fact(start, end, "number", value)
    return _Fact(start, end_of_unit, "number", value, unit)


def _normalize(number: str) -> str:
    """Return a number as it is compared: without separators of thousands and idle zeros.

    >>> _normalize("1,200"), _normalize("5.00"), _normalize("8:30")
    ('1200', '5', '8:30')
    """
    plain = unicodedata.normalize("NFKC", number) if number.isdecimal() else number
    plain = re.sub(r",(?=\d{3}(?!\d))", "", plain)
    return re.sub(r"(?<=\d)\.0+$", "", plain)


def _spelled(word: str) -> str | None:
    """Return the number that a word means, or None.

    >>> _spelled("twenty-five"), _spelled("dozen"), _spelled("tenth")
    ('25', '12', None)
    """
    singular = word.removesuffix("s") if word.endswith(("dozens", "hundreds")) else word
    number = _NUMBER_WORDS.get(singular)
    return None if number is None else str(number)


def _split_word(word: str) -> list[str]:
    return [piece for piece in re.split(r"[\W_]+", word) if piece]
