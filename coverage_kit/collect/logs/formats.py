"""The formats that are known by themselves; a further one is one file and one line here."""

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

# In this order: Perplexity's answers also have the shape of chat completions or of OpenAI's
# responses, and failed calls of Anthropic that of failed chat completions.
FORMATS: tuple[LogFormat, ...] = (
    perplexity.FORMAT,
    openai_responses.FORMAT,
    gemini.FORMAT,
    anthropic.FORMAT,
    chatgpt_export.FORMAT,
    chat.FORMAT,
)


def find_format(exchange: Exchange) -> LogFormat | None:
    """Return the first format that recognises an exchange, or None: then its columns are mapped by name."""
    return next((found for found in FORMATS if found.recognises(exchange)), None)


# Known by their columns, whether the file is CSV, JSON, Parquet or a workbook; the first that fits
# counts.
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
    """Return the first vendor whose tables have all of these columns that it is known by, or None."""
    return next((found for found in TABLE_FORMATS if found.recognises(columns)), None)
