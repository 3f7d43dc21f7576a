"""A run judged by rubrics: what is shown to the judge, whether its grades can be trusted, and what they change. Glue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.collect.urls import page_id
from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import SettingsError
from coverage_kit.llm.costs import Prices
from coverage_kit.measure.brand_claims import measure_claim_rates
from coverage_kit.measure.judge.attacks import ATTACKS, attack_items
from coverage_kit.measure.judge.grading import JudgeEstimate, price_job
from coverage_kit.measure.judge.protocol import Item, Judge
from coverage_kit.measure.judge.reliability import (
    LEAST_ITEMS,
    assess_reliability,
    usable_rubrics,
)
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.settings import JudgeSettings
from coverage_kit.tables import (
    JUDGEMENTS,
    RELIABILITY,
    BrandClaims,
    Judgements,
    Schema,
)
from coverage_kit.usage import Spent

DEFAULT_RUBRICS = (
    "answers-query",
    "faithful-to-source",
    "brand-described-rightly",
)
BRAND = "brand-described-rightly"
_MOST_CHARACTERS = 6_000  # of one text shown to a judge: a page may be a book
_VERDICT = ("verdict", "reason", "judge")
# on the rubric's scale: under 3 something is wrong, 3 is not told, over 3 is right
_UNSUPPORTED = 2.5
_SUPPORTED = 3.5


class JudgeJob(NamedTuple):
    """A rubric, and the items of a run that are judged by it."""

    rubric: Rubric
    items: list[Item]


@dataclass(frozen=True)
class JudgedRun:
    """A run with its judgements and their reliability, what they cost, and by rubric why judging ended early.

    `is_empty`: whether nothing was judged, so that the run is as it was.
    """

    analysis: Analysis
    spent: Spent
    stopped: Mapping[str, str]
    is_empty: bool


def list_items(analysis: Analysis, rubric: Rubric, most: int) -> list[Item]:
    """Return at most so many items of a run for a rubric, those with most demand first.

    Queries with their nearest own passage; claims about the brand with the own passage that they
    were held against; answers that cite the own site, with the cited page. Raises SettingsError for
    a rubric that shows other parts.
    """
    for parts, make in _ITEMS.items():
        if set(rubric.parts) <= set(parts):
            return [
                Item(name, {part: texts[part] for part in rubric.parts})
                for name, texts in make(analysis, most)
            ]
    known = "; ".join(", ".join(parts) for parts in _ITEMS)
    found = ", ".join(rubric.parts)
    cure = "Judge such items from Python: grade_items."
    raise SettingsError(
        f"rubric {rubric.name}",
        f"some of the parts that a run has: {known}",
        found,
        cure,
    )


def _answered_queries(analysis: Analysis, most: int) -> list[tuple[str, dict[str, str]]]:
    asked = analysis.queries.merge(
        analysis.coverage[["query_id", "own_passage_id"]], on="query_id"
    ).dropna()
    texts = _passage_texts(analysis)
    rows = _by_demand(asked[asked["own_passage_id"].isin(texts)]).head(most).to_dict("records")
    return [
        (
            row["query_id"],
            {
                "query": row["text"],
                "passage": _cut(texts[row["own_passage_id"]]),
            },
        )
        for row in rows
    ]


def _brand_texts(analysis: Analysis, most: int) -> list[tuple[str, dict[str, str]]]:
    texts = _passage_texts(analysis)
    brand = str(analysis.about.get("brand", ""))
    claims = analysis.brand_claims.merge(analysis.queries[["query_id", "demand"]], on="query_id")
    claims = _by_demand(claims[claims["passage_id"].isin(texts)]).drop_duplicates("text")
    return [
        (
            row["claim_id"],
            {
                "brand": brand,
                "text": row["text"],
                "source": own,
                "own words": own,
            },
        )
        for row in claims.head(most).to_dict("records")
        for own in [_cut(texts[row["passage_id"]])]
    ]


def _citing_answers(analysis: Analysis, most: int) -> list[tuple[str, dict[str, str]]]:
    cited = analysis.citations[analysis.citations["kind"] == "cited"]
    cited = cited.assign(page_id=cited["url"].map(page_id))
    pages = (
        analysis.pages[analysis.pages["status"] == "ok"]
        .dropna(subset="text")
        .set_index("page_id")["text"]
        .to_dict()
    )
    own = cited[
        (cited["site"] == analysis.about.get("own_site")) & cited["page_id"].isin(pages)
    ].drop_duplicates("answer_id")
    others = cited[(cited["site"] != analysis.about.get("own_site")) & cited["page_id"].isin(pages)]
    beside = others.groupby("answer_id")["page_id"].agg(list).to_dict()
    asked = analysis.queries[["query_id", "text", "demand"]].rename(columns={"text": "query"})
    told = analysis.answers[analysis.answers["text"].str.strip() != ""]
    rows = _by_demand(
        own[["answer_id", "page_id"]].merge(told, on="answer_id").merge(asked, on="query_id")
    ).head(most)
    return [
        (
            row["answer_id"],
            {
                **{
                    "query": row["query"],
                    "answer": _cut(row["text"]),
                    "source": _cut(pages[row["page_id"]]),
                },
                "other sources": _cut(
                    "\n\n".join(pages[one] for one in beside.get(row["answer_id"], ()))
                ),
            },
        )
        for row in rows.to_dict("records")
    ]


_ITEMS: dict[tuple[str, ...], Callable[[Analysis, int], list[tuple[str, dict[str, str]]]]] = {
    ("query", "passage"): _answered_queries,
    ("brand", "text", "source", "own words"): _brand_texts,
    ("query", "answer", "source", "other sources"): _citing_answers,
}


def list_jobs(analysis: Analysis, rubrics: Sequence[Rubric], most: int) -> list[JudgeJob]:
    """Return what of a run is judged by each rubric (`list_items`)."""
    return [JudgeJob(rubric, list_items(analysis, rubric, most)) for rubric in rubrics]


def price_judging(
    judge: Judge,
    jobs: Sequence[JudgeJob],
    settings: JudgeSettings,
    prices: Prices,
) -> dict[str, tuple[JudgeEstimate, JudgeEstimate]]:
    """Return by rubric what judging its items, and attacking them, would cost; nothing is sent."""
    once = settings.model_copy(update={"repeats": 1})
    return {
        rubric.key: (
            price_job(judge, rubric, items, settings, prices),
            price_job(
                judge,
                rubric,
                attack_items(rubric, items, ATTACKS),
                once,
                prices,
                is_swapping=False,
            ),
        )
        for rubric, items in jobs
    }


def judge_run(
    judge: Judge,
    jobs: Sequence[JudgeJob],
    analysis: Analysis,
    repeats: int,
    labels: Mapping[str, float] | None = None,
) -> JudgedRun:
    """Return a run with the judge's grades of its items, and how far each rubric's can be trusted.

    Where a model may be trusted to tell whether the brand is described rightly, its verdicts stand
    in place of those that were told by words. Rubrics that miss a pass mark change nothing; the
    run's report says so.

    Args:
        judge: who judges.
        jobs: what is judged, of this run; a rubric with too few items to test the judge is not
            judged.
        analysis: the run.
        repeats: times each item is judged in each order.
        labels: grades by people, by item id; those of items that a rubric does not have are passed
            over.
    """
    tables = list[Any]()
    spent = Spent()
    stopped = dict[str, str]()
    for rubric, items in jobs:
        if len(items) < LEAST_ITEMS:
            stopped[rubric.key] = (
                f"the run has {len(items)} such items; {LEAST_ITEMS} are needed to test a judge"
            )
            continue
        of_items = {
            item.item_id: labels[item.item_id]
            for item in items
            if labels and item.item_id in labels
        }
        found = assess_reliability(judge, rubric, items, of_items, repeats)
        tables.append(found)
        spent += found.spent
        stopped |= {rubric.key: found.stopped} if found.stopped else {}
    judgements = _merge(analysis.judgements, [one.judgements for one in tables], JUDGEMENTS)
    reliability = _merge(analysis.reliability, [one.reliability for one in tables], RELIABILITY)
    claims = _told_by_words(analysis.brand_claims)
    for name in (name for name in reliability["judge"].unique() if not name.startswith("plain@")):
        trusted = [key for key in usable_rubrics(reliability, name) if key.startswith(f"{BRAND}@")]
        rows = judgements[judgements["rubric"].isin(trusted) & (judgements["judge"] == name)]
        claims = apply_verdicts(claims, rows, name) if len(rows) else claims
    judged = replace(
        analysis,
        judgements=judgements,
        reliability=reliability,
        brand_claims=claims,
    )
    is_empty = not any(one.judgements["grade"].notna().any() for one in tables)
    return JudgedRun(
        replace(judged, claim_rates=measure_claim_rates(claims)),
        spent,
        stopped,
        is_empty,
    )


def _merge(before: pd.DataFrame, new: Sequence[pd.DataFrame], schema: Schema) -> pd.DataFrame:
    """Return earlier rows and new ones, which take the place of those of the same judge and rubric."""
    fresh = pd.concat(new, ignore_index=True) if new else schema.empty()
    keys = set(zip(fresh["judge"], fresh["rubric"], strict=True))
    is_old = [pair not in keys for pair in zip(before["judge"], before["rubric"], strict=True)]
    return schema.table([*before[is_old].to_dict("records"), *fresh.to_dict("records")])


def _told_by_words(claims: BrandClaims) -> BrandClaims:
    """Return the claims with the verdicts that words gave, which are kept beside those of a model."""
    kept = [f"{name}_by_words" for name in _VERDICT]
    if set(kept) <= set(claims.columns):
        return claims.assign(**{name: claims[f"{name}_by_words"] for name in _VERDICT})
    return claims.assign(**{f"{name}_by_words": claims[name] for name in _VERDICT})


def apply_verdicts(claims: BrandClaims, judgements: Judgements, judge: str) -> BrandClaims:
    """Return the claims with a judge's verdicts where it graded them: by the mean grade of a claim's sentence.

    Under 2.5 of 5 something is wrong: contradicted; over 3.5 it is right: supported; between them
    the site does not tell.
    """
    means = (
        judgements[~judgements["is_swapped"].astype(bool)]
        .groupby("item_id")["grade"]
        .mean()
        .dropna()
    )
    text_of = claims.set_index("claim_id")["text"]
    grade_of = means[means.index.isin(text_of.index)].rename(index=text_of.to_dict())
    grades = claims["text"].map(grade_of)
    told = pd.cut(
        grades,
        [-1e9, _UNSUPPORTED, _SUPPORTED, 1e9],
        right=False,
        labels=["contradicted", "unsupported", "supported"],
    )
    is_graded = grades.notna()
    reasons = grades.map(
        lambda grade: f"Mean grade {grade:.1f} of 5 by the rubric of the brand described rightly."
    )
    return claims.assign(
        verdict=told.astype("str").where(is_graded, claims["verdict"]).astype("str"),
        reason=reasons.where(is_graded, claims["reason"]).astype("str"),
        judge=claims["judge"].where(~is_graded, judge).astype("str"),
    )


def read_labels(path: Path) -> dict[str, float]:
    """Return grades by people from a CSV with columns item_id and grade. Raises SettingsError for a file that is none."""
    try:
        table = pd.read_csv(path, dtype={"item_id": "str"})
        return {
            str(name): float(grade)
            for name, grade in zip(table["item_id"], table["grade"], strict=True)
        }
    except (OSError, ValueError, KeyError) as error:
        found = " ".join(str(error).split())[:200] or type(error).__name__
        cure = "Export the workbook's sheet of judgements, add a column grade, save as CSV."
        raise SettingsError(
            str(path), "a CSV with columns item_id and grade", found, cure
        ) from None


def _passage_texts(analysis: Analysis) -> dict[str, str]:
    own = analysis.passages[analysis.passages["site"] == analysis.about.get("own_site")]
    return dict(zip(own["passage_id"], passage_texts(own), strict=True))


def _by_demand(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("demand", ascending=False, kind="stable")


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} […]"
