"""Find the dates that a page shows its readers, in English only.

Examples are "Last updated 3 March 2024" and "Published on 2024-03-03".
"""

import re
from collections.abc import Iterator
from datetime import date

from coverage_kit.text.words import MONTH_NAMES

# A month in full or by its first letters: "January", "Jan", "Jan.", "Sept.".
_MONTH = "|".join(
    f"{name[:3]}(?:{name[3:]})?\\.?" if name != "may" else "may" for name in MONTH_NAMES
).replace("sep(", "sept?(")
# A date such as "3 March 2024", "3rd of March, 2024", "Mar 3, 2024", "March 2024" or "2024-03-03".
_DATE = (
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?)?(?P<month>{_MONTH})"
    rf"(?: (?P<day_after>\d{{1,2}})(?:st|nd|rd|th)?,?)?,? "
    r"(?P<year>20\d\d|19\d\d)|(?P<iso>20\d\d-\d\d(?:-\d\d)?)"
)
# A note with a date, such as "Last updated: 3 March 2024" or "Page reviewed by Ann Lee on
# 2024-03", at the start of a line or after a sign such as "|" or "•".
_DATED_NOTE = re.compile(
    r"(?:^|[|·•(/\u2013\u2014]\s*|\d{4}\s*[,;.]\s*)"
    r"(?:this (?:page|article|guide|document) was |page |article |content )?"
    r"(?:(?:last |most recently )?(?P<modified>updated|modified|reviewed|revised|edited|changed)"
    r"|(?P<published>(?:first )?published|posted))"
    rf"(?: (?:on|in|at|by [\w .]{{1,40}} on))?\s*[:\u2013-]?\s*(?:\w+day,? )?(?:{_DATE})",
    re.IGNORECASE,
)


def find_shown_dates(text: str) -> Iterator[tuple[str, str, str]]:
    r"""Yield (modified or published, ISO date or month, words) of each date that a page shows.

    A date counts only at the start of a line, or after a sign that separates such notes: a date
    within a sentence is about something else.

    >>> page = "Tea\n\nLast updated: 3 March 2024 | Published on Feb 1, 2020"
    >>> for event, date, words in find_shown_dates(page):
    ...     print(event, date, words, sep=", ")
    modified, 2024-03-03, Last updated: 3 March 2024
    published, 2020-02-01, Published on Feb 1, 2020
    """
    for line in text.split("\n"):
        plain = " ".join(line.split())
        for match in _DATED_NOTE.finditer(plain):
            iso_date = _as_iso(match)
            if iso_date:
                event = "modified" if match["modified"] else "published"
                yield event, iso_date, match[0].strip(" |·•(/\u2013\u2014")


def _as_iso(match: re.Match[str]) -> str:
    """Return the ISO date of a match, or the ISO month where it has no day.

    The text is empty where the calendar has no such day.
    """
    if match["iso"]:
        year, month, day = f"{match['iso']}-".split("-")[:3]
    else:
        year = match["year"]
        day = match["day"] or match["day_after"] or ""
        prefix = match["month"].lower()[:3]
        numbers = (number for number, name in enumerate(MONTH_NAMES, 1) if name.startswith(prefix))
        month = str(next(numbers))
    try:
        return date(int(year), int(month), int(day or 1)).isoformat()[: None if day else 7]
    except ValueError:
        return ""
