"""Sections of coverage.toml about models: drafts, judges, asked engines, costs, tuning."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# A web address without user, query or fragment, where somebody might paste a key.
_URL = r"^(https?://[^\s@?#]+)?$"
# The name of an environment variable, such as OPENAI_API_KEY; never a key itself.
_VARIABLE = r"^[A-Z_][A-Z0-9_]*$"


class PathMark:
    """Marks a setting that holds paths: relative ones start at the folder of coverage.toml."""


class ModelPathMark:
    """Marks a setting that holds the name of a model, or the path of its folder."""


# One path, several paths, and a model's name or path. `resolve_paths` finds them by their marks.
PathText = Annotated[str, PathMark()]
PathTexts = Annotated[tuple[str, ...], PathMark()]
ModelPath = Annotated[str, ModelPathMark()]


# Every section is frozen: a run may be described by its settings after it has ended.
class SettingsSection(BaseModel):
    """A section of coverage.toml: frozen, and an unknown key is an error."""

    # A wrong value may hold a key, so pydantic's own errors do not show it.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class EndpointSettings(SettingsSection):
    """A language model behind an OpenAI-compatible endpoint."""

    model: str = Field("", description="name of the language model; '' for none")
    base_url: str = Field(
        "",
        pattern=_URL,
        description="URL of any OpenAI-compatible endpoint, such as http://localhost:11434/v1; "
        "'' for OpenAI's own",
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        pattern=_VARIABLE,
        max_length=60,
        description="environment variable that holds the endpoint's key; never write the key "
        "itself here",
    )
    timeout_seconds: float = Field(60.0, gt=0, description="seconds to wait for a whole answer")


class DraftSettings(EndpointSettings):
    """The language model that writes drafts on 'coverage-kit draft'; all else works without it."""


class JudgeSettings(EndpointSettings):
    """The language model that judges texts by rubrics, how often, and what it may cost."""

    rubrics: PathText = Field(
        "",
        description="folder of your own rubrics (TOML); a rubric with the name of a shipped one "
        "replaces it",
    )
    samples: int = Field(
        8,
        ge=1,
        description="replies whose mean is the grade, where the endpoint gives no probabilities",
    )
    repeats: int = Field(
        3,
        ge=1,
        description="times each item is judged; the judge's reliability is measured from these",
    )
    max_tokens: int = Field(500_000, ge=0, description="most tokens to read and write; 0: no limit")
    max_money: float = Field(
        5.0, ge=0, description="most money to spend, by the price table; 0: no limit"
    )


class AskedEngine(EndpointSettings):
    """One answer engine of the panel; keys are in environment variables only."""

    name: str = Field(
        min_length=1,
        description="name of the engine in every table",
        examples=["perplexity"],
    )
    kind: Literal["chat", "responses", "perplexity", "gemini", "anthropic"] = Field(
        description="how it is asked: chat or responses (both OpenAI-compatible), perplexity, "
        "gemini or anthropic",
        examples=["perplexity"],
    )
    model: str = Field("", description="name of the engine's model", examples=["sonar"])
    base_url: str = Field(
        "", pattern=_URL, description="URL of the endpoint; '' for the kind's own"
    )
    api_key_env: str = Field(
        "",
        # An empty text is allowed here: it means the variable of the engine's kind.
        pattern=rf"({_VARIABLE})|^$",
        max_length=60,
        description="environment variable that holds its key; '' for the kind's, such as "
        "PERPLEXITY_API_KEY",
    )
    has_search: bool = Field(True, description="whether it may search the web, where its kind can")
    timeout_seconds: float = Field(120.0, gt=0, description="seconds to wait for a whole answer")
    requests_per_minute: float = Field(20.0, gt=0, description="most requests in a minute")
    max_output_tokens: int = Field(2_000, ge=1, description="most tokens of one answer")


class AskSettings(SettingsSection):
    """The panel of questions that 'coverage-kit ask' puts to engines."""

    engines: tuple[AskedEngine, ...] = Field((), description="the engines to ask, one block each")
    panel: PathText = Field(
        "panel.csv",
        description="CSV of the panel's questions: query, and is_holdout; 'coverage-kit panel' "
        "makes one from a run's log",
    )
    out: PathText = Field(
        "panel",
        description="folder of raw requests and responses; name it under [log] or [before_after] "
        "to read it",
    )
    repeats: int = Field(
        3, ge=1, description="times each question is put to each engine in one wave"
    )
    retries: int = Field(
        4,
        ge=0,
        description="further tries after a timeout, 429 or 5xx, with growing pauses",
    )
    max_tokens: int = Field(
        2_000_000,
        ge=0,
        description="most tokens to read and write in one wave; 0: no limit",
    )
    max_money: float = Field(
        10.0,
        ge=0,
        description="most money to spend in one wave, by the price table; 0: no limit",
    )
    market: str = Field(
        "", description="country code for engines that take one, such as GB; '' for none"
    )


class TuneSettings(SettingsSection):
    """How 'coverage-kit tune' fine-tunes the encoder on your pairs of question and passage."""

    out: PathText = Field(
        "runs/encoder",
        description="folder of the tuned encoder, written only if it is better on held-out pages; "
        "name it under match.encoder to use it",
    )
    held_out: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of the questions whose pages are kept for the test",
    )
    max_pairs: int = Field(
        1000,
        ge=50,
        description="most pairs of a question and a cited passage to learn from, and most pairs "
        "of headings",
    )
    epochs: int = Field(2, ge=1, description="times all pairs are seen")
    batch_size: int = Field(32, ge=2, description="pairs compared with each other at a time")
    learning_rate: float = Field(5e-5, gt=0, description="largest step of the optimiser")
    max_tokens: int = Field(128, ge=16, description="most tokens read of a text while learning")


class CostSettings(SettingsSection):
    """What models cost."""

    prices: PathText = Field(
        "",
        description="your price table (TOML); '' for the shipped one, which you should check",
    )
