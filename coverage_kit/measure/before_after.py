"""Before and after a change of the site.

What moved beyond what the engine moved by itself, and whether the log can show it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from coverage_kit.measure.permutation import (
    Contrast,
    Flags,
    Floats,
    PromptChanges,
    contrast_groups,
    correct_holm,
)
from coverage_kit.measure.power import (
    TimeBefore,
    find_smallest_effect,
    measure_noise_floors,
)
from coverage_kit.measure.visibility import name_surfaces
from coverage_kit.tables import (
    VERDICTS,
    Answers,
    Citations,
    Mentions,
    Verdicts,
    checked,
)
from coverage_kit.tables.logged import logs_citations

# The usual level.
LEVEL = 0.05
# With fewer weeks, the time before is split by days: three weeks have too few splits.
_MIN_WEEKS = 4
# A query on one engine and surface.
QUERY = ["query_id", "engine", "surface"]


@dataclass(frozen=True)
class Treatment:
    """What was changed on the site, when, and the queries on which it is judged.

    Attributes:
        site: the site, as `citations` names it.
        brand: the brand, as `mentions` names it; empty to leave mentions out.
        clusters: cluster id by query id; queries without a cluster are left out.
        treated: ids of the queries whose pages were changed, or of whole clusters. A cluster is
            treated if it is listed here, or at least half of its queries are. Treated queries of
            other clusters are left out, since they are no control.
        changed_at: when the changes were live; a day or a time without zone is UTC.
        window_days: days before and after it whose answers count.
        branded: ids of queries that name the brand, to be left out.
    """

    site: str
    brand: str
    clusters: Mapping[str, str]
    treated: Collection[str]
    changed_at: date
    window_days: int = 28
    branded: Collection[str] = ()

    @property
    def at(self) -> pd.Timestamp:
        """Return the time of the change in UTC."""
        is_time = isinstance(self.changed_at, datetime)
        at = pd.Timestamp(self.changed_at if is_time else datetime.combine(self.changed_at, time()))
        return at.tz_localize(UTC) if at.tz is None else at.tz_convert(UTC)

    def find_queries(self) -> pd.DataFrame:
        """Return the queries on which the change is judged.

        The columns are query_id, cluster_id and is_treated (of the cluster).
        """
        rows = [row for row in self.clusters.items() if row[0] not in set(self.branded)]
        queries = pd.DataFrame(rows, columns=["query_id", "cluster_id"], dtype="str")
        is_own = queries["query_id"].isin(set(self.treated)) | queries["cluster_id"].isin(
            set(self.treated)
        )
        is_treated = is_own.groupby(queries["cluster_id"]).transform("mean") >= 0.5
        return queries.assign(is_treated=is_treated)[is_treated | ~is_own]


@dataclass(frozen=True)
class _Period:
    """A measure on one engine and surface.

    It has its keys (measure, site, engine and surface), the times of all its answers, the answers
    within the windows, and the queries that are judged.
    """

    keys: dict[str, str]
    times: "pd.Series[pd.Timestamp]"
    windows: pd.DataFrame
    treatment: Treatment
    queries: pd.DataFrame


@dataclass(frozen=True)
class _Effect:
    """The result of a group, to be corrected for the results of its family.

    Without a contrast, the group has no query.
    """

    row: dict[str, Any]
    family: str
    contrast: Contrast | None = None


@checked
def measure_change(
    answers: Answers,
    citations: Citations,
    mentions: Mentions,
    treatment: Treatment,
    seed: int = 0,
) -> Verdicts:
    """Return whether the site is cited and named more or less often since the change.

    There are rows for each engine and surface. Rates are those of one fixed panel: queries answered
    both before and after on the same engine and surface, each weighing the same however often it
    was asked. difference = mean over the group's queries of (rate after - rate before); drift = the
    same of the untreated clusters' queries; effect = difference - drift
    (difference-in-differences). Engines and surfaces are never pooled; a missing surface is
    'unknown'. mention_rate counts answers whose words or mentions are logged.

    There is a row for each treated cluster, one for all of them ('treated') and one for the
    untreated clusters ('untreated'), whose effect is their drift. How p is computed is described at
    `contrast_groups`: it is valid where repeats are alike and clusters drift by themselves.
    `p_holm` corrects p (Holm 1979) for the rows tested with it: clusters for those of the same
    measure, engine and surface; 'treated' rows for those of all measures, engines and surfaces, and
    'untreated' rows likewise. So where nothing was changed, at most 5% of logs have an up or down
    on any 'treated' row. Where no rate of the row and of what it is compared with differs from
    another, before or after, as where the site is never named, p is 1 whatever was treated: such
    rows are not counted, and their p_holm is p. A verdict is up or down where p_holm <= .05. Where
    there is no untreated cluster, the effect may be due to the engine: there is no p and no
    verdict, whatever the difference.

    Clusters must not be chosen for a low rate in the very answers that are compared: what was low
    by luck rises by itself. Choose them by earlier answers, by coverage, or at random.

    The interval is effect +- t(.975) x error, not corrected. `smallest_effect` is what would be
    detected at the level .05 / number of rows tested together (`find_smallest_effect`);
    `noise_floor` is of splits of the time before by weeks, by days where these are fewer than four
    (`measure_noise_floors`).

    Args:
        answers: answers of one log; those without a time are left out.
        citations: their citations, with `site` by owner.
        mentions: the brands that they name.
        treatment: what was changed, and when.
        seed: seed of permutations, sign flips and splits.
    """
    answers = answers.reset_index(drop=True)
    queries = treatment.find_queries()
    effects: list[_Effect] = []
    for measure, values in _value_answers(answers, citations, mentions, treatment).items():
        for period in _find_periods(measure, values, answers, treatment, queries):
            effects += _find_changes(period, seed)
    return VERDICTS.table(_judge(effects))


def _find_periods(
    measure: str,
    values: "pd.Series[float]",
    answers: Answers,
    treatment: Treatment,
    queries: pd.DataFrame,
) -> Iterator[_Period]:
    """Yield the measure on each engine and surface, with the values of the answers."""
    valued = answers.loc[values.index]
    windows = find_windows(valued, treatment, queries)
    windows = windows.assign(value=values[windows.index])
    for (engine, surface), of_engine in split_by_engine(answers, windows):
        is_of_engine = (valued["engine"] == engine) & (name_surfaces(valued) == surface)
        yield _Period(
            keys={
                "measure": measure,
                "site": treatment.site,
                "engine": engine,
                "surface": surface,
            },
            times=valued.loc[is_of_engine, "asked_at"],
            windows=of_engine,
            treatment=treatment,
            queries=queries,
        )


def find_windows(answers: Answers, treatment: Treatment, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to these queries within the windows.

    Further columns are surface, cluster_id, is_treated, is_after and is_paired. `is_paired` says
    whether the query was answered both before and after on the same engine and surface. After is
    from `treatment.at` on. The index is that of `answers`.
    """
    since = answers["asked_at"] - treatment.at
    window = pd.Timedelta(days=treatment.window_days)
    inside = answers.loc[
        (since >= -window) & (since < window),
        ["answer_id", "query_id", "engine", "surface", "asked_at"],
    ]
    inside = inside[inside["query_id"].isin(queries["query_id"])]
    by_query = queries.set_index("query_id")
    is_after = inside["asked_at"] >= treatment.at
    is_treated = inside["query_id"].map(by_query["is_treated"]).astype(np.bool_)
    inside = inside.assign(
        cluster_id=inside["query_id"].map(by_query["cluster_id"]),
        is_treated=is_treated,
    )
    inside = inside.assign(surface=name_surfaces(inside), is_after=is_after)
    query = inside.groupby(QUERY).ngroup()
    return inside.assign(is_paired=query.isin(query[is_after]) & query.isin(query[~is_after]))


def split_by_engine(
    answers: Answers, windows: pd.DataFrame
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Yield each engine and surface of the answers with its windows, which may have no row."""
    pairs = answers[["engine"]].assign(surface=name_surfaces(answers)).drop_duplicates()
    for engine, surface in sorted(pairs.itertuples(index=False, name=None)):
        yield (
            (engine, surface),
            windows[(windows["engine"] == engine) & (windows["surface"] == surface)],
        )


def _value_answers(
    answers: Answers,
    citations: Citations,
    mentions: Mentions,
    treatment: Treatment,
) -> dict[str, "pd.Series[float]"]:
    """Return by measure what each answer counts.

    It counts whether it cites the site, where citations of its engine are logged, and whether it
    names the brand, where its words or mentions are logged.
    """
    cited = citations.loc[
        (citations["kind"] == "cited") & (citations["site"] == treatment.site),
        "answer_id",
    ]
    is_citing = answers["answer_id"].isin(cited)
    values = {"citation_rate": is_citing[logs_citations(answers, citations)].astype(np.float64)}
    if treatment.brand:
        is_naming = answers["answer_id"].isin(
            mentions.loc[mentions["brand"] == treatment.brand, "answer_id"]
        )
        has_words = (answers["text"].str.strip() != "") | answers["answer_id"].isin(
            mentions["answer_id"]
        )
        values["mention_rate"] = is_naming[has_words].astype(np.float64)
    return values


def _find_changes(period: _Period, seed: int) -> list[_Effect]:
    """Return the effects on all treated clusters, the untreated ones, and each treated cluster."""
    treated = period.queries.loc[period.queries["is_treated"], "cluster_id"]
    names = ["treated", "untreated", *sorted(set(treated))]
    paired = period.windows[period.windows["is_paired"]]
    prompts, clusters, before = _pair(paired, period.treatment.at)
    groups = {
        name: group
        for name in names
        if (group := _find_group(name, clusters, prompts.is_treated)).any()
    }
    contrasts = contrast_groups(prompts, list(groups.values()), seed)
    floors = measure_noise_floors(before, prompts, list(groups.values()), seed)
    results = dict(zip(groups, zip(contrasts, floors, strict=True), strict=True))
    effects = []
    for index, name in enumerate(names):
        row = {**period.keys, "group": name, "is_treated": name != "untreated"}
        is_cluster = index >= 2
        # Clusters are corrected for those of the same measure, engine and surface.
        family = " ".join(["clusters", *period.keys.values()]) if is_cluster else name
        if name not in results:
            effects.append(_Effect(row | _explain_absence(name, period), family))
            continue
        contrast, floor = results[name]
        row |= _measure_group(prompts, groups[name])
        row |= _contrast_row(contrast)
        row["noise_floor"] = floor
        if not is_cluster and not _varies(prompts, groups[name]):
            # Nothing could have moved: the row is a family of its own.
            family = " ".join(["still", name, *period.keys.values()])
        effects.append(_Effect(row, family, contrast))
    return effects


def _varies(prompts: PromptChanges, group: Flags) -> bool:
    """Return whether any rate differs from another, before or after.

    Rates are those of the group and of the untreated clusters. For all treated clusters together it
    is the same whichever clusters are treated, so that rows are not left out by their outcome.
    """
    is_compared = (group | ~prompts.is_treated)[prompts.cluster]
    return bool(np.ptp([prompts.before[is_compared], prompts.after[is_compared]]) > 0)


def _judge(effects: list[_Effect]) -> list[dict[str, Any]]:
    """Return the rows with p corrected over each family, and with the verdict that follows."""
    tested = pd.DataFrame(
        [(effect.family, effect.contrast.p if effect.contrast else np.nan) for effect in effects],
        columns=["family", "p"],
    ).astype({"p": np.float64})
    by_family = tested.groupby("family")["p"]
    p_holm = by_family.transform(lambda p: correct_holm(p.to_numpy(dtype=np.float64)))
    rows = []
    for effect, p, n_tests in zip(effects, p_holm, by_family.transform("count"), strict=True):
        row = effect.row | {"p_holm": p}
        if effect.contrast:
            # The level of the first and strictest of Holm's steps.
            level = LEVEL / max(int(n_tests), 1)
            row |= {"smallest_effect": find_smallest_effect(effect.contrast, level)}
            row |= _read_verdict(row, int(n_tests))
        rows.append(row)
    return rows


def _pair(
    paired: pd.DataFrame, at: pd.Timestamp
) -> tuple[PromptChanges, "pd.Index[str]", TimeBefore]:
    """Return the prompts of the panel, their clusters' ids, and the answers of the time before."""
    keys = ["cluster_id", "is_treated", "query_id"]
    sides = (
        paired.groupby([*keys, "is_after"])["value"]
        .agg(["mean", "size"])
        .unstack("is_after")
        .sort_index()
    )
    by_query = sides.index.to_frame(index=False)
    cluster, ids = pd.factorize(by_query["cluster_id"])
    is_treated = by_query.groupby("cluster_id")["is_treated"].first().to_numpy(dtype=np.bool_)

    def column(statistic: str, is_after: bool) -> Floats:
        # Where no answer is on one side, the table has no column for it.
        values = sides.get((statistic, is_after), pd.Series(dtype=float))
        return np.asarray(values.to_numpy(dtype=np.float64))

    prompts = PromptChanges(
        before=column("mean", False),
        after=column("mean", True),
        n_before=column("size", False),
        n_after=column("size", True),
        cluster=cluster,
        is_treated=is_treated,
    )
    earlier = paired[~paired["is_after"]]
    time_before = TimeBefore(
        values=earlier["value"].to_numpy(),
        prompt=pd.Index(by_query["query_id"]).get_indexer(earlier["query_id"]),
        stretch=_number_stretches(at - earlier["asked_at"]),
    )
    return prompts, pd.Index(ids), time_before


def _number_stretches(until: "pd.Series[pd.Timedelta]") -> Any:
    """Return the number of each answer's stretch of time.

    It is its week before the change, or its day where weeks are few.
    """
    seconds = until.dt.total_seconds().to_numpy()
    for days in (7, 1):
        stretches, stretch = np.unique(np.ceil(seconds / (days * 86400)), return_inverse=True)
        if len(stretches) >= _MIN_WEEKS:
            break
    return stretch


def _find_group(name: str, clusters: "pd.Index[str]", is_treated: Flags) -> Flags:
    if name in {"treated", "untreated"}:
        return is_treated if name == "treated" else ~is_treated
    return np.asarray(clusters == name)


def _measure_group(prompts: PromptChanges, group: Flags) -> dict[str, Any]:
    """Return the group's counts and rates, and the drift of the untreated clusters.

    There is no drift where the group itself is untreated.
    """
    own = group[prompts.cluster]
    untreated = ~prompts.is_treated[prompts.cluster]
    has_drift = untreated.any() and not (own & untreated).any()
    return {
        "n_prompts": int(own.sum()),
        "n_before": int(prompts.n_before[own].sum()),
        "n_after": int(prompts.n_after[own].sum()),
        "before": prompts.before[own].mean(),
        "after": prompts.after[own].mean(),
        "difference": prompts.change[own].mean(),
        "drift": prompts.change[untreated].mean() if has_drift else np.nan,
    }


def _contrast_row(contrast: Contrast) -> dict[str, float]:
    # No interval where nothing varies: that all moved by the same says nothing of other queries.
    is_known = contrast.df and contrast.error > 0
    half = float(stats.t.ppf(0.975, contrast.df)) * contrast.error if is_known else np.nan
    return {
        "effect": contrast.effect,
        "low": contrast.effect - half,
        "high": contrast.effect + half,
        "p": contrast.p,
    }


def _explain_absence(name: str, period: _Period) -> dict[str, Any]:
    """Return the counts and the reason of a group without a query in the panel."""
    reason = (
        _explain_queries(name, period) or _explain_times(period) or _explain_windows(name, period)
    )
    counts = dict.fromkeys(("n_prompts", "n_before", "n_after"), 0)
    return counts | {
        "verdict": "no clear change",
        "reason": f"no clear change: {reason}",
    }


def _explain_queries(name: str, period: _Period) -> str:
    """Return why no query at all is in the group, empty where there are some."""
    treatment = period.treatment
    is_treated = period.queries["is_treated"]
    if name == "treated" and not is_treated.any():
        eligible = {
            query: cluster
            for query, cluster in treatment.clusters.items()
            if query not in set(treatment.branded)
        }
        if {*eligible, *eligible.values()}.isdisjoint(treatment.treated):
            return "no query's nearest page was changed"
        return "in no cluster were half of the queries changed"
    if name == "untreated" and is_treated.all():
        return "there is no cluster without a changed query"
    return ""


def _explain_times(period: _Period) -> str:
    """Return why the answers' times do not allow before or after, empty where they do."""
    times = period.times.dropna()
    at = period.treatment.at
    if period.times.empty:
        return "no answer has words or mentions"
    if times.empty:
        return "no answer has a time"
    if times.min() < at <= times.max():
        return ""
    missing = "before" if times.min() >= at else "after"
    return (
        f"the log's answers are of {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d}: none "
        f"{missing} the change"
    )


def _explain_windows(name: str, period: _Period) -> str:
    """Return why the group's queries have no pair within the windows."""
    windows = period.windows
    within = f"within {period.treatment.window_days} days of the change"
    sides = {
        "treated": windows["is_treated"],
        "untreated": ~windows["is_treated"],
    }
    is_after = windows.loc[sides.get(name, windows["cluster_id"] == name), "is_after"]
    if is_after.empty:
        return f"none of its questions was answered {within}"
    if is_after.nunique() == 1:
        side = "after" if is_after.all() else "before"
        return f"{within}, its questions were answered only {side} it"
    return "no question was answered both before and after"


def _read_verdict(row: Mapping[str, Any], n_tests: int) -> dict[str, str]:
    """Return the verdict of a row, and its reason in words.

    The row was tested beside others, `n_tests` in all.
    """
    n_prompts = f"{row['n_prompts']} prompt{'s' * (row['n_prompts'] != 1)}"
    moved = f"{n_prompts} moved by {_points(row['effect'])}"
    if row["p"] > LEVEL or np.isnan(row["p"]):
        reason = _explain_no_change(row, n_prompts, moved)
        return {"verdict": "no clear change", "reason": f"no clear change: {reason}"}
    beyond = " without any change of ours"
    if row["is_treated"]:
        beyond = f" beyond the drift of {_points(row['drift'])}"
    holm = ""
    if n_tests > 1:
        p_holm = format_p(row["p_holm"]).removeprefix("p ")
        holm = f", {p_holm} after Holm over {n_tests} comparisons"
    reason = f"{moved}{beyond} ({format_p(row['p'])}{holm})"
    if row["p_holm"] > LEVEL:
        return {"verdict": "no clear change", "reason": f"no clear change: {reason}"}
    verdict = "up" if row["effect"] > 0 else "down"
    noise = ""
    if abs(row["effect"]) <= row["noise_floor"]:
        floor = _points(row["noise_floor"], is_signed=False)
        noise = f"; splits of the time before move by up to {floor}"
    return {"verdict": verdict, "reason": f"{verdict}: {reason}{noise}"}


def _explain_no_change(row: Mapping[str, Any], n_prompts: str, moved: str) -> str:
    """Return in words why a row has no p under the level."""
    if row["is_treated"] and np.isnan(row["drift"]):
        return f"{moved}, but no untreated cluster shows whether the engine moved by itself"
    if np.isnan(row["p"]):
        return f"too few clusters show how much clusters move by themselves; {moved}"
    if np.isnan(row["smallest_effect"]):
        return f"{n_prompts}, beside as many clusters, could not have shown a move of any size"
    smallest = _points(row["smallest_effect"], is_signed=False)
    return f"with {n_prompts}, only a change of {smallest} or more would show"


def format_p(p: float) -> str:
    """Return p in words, such as "p 0.012"."""
    return f"p {p:.3f}" if p >= 0.001 else "p below 0.001"


def _points(rate: Any, is_signed: bool = True) -> str:
    return f"{100 * float(rate):{'+' if is_signed else ''}.0f} points"
