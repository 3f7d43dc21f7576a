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
from coverage_kit.report.engine_names import name_engine
from coverage_kit.report.joined import describe_queries
from coverage_kit.report.page_data import Context
from coverage_kit.report.texts import (
    clean_text,
    is_missing,
    link_to_words,
    safe_url,
    shorten,
    shorten_lines,
)
from coverage_kit.report.wording import count, in_points
from coverage_kit.vocabulary import NOT_ASSESSED, WRONG_VERDICTS, Verdict

# Pages, findings of a page and claims that the page lists, so that it stays light; the workbook
# has all. Assumed.
_MAX_PAGES = 40
_MAX_FINDINGS = 12
_MAX_CLAIMS = 30
# Characters of an answer on each side of a wrong claim, and of the passage that it is compared
# with. Assumed: enough to see what is meant.
_AROUND = 220
_MAX_PASSAGE = 700
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
    shown = wrong_claims.head(_MAX_CLAIMS).to_dict("records")
    sources = _Sources(analysis, [row["answer_id"] for row in shown])
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
        "rows": [_wrong_claim_context(row, sources) for row in shown],
        "n_more": max(0, len(wrong_claims) - _MAX_CLAIMS),
        "drifts": [
            {column: shorten(row[column], 160) for column in ("series", "verdict", "reading")}
            for row in drifts.to_dict("records")
        ],
    }


class _Sources:
    """Where wrong claims come from: the answers that make them, their questions and gaps."""

    def __init__(self, analysis: Analysis, answer_ids: list[str]) -> None:
        answers = analysis.answers[analysis.answers["answer_id"].isin(answer_ids)]
        queries = describe_queries(analysis)[["query_id", "text", "gap_rank"]]
        names = {"text": "question"}
        joined = answers.merge(queries.rename(columns=names), on="query_id", how="left")
        self._rows = joined.set_index("answer_id").to_dict("index")

    def describe(self, answer_id: str, sentence: str) -> Context | None:
        """Return the engine, the question, its gap, and the answer around a sentence.

        The words are in three parts: those before the sentence, the sentence, those behind it.
        None for an answer that the run does not hold.
        """
        row = self._rows.get(answer_id)
        if row is None:
            return None
        answer = clean_text(row["text"])
        before, found, after = answer.partition(clean_text(sentence))
        # A claim that was merged or cleaned is not in the answer word for word.
        parts = (before, found, after) if found else (answer, "", "")
        return {
            "engine": shorten(name_engine(row["engine"]), 60),
            "day": "" if is_missing(row["asked_at"]) else f"{row['asked_at']:%Y-%m-%d}",
            "question": shorten(row["question"], 240),
            "gap_rank": None if is_missing(row["gap_rank"]) else int(row["gap_rank"]),
            "before": _last_words(parts[0]) if found else shorten(answer, 2 * _AROUND),
            "said": shorten(parts[1], 400),
            "after": shorten(parts[2], _AROUND),
        }


def _last_words(text: str) -> str:
    """Return the end of a text, cut at a word."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _AROUND else f"… {flat[-_AROUND:].partition(' ')[2]}"


def _wrong_claim_context(row: dict[Any, Any], sources: _Sources) -> Context:
    columns = ("verdict", "text", "own_words", "reason", "engines")
    has_time = not is_missing(row["first_at"])
    first, last = (f"{row[name]:%Y-%m-%d}" if has_time else "" for name in ("first_at", "last_at"))
    heading = clean_text(row["heading_path"]).rpartition(" > ")[2]
    return {
        **{column: shorten(row[column], 400) for column in columns},
        "answers": count(row["n_answers"], "answer"),
        "since": first if first == last else f"{first} to {last}",
        "page": shorten(row["page_id"], 120),
        "heading": shorten(heading, 120) or shorten(row["page_id"], 120),
        "url": link_to_words(safe_url(row["url"]), clean_text(row["own_words"])),
        "passage": shorten_lines(row["passage_text"], _MAX_PASSAGE),
        "source": sources.describe(row["answer_id"], row["text"]),
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
