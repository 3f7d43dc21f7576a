"""Read numbers as exports and logs write them.

Examples are 1,200 or 1.200, 1.2K, 1.234,5, and numbers with a currency or percent sign.
"""

import math
import re
from collections.abc import Iterable
from typing import Any

from coverage_kit.collect.cells import text_of

# A number with a currency code or one sign before or after it: "EUR 1,200", "12 %", "-3.5".
_NUMBER = re.compile(
    r"(?:[A-Z]{3}|[^\w\s.,<>~-])?\s*"
    r"(-?\d[\d.,'’\s]*)"  # noqa: RUF001 (Swiss thousands)
    r"(?:[A-Z]{3}|[^\w\s.,<>~-])?"
)
# For each sign before decimals, a number whose thousands are separated by the other sign.
_SEPARATED = {
    sign: re.compile(rf"-?(?:\d+|\d{{1,3}}(?:{re.escape(other)}\d{{3}})+)(?:{re.escape(sign)}\d+)?")
    for sign, other in ((".", ","), (",", "."))
}
# A number with its scale: "1.2K" or "3 m".
_SCALED = re.compile(r"(.*\d)\s*([KkMm])")
# No count and no revenue of a site is larger (assumed), and sums of such figures stay exact to the
# unit. A larger figure would decide a whole run by itself.
_LARGEST = 1e15
# A percent sign, or the code or sign of a currency.
_NO_COUNT = re.compile(r"[%‰]|[^\W\d_]{3}|[\u20a0-\u20cf$£¥¢]")
# What the letter multiplies the number by: "1.2K" is 1,200.
_SCALES = {"k": 1e3, "m": 1e6}


def decimal_sign(rows: Iterable[tuple[str, bool]], default: str = ".") -> str:
    """Return the sign before decimals, '.' or ',', that most of the numbers show.

    Args:
        rows: each number's text, and whether it is a count; in a count, a sign before three digits
            separates thousands.
        default: what to return where as many numbers show either sign.
    """
    rows = list(rows)
    points, commas = (
        sum(_shows(text, is_count, sign) for text, is_count in rows) for sign in (".", ",")
    )
    if commas > points:
        return ","
    return "." if points > commas else default


def number_in(value: Any, decimal: str = ".", is_count: bool = False) -> float | None:
    """Return a cell as a number, or None where it is no number.

    Thousands may be separated, and a currency or percent sign may come before or after the number.

    >>> number_in("1.234,50 €", decimal=","), number_in("1,234"), number_in("12 %")
    (1234.5, 1234.0, 12.0)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(value)
    match = _NUMBER.fullmatch(text_of(value))
    text = re.sub(r"['’\s]", "", match[1]) if match else ""  # noqa: RUF001 (Swiss thousands)
    if is_count and re.fullmatch(r"[1-9]\d{0,2}([.,]\d{3})+", text):
        return _finite(re.sub("[.,]", "", text))
    if not _SEPARATED[decimal].fullmatch(text):
        return None
    return _finite(text.replace("." if decimal == "," else ",", "").replace(decimal, "."))


# More questions than people can ask: such a figure is an error, and its products overflow. Assumed.
_MAX_DEMAND = 1e15


def demand_of(value: Any, decimal: str = "") -> float | None:
    """Return a cell as a number from 0 to 1e15, or None; K is a thousand, M a million.

    `decimal` is the sign before decimals in the column. Without it, three digits after the only
    sign are thousands.

    >>> demand_of("1.2K"), demand_of("1.200"), demand_of("1.200", "."), demand_of("1.234,5")
    (1200.0, 1200.0, 1.2, 1234.5)
    """
    text = text_of(value)
    scale = 1.0
    # A share or a price is no count.
    if _NO_COUNT.search(text):
        return None
    match = _SCALED.fullmatch(text)
    if match:
        value = match[1]
        scale = _SCALES[match[2].lower()]
    # The cell's own spelling decides before that of its column.
    sign = decimal_sign([(text_of(value), False)], "") or decimal
    is_count = not (sign or scale > 1)
    if not sign:
        sign = decimal_sign([(text, True)]) if is_count else "."
    number = number_in(value, sign, is_count)
    if number is None or not 0 <= number * scale <= _MAX_DEMAND:
        return None
    # Rounded, because 1.005 x 1,000 is 1,004.9999... in floating point.
    return round(number * scale, 6)


def _finite(value: float | str) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) <= _LARGEST else None


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
