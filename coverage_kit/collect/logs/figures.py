"""Figures of demand as logs write them: 1,200 or 1.200, 1.2K, 1.234,5."""

import re
from collections.abc import Iterable
from itertools import islice
from numbers import Number
from typing import Any

from coverage_kit.collect.logs.values import number_of, text_of

_FIGURE = re.compile(r"(\d[\d.,'\u2019\s]*)([KkMm]?)")
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_WRITTEN = {sign: re.compile(rf"(\d+|\d{{1,3}}([{other}]\d{{3}})+)([{sign}]\d+)?") for sign, other in (".,", ",.")}
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6}
_LOOKED_AT = 1000


def decimal_sign(cells: Iterable[Any]) -> str:
    """Return the sign before decimals that the first cell shows which can be read in one way only; empty where none does.

    Looks at the first _LOOKED_AT cells.
    """
    return next((sign for cell in islice(cells, _LOOKED_AT) if (sign := _shown_sign(cell))), "")


def demand_of(value: Any, decimal: str = "") -> float | None:
    """Return a cell as a finite number of at least 0, or None where it is none; K stands for a thousand, M for a million.

    `decimal` is the column's sign before decimals: without one, three digits after the only sign are thousands.

    >>> demand_of("1.2K"), demand_of("1.200"), demand_of("1.200", "."), demand_of("1.234,5")
    (1200.0, 1200.0, 1.2, 1234.5)
    """
    found = None if isinstance(value, Number) else _FIGURE.fullmatch(text_of(value))
    if not found:
        return number_of(value)
    text = re.sub(r"['\u2019\s]", "", found[1])
    sign = _shown_sign(value) or decimal or ("." if "," in text else ",")
    if not _WRITTEN[sign].fullmatch(text):
        return None
    plain = text.replace("," if sign == "." else ".", "").replace(sign, ".")
    return round(float(plain) * _SCALES[found[2].lower()], 6)


def _shown_sign(value: Any) -> str:
    """Return the sign that stands before the decimals of a cell, empty where it has none or can be read in two ways."""
    found = None if isinstance(value, Number) else _FIGURE.fullmatch(text_of(value))
    signs = re.sub("[^.,]", "", found[1]) if found else ""
    if not found or not signs or (not found[2] and _AMBIGUOUS.fullmatch(found[1])):
        return ""
    is_repeated = len(signs) > 1 and len(set(signs)) == 1
    return signs[-1] if not is_repeated else "." if signs[0] == "," else ","
