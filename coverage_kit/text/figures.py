"""Figures of a sentence with their units: what two sentences must share to say the same."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from coverage_kit.text.quantities import CURRENCIES, DASHES, NUMBER_WORDS, UNITS, plain_word

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SPELLED = "|".join(sorted((word for word in NUMBER_WORDS if word not in ("zero", "one")), key=len))
# The other end of a range, and what joins two figures of one unit: "9 to 14 kg", "92 cm by 61 cm".
_RANGE = rf"\s?(?:[{DASHES}]|to|and|or|by|x|×)\s?"  # noqa: RUF001 (the sign of multiplication)
_UNIT = r"%|°\s?[CF]\b|km/h|kn\b|(?!(?:to|and|or|by|x)\b)[^\W\d_]+"
_FIGURE = re.compile(
    rf"(?P<sign>[{CURRENCIES}])\s?(?P<money>{_NUMBER})(?P<scale>k|m|bn)?\b"
    rf"|(?<![\w.,/-])(?P<number>{_NUMBER}|(?:{_SPELLED})\b)(?![\d:/])"
    rf"(?=[-\s]?(?P<unit>{_UNIT})?(?:(?:\s?(?:{_UNIT}))?{_RANGE}[{CURRENCIES}]?"
    rf"(?:{_NUMBER}|{_SPELLED})[-\s]?(?P<shared>{_UNIT})?)?)",
    re.IGNORECASE,
)
_OWN_UNITS = {"km/h": "km/h", "kn": "kN", "nm": "Nm", "wh": "Wh", "kwh": "kWh", "w": "W", "v": "V"}


class Figure(NamedTuple):
    """A figure: its value, its unit ("" for a number alone), and where it begins and ends."""

    value: str
    unit: str
    start: int
    end: int


def find_figures(text: str) -> Iterator[Figure]:
    """Yield the figures of a text in order; one unit may belong to both ends of a range.

    >>> [figure[:2] for figure in find_figures("It costs £1,200 and takes six to eight weeks.")]
    [('1200', '£'), ('6', 'week'), ('8', 'week')]
    """
    for match in _FIGURE.finditer(text):
        if match["sign"]:
            value = match["money"].replace(",", "") + (match["scale"] or "")
            yield Figure(value, match["sign"], match.start(), match.end())
            continue
        word = match["number"].lower()
        value = str(NUMBER_WORDS.get(word, word)).replace(",", "")
        unit = ""
        for found in (match["unit"], match["shared"]):
            if found and (unit := unit_of(found)):
                break
        end = match.end()
        if unit and (behind := re.match(rf"[-\s]?(?:{_UNIT})", text[end:], re.I)):
            end += behind.end() if unit_of(behind[0].strip(" -")) == unit else 0
        yield Figure(value, unit, match.start(), end)


def unit_of(word: str) -> str:
    """Return the usual name of a unit; '' for a word that is none.

    >>> unit_of("kilograms"), unit_of("years"), unit_of("dogs")
    ('kg', 'year', '')
    """
    plain = plain_word(word)
    known = _OWN_UNITS.get(plain) or UNITS.get(plain) or UNITS.get(plain.removesuffix("s"))
    if known:
        return _OWN_UNITS.get(known, known)
    return plain.upper().replace(" ", "") if plain.startswith("°") else ""


def measures_of(text: str) -> dict[str, frozenset[str]]:
    """Return the values of each unit that a text has."""
    found: dict[str, set[str]] = {}
    for figure in find_figures(text):
        if figure.unit:
            found.setdefault(figure.unit, set()).add(figure.value)
    return {unit: frozenset(values) for unit, values in found.items()}
