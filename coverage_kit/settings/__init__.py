"""Settings: every setting of a project, read from coverage.toml. Import them from here."""

from coverage_kit.settings.models import (
    AskedEngine as AskedEngine,
    AskSettings as AskSettings,
    CostSettings as CostSettings,
    DraftSettings as DraftSettings,
    EndpointSettings as EndpointSettings,
    JudgeSettings as JudgeSettings,
    SettingsSection as SettingsSection,
    TuneSettings as TuneSettings,
)
from coverage_kit.settings.paths import (
    resolve_paths as resolve_paths,
)
from coverage_kit.settings.project import (
    AnalyticsSettings as AnalyticsSettings,
    BeforeAfterSettings as BeforeAfterSettings,
    ChecksSettings as ChecksSettings,
    CrawlSettings as CrawlSettings,
    FetchSettings as FetchSettings,
    LogSettings as LogSettings,
    MatchSettings as MatchSettings,
    ParallelSettings as ParallelSettings,
    RankSettings as RankSettings,
    Settings as Settings,
    SiteSettings as SiteSettings,
    VisibilitySettings as VisibilitySettings,
)
from coverage_kit.settings.read import (
    make_settings as make_settings,
    read_settings as read_settings,
)
from coverage_kit.settings.template import (
    write_template as write_template,
)
