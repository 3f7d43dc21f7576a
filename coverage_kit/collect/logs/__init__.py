"""Logs of queries and answers, in many formats, as tables."""

from coverage_kit.collect.logs.columns import describe_mapping
from coverage_kit.collect.logs.normalize import normal_form
from coverage_kit.collect.logs.read import read_log
from coverage_kit.collect.logs.record import (
    Citation,
    LogRecord,
    UnreadableRecordError,
)

__all__ = [
    "Citation",
    "LogRecord",
    "UnreadableRecordError",
    "describe_mapping",
    "normal_form",
    "read_log",
]
