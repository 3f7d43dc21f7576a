"""Points in time in any common form, as UTC: of logs, of pages and of front matter."""

import email.utils
import functools
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

# A date with slashes or hyphens and the year at its end, such as "13/04/2026" or "4-13-26".
SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?!\d)")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A number may count seconds, milli-, micro- or nanoseconds.
_UNITS = (1.0, 1e3, 1e6, 1e9)
# Seconds since 1970, in the years 1989 and 2103: a time outside is a mistake or a default, such as
# 1970-01-01 (assumed).
_EARLIEST = 6.3e8
_LATEST = 4.2e9
# A number between these may be a date such as 20260413, of the years 1900 to 2200.
_FIRST_DATE_NUMBER = 1.9e7
_LAST_DATE_NUMBER = 2.2e7
# Longer texts are no times (assumed).
_MAX_CHARACTERS = 100
# A date of RFC 2822, such as "Mon, 13 Apr 2026 10:15:00 +0200".
_RFC_2822 = re.compile(r"(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? ([+-]\d{4}|\w+)")
# The names of zones that RFC 2822 defines. Other names, such as CEST and IST, mean several zones.
_RFC_ZONES = frozenset(
    ("UT", "UTC", "GMT", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT")
)
# A zone at the end, behind a clock: " +0100", "+01:00" or " -5", also as "GMT+0100 (CET)".
_OFFSET = re.compile(
    r"(?<=[\dM])\s*(?:GMT)?([+-])(\d|0\d|1[0-4])(?::?([0-5]\d))?(?:\s*\([^()]*\))?$"
)
_HAS_CLOCK = re.compile(r"\d:\d\d")
# A time of day at the end, such as " 10:15" or " 9:30 PM".
_CLOCK = re.compile(r"\s(\d{1,2}:\d\d.*)$")
# A year behind the time of day, as commands write it: "Apr 13 10:15:00 2026".
_YEAR_LAST = re.compile(r"^(\w+ \d{1,2}) (\d\d:\d\d:\d\d) (\d{4})$")
# What is left out before a date is read: the zone in "10:15 UTC", the ordinal in "13th", the
# weekday in "Monday 13 April" and the point in "Apr. 13".
_ZONE = re.compile(r"\s*(UTC|GMT|Z)$")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b")
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+", re.IGNORECASE)
_SHORT = re.compile(r"(?<=[A-Za-z]{3})\.|(?<=\b[Ss]ep)t\b\.?")
# Months in German, French, Spanish, Italian, Portuguese and Dutch, in the order of the year. No
# name is another month in another of these languages.
_NAMES_OF_MONTHS = """
    januar februar märz april mai juni juli august september oktober november dezember
    janvier février mars avril mai juin juillet août septembre octobre novembre décembre
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
    janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
    januari februari maart april mei juni juli augustus september oktober november december
"""
_MONTHS = {
    name: datetime(2000, number % 12 + 1, 1, tzinfo=UTC).strftime("%b")
    for number, name in enumerate(_NAMES_OF_MONTHS.split())
} | {"jänner": "Jan"}
_WORD = re.compile(r"[^\W\d_]{3,}")
# What is before and after the name of a month: "5. März", "1er mars", "5 de marzo de 2024".
_BESIDE_MONTH = re.compile(r"(?<=\d)(?:\.|er|º)(?=\s)|\bde[l]?\s|\bden\s")
_CLOCK_FORMATS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_DAY_FORMATS = (
    "%Y/%m/%d",
    "%Y-%m-%d",
    "%Y-%m",
    "%d.%m.%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d-%b-%Y",
    "%Y %b %d",
    "%Y %B %d",
)


def read_moment(value: str | float | date, *, is_day_first: bool = False) -> datetime | None:
    """Return a value as UTC time, or None where it is no time.

    It reads ISO 8601, seconds, milli-, micro- and nanoseconds since 1970, RFC 2822 and common
    dates. A time without a zone is UTC.

    Args:
        value: a text, a number or a date.
        is_day_first: whether 03/04/2026 is in April; it is in March otherwise.
    """
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, (int, float)):
            return _from_epoch(float(value))
        if isinstance(value, date):
            return _as_utc(_as_datetime(value))
        return _from_text(value, is_day_first) if len(value) <= _MAX_CHARACTERS else None
    except (ValueError, OverflowError):
        return None


@functools.lru_cache(maxsize=4096)
def _from_text(text: str, is_day_first: bool) -> datetime | None:
    # Seconds since 1970 have nine digits or more; a date such as 20260413 has eight.
    if re.fullmatch(r"\d{9,}(\.\d+)?", text):
        return _from_epoch(float(text))
    try:
        return _as_utc(datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" Z", "Z")))
    except ValueError:
        pass
    if _RFC_2822.fullmatch(text):
        zone = text.rsplit(maxsplit=1)[-1].upper()
        # Of a zone that it does not know the library makes UTC, which may be hours off.
        is_known = zone[0] in "+-" or zone in _RFC_ZONES
        return _as_utc(email.utils.parsedate_to_datetime(text)) if is_known else None
    offset = _OFFSET.search(text) if _HAS_CLOCK.search(text) else None
    if offset is None:
        return _from_formats(text, is_day_first)
    local = _from_local(text[: offset.start()], is_day_first)
    ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
    return local and _as_utc(local - ahead if offset[1] == "+" else local + ahead)


def _from_local(text: str, is_day_first: bool) -> datetime | None:
    """Return the time of a text without a zone, as if it were UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return _from_formats(text, is_day_first)


def _from_formats(text: str, is_day_first: bool) -> datetime | None:
    plain = _ZONE.sub("", text.replace(",", " "))
    plain = _SHORT.sub("", _ORDINAL.sub("", plain))
    plain = _with_english_month(plain)
    plain = _WEEKDAY.sub("", " ".join(plain.split()))
    plain = _YEAR_LAST.sub(r"\1 \3 \2", plain)
    if match := SLASHED.match(plain):
        first, second, year = match.groups()
        year = year if len(year) == 4 else f"20{year}"
        is_day_month = is_day_first or int(first) > 12
        month_and_day = f"{second}/{first}" if is_day_month else f"{first}/{second}"
        plain = f"{year}/{month_and_day}{plain[match.end() :]}"
    clock = _CLOCK.search(plain)
    day = _first_match(plain[: clock.start()] if clock else plain, _DAY_FORMATS)
    time = _first_match(clock[1], _CLOCK_FORMATS) if clock else _EPOCH
    return _as_utc(datetime.combine(day, time.time())) if day and time else None


def _with_english_month(text: str) -> str:
    """Return a date with the English name of its month; other texts stay as they are."""
    english = _WORD.sub(lambda word: _MONTHS.get(word[0].casefold(), word[0]), text)
    return text if english == text else _BESIDE_MONTH.sub("", english)


def _first_match(text: str, patterns: Sequence[str]) -> datetime | None:
    for pattern in patterns:
        try:
            return datetime.strptime(text.strip(), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _from_epoch(number: float) -> datetime | None:
    if math.isfinite(number):
        for unit in _UNITS:
            if _EARLIEST <= number / unit <= _LATEST:
                return _EPOCH + timedelta(seconds=number / unit)
        if _FIRST_DATE_NUMBER <= number <= _LAST_DATE_NUMBER:
            return read_moment(f"{int(number)}")
    return None


def _as_datetime(value: date) -> datetime:
    return (
        value
        if isinstance(value, datetime)
        else datetime(value.year, value.month, value.day, tzinfo=UTC)
    )


def _as_utc(time: datetime) -> datetime | None:
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time if _EARLIEST <= (time - _EPOCH).total_seconds() <= _LATEST else None
