"""Whether failing a check goes with being cited less, on this log: an association, coverage held equal, no cause."""

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

LEAST_PAGES = 5  # on either side; with fewer, the interval would be a guess
_DRAWS = 2_000
_ALPHA = 0.05

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CitedLog:
    """What tells which pages are cited: the logged answers, what they cite, and which own passage is nearest to each query.

    `page_id` gives a URL's page its id (`collect.urls.page_id`), so that spellings meet.
    """

    answers: Answers
    citations: Citations
    coverage: Coverage
    page_id: Callable[[str], str]


class _Near(NamedTuple):
    """Pages that queries end at: ids; of each page its queries' answers, those that cite it, and coverage; weights."""

    pages: tuple[str, ...]
    n_answers: tuple[Floats, ...]
    n_cited: tuple[Floats, ...]
    coverage: tuple[Floats, ...]


class _ComparedPages(NamedTuple):
    """One check's association; p before correction."""

    passed: float
    failed: float
    difference: float
    low: float
    high: float
    p: float


@checked
def measure_checks(audits: Audits, log: CitedLog, seed: int = 0) -> Checks:
    """Return for each check how often it fails, and whether pages that fail it are cited less than those that pass.

    A page's citation rate is the share of answers that cite it among those to the queries whose
    nearest own passage is on it (answers without a search left out). `difference` is the
    coefficient b of rate = a + b failed + c coverage, fitted over pages by least squares, each page
    weighing the square root of its number of queries; coverage is the mean of those queries. Its
    95% interval are percentiles of 2,000 bootstraps that draw pages, with all their queries, within
    both sides, widened for few pages (Hesterberg 2015); p is that of permuted residuals (Freedman &
    Lane 1983), corrected over all checks by Holm. It is told from five pages on either side on.
    Coverage has citations among its evidence, which draws a true difference towards nothing.

    Args:
        audits: of `audit_pages`.
        log: the logged answers and what they cite.
        seed: of the bootstrap and the permutations.
    """
    near = _near(log)
    outcomes = (
        audits.pivot(index="check", columns="page_id", values="outcome")
        if len(audits)
        else pd.DataFrame()
    )
    told = {check.name: _associate(check, outcomes, near, seed) for check in ALL}
    ps = {name: one.p for name, one in told.items() if isinstance(one, _ComparedPages)}
    ps = dict(
        zip(
            ps,
            correct_holm(np.array(list(ps.values()), dtype=np.float64)).tolist(),
            strict=True,
        )
    )
    rows = [_row(check, outcomes, told[check.name], ps.get(check.name)) for check in ALL]
    return CHECKS.table(rows)


def _near(log: CitedLog) -> _Near:
    searched = log.answers[log.answers["has_searched"].astype(bool)]
    cited = log.citations[log.citations["kind"] == "cited"]
    ids = {url: log.page_id(url) for url in cited["url"].unique()}
    pairs = set(zip(cited["answer_id"], cited["url"].map(ids), strict=True))
    asked = log.coverage.dropna(subset=["own_passage_id"])
    asked = asked.assign(page_id=asked["own_passage_id"].str.rsplit("#", n=1).str[0])
    answers = searched[["answer_id", "query_id"]].merge(
        asked[["query_id", "page_id", "coverage"]], on="query_id"
    )
    is_cited = [
        pair in pairs for pair in zip(answers["answer_id"], answers["page_id"], strict=True)
    ]
    queries = answers.assign(is_cited=is_cited).groupby(["page_id", "query_id"], sort=True)
    table = queries.agg(
        n=("answer_id", "nunique"),
        n_cited=("is_cited", "sum"),
        coverage=("coverage", "first"),
    ).reset_index()
    groups = [(str(name), rows) for name, rows in table.groupby("page_id", sort=True)]
    pages = tuple(name for name, _ in groups)
    parts = [rows for _, rows in groups]
    columns = (
        tuple(part[name].to_numpy(dtype=np.float64) for part in parts)
        for name in ("n", "n_cited", "coverage")
    )
    return _Near(pages, *columns)


def _associate(
    check: Check, outcomes: pd.DataFrame, near: _Near, seed: int
) -> _ComparedPages | str:
    """Return a check's association, or why it cannot be told."""
    if check.is_of_site:
        return "a check of the whole site: there are no pages to compare"
    if check.is_told_by_citations:
        return "told by who is cited: to compare that with who is cited would be circular"
    if not near.pages or not sum(float(one.sum()) for one in near.n_cited):
        return "cannot be told: no logged answer cites a page that questions end at"
    row = outcomes.loc[check.name].to_dict() if check.name in outcomes.index else {}
    told = [at for at, name in enumerate(near.pages) if row.get(name) in ("passed", "failed")]
    failed = np.array([row[near.pages[at]] == "failed" for at in told], dtype=bool)
    n_failed = int(failed.sum())
    n_passed = int((~failed).sum())
    if min(n_failed, n_passed) < LEAST_PAGES:
        sides = f"{n_failed} of the pages that questions end at fail, and {n_passed} pass"
        return f"too few pages to tell: {sides}; {LEAST_PAGES} of each are asked for"
    return _measure(near, told, failed, np.random.default_rng(seed))


def _measure(
    near: _Near, told: list[int], failed: Flags, rng: np.random.Generator
) -> _ComparedPages:
    weights = np.sqrt([len(near.n_answers[at]) for at in told])
    rates = np.array([near.n_cited[at].sum() / near.n_answers[at].sum() for at in told])
    coverage = np.array([near.coverage[at].mean() for at in told])
    found = float(_coefficient(rates[None], coverage[None], failed[None], weights[None])[0])
    places = np.concatenate(
        [_draw(np.flatnonzero(side), rng) for side in (failed, ~failed)], axis=1
    )
    draws = _coefficient(rates[places], coverage[places], failed[places], weights[places])
    low, high = found + _widening(len(told)) * (np.quantile(draws, (0.025, 0.975)) - found)
    p = _permute(rates, coverage, failed, weights, rng)
    return _ComparedPages(
        float(rates[~failed].mean()),
        float(rates[failed].mean()),
        found,
        float(low),
        float(high),
        p,
    )


def _widening(n_pages: int) -> float:
    """Return by how much percentiles of few pages' bootstraps are too narrow, with three numbers fitted (Hesterberg 2015)."""
    free = max(1, n_pages - 3)
    return float(t.ppf(0.975, free) / Z_95 * np.sqrt(n_pages / free))


def _draw(places: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    return places[rng.integers(len(places), size=(_DRAWS, len(places)))]


def _coefficient(rates: Floats, coverage: Floats, failed: Flags, weights: Floats) -> Floats:
    """Return b of rate = a + b failed + c coverage of each row, by weighted least squares; 0 where it cannot be told."""
    rates = _without(rates, coverage, weights)
    told = _without(failed.astype(np.float64), coverage, weights)
    base = (weights * told**2).sum(axis=1)
    quotient: Floats = np.divide(
        (weights * told * rates).sum(axis=1),
        base,
        out=np.zeros(len(base)),
        where=base > 1e-12,
    )
    return quotient


def _without(values: Floats, coverage: Floats, weights: Floats) -> Floats:
    """Return the residuals of each row's values on its coverage and a constant, by weighted least squares."""
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
    left: Floats = values - slope * coverage
    return left


def _permute(
    rates: Floats,
    coverage: Floats,
    failed: Flags,
    weights: Floats,
    rng: np.random.Generator,
) -> float:
    """Return the share of permuted residuals whose difference is at least as large, either way (Freedman & Lane 1983)."""
    root = np.sqrt(weights)
    left = _without(rates[None], coverage[None], weights[None])[0] * root
    shuffled = np.array([rng.permutation(left) for _ in range(_DRAWS)]) / root
    rows = np.vstack([left[None] / root, shuffled])
    shape = rows.shape
    told = (
        np.broadcast_to(coverage, shape),
        np.broadcast_to(failed, shape),
        np.broadcast_to(weights, shape),
    )
    found = np.abs(_coefficient(rows, *told))
    return float((1 + (found[1:] >= found[0] - 1e-12).sum()) / (1 + _DRAWS))


def _row(
    check: Check,
    outcomes: pd.DataFrame,
    told: _ComparedPages | str,
    p: float | None,
) -> dict[str, Any]:
    counts = (
        outcomes.loc[check.name].value_counts()
        if check.name in outcomes.index
        else pd.Series(dtype=int)
    )
    n_failed = int(counts.get("failed", 0))
    row = {
        **{
            "pillar": check.pillar,
            "check": check.name,
            "title": check.title,
            "weight": check.weight,
        },
        **{
            "n_pages": n_failed + int(counts.get("passed", 0)),
            "n_failed": n_failed,
        },
        **{"n_not_told": int(counts.get("not told", 0))},
    }
    if isinstance(told, str):
        return {
            **row,
            **dict.fromkeys(
                (
                    "cited_passed",
                    "cited_failed",
                    "difference",
                    "low",
                    "high",
                    "p",
                )
            ),
            "reading": told,
        }
    figures = {
        "difference": told.difference,
        "low": told.low,
        "high": told.high,
        "p": p,
    }
    return {
        **row,
        "cited_passed": told.passed,
        "cited_failed": told.failed,
        **figures,
        "reading": _read(told, p or 0.0),
    }


def _read(told: _ComparedPages, p: float) -> str:
    points = f"{100 * told.difference:+.0f} points (95% interval {100 * told.low:+.0f} to {100 * told.high:+.0f})"
    figures = (
        f"{points} between pages that fail and pass, coverage held equal; p {p:.3f} over all checks"
    )
    if p > _ALPHA:
        return f"shows nothing on this log: {figures}"
    way = "less" if told.difference < 0 else "more"
    return f"association, no cause: pages that fail are cited {way}: {figures}"
