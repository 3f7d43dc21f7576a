"""The coverage.toml that `coverage-kit init` writes, made from the settings' descriptions."""

import textwrap
from collections.abc import Iterator
from typing import Any, get_args

import tomli_w
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from coverage_kit.settings.project import Settings

# The first lines of every coverage.toml.
_HEAD = (
    "Settings of one coverage_kit project. Relative paths start at this file's folder. Only "
    "site.source "
    "and log.files are needed; everything else shows its default."
)
# Comments are wrapped at this many columns, as the code is.
_WIDTH = 100


def write_template() -> str:
    """Return a coverage.toml that explains every setting and holds its default, or an example."""
    plain: list[str] = []
    sections: list[str] = []
    for name, field in Settings.model_fields.items():
        if _section_of(field):
            sections += ["", *_write_section(name, field)]
        else:
            plain += ["", *_write_key(name, field)]
    return "\n".join([*_comment(_HEAD), *plain, *sections]) + "\n"


def _write_section(name: str, field: FieldInfo) -> Iterator[str]:
    """Yield the lines of a section; a section that may repeat is an example in comments."""
    model = _section_of(field)
    assert model is not None  # noqa: S101 (for the type checker)
    is_repeated = not isinstance(field.annotation, type)
    yield from _comment(field.description if is_repeated else _first_line(model))
    if is_repeated:
        yield f"# [[{name}]]"
        # Keys that a block must have come first.
        keys = sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
        for key, inner in keys:
            for line in _write_key(key, inner, is_repeated=True):
                # Descriptions have a second "#": who takes the block out of its comment removes
                # one "#" from every line.
                yield f"#{line}" if line.startswith("#") else f"# {line}"
        return
    yield f"[{name}]"
    tables: list[str] = []
    for key, inner in model.model_fields.items():
        if _section_of(inner):
            tables += ["", *_write_section(f"{name}.{key}", inner)]
        elif isinstance(inner.default, dict):
            tables += ["", *_write_example_table(f"{name}.{key}", inner)]
        else:
            yield from _write_key(key, inner)
    yield from tables


def _write_key(key: str, field: FieldInfo, is_repeated: bool = False) -> Iterator[str]:
    """Yield a key's description, and its default or, where it has none, an example.

    The last example is that of a section that may repeat.
    """
    yield from _comment(field.description)
    examples = field.examples or [None]
    example = examples[-1 if is_repeated else 0]
    if field.is_required() or (not field.default and example is not None):
        line = tomli_w.dumps({key: example}).strip()
        # Where None switches something off, an example that counts would switch it on: it is a
        # comment.
        yield f"# {line}" if field.default is None else _on_a_line(line)
    else:
        default = field.default
        value = list(default) if isinstance(default, tuple) else default
        yield tomli_w.dumps({key: value}).strip()


def _write_example_table(name: str, field: FieldInfo) -> Iterator[str]:
    """Yield the description of a table of free keys, and an example in comments."""
    yield from _comment(field.description)
    yield f"# [{name}]"
    example: dict[str, str] = (field.examples or [{}])[0]
    for line in tomli_w.dumps(example).splitlines():
        yield f"# {line}"


def _on_a_line(text: str) -> str:
    """Return a short TOML array, which tomli-w spreads over lines, on one line."""
    return " ".join(text.split()).replace("[ ", "[").replace(", ]", "]")


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the section that a field holds, alone or in a tuple; None for a plain value."""
    candidates: tuple[Any, ...] = (field.annotation, *get_args(field.annotation))
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").splitlines()[0]


def _comment(text: str | None) -> list[str]:
    """Return a text as lines of comment."""
    return textwrap.wrap(text or "", _WIDTH, initial_indent="# ", subsequent_indent="# ")
