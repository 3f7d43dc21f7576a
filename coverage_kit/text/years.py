"""Detect years that are so long ago that what a page says of them may no longer be true."""

import re

# Years of age from which a year counts as stale (assumed).
STALE_YEARS = 2


def stale_years(text: str, this_year: int) -> list[str]:
    """Return the years in a text that are at least two years before this year, in order, each once.

    The list is empty where this year is not known (0).

    >>> stale_years("Prices of 2021, checked in 2026, as in 2021.", 2026)
    ['2021']
    """
    years = dict.fromkeys(re.findall(r"\b(?:19|20)\d\d\b", text))
    return [year for year in years if is_stale(int(year), this_year)]


def is_stale(year: int, this_year: int) -> bool:
    """Return whether a year is at least two years before this year.

    No year is stale where this year is not known (0).
    """
    return 1990 <= year <= this_year - STALE_YEARS
