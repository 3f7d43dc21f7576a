"""The names of answer engines as readers know them, with the surface only where it tells two apart.

Tables name engines as the log does, in lower case. The surface (api, scrape, app) is part of a
name only for an engine that was logged on several; a note says it once for all others.
"""

import re
from collections.abc import Iterable

import pandas as pd

from coverage_kit.vocabulary import UNKNOWN_SURFACE, name_series

# The makers' own spelling, by the name in logs without spaces, dashes and underscores.
_NAMES = {
    "chatgpt": "ChatGPT",
    "gpt": "ChatGPT",
    "openai": "OpenAI",
    "gemini": "Gemini",
    "perplexity": "Perplexity",
    "claude": "Claude",
    "anthropic": "Claude",
    "copilot": "Copilot",
    "bingcopilot": "Copilot",
    "microsoftcopilot": "Copilot",
    "grok": "Grok",
    "deepseek": "DeepSeek",
    "mistral": "Mistral",
    "metaai": "Meta AI",
    "googleaioverview": "Google AI Overviews",
    "googleaioverviews": "Google AI Overviews",
    "aioverview": "Google AI Overviews",
    "aioverviews": "Google AI Overviews",
    "googleaimode": "Google AI Mode",
    "aimode": "Google AI Mode",
}
_SEPARATORS = re.compile(r"[\s_-]+")
# "chatgpt (api)", as `vocabulary.name_series` writes it.
_SERIES = re.compile(r"(?P<engine>.*) \((?P<surface>[^()]*)\)")
# What the surfaces of a log mean, for the note.
_SURFACES = {"api": "an API", "scrape": "the engine's web page", "app": "the app"}


def name_engine(engine: str) -> str:
    """Return an engine's name in its maker's spelling; an unknown engine keeps its own.

    >>> name_engine("chatgpt"), name_engine("ai_overview"), name_engine("Our bot")
    ('ChatGPT', 'Google AI Overviews', 'Our bot')
    """
    return _NAMES.get(_SEPARATORS.sub("", engine.casefold()), engine)


def with_engine_names(frame: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with `series`, the name of each row's engine.

    Args:
        frame: any table with columns engine and surface.
        answers: the run's answers; with the frame they decide which names need their surface.
    """
    columns = ["engine", "surface"]
    ambiguous = _ambiguous_engines(pd.concat([frame[columns], answers[columns]]))
    names = [
        _name(str(engine), str(surface) or UNKNOWN_SURFACE, ambiguous)
        for engine, surface in zip(frame["engine"], frame["surface"].fillna(""), strict=True)
    ]
    return frame.assign(series=pd.Series(names, index=frame.index, dtype="str"))


def display_series(series: Iterable[str]) -> dict[str, str]:
    """Return the names for readers of the series that a table of runs holds, by their own name.

    >>> display_series(["all", "chatgpt (api)", "perplexity (api)", "perplexity (app)"])
    {'all': 'all', 'chatgpt (api)': 'ChatGPT', 'perplexity (api)': 'Perplexity (api)', \
'perplexity (app)': 'Perplexity (app)'}
    """
    pairs = {name: _split_series(name) for name in series}
    ambiguous = _ambiguous_engines(pd.DataFrame(pairs.values(), columns=["engine", "surface"]))
    return {name: _name(engine, surface, ambiguous) for name, (engine, surface) in pairs.items()}


def describe_surfaces(answers: pd.DataFrame) -> str:
    """Return how the engines were asked, in a sentence; empty where the log does not say it.

    >>> describe_surfaces(pd.DataFrame({"engine": ["chatgpt"], "surface": ["api"]}))
    'Answers were logged through an API.'
    """
    surfaces = sorted(set(answers["surface"].dropna().astype("str")) - {UNKNOWN_SURFACE})
    if not surfaces:
        return ""
    through = " and ".join(_SURFACES.get(surface, surface) for surface in surfaces)
    apart = " They are never mixed." if len(surfaces) > 1 else ""
    return f"Answers were logged through {through}.{apart}"


def _split_series(series: str) -> tuple[str, str]:
    parts = _SERIES.fullmatch(series)
    return (parts["engine"], parts["surface"]) if parts else (series, UNKNOWN_SURFACE)


def _ambiguous_engines(answers: pd.DataFrame) -> set[str]:
    """Return the names that engines of several surfaces, or several spellings, share."""
    surfaces = answers["surface"].astype("str").where(answers["surface"].notna(), "")
    # A surface that the log does not say is no further surface.
    named = answers.assign(surface=surfaces.replace("", UNKNOWN_SURFACE))
    pairs = named[["engine", "surface"]].drop_duplicates()
    counts = pairs["engine"].astype("str").map(name_engine).value_counts()
    return {str(name) for name, n in counts.items() if n > 1}


def _name(engine: str, surface: str, ambiguous: set[str]) -> str:
    name = name_engine(engine)
    if name not in ambiguous:
        return name
    # Two spellings of one engine keep their own words, so that no two series share a name.
    return name_series(name if surface != UNKNOWN_SURFACE else engine, surface)
