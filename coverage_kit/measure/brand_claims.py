"""Wrong about us: what answers claim of the brand, held against the own pages, and how often each engine is wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from coverage_kit.measure.intervals import measure_ratios, sum_by
from coverage_kit.measure.support import Support, compare_claim
from coverage_kit.tables import BRAND_CLAIMS, CLAIM_RATES, BrandClaims, ClaimRates, Claims, checked

WRONG = ("unsupported", "contradicted")


class OwnWords(NamedTuple):
    """One sentence of an own passage."""

    passage_id: str
    text: str


class ClaimJudge(Protocol):
    """Whatever can hold a claim against sentences of a source."""

    @property
    def name(self) -> str:
        """Its name, as it stands in the tables."""

    def compare(self, claim: str, sources: Sequence[str]) -> Support:
        """Return the verdict on the claim, the place of the source sentence that it rests on, and why."""


class PlainClaimJudge:
    """Compares words, figures, units and negations (`compare_claim`): no model, nothing to be talked into."""

    name = "plain"

    def __init__(self, similarity: Callable[[str, Sequence[str]], Sequence[float]] | None = None) -> None:
        self._similarity = similarity

    def compare(self, claim: str, sources: Sequence[str]) -> Support:
        """Return the verdict on the claim, the place of the source sentence that it rests on, and why."""
        return compare_claim(claim, sources, self._similarity)


@checked
def judge_brand_claims(claims: Claims, near: Mapping[str, Sequence[OwnWords]], judge: ClaimJudge) -> BrandClaims:
    """Return the verdict on each claim about the brand, in the claims' order; equal sentences are judged once.

    Args:
        claims: of `split_brand_claims`, with its further columns.
        near: by the claim's text, the sentences of the own passages nearest to it, the nearest first.
        judge: who judges.
    """
    texts = list(dict.fromkeys(map(str, claims["text"])))
    verdicts = {text: judge.compare(text, [one.text for one in near.get(text, ())]) for text in texts}
    rows = []
    for claim in claims.to_dict("records"):
        found, words = verdicts[claim["text"]], near.get(claim["text"], ())
        own = words[found.place] if found.place is not None else words[0] if words else None
        told = {"verdict": found.verdict, "reason": found.reason, "judge": judge.name}
        rows.append({**claim, **told, "passage_id": own.passage_id if own else None, "own_words": own.text if own else None})
    return BRAND_CLAIMS.table([{name: row[name] for name in BRAND_CLAIMS.names} for row in rows])


@checked
def measure_claim_rates(claims: BrandClaims) -> ClaimRates:
    """Return how often the claims of each engine and surface are unsupported and contradicted: in all, by half and by week.

    A rate is claims with the verdict / claims on which there is a verdict (not 'not told'); claims without a time count in
    'all' alone. 95% intervals draw from queries (`measure_ratios`). The halves part the time of all claims in the middle. The
    reading of the second tells drift where each half's rate lies outside the other's interval, else no clear change.
    """
    judged = claims[claims["verdict"] != "not told"].reset_index(drop=True)
    if judged.empty:
        return CLAIM_RATES.empty()
    when = pd.to_datetime(judged["asked_at"], utc=True)
    middle = when.min() + (when.max() - when.min()) / 2
    halves = pd.Series(np.where(when < middle, "first", "second"), index=judged.index, dtype="object").where(when.notna())
    weeks = (when - pd.to_timedelta(when.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    parts = {"all": pd.Series("all", index=judged.index), "half": halves, "week": weeks}
    tables = [_rates(judged, part, by, verdict) for by, part in parts.items() for verdict in WRONG]
    return CLAIM_RATES.table(_with_readings(pd.concat(tables, ignore_index=True)).to_dict("records"))


def _rates(judged: pd.DataFrame, part: "pd.Series[str]", by: str, verdict: str) -> pd.DataFrame:
    rows = judged.assign(part=part, is_such=judged["verdict"] == verdict).dropna(subset="part")
    cells = rows.groupby(["engine", "surface", "part", "query_id"], sort=True)["is_such"].agg(["sum", "size"]).reset_index()
    grouped = cells.groupby(["engine", "surface", "part"], sort=True)
    groups, n_groups = np.asarray(grouped.ngroup(), dtype=np.intp), grouped.ngroups
    top, base = (cells[name].to_numpy(np.float64) for name in ("sum", "size"))
    table = measure_ratios(top, base, groups, n_groups)[["value", "low", "high", "n_prompts"]]
    named = grouped.size().index.to_frame(index=False).assign(by=by, verdict=verdict, reading="")
    return named.join(table.assign(n_claims=sum_by(groups, n_groups, base).astype(np.int64)))


def _with_readings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a reading of each second half."""
    rows = table.to_dict("records")
    keys = [(row["engine"], row["surface"], row["verdict"]) for row in rows]
    first = {key: row for key, row in zip(keys, rows, strict=True) if row["part"] == "first"}
    is_second = [row["part"] == "second" and key in first for key, row in zip(keys, rows, strict=True)]
    told = [_read(first[key], row) if flag else "" for key, row, flag in zip(keys, rows, is_second, strict=True)]
    return table.assign(reading=pd.Series(told, index=table.index, dtype="str"))


def _read(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> str:
    """Return whether the rate changed, in words."""
    was, now = f"{first['value']:.0%} of {first['n_claims']}", f"{second['value']:.0%} of {second['n_claims']} claims"
    is_above = second["value"] > first["high"] and first["value"] < second["low"]
    is_below = second["value"] < first["low"] and first["value"] > second["high"]
    verdict = "more than before" if is_above else "fewer than before" if is_below else "no clear change"
    return f"{verdict}: {was}, then {now}"
