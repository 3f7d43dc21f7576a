"""The formats that are known by a record's content; a further one is one file and one line here."""

from coverage_kit.collect.logs import chat, openai_responses, perplexity
from coverage_kit.collect.logs.exchange import Exchange, LogFormat

# In this order: Perplexity's answers also have the shape of chat completions or of OpenAI's responses.
FORMATS: tuple[LogFormat, ...] = (perplexity.FORMAT, openai_responses.FORMAT, chat.FORMAT)


def find_format(exchange: Exchange) -> LogFormat | None:
    """Return the first format that recognises an exchange, or None: then its columns are mapped by name."""
    return next((found for found in FORMATS if found.recognises(exchange)), None)
