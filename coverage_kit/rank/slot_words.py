"""Words of slots: lengths, units, and what is measured in them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from coverage_kit.rank.parties import content_words
from coverage_kit.text.english_words import words_of
from coverage_kit.text.figures import find_figures
from coverage_kit.text.quantities import CURRENCIES

# Characters of a slot, at most.
MAX_LENGTH = 120
# Two slots that share this many of the fewer words ask for the same. Assumed.
_SAME_WORDS = 0.7
# What is measured by a unit, where the sentence has no better word.
_MEASURES = {
    "kg": "weight", "g": "weight", "lb": "weight", "km/h": "speed", "mph": "speed",
    "km": "distance", "mile": "distance", "m": "length", "cm": "size", "mm": "size",
    "litre": "volume", "ml": "volume", "°C": "temperature", "°F": "temperature", "W": "power",
    "kW": "power", "kw": "power", "Wh": "capacity", "kWh": "capacity", "V": "voltage",
    "Nm": "torque", "kN": "load", "%": "share", "gb": "size", "tb": "size", "mb": "size",
    "day": "time", "week": "time", "month": "time", "year": "time", "hour": "time",
    "minute": "time", "second": "time", "pence": "price",
}  # fmt: skip
_LIMITS = re.compile(
    r"\b(?:rated|limit|limits|maximum|max|up to|allows?|carr(?:y|ies)|holds?|takes?|capacity|"
    r"payload)\b",
    re.I,
)
_BETTER_MEASURES = (
    (re.compile(r"\b(?:long|length)\b", re.I), "length", ("cm", "m", "mm")),
    (re.compile(r"\b(?:wide|width)\b", re.I), "width", ("cm", "m", "mm")),
    (re.compile(r"\b(?:high|height|tall)\b", re.I), "height", ("cm", "m", "mm")),
    (re.compile(r"\b(?:range|charge)\b", re.I), "range", ("km", "mile")),
    (re.compile(r"\bwarranty\b|\bcover\b", re.I), "warranty", ("year", "month")),
)
_BRACKETS = str.maketrans("[]", "()")
CURRENCY_WORDS = frozenset(CURRENCIES)


def tidy(text: str) -> str:
    """Return a slot on one line without square brackets, of at most `MAX_LENGTH` characters."""
    line = " ".join(text.translate(_BRACKETS).split()).strip(" ,;:.")
    while len(line) > MAX_LENGTH:
        shorter, cut, _ = line.rpartition(",")
        line = (
            shorter
            if cut and len(shorter) > MAX_LENGTH // 3
            else line[:MAX_LENGTH].rpartition(" ")[0]
        )
    return line.strip(" ,;:.")


def is_repeated(slot: str, others: Iterable[str]) -> bool:
    """Return whether another slot asks for the same."""
    words = content_words(slot)
    for other in others:
        others_words = content_words(other)
        fewer = min(len(words), len(others_words))
        if not fewer or len(words & others_words) >= _SAME_WORDS * fewer:
            return True
    return False


def usual_unit(texts: Iterable[str], is_money: bool, near: str = "") -> str:
    """Return the unit that most figures of these texts have; '' where fewer than two have one.

    Args:
        texts: sentences of answers.
        is_money: whether money is meant, or anything else.
        near: only units of this measure count, such as "weight"; '' for any.
    """
    counts = Counter(
        figure.unit
        for text in texts
        for figure in find_figures(text)
        if figure.unit and (figure.unit in CURRENCY_WORDS) is is_money
        if not near or _MEASURES.get(figure.unit) == near
    )
    if not counts:
        return ""
    unit, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return unit if n > 1 or is_money else ""


def written_unit(unit: str) -> str:
    """Return a unit as it stands behind "in": "kg", "days"."""
    words = ("day", "week", "month", "year", "hour", "minute", "second", "mile", "litre")
    return unit + "s" if unit in words else unit.upper() if unit in ("gb", "tb", "mb") else unit


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def quoted(question: str) -> str:
    """Return a question that fits into a slot, ended at a clause where it is too long."""
    room = MAX_LENGTH - 50
    text = question.translate(_BRACKETS)
    if len(text) <= room:
        return text
    shorter = text[:room].rpartition(",")[0] or text[:room].rpartition(" ")[0]
    return f"{shorter.strip()} …"


_TIMES = words_of("years year months month weeks week days day hours hour minutes min h")


def asked_figures(units: Sequence[str]) -> str:
    """Return which figures of yours are asked for: " (your figures in kg and cm)"."""
    # A time is no figure of a product.
    figures = [unit for unit in units if unit not in _TIMES]
    shown = list(dict.fromkeys(map(written_unit, figures)))[:3]
    return f" (your figures in {_listed(shown)})" if shown else ""


def measure_slot(text: str, thing: str, unit: str) -> str:
    """Return what is measured, of what, and in which unit."""
    measure = _MEASURES.get(unit, "figure")
    if unit in ("kg", "g", "lb") and _LIMITS.search(text):
        measure = "weight limit"
    for pattern, better, units in _BETTER_MEASURES:
        if unit in units and pattern.search(text):
            measure = better
            break
    return f"{measure} of your {thing}, in {written_unit(unit)}"
