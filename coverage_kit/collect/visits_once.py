"""Exports of visits that show the same visits several times: each visit is counted once."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.search_headers import latest_period, names_difference
from coverage_kit.collect.logs.values import shown_value
from coverage_kit.collect.numbers import number_in
from coverage_kit.collect.visit_columns import VisitColumns, find_visit_columns
from coverage_kit.errors import LogError

logger = logging.getLogger(__name__)

# The event that comes once in each visit.
_START = "session_start"
# The segment that holds the visits of all others, in the languages of the interface's exports.
_ALL_USERS = frozenset(
    {"all users", "alle nutzer", "tous les utilisateurs", "todos los usuarios", "tutti gli utenti"}
)
# So many pairs of rows that repeat a number, and no pair that does not, are no chance (assumed).
_MIN_REPEATS = 3
# A message names so many columns or values.
_MAX_SHOWN = 4
_EACH_ONCE = "each visit once"


@dataclass(frozen=True)
class ExportTable:
    """A table of an export: its rows, and the first and last day that the comments above it name.

    `report` is the number of the report in the file that the table belongs to: the tables of one
    report show the same visits, or compare periods.
    """

    rows: list[Row]
    days: tuple[str, str] | None = None
    report: int = 0

    @property
    def columns(self) -> VisitColumns:
        """The columns of the first row that has visits, else of no row."""
        found = (find_visit_columns(tuple(row.values)) for row in self.rows)
        return next((columns for columns in found if columns.is_usable), VisitColumns())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of the first row with values."""
        return next((tuple(row.values) for row in self.rows if row.values), ())


def choose_tables(
    file: str, tables: Sequence[ExportTable]
) -> tuple[list[ExportTable], list[dict[str, Any]]]:
    """Return the tables of a file that show each visit once, and a reject for each other table.

    Of tables that show the same visits the one that says most of them counts: the landing page,
    then the day, then source and medium. Of compared periods the latest counts. A warning says what
    is left out. Raises LogError where each table counts visits several times.
    """
    single = [table for table in tables if not table.columns.of_hits]
    if not single:
        columns = tables[0].columns.of_hits
        shown = " and ".join(map(shown_value, columns[:_MAX_SHOWN]))
        raise LogError(
            file,
            _EACH_ONCE,
            f"the column {shown}: a visit counts again on each of its pages, items or events",
            f"Export it without {shown}. 'Landing page' counts each visit once; a column that "
            "holds the page at which visits began should be called so.",
        )
    left_out = [
        (table, "counts a visit on several rows") for table in tables if table not in single
    ]
    kept = list[ExportTable]()
    for table in sorted(single, key=_detail, reverse=True):
        same = next((other for other in kept if _show_same_visits(file, table, other)), None)
        if same:
            left_out.append((table, f"shows the same visits as that of line {_line(same)}"))
        else:
            kept.append(table)
    for table in kept[:]:
        days = [t.days for t in kept if t.report == table.report and t.days]
        if table.days and table.days[1] < max(last for _, last in days):
            kept.remove(table)
            left_out.append((table, "is of the earlier of two compared periods"))
    rejects = list[dict[str, Any]]()
    for table, why in sorted(left_out, key=lambda pair: _line(pair[0])):
        reason = f"this table of {len(table.rows)} rows {why}"
        logger.warning("%s, line %d: %s, so it is left out", file, _line(table), reason)
        rejects.append({"line": _line(table), "reason": reason})
    return sorted(kept, key=_line), rejects


def _detail(table: ExportTable) -> int:
    fields = table.columns.fields
    weights = {"landing_page": 8, "day": 4, "source_medium": 2, "medium": 2, "channel": 1}
    return sum(weight for field, weight in weights.items() if field in fields)


def _line(table: ExportTable) -> int:
    return table.rows[0].line if table.rows else 0


def _show_same_visits(file: str, table: ExportTable, other: ExportTable) -> bool:
    """Return whether two tables show the same visits.

    Raises LogError where their days overlap in part.
    """
    if table.days and other.days:
        if table.days == other.days:
            return True
        is_apart = table.days[1] < other.days[0] or other.days[1] < table.days[0]
        if not is_apart:
            first, second = ("-".join(one.days or ()) for one in (other, table))
            raise LogError(
                file,
                _EACH_ONCE,
                f"two tables whose days overlap: {first} and {second}",
                "Export periods that do not overlap, each to a file.",
            )
        return False
    # Without days, tables of the same columns may be those of several months.
    if table.names != other.names:
        return True
    return [row.values for row in table.rows] == [row.values for row in other.rows]


def find_repeats(file: str, rows: Sequence[Row], columns: VisitColumns) -> dict[int, str]:
    """Return the reason for each row, by its number, that shows visits of other rows again.

    Such are the rows of a visit's other events, of an earlier date range and of a part of all
    users. A warning says which count. Raises LogError where the rows cannot be told apart.
    """
    if columns.problem:
        raise LogError(file, "visits of one period", columns.problem, "Export one date range.")
    if columns.left_out:
        counted = columns.fields["n_sessions"]
        logger.warning(
            "%s: only the later period, %s, counts; %s is left out",
            file,
            shown_value(counted),
            " and ".join(map(shown_value, columns.left_out[:_MAX_SHOWN])),
        )
    reasons = dict[int, str]()
    for column, choose, reason in (
        (columns.range, _latest_range, "an earlier period"),
        (columns.segment, _all_users, "counted already"),
        (columns.event, _session_start, "the same visits again"),
    ):
        values = _values(rows, column)
        distinct = list(dict.fromkeys(value for value in values if value))
        only_event = column is not None and column == columns.event and distinct != [_START]
        if len(distinct) > 1 or (distinct and only_event and columns.counts_events):
            chosen = choose(distinct)
            if chosen is None:
                raise _repeated_error(file, column or "", distinct, columns)
            kept = f"of {shown_value(column)} only {shown_value(chosen)} counts"
            logger.warning("%s: %s", file, kept)
            for number, value in enumerate(values):
                if value and value != chosen:
                    reasons.setdefault(number, f"{reason}: {kept}")
        elif distinct and only_event:
            event = shown_value(distinct[0])
            logger.warning("%s: it has visits with the event %s alone", file, event)
    if column := _repeating_column(rows, columns):
        raise LogError(
            file,
            _EACH_ONCE,
            f"the column {shown_value(column)}, on each of whose values the same number of visits "
            "comes again",
            f"Export it without {shown_value(column)}.",
        )
    return reasons


def _repeated_error(
    file: str, column: str, distinct: Sequence[str], columns: VisitColumns
) -> LogError:
    shown = ", ".join(shown_value(value) for value in distinct[:_MAX_SHOWN])
    name = shown_value(column)
    start = f" The event {_START} counts each visit once." if column == columns.event else ""
    return LogError(
        file,
        _EACH_ONCE,
        f"visits in several rows by {name}: {shown}",
        f"Export it without {name}, or for one value of it.{start}",
    )


def _values(rows: Sequence[Row], column: str | None) -> list[str]:
    return [text_of(row.values.get(column)).strip() for row in rows] if column else []


def _latest_range(distinct: Sequence[str]) -> str | None:
    ranges = [value for value in distinct if not names_difference(value.casefold())]
    number, _ = latest_period([value.casefold() for value in ranges])
    return None if number is None else ranges[number]


def _all_users(distinct: Sequence[str]) -> str | None:
    return next((value for value in distinct if value.casefold() in _ALL_USERS), None)


def _session_start(distinct: Sequence[str]) -> str | None:
    return _START if _START in distinct else None


def _repeating_column(rows: Sequence[Row], columns: VisitColumns) -> str | None:
    """Return a further column of texts that repeats a number of visits on each of its values.

    So dimensions of a property's own events do. Numbers of 1 come again by chance.
    """
    known = {*columns.fields.values(), columns.range, columns.segment, columns.event}
    counted = columns.fields["n_sessions"]
    sound = [row for row in rows if row.values and not row.problem]
    names = list(sound[0].values) if sound else []
    # A dimension is a column without numbers, or one of times.
    times = [name for name in names if name.casefold().startswith(("date", "hour", "minute"))]
    further = [
        name
        for name in names
        # The names of cells that the readers add begin with a space, or are empty.
        if name.strip() == name != ""
        and name not in known
        and all(number_in(row.values.get(name)) is None for row in sound)
    ]
    for column in further:
        groups: dict[tuple[str, ...], list[float | None]] = {}
        for row in sound:
            key = tuple(
                text_of(row.values.get(name))
                for name in (*further, *times, *columns.fields.values())
                if name != column and name not in _figures_of(columns)
            )
            groups.setdefault(key, []).append(number_in(row.values.get(counted), is_count=True))
        repeated = [numbers for numbers in groups.values() if len(numbers) > 1]
        large = [numbers for numbers in repeated if numbers[0] and numbers[0] > 1]
        if len(large) >= _MIN_REPEATS and all(len(set(numbers)) == 1 for numbers in repeated):
            return column
    return None


def _figures_of(columns: VisitColumns) -> set[str]:
    return {
        column
        for field, column in columns.fields.items()
        if field in ("n_sessions", "n_engaged", "n_key_events", "revenue")
    }


def find_subtotals(labels: Sequence[tuple[str, ...]], numbers: Sequence[float | None]) -> set[int]:
    """Return the rows that others add up to: each leaves a dimension blank, and names another.

    Args:
        labels: the cells of each row in the table's dimensions.
        numbers: the visits of each row.
    """
    filled = [tuple(n for n, cell in enumerate(cells) if cell) for cells in labels]
    n_dimensions = len(labels[0]) if labels else 0
    subtotals = set[int]()
    for pattern in {dims for dims in filled if 0 < len(dims) < n_dimensions}:
        parts: dict[tuple[str, ...], list[float]] = {}
        for cells, dims, number in zip(labels, filled, numbers, strict=True):
            if len(dims) == n_dimensions:
                parts.setdefault(tuple(cells[n] for n in pattern), []).append(number or 0.0)
        for row, dims in enumerate(filled):
            added = parts.get(tuple(labels[row][n] for n in pattern), [])
            if dims == pattern and len(added) > 1 and sum(added) == numbers[row]:
                subtotals.add(row)
    return subtotals
