"""What a randomised half of a run's edits gained beyond the half that waits, in a later run."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.measure.paired import LEVEL, MIN_PAIRS, PairedContrast, contrast_pairs
from coverage_kit.measure.visibility import name_surfaces
from coverage_kit.pipeline.published import Published
from coverage_kit.pipeline.visibility import read_change_log
from coverage_kit.report.wording import count
from coverage_kit.settings import make_settings
from coverage_kit.tables import LogTables
from coverage_kit.tables.logged import logs_citations
from coverage_kit.tasks.holdout import FIRST, LATER, Holdout
from coverage_kit.tasks.predictions import match_queries, name_query

# From this share of the later half that is published on, no half waits any more (assumed).
_NO_LONGER_WAITS = 0.5
_TITLES = {"citations": "answers that cite your site", "coverage": "coverage"}


@dataclass(frozen=True)
class Outcome:
    """What one measure shows of both halves: rates of 0-1, means over the groups of the pairs.

    Attributes:
        measure: citations or coverage.
        halves: a row a half ('first', 'later'): n_groups, n_questions, before, after, rise, and
            the rise that was predicted, nan where nothing was.
        contrast: the rise of the first half beyond that of the later one, over the pairs.
        as_published: the same without the pairs that were not published as drawn; None where all
            were.
    """

    measure: str
    halves: pd.DataFrame
    contrast: PairedContrast
    as_published: PairedContrast | None

    @property
    def predicted(self) -> float:
        """Return the predicted difference of the halves."""
        predicted = self.halves["predicted"]
        return float(predicted[FIRST] - predicted[LATER])


@dataclass(frozen=True)
class HoldoutResult:
    """What two runs show of a draw; citations, where both log them, come first.

    `is_waiting` says whether the later half was still unpublished. `n_published` and `n_edits` are
    counted by half, `n_pairs` is the number that was drawn.
    """

    outcomes: list[Outcome]
    is_waiting: bool
    n_published: dict[str, int]
    n_edits: dict[str, int]
    n_pairs: int


def compare_halves(
    drawn: Holdout, before: Analysis, after: Analysis, published: Published, seed: int = 0
) -> HoldoutResult:
    """Return what the half that was published first gained beyond the half that waits.

    The halves are compared as they were drawn, whatever was published (intention to treat). Where
    half or more of the later half's edits are published, no half waits any more, and both are
    predicted to rise.

    Each question is one by which an edit is judged (`Holdout.questions`). A group's rise of
    coverage is the mean over its questions, by demand. Its rise of citations is the mean over its
    questions that one engine and surface answered in both runs. Answers after are those of the
    later run (its [before_after] files, else its log) that the earlier run does not hold, asked
    after the draw, or from [before_after] changed_at on. Groups weigh alike. Pairs of which a group
    has no such question are left out.

    Args:
        drawn: the draw of the run before.
        before: the run whose edits were drawn.
        after: the later run.
        published: which edits were published between them (`find_published`).
        seed: seed of the test, where not all sign flips are tried.
    """
    found = set(published.loc[published["is_published"], "edit_id"])
    edits = {half: drawn.find_edits(half) for half in (FIRST, LATER)}
    n_published = {half: len(found.intersection(names)) for half, names in edits.items()}
    is_waiting = n_published[LATER] < _NO_LONGER_WAITS * len(edits[LATER])
    acting = set(edits[FIRST]) if is_waiting else {*edits[FIRST], *edits[LATER]}
    questions = _list_questions(drawn, before, after, acting)
    tables = {
        "citations": _citations_by_group(questions, drawn, before, after, acting),
        "coverage": _coverage_by_group(questions),
    }
    strayed = _find_strayed(drawn, found) if is_waiting else set()
    outcomes = [
        _measure(measure, table, drawn, strayed, seed)
        for measure, table in tables.items()
        if len(table)
    ]
    n_edits = {half: len(names) for half, names in edits.items()}
    outcomes = [outcome for outcome in outcomes if outcome.contrast.n_pairs]
    return HoldoutResult(outcomes, is_waiting, n_published, n_edits, drawn.n_pairs)


def _list_questions(
    drawn: Holdout, before: Analysis, after: Analysis, acting: Collection[str]
) -> pd.DataFrame:
    """Return the questions of the draw, by query_id, as columns.

    They are group, key, demand, coverage (before), change, and the rise predicted of the edits that
    act: the largest of them, less all falls.
    """
    queries = match_queries(before, after)[0]
    group = drawn.edits.set_index("edit_id")["group"]
    table = queries[queries.index.isin(drawn.questions)]
    effects = before.effects[before.effects["edit_id"].isin(acting)]
    rise = effects["coverage_after"] - effects["coverage_before"]
    up = rise.clip(lower=0).groupby(effects["query_id"]).max()
    down = rise.clip(upper=0).groupby(effects["query_id"]).sum()
    ratio = float((before.about.track_record or {}).get("ratio", 1.0))
    return table.assign(
        group=[int(group[drawn.questions[query_id]]) for query_id in table.index],
        predicted=ratio * (up + down).reindex(table.index).fillna(0.0),
        coverage=before.coverage.set_index("query_id")["coverage"].reindex(table.index),
    )


def _coverage_by_group(questions: pd.DataFrame) -> pd.DataFrame:
    """Return before, after, predicted (all means by demand) and n_questions of each group."""
    again = questions[questions["change"].notna()]
    weighed = pd.DataFrame(
        {
            "before": again["coverage"],
            "after": again["coverage"] + again["change"],
            "predicted": again["predicted"],
        }
    ).mul(again["demand"], axis=0)
    sums = weighed.groupby(again["group"]).sum()
    means = sums.div(again.groupby("group")["demand"].sum(), axis=0)
    return means.assign(n_questions=again.groupby("group").size())


def _citations_by_group(
    questions: pd.DataFrame,
    drawn: Holdout,
    before: Analysis,
    after: Analysis,
    acting: Collection[str],
) -> pd.DataFrame:
    """Return before, after, predicted (means over questions) and n_questions of each group."""
    log: Analysis | LogTables = after
    if after.about.setting("before_after", "files"):
        settings = make_settings(after.about.settings, where="the later run")
        log = read_change_log(settings, after.about.own_site)
    earlier, later = (
        _value_answers(tables, questions, before.about.own_site) for tables in (before, log)
    )
    since = pd.Timestamp(drawn.drawn_at)
    if changed_at := after.about.setting("before_after", "changed_at"):
        since = max(since, pd.Timestamp(changed_at, tz="UTC"))
    later = later[~later["answer_id"].isin(earlier["answer_id"])]
    # An answer without a time is of the run that logged it.
    is_after = ~(later["asked_at"] < since)
    answers = pd.concat([earlier.assign(is_after=False), later.assign(is_after=is_after)])
    cells = (
        answers.groupby(["query_id", "engine", "surface", "is_after"])["is_citing"]
        .mean()
        .unstack("is_after")
        .reindex(columns=[False, True])
        .dropna()
        .groupby("query_id")
        .mean()
    )
    group = questions["group"].reindex(cells.index)
    table = pd.DataFrame({"before": cells[False], "after": cells[True]}).groupby(group).mean()
    return table.assign(
        predicted=_predict_citations(drawn, before, acting).reindex(table.index),
        n_questions=cells.groupby(group).size(),
    )


def _value_answers(
    log: Analysis | LogTables, questions: pd.DataFrame, own_site: str
) -> pd.DataFrame:
    """Return the answers to these questions whose citations are logged, and whether they cite you.

    query_id is that of the run before.
    """
    id_of = dict(zip(questions["key"], questions.index, strict=True))
    known = {
        query_id: id_of.get(name_query(text))
        for query_id, text in zip(log.queries["query_id"], log.queries["text"], strict=True)
    }
    cited = log.citations.loc[
        (log.citations["kind"] == "cited") & (log.citations["site"] == own_site),
        "answer_id",
    ]
    answers = log.answers[logs_citations(log.answers, log.citations)]
    table = pd.DataFrame(
        {
            "answer_id": answers["answer_id"],
            "query_id": answers["query_id"].map(known),
            "engine": answers["engine"],
            "surface": name_surfaces(answers),
            "asked_at": answers["asked_at"],
            "is_citing": answers["answer_id"].isin(cited).astype(np.float64),
        }
    )
    return table[table["query_id"].notna()]


def _predict_citations(
    drawn: Holdout, before: Analysis, acting: Collection[str]
) -> "pd.Series[float]":
    """Return the predicted rise of each group's citation rate, missing where nothing is predicted.

    It is the mean of its edits' gains per 100 answers: each edit is for other questions.
    """
    gain = before.edits.set_index("edit_id")["citation_gain"].astype(np.float64)
    edits = drawn.edits.assign(
        citation_gain=[
            gain.get(name, math.nan) if name in acting else 0.0 for name in drawn.edits["edit_id"]
        ]
    )
    of_group = edits.groupby("group")["citation_gain"]
    predicted: pd.Series[float] = of_group.agg(lambda gains: gains.mean(skipna=False)) / 100
    return predicted


def _find_strayed(drawn: Holdout, found: Collection[str]) -> set[int]:
    """Return the pairs that were not published as drawn.

    An edit of the group that was to wait is published, or none of the group that was to go first.
    """
    is_found = drawn.edits["edit_id"].isin(found)
    is_first = drawn.edits["half"] == FIRST
    by_pair = drawn.edits["pair"]
    has_first = (is_found & is_first).groupby(by_pair).any()
    has_later = (is_found & ~is_first).groupby(by_pair).any()
    strayed = has_later | ~has_first
    return {int(pair) for pair in strayed.index[strayed] if pair}


def _measure(
    measure: str, table: pd.DataFrame, drawn: Holdout, strayed: set[int], seed: int
) -> Outcome:
    groups = drawn.edits.drop_duplicates("group").set_index("group")[["half", "pair"]]
    table = table.join(groups, how="inner")
    table = table[table["pair"] > 0]
    table = table.assign(rise=table["after"] - table["before"])
    first, later = (
        table[table["half"] == half].set_index("pair")["rise"] for half in (FIRST, LATER)
    )
    differences = (first - later).dropna()
    table = table[table["pair"].isin(differences.index)]
    by_half = table.groupby("half")
    columns = ["before", "after", "rise"]
    halves = by_half[columns].mean().reindex([FIRST, LATER])
    halves = halves.assign(
        predicted=by_half["predicted"].agg(lambda values: values.mean(skipna=False)),
        n_groups=by_half.size(),
        n_questions=by_half["n_questions"].sum(),
    )
    kept = differences[~differences.index.isin(strayed)]
    return Outcome(
        measure,
        halves,
        contrast_pairs(differences.to_numpy(np.float64), seed),
        contrast_pairs(kept.to_numpy(np.float64), seed) if len(kept) < len(differences) else None,
    )


def list_halves(result: HoldoutResult) -> list[list[str]]:
    """Return what was predicted and measured of each half as cells, a header first; in points."""
    waiting = "the half that waits" if result.is_waiting else "later half"
    names = {FIRST: "first half", LATER: waiting}
    header = ["of 100", "half", "questions", "before", "after", "rise", "predicted rise"]
    return [header] + [
        [
            _TITLES[outcome.measure],
            names[str(half)],
            str(int(row["n_questions"])),
            _of_100(row["before"]),
            _of_100(row["after"]),
            _signed(row["rise"]),
            _signed(row["predicted"]),
        ]
        for outcome in result.outcomes
        for half, row in outcome.halves.iterrows()
    ]


def describe_halves(result: HoldoutResult) -> str:
    """Return in plain words what the draw shows."""
    if not result.outcomes:
        return (
            "Randomised proof: no pair has questions of both halves in both runs. Ask the panel of "
            "the draw again."
        )
    sentences = [f"Randomised proof: {_describe_published(result)}"]
    for outcome in result.outcomes:
        title = _TITLES[outcome.measure]
        title = f"{title[:1].upper()}{title[1:]}"
        if not result.is_waiting:
            sentences.append(f"{title}: {_describe_both(outcome)}")
            continue
        sentences.append(f"{title}: {_describe_difference(outcome)}")
        power = _describe_power(outcome.contrast)
        sentences += [power] if power not in sentences else []
        if outcome.as_published is not None:
            sentences.append(_describe_strayed(outcome.as_published, outcome.predicted))
    if not result.is_waiting:
        sentences.append(
            "No half waits any more, so what the engines or the log did by themselves is in both "
            "figures."
        )
    n_pairs = max(outcome.contrast.n_pairs for outcome in result.outcomes)
    if n_pairs < result.n_pairs:
        sentences.append(
            f"{count(result.n_pairs - n_pairs, 'pair')} of {result.n_pairs} had no question in "
            "both runs."
        )
    sentences.append(
        "Coverage rises in part because the model reads the new words themselves: only citations "
        "show what engines do."
    )
    return " ".join(sentences)


def _describe_published(result: HoldoutResult) -> str:
    first = f"{result.n_published[FIRST]} of {result.n_edits[FIRST]} edits of the first half"
    n_later, n_edits = result.n_published[LATER], result.n_edits[LATER]
    if not result.is_waiting:
        return f"{first} and {n_later} of {n_edits} of the later half are published."
    rest = (
        f"{n_later} of {n_edits} of the half that waits are published as well; the halves are "
        "compared as drawn."
        if n_later
        else "none of the half that waits."
    )
    return f"{first} are published, {rest}"


def _describe_both(outcome: Outcome) -> str:
    parts = [
        f"the {half} half rose by {_signed(row['rise'])} of 100"
        + ("" if math.isnan(row["predicted"]) else f" ({_signed(row['predicted'])} predicted)")
        for half, row in outcome.halves.iterrows()
    ]
    return f"{', '.join(parts)}."


def _describe_difference(outcome: Outcome) -> str:
    """Return the difference of the halves, its interval, the prediction, and the verdict."""
    contrast = outcome.contrast
    more = "more" if contrast.effect >= 0 else "less"
    predicted = (
        "nothing was predicted"
        if math.isnan(outcome.predicted)
        else f"{_signed(outcome.predicted)} predicted"
    )
    difference = (
        f"the first half rose by {_of_100(abs(contrast.effect))} of 100 {more} than the half that "
        f"waits, over {count(contrast.n_pairs, 'pair')} ({_interval(contrast)}; {predicted})"
    )
    return f"{difference}: {read_verdict(contrast, outcome.predicted)}."


def read_verdict(contrast: PairedContrast, predicted: float) -> str:
    """Return the verdict: as predicted, less or more than predicted, no clear change, and so on."""
    if contrast.n_pairs < MIN_PAIRS:
        return "too few pairs for a verdict"
    if not contrast.p <= LEVEL:
        return "no clear change"
    if contrast.effect < 0:
        return "a fall"
    if math.isnan(predicted) or math.isnan(contrast.low):
        return "a clear rise"
    if predicted > contrast.high:
        return "a clear rise, less than predicted"
    return "a clear rise, " + (
        "more than predicted" if predicted < contrast.low else "as predicted"
    )


def _describe_power(contrast: PairedContrast) -> str:
    if contrast.n_pairs < MIN_PAIRS:
        return (
            f"It takes {MIN_PAIRS} pairs, because by the coin alone one half may lead in all of "
            "fewer."
        )
    if math.isnan(contrast.smallest_effect):
        return "These pairs could not have shown a difference of any size."
    return (
        f"The smallest difference that these pairs could show is "
        f"{_of_100(contrast.smallest_effect)} of 100 (in 80% of cases)."
    )


def _describe_strayed(contrast: PairedContrast, predicted: float) -> str:
    if not contrast.n_pairs:
        return "No pair was published as drawn."
    verdict = read_verdict(contrast, predicted)
    return (
        f"Without the pairs that were not published as drawn: {_signed(contrast.effect)} of 100 "
        f"over {count(contrast.n_pairs, 'pair')} ({_interval(contrast)}), {verdict}."
    )


def _interval(contrast: PairedContrast) -> str:
    if math.isnan(contrast.low):
        return "no interval: the pairs do not differ, or are too few"
    return f"{contrast.level:.0%} interval {_signed(contrast.low)} to {_signed(contrast.high)}"


def _of_100(rate: float) -> str:
    return f"{100 * rate:.0f}" if not math.isnan(rate) else "-"


def _signed(rate: float) -> str:
    return f"{100 * rate:+.0f}" if not math.isnan(rate) else "-"
