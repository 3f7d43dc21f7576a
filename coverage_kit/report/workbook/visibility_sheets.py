"""The workbook's sheets of visibility, change, visits, demand, brand facts and logs: each only where it has rows."""

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import describe_gaps
from coverage_kit.report.visibility_joined import (
    describe_drifts,
    describe_holders,
    describe_rates_by_gap,
    describe_referrals,
    describe_sources,
    describe_verdicts,
    describe_visibility,
)
from coverage_kit.report.wording import PARTS
from coverage_kit.report.workbook.sheet import Field, Sheet, places_of, with_gap_link

_GAP = Field("gap", "label", width=30, link="gap_at")
_SERIES = Field("engine (surface)", "series", width=20)
_LOW_95, _HIGH_95 = Field("95% interval, low", "low", "rate", 10), Field("95% interval, high", "high", "rate", 10)
_LOW_N = Field("low n: do not rely on it", "is_low_n", "flag", 11)
_VISIBILITY = (
    Field("measure", "measure_title", width=24),
    Field("answers of", "by_title", width=24),
    Field("part", "part_title", width=13),
    Field("site", "site", width=24),
    _SERIES,
    Field("value", "value", "rate", 9),
    _LOW_95,
    _HIGH_95,
    Field("numerator", "numerator", "integer", 11),
    Field("denominator", "denominator", "integer", 12),
    Field("prompts", "n_prompts", "integer", 9),
    Field("answers", "n_answers", "integer", 9),
    _LOW_N,
    Field("formula (numerator / denominator)", "formula", width=56),
)


def _rate_fields(title: str, prefix: str, top: str) -> tuple[Field, ...]:
    return (
        Field(title, f"{prefix}_value", "rate", 10),
        Field(f"{title}: 95% interval, low", f"{prefix}_low", "rate", 12),
        Field(f"{title}: 95% interval, high", f"{prefix}_high", "rate", 12),
        Field(top, f"{prefix}_numerator", "integer", 11),
        Field("of answers", f"{prefix}_denominator", "integer", 9),
        Field("to prompts", f"{prefix}_n_prompts", "integer", 9),
        Field(f"{title}: low n", f"{prefix}_is_low_n", "flag", 9),
    )


_BY_GAP = (
    _GAP,
    _SERIES,
    *_rate_fields("citation rate", "cited", "answers that cite the site"),
    *_rate_fields("mention rate", "named", "answers that name the brand"),
)
_HOLDERS = (
    _GAP,
    Field("kind of site", "holder", width=14),
    Field("share of the gap's citations", "citation_share", "rate", 11),
    _LOW_95,
    _HIGH_95,
    Field("its citations", "n_citations", "integer", 10),
    Field("all citations of the gap", "n_all", "integer", 11),
    Field("most cited site", "top_site", width=28),
    Field("winnable: companies get cited there", "is_winnable", "flag", 12),
    Field("because", "reason", width=60),
)
_COMPETITORS = (
    Field("rank", "rank", "integer", 7),
    Field("site", "site", width=30),
    Field("kind", "kind", width=14),
    Field("answers that cite it", "n_answers", "integer", 10),
    Field("questions whose answers cite it", "n_prompts", "integer", 11),
    Field("citation share (its / all citations)", "citation_share", "rate", 13),
    Field("cited beside the own site (of the own site's questions)", "share_of_overlap", "rate", 18),
    Field("named where cited (of the answers that cite it)", "named_rate", "rate", 16),
)
_VERDICTS = (
    Field("measure", "measure_title", width=14),
    Field("pages of", "group_title", width=30, link="gap_at"),
    Field("changed", "is_treated", "flag", 9),
    _SERIES,
    Field("verdict", "verdict", width=16),
    Field("before", "before", "rate", 9),
    Field("after", "after", "rate", 9),
    Field("difference (after - before), points", "difference", "points", 11),
    Field("drift (difference of unchanged pages), points", "drift", "points", 13),
    Field("effect (difference - drift), points", "effect", "points", 11),
    Field("effect: 95% interval, low, points", "low", "points", 11),
    Field("effect: 95% interval, high, points", "high", "points", 11),
    Field("p", "p", "fine", 8),
    Field("p corrected (Holm)", "p_holm", "fine", 10),
    Field("noise floor, points", "noise_floor", "points", 9),
    Field("smallest effect this log would show, points", "smallest_effect", "points", 12),
    Field("prompts", "n_prompts", "integer", 9),
    Field("answers before", "n_before", "integer", 9),
    Field("answers after", "n_after", "integer", 9),
    Field("because", "reason", width=70),
)
_DRIFTS = (
    _SERIES,
    Field("what", "sign_title", width=44),
    Field("verdict", "verdict", width=16),
    Field("before", "before", "fine", 9),
    Field("after", "after", "fine", 9),
    Field("change: 95% interval, low", "low", "signed", 11),
    Field("change: 95% interval, high", "high", "signed", 11),
    Field("p", "p", "fine", 8),
    Field("prompts", "n_prompts", "integer", 9),
    Field("because", "reason", width=70),
)
_REFERRALS = (
    Field("assistant", "assistant", width=18),
    Field("landing page", "page_id", width=44, link="url"),
    Field("visits", "n_sessions", "integer", 9),
    Field("engaged visits", "n_engaged", "integer", 9),
    Field("key events", "n_key_events", "integer", 9),
    Field("share of all visits to the page", "share_of_sessions", "rate", 11),
    Field("first (UTC)", "first_at", "time", 17),
    Field("last (UTC)", "last_at", "time", 17),
    Field("logged answers that cite the page", "n_citations", "integer", 12),
    _GAP,
    Field("chosen edits of the page", "n_edits", "integer", 10),
)
_ASSOCIATIONS = (
    Field("signal", "signal", width=34),
    Field("demand", "demand", width=30),
    Field("weeks later", "lag_weeks", "integer", 8),
    Field("rank correlation (an association, no cause)", "correlation", "signed", 13),
    Field("95% interval, low", "low", "signed", 10),
    Field("95% interval, high", "high", "signed", 10),
    Field("p, over all lags and pairs of series", "p", "fine", 9),
    Field("pairs of weeks", "n_weeks", "integer", 9),
    Field("reading", "reading", width=80),
)
_FACTS = (
    Field("kind", "kind", width=22),
    Field("property", "property", width=16),
    Field("told as", "value", width=36),
    Field("most own pages tell", "other_value", width=36),
    Field("own pages that say so", "n_pages", "integer", 10),
    Field("answers that say so", "n_answers", "integer", 10),
    Field("for example at", "example", width=40, link="url"),
    Field("what to do", "what_to_do", width=60),
)
_SOURCES = (
    Field("file", "file", width=56),
    Field("format", "format", width=24),
    Field("records read", "n_records", "integer", 10),
    Field("rows rejected", "n_rejects", "integer", 10),
    Field("most are rejected because", "reject_reason", width=40),
    Field("fields", "fields", width=70),
    Field("what the format cannot tell", "note", width=44),
)


def list_visibility_sheets(analysis: Analysis) -> list[Sheet]:
    """Return the sheets whose tables have rows, from visibility to the sources of the logs; gaps lead to their rows."""
    places = places_of("gaps", describe_gaps(analysis)["cluster_id"])
    figures = describe_visibility(analysis, tuple(by for by in PARTS if by != "cluster"))
    figures = figures.assign(
        by_title=figures["by"].map(PARTS), part_title=figures["part"].where(figures["by"].isin(["week", "market"]))
    )
    facts = analysis.disagreements
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    by_gap, holders, verdicts, referrals = (
        with_gap_link(describe(analysis), places)
        for describe in (describe_rates_by_gap, describe_holders, describe_verdicts, describe_referrals)
    )
    competitors, brand = analysis.competitors.sort_values("rank"), facts.assign(url=facts["example"].map(urls))
    sheets = [
        Sheet("visibility", _VISIBILITY, figures, "how often answers cite and name each site", (tables.VISIBILITY,)),
        Sheet("visibility by gap", _BY_GAP, by_gap, "the same of the own site, gap by gap"),
        Sheet("who is cited", _HOLDERS, holders, "what kinds of sites hold each gap's citations", (tables.HOLDERS,)),
        Sheet("competitors", _COMPETITORS, competitors, "the other sites that answers cite", (tables.COMPETITORS,)),
        Sheet("before and after", _VERDICTS, verdicts, "what a change of pages moved", (tables.VERDICTS,)),
        Sheet("engine drift", _DRIFTS, describe_drifts(analysis), "how engines moved of themselves", (tables.DRIFTS,)),
        Sheet("AI visits", _REFERRALS, referrals, "visits that assistants send, page by page", (tables.REFERRALS,)),
        Sheet("associations", _ASSOCIATIONS, analysis.associations, "what demand goes with", (tables.ASSOCIATIONS,)),
        Sheet("brand facts", _FACTS, brand, "facts about the brand told in more than one way", (tables.DISAGREEMENTS,)),
        Sheet("log sources", _SOURCES, describe_sources(analysis), "the files that were read", (tables.SOURCES,)),
    ]
    return [sheet for sheet in sheets if len(sheet.rows)]
