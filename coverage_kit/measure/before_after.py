"""Before and after a change of the site: what moved beyond what the engine moved by itself, and whether that can be told."""

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

LEVEL = 0.05
_LEAST_WEEKS = 4  # with fewer weeks, the time before is split by days
QUERY = ["query_id", "engine", "surface"]


@dataclass(frozen=True)
class Treatment:
    """What was changed on the own site, when, and on which queries it is judged.

    Attributes:
        site: the own site, as `citations` names it.
        brand: the own brand, as `mentions` names it; empty to leave mentions out.
        clusters: cluster id by query id; queries without a cluster are left out.
        treated: ids of the queries whose pages were changed, or of whole clusters. A cluster is
            treated if it stands here or at least half of its queries do; treated queries of other
            clusters are left out, since they are no control.
        changed_at: when the changes were live; a day or a time without zone is UTC.
        window_days: days before and after it whose answers count.
        branded: ids of queries that name the own brand, to be left out.
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
        """Return query_id, cluster_id and is_treated (of the cluster) of the queries on which the change is judged."""
        rows = [row for row in self.clusters.items() if row[0] not in set(self.branded)]
        queries = pd.DataFrame(rows, columns=["query_id", "cluster_id"], dtype="str")
        is_own = queries["query_id"].isin(set(self.treated)) | queries["cluster_id"].isin(
            set(self.treated)
        )
        is_treated = is_own.groupby(queries["cluster_id"]).transform("mean") >= 0.5
        return queries.assign(is_treated=is_treated)[is_treated | ~is_own]


@dataclass(frozen=True)
class _Period:
    """One measure on one engine and surface: the times of all its answers, those within the windows, and who is judged."""

    times: "pd.Series[pd.Timestamp]"
    windows: pd.DataFrame
    treatment: Treatment
    queries: pd.DataFrame


@dataclass(frozen=True)
class _Effect:
    """What was found of one group, to be corrected for those of its family; without a contrast, it has no query."""

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
    """Return whether the own site is cited and named more or less often since the change, by engine, surface and cluster.

    Rates are those of one fixed panel: queries answered both before and after on the same engine
    and surface, each weighing the same however often it was asked. difference = mean over the
    group's queries of (rate after - rate before); drift = the same of the untreated clusters'
    queries; effect = difference - drift (difference-in-differences). Engines and surfaces are never
    pooled; a missing surface is 'unknown'. mention_rate counts answers whose words or mentions are
    logged.

    There is a row for each treated cluster, one for all of them ('treated') and one for the
    untreated clusters ('untreated'), whose effect is their drift. How p is found stands at
    `contrast_groups`: it holds where repeats are alike and clusters drift by themselves. `p_holm`
    corrects p (Holm 1979) for the rows tested with it: clusters for those of the same measure,
    engine and surface; 'treated' rows for those of all measures, engines and surfaces, and
    'untreated' rows likewise. So where nothing was changed, at most 5% of logs have an up or down
    on any 'treated' row. Where no rate of the row and of what it is compared with differs from
    another, before or after, as where the site is never named, p is 1 whatever was treated: such
    rows are not counted, and their p_holm is p. A verdict is up or down where p_holm <= .05. Where
    there is no untreated cluster the effect may be the engine's doing: there is no p and no
    verdict, whatever the difference.

    Clusters must not be chosen for a low rate in the very answers compared: what was low by luck
    rises by itself. Choose them by earlier answers, by coverage, or at random.

    The interval is effect +- t(.975) x error, not corrected. `smallest_effect` is what would be
    shown at the level .05 / number of rows tested together (`find_smallest_effect`); `noise_floor`
    is of splits of the time before by weeks, by days where these are fewer than four
    (`measure_noise_floors`).

    Args:
        answers: answers of one log; those without a time are left out.
        citations: their citations, `site` told by owner.
        mentions: the brands that they name.
        treatment: what was changed, and when.
        seed: seed of permutations, sign flips and splits.
    """
    answers = answers.reset_index(drop=True)
    queries = treatment.find_queries()
    names = [
        "treated",
        "untreated",
        *sorted(set(queries.loc[queries["is_treated"], "cluster_id"])),
    ]
    findings: list[_Effect] = []
    for measure, values in _tell_values(answers, citations, mentions, treatment).items():
        told = answers.loc[values.index]
        windows = find_windows(told, treatment, queries)
        windows = windows.assign(value=values[windows.index])
        for (engine, surface), of_engine in part_by_engine(answers, windows):
            keys = {
                "measure": measure,
                "site": treatment.site,
                "engine": engine,
                "surface": surface,
            }
            times = told.loc[
                (told["engine"] == engine) & (name_surfaces(told) == surface),
                "asked_at",
            ]
            findings += _find_changes(
                _Period(times, of_engine, treatment, queries), names, keys, seed
            )
    return VERDICTS.table(_judge(findings))


def find_windows(answers: Answers, treatment: Treatment, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to these queries within the windows, with surface, cluster_id, is_treated, is_after, is_paired.

    `is_paired` tells whether the query was answered both before and after on the same engine and
    surface. Times are told apart by `treatment.at`, from which on it is after. The index is that of
    `answers`.
    """
    since = answers["asked_at"] - treatment.at
    window = pd.Timedelta(days=treatment.window_days)
    found = answers.loc[
        (since >= -window) & (since < window),
        ["answer_id", "query_id", "engine", "surface", "asked_at"],
    ]
    found = found[found["query_id"].isin(queries["query_id"])]
    by_query = queries.set_index("query_id")
    is_after = found["asked_at"] >= treatment.at
    is_treated = found["query_id"].map(by_query["is_treated"]).astype(np.bool_)
    found = found.assign(
        cluster_id=found["query_id"].map(by_query["cluster_id"]),
        is_treated=is_treated,
    )
    found = found.assign(surface=name_surfaces(found), is_after=is_after)
    query = found.groupby(QUERY).ngroup()
    return found.assign(is_paired=query.isin(query[is_after]) & query.isin(query[~is_after]))


def part_by_engine(
    answers: Answers, windows: pd.DataFrame
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Yield each engine and surface of the answers with its part of the windows, which may have no row."""
    pairs = answers[["engine"]].assign(surface=name_surfaces(answers)).drop_duplicates()
    for engine, surface in sorted(pairs.itertuples(index=False, name=None)):
        yield (
            (engine, surface),
            windows[(windows["engine"] == engine) & (windows["surface"] == surface)],
        )


def _tell_values(
    answers: Answers,
    citations: Citations,
    mentions: Mentions,
    treatment: Treatment,
) -> dict[str, "pd.Series[float]"]:
    """Return whether each answer cites the site, and names the brand where that can be told, by measure."""
    cited = citations.loc[
        (citations["kind"] == "cited") & (citations["site"] == treatment.site),
        "answer_id",
    ]
    values = {"citation_rate": answers["answer_id"].isin(cited).astype(np.float64)}
    if treatment.brand:
        named = answers["answer_id"].isin(
            mentions.loc[mentions["brand"] == treatment.brand, "answer_id"]
        )
        is_told = (answers["text"].str.strip() != "") | answers["answer_id"].isin(
            mentions["answer_id"]
        )
        values["mention_rate"] = named[is_told].astype(np.float64)
    return values


def _find_changes(
    part: _Period, names: list[str], keys: dict[str, str], seed: int
) -> list[_Effect]:
    """Return what is found of these groups, of which the first two are no clusters."""
    prompts, clusters, before = _pair(part.windows[part.windows["is_paired"]], part.treatment.at)
    groups = {
        name: group
        for name in names
        if (group := _find_group(name, clusters, prompts.is_treated)).any()
    }
    contrasts = contrast_groups(prompts, list(groups.values()), seed)
    floors = measure_noise_floors(before, prompts, list(groups.values()), seed)
    found = dict(zip(groups, zip(contrasts, floors, strict=True), strict=True))
    findings = []
    for n, name in enumerate(names):
        row = {**keys, "group": name, "is_treated": name != "untreated"}
        family = name if n < 2 else " ".join(["clusters", *keys.values()])
        if name not in found:
            findings.append(_Effect(row | _explain_absence(name, part), family))
            continue
        contrast, floor = found[name]
        row |= (
            _measure_group(prompts, groups[name])
            | _tell_contrast(contrast)
            | {"noise_floor": floor}
        )
        is_alone = n < 2 and not _varies(prompts, groups[name])
        findings.append(
            _Effect(
                row,
                " ".join(["still", name, *keys.values()]) if is_alone else family,
                contrast,
            )
        )
    return findings


def _varies(prompts: PromptChanges, group: Flags) -> bool:
    """Return whether any rate of the group or the untreated clusters differs from another, before or after.

    For all treated clusters together it is the same whichever clusters are treated: rows are not
    left out by their outcome.
    """
    kept = (group | ~prompts.is_treated)[prompts.cluster]
    return bool(np.ptp([prompts.before[kept], prompts.after[kept]]) > 0)


def _judge(findings: list[_Effect]) -> list[dict[str, Any]]:
    """Return the rows with p corrected over each family, and with the verdict that follows."""
    tested = pd.DataFrame(
        [(found.family, found.contrast.p if found.contrast else np.nan) for found in findings],
        columns=["family", "p"],
    ).astype({"p": np.float64})
    by_family = tested.groupby("family")["p"]
    p_holm = by_family.transform(lambda p: correct_holm(p.to_numpy(dtype=np.float64)))
    rows = []
    for found, p, n_tests in zip(findings, p_holm, by_family.transform("count"), strict=True):
        row = found.row | {"p_holm": p}
        if found.contrast:
            row |= {
                "smallest_effect": find_smallest_effect(
                    found.contrast, LEVEL / max(int(n_tests), 1)
                )
            }
            row |= _tell_verdict(row, int(n_tests))
        rows.append(row)
    return rows


def _pair(
    paired: pd.DataFrame, at: pd.Timestamp
) -> tuple[PromptChanges, "pd.Index[str]", TimeBefore]:
    """Return the prompts of the panel, their clusters' ids, and the answers of the time before."""
    keys = ["cluster_id", "is_treated", "query_id"]
    told = (
        paired.groupby([*keys, "is_after"])["value"]
        .agg(["mean", "size"])
        .unstack("is_after")
        .sort_index()
    )
    by_query = told.index.to_frame(index=False)
    cluster, ids = pd.factorize(by_query["cluster_id"])
    is_treated = by_query.groupby("cluster_id")["is_treated"].first().to_numpy(dtype=np.bool_)
    before, after, n_before, n_after = (
        told.get((name, side), pd.Series(dtype=float)).to_numpy(dtype=np.float64)
        for name in ("mean", "size")
        for side in (False, True)
    )
    prompts = PromptChanges(before, after, n_before, n_after, cluster, is_treated)
    first = paired[~paired["is_after"]]
    prompt = pd.Index(by_query["query_id"]).get_indexer(first["query_id"])
    return (
        prompts,
        pd.Index(ids),
        TimeBefore(
            first["value"].to_numpy(),
            prompt,
            _find_stretches(at - first["asked_at"]),
        ),
    )


def _find_stretches(until: "pd.Series[pd.Timedelta]") -> Any:
    """Return the number of the stretch of time of each answer: its week before the change, or day where weeks are few."""
    seconds = until.dt.total_seconds().to_numpy()
    for days in (7, 1):
        found, stretch = np.unique(np.ceil(seconds / (days * 86400)), return_inverse=True)
        if len(found) >= _LEAST_WEEKS:
            break
    return stretch


def _find_group(name: str, clusters: "pd.Index[str]", is_treated: Flags) -> Flags:
    if name in {"treated", "untreated"}:
        return is_treated if name == "treated" else ~is_treated
    return np.asarray(clusters == name)


def _measure_group(prompts: PromptChanges, group: Flags) -> dict[str, Any]:
    """Return the group's counts and rates, and the drift of the untreated clusters where the group is treated."""
    own = group[prompts.cluster]
    untreated = ~prompts.is_treated[prompts.cluster]
    has_drift = untreated.any() and not (own & untreated).any()
    return {
        **{
            "n_prompts": int(own.sum()),
            "n_before": int(prompts.n_before[own].sum()),
        },
        **{
            "n_after": int(prompts.n_after[own].sum()),
            "before": prompts.before[own].mean(),
        },
        **{
            "after": prompts.after[own].mean(),
            "difference": prompts.change[own].mean(),
        },
        "drift": prompts.change[untreated].mean() if has_drift else np.nan,
    }


def _tell_contrast(found: Contrast) -> dict[str, float]:
    half = float(stats.t.ppf(0.975, found.df)) * found.error if found.df else np.nan
    return {
        "effect": found.effect,
        "low": found.effect - half,
        "high": found.effect + half,
        "p": found.p,
    }


def _explain_absence(name: str, part: _Period) -> dict[str, Any]:
    """Return the counts and the reason of a group without a query in the panel."""
    why = _explain_queries(name, part) or _explain_times(part) or _explain_windows(name, part)
    counts = dict.fromkeys(("n_prompts", "n_before", "n_after"), 0)
    return counts | {
        "verdict": "no clear change",
        "reason": f"no clear change: {why}",
    }


def _explain_queries(name: str, part: _Period) -> str:
    """Return why no query at all is of the group; nothing where some are."""
    own = part.treatment
    is_treated = part.queries["is_treated"]
    if name == "treated" and not is_treated.any():
        judged = {
            query: cluster
            for query, cluster in own.clusters.items()
            if query not in set(own.branded)
        }
        is_any = not {*judged, *judged.values()}.isdisjoint(own.treated)
        return (
            "in no cluster were half of the queries changed"
            if is_any
            else "no query's nearest page was changed"
        )
    return (
        "there is no cluster without a changed query"
        if name == "untreated" and is_treated.all()
        else ""
    )


def _explain_times(part: _Period) -> str:
    """Return why the answers' times tell nothing of before or after; nothing where they do."""
    times = part.times.dropna()
    at = part.treatment.at
    if part.times.empty:
        return "no answer has words or mentions"
    if times.empty:
        return "no answer has a time"
    if times.min() < at <= times.max():
        return ""
    missing = "before" if times.min() >= at else "after"
    return f"the log's answers are of {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d}: none {missing} the change"


def _explain_windows(name: str, part: _Period) -> str:
    """Return why the group's queries have no pair within the windows."""
    windows = part.windows
    within = f"within {part.treatment.window_days} days of the change"
    sides = {
        "treated": windows["is_treated"],
        "untreated": ~windows["is_treated"],
    }
    is_after = windows.loc[sides.get(name, windows["cluster_id"] == name), "is_after"]
    if is_after.empty:
        return f"none of its queries was answered {within}"
    if is_after.nunique() == 1:
        return (
            f"{within}, its queries were answered only {'after' if is_after.all() else 'before'} it"
        )
    return "no query was answered both before and after"


def _tell_verdict(row: Mapping[str, Any], n_tests: int) -> dict[str, str]:
    """Return the verdict of a row that was tested beside others, n_tests in all, and its reason in words."""
    n = f"{row['n_prompts']} prompt{'s' * (row['n_prompts'] != 1)}"
    effect = _points(row["effect"])
    if row["p"] <= LEVEL:
        beyond = (
            f" beyond the drift of {_points(row['drift'])}"
            if row["is_treated"]
            else " without any change of ours"
        )
        holm = (
            f", {tell_p(row['p_holm']).removeprefix('p ')} after Holm over {n_tests} comparisons"
            if n_tests > 1
            else ""
        )
        why = f"{n} moved by {effect}{beyond} ({tell_p(row['p'])}{holm})"
        if row["p_holm"] > LEVEL:
            return {
                "verdict": "no clear change",
                "reason": f"no clear change: {why}",
            }
        verdict = "up" if row["effect"] > 0 else "down"
        noise = f"; splits of the time before move by up to {_points(row['noise_floor'], False)}"
        return {
            "verdict": verdict,
            "reason": f"{verdict}: {why}{noise if abs(row['effect']) <= row['noise_floor'] else ''}",
        }
    why = f"{n} could only have shown a move of {_points(row['smallest_effect'], False)} or more"
    if row["is_treated"] and np.isnan(row["drift"]):
        why = f"{n} moved by {effect}, but no untreated cluster tells whether the engine moved by itself"
    elif np.isnan(row["p"]):
        why = f"too few clusters tell how much clusters move by themselves; {n} moved by {effect}"
    elif np.isnan(row["smallest_effect"]):
        why = f"{n}, beside as many clusters, could not have shown a move of any size"
    return {"verdict": "no clear change", "reason": f"no clear change: {why}"}


def tell_p(p: float) -> str:
    """Return p in words, such as 'p 0.012'."""
    return f"p {p:.3f}" if p >= 0.001 else "p below 0.001"


def _points(rate: Any, is_signed: bool = True) -> str:
    return f"{100 * float(rate):{'+' if is_signed else ''}.0f} points"
