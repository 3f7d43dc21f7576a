"""From logs and exports to visibility: who is seen, what changed, which visitors come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from urllib.parse import urljoin

import pandas as pd

from coverage_kit import tables
from coverage_kit.collect.analytics import read_sessions
from coverage_kit.collect.logs import read_log
from coverage_kit.collect.mentions import find_branded
from coverage_kit.collect.search_console import read_search_console
from coverage_kit.collect.urls import page_id
from coverage_kit.measure.associations import (
    associate_demand,
    weekly_branded,
    weekly_page_clicks,
    weekly_visits,
)
from coverage_kit.measure.before_after import Treatment, measure_change
from coverage_kit.measure.competitors import find_competitors
from coverage_kit.measure.drift import measure_drift
from coverage_kit.measure.fetches import find_absent_pages
from coverage_kit.measure.holders import measure_holders
from coverage_kit.measure.referrals import (
    LoggedAnswers,
    OwnSite,
    measure_referrals,
    name_assistants,
)
from coverage_kit.measure.visibility import TrackedBrands, measure_visibility
from coverage_kit.pipeline.coverage import RunCoverage
from coverage_kit.pipeline.edits import EditPlan
from coverage_kit.pipeline.fetches import (
    as_page_pattern,
    leave_out_unseen,
    list_own_pages,
    measure_effects,
)
from coverage_kit.pipeline.gaps import RunGaps
from coverage_kit.pipeline.inputs import Inputs, assign_owner_sites, find_all_mentions
from coverage_kit.pipeline.run import MAX_TRACKED_SITES, Run
from coverage_kit.settings import Settings
from coverage_kit.tables import LogTables
from coverage_kit.vocabulary import NAME_MEASURES


@dataclass(frozen=True)
class VisibilityTables:
    """The tables of visibility; those for which nothing was given have no rows.

    `seen_at` is the day, by engine, from which its answers count as after the change: on which its
    robots had fetched the changed pages again; empty where they have not.
    """

    visibility: tables.Visibility
    holders: tables.Holders
    competitors: tables.Competitors
    verdicts: tables.Verdicts
    drifts: tables.Drifts
    sessions: tables.Sessions
    search_demand: tables.SearchDemand
    referrals: tables.Referrals
    associations: tables.Associations
    absent_pages: tables.AbsentPages
    page_effects: tables.PageEffects
    seen_at: dict[str, str]
    rejects: tables.Rejects


@dataclass(frozen=True)
class _Exports:
    """Visits and search demand, the rows that could not be read, and the URL of your home page."""

    sessions: tables.Sessions
    search_demand: tables.SearchDemand
    rejects: list[tables.Rejects]
    home: str


def track_visibility(
    run: Run, inputs: Inputs, fitted: RunCoverage, ranked: RunGaps, plan: EditPlan
) -> VisibilityTables:
    """Return how visible your site is in the log, and what further logs and exports show.

    Competitors that the log proposes are measured beside those of the settings, but only by
    citations: nobody has said by which names answers may mention them. Raises LogError for a file
    of the settings that cannot be read.
    """
    settings = run.settings
    log = inputs.log
    community = settings.visibility.community
    declared = _track_declared(settings, inputs, fitted)
    competitors = find_competitors(log.answers, log.citations, declared, community)
    proposed = list(competitors.loc[competitors["kind"] == "competitor", "site"])
    tracked = _track_proposed(declared, proposed)
    has_change_log = bool(settings.before_after.files)
    change_log = log
    if has_change_log:
        change_log = read_change_log(settings, inputs.own_site, inputs.sites.brand_sites)
    answers, seen = leave_out_unseen(change_log.answers, inputs.fetches, settings, inputs.own_pages)
    change_log = replace(change_log, answers=answers)
    verdicts, drifts = _compare(run, inputs, ranked, declared, change_log)
    exports = _read_exports(settings, inputs)
    # Of proposed competitors only citations count: nobody has said how answers name them.
    visibility = measure_visibility(log.answers, log.citations, log.spans, inputs.mentions, tracked)
    logged = LoggedAnswers(log.answers, log.citations, fitted.clusters, ranked.coverage, plan.edits)
    own = OwnSite(exports.home, page_id, inputs.own_pages)
    rejects = [log.rejects, *([change_log.rejects] if has_change_log else []), *exports.rejects]
    rejects.append(inputs.fetches.rejects)
    measured = VisibilityTables(
        visibility=_drop_unnamed_brands(visibility, tracked, settings),
        holders=measure_holders(log.answers, log.citations, tracked, community, proposed),
        competitors=competitors,
        verdicts=verdicts,
        drifts=drifts,
        sessions=exports.sessions,
        search_demand=exports.search_demand,
        referrals=measure_referrals(exports.sessions, own, logged, settings.analytics.ai_sources),
        associations=_associate(run, inputs, visibility, exports),
        absent_pages=find_absent_pages(
            inputs.fetches.fetches, list_own_pages(settings, inputs.own_pages)
        ),
        page_effects=measure_effects(
            settings, inputs.fetches, inputs.own_pages, exports.sessions, exports.home
        ),
        seen_at={engine: "" if day is None else f"{day:%Y-%m-%d}" for engine, day in seen.items()},
        # A file may be named under [log] and under [before_after]: its rejected rows count once.
        rejects=pd.concat(rejects, ignore_index=True).drop_duplicates(
            ["file", "line"], ignore_index=True
        ),
    )
    run.clock.finish("measure")
    return measured


def _track_declared(settings: Settings, inputs: Inputs, fitted: RunCoverage) -> TrackedBrands:
    """Return the brands of the settings, the branded queries and the queries' clusters."""
    clusters = fitted.clusters
    return TrackedBrands(
        dict(inputs.sites.brand_sites),
        find_branded(inputs.log.queries, settings.site.brand),
        dict(zip(clusters["query_id"], clusters["cluster_id"], strict=True)),
        min_prompts=settings.visibility.min_prompts,
    )


def _track_proposed(declared: TrackedBrands, proposed: list[str]) -> TrackedBrands:
    """Return the tracked brands with the proposed competitors, as far as there is room."""
    n_free = max(0, MAX_TRACKED_SITES - len(declared.brand_sites))
    added = {site: site for site in proposed[:n_free]}
    return replace(declared, brand_sites={**declared.brand_sites, **added})


def _compare(
    run: Run, inputs: Inputs, ranked: RunGaps, tracked: TrackedBrands, change_log: LogTables
) -> tuple[tables.Verdicts, tables.Drifts]:
    """Return before and after of the settings' change; no rows where they name none."""
    settings = run.settings
    change = settings.before_after
    if change.changed_at is None:
        return tables.VERDICTS.empty(), tables.DRIFTS.empty()
    mentions = (
        find_all_mentions(change_log, inputs.brand_names) if change.files else inputs.mentions
    )
    # Without a name of your brand, mentions are left out of the comparison.
    brand_label = next(iter(inputs.sites.brand_sites), "") if settings.site.brand else ""
    treatment = Treatment(
        site=inputs.own_site,
        brand=brand_label,
        clusters=tracked.clusters,
        treated=find_treated(change.pages, ranked.coverage),
        changed_at=change.changed_at,
        window_days=change.window_days,
        branded=tracked.branded,
    )
    answers = change_log.answers
    citations = change_log.citations
    verdicts = measure_change(answers, citations, mentions, treatment, run.seed)
    return verdicts, measure_drift(answers, citations, treatment, run.seed)


def read_change_log(
    settings: Settings, own_site: str, brand_sites: Mapping[str, str] | None = None
) -> LogTables:
    """Return the log of [before_after], else that of [log].

    Columns that are set by hand for the log count for the panel too, where it has them. Raises
    LogError for a file that cannot be read.
    """
    files = settings.before_after.files or settings.log.files
    log = settings.log.model_copy(update={"files": files})
    panel_log = read_log(log, must_have_columns=False)
    return assign_owner_sites(panel_log, settings, own_site, brand_sites or {})


def find_treated(patterns: tuple[str, ...], coverage: tables.Coverage) -> list[str]:
    """Return the ids of the queries whose nearest own passage is on a page that fits a pattern.

    Queries whose answers cite such a page are not treated for that reason: chosen by the outcome,
    they would seem to have risen.
    """
    page_patterns = [as_page_pattern(pattern) for pattern in patterns]
    # The id of a passage is its page's id, a "#" and its position, as in "shop.example/a#3".
    page_ids = coverage["own_passage_id"].fillna("").str.rsplit("#", n=1).str[0]
    is_changed = page_ids.map(lambda page: any(fnmatch(page, pattern) for pattern in page_patterns))
    return list(coverage.loc[is_changed.astype(bool), "query_id"])


def _read_exports(settings: Settings, inputs: Inputs) -> _Exports:
    """Return what the settings' exports hold; no rows where there are none."""
    analytics = settings.analytics
    sessions, session_rejects = _read_files(read_sessions, analytics.sessions, tables.SESSIONS)
    demand, demand_rejects = _read_files(
        read_search_console, analytics.search_console, tables.SEARCH_DEMAND
    )
    home = settings.site.base_url or _home_of(inputs.own_pages)
    return _Exports(sessions, demand, [session_rejects, demand_rejects], home)


def _read_files(
    read: Callable[[tuple[str, ...]], tuple[pd.DataFrame, tables.Rejects]],
    files: tuple[str, ...],
    schema: tables.Schema,
) -> tuple[pd.DataFrame, tables.Rejects]:
    return read(files) if files else (schema.empty(), tables.REJECTS.empty())


def _home_of(pages: tables.Pages) -> str:
    """Return the URL of the home page of a site's pages; empty where there are none."""
    return f"https://{pages['page_id'].iloc[0].split('/', 1)[0]}/" if len(pages) else ""


def _associate(
    run: Run, inputs: Inputs, visibility: tables.Visibility, exports: _Exports
) -> tables.Associations:
    """Return how mentions and AI visits go with branded demand and demand for the home page."""
    settings = run.settings
    mentions = weekly_mentions(visibility, inputs.own_site)
    signals = {"mentions of the brand in AI answers": mentions}
    demands: dict[str, pd.DataFrame] = {}
    sessions = exports.sessions
    if len(sessions):
        is_ai = name_assistants(sessions, settings.analytics.ai_sources).notna()
        is_home = sessions["landing_page"].map(lambda path: _is_home_path(path, exports.home))
        signals["visits from AI assistants"] = weekly_visits(sessions, is_ai)
        # Visits from assistants are the signal, so the demand counts only the other visits.
        demands["other visits to the home page"] = weekly_visits(
            sessions, is_home.astype(bool) & ~is_ai
        )
    demand = exports.search_demand
    if len(demand):
        names = settings.site.brand or (inputs.own_site,)
        demands["branded impressions"] = weekly_branded(demand, names)
        demands["branded clicks"] = weekly_branded(demand, names, "n_clicks")
        demands["search clicks on the home page"] = weekly_page_clicks(
            demand, lambda url: page_id(url) == page_id(exports.home)
        )
    return associate_demand(signals, demands, seed=run.seed)


def _is_home_path(path: object, home: str) -> bool:
    """Return whether a landing path of an export leads to the home page."""
    return isinstance(path, str) and page_id(urljoin(home, path)) == page_id(home)


def weekly_mentions(visibility: tables.Visibility, site: str) -> pd.DataFrame:
    """Return by week the share of answers that name the site's brand, over engines and surfaces.

    It is a signal for associations, no measure: engines and surfaces are pooled.
    """
    is_weekly = (visibility["measure"] == "mention_rate") & (visibility["split_by"] == "week")
    rows = visibility[is_weekly & (visibility["site"] == site)]
    sums = rows.groupby("segment")[["numerator", "denominator"]].sum()
    denominator = sums["denominator"].where(sums["denominator"] > 0)
    values = (sums["numerator"] / denominator).dropna()
    weeks = pd.to_datetime(values.index.to_series(), utc=True)
    return pd.DataFrame({"week": weeks.to_numpy(), "value": values.to_numpy()})


def _drop_unnamed_brands(
    visibility: tables.Visibility, tracked: TrackedBrands, settings: Settings
) -> tables.Visibility:
    """Return the figures without mentions of sites whose brand has no name in the settings."""
    declared = {name for site in (settings.site, *settings.competitors) for name in site.brand}
    unnamed = [site for brand, site in tracked.brand_sites.items() if brand not in declared]
    counts_names = visibility["measure"].isin(NAME_MEASURES)
    return visibility[~(counts_names & visibility["site"].isin(unnamed))].reset_index(drop=True)
