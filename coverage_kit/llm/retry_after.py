"""How long a server wants clients to wait before the next request."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_asked(retry_after: str) -> float:
    """Return the seconds that a header Retry-After asks for; 0 where it cannot be read.

    The header holds a number of seconds or a date (RFC 9110).

    >>> seconds_asked("7"), seconds_asked("soon")
    (7.0, 0.0)
    """
    text = retry_after.strip()
    if text.isdecimal() and len(text) < 9:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
