"""Dates that a page shows its readers: "Last updated 3 March 2024", "Published on 2024-03-03"; English only."""

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = (
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
)
_MONTH = "|".join(
    f"{name[:3]}(?:{name[3:]})?\\.?" if name != "may" else "may" for name in _MONTHS
).replace("sep(", "sept?(")
_DATE = (
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?)?(?P<month>{_MONTH})(?: (?P<day_after>\d{{1,2}})(?:st|nd|rd|th)?,?)?,? "
    r"(?P<year>20\d\d|19\d\d)|(?P<iso>20\d\d-\d\d(?:-\d\d)?)"
)
_SHOWN = re.compile(
    r"(?:^|[|·•(/\u2013\u2014]\s*|\d{4}\s*[,;.]\s*)(?:this (?:page|article|guide|document) was |page |article |content )?"
    r"(?:(?:last |most recently )?(?P<modified>updated|modified|reviewed|revised|edited|changed)"
    r"|(?P<published>(?:first )?published|posted))"
    rf"(?: (?:on|in|at|by [\w .]{{1,40}} on))?\s*[:\u2013-]?\s*(?:\w+day,? )?(?:{_DATE})",
    re.IGNORECASE,
)


def find_shown_dates(text: str) -> Iterator[tuple[str, str, str]]:
    r"""Yield (modified or published, ISO date or month, words) of each date of the page in its visible words.

    Only at the start of a line, or after a sign that parts such notes: a date within a sentence is
    about something else.

    >>> list(find_shown_dates("Tea\n\nLast updated: 3 March 2024 | Published on Feb 1, 2020"))
    [('modified', '2024-03-03', 'Last updated: 3 March 2024'), ('published', '2020-02-01', 'Published on Feb 1, 2020')]
    """
    for line in text.split("\n"):
        plain = " ".join(line.split())
        for found in _SHOWN.finditer(plain):
            told = _as_iso(found)
            if told:
                yield (
                    "modified" if found["modified"] else "published",
                    told,
                    found[0].strip(" |·•(/\u2013\u2014"),
                )


def _as_iso(found: "re.Match[str]") -> str:
    """Return the date, or the month where no day is told; empty where there is no such day."""
    if found["iso"]:
        year, month, day = (*found["iso"].split("-"), "")[:3]
    else:
        year = found["year"]
        day = found["day"] or found["day_after"] or ""
        month = next(
            at for at, name in enumerate(_MONTHS, 1) if name.startswith(found["month"].lower()[:3])
        )
    try:
        return date(int(year), int(month), int(day or 1)).isoformat()[: None if day else 7]
    except ValueError:
        return ""
