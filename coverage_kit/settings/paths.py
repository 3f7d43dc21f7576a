"""Where relative paths of settings start."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic.fields import FieldInfo

from coverage_kit.settings.models import ModelPathMark, PathMark, SettingsSection
from coverage_kit.settings.project import Settings

# What opens a site's source that is a folder of a git repository at a revision.
_GIT = "git+"

Section = TypeVar("Section", bound=SettingsSection)


def resolve_paths(settings: Settings, folder: Path) -> Settings:
    """Return the settings in which every relative path starts at the folder; URLs stay as they are.

    The types of the fields say which settings hold paths (`PathText`, `PathTexts`, `ModelPath`).
    """
    return _resolve_section(settings, folder)


def _resolve_section(section: Section, folder: Path) -> Section:
    fields = type(section).model_fields
    return section.model_copy(
        update={
            name: _resolve_value(getattr(section, name), field, folder)
            for name, field in fields.items()
        }
    )


def _resolve_value(value: Any, field: FieldInfo, folder: Path) -> Any:
    """Return a setting with its paths resolved; sections within it too."""
    if isinstance(value, SettingsSection):
        return _resolve_section(value, folder)
    if isinstance(value, tuple):
        return tuple(_resolve_value(item, field, folder) for item in value)
    if any(isinstance(mark, PathMark) for mark in field.metadata):
        # Where the default is "", an empty path switches something off.
        return value if value == field.default == "" else _resolve_path(value, folder)
    if any(isinstance(mark, ModelPathMark) for mark in field.metadata):
        return _resolve_model(value, folder)
    return value


def _resolve_path(path: str, folder: Path) -> str:
    """Return the path from the folder on; URLs stay as they are.

    Of a repository at a revision (git+PATH@REVISION), the path of the repository starts there.
    """
    if "://" in path:
        return path
    if path.startswith(_GIT):
        return f"{_GIT}{_resolve_path(path.removeprefix(_GIT), folder)}"
    return str(folder / Path(path).expanduser())


def _resolve_model(model: str, folder: Path) -> str:
    """Return a model's path from the folder on; names of models stay as they are."""
    path = folder / Path(model).expanduser()
    # A model's name such as "sentence-transformers/x" looks like a path: only a folder is one.
    is_path = model.startswith((".", "~"))
    is_folder = model not in ("", "minilm") and path.is_dir()
    return str(path) if is_path or is_folder else model
