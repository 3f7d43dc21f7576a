"""Wrong about us: what answers claim of the brand, held against the own pages, and how often each engine is wrong."""

from calendar import month_name
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from coverage_kit.measure.claim_parts import read_parts
from coverage_kit.measure.intervals import measure_ratios, sum_by
from coverage_kit.measure.support import Support, compare_claim
from coverage_kit.sentences import split_sentences
from coverage_kit.tables import BRAND_CLAIMS, CLAIM_RATES, BrandClaims, ClaimRates, Claims, checked

WRONG = ("unsupported", "contradicted")
_SMALL, _SHORTEST_NAME = 3, 4
_MONTHS = frozenset(name.lower() for name in month_name)


class OwnPassage(NamedTuple):
    """One own passage: its id, and its words with the headings in front."""

    passage_id: str
    text: str


class ClaimJudge(Protocol):
    """Whatever can hold a claim against passages of a source."""

    @property
    def name(self) -> str:
        """Its name, as it stands in the tables."""

    def compare(self, claim: str, sources: Sequence[str]) -> Support:
        """Return the verdict on the claim, the place of the source that it rests on, and why."""


class PlainClaimJudge:
    """Compares words, figures, units and negations (`compare_claim`): no model, nothing to be talked into.

    Words alone cannot tell a paraphrase from another statement. A claim that is found neither supported nor contradicted is
    therefore unsupported only where it tells a figure or a name that none of the passages tells; else it is 'not told'.

    Args:
        names: names of the brand, for which "we" stands in the own passages.
    """

    name = "plain"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def compare(self, claim: str, sources: Sequence[str]) -> Support:
        """Return the verdict on the claim, the place of the source that it rests on, and why."""
        found = compare_claim(claim, sources, own_names=self._names)
        if found.verdict != "unsupported":
            return found
        new = _new_facts(claim, sources, self._names)
        if not new:
            return replace(
                found, verdict="not told", reason="Own passages come near, but words cannot tell if they say the same."
            )
        return replace(found, reason=f"No own passage near it tells {', '.join(new)}.")


def _new_facts(claim: str, sources: Sequence[str], own_names: Sequence[str]) -> list[str]:
    """Return the figures and names of a claim that no source tells; small counts, such as 'two hoops', are no facts."""
    said, told = read_parts(claim), [read_parts(one) for source in sources for one in split_sentences(source)]
    figures = [one for one in said.figures if one.is_measured or one.high > _SMALL]
    lacking = [one.told for one in figures if not any(one.agrees(other) for parts in told for other in parts.figures)]
    own = {name for names in own_names for name in read_parts(f"the {names}").names}
    terms = {term for parts in told for term in parts.names | parts.words}
    names = {name for name in said.names - own - terms if len(name) >= _SHORTEST_NAME and name not in _MONTHS}
    return [*lacking, *sorted(names)]


@checked
def judge_brand_claims(claims: Claims, near: Mapping[str, Sequence[OwnPassage]], judge: ClaimJudge) -> BrandClaims:
    """Return the verdict on each claim about the brand, in the claims' order; equal sentences are judged once.

    Args:
        claims: of `split_brand_claims`, with its further columns.
        near: by the claim's text, the own passages nearest to it, the nearest first.
        judge: who judges.
    """
    texts: list[str] = claims["text"].unique().tolist()
    verdicts = {text: judge.compare(text, [one.text for one in near.get(text, ())]) for text in texts}
    rows = []
    for claim in claims.to_dict("records"):
        found, passages = verdicts[str(claim["text"])], near.get(str(claim["text"]), ())
        own = passages[found.place or 0].passage_id if passages else None
        told = {"verdict": found.verdict, "reason": found.reason, "judge": judge.name, "own_words": found.sentence or None}
        row = {**{str(name): value for name, value in claim.items()}, **told, "passage_id": own}
        rows.append({name: row[name] for name in BRAND_CLAIMS.names})
    return BRAND_CLAIMS.table(rows)


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
