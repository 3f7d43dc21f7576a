"""Names of columns in the sentences of guesses and doubts."""

# What a sentence quotes is short. A column in a setting is whole, unless it is no name at all.
_MAX_SHOWN = 60
_MAX_COLUMN = 500


def setting_of(name: str, column: str) -> str:
    """Return the setting that names a field's column, as TOML.

    >>> setting_of("query", "Prompt")
    '[log.columns] query = "Prompt"'
    """
    return f'[log.columns] {name} = "{short_name(column, _MAX_COLUMN)}"'


def quoted(text: str) -> str:
    """Return a name or a cell in quotes, on one line and short."""
    return f"“{short_name(text)}”"


def short_name(text: str, length: int = _MAX_SHOWN) -> str:
    """Return a name or a cell on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
