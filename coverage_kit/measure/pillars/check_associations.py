"""Whether pages that fail a check are cited less, on this log.

It is an association at equal coverage, and does not prove a cause.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t

from coverage_kit.measure.intervals import Z_95
from coverage_kit.measure.permutation import correct_holm
from coverage_kit.measure.pillars.audit import CHECKS as ALL
from coverage_kit.measure.pillars.check import Check
from coverage_kit.tables import (
    CHECKS,
    Answers,
    Audits,
    Checks,
    Citations,
    Coverage,
    checked,
)

# Pages on either side; with fewer, the interval would be a guess.
MIN_PAGES = 5
# Bootstraps and permutations (assumed).
_DRAWS = 2_000
# The usual level.
_ALPHA = 0.05

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CitedLog:
    """The logged answers, what they cite, and which passage of the site is nearest to each query.

    `page_id` gives a URL's page its id (`collect.urls.page_id`), so that different spellings of a
    URL match.
    """

    answers: Answers
    citations: Citations
    coverage: Coverage
    page_id: Callable[[str], str]


class _CitedPages(NamedTuple):
    """The pages that queries end at: ids, and for each page one value a query.

    The values are the query's answers, those of them that cite the page, and the query's coverage.
    """

    pages: tuple[str, ...]
    n_answers: tuple[Floats, ...]
    n_cited: tuple[Floats, ...]
    coverage: tuple[Floats, ...]


class _ComparedPages(NamedTuple):
    """The association of a check; p is not corrected."""

    passed: float
    failed: float
    difference: float
    low: float
    high: float
    p: float


@checked
def measure_checks(audits: Audits, log: CitedLog, seed: int = 0) -> Checks:
    """Return how often each check fails, and whether pages that fail it are cited less.

    A page's citation rate is the share of answers that cite it among the answers to the queries
    whose nearest passage of the site is on it (answers without a search are left out). `difference`
    is the coefficient b of rate = a + b failed + c coverage, fitted over pages by least squares.
    Each page weighs the square root of its number of queries, and its coverage is their mean. The
    95% interval are percentiles of 2,000 bootstraps that draw pages, with all their queries, within
    both sides, widened for few pages (Hesterberg 2015). p is that of permuted residuals (Freedman &
    Lane 1983), corrected over all checks by Holm. Both are reported from five pages on either side
    on. Coverage has citations among its evidence, which draws a true difference towards nothing.

    Args:
        audits: of `audit_pages`.
        log: the logged answers and what they cite.
        seed: of the bootstrap and the permutations.
    """
    pages = _count_citations(log)
    # Checks by pages.
    outcomes = (
        audits.pivot(index="check", columns="page_id", values="outcome")
        if len(audits)
        else pd.DataFrame()
    )
    results = {check.name: _associate(check, outcomes, pages, seed) for check in ALL}
    p_values = {
        name: result.p for name, result in results.items() if isinstance(result, _ComparedPages)
    }
    corrected = correct_holm(np.array(list(p_values.values()), dtype=np.float64))
    p_holm = dict(zip(p_values, corrected.tolist(), strict=True))
    rows = [_row(check, outcomes, results[check.name], p_holm.get(check.name)) for check in ALL]
    return CHECKS.table(rows)


def _count_citations(log: CitedLog) -> _CitedPages:
    searched = log.answers[log.answers["has_searched"].astype(bool)]
    cited = log.citations[log.citations["kind"] == "cited"]
    ids = {url: log.page_id(url) for url in cited["url"].unique()}
    pairs = set(zip(cited["answer_id"], cited["url"].map(ids), strict=True))
    queries = log.coverage.dropna(subset=["own_passage_id"])
    queries = queries.assign(page_id=queries["own_passage_id"].str.rsplit("#", n=1).str[0])
    answers = searched[["answer_id", "query_id"]].merge(
        queries[["query_id", "page_id", "coverage"]], on="query_id"
    )
    is_cited = [
        pair in pairs for pair in zip(answers["answer_id"], answers["page_id"], strict=True)
    ]
    by_query = answers.assign(is_cited=is_cited).groupby(["page_id", "query_id"], sort=True)
    table = by_query.agg(
        n=("answer_id", "nunique"),
        n_cited=("is_cited", "sum"),
        coverage=("coverage", "first"),
    ).reset_index()
    groups = [(str(name), rows) for name, rows in table.groupby("page_id", sort=True)]
    pages = tuple(name for name, _ in groups)

    def columns(name: str) -> tuple[Floats, ...]:
        return tuple(rows[name].to_numpy(dtype=np.float64) for _, rows in groups)

    return _CitedPages(
        pages,
        n_answers=columns("n"),
        n_cited=columns("n_cited"),
        coverage=columns("coverage"),
    )


def _associate(
    check: Check, outcomes: pd.DataFrame, pages: _CitedPages, seed: int
) -> _ComparedPages | str:
    """Return a check's association, or why there is none."""
    if check.is_of_site:
        return "a check of the whole site: there are no pages to compare"
    if check.is_from_citations:
        return "rests on who is cited: to compare that with who is cited would be circular"
    if not pages.pages or not sum(float(n_cited.sum()) for n_cited in pages.n_cited):
        return "not assessed: no logged answer cites a page that questions end at"
    by_page = outcomes.loc[check.name].to_dict() if check.name in outcomes.index else {}
    rows = [
        row for row, name in enumerate(pages.pages) if by_page.get(name) in ("passed", "failed")
    ]
    failed = np.array([by_page[pages.pages[row]] == "failed" for row in rows], dtype=bool)
    n_failed = int(failed.sum())
    n_passed = int((~failed).sum())
    if min(n_failed, n_passed) < MIN_PAGES:
        sides = f"{n_failed} of the pages that questions end at fail, and {n_passed} pass"
        return f"too few pages to tell: {sides}; {MIN_PAGES} of each are asked for"
    rates = {float(pages.n_cited[row].sum() / pages.n_answers[row].sum()) for row in rows}
    if len(rates) == 1:
        return "not assessed: the pages that questions end at are all cited equally often"
    return _measure(pages, rows, failed, np.random.default_rng(seed))


def _measure(
    pages: _CitedPages, rows: list[int], failed: Flags, rng: np.random.Generator
) -> _ComparedPages:
    # The square root: a page with many questions counts more, without deciding alone.
    weights = np.sqrt([len(pages.n_answers[row]) for row in rows])
    rates = np.array([pages.n_cited[row].sum() / pages.n_answers[row].sum() for row in rows])
    coverage = np.array([pages.coverage[row].mean() for row in rows])
    difference = float(_fit_difference(rates[None], coverage[None], failed[None], weights[None])[0])
    # Each side is drawn by itself, so that every draw has pages that fail and pages that pass.
    draws = np.concatenate([_draw(np.flatnonzero(side), rng) for side in (failed, ~failed)], axis=1)
    differences = _fit_difference(rates[draws], coverage[draws], failed[draws], weights[draws])
    low, high = difference + _widening(len(rows)) * (
        np.quantile(differences, (0.025, 0.975)) - difference
    )
    p = _permute(rates, coverage, failed, weights, rng)
    return _ComparedPages(
        passed=float(rates[~failed].mean()),
        failed=float(rates[failed].mean()),
        difference=difference,
        low=float(low),
        high=float(high),
        p=p,
    )


def _widening(n_pages: int) -> float:
    """Return the factor by which percentiles of few pages' bootstraps are too narrow.

    Three coefficients are fitted (Hesterberg 2015).
    """
    free = max(1, n_pages - 3)
    return float(t.ppf(0.975, free) / Z_95 * np.sqrt(n_pages / free))


def _draw(rows: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    return rows[rng.integers(len(rows), size=(_DRAWS, len(rows)))]


def _fit_difference(rates: Floats, coverage: Floats, failed: Flags, weights: Floats) -> Floats:
    """Return b of rate = a + b failed + c coverage of each row, by weighted least squares.

    It is 0 where the pages do not determine it.
    """
    rates = _residuals(rates, coverage, weights)
    is_failed = _residuals(failed.astype(np.float64), coverage, weights)
    base = (weights * is_failed**2).sum(axis=1)
    quotient: Floats = np.divide(
        (weights * is_failed * rates).sum(axis=1),
        base,
        out=np.zeros(len(base)),
        where=base > 1e-12,
    )
    return quotient


def _residuals(values: Floats, coverage: Floats, weights: Floats) -> Floats:
    """Return the residuals of each row's values on its coverage and a constant.

    The fit is by weighted least squares.
    """
    total = weights.sum(axis=1, keepdims=True)
    values = values - (weights * values).sum(axis=1, keepdims=True) / total
    coverage = coverage - (weights * coverage).sum(axis=1, keepdims=True) / total
    base = (weights * coverage**2).sum(axis=1, keepdims=True)
    slope = np.divide(
        (weights * coverage * values).sum(axis=1, keepdims=True),
        base,
        out=np.zeros_like(base),
        where=base > 1e-12,
    )
    residuals: Floats = values - slope * coverage
    return residuals


def _permute(
    rates: Floats,
    coverage: Floats,
    failed: Flags,
    weights: Floats,
    rng: np.random.Generator,
) -> float:
    """Return the share of permuted residuals whose difference is at least as large, either way.

    The permutation is that of Freedman & Lane (1983).
    """
    # Residuals on coverage alone, in units in which all pages vary by the same.
    root = np.sqrt(weights)
    residuals = _residuals(rates[None], coverage[None], weights[None])[0] * root
    shuffled = np.array([rng.permutation(residuals) for _ in range(_DRAWS)]) / root
    rows = np.vstack([residuals[None] / root, shuffled])
    shape = rows.shape
    columns = (
        np.broadcast_to(coverage, shape),
        np.broadcast_to(failed, shape),
        np.broadcast_to(weights, shape),
    )
    differences = np.abs(_fit_difference(rows, *columns))
    return float((1 + (differences[1:] >= differences[0] - 1e-12).sum()) / (1 + _DRAWS))


def _row(
    check: Check,
    outcomes: pd.DataFrame,
    result: _ComparedPages | str,
    p: float | None,
) -> dict[str, Any]:
    counts = (
        outcomes.loc[check.name].value_counts()
        if check.name in outcomes.index
        else pd.Series(dtype=int)
    )
    n_failed = int(counts.get("failed", 0))
    row = {
        "pillar": check.pillar,
        "check": check.name,
        "title": check.title,
        "weight": check.weight,
        "n_pages": n_failed + int(counts.get("passed", 0)),
        "n_failed": n_failed,
        "n_not_assessed": int(counts.get("not assessed", 0)),
    }
    if isinstance(result, str):
        missing = ("cited_passed", "cited_failed", "difference", "low", "high", "p")
        return {**row, **dict.fromkeys(missing), "reading": result}
    return {
        **row,
        "cited_passed": result.passed,
        "cited_failed": result.failed,
        "difference": result.difference,
        "low": result.low,
        "high": result.high,
        "p": p,
        "reading": _read(result, p or 0.0),
    }


def _read(result: _ComparedPages, p: float) -> str:
    points = (
        f"{100 * result.difference:+.0f} points (95% interval {100 * result.low:+.0f} to "
        f"{100 * result.high:+.0f})"
    )
    figures = (
        f"{points} between pages that fail and pass, coverage held equal; p {p:.3f} over all checks"
    )
    if p > _ALPHA:
        return f"shows nothing on this log: {figures}"
    way = "less" if result.difference < 0 else "more"
    return f"association, no cause: pages that fail are cited {way}: {figures}"
