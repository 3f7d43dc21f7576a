"""From logs and exports to visibility: who is seen, who else, did it move, does it bring visitors, is the brand told alike.

Glue between stages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any
from urllib.parse import urljoin

import pandas as pd

from coverage_kit import tables
from coverage_kit.collect.analytics import read_sessions
from coverage_kit.collect.logs import read_log
from coverage_kit.collect.mentions import find_branded, find_mentions
from coverage_kit.collect.search_console import read_search_console
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.errors import SettingsError
from coverage_kit.measure.associations import (
    associate_demand,
    weekly_branded,
    weekly_page_clicks,
    weekly_visits,
)
from coverage_kit.measure.before_after import Treatment, measure_change
from coverage_kit.measure.competitors import find_competitors
from coverage_kit.measure.drift import measure_drift
from coverage_kit.measure.holders import measure_holders
from coverage_kit.measure.referrals import (
    LoggedAnswers,
    OwnSite,
    measure_referrals,
    name_assistants,
)
from coverage_kit.measure.sites import bare_domain, site_owner
from coverage_kit.measure.visibility import TrackedBrands, measure_visibility
from coverage_kit.settings import Settings, SiteSettings
from coverage_kit.tables import LogTables

_TRACKED = 11
_OF_NAMES = ("mention_rate", "share_of_voice")


@dataclass(frozen=True)
class VisibilityInputs:
    """What a run knows before visibility is measured: the own site, the brands, and what was found of the queries.

    `brand_sites` is the site of each tracked brand, the own one first; `names` are the names of
    each.
    """

    own_site: str
    brand_sites: Mapping[str, str]
    names: list[tuple[str, ...]]
    pages: tables.Pages
    mentions: tables.Mentions
    clusters: tables.Clusters
    coverage: tables.Coverage
    edits: tables.Edits

    @property
    def own_pages(self) -> tables.Pages:
        """The own site's pages."""
        return self.pages[self.pages["site"] == self.own_site]


@dataclass(frozen=True)
class VisibilityTables:
    """The tables of visibility; those for which nothing was given are empty."""

    visibility: tables.Visibility
    holders: tables.Holders
    competitors: tables.Competitors
    verdicts: tables.Verdicts
    drifts: tables.Drifts
    sessions: tables.Sessions
    search_demand: tables.SearchDemand
    referrals: tables.Referrals
    associations: tables.Associations
    rejects: tables.Rejects


def assign_owner_sites(
    log: LogTables,
    settings: Settings,
    own_site: str,
    brand_sites: Mapping[str, str],
) -> LogTables:
    """Return the log with every citation of a domain that the settings give to a site under that site's name.

    Raises SettingsError for a domain of two owners.
    """
    owners: dict[str, str] = {}
    named = [
        (own_site, settings.site),
        *((_name_of(other, brand_sites), other) for other in settings.competitors),
    ]
    for name, site in named:
        for domain in map(bare_domain, (name, *site.domains)) if name else ():
            if owners.setdefault(domain, name) != name:
                cure = "List it under one of them."
                raise SettingsError(
                    "domains",
                    f"an owner of {domain!r}",
                    f"{owners[domain]!r} and {name!r}",
                    cure,
                )
    return replace(
        log,
        citations=log.citations.assign(site=site_owner(log.citations["site"], owners)),
    )


def _name_of(other: SiteSettings, brand_sites: Mapping[str, str]) -> str:
    return brand_sites.get(other.brand[0], "") if other.brand else site_name(other.base_url)


def find_all_mentions(log: LogTables, names: list[tuple[str, ...]]) -> tables.Mentions:
    """Return the mentions found in the answers' words, then those that the log itself tells of, tracked brands by their label.

    Other brands stay: they say that an answer's mentions are logged, though it names none of the
    tracked.
    """
    labels = {" ".join(name.split()).casefold(): brand[0] for brand in names for name in brand}
    brands = log.mentions["brand"].map(
        lambda name: labels.get(" ".join(str(name).split()).casefold(), name)
    )
    told = log.mentions.assign(brand=brands.astype("str"))
    both = pd.concat([find_mentions(log.answers, names), told], ignore_index=True)
    both = both.drop_duplicates(["answer_id", "brand"], ignore_index=True)
    return both.assign(position=both.groupby("answer_id").cumcount())


def track_visibility(
    settings: Settings, log: LogTables, known: VisibilityInputs
) -> VisibilityTables:
    """Return how visible the site is in the log, and what the settings' further logs and exports tell.

    Competitors that the log proposes are measured beside those of the settings, but only by
    citations: names by which answers may mention them are not known. Raises LogError for a file of
    the settings that cannot be read.
    """
    branded = find_branded(log.queries, settings.site.brand)
    community = settings.visibility.community
    clusters = dict(
        zip(
            known.clusters["query_id"],
            known.clusters["cluster_id"],
            strict=True,
        )
    )
    declared = TrackedBrands(
        dict(known.brand_sites),
        branded,
        clusters,
        min_prompts=settings.visibility.min_prompts,
    )
    competitors = find_competitors(log.answers, log.citations, declared, community)
    proposed = list(competitors.loc[competitors["kind"] == "competitor", "site"])
    added = proposed[: max(0, _TRACKED - len(known.brand_sites))]
    panel = replace(
        declared,
        brand_sites={
            **known.brand_sites,
            **dict(zip(added, added, strict=True)),
        },
    )
    panel_log = (
        read_change_log(settings, known.own_site, known.brand_sites)
        if settings.before_after.files
        else log
    )
    verdicts, drifts = _compare(settings, panel_log, known, branded, clusters)
    sessions, of_sessions = _read(read_sessions, settings.analytics.sessions, tables.SESSIONS)
    demand, of_demand = _read(
        read_search_console,
        settings.analytics.search_console,
        tables.SEARCH_DEMAND,
    )
    visibility = measure_visibility(log.answers, log.citations, log.spans, known.mentions, panel)
    home = settings.site.base_url or _home(known.own_pages)
    asked = LoggedAnswers(log.answers, log.citations, known.clusters, known.coverage, known.edits)
    own = OwnSite(home, page_id, known.own_pages)
    return VisibilityTables(
        visibility=_without_unnamed(visibility, panel.brand_sites, settings),
        holders=measure_holders(log.answers, log.citations, panel, community, proposed),
        competitors=competitors,
        **{
            "verdicts": verdicts,
            "drifts": drifts,
            "sessions": sessions,
            "search_demand": demand,
        },
        referrals=measure_referrals(sessions, own, asked, settings.analytics.ai_sources),
        associations=_associate(settings, visibility, known.own_site, sessions, demand, home),
        rejects=pd.concat(
            [
                log.rejects,
                *([panel_log.rejects] if settings.before_after.files else []),
                of_sessions,
                of_demand,
            ],
            ignore_index=True,
        ).drop_duplicates(["file", "line"], ignore_index=True),
    )


def _compare(
    settings: Settings,
    panel: LogTables,
    known: VisibilityInputs,
    branded: list[str],
    clusters: dict[str, str],
) -> tuple[tables.Verdicts, tables.Drifts]:
    """Return before and after of the change that the settings name; nothing where they name none."""
    change = settings.before_after
    if change.changed_at is None:
        return tables.VERDICTS.empty(), tables.DRIFTS.empty()
    mentions = find_all_mentions(panel, known.names) if change.files else known.mentions
    treated = find_treated(change.pages, known.coverage)
    brand = next(iter(known.brand_sites), "") if settings.site.brand else ""
    treatment = Treatment(
        known.own_site,
        brand,
        clusters,
        treated,
        change.changed_at,
        change.window_days,
        branded,
    )
    verdicts = measure_change(panel.answers, panel.citations, mentions, treatment, settings.seed)
    return verdicts, measure_drift(panel.answers, panel.citations, treatment, settings.seed)


def read_change_log(
    settings: Settings,
    own_site: str,
    brand_sites: Mapping[str, str] | None = None,
) -> LogTables:
    """Return the log of the panel that is asked before and after a change: that of [before_after], else that of [log].

    Columns set by hand for the log count for the panel too, where it has them. Raises LogError for
    a file that cannot be read.
    """
    log = settings.log.model_copy(
        update={"files": settings.before_after.files or settings.log.files}
    )
    return assign_owner_sites(
        read_log(log, must_have_columns=False),
        settings,
        own_site,
        brand_sites or {},
    )


def find_treated(patterns: tuple[str, ...], coverage: tables.Coverage) -> list[str]:
    """Return the queries whose nearest own passage is on a page that fits a pattern.

    Not those whose answers cite such a page: chosen by the outcome, they would seem to have risen.
    """
    wanted = [_as_page(pattern) for pattern in patterns]
    pages = coverage["own_passage_id"].fillna("").str.rsplit("#", n=1).str[0]
    is_changed = pages.map(lambda page: any(fnmatch(page, pattern) for pattern in wanted))
    return list(coverage.loc[is_changed.astype(bool), "query_id"])


def _associate(
    settings: Settings,
    visibility: tables.Visibility,
    own_site: str,
    sessions: tables.Sessions,
    demand: tables.SearchDemand,
    home: str,
) -> tables.Associations:
    """Return how mentions and visits from assistants go with branded demand and demand for the home page."""
    signals: dict[str, pd.DataFrame] = {
        "mentions of the brand in AI answers": weekly_mentions(visibility, own_site)
    }
    demands: dict[str, pd.DataFrame] = {}
    if len(sessions):
        is_ai = name_assistants(sessions, settings.analytics.ai_sources).notna()
        signals["visits from AI assistants"] = weekly_visits(sessions, is_ai)
        is_home = sessions["landing_page"].map(
            lambda path: isinstance(path, str) and page_id(urljoin(home, path)) == page_id(home)
        )
        demands["other visits to the home page"] = weekly_visits(
            sessions, is_home.astype(bool) & ~is_ai
        )
    if len(demand):
        names = settings.site.brand or (own_site,)
        demands["branded impressions"] = weekly_branded(demand, names)
        demands["branded clicks"] = weekly_branded(demand, names, "n_clicks")
        demands["search clicks on the home page"] = weekly_page_clicks(
            demand, lambda url: page_id(url) == page_id(home)
        )
    return associate_demand(signals, demands, seed=settings.seed)


def weekly_mentions(visibility: tables.Visibility, site: str) -> pd.DataFrame:
    """Return the share of answers that name the site's brand by week, over all engines and surfaces: a signal, no measure."""
    rows = visibility[
        (visibility["measure"] == "mention_rate")
        & (visibility["split_by"] == "week")
        & (visibility["site"] == site)
    ]
    sums = rows.groupby("segment")[["numerator", "denominator"]].sum()
    values = (sums["numerator"] / sums["denominator"].where(sums["denominator"] > 0)).dropna()
    weeks = pd.to_datetime(values.index.to_series(), utc=True)
    return pd.DataFrame({"week": weeks.to_numpy(), "value": values.to_numpy()})


def _without_unnamed(
    visibility: tables.Visibility,
    brand_sites: Mapping[str, str],
    settings: Settings,
) -> tables.Visibility:
    """Return the figures without mentions of sites for which no name of a brand is known."""
    declared = {name for site in (settings.site, *settings.competitors) for name in site.brand}
    unnamed = [site for brand, site in brand_sites.items() if brand not in declared]
    return visibility[
        ~(visibility["measure"].isin(_OF_NAMES) & visibility["site"].isin(unnamed))
    ].reset_index(drop=True)


def _read(read: Any, files: tuple[str, ...], schema: Any) -> tuple[pd.DataFrame, tables.Rejects]:
    if not files:
        return schema.empty(), tables.REJECTS.empty()
    found: tuple[pd.DataFrame, tables.Rejects] = read(files)
    return found


def _home(pages: tables.Pages) -> str:
    return f"https://{pages['page_id'].iloc[0].split('/', 1)[0]}/" if len(pages) else ""


def _as_page(pattern: str) -> str:
    """Return a page id, URL or pattern of either as a pattern of page ids."""
    return (
        re.sub(r"^(https?://)?(www\.)?", "", pattern.strip())
        if "*" in pattern
        else page_id(pattern if "://" in pattern else f"https://{pattern}")
    )
