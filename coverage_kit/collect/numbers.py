"""Numbers as exports and logs write them: 1,200 or 1.200, 1.2K, 1.234,5, with a currency or percent sign."""

import math
import re
from collections.abc import Iterable
from typing import Any

from coverage_kit.collect.logs.values import text_of

_NUMBER = re.compile(r"(?:[A-Z]{3}|[^\w\s.,<>~-])?\s*(-?\d[\d.,'’\s]*)(?:[A-Z]{3}|[^\w\s.,<>~-])?")
_SEPARATED = {
    sign: re.compile(rf"-?(?:\d+|\d{{1,3}}(?:{re.escape(other)}\d{{3}})+)(?:{re.escape(sign)}\d+)?")
    for sign, other in ((".", ","), (",", "."))
}
_SCALED = re.compile(r"(.*\d)\s*([KkMm])")
_SCALES = {"k": 1e3, "m": 1e6}


def decimal_sign(rows: Iterable[tuple[str, bool]], default: str = ".") -> str:
    """Return the sign before decimals, '.' or ',', that most numbers as written show; the default where as many show either.

    Args:
        rows: each number's text, and whether it is a count: in one of three digits after a sign,
            that sign parts thousands.
        default: what to return where as many show either.
    """
    rows = list(rows)
    points, commas = (
        sum(_shows(text, is_count, sign) for text, is_count in rows) for sign in (".", ",")
    )
    return "," if commas > points else "." if points > commas else default


def number_in(value: Any, decimal: str = ".", is_count: bool = False) -> float | None:
    """Return a cell as a number, or None: thousands may be parted, a currency or percent sign may stand beside it.

    >>> number_in("1.234,50 €", decimal=","), number_in("1,234"), number_in("12 %")
    (1234.5, 1234.0, 12.0)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(value)
    found = _NUMBER.fullmatch(text_of(value))
    text = re.sub(r"['’\s]", "", found[1]) if found else ""
    if is_count and re.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+", text):
        return _finite(re.sub("[.,]", "", text))
    if not _SEPARATED[decimal].fullmatch(text):
        return None
    return _finite(text.replace("." if decimal == "," else ",", "").replace(decimal, "."))


def demand_of(value: Any, decimal: str = "") -> float | None:
    """Return a cell as a finite number of at least 0, or None where it is none; K stands for a thousand, M for a million.

    `decimal` is the column's sign before decimals: without one, three digits after the only sign
    are thousands.

    >>> demand_of("1.2K"), demand_of("1.200"), demand_of("1.200", "."), demand_of("1.234,5")
    (1200.0, 1200.0, 1.2, 1234.5)
    """
    text = text_of(value)
    scale = 1.0
    if found := _SCALED.fullmatch(text):
        value = found[1]
        scale = _SCALES[found[2].lower()]
    own = decimal_sign([(text_of(value), False)], "")
    is_count = not (own or decimal or scale > 1)
    number = number_in(
        value,
        own or decimal or ("." if not is_count else decimal_sign([(text, True)])),
        is_count,
    )
    return round(number * scale, 6) if number is not None and number >= 0 else None


def _finite(value: float | str) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _shows(text: str, is_count: bool, sign: str) -> bool:
    other = "," if sign == "." else "."
    is_parted = re.fullmatch(rf"\D*[1-9]\d{{0,2}}(\{other}\d{{3}})+\D*", text) is not None
    has_decimals = (
        re.search(
            rf"\{other}\d{{3}}\{sign}|^[^.,]*\{sign}(\d{{1,2}}|\d{{4,}})\D*$",
            text,
        )
        is not None
    )
    return has_decimals or (is_count and is_parted)
