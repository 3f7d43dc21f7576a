"""The workbook's sheets of the audit, of wrong claims about the brand, and of judges.

A sheet without rows is left out.
"""

import pandas as pd

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.audit_joined import (
    describe_checks,
    describe_claim_rates,
    describe_findings,
    describe_wrong_claims,
)
from coverage_kit.report.workbook.sheet import Sheet, SheetColumn, fold, name_page

# A row for each check of the four pillars. Rates are means over the answers near the pages.
_CHECKS = (
    SheetColumn("pillar", "pillar", width=12),
    SheetColumn("check", "title", width=44),
    SheetColumn("weight, by research", "weight", width=12),
    SheetColumn("pages checked", "n_pages", "integer", 9),
    SheetColumn("pages that fail", "n_failed", "integer", 9),
    SheetColumn("pages not assessed", "n_not_assessed", "integer", 9),
    SheetColumn("citation rate near pages that pass", "cited_passed", "rate", 12),
    SheetColumn("citation rate near pages that fail", "cited_failed", "rate", 12),
    SheetColumn("difference at equal coverage, points", "difference", "points", 12),
    SheetColumn("95% interval, low, points", "low", "points", 11),
    SheetColumn("95% interval, high, points", "high", "points", 11),
    SheetColumn("what it shows on this log", "reading", width=70),
)
# A row for each finding of a check on a page.
_FINDINGS = (
    SheetColumn("page", "page", width=38, link="url"),
    SheetColumn("check", "check_title", width=32),
    SheetColumn("weight, by research", "weight", width=12),
    SheetColumn("place", "place", width=34),
    SheetColumn("found there", "evidence", width=48),
    SheetColumn("what to do", "remedy", width=48),
    SheetColumn("minutes", "cost_minutes", "integer", 10),
    SheetColumn("times asked (questions nearest to the page)", "page_demand", "integer", 16),
    *fold(
        SheetColumn("pillar", "pillar", width=12),
        SheetColumn("why it matters", "reason", width=44),
        SheetColumn("there now", "before", width=32),
        SheetColumn("proposed", "after", width=36),
        SheetColumn("what the check shows on this log", "check_reading", width=44),
    ),
)
# A row for each wrong claim that answers make about the brand.
_WRONG = (
    SheetColumn("verdict", "verdict", width=15),
    SheetColumn("answers say", "text", width=56),
    SheetColumn("times asked", "asked", "integer", 9),
    SheetColumn("answers that say so", "n_answers", "integer", 11),
    SheetColumn("engines", "engines", width=22),
    SheetColumn("page of your site", "page", width=38, link="url"),
    SheetColumn("your site says", "own_words", width=56),
    SheetColumn("because", "reason", width=44),
    *fold(
        SheetColumn("first (UTC)", "first_at", "time", 17),
        SheetColumn("last (UTC)", "last_at", "time", 17),
        SheetColumn("judged by", "judge", width=14),
    ),
)
# A row for each rate of a verdict, by engine and by split of the answers.
_RATES = (
    SheetColumn("engine", "series", width=18),
    SheetColumn("verdict", "verdict", width=14),
    SheetColumn("split by", "split_by", width=10),
    SheetColumn("part of the answers", "segment", width=13),
    SheetColumn("share of its claims about the brand", "value", "rate", 12),
    SheetColumn("95% interval, low", "low", "rate", 10),
    SheetColumn("95% interval, high", "high", "rate", 10),
    SheetColumn("claims", "n_claims", "integer", 9),
    SheetColumn("questions", "n_prompts", "integer", 11),
    SheetColumn("reading", "reading", width=60),
)
# A row for each measure of how reliable a judge is with a rubric.
_RELIABILITY = (
    SheetColumn("judge", "judge", width=24),
    SheetColumn("rubric", "rubric", width=28),
    SheetColumn("measure", "measure", width=22),
    SheetColumn("value", "value", "fine", 9),
    SheetColumn("95% interval, low", "low", "fine", 10),
    SheetColumn("95% interval, high", "high", "fine", 10),
    SheetColumn("pass mark", "pass_mark", "fine", 10),
    SheetColumn("met", "is_passed", "flag", 8),
    SheetColumn("items", "n_items", "integer", 9),
    SheetColumn("reading", "reading", width=80),
)
# A row for each grade, or for the error that came instead.
_JUDGEMENTS = (
    SheetColumn("judge", "judge", width=24),
    SheetColumn("rubric", "rubric", width=28),
    SheetColumn("item_id", "item_id", width=40),
    SheetColumn("repeat", "repeat", "integer", 8),
    SheetColumn("other order", "is_swapped", "flag", 8),
    SheetColumn("grade", "grade", "fine", 9),
    SheetColumn("no grade, because", "error", width=40),
)


def list_audit_sheets(analysis: Analysis) -> list[Sheet]:
    """Return the sheets whose tables have rows.

    They are, in this order: checks by pillar, findings, wrong claims, rates of wrong claims,
    reliability of judges, and judgements.
    """
    sheets = [
        Sheet(
            "four pillars",
            _CHECKS,
            describe_checks(analysis),
            "what is weak, check by check",
            (tables.CHECKS,),
            group="engineer",
        ),
        Sheet(
            "findings",
            _FINDINGS,
            _with_paths(describe_findings(analysis), analysis),
            "what is weak on your pages, place by place",
            (tables.FINDINGS,),
            group="pages",
        ),
        Sheet(
            "wrong about us",
            _WRONG,
            _with_paths(describe_wrong_claims(analysis), analysis),
            "what answers say wrongly of the brand",
            (tables.BRAND_CLAIMS,),
            group="visibility",
        ),
        Sheet(
            "wrong by engine",
            _RATES,
            describe_claim_rates(analysis),
            "how often, engine by engine",
            (tables.CLAIM_RATES,),
            group="engineer",
        ),
        Sheet(
            "judges",
            _RELIABILITY,
            analysis.reliability,
            "how far each judge can be trusted",
            (tables.RELIABILITY,),
            group="engineer",
        ),
        Sheet(
            "judgements",
            _JUDGEMENTS,
            analysis.judgements,
            "every grade of every judge",
            (tables.JUDGEMENTS,),
            group="engineer",
        ),
    ]
    return [sheet for sheet in sheets if len(sheet.rows)]


def _with_paths(frame: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """Return the frame with `page`: the paths of pages of your site."""
    own_site = analysis.about.own_site
    return frame.assign(page=[name_page(page_id, own_site) for page_id in frame["page_id"]])
