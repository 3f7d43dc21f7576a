"""Times of logs in any common format, as UTC."""

import email.utils
import functools
import logging
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from coverage_kit.collect.logs.values import label_of, shown_value

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A number may count seconds, milli-, micro- or nanoseconds.
_UNITS = (1.0, 1e3, 1e6, 1e9)
# Seconds since 1970, in the years 1989 and 2103: a time outside is no time of a log (assumed).
_EARLIEST = 6.3e8
_LATEST = 4.2e9
# A number between these may be a date such as 20260413, of the years 1900 to 2200.
_FIRST_DATE_NUMBER = 1.9e7
_LAST_DATE_NUMBER = 2.2e7
# After this many values without slashes no slashed date is expected (assumed).
_MAX_UNSLASHED = 1000
# So many values are looked at for a second order of day and month (assumed).
_MAX_SLASHED = 100_000
# A date with slashes or hyphens and the year at its end, such as "13/04/2026" or "4-13-26".
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?!\d)")
# A date of RFC 2822, such as "Mon, 13 Apr 2026 10:15:00 +0200".
_RFC_2822 = re.compile(r"(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? ([+-]\d{4}|\w+)")
# The names of zones that RFC 2822 defines. Other names, such as CEST and IST, mean several zones.
_RFC_ZONES = frozenset(
    ("UT", "UTC", "GMT", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT")
)
# A time of day at the end, such as " 10:15" or " 9:30 PM".
_CLOCK = re.compile(r"\s(\d{1,2}:\d\d.*)$")
# What is left out before a date is read: the zone in "10:15 UTC", the ordinal in "13th" and the
# weekday in "Monday 13 April".
_ZONE = re.compile(r"\s*(UTC|GMT|Z)$")
_ORDINAL = re.compile(r"(?<=\d)(st|nd|rd|th)\b")
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+", re.IGNORECASE)
_CLOCK_FORMATS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_DAY_FORMATS = (
    "%Y/%m/%d",
    "%Y-%m",
    "%d.%m.%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d-%b-%Y",
)


def parse_times(values: Sequence[Any]) -> list[datetime | None]:
    """Return each value as a UTC time, or None where it is empty or cannot be read.

    Warns of the number of values that cannot be read.
    """
    day_first = is_day_first(values)
    times = [parse_time(value, day_first) for value in values]
    unread = [
        value
        for value, time in zip(values, times, strict=True)
        if time is None and label_of(value) is not None
    ]
    if unread:
        logger.warning(
            "%d of %d times cannot be read, such as %s",
            len(unread),
            len(values),
            shown_value(unread[0]),
        )
    return times


def parse_time(value: Any, is_day_first: bool = False) -> datetime | None:
    """Return a value as a UTC time, or None where it is no time.

    It reads ISO 8601, seconds, milli-, micro- and nanoseconds since 1970, RFC 2822 and common
    dates. A time without a zone is UTC.
    """
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _from_epoch(float(value))
        if isinstance(value, date):
            return _as_utc(_as_datetime(value))
        text = label_of(value)
        return None if text is None else _from_text(text, is_day_first)
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
    return _from_formats(text, is_day_first)


def _from_formats(text: str, is_day_first: bool) -> datetime | None:
    plain = _ZONE.sub("", text.replace(",", " "))
    plain = _ORDINAL.sub("", plain)
    plain = _WEEKDAY.sub("", " ".join(plain.split()))
    if match := _SLASHED.match(plain):
        first, second, year = match.groups()
        year = year if len(year) == 4 else f"20{year}"
        is_day_month = is_day_first or int(first) > 12
        month_and_day = f"{second}/{first}" if is_day_month else f"{first}/{second}"
        plain = f"{year}/{month_and_day}{plain[match.end() :]}"
    clock = _CLOCK.search(plain)
    day = _first_match(plain[: clock.start()] if clock else plain, _DAY_FORMATS)
    time = _first_match(clock[1], _CLOCK_FORMATS) if clock else _EPOCH
    return _as_utc(datetime.combine(day, time.time())) if day and time else None


def _first_match(text: str, patterns: Sequence[str]) -> datetime | None:
    for pattern in patterns:
        try:
            return datetime.strptime(text.strip(), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def is_day_first(values: Iterable[Any]) -> bool:
    """Return whether the day comes before the month in these values, as in 13/04/2026.

    The first date that can be read in one way only decides. The search ends after _MAX_UNSLASHED
    values without slashes. Dates that can be read both ways are month first.
    """
    n_unslashed = 0
    for value in values:
        match = _SLASHED.match(value.strip()) if isinstance(value, str) else None
        if match and max(int(match[1]), int(match[2])) > 12:
            return int(match[1]) > 12
        n_unslashed += match is None
        if n_unslashed >= _MAX_UNSLASHED:
            return False
    return False


def is_ambiguous(values: Iterable[Any]) -> bool:
    """Return whether dates of these values can be read day first and month first.

    So they can where no date with slashes or hyphens has a number above 12, and one has two
    different numbers.

    >>> is_ambiguous(["03/04/2026", "05/05/2026"]), is_ambiguous(["03/04/2026", "13/04/2026"])
    (True, False)
    """
    is_open = False
    n_unslashed = 0
    for value in values:
        match = _SLASHED.match(value.strip()) if isinstance(value, str) else None
        if match and max(int(match[1]), int(match[2])) > 12:
            return False
        is_open = is_open or (match is not None and int(match[1]) != int(match[2]))
        n_unslashed += match is None
        if n_unslashed >= _MAX_UNSLASHED:
            break
    return is_open


def mixed_orders(values: Iterable[Any]) -> tuple[str, str] | None:
    """Return a date with the day first and one with the month first, or None without two orders.

    >>> mixed_orders(["13/04/2026", "04/25/2026"]), mixed_orders(["13/04/2026", "03/04/2026"])
    (('13/04/2026', '04/25/2026'), None)
    """
    examples: dict[bool, str] = {}
    for number, value in enumerate(values, 1):
        match = _SLASHED.match(value.strip()) if isinstance(value, str) else None
        if match and max(int(match[1]), int(match[2])) > 12 >= min(int(match[1]), int(match[2])):
            examples.setdefault(int(match[1]) > 12, match[0])
        if len(examples) == 2:
            return examples[True], examples[False]
        if number >= (_MAX_SLASHED if examples else _MAX_UNSLASHED):
            break
    return None


def _from_epoch(number: float) -> datetime | None:
    if math.isfinite(number):
        for unit in _UNITS:
            if _EARLIEST <= number / unit <= _LATEST:
                return _EPOCH + timedelta(seconds=number / unit)
        if _FIRST_DATE_NUMBER <= number <= _LAST_DATE_NUMBER:
            return parse_time(f"{int(number)}")
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
