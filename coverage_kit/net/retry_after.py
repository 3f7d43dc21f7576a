"""How long a server wants clients to wait before the next request."""

import logging
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LOG = logging.getLogger(__name__)
# Seconds, with a fraction as some servers write them, such as "120" or "1.5". RFC 9110 knows ASCII
# digits only.
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
# A longer wait is written as "over" this: about 300 years.
_MAX_WRITTEN_SECONDS = 1e10


def seconds_asked(retry_after: str) -> float:
    """Return the seconds that a header Retry-After asks for; 0 where it asks for none.

    The header holds a number of seconds or a date (RFC 9110). A number too large for a float is
    infinite. A date in the past, a negative number and text that cannot be read ask for nothing.

    >>> seconds_asked("7"), seconds_asked("soon"), seconds_asked("-5"), seconds_asked("9" * 400)
    (7.0, 0.0, 0.0, inf)
    """
    text = retry_after.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return max(0.0, seconds)


class Patience:
    """Bounds the waits that a server asks for, and says once where it asks for more.

    Args:
        max_seconds: the longest wait.
    """

    def __init__(self, max_seconds: float) -> None:
        self.max_seconds = max_seconds
        self._has_said = False

    def bound(self, seconds: float, asker: str) -> float:
        """Return the seconds to wait; `asker` is what asks for them, as the warning names it."""
        if seconds > self.max_seconds and not self._has_said:
            self._has_said = True
            _LOG.warning(
                "%s asks for a pause of %s; the longest pause is %g s, so it gets that",
                asker,
                _describe(seconds),
                self.max_seconds,
            )
        return min(seconds, self.max_seconds)


def _describe(seconds: float) -> str:
    if seconds > _MAX_WRITTEN_SECONDS:
        return f"over {_MAX_WRITTEN_SECONDS:,.0f} s"
    return f"{seconds:,.0f} s"
