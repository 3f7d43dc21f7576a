"""What was met while a log was read: formats, records that cannot be read, times and figures that cannot."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.errors import LogError

logger = logging.getLogger(__name__)


@dataclass
class Unread:
    """How many cells of one kind cannot be read, and the first of them."""

    n: int = 0
    example: str = ""

    def note(self, value: Any) -> None:
        """Take a cell."""
        self.example = self.example or repr(value)
        self.n += 1

    def join(self, other: "Unread") -> None:
        """Take those of another part."""
        self.n = self.n + other.n
        self.example = self.example or other.example


@dataclass
class LogReadReport:
    """Counts of records by (file, format), the first `most` rejects and the number of all, and cells that cannot be read."""

    most: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    n_rejected: int = 0
    times: Unread = field(default_factory=Unread)
    figures: Unread = field(default_factory=Unread)

    def reject(self, file: str, line: int, reason: str) -> None:
        """Take a record that cannot be read."""
        self.n_rejected += 1
        if len(self.rejects) < self.most:
            self.rejects.append({"file": file, "line": line, "reason": reason})

    def join(self, other: "LogReadReport") -> None:
        """Take what was met in another part of the log."""
        self.counts.update(other.counts)
        self.rejects = (self.rejects + other.rejects)[: self.most]
        self.n_rejected += other.n_rejected
        self.times.join(other.times)
        self.figures.join(other.figures)

    def check(self, where: str) -> None:
        """Raise LogError where nothing could be read; warn of what was left out."""
        n_read = self.counts.total()
        n_rejected = self.n_rejected
        example = next(
            (f"{one['file']}, line {one['line']}: {one['reason']}" for one in self.rejects),
            "no rows with a query",
        )
        if not n_read:
            cure = "Export the log again, or name its columns in [log.columns]."
            raise LogError(
                where,
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
        for unread, what in (
            (self.times, "times"),
            (self.figures, "figures of demand"),
        ):
            if unread.n:
                logger.warning(
                    "%d of %d %s cannot be read, such as %s",
                    unread.n,
                    n_read,
                    what,
                    unread.example,
                )
