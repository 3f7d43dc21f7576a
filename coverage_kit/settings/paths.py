"""Where relative paths of settings start."""

from collections.abc import Callable
from pathlib import Path

from coverage_kit.settings.models import SettingsSection
from coverage_kit.settings.project import Settings, SiteSettings


def resolve_paths(settings: Settings, folder: Path) -> Settings:
    """Return the settings with every relative path made to start at the folder; URLs stay as they are."""

    def place(source: str) -> str:
        return source if "://" in source else str(folder / Path(source).expanduser())

    def site(one: SiteSettings) -> SiteSettings:
        return one.model_copy(update={"source": place(one.source)})

    return settings.model_copy(
        update={
            "site": site(settings.site),
            "competitors": tuple(site(one) for one in settings.competitors),
            "log": settings.log.model_copy(
                update={"files": tuple(place(file) for file in settings.log.files)}
            ),
            "before_after": settings.before_after.model_copy(
                update={"files": tuple(map(place, settings.before_after.files))}
            ),
            "analytics": settings.analytics.model_copy(
                update={
                    key: tuple(map(place, getattr(settings.analytics, key)))
                    for key in ("sessions", "search_console")
                }
            ),
            "match": settings.match.model_copy(
                update={
                    key: _model_path(getattr(settings.match, key), folder)
                    for key in ("encoder", "cross_encoder")
                }
            ),
            "judge": settings.judge.model_copy(
                update=_placed(settings.judge, "rubrics", place=place)
            ),
            "ask": settings.ask.model_copy(
                update=_placed(settings.ask, "panel", "out", place=place)
            ),
            "costs": settings.costs.model_copy(
                update=_placed(settings.costs, "prices", place=place)
            ),
            "tune": settings.tune.model_copy(update=_placed(settings.tune, "out", place=place)),
            "out": place(settings.out),
            "cache": place(settings.cache),
        }
    )


def _placed(section: SettingsSection, *keys: str, place: Callable[[str], str]) -> dict[str, str]:
    """Return these paths of a section in their place; empty ones stay empty."""
    return {key: place(value) if (value := getattr(section, key)) else value for key in keys}


def _model_path(model: str, folder: Path) -> str:
    place = folder / Path(model).expanduser()
    return (
        str(place)
        if model.startswith((".", "~")) or (model not in ("", "minilm") and place.is_dir())
        else model
    )
