"""Writes docs/tables.md from tables.py and docs/settings.md from settings.py: `make docs`; a test says when they are stale."""

from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from coverage_kit.settings import Settings
from coverage_kit.tables import SCHEMAS

HERE = Path(__file__).parent


def tables_page() -> str:
    """Return the reference of every table."""
    lines = ["# Tables", "", "Generated from `coverage_kit/tables.py` by `make docs`. Further columns are welcome and kept."]
    for schema in SCHEMAS:
        lines += ["", f"## {schema.name}", "", f"One row is {schema.row}. Key: {', '.join(schema.key)}.", ""]
        lines += ["| column | kind | meaning |", "|---|---|---|"]
        for column in schema.columns:
            kind = f"{column.kind}, may be missing" if column.optional else column.kind
            lines.append(f"| `{column.name}` | {kind} | {column.meaning.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return the reference of every knob."""
    lines = ["# Settings", "", "Generated from `coverage_kit/settings.py` by `make docs`. Write them in `coverage.toml`;"]
    lines += ["`coverage-kit init DIR` writes one with every knob explained. An unknown key is an error.", ""]
    lines += ["| key | default | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *_rows(Settings, "")]) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> list[str]:
    rows = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        block = next((one for one in get_args(inner) if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if name == "competitors":
            rows.append(f"| `[[competitors]]` | none | {field.description}; keys as in `[site]` |")
        elif block:
            rows.append(f"| `[[{prefix}{name}]]` | none | {field.description} |")
            rows += _rows(block, f"{prefix}{name}.")
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            rows += _rows(inner, f"{name}.")
        else:
            default = "required" if field.is_required() else f"`{field.default!r}`"
            rows.append(f"| `{prefix}{name}` | {default} | {field.description} |")
    return rows


if __name__ == "__main__":
    (HERE / "tables.md").write_text(tables_page(), encoding="utf-8")
    (HERE / "settings.md").write_text(settings_page(), encoding="utf-8")
