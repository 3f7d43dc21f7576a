"""opencite's detail tables: a row for each citation, with the answer's text on each row.

Rows of the asking side, a user or persona, are no answers.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coverage_kit.collect.cells import text_of
from coverage_kit.collect.logs.api_format import engine_of
from coverage_kit.collect.logs.generic import read_row
from coverage_kit.collect.logs.record import Aside, Outcome
from coverage_kit.collect.logs.table_format import TableFormat
from coverage_kit.collect.logs.values import label_of

_ASKING_ROLES = ("user", "persona")
# The time at which the name of a run starts: year, month, day, hour, minute and second, such as
# "20260301_101500".
_START_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)")


def _read(values: Mapping[str, Any], mapping: Mapping[str, str]) -> list[Outcome]:
    turn = text_of(values.get("turn_or_run"))
    is_later_turn = text_of(values.get("scenario")) == "multi_turn" and turn not in ("", "0", "1")
    if text_of(values.get("role")).lower() in _ASKING_ROLES:
        return [Aside("a row of the asking side")]
    if is_later_turn:
        return [Aside("a later turn of a conversation")]
    record = read_row(values, mapping)
    title = label_of(values.get("citation_title"))
    run = text_of(values.get("execution_id"))
    return [
        replace(
            record,
            engine=record.engine or engine_of(record.model),
            run_id=f"{run} {turn}".strip() or None,
            asked_at=_start_time(run) or record.asked_at,
            citations=tuple(page._replace(title=title) for page in record.citations),
            is_observed=True,
        )
    ]


def _start_time(run: str) -> str | None:
    """Return when a run started, as its name says, or None where the name has no time.

    The times of the rows do not serve, because they differ among the rows of an answer.
    """
    match = _START_TIME.match(run)
    return "{}-{}-{}T{}:{}:{}".format(*match.groups()) if match else None


FORMAT = TableFormat(
    name="opencite",
    needs=(
        "execution_id",
        "turn_or_run",
        "role",
        "query_or_topic",
        "message_text",
        "citation_url",
    ),
    fields={
        "query": "query_or_topic",
        "answer": "message_text",
        "engine": "provider",
        "model": "model",
        "run_id": "execution_id",
        "asked_at": "row_timestamp",
        "market": "location_country",
        "citations": "citation_url",
    },
    read=_read,
    surface="api",
    note="of conversations the first turn alone: later questions have rows of their own; "
    "times are local",
)
