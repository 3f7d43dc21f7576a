"""The audit, wrong claims about the brand and the judges, as plain values for the page."""

from typing import Any, get_args

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.audit_joined import (
    PILLARS,
    describe_checks,
    describe_claim_rates,
    describe_findings,
    describe_wrong_claims,
)
from coverage_kit.report.page_data import Context
from coverage_kit.report.texts import is_missing, safe_url, shorten
from coverage_kit.report.wording import count, in_points
from coverage_kit.vocabulary import NOT_ASSESSED, WRONG_VERDICTS, Verdict

# Pages, findings of a page and claims that the page lists, so that it stays light; the workbook
# has all. Assumed.
_MAX_PAGES = 40
_MAX_FINDINGS = 12
_MAX_CLAIMS = 30
# The checks that fail on most pages, in the terminal's line. Assumed: more do not fit on a line.
_MAX_FAILED_CHECKS = 4


def pillars_context(analysis: Analysis) -> Context:
    """Return the checks of each pillar, and the findings by page, most demand first.

    Each check has what it shows on this log. Checks that too few pages pass or fail to assess them
    here are listed separately, in `not_assessed`.
    """
    checks = describe_checks(analysis)
    findings = describe_findings(analysis)
    by_demand = findings.sort_values(
        ["page_demand", "page_id"], ascending=[False, True], kind="stable"
    )
    findings_of_page = dict(list(by_demand.groupby("page_id", sort=False)))
    page_ids = list(findings_of_page)[:_MAX_PAGES]
    is_assessed = checks["difference"].notna()
    return {
        "pillars": [
            (pillar, _list_check_contexts(checks[is_assessed & (checks["pillar"] == pillar)]))
            for pillar in PILLARS
        ],
        "not_assessed": _list_check_contexts(checks[~is_assessed]),
        "n_pages": analysis.audits["page_id"].nunique(),
        "n_checks": len(checks),
        "n_findings": len(findings),
        "n_failing_pages": findings["page_id"].nunique(),
        "pages": [_page_context(str(page_id), findings_of_page[page_id]) for page_id in page_ids],
        "n_more": max(0, len(findings_of_page) - _MAX_PAGES),
    }


def _list_check_contexts(checks: pd.DataFrame) -> list[Context]:
    return [_check_context(row) for row in checks.to_dict("records")]


def _check_context(row: dict[Any, Any]) -> Context:
    has_difference = not is_missing(row["difference"])
    has_interval = has_difference and not is_missing(row["low"])
    return {
        **{column: shorten(row[column], 220) for column in ("title", "weight", "reading")},
        **{column: int(row[column]) for column in ("n_pages", "n_failed", "n_not_assessed")},
        "difference": in_points(row["difference"]) if has_difference else "",
        "interval": f"{in_points(row['low'])} to {in_points(row['high'])}" if has_interval else "",
    }


def _page_context(page_id: str, findings: pd.DataFrame) -> Context:
    """Return a page with its findings, the strongest checks first."""
    first = findings.iloc[0]
    contexts = [_finding_context(row) for row in findings.to_dict("records")]
    return {
        "page_id": shorten(page_id, 160),
        "title": shorten(first["title"], 120),
        "url": safe_url(first["url"]),
        "demand": float(first["page_demand"]),
        "minutes": float(findings["cost_minutes"].sum()),
        "findings": contexts[:_MAX_FINDINGS],
        "n_findings": len(contexts),
        "n_more": max(0, len(contexts) - _MAX_FINDINGS),
    }


def _finding_context(row: dict[Any, Any]) -> Context:
    limits = {
        "check_title": 120,
        "place": 120,
        "evidence": 240,
        "reason": 300,
        "remedy": 300,
        "weight": 20,
        "pillar": 20,
    }
    texts = {column: shorten(row[column], limit) for column, limit in limits.items()}
    return {**texts, "minutes": float(row["cost_minutes"])}


def claims_context(analysis: Analysis) -> Context:
    """Return the number of claims about the brand, the wrong claims, and each engine's drift."""
    claims = analysis.brand_claims
    wrong_claims = describe_wrong_claims(analysis)
    rates = describe_claim_rates(analysis)
    # the reading of the second half says how it differs from the first
    later_rates = rates[(rates["split_by"] == "half") & (rates["segment"] == "second")]
    drifts = later_rates[later_rates["reading"] != ""]
    return {
        "n_claims": len(claims),
        "n_different": {
            verdict: int((wrong_claims["verdict"] == verdict).sum()) for verdict in WRONG_VERDICTS
        },
        "counts": _count_verdicts(analysis),
        "judges": sorted(set(claims["judge"])),
        "rows": [
            _wrong_claim_context(row) for row in wrong_claims.head(_MAX_CLAIMS).to_dict("records")
        ],
        "n_more": max(0, len(wrong_claims) - _MAX_CLAIMS),
        "drifts": [
            {column: shorten(row[column], 160) for column in ("series", "verdict", "reading")}
            for row in drifts.to_dict("records")
        ],
    }


def _wrong_claim_context(row: dict[Any, Any]) -> Context:
    columns = ("verdict", "text", "own_words", "reason", "engines")
    has_time = not is_missing(row["first_at"])
    return {
        **{column: shorten(row[column], 400) for column in columns},
        "answers": count(row["n_answers"], "answer"),
        "since": f"{row['first_at']:%Y-%m-%d} to {row['last_at']:%Y-%m-%d}" if has_time else "",
        "page": shorten(row["page_id"], 120),
        "url": safe_url(row["url"]),
    }


def _count_verdicts(analysis: Analysis) -> dict[str, int]:
    counts = analysis.brand_claims["verdict"].value_counts()
    return {verdict: int(counts.get(verdict, 0)) for verdict in get_args(Verdict)}


def list_judges(analysis: Analysis) -> list[Context]:
    """Return for each judge and rubric whether it is used, and the measures behind that."""
    contexts = []
    for (judge, rubric), measures in analysis.reliability.groupby(["judge", "rubric"], sort=True):
        missed = [
            shorten(row["measure"], 40)
            for row in measures.to_dict("records")
            if not row["is_passed"]
        ]
        is_agreement = measures["measure"] == "human_agreement"
        has_people = bool(measures.loc[is_agreement, "value"].notna().any())
        use = (
            "used"
            if has_people
            else "used, with care: whether people would grade alike was not tested"
        )
        contexts.append(
            {
                "judge": shorten(judge, 80),
                "rubric": shorten(rubric, 80),
                "use": f"not used (misses {', '.join(missed)})" if missed else use,
                "readings": [shorten(text, 300) for text in measures["reading"]],
            }
        )
    return contexts


def list_audit_lines(analysis: Analysis) -> list[str]:
    """Return the audit and the wrong claims in a few plain lines, for a terminal."""
    lines = []
    if len(analysis.audits):
        lines.append(_describe_audit(analysis))
    if len(analysis.brand_claims):
        counted = ", ".join(
            f"{n} {'not checked' if verdict == NOT_ASSESSED else verdict}"
            for verdict, n in _count_verdicts(analysis).items()
            if n
        )
        lines.append(f"Claims about your brand in answers: {counted}.")
    return lines


def _describe_audit(analysis: Analysis) -> str:
    checks = analysis.checks[analysis.checks["n_failed"] > 0].sort_values(
        "n_failed", ascending=False, kind="stable"
    )
    counted = "; ".join(
        f"{shorten(row['title'], 60)} ({count(row['n_failed'], 'page')})"
        for row in checks.head(_MAX_FAILED_CHECKS).to_dict("records")
    )
    n_pages = count(analysis.findings["page_id"].nunique(), "page")
    summary = f"Audit: {count(len(analysis.findings), 'finding')} on {n_pages}"
    return f"{summary}. Most frequent: {counted}." if counted else f"{summary}."
