"""The rows that say what became of records which are counted with another one."""

from collections.abc import Mapping, Sequence
from typing import Any

from coverage_kit.collect.logs.lines import Row
from coverage_kit.collect.logs.record import Aside, LogRecord, Merged, Outcome, Reject
from coverage_kit.collect.logs.table_format import TableFormat

# The columns by which a row says what became of it. No log has such columns.
_OUTCOME = "coverage_kit: counted with another record"
_QUESTIONS, _ANSWERS = "messages of users", "messages of assistants"


def merged_row(line: int, kind: str) -> Row:
    """Return the row of a record that is counted with another; `kind` says what it is."""
    return Row(line, {_OUTCOME: Merged(kind)})


def outcome_row(line: int, outcome: Outcome) -> Row:
    """Return the row of a message that became this outcome."""
    return Row(line, {_QUESTIONS: outcome, _ANSWERS: None})


def outcome_of(row: Row) -> Outcome:
    """Return what a message became, of a row that says so."""
    return _read(row.values, {})[0] if not row.problem else Reject(row.problem)


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> Sequence[Outcome]:
    outcome = values.get(_OUTCOME, values.get(_QUESTIONS))
    if isinstance(outcome, (LogRecord, Aside, Merged, Reject)):
        return [outcome]
    return [Reject("no record")]


FORMAT = TableFormat(name="parts of answers", needs=(_OUTCOME,), fields={}, read=_read)
MESSAGES = TableFormat(
    name="one message a row",
    needs=(_QUESTIONS, _ANSWERS),
    fields={"query": _QUESTIONS, "answer": _ANSWERS},
    read=_read,
)
