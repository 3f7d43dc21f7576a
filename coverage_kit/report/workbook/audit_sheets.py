"""The workbook's sheets of the audit, of what answers get wrong about the brand, and of judges: each only where it has rows."""

from coverage_kit import tables
from coverage_kit.analysis import Analysis
from coverage_kit.report.audit_joined import describe_checks, describe_claim_rates, describe_findings, describe_wrong_claims
from coverage_kit.report.workbook.sheet import Field, Sheet

_CHECKS = (
    Field("pillar", "pillar", width=12),
    Field("check", "title", width=44),
    Field("cause, by research", "weight", width=10),
    Field("pages checked", "n_pages", "integer", 9),
    Field("pages that fail", "n_failed", "integer", 9),
    Field("pages not told", "n_not_told", "integer", 9),
    Field("citation rate near pages that pass", "cited_passed", "rate", 12),
    Field("citation rate near pages that fail", "cited_failed", "rate", 12),
    Field("difference at equal coverage, points", "difference", "points", 12),
    Field("95% interval, low, points", "low", "points", 11),
    Field("95% interval, high, points", "high", "points", 11),
    Field("what it shows on this log", "reading", width=70),
)
_FINDINGS = (
    Field("page", "page_id", width=34, link="url"),
    Field("pillar", "pillar", width=12),
    Field("check", "check_title", width=32),
    Field("cause, by research", "weight", width=10),
    Field("place", "place", width=32),
    Field("found there", "evidence", width=44),
    Field("why it matters", "reason", width=44),
    Field("what to do", "remedy", width=44),
    Field("there now", "before", width=32),
    Field("proposed", "after", width=36),
    Field("minutes", "cost_minutes", "number", 9),
    Field("demand nearest to the page (times asked)", "page_demand", "number", 12),
    Field("what the check shows on this log", "check_reading", width=44),
)
_WRONG = (
    Field("verdict", "verdict", width=14),
    Field("answers say", "text", width=56),
    Field("answers that say so", "n_answers", "integer", 9),
    Field("engines (surface)", "engines", width=26),
    Field("first (UTC)", "first_at", "time", 17),
    Field("last (UTC)", "last_at", "time", 17),
    Field("own page", "page_id", width=34, link="url"),
    Field("the site says", "own_words", width=56),
    Field("because", "reason", width=44),
    Field("judged by", "judge", width=14),
)
_RATES = (
    Field("engine (surface)", "series", width=22),
    Field("verdict", "verdict", width=14),
    Field("answers of", "by", width=10),
    Field("part", "part", width=13),
    Field("share of its claims about the brand", "value", "rate", 12),
    Field("95% interval, low", "low", "rate", 10),
    Field("95% interval, high", "high", "rate", 10),
    Field("claims", "n_claims", "integer", 9),
    Field("prompts", "n_prompts", "integer", 9),
    Field("reading", "reading", width=60),
)
_RELIABILITY = (
    Field("judge", "judge", width=24),
    Field("rubric", "rubric", width=28),
    Field("measure", "measure", width=22),
    Field("value", "value", "fine", 9),
    Field("95% interval, low", "low", "fine", 10),
    Field("95% interval, high", "high", "fine", 10),
    Field("pass mark", "pass_mark", "fine", 10),
    Field("met", "is_passed", "flag", 8),
    Field("items", "n_items", "integer", 9),
    Field("reading", "reading", width=80),
)
_JUDGEMENTS = (
    Field("judge", "judge", width=24),
    Field("rubric", "rubric", width=28),
    Field("item", "item_id", width=40),
    Field("repeat", "repeat", "integer", 8),
    Field("other order", "is_swapped", "flag", 8),
    Field("grade", "grade", "fine", 9),
    Field("no grade, because", "error", width=40),
)


def list_audit_sheets(analysis: Analysis) -> list[Sheet]:
    """Return the sheets whose tables have rows: the pillars, their findings, wrong claims, their rates, judges."""
    wrong = describe_wrong_claims(analysis)
    judges, grades = "how far each judge can be trusted", "every grade of every judge"
    sheets = [
        Sheet("four pillars", _CHECKS, describe_checks(analysis), "what is weak, check by check", (tables.CHECKS,)),
        Sheet("findings", _FINDINGS, describe_findings(analysis), "what is weak, place by place", (tables.FINDINGS,)),
        Sheet("wrong about us", _WRONG, wrong, "what answers get wrong about the brand", (tables.BRAND_CLAIMS,)),
        Sheet("wrong by engine", _RATES, describe_claim_rates(analysis), "how often, engine by engine", (tables.CLAIM_RATES,)),
        Sheet("judges", _RELIABILITY, analysis.reliability, judges, (tables.RELIABILITY,)),
        Sheet("judgements", _JUDGEMENTS, analysis.judgements, grades, (tables.JUDGEMENTS,)),
    ]
    return [sheet for sheet in sheets if len(sheet.rows)]
