"""LogRecord: what every format of log is read into, and every table of a log is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


class Citation(NamedTuple):
    """One page named by an answer; start and end are a cited span's characters in the answer, where known.

    A page that is cited for several spans comes once for each.
    """

    url: str
    start: int | None = None
    end: int | None = None
    title: str | None = None


@dataclass(slots=True)
class LogRecord:
    """One query and what came of it, as one record of a log tells it.

    `answer` is None where the log holds no answers' texts and empty text where this one is missing;
    `is_observed` says that there was an answer although its text is not logged. `asked_at` and
    `demand` are as logged until `read_log` has made them a time and a number; `citations` are cited
    in this order, `retrieved` were found but need not have been cited; `mentions` are the brands
    that the log itself says the answer names; `error` says why the answer failed; `extra` holds
    fields that have no place here. It is not frozen, for speed: `read_log` sets asked_at, demand,
    surface and extra.
    """

    query: str
    answer: str | None = None
    engine: str = ""
    model: str | None = None
    surface: str | None = None
    run_id: str | None = None
    asked_at: datetime | float | str | None = None
    market: str | None = None
    demand: float | str | None = None
    citations: tuple[Citation, ...] = ()
    retrieved: tuple[Citation, ...] = ()
    mentions: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    has_searched: bool = True
    is_observed: bool = False
    error: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class UnreadableRecordError(ValueError):
    """One record cannot be read; its text is the reason, which stands in the rejects."""
