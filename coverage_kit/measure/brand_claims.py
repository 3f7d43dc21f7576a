"""Wrong about us: what answers claim about the brand, compared with the site's own pages.

Also how often each engine is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from coverage_kit.measure.claim_facts import Fact, SiteFacts, find_facts
from coverage_kit.measure.clauses import MAX_CLAIM_LENGTH
from coverage_kit.measure.intervals import measure_ratios, sum_by
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
from coverage_kit.vocabulary import NOT_ASSESSED, WRONG_VERDICTS

# The name, in tables, of the judge that compares words without a model.
PLAIN = "plain"
# The reason of a claim that the rules, which are for English, cannot judge.
_FOREIGN = (
    "The claim, or the nearest pages of your site, are in a language whose words cannot be "
    "compared."
)
_NEAR = "Your passages come near, but words do not show whether they say the same."
# Facts that a reason names. Assumed: more are no sentence to read.
_N_NAMED = 3


class OwnPassage(NamedTuple):
    """A passage of the site: its id, and its words with the headings in front."""

    passage_id: str
    text: str


class PlainClaimJudge:
    """Compares words, figures, units and negations (`compare_claim`), without a model.

    No instruction in a text can influence it. Words alone cannot distinguish a paraphrase from
    another statement. So a claim that is neither supported nor contradicted is unsupported only
    where half of its facts at least (`find_facts`) are nowhere on the site; else it is 'not
    assessed'. So is every claim where it, or the passages together with it, are not English: the
    words for yes, no and quantities are English, and German writes every noun as names are written.

    Args:
        names: names of the brand, which "we" stands for in the site's passages.
        site: the texts of all passages of the site, with their headings.
    """

    name = PLAIN

    def __init__(self, names: Sequence[str], site: Sequence[str]) -> None:
        self._names = names
        self._site = SiteFacts(site)

    def compare(self, claim: str, sources: Sequence[str]) -> Support:
        """Return the verdict on the claim, the index of the source that decides, and why."""
        if not (is_english(claim) and is_english(" ".join([claim, *sources]))):
            return Support(NOT_ASSESSED, 0 if sources else None, _FOREIGN)
        claim = claim[:MAX_CLAIM_LENGTH]
        support = compare_claim(claim, sources, own_names=self._names)
        facts = find_facts(claim, self._names)
        if support.verdict == "supported" and not facts and support.strength < 1:
            # without a figure or a name, a word that is missing may be what the claim is about
            return replace(support, verdict=NOT_ASSESSED, reason=_NEAR)
        if support.verdict != "unsupported":
            reason = support.reason.replace("The source", "Your site")
            return replace(support, reason=reason.replace("the source", "your site"))
        missing = [fact for fact in facts if not self._site.has(fact)]
        if not missing or 2 * len(missing) < len(facts):
            return replace(support, verdict=NOT_ASSESSED, reason=_NEAR)
        return replace(support, reason=f"Your site does not mention {_either(missing)}.")


def _either(facts: Sequence[Fact]) -> str:
    """Return "A, B or C" of the first facts, each once."""
    wordings = list(dict.fromkeys(fact.wording for fact in facts))[:_N_NAMED]
    return " or ".join(filter(None, [", ".join(wordings[:-1]), wordings[-1]]))


@checked
def judge_brand_claims(
    claims: Claims,
    nearest: Mapping[str, Sequence[OwnPassage]],
    judge: PlainClaimJudge,
) -> BrandClaims:
    """Return the verdict on each claim about the brand, in the claims' order.

    Equal sentences are judged once.

    Args:
        claims: of `split_brand_claims`, with its further columns.
        nearest: by the claim's text, the passages of the site nearest to it, the nearest first.
        judge: who judges.
    """
    texts: list[str] = claims["text"].unique().tolist()
    verdicts = {
        text: judge.compare(text, [passage.text for passage in nearest.get(text, ())])
        for text in tqdm(texts, desc="claims", unit="claim", disable=None, leave=False)
    }
    rows = []
    for claim in claims.to_dict("records"):
        support = verdicts[str(claim["text"])]
        passages = nearest.get(str(claim["text"]), ())
        row = {
            **{str(name): value for name, value in claim.items()},
            "verdict": support.verdict,
            "reason": support.reason,
            "judge": judge.name,
            "own_words": support.sentence or None,
            "passage_id": passages[support.source or 0].passage_id if passages else None,
        }
        rows.append({name: row[name] for name in BRAND_CLAIMS.names})
    return BRAND_CLAIMS.table(rows)


@checked
def measure_claim_rates(claims: BrandClaims) -> ClaimRates:
    """Return how often the claims of each engine and surface are unsupported and contradicted.

    Rates are given for all claims, by half and by week. A rate is claims with the verdict / claims
    with a verdict other than 'not assessed', of a single judge: judges that leave
    different claims unassessed cannot share a rate, and a change from one judge to another would
    look like drift. Where a model judged some claims and "plain" the others, only the model's
    count, and of several models only the one that judged most.

    Claims without a time count in 'all' alone. 95% intervals draw from queries (`measure_ratios`).
    The halves divide the time of all counted claims in the middle. The reading of the second
    reports drift where each half's rate is outside the other's interval, else no clear change.
    """
    judge = _rating_judge(claims)
    counted = claims[(claims["verdict"] != NOT_ASSESSED) & (claims["judge"] == judge)].reset_index(
        drop=True
    )
    if counted.empty:
        return CLAIM_RATES.empty()
    times = pd.to_datetime(counted["asked_at"], utc=True)
    # The halves divide the time, not the number of claims.
    middle = times.min() + (times.max() - times.min()) / 2
    halves = pd.Series(
        np.where(times < middle, "first", "second"),
        index=counted.index,
        dtype="object",
    ).where(times.notna())
    # A week is named by its Monday.
    weeks = (times - pd.to_timedelta(times.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    segments = {
        "all": pd.Series("all", index=counted.index),
        "half": halves,
        "week": weeks,
    }
    tables = [
        _rates(counted, segment, split_by, verdict)
        for split_by, segment in segments.items()
        for verdict in WRONG_VERDICTS
    ]
    rates = _with_readings(pd.concat(tables, ignore_index=True)).assign(judge=judge)
    return CLAIM_RATES.table(rates.to_dict("records"))


def _rating_judge(claims: pd.DataFrame) -> str:
    """Return the judge whose verdicts are counted.

    It is the model that judged most claims, or "plain" where there is no model.
    """
    counts = claims["judge"].value_counts().drop(PLAIN, errors="ignore")
    return min(counts.index[counts == counts.max()], default=PLAIN)


def _rates(
    counted: pd.DataFrame, segment: "pd.Series[str]", split_by: str, verdict: str
) -> pd.DataFrame:
    rows = counted.assign(segment=segment, is_such=counted["verdict"] == verdict).dropna(
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
    keys = (
        grouped.size()
        .index.to_frame(index=False)
        .assign(split_by=split_by, verdict=verdict, reading="")
    )
    return keys.join(table.assign(n_claims=sum_by(groups, n_groups, base).astype(np.int64)))


def _with_readings(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a reading of each second half."""
    rows = table.to_dict("records")
    keys = [(row["engine"], row["surface"], row["verdict"]) for row in rows]
    first = {key: row for key, row in zip(keys, rows, strict=True) if row["segment"] == "first"}
    is_second = [
        row["segment"] == "second" and key in first for key, row in zip(keys, rows, strict=True)
    ]
    readings = [
        _read(first[key], row) if flag else ""
        for key, row, flag in zip(keys, rows, is_second, strict=True)
    ]
    return table.assign(reading=pd.Series(readings, index=table.index, dtype="str"))


def _read(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> str:
    """Return whether the rate changed, in words."""
    earlier = f"{first['value']:.0%} of {first['n_claims']}"
    later = f"{second['value']:.0%} of {second['n_claims']} claims"
    is_above = second["value"] > first["high"] and first["value"] < second["low"]
    is_below = second["value"] < first["low"] and first["value"] > second["high"]
    verdict = "no clear change"
    if is_above:
        verdict = "more than before"
    elif is_below:
        verdict = "fewer than before"
    return f"{verdict}: {earlier}, then {later}"
