"""Times of logs in any common format, as UTC."""

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from coverage_kit.collect.logs.values import label_of, shown_value
from coverage_kit.collect.moments import SLASHED, read_moment

logger = logging.getLogger(__name__)

# After this many values without slashes no slashed date is expected (assumed).
_MAX_UNSLASHED = 1000
# So many values are looked at for a second order of day and month (assumed).
_MAX_SLASHED = 100_000


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
    if isinstance(value, (int, float, date)):
        return read_moment(value)
    text = label_of(value)
    return None if text is None else read_moment(text, is_day_first=is_day_first)


def is_day_first(values: Iterable[Any]) -> bool:
    """Return whether the day comes before the month in these values, as in 13/04/2026.

    The first date that can be read in one way only decides. The search ends after _MAX_UNSLASHED
    values without slashes. Dates that can be read both ways are month first.
    """
    n_unslashed = 0
    for value in values:
        match = SLASHED.match(value.strip()) if isinstance(value, str) else None
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
        match = SLASHED.match(value.strip()) if isinstance(value, str) else None
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
        match = SLASHED.match(value.strip()) if isinstance(value, str) else None
        if match and max(int(match[1]), int(match[2])) > 12 >= min(int(match[1]), int(match[2])):
            examples.setdefault(int(match[1]) > 12, match[0])
        if len(examples) == 2:
            return examples[True], examples[False]
        if number >= (_MAX_SLASHED if examples else _MAX_UNSLASHED):
            break
    return None
