"""When to ask a server again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_asked(retry_after: str) -> float:
    """Return the seconds for which a header Retry-After asks, a number or a date (RFC 9110); 0 for anything else.

    >>> seconds_asked("7"), seconds_asked("soon")
    (7.0, 0.0)
    """
    asked = retry_after.strip()
    if asked.isdecimal() and len(asked) < 9:
        return float(asked)
    try:
        moment = parsedate_to_datetime(asked)
    except (ValueError, TypeError, IndexError):
        return 0.0
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
