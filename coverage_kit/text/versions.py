"""Years and versions in a text, each with what it is a version of."""

import re

from coverage_kit.text.atoms import CASED, clean, is_counter, is_measure, normalize

# The subject of years; no word has a hyphen at its end.
YEAR = "year-"
# A year of the present generation, unless it is part of an amount or a longer figure, and the word
# behind it. Years before 1990 are history, and history has no newer version. Assumed.
_YEAR = re.compile(r"(?<![\d.,$€£¥#])(199\d|20[0-3]\d)(?![\d%]|[.,]\d)\s?([^\W\d_]*)")
# A word, up to three figures with further ones after dots, and the word behind them.
_NUMBERED = re.compile(
    rf"(?<![{CASED}\d.,-])([{CASED}]{{2,80}}+)[ -]?(?:version |v\.? ?)?(\d{{1,3}}(?:\.\d+){{0,5}})"
    rf"(?![\d%°]|[.,:/]\d|-\d|(?:st|nd|rd|th)(?![{CASED}]))[ -]?([^\W\d_]*)",
    re.IGNORECASE,
)


# "this year" and "last year", in the languages of the public sets.
_THIS_YEAR = re.compile(
    r"\b(?:(?:this|the current|current) year|diese[sm] jahr|este año|cette année)\b|今年|هذا العام",
    re.IGNORECASE,
)
_LAST_YEAR = re.compile(
    r"\b(?:last year|letzte[sn]? jahr|el año pasado|l'année dernière)\b|去年|العام الماضي",
    re.IGNORECASE,
)


def name_years(text: str, year: int) -> str:
    """Return a text in which "this year" and "last year" are written as figures.

    Args:
        text: any text.
        year: the year in which it was written.

    >>> name_years("Is the fee of this year the same as last year's?", 2026)
    "Is the fee of 2026 the same as 2025's?"
    """
    return _LAST_YEAR.sub(str(year - 1), _THIS_YEAR.sub(str(year), text))


def years(text: str) -> set[tuple[str, str]]:
    """Return the years from 1990 to 2039 in a text, each with the subject `YEAR`.

    >>> sorted(years("The fees of 2024, paid by 2000 people for 2,010 pounds in 1985."))
    [('year-', '2024')]
    """
    matches = _YEAR.finditer(clean(text))
    return {(YEAR, match[1]) for match in matches if not _makes_quantity(match[2])}


def versions(text: str, in_any_case: bool = False) -> set[tuple[str, str]]:
    """Return the names with a figure behind them in a text: each name, folded, and the figure.

    Args:
        text: any text.
        in_any_case: whether a name may be in lower case. People type questions so; in the text of
            a page, such a word is mostly no name ("wait 5 days").

    >>> sorted(versions("Windows 10 and Python v3.12, for 3 seats in May 2"))
    [('python', '3.12'), ('windows', '10')]
    """
    found = set()
    for match in _NUMBERED.finditer(clean(text)):
        name, figure, word = match.groups()
        is_name = in_any_case or name[0].isupper() or not name.islower()
        if is_name and not (is_counter(name) or is_measure(name) or _makes_quantity(word)):
            found.add((normalize(name), figure))
    return found


def _makes_quantity(word: str) -> bool:
    """Return whether a word after a figure makes it a quantity; Spanish "y" and "por" do not."""
    return is_measure(word) and word.casefold() not in {"y", "por"}
