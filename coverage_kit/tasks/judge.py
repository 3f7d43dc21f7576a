"""Judge a run by rubrics: what the judge sees, whether its grades count, and what they change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.collect.urls import page_id
from coverage_kit.embed.texts import full_texts
from coverage_kit.errors import SettingsError
from coverage_kit.llm.costs import Prices
from coverage_kit.measure.brand_claims import measure_claim_rates
from coverage_kit.measure.judge.attacks import ATTACKS, attack_items
from coverage_kit.measure.judge.grading import JudgeEstimate, price_job
from coverage_kit.measure.judge.protocol import Item, Judge
from coverage_kit.measure.judge.reliability import (
    MIN_ITEMS,
    Assessment,
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
    Reliability,
    Schema,
)
from coverage_kit.usage import Spent

# The rubrics that are used where none is named.
DEFAULT_RUBRICS = (
    "answers-query",
    "faithful-to-source",
    "brand-described-rightly",
)
# The rubric whose grades replace the verdicts on brand claims.
BRAND = "brand-described-rightly"
# Characters of a text shown to a judge (assumed): a page may be as long as a book.
_MAX_CHARACTERS = 6_000
# Columns that a model's verdict replaces; the old values stay in columns ending in "_by_words".
_VERDICT = ("verdict", "reason", "judge")
# Bounds on the rubric's scale, on which a grade under 3 means that something is wrong, 3 that the
# site does not say, and over 3 that the claim is right.
_UNSUPPORTED = 2.5
_SUPPORTED = 3.5


# The id of an item, and its texts by the name of the part.
ItemTexts = tuple[str, dict[str, str]]


class JudgeJob(NamedTuple):
    """A rubric, and the items of a run that are judged by it."""

    rubric: Rubric
    items: list[Item]


@dataclass(frozen=True)
class JudgedRun:
    """A run with its judgements and their reliability, and what they cost.

    `stopped` says by rubric why judging ended early. `is_empty`: whether nothing was judged, so
    that the run is unchanged.
    """

    analysis: Analysis
    spent: Spent
    stopped: Mapping[str, str]
    is_empty: bool


def list_items(analysis: Analysis, rubric: Rubric, max_items: int) -> list[Item]:
    """Return at most so many items of a run for a rubric, those with most demand first.

    Items are queries with their nearest passage of the site; claims about the brand with the
    site's passage that they were compared with; or answers that cite the site, with the cited page.
    Raises SettingsError for a rubric that shows other parts.
    """
    for part_names, make_texts in _ITEMS.items():
        if set(rubric.parts) <= set(part_names):
            return [
                Item(item_id, {name: texts[name] for name in rubric.parts})
                for item_id, texts in make_texts(analysis, max_items)
            ]
    available = "; ".join(", ".join(part_names) for part_names in _ITEMS)
    cure = "Judge such items from Python: grade_items."
    raise SettingsError(
        f"rubric {rubric.name}",
        f"some of the parts that a run has: {available}",
        ", ".join(rubric.parts),
        cure,
    )


def _answered_queries(analysis: Analysis, max_items: int) -> list[ItemTexts]:
    """Return queries with the text of their nearest passage of the site."""
    queries = analysis.queries.merge(
        analysis.coverage[["query_id", "own_passage_id"]], on="query_id"
    ).dropna(subset="own_passage_id")
    texts = _passage_texts(analysis)
    has_text = queries["own_passage_id"].isin(texts)
    rows = _by_demand(queries[has_text]).head(max_items).to_dict("records")
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


def _brand_texts(analysis: Analysis, max_items: int) -> list[ItemTexts]:
    """Return claims about the brand with the site's passage that they were compared with."""
    texts = _passage_texts(analysis)
    brand = analysis.about.brand
    claims = analysis.brand_claims.merge(analysis.queries[["query_id", "demand"]], on="query_id")
    claims = _by_demand(claims[claims["passage_id"].isin(texts)]).drop_duplicates("text")
    items = []
    for row in claims.head(max_items).to_dict("records"):
        own_words = _cut(texts[row["passage_id"]])
        parts = {"brand": brand, "text": row["text"], "source": own_words, "own words": own_words}
        items.append((row["claim_id"], parts))
    return items


def _citing_answers(analysis: Analysis, max_items: int) -> list[ItemTexts]:
    """Return answers that cite the site, with the text of the cited page and of the other pages."""
    cited = analysis.citations[analysis.citations["kind"] == "cited"]
    cited = cited.assign(page_id=cited["url"].map(page_id))
    pages = (
        analysis.pages[analysis.pages["status"] == "ok"]
        .dropna(subset="text")
        .set_index("page_id")["text"]
        .to_dict()
    )
    has_page = cited["page_id"].isin(pages)
    is_own = cited["site"] == analysis.about.own_site
    own = cited[is_own & has_page].drop_duplicates("answer_id")
    other_pages = cited[~is_own & has_page].groupby("answer_id")["page_id"].agg(list).to_dict()
    queries = analysis.queries[["query_id", "text", "demand"]].rename(columns={"text": "query"})
    answers = analysis.answers[analysis.answers["text"].str.strip() != ""]
    rows = _by_demand(
        own[["answer_id", "page_id"]].merge(answers, on="answer_id").merge(queries, on="query_id")
    ).head(max_items)
    items = []
    for row in rows.to_dict("records"):
        other_texts = [pages[page] for page in other_pages.get(row["answer_id"], ())]
        parts = {
            "query": row["query"],
            "answer": _cut(row["text"]),
            "source": _cut(pages[row["page_id"]]),
            "other sources": _cut("\n\n".join(other_texts)),
        }
        items.append((row["answer_id"], parts))
    return items


# The parts that a rubric may show, and the function that takes them from a run.
_ITEMS: dict[tuple[str, ...], Callable[[Analysis, int], list[ItemTexts]]] = {
    ("query", "passage"): _answered_queries,
    ("brand", "text", "source", "own words"): _brand_texts,
    ("query", "answer", "source", "other sources"): _citing_answers,
}


def list_jobs(analysis: Analysis, rubrics: Sequence[Rubric], max_items: int) -> list[JudgeJob]:
    """Return the items of a run that each rubric judges (`list_items`)."""
    return [JudgeJob(rubric, list_items(analysis, rubric, max_items)) for rubric in rubrics]


def price_judging(
    judge: Judge,
    jobs: Sequence[JudgeJob],
    settings: JudgeSettings,
    prices: Prices,
) -> dict[str, tuple[JudgeEstimate, JudgeEstimate]]:
    """Return by rubric what judging its items, and attacking them, would cost; nothing is sent."""
    single_repeat = settings.model_copy(update={"repeats": 1})
    return {
        rubric.key: (
            price_job(judge, rubric, items, settings, prices),
            price_job(
                judge,
                rubric,
                attack_items(rubric, items, ATTACKS),
                single_repeat,
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
    """Return a run with the judge's grades of its items, and how reliable they are by rubric.

    Where the judge is reliable in whether the brand is described rightly, its verdicts replace the
    verdicts by words. Rubrics that miss a pass mark change nothing; the run's report says so.

    Args:
        judge: who judges.
        jobs: what is judged, of this run; a rubric with too few items to test the judge is not
            judged.
        analysis: the run.
        repeats: times each item is judged in each order.
        labels: grades by people, by item id; labels of items that a rubric does not have are
            ignored.
    """
    assessments = list[Assessment]()
    spent = Spent()
    stopped = dict[str, str]()
    for rubric, items in jobs:
        if len(items) < MIN_ITEMS:
            stopped[rubric.key] = (
                f"the run has {len(items)} such items; {MIN_ITEMS} are needed to test a judge"
            )
            continue
        item_labels = {
            item.item_id: labels[item.item_id]
            for item in items
            if labels and item.item_id in labels
        }
        assessment = assess_reliability(judge, rubric, items, item_labels, repeats)
        assessments.append(assessment)
        spent += assessment.spent
        stopped |= {rubric.key: assessment.stopped} if assessment.stopped else {}
    judgements = _merge(
        analysis.judgements, [assessment.judgements for assessment in assessments], JUDGEMENTS
    )
    reliability = _merge(
        analysis.reliability, [assessment.reliability for assessment in assessments], RELIABILITY
    )
    claims = _apply_trusted_verdicts(analysis.brand_claims, judgements, reliability)
    judged = replace(
        analysis,
        judgements=judgements,
        reliability=reliability,
        brand_claims=claims,
    )
    has_grades = any(assessment.judgements["grade"].notna().any() for assessment in assessments)
    return JudgedRun(
        replace(judged, claim_rates=measure_claim_rates(claims)),
        spent,
        stopped,
        is_empty=not has_grades,
    )


def _apply_trusted_verdicts(
    claims: BrandClaims, judgements: Judgements, reliability: Reliability
) -> BrandClaims:
    """Return the claims with the verdicts of judges that are reliable in this, else by words."""
    claims = _verdicts_by_words(claims)
    for name in reliability["judge"].unique():
        trusted = [key for key in usable_rubrics(reliability, name) if key.startswith(f"{BRAND}@")]
        rows = judgements[judgements["rubric"].isin(trusted) & (judgements["judge"] == name)]
        claims = apply_verdicts(claims, rows, name) if len(rows) else claims
    return claims


def _merge(before: pd.DataFrame, new: Sequence[pd.DataFrame], schema: Schema) -> pd.DataFrame:
    """Return earlier and new rows; new rows replace those of the same judge and rubric."""
    fresh = pd.concat(new, ignore_index=True) if new else schema.empty()
    keys = set(zip(fresh["judge"], fresh["rubric"], strict=True))
    is_old = [pair not in keys for pair in zip(before["judge"], before["rubric"], strict=True)]
    return schema.table([*before[is_old].to_dict("records"), *fresh.to_dict("records")])


def _verdicts_by_words(claims: BrandClaims) -> BrandClaims:
    """Return the claims with the verdicts by words; columns `…_by_words` store these verdicts."""
    stored = [f"{name}_by_words" for name in _VERDICT]
    if set(stored) <= set(claims.columns):
        return claims.assign(**{name: claims[f"{name}_by_words"] for name in _VERDICT})
    return claims.assign(**{f"{name}_by_words": claims[name] for name in _VERDICT})


def apply_verdicts(claims: BrandClaims, judgements: Judgements, judge: str) -> BrandClaims:
    """Return the claims with a judge's verdicts where it graded them.

    The mean grade of a claim's sentence decides. Under 2.5 of 5 something is wrong: contradicted;
    over 3.5 it is right: supported; between them the site does not say: unsupported.
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
    verdicts = pd.cut(
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
        verdict=verdicts.astype("str").where(is_graded, claims["verdict"]).astype("str"),
        reason=reasons.where(is_graded, claims["reason"]).astype("str"),
        judge=claims["judge"].where(~is_graded, judge).astype("str"),
    )


def read_labels(path: Path) -> dict[str, float]:
    """Return grades by people from a CSV with columns item_id and grade.

    Raises SettingsError for a file that is not such a CSV.
    """
    try:
        table = pd.read_csv(path, dtype={"item_id": "str"})
        return {
            str(item_id): float(grade)
            for item_id, grade in zip(table["item_id"], table["grade"], strict=True)
        }
    except (OSError, ValueError, KeyError) as error:
        problem = " ".join(str(error).split())[:200] or type(error).__name__
        cure = "Export the workbook's sheet of judgements, add a column grade, save as CSV."
        raise SettingsError(
            str(path), "a CSV with columns item_id and grade", problem, cure
        ) from None


def _passage_texts(analysis: Analysis) -> dict[str, str]:
    own = analysis.passages[analysis.passages["site"] == analysis.about.own_site]
    return dict(zip(own["passage_id"], full_texts(own), strict=True))


def _by_demand(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("demand", ascending=False, kind="stable")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]} […]"
