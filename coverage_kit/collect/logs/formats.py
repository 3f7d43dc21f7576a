"""The formats of logs, which are recognised without any setting.

A new format is a file in this folder and a line here: see `api_format.py` for the logs of an API,
`table_format.py` for the tables of a vendor.
"""

import functools

from coverage_kit.collect.logs import (
    ahrefs,
    anthropic,
    chat,
    chatgpt_export,
    gemini,
    langfuse,
    langsmith,
    openai_responses,
    opencite,
    perplexity,
    profound,
    search_console,
    superlines,
    surfacedby,
)
from coverage_kit.collect.logs.api_format import Exchange, LogFormat
from coverage_kit.collect.logs.table_format import TableFormat

# The order matters, because the first format that recognises an exchange reads it. Perplexity's
# answers also have the shape of chat completions or of OpenAI's responses, and failed calls of
# Anthropic have the shape of failed chat completions.
FORMATS: tuple[LogFormat, ...] = (
    perplexity.FORMAT,
    openai_responses.FORMAT,
    gemini.FORMAT,
    anthropic.FORMAT,
    chatgpt_export.FORMAT,
    chat.FORMAT,
)


def find_format(exchange: Exchange) -> LogFormat | None:
    """Return the first format that recognises an exchange, or None.

    Without a format the columns are mapped by their names.
    """
    return next((log_format for log_format in FORMATS if log_format.recognises(exchange)), None)


# The columns show the vendor, whether the file is CSV, JSON, Parquet or a workbook. The first
# format that fits counts.
TABLE_FORMATS: tuple[TableFormat, ...] = (
    *langfuse.table_formats(find_format),
    langsmith.table_format(find_format),
    profound.FORMAT,
    ahrefs.FORMAT,
    superlines.FORMAT,
    surfacedby.FORMAT,
    opencite.FORMAT,
    *search_console.FORMATS,
)


@functools.lru_cache(maxsize=1024)
def find_table_format(columns: tuple[str, ...]) -> TableFormat | None:
    """Return the first format that recognises a table with these columns, or None."""
    vendor = next((vendor for vendor in TABLE_FORMATS if vendor.recognises(columns)), None)
    return vendor.fitted(columns) if isinstance(vendor, search_console.ExportFormat) else vendor
