"""The tables of visibility, change, visits and logs joined for a reader.

They hold names of gaps, links and words instead of ids.
"""

import re
from collections.abc import Iterable

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.report.engine_names import with_engine_names
from coverage_kit.report.wording import (
    GROUPS,
    NO_CHANGE,
    SIGNS,
    describe_measure,
)
from coverage_kit.vocabulary import MEASURES

# The p values in a verdict's reason, with or without the correction for several comparisons:
# " (p 0.001, 0.005 after Holm over 4 comparisons)", " (p 0.003)".
_P_VALUES = re.compile(r" \(p [^()]*?(after Holm(?: over (?P<n>\d+) comparisons)?)?\)")
# The order of the kinds of sites that hold citations.
_HOLDERS = ("own", "competitor", "third-party", "community")


def describe_visibility(analysis: Analysis, splits: tuple[str, ...]) -> pd.DataFrame:
    """Return the figures of these splits that have a value, the site's own first.

    With title and formula of the measure. `series` names engine and surface, which are never
    pooled. `label` and `gap_rank` are those of the gap where the split is by cluster.
    """
    table = analysis.visibility
    frame = table[table["split_by"].isin(splits) & table["value"].notna()]
    wordings = [describe_measure(str(measure)) for measure in frame["measure"]]
    titles = [wording.title for wording in wordings]
    formulas = [wording.formula for wording in wordings]
    frame = frame.assign(
        measure_title=pd.Series(titles, index=frame.index, dtype="str"),
        formula=pd.Series(formulas, index=frame.index, dtype="str"),
        is_own=frame["site"] == analysis.about.own_site,
        is_low_n=frame["is_low_n"].astype(bool),
        # the segment of a split by cluster is the cluster's id; other segments are in no gap
        cluster_id=frame["segment"],
    )
    frame = _with_gap(with_engine_names(frame, analysis.answers), analysis).assign(
        measure_rank=frame["measure"].map(_ranks(MEASURES)),
        split_rank=frame["split_by"].map(_ranks(splits)),
    )
    order = [
        "measure_rank",
        "measure",
        "split_rank",
        "gap_rank",
        "segment",
        "is_own",
        "site",
        "series",
    ]
    # Flags are sorted downwards: your site (True) comes before the others (False).
    return frame.sort_values(
        order, ascending=[name != "is_own" for name in order], kind="stable"
    ).reset_index(drop=True)


def is_alone(analysis: Analysis) -> bool:
    """Return whether the site's brand is the only one tracked: its share of voice is 100% then."""
    table = analysis.visibility
    sites = table.loc[(table["measure"] == "share_of_voice") & table["value"].notna(), "site"]
    return set(sites) == {analysis.about.own_site}


def describe_rates_by_gap(analysis: Analysis) -> pd.DataFrame:
    """Return one row a gap and series: the site's citation rate and mention rate.

    The columns of the citation rate start with `cited_`, those of the mention rate with `named_`.
    """
    table = describe_visibility(analysis, ("cluster",))
    table = table[table["is_own"]]
    keys = ["cluster_id", "label", "gap_rank", "series"]
    figures = [
        "value",
        "low",
        "high",
        "numerator",
        "denominator",
        "n_prompts",
        "is_low_n",
    ]
    citation_rates, mention_rates = (
        table.loc[table["measure"] == measure, [*keys, *figures]].rename(
            columns={name: f"{prefix}_{name}" for name in figures}
        )
        for measure, prefix in (
            ("citation_rate", "cited"),
            ("mention_rate", "named"),
        )
    )
    rates = citation_rates.merge(mention_rates, on=keys, how="outer")
    return rates.sort_values(["gap_rank", "cluster_id", "series"], kind="stable").reset_index(
        drop=True
    )


def describe_holders(analysis: Analysis) -> pd.DataFrame:
    """Return who holds the citations of each gap, most urgent gap first.

    With the gap's name and the number of all its citations.
    """
    frame = _with_gap(analysis.holders, analysis)
    frame = frame.assign(
        is_contested=frame["is_contested"].astype(bool),
        n_all=frame.groupby("cluster_id")["n_citations"].transform("sum"),
        holder_rank=frame["holder"].map(_ranks(_HOLDERS)),
    )
    return frame.sort_values(["gap_rank", "cluster_id", "holder_rank"], kind="stable").reset_index(
        drop=True
    )


def describe_verdicts(analysis: Analysis) -> pd.DataFrame:
    """Return the verdicts with names in words.

    The verdict on all changed pages comes first, then that on the unchanged pages, then those on
    the gaps. Effect, interval, drift and so on are differences of rates, 0-1.
    """
    frame = _with_gap(
        with_engine_names(
            analysis.verdicts.assign(cluster_id=analysis.verdicts["group"]), analysis.answers
        ),
        analysis,
    )
    # A group is all changed pages, all unchanged pages, or the changed pages of a cluster.
    groups = frame["group"].map(GROUPS).astype("str").fillna(frame["label"]).fillna(frame["group"])
    frame = frame.assign(
        measure_title=pd.Series(
            [describe_measure(str(measure)).title for measure in frame["measure"]],
            index=frame.index,
            dtype="str",
        ),
        group_title=groups,
        measure_rank=frame["measure"].map(_ranks(MEASURES)),
        group_rank=frame["group"].map(_ranks(GROUPS)).fillna(len(GROUPS)),
    )
    order = [
        "measure_rank",
        "measure",
        "group_rank",
        "is_treated",
        "gap_rank",
        "group",
        "series",
    ]
    return frame.sort_values(
        order, ascending=[name != "is_treated" for name in order], kind="stable"
    ).reset_index(drop=True)


def describe_reason(reason: str) -> str:
    """Return the reason of a verdict with words instead of its p values.

    The words say whether the change is clear after the correction for all comparisons.

    >>> describe_reason("up: 18 moved (p 0.001, 0.005 after Holm over 4 comparisons)")
    'up: 18 moved, clear even after allowing for 4 comparisons'
    >>> describe_reason("no clear change: 9 moved (p 0.03, 0.12 after Holm over 4 comparisons)")
    'no clear change: 9 moved, not clear after allowing for 4 comparisons'
    >>> describe_reason("down: from 0.9 to 0.8 (p 0.005 after Holm), of itself")
    'down: from 0.9 to 0.8, clear even after allowing for all comparisons, of itself'
    >>> describe_reason("up: by 9 points (p 0.003)")
    'up: by 9 points'
    """
    clear = "not clear" if reason.startswith(NO_CHANGE) else "clear even"

    def describe_p(match: re.Match[str]) -> str:
        is_corrected = match[1] is not None
        n_comparisons = match["n"] or "all"
        return f", {clear} after allowing for {n_comparisons} comparisons" if is_corrected else ""

    return _P_VALUES.sub(describe_p, reason)


def describe_drifts(analysis: Analysis) -> pd.DataFrame:
    """Return how the engines themselves changed, with the signs in words."""
    frame = with_engine_names(analysis.drifts, analysis.answers)
    return frame.assign(sign_title=frame["sign"].map(SIGNS).astype("str").fillna(frame["sign"]))


def describe_referrals(analysis: Analysis) -> pd.DataFrame:
    """Return the visits that assistants send, most first.

    With the URL of a page of the site, and its gap's name. `page` is the page's path within the
    site, or its full id.
    """
    frame = _with_gap(analysis.referrals, analysis)
    urls = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    frame = frame.assign(
        url=frame["page_id"].map(urls),
        page=pd.Series(_paths(frame["page_id"], analysis), index=frame.index, dtype="str"),
    )
    order = ["n_sessions", "assistant", "page_id"]
    return frame.sort_values(order, ascending=[False, True, True], kind="stable").reset_index(
        drop=True
    )


def describe_exposure(analysis: Analysis) -> pd.DataFrame:
    """Return one row a page that Google showed in AI answers, by the Generative AI report.

    Most shown first, with the page's URL and path, the logged answers that cite it and the visits
    that assistants sent to it. Impressions in web search are not in it.
    """
    demand = analysis.search_demand.dropna(subset=["n_ai_impressions", "page_id"])
    frame = demand.groupby("page_id", as_index=False).agg(
        n_ai_impressions=("n_ai_impressions", "sum"),
        first_at=("day", "min"),
        last_at=("day", "max"),
    )
    pages = analysis.pages.drop_duplicates("page_id").set_index("page_id")["url"]
    urls = demand.drop_duplicates("page_id").set_index("page_id")["page"]
    cited = analysis.citations[analysis.citations["kind"] == "cited"]
    n_citations = cited.drop_duplicates(["answer_id", "url"]).groupby("url").size()
    n_visits = analysis.referrals.groupby("page_id")["n_sessions"].sum()
    frame = frame.assign(
        url=frame["page_id"].map(pages).fillna(frame["page_id"].map(urls)),
        page=pd.Series(_paths(frame["page_id"], analysis), index=frame.index, dtype="str"),
        # Without an export of visits nobody knows them.
        n_sessions=frame["page_id"]
        .map(n_visits)
        .fillna(0.0 if len(analysis.sessions) else float("nan")),
    )
    frame["n_citations"] = frame["url"].map(n_citations).fillna(0).astype("int64")
    order = ["n_ai_impressions", "page_id"]
    return frame.sort_values(order, ascending=[False, True]).reset_index(drop=True)


def _paths(page_ids: "pd.Series[str]", analysis: Analysis) -> list[str]:
    """Return the path of each page within the site, or its full id."""
    own = analysis.about.own_site
    return [
        name.removeprefix(own) if name.startswith(f"{own}/") else name
        for name in map(str, page_ids)
    ]


def describe_sources(analysis: Analysis) -> pd.DataFrame:
    """Return each format of each file that was read, then the other files with rejected rows.

    With the number of rejected rows and the most frequent reason.
    """
    rejects = analysis.rejects
    n_rejects = rejects.groupby("file").size().rename("n_rejects")
    reasons = (
        rejects.groupby("file")["reason"]
        .agg(lambda texts: texts.value_counts(sort=True).index[0])
        .rename("reject_reason")
    )
    rejected = pd.concat([n_rejects, reasons], axis=1)
    # Rejected rows can be in files that are no sources, such as exports of web analytics.
    sources = set(analysis.sources["file"])
    other_files = [name for name in rejected.index if name not in sources]
    other_sources = pd.DataFrame({"file": other_files}, dtype="str")
    frame = pd.concat([analysis.sources, other_sources], ignore_index=True).merge(
        rejected, left_on="file", right_index=True, how="left"
    )
    return frame.assign(n_rejects=frame["n_rejects"].fillna(0).astype("int64"))


def _ranks(names: Iterable[str]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}


def _with_gap(frame: pd.DataFrame, analysis: Analysis) -> pd.DataFrame:
    """Return the frame with label and rank of each row's gap, missing where it has none."""
    gaps = analysis.gaps.set_index("cluster_id")
    return frame.assign(
        label=frame["cluster_id"].map(gaps["label"]).astype("str"),
        gap_rank=frame["cluster_id"].map(gaps["rank"]),
    )
