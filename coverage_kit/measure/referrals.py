"""Visits that AI assistants send.

To which pages they go, what the log knows of these pages, and what is to be edited there.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pandas as pd

from coverage_kit.errors import SettingsError
from coverage_kit.tables import (
    REFERRALS,
    Answers,
    Citations,
    Clusters,
    Coverage,
    Edits,
    Pages,
    Referrals,
    Sessions,
    checked,
)
from coverage_kit.vocabulary import DUPLICATE_OF

# An assistant that no expression matches, and a landing page that is missing.
OTHER = "other assistant"
UNKNOWN = "unknown"
# The table of assistants, each with a regular expression for the source of its sessions.
_SOURCES = Path(__file__).with_name("ai_sources.csv")
# Columns that are summed over visits.
_SUMS = ("n_sessions", "n_engaged", "n_key_events")


@dataclass(frozen=True)
class OwnSite:
    """The site whose pages visits land on.

    Attributes:
        base_url: URL of the site's root, to which landing paths belong.
        page_id: the function that gives a URL's page its id (`collect.urls.page_id`), so that
            different spellings match.
        pages: the site's pages.
    """

    base_url: str
    page_id: Callable[[str], str]
    pages: Pages


@dataclass(frozen=True)
class LoggedAnswers:
    """What the log and the analysis know of the site's pages.

    It is which answers cite them, for which clusters, and their edits.
    """

    answers: Answers
    citations: Citations
    clusters: Clusters
    coverage: Coverage
    edits: Edits


@checked
def measure_referrals(
    sessions: Sessions,
    site: OwnSite,
    log: LoggedAnswers,
    ai_sources: Mapping[str, str] | None = None,
) -> Referrals:
    """Return the visits of each AI assistant to each landing page, most visits first.

    Each row also has what the log knows of the page. n_citations = answers that cite the page.
    cluster_id: of the queries whose answers cite the page, the cluster of most such answers; where
    none does, the cluster of most queries whose nearest passage of the site is on the page.
    share_of_sessions = the assistant's visits / all visits to the page in the export: 1 throughout
    where only visits of assistants were exported.

    GA4 cannot see every such visit. Apps and browsers that send no referrer (most visits from
    mobile apps, often the browser Atlas) land in Direct. AI Overviews and AI Mode are Google's
    search results, so they are counted under google / organic and cannot be separated. Read the
    figures as a lower bound. People who read an answer and do not click are not in them at all.

    Args:
        sessions: visits of an export, from all sources.
        site: the site.
        log: the log's tables and the analysis.
        ai_sources: further assistants (see `name_assistants`).

    Raises SettingsError for a broken regular expression.
    """
    labelled = sessions.assign(
        assistant=name_assistants(sessions, ai_sources or {}),
        page_id=_find_pages(sessions, site),
    )
    visits = labelled[labelled["assistant"].notna()]
    if visits.empty:
        return REFERRALS.empty()
    groups = visits.groupby(["assistant", "page_id"])
    table = (
        groups[list(_SUMS)]
        # Where all values are missing, the sum is missing too, and not 0.
        .sum(min_count=1)
        .join(groups["day"].agg(first_at="min", last_at="max"))
        .reset_index()
    )
    # Visits from all sources, not only from assistants.
    all_visits = table["page_id"].map(labelled.groupby("page_id")["n_sessions"].sum())
    table["share_of_sessions"] = table["n_sessions"] / all_visits.where(all_visits > 0)
    cited = _map_citations(log, site)
    table["n_citations"] = (
        table["page_id"].map(cited.groupby("page_id")["answer_id"].nunique()).fillna(0)
    )
    table["cluster_id"] = table["page_id"].map(
        {**_nearest_clusters(log), **_first_clusters(cited, "answer_id")}
    )
    n_chosen = log.edits[log.edits["is_chosen"]].groupby("page_id").size()
    table["n_edits"] = table["page_id"].map(n_chosen).fillna(0)
    table = table.sort_values(["n_sessions", "assistant", "page_id"], ascending=[False, True, True])
    return REFERRALS.table(table.to_dict("records"))


def name_assistants(sessions: Sessions, ai_sources: Mapping[str, str]) -> "pd.Series[str]":
    """Return the AI assistant that each row's visits came from, missing for all others.

    The whole source, without regard to case, must match an assistant's expression: those of
    `ai_sources` (name = regular expression) come first, then the table ai_sources.csv. What GA4
    itself puts in the channel 'AI Assistant' or the medium 'ai-assistant' is an 'other assistant'
    where no expression matches. Raises SettingsError for a broken expression.
    """
    patterns = {
        **_compile(ai_sources),
        **{name: pattern for name, pattern in _read_sources().items() if name not in ai_sources},
    }
    assistants = {source: _first_match(source, patterns) for source in sessions["source"].unique()}
    plain = (
        sessions[["channel", "medium"]]
        .fillna("")
        .astype(str)
        .apply(lambda column: column.str.strip().str.lower())
    )
    is_ai = plain["channel"].isin(["ai assistant", "ai assistants"]) | (
        plain["medium"] == "ai-assistant"
    )
    assistant = sessions["source"].map(assistants)
    return assistant.where(assistant.notna() | ~is_ai, OTHER)


def _read_sources() -> dict[str, re.Pattern[str]]:
    with _SOURCES.open(encoding="utf-8", newline="") as stream:
        return _compile({row["assistant"]: row["pattern"] for row in csv.DictReader(stream)})


def _compile(patterns: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    compiled = {}
    for name, pattern in patterns.items():
        try:
            compiled[name] = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise SettingsError(
                f"analytics.ai_sources.{name}",
                "a regular expression",
                f"{pattern!r} ({error})",
                "Correct it; write a dot of a host as \\\\. in TOML.",
            ) from None
    return compiled


def _first_match(source: str, patterns: Mapping[str, re.Pattern[str]]) -> str | None:
    plain = source.strip().rstrip("/")
    return next(
        (name for name, pattern in patterns.items() if pattern.fullmatch(plain)),
        None,
    )


def _find_pages(sessions: Sessions, site: OwnSite) -> "pd.Series[str]":
    """Return the id of each row's landing page.

    It is that of a page of the site, with the URL's parameters or without.
    """
    page_ids = set(site.pages["page_id"])
    copies = site.pages[site.pages["status"].str.startswith(DUPLICATE_OF)]
    winner_ids = copies["status"].str.removeprefix(DUPLICATE_OF).map(site.page_id)
    winners: dict[str, str] = dict(zip(copies["page_id"], winner_ids, strict=True))

    def find(landing: str) -> str:
        # A page may have its parameters in its id; else they are dropped.
        url = _absolute(landing, site)
        exact = site.page_id(url)
        bare = site.page_id(url.split("?", 1)[0])
        page_id = bare if bare in page_ids and exact not in page_ids else exact
        # The page to which an address leads may itself repeat a third one.
        page_id = winners.get(page_id, page_id)
        return winners.get(page_id, page_id)

    ids = {landing: find(landing) for landing in sessions["landing_page"].dropna().unique()}
    return sessions["landing_page"].map(ids).fillna(UNKNOWN)


def _absolute(landing: str, site: OwnSite) -> str:
    host = site.page_id(site.base_url).split("/", 1)[0]
    names_host = landing.split("/", 1)[0].lower().removeprefix("www.") == host
    return f"https://{landing}" if names_host else urljoin(f"{site.base_url.rstrip('/')}/", landing)


def _map_citations(log: LoggedAnswers, site: OwnSite) -> pd.DataFrame:
    """Return the citations with the cited page's id and the cluster of its query."""
    cited = log.citations[log.citations["kind"] == "cited"]
    ids = {url: site.page_id(url) for url in cited["url"].unique()}
    cited = cited[["answer_id"]].assign(page_id=cited["url"].map(ids))
    return cited.merge(log.answers[["answer_id", "query_id"]], on="answer_id").merge(
        log.clusters[["query_id", "cluster_id"]], on="query_id", how="left"
    )


def _nearest_clusters(log: LoggedAnswers) -> dict[str, str]:
    queries = log.coverage.dropna(subset="own_passage_id").merge(log.clusters, on="query_id")
    return _first_clusters(
        queries.assign(page_id=queries["own_passage_id"].str.rsplit("#", n=1).str[0]),
        "query_id",
    )


def _first_clusters(table: pd.DataFrame, counted: str) -> dict[str, str]:
    """Return page_id -> the cluster of most distinct ids in the column.

    Of equals it is the first by name.
    """
    counts = table.groupby(["page_id", "cluster_id"])[counted].nunique().reset_index()
    best = counts.sort_values([counted, "cluster_id"], ascending=[False, True]).drop_duplicates(
        "page_id"
    )
    return dict(zip(best["page_id"], best["cluster_id"], strict=True))
