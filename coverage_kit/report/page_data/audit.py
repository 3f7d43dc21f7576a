"""The audit, what answers get wrong about the brand, and the judges, as plain values for the page's template."""

from typing import Any

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.audit_joined import (
    PILLARS,
    describe_checks,
    describe_claim_rates,
    describe_findings,
    describe_wrong_claims,
)
from coverage_kit.report.texts import is_missing, safe_url, shorten
from coverage_kit.report.wording import count, in_points

_PAGES = 40
_A_PAGE = 12
_CLAIMS = 30

Story = dict[str, Any]


def tell_pillars(analysis: Analysis) -> Story:
    """Return each pillar's checks with what they show on this log, and the findings by page, those with most demand first.

    Checks for which the log cannot tell stand apart, in `untold`: too few pages pass or fail them.
    """
    checks = describe_checks(analysis)
    findings = describe_findings(analysis)
    by_demand = findings.sort_values(
        ["page_demand", "page_id"], ascending=[False, True], kind="stable"
    )
    groups = dict(list(by_demand.groupby("page_id", sort=False)))
    is_told = checks["difference"].notna()
    pages = [_tell_page(str(name), groups[name]) for name in list(groups)[:_PAGES]]
    return {
        "pillars": [
            (
                pillar,
                [
                    _tell_check(row)
                    for row in checks[is_told & (checks["pillar"] == pillar)].to_dict("records")
                ],
            )
            for pillar in PILLARS
        ],
        "untold": [_tell_check(row) for row in checks[~is_told].to_dict("records")],
        "n_pages": analysis.audits["page_id"].nunique(),
        "n_checks": len(checks),
        "n_findings": len(findings),
        "n_pages_found": findings["page_id"].nunique(),
        "pages": pages,
        "n_more": max(0, len(groups) - _PAGES),
    }


def _tell_check(row: dict[Any, Any]) -> Story:
    known = not is_missing(row["difference"])
    ends = (
        f"{in_points(row['low'])} to {in_points(row['high'])}"
        if known and not is_missing(row["low"])
        else ""
    )
    return {
        **{name: shorten(row[name], 220) for name in ("title", "weight", "reading")},
        **{name: int(row[name]) for name in ("n_pages", "n_failed", "n_not_told")},
        "difference": in_points(row["difference"]) if known else "",
        "interval": ends,
    }


def _tell_page(name: str, rows: pd.DataFrame) -> Story:
    first = rows.iloc[0]
    texts = {
        "check_title": 120,
        "place": 120,
        "evidence": 240,
        "reason": 300,
        "remedy": 300,
        "weight": 20,
        "pillar": 20,
    }
    told = [
        {
            **{key: shorten(row[key], limit) for key, limit in texts.items()},
            "minutes": float(row["cost_minutes"]),
        }
        for row in rows.to_dict("records")
    ]
    return {
        "page_id": shorten(name, 160),
        "title": shorten(first["title"], 120),
        "url": safe_url(first["url"]),
        "demand": float(first["page_demand"]),
        "minutes": float(rows["cost_minutes"].sum()),
        "findings": told[:_A_PAGE],
        "n_findings": len(told),
        "n_more": max(0, len(told) - _A_PAGE),
    }


def tell_claims(analysis: Analysis) -> Story:
    """Return how many claims about the brand were held against the own pages, the wrong ones, and how each engine drifts."""
    claims = analysis.brand_claims
    wrong = describe_wrong_claims(analysis)
    halves = describe_claim_rates(analysis)
    halves = halves[(halves["split_by"] == "half") & (halves["segment"] == "second")]
    return {
        "n_claims": len(claims),
        "counts": _count_verdicts(analysis),
        "judges": sorted(set(claims["judge"])),
        "rows": [
            {
                **{
                    name: shorten(row[name], 400)
                    for name in (
                        "verdict",
                        "text",
                        "own_words",
                        "reason",
                        "engines",
                    )
                },
                "answers": count(row["n_answers"], "answer"),
                "since": ""
                if is_missing(row["first_at"])
                else f"{row['first_at']:%Y-%m-%d} to {row['last_at']:%Y-%m-%d}",
                "page": shorten(row["page_id"], 120),
                "url": safe_url(row["url"]),
            }
            for row in wrong.head(_CLAIMS).to_dict("records")
        ],
        "n_more": max(0, len(wrong) - _CLAIMS),
        "drifts": [
            {name: shorten(row[name], 160) for name in ("series", "verdict", "reading")}
            for row in halves[halves["reading"] != ""].to_dict("records")
        ],
    }


def _count_verdicts(analysis: Analysis) -> dict[str, int]:
    counts = analysis.brand_claims["verdict"].value_counts()
    return {
        name: int(counts.get(name, 0))
        for name in ("supported", "unsupported", "contradicted", "not told")
    }


def tell_judges(analysis: Analysis) -> list[Story]:
    """Return for each judge and rubric whether it is used, and the measures behind that."""
    stories = []
    for (judge, rubric), rows in analysis.reliability.groupby(["judge", "rubric"], sort=True):
        missed = [
            shorten(row["measure"], 40) for row in rows.to_dict("records") if not row["is_passed"]
        ]
        has_people = bool(rows.loc[rows["measure"] == "human_agreement", "value"].notna().any())
        use = (
            "used"
            if has_people
            else "used, with care: whether people would grade alike was not tested"
        )
        stories.append(
            {
                "judge": shorten(judge, 80),
                "rubric": shorten(rubric, 80),
                "use": f"not used (misses {', '.join(missed)})" if missed else use,
                "readings": [shorten(text, 300) for text in rows["reading"]],
            }
        )
    return stories


def list_audit_lines(analysis: Analysis) -> list[str]:
    """Return the audit and the wrong claims in a few plain lines, for a terminal."""
    lines = []
    if len(analysis.audits):
        failed = analysis.checks[analysis.checks["n_failed"] > 0].sort_values(
            "n_failed", ascending=False, kind="stable"
        )
        told = "; ".join(
            f"{shorten(row['title'], 60)} {row['n_failed']}"
            for row in failed.head(4).to_dict("records")
        )
        n_pages = analysis.findings["page_id"].nunique()
        lines.append(
            f"Audit: {len(analysis.findings)} findings on {count(n_pages, 'page')}{f': {told}' if told else ''}."
        )
    if len(analysis.brand_claims):
        counts = _count_verdicts(analysis)
        told = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
        lines.append(f"Claims of answers about the brand: {told}.")
    return lines
