"""Settings: every setting of a project, frozen; an unknown key is an error."""

from datetime import date
from typing import Literal

from pydantic import Field

from coverage_kit.settings.models import (
    AskSettings,
    CostSettings,
    DraftSettings,
    JudgeSettings,
    SettingsSection,
    TuneSettings,
)


class SiteSettings(SettingsSection):
    """One site: where its pages are, what URL they have, which names its brand goes by."""

    source: str = Field(
        description="folder of HTML or Markdown, sitemap URL, or URL at which to start a crawl"
    )
    base_url: str = Field(
        "",
        description="URL of a folder's root, so that its pages match the URLs cited in the log",
    )
    brand: tuple[str, ...] = Field(
        (), description="names under which answers may mention the brand"
    )
    domains: tuple[str, ...] = Field(
        (),
        description="further domains of the same owner, each with its subdomains: their citations count as the site's",
    )


class CrawlSettings(SettingsSection):
    """Manners and budgets of the crawler."""

    max_pages: int = Field(500, ge=1, description="pages fetched at most")
    max_megabytes: float = Field(
        500.0,
        gt=0,
        description="megabytes fetched at most, after decompression",
    )
    max_seconds: float = Field(3600.0, gt=0, description="seconds spent at most")
    max_page_megabytes: float = Field(8.0, gt=0, description="larger pages are rejected")
    delay_seconds: float = Field(
        1.0,
        ge=0,
        description="pause between two requests; robots.txt may ask for more",
    )
    timeout_seconds: float = Field(20.0, gt=0, description="seconds to wait for an answer")
    retries: int = Field(
        3,
        ge=0,
        description="further tries after a timeout, 429 or 5xx, with growing pauses",
    )
    user_agent: str = Field(
        "coverage_kit",
        min_length=1,
        description="name under which the crawler asks",
    )
    allow_private_addresses: bool = Field(
        False,
        description="whether localhost and private networks may be fetched",
    )


class LogSettings(SettingsSection):
    """The logs of answers and how their columns are named."""

    files: tuple[str, ...] = Field(
        (), description="CSV, JSONL, Parquet or xlsx files, or folders of them"
    )
    columns: dict[str, str] = Field(
        {},
        description="field = column, where the names are not recognised by themselves",
    )
    max_answers: int = Field(
        200_000,
        ge=100,
        description="answers kept whole at most: of a longer log a sample, drawn by their ids; all are counted",
    )


class VisibilitySettings(SettingsSection):
    """Who is who among the cited sites, and from how many prompts on a figure counts."""

    community: tuple[str, ...] = Field(
        (),
        description="further domains whose pages are written by their users, as forums are",
    )
    min_prompts: int = Field(
        20,
        ge=2,
        description="figures that rest on effectively fewer prompts are marked as low n",
    )


class BeforeAfterSettings(SettingsSection):
    """What was changed on the site and when, for the comparison of before and after."""

    files: tuple[str, ...] = Field(
        (),
        description="logs of the panel asked before and after, where it is not in the [log] files; or folders of them",
    )
    changed_at: date | None = Field(
        None,
        description="day on which the changes were live; without it nothing is compared",
    )
    window_days: int = Field(
        28,
        ge=1,
        description="days before and after that day whose answers are compared",
    )
    pages: tuple[str, ...] = Field(
        (),
        description="pages that were changed: page ids or URLs, patterns with * too",
    )


class AnalyticsSettings(SettingsSection):
    """Exports of web analytics and search console."""

    sessions: tuple[str, ...] = Field(
        (),
        description="GA4 exports: CSV of the interface, API rows or tables, or folders of them",
    )
    search_console: tuple[str, ...] = Field(
        (),
        description="Search Console exports with days, queries or pages, or folders",
    )
    ai_sources: dict[str, str] = Field(
        {},
        description="further AI assistants: name = regular expression of the session source",
    )


class MatchSettings(SettingsSection):
    """How queries are compared with passages."""

    encoder: str = Field(
        "minilm",
        description="'minilm' (bundled), a sentence-transformers name or a model folder",
    )
    cross_encoder: str = Field(
        "",
        description="reranker that reads each query with its nearest passages: slow, often surer",
    )
    runtime: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="what computes the encoder; auto: the GPU by torch, else OpenVINO where installed, else torch",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto",
        description="of the encoder's arithmetic; auto: fp16 on a GPU, bf16 on a CPU that has it, else fp32",
    )
    max_queries: int = Field(
        20_000,
        ge=100,
        description="distinct queries read at most: of more, near-duplicates are grouped, one of each is read",
    )
    passage_words: int = Field(180, ge=20, description="words of a passage at most")
    neighbors: int = Field(100, ge=10, description="own passages kept for each query")
    competitor_neighbors: int = Field(
        5, ge=1, description="passages of each other site kept for each query"
    )
    unanswered_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of unanswered queries found by reading a sample; 0: not known",
    )
    calibration_rounds: int = Field(12, ge=2, description="rounds of hide-and-seek")
    bootstraps: int = Field(60, ge=20, description="refits from which intervals are read")


class RankSettings(SettingsSection):
    """What an edit costs an editor, in minutes, and the budget."""

    budget_minutes: float = Field(480.0, gt=0, description="editor minutes to spend")
    budget_words: int = Field(0, ge=0, description="words to add or change at most; 0: no limit")
    edits_per_page: int = Field(0, ge=0, description="edits of one page at most; 0: no limit")
    locked_pages: tuple[str, ...] = Field(
        (),
        description="pages that no edit may touch: page ids, or patterns with *",
    )
    edits_per_gap: int = Field(12, ge=1, description="candidate edits for each gap at most")
    heading_minutes: float = Field(3.0, ge=0, description="rewording a heading")
    extend_minutes: float = Field(8.0, ge=0, description="extending a passage")
    section_minutes: float = Field(15.0, ge=0, description="adding a section")
    page_minutes: float = Field(60.0, ge=0, description="adding a page")
    added_word_minutes: float = Field(0.05, ge=0, description="each word added")
    changed_word_minutes: float = Field(0.02, ge=0, description="each word changed")
    claim_minutes: float = Field(10.0, ge=0, description="each claim that needs a source")


class ParallelSettings(SettingsSection):
    """What spreads embedding and matching over workers, on this machine or on a cluster."""

    backend: Literal["local", "ray"] = Field(
        "local",
        description="local: part after part in this process, resumable; ray: the parts spread over workers",
    )
    workers: int = Field(2, ge=1, description="workers at work at a time")
    address: str = Field(
        "",
        description="a Ray cluster's address, such as auto; '' starts one on this machine",
    )
    part_rows: int = Field(20_000, ge=1, description="texts in one part")


class Settings(SettingsSection):
    """Every knob of a run. Read it with `read_settings`, or build it in Python."""

    site: SiteSettings
    competitors: tuple[SiteSettings, ...] = Field(
        (), description="further sites that compete for the citations"
    )
    log: LogSettings = LogSettings()
    crawl: CrawlSettings = CrawlSettings()
    match: MatchSettings = MatchSettings()
    rank: RankSettings = RankSettings()
    draft: DraftSettings = DraftSettings()
    judge: JudgeSettings = JudgeSettings()
    ask: AskSettings = AskSettings()
    costs: CostSettings = CostSettings()
    tune: TuneSettings = TuneSettings()
    visibility: VisibilitySettings = VisibilitySettings()
    before_after: BeforeAfterSettings = BeforeAfterSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    parallel: ParallelSettings = ParallelSettings()
    out: str = Field("runs/latest", description="folder of the run")
    cache: str = Field(
        "runs/cache",
        description="folder of vectors and fetched pages that are used again",
    )
    language: Literal["en"] = Field(
        "en", description="language of stop words and of the edits' wording"
    )
    seed: int = Field(0, ge=0, description="seed of every random step")
