"""What happened while a log was read: formats, unreadable records, unreadable times and figures."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.errors import LogError

logger = logging.getLogger(__name__)


@dataclass
class Unread:
    """The number of cells of some kind that cannot be read, and the first of these cells."""

    n_cells: int = 0
    example: str = ""

    def note(self, value: Any) -> None:
        """Count a cell."""
        self.example = self.example or repr(value)
        self.n_cells += 1

    def join(self, other: "Unread") -> None:
        """Add the cells of another part."""
        self.n_cells = self.n_cells + other.n_cells
        self.example = self.example or other.example


@dataclass
class LogReadReport:
    """Counts of the records that were read, and of what could not be read.

    `counts` has the number of records for each (file, format), `rejects` the first `max_rejects`
    records that could not be read, and `n_rejected` the number of all of these. `times` and
    `figures` count the cells that could not be read.
    """

    max_rejects: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    n_rejected: int = 0
    times: Unread = field(default_factory=Unread)
    figures: Unread = field(default_factory=Unread)

    def reject(self, file: str, line: int, reason: str) -> None:
        """Count a record that cannot be read."""
        self.n_rejected += 1
        if len(self.rejects) < self.max_rejects:
            self.rejects.append({"file": file, "line": line, "reason": reason})

    def join(self, other: "LogReadReport") -> None:
        """Add the report of another part of the log."""
        self.counts.update(other.counts)
        self.rejects = (self.rejects + other.rejects)[: self.max_rejects]
        self.n_rejected += other.n_rejected
        self.times.join(other.times)
        self.figures.join(other.figures)

    def check(self, location: str) -> None:
        """Raise LogError where nothing could be read, and warn of what was left out.

        `location` says in the error which files were read.
        """
        n_read = self.counts.total()
        n_rejected = self.n_rejected
        example = next(
            (
                f"{reject['file']}, line {reject['line']}: {reject['reason']}"
                for reject in self.rejects
            ),
            "no rows with a query",
        )
        if not n_read:
            cure = "Export the log again, or name its columns in [log.columns]."
            raise LogError(
                location,
                "records with a query",
                f"{n_rejected} unreadable, such as {example}",
                cure,
            )
        if n_rejected:
            logger.warning(
                "%d of %d records were not read, such as %s",
                n_rejected,
                n_rejected + n_read,
                example,
            )
        for unread, kind in (
            (self.times, "times"),
            (self.figures, "figures of demand"),
        ):
            if unread.n_cells:
                logger.warning(
                    "%d of %d %s cannot be read, such as %s",
                    unread.n_cells,
                    n_read,
                    kind,
                    unread.example,
                )
