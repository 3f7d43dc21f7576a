"""The workbook's sheets of visibility, change, visits, demand, brand facts and logs.

A sheet without rows is left out.
"""

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.visibility_joined import (
    describe_drifts,
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
    link_gaps,
    with_gap_link,
)

# Columns that several of the sheets have in common.
_GAP = SheetColumn("gap", "label", width=30, link="gap_at")
_SERIES = SheetColumn("engine (surface)", "series", width=20)
_LOW_95 = SheetColumn("95% interval, low", "low", "rate", 10)
_HIGH_95 = SheetColumn("95% interval, high", "high", "rate", 10)
_LOW_N = SheetColumn("low n: do not rely on it", "is_low_n", "flag", 11)
# A row for each measure, site, engine and split of the answers.
_VISIBILITY = (
    SheetColumn("measure", "measure_title", width=24),
    SheetColumn("answers of", "by_title", width=24),
    SheetColumn("part", "part_title", width=13),
    SheetColumn("site", "site", width=24),
    _SERIES,
    SheetColumn("value", "value", "rate", 9),
    _LOW_95,
    _HIGH_95,
    SheetColumn("numerator", "numerator", "integer", 11),
    SheetColumn("denominator", "denominator", "integer", 12),
    SheetColumn("prompts", "n_prompts", "integer", 9),
    SheetColumn("answers", "n_answers", "integer", 9),
    _LOW_N,
    SheetColumn("formula (numerator / denominator)", "formula", width=56),
)


def _rate_fields(title: str, prefix: str, numerator_title: str) -> tuple[SheetColumn, ...]:
    """Return the columns of a rate, whose names in the rows begin with the prefix."""
    return (
        SheetColumn(title, f"{prefix}_value", "rate", 10),
        SheetColumn(f"{title}: 95% interval, low", f"{prefix}_low", "rate", 12),
        SheetColumn(f"{title}: 95% interval, high", f"{prefix}_high", "rate", 12),
        SheetColumn(numerator_title, f"{prefix}_numerator", "integer", 11),
        SheetColumn("of answers", f"{prefix}_denominator", "integer", 9),
        SheetColumn("to prompts", f"{prefix}_n_prompts", "integer", 9),
        SheetColumn(f"{title}: low n", f"{prefix}_is_low_n", "flag", 9),
    )


# A row for each gap and engine, with citation rate and mention rate.
_BY_GAP = (
    _GAP,
    _SERIES,
    *_rate_fields("citation rate", "cited", "answers that cite the site"),
    *_rate_fields("mention rate", "named", "answers that name the brand"),
)
# A row for each gap and kind of site.
_HOLDERS = (
    _GAP,
    SheetColumn("kind of site", "holder", width=14),
    SheetColumn("share of the gap's citations", "citation_share", "rate", 11),
    _LOW_95,
    _HIGH_95,
    SheetColumn("its citations", "n_citations", "integer", 10),
    SheetColumn("all citations of the gap", "n_all", "integer", 11),
    SheetColumn("most cited site", "top_site", width=28),
    SheetColumn("winnable: companies get cited there", "is_contested", "flag", 12),
    SheetColumn("because", "reason", width=60),
)
# A row for each site that answers cite.
_COMPETITORS = (
    SheetColumn("rank", "rank", "integer", 7),
    SheetColumn("site", "site", width=30),
    SheetColumn("kind", "kind", width=14),
    SheetColumn("answers that cite it", "n_answers", "integer", 10),
    SheetColumn("questions whose answers cite it", "n_prompts", "integer", 11),
    SheetColumn("citation share (its / all citations)", "citation_share", "rate", 13),
    SheetColumn(
        "cited beside the own site (of the own site's questions)",
        "share_of_overlap",
        "rate",
        18,
    ),
    SheetColumn(
        "named where cited (of the answers that cite it)",
        "named_rate",
        "rate",
        16,
    ),
)
# A row for each measure, group of pages and engine, before and after a change.
_VERDICTS = (
    SheetColumn("measure", "measure_title", width=14),
    SheetColumn("pages of", "group_title", width=30, link="gap_at"),
    SheetColumn("changed", "is_treated", "flag", 9),
    _SERIES,
    SheetColumn("verdict", "verdict", width=16),
    SheetColumn("before", "before", "rate", 9),
    SheetColumn("after", "after", "rate", 9),
    SheetColumn("difference (after - before), points", "difference", "points", 11),
    SheetColumn("drift (difference of unchanged pages), points", "drift", "points", 13),
    SheetColumn("effect (difference - drift), points", "effect", "points", 11),
    SheetColumn("effect: 95% interval, low, points", "low", "points", 11),
    SheetColumn("effect: 95% interval, high, points", "high", "points", 11),
    SheetColumn("p", "p", "fine", 8),
    SheetColumn("p corrected (Holm)", "p_holm", "fine", 10),
    SheetColumn("noise floor, points", "noise_floor", "points", 9),
    SheetColumn(
        "smallest effect this log would show, points",
        "smallest_effect",
        "points",
        12,
    ),
    SheetColumn("prompts", "n_prompts", "integer", 9),
    SheetColumn("answers before", "n_before", "integer", 9),
    SheetColumn("answers after", "n_after", "integer", 9),
    SheetColumn("because", "reason", width=70),
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
    SheetColumn("prompts", "n_prompts", "integer", 9),
    SheetColumn("because", "reason", width=70),
)
# A row for each assistant and landing page.
_REFERRALS = (
    SheetColumn("assistant", "assistant", width=18),
    SheetColumn("landing page", "page_id", width=44, link="url"),
    SheetColumn("visits", "n_sessions", "integer", 9),
    SheetColumn("engaged visits", "n_engaged", "integer", 9),
    SheetColumn("key events", "n_key_events", "integer", 9),
    SheetColumn("share of all visits to the page", "share_of_sessions", "rate", 11),
    SheetColumn("first (UTC)", "first_at", "time", 17),
    SheetColumn("last (UTC)", "last_at", "time", 17),
    SheetColumn("logged answers that cite the page", "n_citations", "integer", 12),
    _GAP,
    SheetColumn("chosen edits of the page", "n_edits", "integer", 10),
)
# A row for each pair of weekly series and lag.
_ASSOCIATIONS = (
    SheetColumn("signal", "signal", width=34),
    SheetColumn("demand", "demand", width=30),
    SheetColumn("weeks later", "lag_weeks", "integer", 8),
    SheetColumn(
        "rank correlation (an association, no cause)",
        "correlation",
        "signed",
        13,
    ),
    SheetColumn("95% interval, low", "low", "signed", 10),
    SheetColumn("95% interval, high", "high", "signed", 10),
    SheetColumn("p, over all lags and pairs of series", "p", "fine", 9),
    SheetColumn("pairs of weeks", "n_weeks", "integer", 9),
    SheetColumn("reading", "reading", width=80),
)
# A row for each fact about the brand that pages or answers state differently.
_FACTS = (
    SheetColumn("kind", "kind", width=22),
    SheetColumn("property", "property", width=16),
    SheetColumn("told as", "value", width=36),
    SheetColumn("most own pages tell", "other_value", width=36),
    SheetColumn("own pages that say so", "n_pages", "integer", 10),
    SheetColumn("answers that say so", "n_answers", "integer", 10),
    SheetColumn("for example at", "example", width=40, link="url"),
    SheetColumn("what to do", "what_to_do", width=60),
)
# A row for each file of the log.
_SOURCES = (
    SheetColumn("file", "file", width=56),
    SheetColumn("format", "format", width=24),
    SheetColumn("records read", "n_records", "integer", 10),
    SheetColumn("records set aside", "n_aside", "integer", 10),
    SheetColumn("rows rejected", "n_rejects", "integer", 10),
    SheetColumn("most are rejected because", "reject_reason", width=40),
    SheetColumn("fields", "fields", width=70),
    SheetColumn("what the format cannot tell", "note", width=44),
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
    splits = tuple(split for split in SPLITS if split != "cluster")
    figures = describe_visibility(analysis, splits)
    figures = figures.assign(
        by_title=figures["split_by"].map(SPLITS),
        # The segment of another split repeats the split's title.
        part_title=figures["segment"].where(figures["split_by"].isin(["week", "market"])),
    )
    return [
        Sheet(
            "visibility",
            _VISIBILITY,
            figures,
            "how often answers cite and name each site",
            (tables.VISIBILITY,),
        ),
        Sheet(
            "visibility by gap",
            _BY_GAP,
            with_gap_link(describe_rates_by_gap(analysis), gap_links),
            "the same of the own site, gap by gap",
        ),
        Sheet(
            "who is cited",
            _HOLDERS,
            with_gap_link(describe_holders(analysis), gap_links),
            "what kinds of sites hold each gap's citations",
            (tables.HOLDERS,),
        ),
        Sheet(
            "competitors",
            _COMPETITORS,
            analysis.competitors.sort_values("rank"),
            "the other sites that answers cite",
            (tables.COMPETITORS,),
        ),
        Sheet(
            "before and after",
            _VERDICTS,
            with_gap_link(describe_verdicts(analysis), gap_links),
            "what a change of pages moved",
            (tables.VERDICTS,),
        ),
        Sheet(
            "engine drift",
            _DRIFTS,
            describe_drifts(analysis),
            "how engines moved of themselves",
            (tables.DRIFTS,),
        ),
    ]


def _list_site_sheets(analysis: Analysis, gap_links: dict[str, str]) -> list[Sheet]:
    """Return the sheets of visits, demand, brand facts, and the files of the log."""
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    facts = analysis.disagreements
    return [
        Sheet(
            "AI visits",
            _REFERRALS,
            with_gap_link(describe_referrals(analysis), gap_links),
            "visits that assistants send, page by page",
            (tables.REFERRALS,),
        ),
        Sheet(
            "associations",
            _ASSOCIATIONS,
            analysis.associations,
            "what demand goes with",
            (tables.ASSOCIATIONS,),
        ),
        Sheet(
            "brand facts",
            _FACTS,
            facts.assign(url=facts["example"].map(urls)),
            "facts about the brand told in more than one way",
            (tables.DISAGREEMENTS,),
        ),
        Sheet(
            "log sources",
            _SOURCES,
            describe_sources(analysis),
            "the files that were read",
            (tables.SOURCES,),
        ),
    ]
