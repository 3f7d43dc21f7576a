"""The sections of coverage.toml that tell of models: who drafts and judges, which engines are asked, what it costs, tuning."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_URL = r"^(https?://[^\s@?#]+)?$"
_VARIABLE = r"^[A-Z_][A-Z0-9_]*$"


class SettingsSection(BaseModel):
    """A section of coverage.toml: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EndpointSettings(SettingsSection):
    """A language model behind an OpenAI-compatible endpoint."""

    model: str = Field("", description="name of the language model; '' for none")
    base_url: str = Field(
        "",
        pattern=_URL,
        description="URL of any OpenAI-compatible endpoint; '' for OpenAI's own",
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        pattern=_VARIABLE,
        max_length=60,
        description="environment variable that holds the endpoint's key; the key itself stands in no file",
    )
    timeout_seconds: float = Field(60.0, gt=0, description="seconds to wait for an answer")


class DraftSettings(EndpointSettings):
    """Who writes drafts from briefs, on 'coverage-kit draft', where anyone does."""


class JudgeSettings(EndpointSettings):
    """Who judges texts by rubrics, beside the judge that needs no model; how often, and what it may cost."""

    rubrics: str = Field(
        "",
        description="folder of further rubrics (TOML); one of a shipped rubric's name replaces it",
    )
    samples: int = Field(
        8,
        ge=1,
        description="replies whose mean is the grade, where the endpoint gives no probabilities",
    )
    repeats: int = Field(
        3,
        ge=1,
        description="times each item is judged, from which the judge's reliability is told",
    )
    max_tokens: int = Field(
        500_000,
        ge=0,
        description="tokens read and written at most; 0: no limit",
    )
    max_money: float = Field(
        5.0,
        ge=0,
        description="money spent at most, by the price table; 0: no limit",
    )


class AskedEngine(EndpointSettings):
    """One answer engine of the panel: what it is called in the tables, how it is asked, which model, how fast."""

    name: str = Field(
        min_length=1,
        description="name of the engine in every table, such as perplexity",
    )
    kind: Literal["chat", "responses", "perplexity", "gemini", "anthropic"] = Field(
        description="how it is asked: OpenAI-compatible chat completions or responses, or one of three APIs of their own"
    )
    api_key_env: str = Field(
        "",
        pattern=rf"({_VARIABLE})|^$",
        max_length=60,
        description="environment variable that holds its key; '' for the kind's",
    )
    has_search: bool = Field(True, description="whether it may search the web, where its kind can")
    timeout_seconds: float = Field(120.0, gt=0, description="seconds to wait for an answer")
    requests_per_minute: float = Field(20.0, gt=0, description="requests a minute at most")
    max_output_tokens: int = Field(2_000, ge=1, description="tokens of one answer at most")


class AskSettings(SettingsSection):
    """The panel of queries that 'coverage-kit ask' puts to engines."""

    engines: tuple[AskedEngine, ...] = Field((), description="the engines to ask, one block each")
    panel: str = Field(
        "panel.csv",
        description="CSV of the panel's queries: query, and is_holdout; or made from a run's log",
    )
    out: str = Field(
        "panel",
        description="folder of raw requests and responses, which [log] and [before_after] can read",
    )
    repeats: int = Field(
        3,
        ge=1,
        description="times each query is put to each engine in one wave",
    )
    retries: int = Field(
        4,
        ge=0,
        description="further tries after a timeout, 429 or 5xx, with growing pauses",
    )
    max_tokens: int = Field(
        2_000_000,
        ge=0,
        description="tokens read and written in one wave at most; 0: no limit",
    )
    max_money: float = Field(
        10.0,
        ge=0,
        description="money spent in one wave at most, by the price table; 0: no limit",
    )
    market: str = Field("", description="country code told to engines that take one, such as GB")


class TuneSettings(SettingsSection):
    """How 'coverage-kit tune' fine-tunes the encoder on the site's own pairs."""

    out: str = Field(
        "runs/encoder",
        description="folder of the tuned encoder, to be named under match.encoder",
    )
    held_out: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of the queries whose pages are kept for the test",
    )
    max_pairs: int = Field(
        1000,
        ge=50,
        description="pairs of query and cited passage learned from at most, and of headings",
    )
    epochs: int = Field(2, ge=1, description="times all pairs are seen")
    batch_size: int = Field(32, ge=2, description="pairs compared with each other at a time")
    learning_rate: float = Field(5e-5, gt=0, description="step of the optimiser at its largest")
    max_tokens: int = Field(128, ge=16, description="tokens read of a text at most while learning")


class CostSettings(SettingsSection):
    """What models cost."""

    prices: str = Field(
        "",
        description="price table (TOML); '' for the shipped one, which you should check",
    )
