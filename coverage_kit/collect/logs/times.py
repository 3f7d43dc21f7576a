"""Times of logs in any common spelling, as UTC."""

import email.utils
import functools
import logging
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from coverage_kit.collect.logs.values import label_of

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (1.0, 1e3, 1e6, 1e9)
# 1989 and 2103: what is outside is no time of a log
_EARLIEST = 6.3e8
_LATEST = 4.2e9
_UNSLASHED = 1000
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?!\d)")
_RFC_2822 = re.compile(r"(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? ([+-]\d{4}|\w+)")
_CLOCK = re.compile(r"\s(\d{1,2}:\d\d.*)$")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_DAYS = (
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
    """Return each value as a UTC time, None where there is none or it cannot be read; those are counted and warned of."""
    day_first = is_day_first(values)
    times = [parse_time(value, day_first) for value in values]
    unread = [
        value
        for value, time in zip(values, times, strict=True)
        if time is None and label_of(value) is not None
    ]
    if unread:
        logger.warning(
            "%d of %d times cannot be read, such as %r",
            len(unread),
            len(values),
            unread[0],
        )
    return times


def parse_time(value: Any, is_day_first: bool = False) -> datetime | None:
    """Return one value as a UTC time, or None.

    ISO 8601, seconds, milli-, micro- and nanoseconds since 1970, RFC 2822 and common dates; no zone
    means UTC.
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
    if re.fullmatch(r"\d{9,}(\.\d+)?", text):
        return _from_epoch(float(text))
    try:
        return _as_utc(datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" Z", "Z")))
    except ValueError:
        pass
    if _RFC_2822.fullmatch(text):
        return _as_utc(email.utils.parsedate_to_datetime(text))
    return _from_formats(text, is_day_first)


def _from_formats(text: str, is_day_first: bool) -> datetime | None:
    plain = re.sub(
        r"(?<=\d)(st|nd|rd|th)\b",
        "",
        re.sub(r"\s*(UTC|GMT|Z)$", "", text.replace(",", " ")),
    )
    plain = re.sub(
        r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\s+",
        "",
        " ".join(plain.split()),
        flags=re.IGNORECASE,
    )
    if found := _SLASHED.match(plain):
        first, second, year = found.groups()
        month, day = (second, first) if is_day_first or int(first) > 12 else (first, second)
        plain = f"{year if len(year) == 4 else '20' + year}/{month}/{day}{plain[found.end() :]}"
    clock = _CLOCK.search(plain)
    day = _first_match(plain[: clock.start()] if clock else plain, _DAYS)
    time = _first_match(clock[1], _CLOCKS) if clock else _EPOCH
    return _as_utc(datetime.combine(day, time.time())) if day and time else None


def _first_match(text: str, patterns: Sequence[str]) -> datetime | None:
    for pattern in patterns:
        try:
            return datetime.strptime(text.strip(), pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def is_day_first(values: Iterable[Any]) -> bool:
    """Return whether dates such as 13/04/2026 show that the days of these values stand before the months.

    Looks no further than the first date that can be read in one way only, or _UNSLASHED values
    without slashes. Dates that can be read both ways are month first.
    """
    n_without = 0
    for value in values:
        found = _SLASHED.match(value.strip()) if isinstance(value, str) else None
        if found and max(int(found[1]), int(found[2])) > 12:
            return int(found[1]) > 12
        n_without += found is None
        if n_without >= _UNSLASHED:
            return False
    return False


def _from_epoch(number: float) -> datetime | None:
    if math.isfinite(number):
        for unit in _UNITS:
            if _EARLIEST <= number / unit <= _LATEST:
                return _EPOCH + timedelta(seconds=number / unit)
        if 1.9e7 <= number <= 2.2e7:
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
