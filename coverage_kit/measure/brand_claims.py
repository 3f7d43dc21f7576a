"""Wrong about us: what answers claim of the brand, held against the own pages, and how often each engine is wrong."""

from calendar import month_name
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from coverage_kit.measure.claim_parts import Quantity, read_parts
from coverage_kit.measure.clauses import MOST_OF_A_CLAIM
from coverage_kit.measure.intervals import measure_ratios, sum_by
from coverage_kit.measure.source_sentences import SourceSentence, read_sources
from coverage_kit.measure.support import Support, compare_claim
from coverage_kit.tables import (
    BRAND_CLAIMS,
    CLAIM_RATES,
    BrandClaims,
    ClaimRates,
    Claims,
    checked,
)
from coverage_kit.text.language import is_english

WRONG = ("unsupported", "contradicted")
PLAIN = "plain"
_FOREIGN = (
    "The claim, or the own pages near it, are in a language that words cannot be compared in."
)
_CONVERTED = {"mile": ("m", 1609.344), "lb": ("kg", 0.45359237)}
_ROUNDING = 0.03
_SMALL = 3
_SHORTEST_NAME = 4
_MONTHS = frozenset(name.lower() for name in month_name)


class OwnPassage(NamedTuple):
    """One own passage: its id, and its words with the headings in front."""

    passage_id: str
    text: str


class PlainClaimJudge:
    """Compares words, figures, units and negations (`compare_claim`): no model, nothing to be talked into.

    Words alone cannot tell a paraphrase from another statement. A claim that is found neither
    supported nor contradicted is therefore unsupported only where it tells a figure or a name that
    none of the passages tells; else it is 'not told'. So is every claim where it, or the passages
    together with it, are not English: the words that say yes, no and how much are, and German
    writes every noun as names are written.

    Args:
        names: names of the brand, for which "we" stands in the own passages.
    """

    name = PLAIN

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def compare(self, claim: str, sources: Sequence[str]) -> Support:
        """Return the verdict on the claim, the place of the source that it rests on, and why."""
        if not (is_english(claim) and is_english(" ".join([claim, *sources]))):
            return Support("not told", 0 if sources else None, _FOREIGN)
        claim = claim[:MOST_OF_A_CLAIM]
        found = compare_claim(claim, sources, own_names=self._names)
        if found.verdict != "unsupported":
            return found
        new = _new_facts(claim, read_sources(sources), self._names)
        if not new:
            return replace(
                found,
                verdict="not told",
                reason="Own passages come near, but words cannot tell if they say the same.",
            )
        return replace(found, reason=f"No own passage near it tells {', '.join(new)}.")


def _new_facts(claim: str, told: Sequence[SourceSentence], own_names: Sequence[str]) -> list[str]:
    """Return the figures and names of a claim that no source tells; small counts, such as 'two hoops', are no facts."""
    said = read_parts(claim)
    figures = [one for one in said.figures if one.is_measured or one.high > _SMALL]
    known = [other for one in told for other in one.parts.figures]
    lacking = [
        one.told
        for one in figures
        if not any(one.agrees(other) or _is_converted(one, other) for other in known)
    ]
    own = {name for names in own_names for name in read_parts(f"the {names}").names}
    terms = {term for one in told for term in one.terms}
    names = {
        name
        for name in said.names - own - terms
        if len(name) >= _SHORTEST_NAME and name not in _MONTHS
    }
    return [*lacking, *sorted(names)]


def _is_converted(one: Quantity, other: Quantity) -> bool:
    """Return whether two figures tell as much in miles and kilometres, or in pounds and kilograms, but for rounding."""
    for ours, theirs in ((one, other), (other, one)):
        unit, factor = _CONVERTED.get(ours.unit, ("", 1.0))
        least = ours.low * factor * (1 - _ROUNDING)
        most = ours.high * factor * (1 + _ROUNDING)
        if unit and theirs.unit == unit and least <= theirs.high and theirs.low <= most:
            return True
    return False


@checked
def judge_brand_claims(
    claims: Claims,
    near: Mapping[str, Sequence[OwnPassage]],
    judge: PlainClaimJudge,
) -> BrandClaims:
    """Return the verdict on each claim about the brand, in the claims' order; equal sentences are judged once.

    Args:
        claims: of `split_brand_claims`, with its further columns.
        near: by the claim's text, the own passages nearest to it, the nearest first.
        judge: who judges.
    """
    texts: list[str] = claims["text"].unique().tolist()
    asked = tqdm(texts, desc="claims", unit="claim", disable=None, leave=False)
    verdicts = {
        text: judge.compare(text, [one.text for one in near.get(text, ())]) for text in asked
    }
    rows = []
    for claim in claims.to_dict("records"):
        found = verdicts[str(claim["text"])]
        passages = near.get(str(claim["text"]), ())
        own = passages[found.place or 0].passage_id if passages else None
        told = {
            "verdict": found.verdict,
            "reason": found.reason,
            "judge": judge.name,
            "own_words": found.sentence or None,
        }
        row = {
            **{str(name): value for name, value in claim.items()},
            **told,
            "passage_id": own,
        }
        rows.append({name: row[name] for name in BRAND_CLAIMS.names})
    return BRAND_CLAIMS.table(rows)


@checked
def measure_claim_rates(claims: BrandClaims) -> ClaimRates:
    """Return how often the claims of each engine and surface are unsupported and contradicted: in all, by half and by week.

    A rate is claims with the verdict / claims on which there is a verdict (not 'not told'), of one
    judge: judges that say 'not told' at other times cannot stand in one rate, and a change from one
    to another would pass for drift. Where a model judged some claims and "plain" the others, only
    the model's count, and of several models only the one that judged most.

    Claims without a time count in 'all' alone. 95% intervals draw from queries (`measure_ratios`).
    The halves part the time of all claims counted in the middle. The reading of the second tells
    drift where each half's rate lies outside the other's interval, else no clear change.
    """
    judge = _rating_judge(claims)
    judged = claims[(claims["verdict"] != "not told") & (claims["judge"] == judge)].reset_index(
        drop=True
    )
    if judged.empty:
        return CLAIM_RATES.empty()
    when = pd.to_datetime(judged["asked_at"], utc=True)
    middle = when.min() + (when.max() - when.min()) / 2
    halves = pd.Series(
        np.where(when < middle, "first", "second"),
        index=judged.index,
        dtype="object",
    ).where(when.notna())
    weeks = (when - pd.to_timedelta(when.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    parts = {
        "all": pd.Series("all", index=judged.index),
        "half": halves,
        "week": weeks,
    }
    tables = [_rates(judged, part, by, verdict) for by, part in parts.items() for verdict in WRONG]
    return CLAIM_RATES.table(
        _with_readings(pd.concat(tables, ignore_index=True)).assign(judge=judge).to_dict("records")
    )


def _rating_judge(claims: pd.DataFrame) -> str:
    """Return the judge whose verdicts are counted: the model that judged most claims, "plain" where there is no model."""
    counts = claims["judge"].value_counts().drop(PLAIN, errors="ignore")
    return min(counts.index[counts == counts.max()], default=PLAIN)


def _rates(judged: pd.DataFrame, part: "pd.Series[str]", by: str, verdict: str) -> pd.DataFrame:
    rows = judged.assign(segment=part, is_such=judged["verdict"] == verdict).dropna(
        subset="segment"
    )
    cells = (
        rows.groupby(["engine", "surface", "segment", "query_id"], sort=True)["is_such"]
        .agg(["sum", "size"])
        .reset_index()
    )
    grouped = cells.groupby(["engine", "surface", "segment"], sort=True)
    groups = np.asarray(grouped.ngroup(), dtype=np.intp)
    n_groups = grouped.ngroups
    top, base = (cells[name].to_numpy(np.float64) for name in ("sum", "size"))
    table = measure_ratios(top, base, groups, n_groups)[["value", "low", "high", "n_prompts"]]
    named = (
        grouped.size().index.to_frame(index=False).assign(split_by=by, verdict=verdict, reading="")
    )
    return named.join(table.assign(n_claims=sum_by(groups, n_groups, base).astype(np.int64)))


def _with_readings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a reading of each second half."""
    rows = table.to_dict("records")
    keys = [(row["engine"], row["surface"], row["verdict"]) for row in rows]
    first = {key: row for key, row in zip(keys, rows, strict=True) if row["segment"] == "first"}
    is_second = [
        row["segment"] == "second" and key in first for key, row in zip(keys, rows, strict=True)
    ]
    told = [
        _read(first[key], row) if flag else ""
        for key, row, flag in zip(keys, rows, is_second, strict=True)
    ]
    return table.assign(reading=pd.Series(told, index=table.index, dtype="str"))


def _read(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> str:
    """Return whether the rate changed, in words."""
    was = f"{first['value']:.0%} of {first['n_claims']}"
    now = f"{second['value']:.0%} of {second['n_claims']} claims"
    is_above = second["value"] > first["high"] and first["value"] < second["low"]
    is_below = second["value"] < first["low"] and first["value"] > second["high"]
    verdict = (
        "more than before" if is_above else "fewer than before" if is_below else "no clear change"
    )
    return f"{verdict}: {was}, then {now}"
