"""Has the engine itself changed?

Answers to queries whose pages were not changed show it, and so does another model.
"""

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from coverage_kit.measure.before_after import (
    LEVEL,
    QUERY,
    Treatment,
    find_windows,
    format_p,
    split_by_engine,
)
from coverage_kit.measure.permutation import Floats, correct_holm, flip_signs
from coverage_kit.tables import DRIFTS, Answers, Citations, Drifts, checked
from coverage_kit.tables.logged import logs_citations

# Names of models that a reason lists (assumed).
_MAX_NAMES = 5


@checked
def measure_drift(
    answers: Answers, citations: Citations, treatment: Treatment, seed: int = 0
) -> Drifts:
    """Return what moved between the time before the change and after it where nothing was changed.

    There is a row for each engine, surface and sign. Signs are of queries of untreated clusters
    answered both before and after (`measure_change`), each weighing the same:

    - own_citation_rate = answers that cite the treated site / answers.
    - searched_rate = answers for which the engine searched / answers.
    - citations_per_answer = pages that the answers cite / answers.
    - share_of_new_sites = cited pages of sites that the earlier half of the query's answers before
      does not cite / cited pages. `before` is that of the later half of the answers before, so that
      what is new from one answer to the next counts in both; `after` is that of the answers after.
      It is of queries for which all three cite something.
    - model: whether the sets of models that answered are the same; of all queries within the
      windows, without a p.

    The interval is of after - before: mean +- t(.975) x the standard error over queries, which is
    that of the bootstrap over queries in closed form. It is missing under two queries, or where all
    changed by the same. p is the share of sign flips of the queries' changes with a mean at least
    as far from 0 (`flip_signs`). A verdict needs p <= .05 after Holm over the engine's signs and
    surfaces. It says that answers to these queries changed, not why.

    Args:
        answers: answers of one log; those without a time are left out.
        citations: their citations, with `site` by owner.
        treatment: what was changed, and when.
        seed: seed of the sign flips.
    """
    answers = answers.reset_index(drop=True)
    windows = find_windows(answers, treatment, treatment.find_queries())
    paired = windows[windows["is_paired"] & ~windows["is_treated"]]
    signs = _count_signs(paired, answers, citations, treatment.site)
    rows = []
    for (engine, surface), segment in split_by_engine(answers, windows):
        keys = {"engine": engine, "surface": surface}
        own = paired.loc[paired.index.intersection(segment.index)]
        rows += [
            keys | {"sign": sign} | _measure(_rate_queries(own, counts), seed)
            for sign, counts in signs.items()
        ]
        rows.append(keys | _compare_models(segment, answers))
    p = pd.DataFrame(rows, columns=["engine", "p"]).groupby("engine")["p"]
    p_holm = p.transform(lambda of_engine: correct_holm(of_engine.to_numpy(dtype=np.float64)))
    table_rows = [
        row | (_read_verdict(row, p) if row["sign"] in signs else {})
        for row, p in zip(rows, p_holm, strict=True)
    ]
    return DRIFTS.table(table_rows)


def _count_signs(
    paired: pd.DataFrame, answers: Answers, citations: Citations, site: str
) -> dict[str, pd.DataFrame]:
    """Return what each answer adds to `top` and `base` of each sign.

    A query's rate is the quotient of their sums.
    """
    cited = citations.loc[citations["kind"] == "cited", ["answer_id", "site"]]
    n_cited = (
        paired["answer_id"].map(cited["answer_id"].value_counts()).astype(np.float64).fillna(0.0)
    )
    is_own = paired["answer_id"].isin(cited.loc[cited["site"] == site, "answer_id"])
    tops = {
        "own_citation_rate": is_own,
        "searched_rate": answers["has_searched"],
        "citations_per_answer": n_cited,
    }
    # without citations of an engine, nothing is known of whom it cites
    is_logged = logs_citations(answers, citations)[paired.index].astype(np.float64)
    bases = dict.fromkeys(tops, is_logged) | {"searched_rate": 1.0}
    signs = {
        sign: pd.DataFrame({"top": top[paired.index].astype(np.float64), "base": bases[sign]})
        for sign, top in tops.items()
    }
    return signs | {"share_of_new_sites": _count_new(paired, cited)}


def _is_early(paired: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each answer is in the earlier half of its query's answers before."""
    before = paired[~paired["is_after"]].sort_values(["asked_at", "answer_id"]).groupby(QUERY)
    is_early = before.cumcount() < before["answer_id"].transform("size") // 2
    return is_early.reindex(paired.index, fill_value=False)


def _count_new(paired: pd.DataFrame, cited: pd.DataFrame) -> pd.DataFrame:
    """Return the pages that each answer cites of new sites, and all pages that it cites.

    New sites are those that its query's earlier half does not cite. The earlier half itself counts
    nothing, nor do queries of which it cites nothing.
    """
    pages = paired.assign(is_early=_is_early(paired))[["answer_id", *QUERY, "is_early"]].merge(
        cited, on="answer_id"
    )
    earlier_sites = pages.loc[pages["is_early"], [*QUERY, "site"]].drop_duplicates()
    # Only queries of which the earlier half cites something.
    later = pages[~pages["is_early"]].merge(earlier_sites[QUERY].drop_duplicates(), on=QUERY)
    later = later.merge(earlier_sites.assign(is_known=True), on=[*QUERY, "site"], how="left")
    counts = {
        "top": later.loc[later["is_known"].isna(), "answer_id"],
        "base": later["answer_id"],
    }
    return pd.DataFrame(
        {
            name: paired["answer_id"].map(ids.value_counts()).astype(np.float64).fillna(0.0)
            for name, ids in counts.items()
        }
    )


def _rate_queries(own: pd.DataFrame, counts: pd.DataFrame) -> Floats:
    """Return the rates before and after of the queries that have both, shape (queries, 2)."""
    sums = counts.loc[own.index].groupby([own["query_id"], own["is_after"]]).sum()
    rates = (
        (sums["top"] / sums["base"].where(sums["base"] > 0))
        .unstack("is_after")
        .reindex(columns=[False, True])
    )
    return rates.dropna().to_numpy(dtype=np.float64)


def _measure(rates: Floats, seed: int) -> dict[str, Any]:
    """Return before, after, interval and p of rates of shape (queries, 2)."""
    if not len(rates):
        return {"n_prompts": 0}
    change = rates[:, 1] - rates[:, 0]
    error = float(change.std(ddof=1)) / math.sqrt(len(change)) if len(change) > 1 else 0.0
    # No interval where all changed by the same.
    half = float(stats.t.ppf(0.975, len(change) - 1)) * error if error > 0 else math.nan
    before, after = rates.mean(axis=0)
    return {
        "n_prompts": len(rates),
        "before": before,
        "after": after,
        "p": flip_signs(change, seed),
        "low": after - before - half,
        "high": after - before + half,
    }


def _read_verdict(row: dict[Any, Any], p_holm: float) -> dict[str, str]:
    n_questions = f"{row['n_prompts']} question{'' if row['n_prompts'] == 1 else 's'}"
    if not row["n_prompts"]:
        return {
            "verdict": "no clear change",
            "reason": "no clear change: no question on unchanged pages shows it both before and "
            "after",
        }
    change = row["after"] - row["before"]
    moved = f"from {row['before']:.2f} to {row['after']:.2f} on {n_questions}"
    if p_holm <= LEVEL:
        verdict = "up" if change > 0 else "down"
        return {
            "verdict": verdict,
            "reason": f"{verdict}: {moved} ({format_p(p_holm)} after Holm), where nothing of "
            "ours was changed",
        }
    within = ""
    if not math.isnan(row["low"]):
        within = f"; the change lies within {row['low']:+.2f} to {row['high']:+.2f}"
    return {
        "verdict": "no clear change",
        "reason": f"no clear change: {moved}{within}",
    }


def _compare_models(segment: pd.DataFrame, answers: Answers) -> dict[str, Any]:
    """Return the row of the models that answered before and after, of one engine and surface."""
    models = answers.loc[segment.index, "model"].fillna("").astype("str")
    before, after = (
        sorted(set(models[segment["is_after"] == side]) - {""}) for side in (False, True)
    )
    verdict = "no clear change"
    if before and after:
        verdict = "the same" if before == after else "changed"
    reason = f"{verdict}: {_list(before)} before, {_list(after)} after"
    n_prompts = int(segment.loc[segment["is_paired"], "query_id"].nunique())
    return {
        "sign": "model",
        "n_prompts": n_prompts,
        "verdict": verdict,
        "reason": reason,
    }


def _list(names: list[str]) -> str:
    remainder = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + remainder if names else "no model logged"
