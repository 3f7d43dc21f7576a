"""LogRecord: what every format of log is read into, and every table of a log is made from."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Citation:
    """One page named by an answer; start and end are the cited span's characters in the answer, where known."""

    url: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class LogRecord:
    """One query and what came of it, as one record of a log tells it.

    `answer` is None where the log holds no answers at all and empty text where this one is missing; `asked_at` is as
    logged until `read_log` has made it a time; `citations` are cited in this order, `retrieved` were found but need not
    have been cited; `error` says why the answer failed.
    """

    query: str
    answer: str | None = None
    engine: str = ""
    model: str | None = None
    surface: str | None = None
    run_id: str | None = None
    asked_at: datetime | float | str | None = None
    demand: float | None = None
    citations: tuple[Citation, ...] = ()
    retrieved: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    searched: bool = True
    error: str | None = None


class UnreadableRecordError(ValueError):
    """One record cannot be read; its text is the reason, which stands in the rejects."""
