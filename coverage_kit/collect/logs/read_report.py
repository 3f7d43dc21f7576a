"""What happened while a log was read: formats, unreadable records, unreadable times and figures."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from coverage_kit.collect.decode import readable
from coverage_kit.collect.logs.doubts import cure_of
from coverage_kit.collect.logs.record import Aside, Merged
from coverage_kit.collect.logs.tally import Cells, Tally
from coverage_kit.errors import LogError

logger = logging.getLogger(__name__)

# The reason for a record of which its format made nothing at all: a fault of the toolkit.
UNACCOUNTED = "not accounted for"
# The reasons of a record's parts are listed up to this length (assumed).
_REASON_CHARACTERS = 500
# A format names so many kinds of records that are left out; the others share a name (assumed).
_MAX_KINDS = 20


@dataclass
class LogReadReport:
    """Counts of the records that were read, and of what could not be read.

    `counts` has the number of records for each (file, format), `merged` the number of those that
    count with another record, and `aside` the number of those that are no question by themselves;
    `kinds` has for each (file, format) what these are, with their number. `rejects` has the first
    `max_rejects` records that could not be read, and `rejected` the number of all of these for each
    file. `seen` has the number of records of each file, counted before they are read: read, merged,
    set aside and rejected records add up to it. `tallies` has for each (file, format) what the
    records hold.
    """

    max_rejects: int
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    merged: Counter[tuple[str, str]] = field(default_factory=Counter)
    aside: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    # The rows of `rejects` by their files and lines.
    _rows: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def n_rejected(self) -> int:
        """Records that could not be read."""
        return self.rejected.total()

    def tally(self, file: str, format_name: str) -> Tally:
        """Return the tally of a format of a file, to add to."""
        tally = self.tallies.get((file, format_name))
        if tally is None:
            tally = self.tallies[file, format_name] = Tally()
        return tally

    def leave_out(self, file: str, format_name: str, outcome: Aside | Merged) -> None:
        """Count a record that is counted with another, or that is no question by itself."""
        counter = self.merged if isinstance(outcome, Merged) else self.aside
        counter[file, format_name] += 1
        kinds = self.kinds.setdefault((file, format_name), Counter())
        kinds[outcome.kind if outcome.kind in kinds or len(kinds) < _MAX_KINDS else "others"] += 1

    def reject(self, file: str, line: int, reason: str) -> None:
        """Count a record, or a part of one, that cannot be read.

        The parts of a record share a row with all their reasons.
        """
        reason = readable(reason)
        self.rejected[file] += 1
        row = self._rows.get((file, line))
        if row is None:
            self._add_rejects([{"file": file, "line": line, "reason": reason}])
        elif reason not in row["reason"] and len(row["reason"]) < _REASON_CHARACTERS:
            row["reason"] += f"; {reason}"

    def _add_rejects(self, rows: list[dict[str, Any]]) -> None:
        rows = rows[: self.max_rejects - len(self.rejects)]
        self.rejects += rows
        self._rows.update({(row["file"], row["line"]): row for row in rows})

    def settle(self, file: str, line: int, n_outcomes: int) -> None:
        """Count a record of a file with its outcomes, and reject one that has none.

        Parts of a record beyond the first, such as the turns of a dialogue, count as records.
        """
        self.seen[file] += n_outcomes or 1
        if not n_outcomes:
            self.reject(file, line, UNACCOUNTED)

    def _balance(self) -> None:
        """Count records that were seen, and neither read, left out nor rejected, as rejects."""
        accounted = self.rejected.copy()
        for (file, _), n in [*self.counts.items(), *self.merged.items(), *self.aside.items()]:
            accounted[file] += n
        for file, n_missing in (self.seen - accounted).items():
            logger.warning("%s: %d records are %s", file, n_missing, UNACCOUNTED)
            self.reject(file, 1, f"{n_missing} records are {UNACCOUNTED}")

    def join(self, other: "LogReadReport") -> None:
        """Add the report of another part of the log."""
        self.counts.update(other.counts)
        self.merged.update(other.merged)
        self.aside.update(other.aside)
        for key, kinds in other.kinds.items():
            self.kinds.setdefault(key, Counter()).update(kinds)
        self.seen.update(other.seen)
        self.rejected.update(other.rejected)
        self._add_rejects(other.rejects)
        for key, tally in other.tallies.items():
            self.tally(*key).join(tally)

    def _explain_none(self, example: str) -> tuple[str, str]:
        """Return what was found instead of questions, and what to do about it."""
        kinds = sum(self.kinds.values(), Counter[str]())
        if kinds and not self.n_rejected:
            listed = ", ".join(f"{n:,} x {kind}" for kind, n in kinds.most_common(3))
            return f"only {listed}", "Export the questions and their answers, too."
        reasons = Counter(reject["reason"].partition("; ")[0] for reject in self.rejects)
        cure = next((cure for reason, _ in reasons.most_common() if (cure := cure_of(reason))), "")
        return (
            f"{self.n_rejected} unreadable, such as {example}",
            cure or "Export the log again, or name its columns with [log.columns].",
        )

    def check(self, location: str, empty: Sequence[str] = ()) -> None:
        """Raise LogError where nothing could be read, and warn of what was left out.

        Args:
            location: says in the error which files were read.
            empty: the formats of which no record was read.
        """
        self._balance()
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
            if empty and not self.seen:
                found = f"the header of {', '.join(dict.fromkeys(empty))} alone, without rows"
                cure = "That is no fault: nothing was counted. Name a log of questions beside it."
                raise LogError(location, "records with a query", found, cure)
            raise LogError(location, "records with a query", *self._explain_none(example))
        if n_rejected:
            logger.warning(
                "%d of %d records were not read, such as %s",
                n_rejected,
                n_rejected + n_read,
                example,
            )
        times, figures = Cells(), Cells()
        for tally in self.tallies.values():
            times.join(tally.times)
            figures.join(tally.figures)
        for unread, kind in ((times, "times"), (figures, "figures of demand")):
            if unread.n_cells:
                logger.warning(
                    "%d of %d %s cannot be read, such as %s",
                    unread.n_cells,
                    n_read,
                    kind,
                    unread.example,
                )
