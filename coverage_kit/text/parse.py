"""JSON and TOML of files that may be damaged: whatever is wrong with them is a ValueError."""

import json
import tomllib
from typing import Any


def parse_json(content: str | bytes) -> Any:
    """Return what a JSON text holds. Raises ValueError for another, also one nested too deep."""
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a TOML text holds. Raises ValueError for another, also one nested too deep."""
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("TOML that is nested too deep") from error
