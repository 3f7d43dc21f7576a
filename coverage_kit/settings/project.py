"""Settings: every setting of a project, frozen; an unknown key is an error.

Descriptions are the one place where a setting is explained: coverage.toml and docs/settings.md are
written from them. `examples` are values for the template where there is no default.
"""

from datetime import date
from typing import Literal

from pydantic import Field, field_validator

from coverage_kit.net.logins import take_login
from coverage_kit.settings.models import (
    AskSettings,
    CostSettings,
    DraftSettings,
    JudgeSettings,
    ModelPath,
    PathText,
    PathTexts,
    SettingsSection,
    TuneSettings,
)


class SiteSettings(SettingsSection):
    """One site: where its pages are, what URL they have, and by which names its brand is known."""

    source: PathText = Field(
        min_length=1,
        description="folder of HTML or Markdown, sitemap URL, or URL at which a crawl starts; a "
        "login in it (https://user:password@host/) is sent to that host and is in no report",
        examples=["site", "https://www.rival.example/sitemap.xml"],
    )
    base_url: str = Field(
        "",
        description="URL of the folder's root, such as https://www.example.com: "
        "so pages match the URLs that the log cites",
    )
    brand: tuple[str, ...] = Field(
        (),
        description="names under which answers may mention the brand; the first is the label",
        examples=[[], ["Rival"]],
    )
    domains: tuple[str, ...] = Field(
        (),
        description="further domains of the same owner, each with its subdomains: "
        "their citations count as the site's",
    )

    @field_validator("source", "base_url", mode="before")
    @classmethod
    def _take_login(cls, url: object) -> object:
        """Keep user and password out of the settings, which runs write into their reports."""
        return take_login(url) if isinstance(url, str) else url


class CrawlSettings(SettingsSection):
    """Manners and budgets of the crawler."""

    max_pages: int = Field(500, ge=1, description="most pages to fetch")
    max_megabytes: float = Field(
        500.0, gt=0, description="most megabytes to fetch, after decompression"
    )
    max_seconds: float = Field(3600.0, gt=0, description="most seconds to spend")
    max_page_megabytes: float = Field(8.0, gt=0, description="larger pages are rejected")
    delay_seconds: float = Field(
        1.0,
        ge=0,
        description="pause between two requests; robots.txt may ask for up to a minute",
    )
    timeout_seconds: float = Field(
        20.0,
        gt=0,
        description="seconds to wait for an answer; a slow one may take three times as long",
    )
    retries: int = Field(
        3,
        ge=0,
        description="further tries after a timeout, 429 or 5xx, with growing pauses",
    )
    user_agent: str = Field(
        "coverage_kit", min_length=1, description="name under which the crawler asks"
    )
    allow_private_addresses: bool = Field(
        False, description="whether localhost and private networks may be fetched"
    )
    use_sitemaps: bool = Field(
        True,
        description="whether a crawl also reads the pages of the sitemaps that robots.txt names",
    )
    other_sitemap_hosts: tuple[str, ...] = Field(
        (),
        description="further hosts whose sitemaps may list pages of a site; without this, "
        "robots.txt must name such a sitemap",
    )
    render: bool = Field(
        False,
        description="whether pages whose text is missing without scripts are opened in a browser; "
        "it needs the extra browser and an installed Chromium or Chrome",
    )
    render_hosts: tuple[str, ...] = Field(
        (),
        description="further hosts from which such pages may load scripts and data",
    )
    browser: PathText = Field(
        "",
        description="program of that browser; '' looks for chromium, google-chrome and the like",
    )


class LogSettings(SettingsSection):
    """The logs of answers, and how their columns are named."""

    files: PathTexts = Field(
        (),
        description="files that APIs, apps, traces and trackers export (docs/howto/logs.md), "
        "or folders of them: CSV, TSV, JSON, JSONL, Parquet, xlsx",
        examples=[["answers.jsonl"]],
    )
    columns: dict[str, str] = Field(
        {},
        description="column names by field, for columns that are not recognised. Fields: query, "
        "answer, engine, model, surface, market, run_id, asked_at, demand, citations, retrieved, "
        "searches, has_searched, mentions, error, status",
        examples=[{"query": "What they typed", "answer": "What it said"}],
    )
    strict: bool = Field(
        False,
        description="whether a run stops where the log may be read wrongly: the error lists the "
        "doubts and their cures; otherwise they are shown, and the run goes on",
    )
    max_answers: int = Field(
        200_000,
        ge=100,
        description="most answers to keep whole; of a longer log a sample is kept, and every "
        "question counts",
    )


class VisibilitySettings(SettingsSection):
    """Which cited sites are communities, and how many prompts a figure needs."""

    community: tuple[str, ...] = Field(
        (),
        description="further domains whose pages their users write, beside the known forums, "
        "encyclopedias and networks",
    )
    min_prompts: int = Field(
        20,
        ge=2,
        description="figures that rest on effectively fewer prompts are marked as low n",
    )


class BeforeAfterSettings(SettingsSection):
    """What was changed on the site and when, to compare before and after."""

    files: PathTexts = Field(
        (),
        description="logs of the panel that was asked before and after, or folders of them, "
        "if they are not among the [log] files",
    )
    changed_at: date | None = Field(
        None,
        description="day on which the changes were live; without it nothing is compared",
        examples=[date(2026, 10, 5)],
    )
    window_days: int = Field(
        28, ge=1, description="days before and after that day whose answers are compared"
    )
    pages: tuple[str, ...] = Field(
        (),
        description="changed pages: page ids, URLs, or patterns such as www.example.com/guides/*",
    )


class AnalyticsSettings(SettingsSection):
    """Exports of web analytics and search console."""

    sessions: PathTexts = Field(
        (),
        description="GA4 exports, or folders of them: CSV of the interface, API rows or tables",
    )
    search_console: PathTexts = Field(
        (),
        description="Search Console exports with days, queries or pages, or folders of them",
    )
    ai_sources: dict[str, str] = Field(
        {},
        description="further AI assistants: name = regular expression of the session source",
        examples=[{"Acme": r"assistant\.acme\.example"}],
    )


class FetchSettings(SettingsSection):
    """The access logs of your web server: what the robots of assistants ask for."""

    files: PathTexts = Field(
        (),
        description="access logs, packed by gzip or not, or folders of them: nginx, Apache, Caddy, "
        "Cloudflare Logpush, or a table (docs/howto/access_logs.md)",
    )
    bot_ranges: PathTexts = Field(
        (),
        description="newer lists of the addresses of assistants' robots, as their vendors publish "
        "them, each under the vendor's name, such as gptbot.json; or folders of them",
    )
    ranges_read_at: date | None = Field(
        None,
        description="day on which you downloaded these lists; without it a list counts from the "
        "day on which its vendor made it",
        examples=[date(2026, 11, 30)],
    )
    max_list_days: int = Field(
        90,
        ge=0,
        description="days that a list holds before it was made and after it was downloaded; "
        "requests of other days are neither verified nor spoofed",
    )


# docs/method.md says what rounds and refits are for (Calibration: hide-and-seek). It also has
# measurements of what a limit of queries costs (Very long logs).
class MatchSettings(SettingsSection):
    """How questions are compared with passages."""

    encoder: ModelPath = Field(
        "minilm",
        description="minilm (the bundled all-MiniLM-L6-v2, English), a sentence-transformers "
        "name, or a model folder",
    )
    cross_encoder: ModelPath = Field(
        "",
        description="a sentence-transformers CrossEncoder by name or folder: slow, often more "
        "accurate; '' for none",
    )
    runtime: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="what computes the encoder: torch, openvino, or auto "
        "(the GPU by torch, else OpenVINO if installed, else torch)",
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto",
        description="numeric precision of the encoder: fp32, bf16, fp16, or auto "
        "(fp16 on a GPU, bf16 on a CPU that has it, else fp32)",
    )
    max_queries: int = Field(
        20_000,
        ge=100,
        description="most distinct questions to read; of more, near-duplicates are grouped and "
        "one of each group is read",
    )
    passage_words: int = Field(
        180,
        ge=20,
        description="most words of a passage, code left out; fewer where the encoder reads less",
    )
    neighbors: int = Field(100, ge=10, description="passages of your site kept for each question")
    competitor_neighbors: int = Field(
        5, ge=1, description="passages of each other site kept for each question"
    )
    unanswered_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of unanswered questions, if you know it from reading a sample of the "
        "log; 0: not known",
    )
    calibration_rounds: int = Field(
        12, ge=2, description="rounds in which passages are hidden to calibrate coverage"
    )
    bootstraps: int = Field(60, ge=20, description="refits from which intervals are read")
    polish_names: bool = Field(
        False,
        description="let the model of [judge], or else of [draft], polish the names of gaps; "
        "it costs what [judge] allows",
    )


class ChecksSettings(SettingsSection):
    """What people decide: whether your site answers a question, and which gaps are dismissed."""

    path: PathText = Field(
        "checks.csv",
        description="CSV of the questions to check, which 'coverage-kit sample' draws and every "
        "run reads",
    )
    dismissed: PathText = Field(
        "dismissed.csv",
        description="CSV of the gaps that people dismissed, which 'coverage-kit dismiss' and the "
        "workbook fill and every run reads",
    )


# docs/method.md lists the same minutes and how they add up (Edits, Cost).
class RankSettings(SettingsSection):
    """What an edit costs an editor, in minutes, and the budget."""

    budget_minutes: float = Field(480.0, gt=0, description="editor minutes to spend")
    budget_words: int = Field(0, ge=0, description="most words to add or change; 0: no limit")
    edits_per_page: int = Field(0, ge=0, description="most edits of one page; 0: no limit")
    locked_pages: tuple[str, ...] = Field(
        (),
        description="pages that no edit may touch: page ids, or patterns such as "
        "www.example.com/legal/*",
    )
    edits_per_gap: int = Field(12, ge=1, description="most candidate edits for each gap")
    heading_minutes: float = Field(3.0, ge=0, description="minutes to reword a heading")
    extend_minutes: float = Field(8.0, ge=0, description="minutes to extend a passage")
    section_minutes: float = Field(15.0, ge=0, description="minutes to add a section")
    page_minutes: float = Field(60.0, ge=0, description="minutes to add a page")
    added_word_minutes: float = Field(0.05, ge=0, description="minutes for each word added")
    changed_word_minutes: float = Field(0.02, ge=0, description="minutes for each word changed")
    claim_minutes: float = Field(
        10.0, ge=0, description="minutes for each claim that needs a source"
    )


class ReportSettings(SettingsSection):
    """How the page looks: your logo and your colour."""

    logo: PathText = Field(
        "",
        description="picture that the page shows beside your site's name: PNG, SVG, JPEG or WebP, "
        "200 kB at most; '' shows none",
    )
    accent: str = Field(
        "",
        pattern=r"^(#[0-9a-fA-F]{6})?$",
        description="colour of links and marks on the page, such as '#0b62a4'; it is made darker "
        "or lighter where text in it could not be read; '' takes the tool's blue",
    )


class ParallelSettings(SettingsSection):
    """What computes reading, embedding and matching in parts (docs/cluster.md)."""

    backend: Literal["local", "ray"] = Field(
        "local",
        description="local: in this process; ray: in parts that are spread over workers",
    )
    workers: int = Field(2, ge=1, description="workers of Ray that run at a time")
    address: str = Field(
        "",
        description="address of a Ray cluster, such as auto; '' starts Ray on this machine",
    )
    part_rows: int = Field(20_000, ge=1, description="texts in one part")


class Settings(SettingsSection):
    """Every setting of a run. Read them with `read_settings`, or build them in Python."""

    out: PathText = Field(
        "runs/latest", description="folder of the run: page.html, gaps.xlsx, tables/"
    )
    cache: PathText = Field(
        "runs/cache", description="folder of vectors and fetched pages that are reused"
    )
    language: Literal["en"] = Field(
        "en", description="language of stop words and of the edits' wording"
    )
    seed: int = Field(
        0, ge=0, description="seed of every random step: the same input gives the same output"
    )
    site: SiteSettings
    competitors: tuple[SiteSettings, ...] = Field(
        (), description="further sites that compete for the citations, one block each"
    )
    log: LogSettings = LogSettings()
    crawl: CrawlSettings = CrawlSettings()
    match: MatchSettings = MatchSettings()
    checks: ChecksSettings = ChecksSettings()
    rank: RankSettings = RankSettings()
    draft: DraftSettings = DraftSettings()
    judge: JudgeSettings = JudgeSettings()
    ask: AskSettings = AskSettings()
    costs: CostSettings = CostSettings()
    tune: TuneSettings = TuneSettings()
    visibility: VisibilitySettings = VisibilitySettings()
    before_after: BeforeAfterSettings = BeforeAfterSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    fetches: FetchSettings = FetchSettings()
    report: ReportSettings = ReportSettings()
    parallel: ParallelSettings = ParallelSettings()
