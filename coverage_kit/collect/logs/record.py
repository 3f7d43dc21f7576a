"""LogRecord: every format of log is read into it, and every table of a log is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from coverage_kit.vocabulary import DemandKind, Origin


class Citation(NamedTuple):
    """A page that an answer names.

    `start` and `end` are the cited span's characters in the answer, where known. A page that is
    cited for several spans comes once for each span.
    """

    url: str
    start: int | None = None
    end: int | None = None
    title: str | None = None


@dataclass(slots=True)
class LogRecord:
    """A query and its answer, as a record of a log describes them.

    `answer` is None where the log holds no texts of answers, and empty where this text is missing.
    `is_observed` says that there was an answer although its text is not logged. `asked_at` and
    `demand` are as logged until `read_log` has made them a time and a number. `citations` are cited
    in this order; `retrieved` are pages that were found, whether or not they were cited. `mentions`
    are the brands that the answer names, according to the log itself. `error` says why the answer
    failed. `origin` is who put the question (`vocabulary.Origin`), and `demand_kind` whether
    `demand` is a measured or an estimated figure (`vocabulary.DemandKind`); None where the log does
    not show it. `extra` holds the fields that have no field here.

    The class is not frozen, for speed: `read_log` sets asked_at, demand, surface and extra.
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
    origin: Origin | None = None
    demand_kind: DemandKind | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Aside(NamedTuple):
    """A record, or a part of one, that is no question by itself, such as a step of a trace.

    `kind` says what it is.
    """

    kind: str


class Merged(NamedTuple):
    """A record that is counted with another, as both are parts of one answer.

    Such are the chunks of a stream, the continuation of a paused turn, and a further citation of an
    answer that has a row for each citation. `kind` says what it is.
    """

    kind: str


class Reject(NamedTuple):
    """A part of a record that cannot be read; `reason` is the reason in the table of rejects."""

    reason: str


# What a format makes of a record. It makes at least one outcome of each record, so that the account
# of a log adds up.
Outcome = LogRecord | Aside | Merged | Reject


class UnreadableRecordError(ValueError):
    """A record that cannot be read; the text is the reason in the table of rejects."""
