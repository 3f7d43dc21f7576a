"""Inputs: what a run reads, and what follows from it before anything is embedded."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.collect.claims import split_claims
from coverage_kit.collect.logs import describe_mapping, read_log
from coverage_kit.collect.logs.doubts import collect_doubts
from coverage_kit.collect.mentions import find_mentions
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.site import SiteReading, read_source
from coverage_kit.collect.urls import page_id, site_name
from coverage_kit.embed.tokens import read_token_limit
from coverage_kit.errors import LogError, SettingsError, SiteError
from coverage_kit.match.masking import CitedPages
from coverage_kit.measure.sites import bare_domain, site_owner
from coverage_kit.parallel import WorkPlan
from coverage_kit.pipeline.fetches import RunFetches, collect_fetches
from coverage_kit.pipeline.grouping import group_log
from coverage_kit.pipeline.levels import find_asked
from coverage_kit.pipeline.question_checks import collect_checks, collect_missing
from coverage_kit.pipeline.run import MAX_TRACKED_SITES, Run
from coverage_kit.settings import Settings, SiteSettings
from coverage_kit.tables import (
    MISSING_ITEMS,
    PAGES,
    QUESTION_CHECKS,
    UNREAD,
    Claims,
    Groups,
    LogTables,
    Mentions,
    MissingItems,
    Pages,
    Passages,
    QuestionChecks,
    Unread,
)
from coverage_kit.vocabulary import DUPLICATE_OF

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SitePages:
    """The pages of all sites.

    Attributes:
        pages: the pages, read or rejected.
        own_site: name of your site.
        brand_sites: the site of each tracked brand, your own first.
        unread: what the sources of all sites hold besides their pages.
    """

    pages: Pages
    own_site: str
    brand_sites: Mapping[str, str]
    unread: Unread = field(default_factory=UNREAD.empty)


@dataclass(frozen=True)
class Inputs:
    """What a run reads.

    Attributes:
        log: tables of the log, near-duplicate queries grouped where there are very many.
        groups: which query is in which group; no rows where nothing was grouped.
        n_queries_read: distinct queries in the log, before they were grouped.
        sites: pages of all sites, and who is who.
        passages: passages of all sites.
        claims: claims of the answers.
        mentions: brands that the answers name.
        brand_names: names of each tracked brand, its label first, your own brand first.
        brand: name of your brand; empty where the settings name none.
        question_checks: what people and models found of the questions that they checked.
        missing_items: what models found that your site lacks of complete answers.
        fetches: what access logs show of the robots of assistants.
    """

    log: LogTables
    groups: Groups
    n_queries_read: int
    sites: SitePages
    passages: Passages
    claims: Claims
    mentions: Mentions
    brand_names: list[tuple[str, ...]]
    brand: str
    question_checks: QuestionChecks = field(default_factory=QUESTION_CHECKS.empty)
    missing_items: MissingItems = field(default_factory=MISSING_ITEMS.empty)
    fetches: RunFetches = field(default_factory=RunFetches)

    @property
    def own_site(self) -> str:
        """Name of your site."""
        return self.sites.own_site

    @property
    def pages(self) -> Pages:
        """Pages of all sites."""
        return self.sites.pages

    @cached_property
    def own_pages(self) -> Pages:
        """Pages of your site."""
        return self.pages[self.pages["site"] == self.own_site]

    @cached_property
    def is_own_passage(self) -> npt.NDArray[np.bool_]:
        """Which passages are your site's, shape (n passages,)."""
        return np.asarray(self.passages["site"] == self.own_site, dtype=bool)

    @cached_property
    def own_passages(self) -> Passages:
        """Passages of your site. Raises SiteError when it has none."""
        own = self.passages[self.is_own_passage].reset_index(drop=True)
        if own.empty:
            counts = self.own_pages["status"].value_counts()
            found = ", ".join(f"{n} x {status}" for status, n in counts.items()) or "no page"
            cure = "Check [site] source."
            raise SiteError(self.own_site, "at least one page with text", found, cure)
        return own

    @property
    def is_cited(self) -> npt.NDArray[np.bool_]:
        """Which queries have an answer that cites your readable pages, logged or reported, (n,)."""
        return self.cited_pages.is_covered

    @cached_property
    def cited_pages(self) -> CitedPages:
        """Which queries have answers that cite which of your readable pages.

        A page that repeats another one counts as that page: what it says was read there.
        """
        status = self.own_pages["status"].astype("str")
        is_copy = status.str.startswith(DUPLICATE_OF)
        original = self.own_pages["page_id"].where(
            ~is_copy, status.str.removeprefix(DUPLICATE_OF).str.strip().map(page_id)
        )
        readable = pd.Series(original.to_numpy(), index=self.own_pages["page_id"])
        readable = readable[((status == "ok") | is_copy).to_numpy()]
        citations = self.log.citations[self.log.citations["kind"] == "cited"]
        cited = pd.DataFrame(
            {
                "answer_id": citations["answer_id"],
                "page_id": citations["url"].map(page_id).map(readable),
            }
        ).dropna()
        query_of = self.log.answers.set_index("answer_id")["query_id"]
        is_logged = self.log.queries["query_id"].isin(citations["answer_id"].map(query_of))
        cited["query_id"] = cited["answer_id"].map(query_of)
        cited = cited[["query_id", "page_id"]].dropna().drop_duplicates()
        rows = pd.Index(self.log.queries["query_id"]).get_indexer(pd.Index(cited["query_id"]))
        is_known = rows >= 0
        rows = np.asarray(rows[is_known], dtype=np.int64)
        is_cited = np.zeros(len(self.log.queries), dtype=bool)
        is_cited[rows] = True
        return CitedPages(
            is_cited=is_cited,
            is_logged=np.asarray(is_logged, dtype=bool),
            query_rows=rows,
            page_ids=tuple(cited["page_id"][is_known]),
            is_reported=np.asarray(self.log.queries["times_cited"].fillna(0) > 0, dtype=bool),
            is_asked=find_asked(self.log.queries),
        )

    @cached_property
    def last_year(self) -> int:
        """The year of the log's last answer; 0 where the log has no times."""
        last = self.log.answers["asked_at"].max()
        return 0 if pd.isna(last) else int(last.year)


def read_inputs(run: Run) -> Inputs:
    """Return what the run's settings name: log, checks, sites, passages, claims and mentions.

    Raises LogError and SiteError for a log or a site that cannot be read or holds nothing, and
    SchemaError for checks that cannot be read or contradict each other.
    """
    settings = run.settings
    log = collect_log(settings, run.work_plan)
    n_queries_read = len(log.queries)
    # Grouping comes first: everything after it reads only one question of each group.
    log, groups = group_log(run, log)
    question_checks = collect_checks(settings, log.queries)
    sites = collect_pages(settings)
    log = assign_owner_sites(log, settings, sites.own_site, sites.brand_sites)
    limit = read_token_limit(run.encoder)
    passages = split_pages(sites.pages, settings.match.passage_words, *limit)
    brand_names = list_brand_names(settings, sites.brand_sites)
    inputs = Inputs(
        log=log,
        groups=groups,
        n_queries_read=n_queries_read,
        sites=sites,
        passages=passages,
        claims=split_claims(log.answers),
        mentions=find_all_mentions(log, brand_names),
        brand_names=brand_names,
        brand=settings.site.brand[0] if settings.site.brand else "",
        question_checks=question_checks,
        missing_items=collect_missing(settings, log.queries, question_checks),
        fetches=collect_fetches(settings, sites.pages[sites.pages["site"] == sites.own_site]),
    )
    _ = inputs.own_passages  # a site without text ends the run here, before anything is embedded
    run.clock.finish("collect")
    return inputs


def collect_log(settings: Settings, work_plan: WorkPlan) -> LogTables:
    """Return the log's tables, and warn of what may be read wrongly in it and in the panel.

    Raises LogError when the settings name no log, and with [log] strict for any doubt.
    """
    if not settings.log.files:
        cure = "Name files or folders with [log] files."
        raise LogError("log.files", "at least one log of questions", "none", cure)
    log = work_plan.read_log(settings.log)
    logger.info("columns of the log: %s", describe_mapping(log.mapping))
    sources = log.sources.to_dict("records")
    if settings.before_after.changed_at and settings.before_after.files:
        # It is read again when it is measured, which would be late to say what is doubtful.
        panel = settings.log.model_copy(update={"files": settings.before_after.files})
        sources += read_log(panel, must_have_columns=False).sources.to_dict("records")
    # They are said before the heavy work begins; the workbook lists them.
    for doubt in collect_doubts(sources):
        logger.warning("%s", doubt)
    return log


def collect_pages(settings: Settings) -> SitePages:
    """Return the pages of all sites, and the sites of the tracked brands.

    A source is one site, named after the site of most of its readable pages. Only a competitor's
    folder without base_url and brand may hold many sites. A brand without a name has its site's.
    Raises SiteError when two sources have one name.
    """
    own = _read_source(settings.site, settings)
    own_pages, own_site = _name_site(own.pages)
    tables = [own_pages]
    unread = [own.unread.assign(site=own_site)]
    # The order counts: your brand is the first everywhere.
    brand_sites = {settings.site.brand[0] if settings.site.brand else own_site: own_site}
    for competitor in settings.competitors:
        reading = _read_source(competitor, settings)
        table = reading.pages
        if competitor.base_url or competitor.brand:
            table, name = _name_site(table)
            brand_sites[competitor.brand[0] if competitor.brand else name] = name
        earlier = {str(site) for read in tables for site in read["site"].unique()}
        repeated = set(table["site"]) & earlier
        if repeated:
            cure = "Set its base_url, or leave it out."
            found = f"{min(repeated)!r} twice"
            raise SiteError(competitor.source, "a site with a name of its own", found, cure)
        tables.append(table)
        unread.append(reading.unread)
    # Sorted, so that the order in which pages were met decides nothing.
    pages = pd.concat(tables).sort_values("page_id", kind="stable", ignore_index=True)
    PAGES.check(pages, "collect_pages() returned")
    # Sites of a competitor's folder that have no brand: those with most pages are tracked.
    n_pages = pages["site"].value_counts()
    by_n_pages = sorted(map(str, n_pages.index), key=lambda site: (-n_pages[site], site))
    unnamed = [site for site in by_n_pages if site not in brand_sites.values()]
    n_free = max(0, MAX_TRACKED_SITES - len(brand_sites))
    brand_sites |= {site: site for site in unnamed[:n_free]}
    return SitePages(pages, own_site, brand_sites, pd.concat(unread, ignore_index=True))


def _read_source(site: SiteSettings, settings: Settings) -> SiteReading:
    """Return what one source holds, without the run's folders and other sources within it."""
    sources = (settings.site, *settings.competitors)
    others = [settings.out, *(other.source for other in sources if other.source != site.source)]
    return read_source(site, settings.crawl, settings.cache, others)


def _name_site(pages: Pages) -> tuple[Pages, str]:
    """Return the pages under one site name, that of most readable pages, and the name."""
    # Where two sites have equally many pages, mode() sorts them, so the choice does not vary.
    name = str(pages.loc[pages["status"] == "ok", "site"].mode().iloc[0])
    return pages.assign(site=pd.Series([name] * len(pages), index=pages.index, dtype="str")), name


def assign_owner_sites(
    log: LogTables, settings: Settings, own_site: str, brand_sites: Mapping[str, str]
) -> LogTables:
    """Return the log in which citations of a site's further domains have that site's name.

    Raises SettingsError for a domain of two owners.
    """
    owners: dict[str, str] = {}
    named = [(own_site, settings.site)]
    named += [(_name_of(other, brand_sites), other) for other in settings.competitors]
    for name, site in named:
        for domain in map(bare_domain, (name, *site.domains)) if name else ():
            if owners.setdefault(domain, name) != name:
                found = f"{owners[domain]!r} and {name!r}"
                cure = "List it under one of them."
                raise SettingsError("domains", f"an owner of {domain!r}", found, cure)
    citations = log.citations.assign(site=site_owner(log.citations["site"], owners))
    return replace(log, citations=citations)


def _name_of(site: SiteSettings, brand_sites: Mapping[str, str]) -> str:
    return brand_sites.get(site.brand[0], "") if site.brand else site_name(site.base_url)


def list_brand_names(settings: Settings, brand_sites: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the names of each tracked brand, its label first."""
    sites = (settings.site, *settings.competitors)
    aliases = {site.brand[0]: site.brand for site in sites if site.brand}
    return [aliases.get(brand, (brand,)) for brand in brand_sites]


def find_all_mentions(log: LogTables, brand_names: list[tuple[str, ...]]) -> Mentions:
    """Return the mentions in the answers' words, then those that the log lists.

    Tracked brands are named by their label. Other brands stay: they show that an answer's mentions
    are logged, though it names no tracked brand.
    """
    # Logs spell a brand in other cases and spacings than the settings, so both sides are folded.
    labels = {_fold(name): names[0] for names in brand_names for name in names}
    brands = log.mentions["brand"].map(lambda name: labels.get(_fold(str(name)), name))
    listed = log.mentions.assign(brand=brands.astype("str"))
    mentions = pd.concat([find_mentions(log.answers, brand_names), listed], ignore_index=True)
    # A brand in the words and in the log's list counts once. Mentions in the words come first, so
    # their order stays.
    mentions = mentions.drop_duplicates(["answer_id", "brand"], ignore_index=True)
    return mentions.assign(position=mentions.groupby("answer_id").cumcount())


def _fold(name: str) -> str:
    """Return a name without case and with single spaces."""
    return " ".join(name.split()).casefold()
