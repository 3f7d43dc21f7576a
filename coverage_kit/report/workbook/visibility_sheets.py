"""The workbook's sheets of visibility, change, visits, demand, brand facts and logs.

A sheet without rows is left out.
"""

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.fetch_joined import describe_absent, describe_fetched_pages
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.reported import NOTE as REPORTED_NOTE, describe_reported
from coverage_kit.report.texts import name_file
from coverage_kit.report.visibility_joined import (
    describe_drifts,
    describe_exposure,
    describe_holders,
    describe_rates_by_gap,
    describe_referrals,
    describe_sources,
    describe_verdicts,
    describe_visibility,
)
from coverage_kit.report.wording import SPLITS
from coverage_kit.report.workbook.sheet import (
    Sheet,
    SheetColumn,
    fold,
    link_gaps,
    with_gap_link,
)

# The splits of the answers that have many parts.
_PARTS = ("week", "market")

# Columns that several of the sheets have in common.
_GAP = SheetColumn("gap", "label", width=34, link="gap_at")
_SERIES = SheetColumn("engine", "series", width=18)
_LOW_95 = SheetColumn("95% interval, low", "low", "rate", 11)
_HIGH_95 = SheetColumn("95% interval, high", "high", "rate", 11)
# A row for each measure, site, engine and split of the answers.
_VISIBILITY = (
    SheetColumn("measure", "measure_title", width=26),
    SheetColumn("answers to", "by_title", width=28),
    SheetColumn("week or market", "part_title", width=13),
    SheetColumn("site", "site", width=26),
    _SERIES,
    SheetColumn("value", "value", "percent", 10),
    SheetColumn("answers", "n_answers", "integer", 10),
    SheetColumn("too few to rely on", "is_low_n", "flag", 12),
    *fold(
        _LOW_95,
        _HIGH_95,
        SheetColumn("numerator", "numerator", "integer", 12),
        SheetColumn("denominator", "denominator", "integer", 13),
        SheetColumn("questions", "n_prompts", "integer", 11),
        SheetColumn("formula (numerator / denominator)", "formula", width=56),
    ),
)


def _rate_fields(title: str, prefix: str, numerator_title: str) -> tuple[SheetColumn, ...]:
    """Return the columns of a rate, whose names in the rows begin with the prefix."""
    return (
        SheetColumn(title, f"{prefix}_value", "rate", 10),
        SheetColumn(f"{title}: 95% interval, low", f"{prefix}_low", "rate", 12),
        SheetColumn(f"{title}: 95% interval, high", f"{prefix}_high", "rate", 12),
        SheetColumn(numerator_title, f"{prefix}_numerator", "integer", 11),
        SheetColumn("of answers", f"{prefix}_denominator", "integer", 9),
        SheetColumn("to questions", f"{prefix}_n_prompts", "integer", 11),
        SheetColumn(f"{title}: too few to rely on", f"{prefix}_is_low_n", "flag", 12),
    )


# A row for each gap and engine, with citation rate and mention rate.
_BY_GAP = (
    _GAP,
    _SERIES,
    *_rate_fields("citation rate", "cited", "answers that cite your site"),
    *_rate_fields("mention rate", "named", "answers that name your brand"),
)
# A row for each gap and kind of site.
_HOLDERS = (
    _GAP,
    SheetColumn("kind of site", "holder", width=14),
    SheetColumn("share of the gap's citations", "citation_share", "percent", 12),
    SheetColumn("its citations", "n_citations", "integer", 11),
    SheetColumn("all citations of the gap", "n_all", "integer", 11),
    SheetColumn("most cited site", "top_site", width=28),
    SheetColumn("companies get cited there", "is_contested", "flag", 12),
    SheetColumn("because", "reason", width=60),
    _LOW_95,
    _HIGH_95,
)
# A row for each site that answers cite.
_COMPETITORS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("site", "site", width=34),
    SheetColumn("kind", "kind", width=16),
    SheetColumn("answers that cite it", "n_answers", "integer", 14),
    SheetColumn("questions whose answers cite it", "n_prompts", "integer", 16),
    SheetColumn("citation share (its / all citations)", "citation_share", "percent", 18),
    SheetColumn("cited beside your site (of your questions)", "share_of_overlap", "percent", 20),
    SheetColumn("named where cited", "named_rate", "percent", 16),
)
# A row for each search for which an engine reports to have cited your site.
_REPORTED = (
    SheetColumn("search", "text", width=52),
    SheetColumn("times your site was cited", "times_cited", "integer", 12),
    SheetColumn("your citation share", "citation_share", "percent", 10),
    SheetColumn("times asked (estimated by the report)", "implied_demand", "integer", 12),
    SheetColumn("times asked in your log", "logged_demand", "integer", 11),
    SheetColumn("covered", "coverage", "coverage", 10),
    SheetColumn("what both say", "reading", width=44),
    SheetColumn("nearest page of your site", "own_title", width=44, link="own_url"),
    SheetColumn("nearest passage of your site", "own_heading", width=44),
    _GAP,
)
# A row for each measure, group of pages and engine, before and after a change.
_VERDICTS = (
    SheetColumn("measure", "measure_title", width=16),
    SheetColumn("pages of", "group_title", width=34, link="gap_at"),
    SheetColumn("changed", "is_treated", "flag", 10),
    _SERIES,
    SheetColumn("verdict", "verdict", width=18),
    SheetColumn("before", "before", "percent", 9),
    SheetColumn("after", "after", "percent", 9),
    SheetColumn("because", "reason", width=80),
    *fold(
        SheetColumn("difference (after - before), points", "difference", "points", 12),
        SheetColumn("drift (difference of unchanged pages), points", "drift", "points", 14),
        SheetColumn("effect (difference - drift), points", "effect", "points", 12),
        SheetColumn("effect: 95% interval, low, points", "low", "points", 12),
        SheetColumn("effect: 95% interval, high, points", "high", "points", 12),
        SheetColumn("p", "p", "fine", 8),
        SheetColumn("p corrected (Holm)", "p_holm", "fine", 11),
        SheetColumn("noise floor, points", "noise_floor", "points", 10),
        SheetColumn(
            "smallest effect that this log would show, points", "smallest_effect", "points", 13
        ),
        SheetColumn("questions", "n_prompts", "integer", 11),
        SheetColumn("answers before", "n_before", "integer", 10),
        SheetColumn("answers after", "n_after", "integer", 10),
    ),
)
# A row for each engine and sign of drift.
_DRIFTS = (
    _SERIES,
    SheetColumn("what", "sign_title", width=44),
    SheetColumn("verdict", "verdict", width=16),
    SheetColumn("before", "before", "fine", 9),
    SheetColumn("after", "after", "fine", 9),
    SheetColumn("change: 95% interval, low", "low", "signed", 11),
    SheetColumn("change: 95% interval, high", "high", "signed", 11),
    SheetColumn("p", "p", "fine", 8),
    SheetColumn("questions", "n_prompts", "integer", 11),
    SheetColumn("because", "reason", width=70),
)
# A row for each assistant and landing page.
_REFERRALS = (
    SheetColumn("assistant", "assistant", width=18),
    SheetColumn("landing page", "page", width=54, link="url"),
    SheetColumn("visits", "n_sessions", "integer", 10),
    SheetColumn("engaged visits", "n_engaged", "integer", 10),
    SheetColumn("key events", "n_key_events", "integer", 10),
    SheetColumn("share of all visits to the page", "share_of_sessions", "rate", 12),
    SheetColumn("logged answers that cite the page", "n_citations", "integer", 15),
    _GAP,
    *fold(
        SheetColumn("planned edits of the page", "n_edits", "integer", 10),
        SheetColumn("first (UTC)", "first_at", "time", 17),
        SheetColumn("last (UTC)", "last_at", "time", 17),
    ),
)
# A row for each page that the Generative AI report of Search Console shows.
_EXPOSURE = (
    SheetColumn("page", "page", width=54, link="url"),
    SheetColumn("times shown in Google's AI answers", "n_ai_impressions", "integer", 14),
    SheetColumn("logged answers that cite the page", "n_citations", "integer", 15),
    SheetColumn("visits from AI assistants", "n_sessions", "integer", 12),
    *fold(
        SheetColumn("first day", "first_at", "time", 17),
        SheetColumn("last day", "last_at", "time", 17),
    ),
)
# A row for each pair of weekly series and lag.
_ASSOCIATIONS = (
    SheetColumn("signal", "signal", width=34),
    SheetColumn("goes with", "demand", width=30),
    SheetColumn("weeks later", "lag_weeks", "integer", 9),
    SheetColumn("rank correlation (an association, no cause)", "correlation", "signed", 14),
    SheetColumn("95% interval, low", "low", "signed", 11),
    SheetColumn("95% interval, high", "high", "signed", 11),
    SheetColumn("p, over all lags and pairs of series", "p", "fine", 10),
    SheetColumn("pairs of weeks", "n_weeks", "integer", 9),
    SheetColumn("reading", "reading", width=80),
)
# A row for each fact about the brand that pages or answers state differently.
_FACTS = (
    SheetColumn("kind", "kind", width=22),
    SheetColumn("property", "property", width=16),
    SheetColumn("stated as", "value", width=36),
    SheetColumn("most of your pages state", "other_value", width=36),
    SheetColumn("your pages that say so", "n_pages", "integer", 11),
    SheetColumn("answers that say so", "n_answers", "integer", 11),
    SheetColumn("for example at", "example", width=44, link="url"),
    SheetColumn("what to do", "what_to_do", width=60),
)
# A row for each page that assistants asked for and that is not there.
_ABSENT = (
    SheetColumn("address that was asked for", "page_id", width=50),
    SheetColumn("times asked for", "n_fetches", "integer", 10),
    SheetColumn("by", "assistants", width=28),
    SheetColumn("what to do", "what_to_do", width=60, link="url"),
    *fold(
        SheetColumn("verified by address", "n_verified", "integer", 10),
        SheetColumn("first (UTC)", "first_day", "time", 17),
        SheetColumn("last (UTC)", "last_day", "time", 17),
    ),
)
# A row for each page of your site.
_FETCHED = (
    SheetColumn("page", "page", width=54, link="url"),
    SheetColumn("fetches for a user who waits", "n_live", "integer", 12),
    SheetColumn("fetches for an index", "n_index", "integer", 12),
    SheetColumn("fetches for training", "n_training", "integer", 12),
    SheetColumn("fetched by, to answer from", "assistants", width=36),
    SheetColumn("never fetched by", "never", width=36),
    SheetColumn("last (UTC)", "last_day", "time", 17),
)
# A row for each count of the changed pages.
_EFFECTS = (
    SheetColumn("count", "measure", width=22),
    SheetColumn("assistant", "assistant", width=14),
    SheetColumn("a day before", "before", "number", 10),
    SheetColumn("a day after", "after", "number", 10),
    SheetColumn("growth beyond untouched pages", "effect", "percent", 12),
    SheetColumn("95% interval, low", "low", "percent", 11),
    SheetColumn("95% interval, high", "high", "percent", 11),
    SheetColumn("p corrected (Holm)", "p", "fine", 10),
    SheetColumn("earlier dates with as much", "placebo_share", "percent", 12),
    SheetColumn("verdict", "verdict", width=16),
    SheetColumn("reading", "reading", width=80),
)
# A row for each file of the log.
_SOURCES = (
    SheetColumn("file", "file", width=40),
    SheetColumn("format", "format", width=24),
    SheetColumn("records read", "n_records", "integer", 10),
    SheetColumn("records merged", "n_merged", "integer", 10),
    SheetColumn("records set aside", "n_aside", "integer", 10),
    SheetColumn("merged and set aside are", "left_out", width=40),
    SheetColumn("rows rejected", "n_rejects", "integer", 10),
    SheetColumn("most are rejected because", "reject_reason", width=40),
    SheetColumn("fields", "fields", width=70),
    SheetColumn("what to check", "doubts", width=70),
    SheetColumn("what the format does not hold", "note", width=44),
)


def list_visibility_sheets(analysis: Analysis) -> list[Sheet]:
    """Return the sheets whose tables have rows, from visibility to the sources of the logs.

    Gaps link to their rows.
    """
    gap_links = link_gaps(list_gaps(analysis))
    sheets = [
        *_list_log_sheets(analysis, gap_links),
        *_list_site_sheets(analysis, gap_links),
    ]
    return [sheet for sheet in sheets if len(sheet.rows)]


def _list_log_sheets(analysis: Analysis, gap_links: dict[str, str]) -> list[Sheet]:
    """Return the sheets of what the logged answers show."""
    has_brand = bool(analysis.about.setting("site", "brand"))
    titles = SPLITS | {
        "all": "questions that do not name the brand" if has_brand else "all questions",
        "branded": "questions that name the brand",
    }
    overall, in_time = (
        figures.assign(
            by_title=figures["split_by"].map(titles),
            # The segment of another split repeats the split's title.
            part_title=figures["segment"].where(figures["split_by"].isin(_PARTS)),
        )
        for figures in (
            describe_visibility(analysis, ("all", "branded")),
            describe_visibility(analysis, _PARTS),
        )
    )
    return [
        Sheet(
            "visibility",
            _VISIBILITY,
            overall,
            "how often answers cite and name each site",
            (tables.VISIBILITY,),
            group="visibility",
        ),
        Sheet(
            "competitors",
            _COMPETITORS,
            analysis.competitors.sort_values("rank"),
            "the other sites that answers cite",
            (tables.COMPETITORS,),
            group="visibility",
        ),
        Sheet(
            "searches that cite you",
            _REPORTED,
            with_gap_link(describe_reported(analysis), gap_links),
            "searches for which an engine reports to have cited your site",
            (tables.QUERIES, tables.COVERAGE),
            group="visibility",
            remark=REPORTED_NOTE,
        ),
        Sheet(
            "before and after",
            _VERDICTS,
            with_gap_link(describe_verdicts(analysis), gap_links),
            "what a change of pages has moved",
            (tables.VERDICTS,),
            group="visibility",
        ),
        Sheet(
            "visibility over time",
            _VISIBILITY,
            in_time,
            "how often answers cite and name each site, by week and market",
            (tables.VISIBILITY,),
            group="engineer",
        ),
        Sheet(
            "visibility by gap",
            _BY_GAP,
            with_gap_link(describe_rates_by_gap(analysis), gap_links),
            "how often answers cite and name your site, gap by gap",
            group="engineer",
        ),
        Sheet(
            "who is cited",
            _HOLDERS,
            with_gap_link(describe_holders(analysis), gap_links),
            "which kinds of sites the answers to each gap cite",
            (tables.HOLDERS,),
            group="engineer",
        ),
        Sheet(
            "engine drift",
            _DRIFTS,
            describe_drifts(analysis),
            "how engines changed by themselves",
            (tables.DRIFTS,),
            group="engineer",
        ),
    ]


def _list_site_sheets(analysis: Analysis, gap_links: dict[str, str]) -> list[Sheet]:
    """Return the sheets of visits, demand, brand facts, and the files of the log."""
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    facts = analysis.disagreements
    sources = describe_sources(analysis)
    return [
        Sheet(
            "AI visits",
            _REFERRALS,
            with_gap_link(describe_referrals(analysis), gap_links),
            "visits that assistants send, page by page",
            (tables.REFERRALS,),
            group="visibility",
        ),
        Sheet(
            "asked for, not there",
            _ABSENT,
            describe_absent(analysis),
            "pages that assistants asked for and your site does not have",
            (tables.ABSENT_PAGES,),
            group="visibility",
        ),
        Sheet(
            "AI exposure",
            _EXPOSURE,
            describe_exposure(analysis),
            "how often Google showed a page in AI answers; clicks are not reported",
            (tables.SEARCH_DEMAND,),
            group="visibility",
        ),
        Sheet(
            "brand facts",
            _FACTS,
            facts.assign(url=facts["example"].map(urls)),
            "facts about the brand that are stated in more than one way",
            (tables.DISAGREEMENTS,),
            group="visibility",
        ),
        Sheet(
            "associations",
            _ASSOCIATIONS,
            analysis.associations,
            "which weekly figures move together",
            (tables.ASSOCIATIONS,),
            group="engineer",
        ),
        Sheet(
            "fetches by page",
            _FETCHED,
            describe_fetched_pages(analysis),
            "which of your pages assistants fetched, from the access logs",
            group="engineer",
        ),
        Sheet(
            "effects by page",
            _EFFECTS,
            analysis.page_effects,
            "what the changed pages gained beyond the untouched pages",
            (tables.PAGE_EFFECTS,),
            group="engineer",
        ),
        Sheet(
            "log sources",
            _SOURCES,
            sources.assign(file=sources["file"].map(name_file)),
            "the files that were read",
            (tables.SOURCES,),
            group="engineer",
        ),
    ]
