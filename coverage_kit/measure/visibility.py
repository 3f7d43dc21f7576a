"""Visibility of the tracked sites in the logged answers: who is cited, named, and found but passed over."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd

from coverage_kit.errors import SettingsError
from coverage_kit.measure.intervals import (
    Floats,
    Ints,
    has_few_events,
    measure_ratios,
    sum_by,
)
from coverage_kit.measure.words import credit_words
from coverage_kit.tables import (
    VISIBILITY,
    Answers,
    Citations,
    Mentions,
    Spans,
    Visibility,
    checked,
)

SplitBy = Literal["all", "branded", "cluster", "week", "market"]
MEASURES = (
    *("citation_rate", "citation_share", "mention_rate", "share_of_voice"),
    *("position_adjusted_word_count", "retrieved_not_cited_rate"),
)


@dataclass(frozen=True)
class TrackedBrands:
    """Who is tracked, and how the queries are parted.

    Attributes:
        brand_sites: site by brand, the tracked ones, the own first; sites as `citations` names
            them.
        branded: ids of the queries that name the own brand.
        clusters: cluster id by query id.
        split_by: what to part the answers by.
        min_prompts: figures from fewer prompts' worth of answers are marked as low n
            (`measure_visibility`).
    """

    brand_sites: Mapping[str, str]
    branded: Collection[str] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    split_by: tuple[SplitBy, ...] = get_args(SplitBy)
    min_prompts: int = 20

    def __post_init__(self) -> None:
        unknown = [one for one in self.split_by if one not in get_args(SplitBy)]
        if unknown:
            raise SettingsError(
                "TrackedBrands.split_by",
                f"some of {', '.join(get_args(SplitBy))}",
                repr(unknown[0]),
                "Correct or leave it out.",
            )

    @property
    def sites(self) -> list[str]:
        """The tracked sites, the own first."""
        return list(dict.fromkeys(self.brand_sites.values()))


@checked
def measure_visibility(
    answers: Answers,
    citations: Citations,
    spans: Spans,
    mentions: Mentions,
    panel: TrackedBrands,
) -> Visibility:
    """Return every measure of every tracked site, by engine, surface and part: each a share, with its 95% interval.

    - citation_rate = answers that cite the site / answers; those that cite nobody count too.
    - citation_share = pages of the site that answers cite / all pages that answers cite.
    - mention_rate = answers that name the site's brand / answers whose words are logged, or for
      which mentions are.
    - share_of_voice = answers that name the brand / sum over the tracked brands of the answers that
      name each: it depends on which brands are tracked.
    - position_adjusted_word_count = the site's words / all words that rest on a cited page
      (`credit_words`); missing where no span is logged.
    - retrieved_not_cited_rate = answers that found the site and do not cite it / answers that found
      or cite it, among those that log any page found but not cited. A site is found where a
      retrieved page is its own.

    Engines and surfaces are never pooled; a missing surface is 'unknown'. Branded queries count in
    split_by='branded' alone. Answers without a cluster, time or market are left out of the parts by
    it. Intervals draw from prompts, since answers to one prompt are not independent
    (`measure_ratios`). `n_prompts` and `n_answers` count those that add to the denominator.
    `is_low_n`, where intervals were found to cover less than 95%: the effective number of prompts,
    (sum of the denominators)^2 / sum of the denominators^2, is below `panel.min_prompts`, or there
    are less than five prompts' worth of answers that count, or of those that do not
    (`has_few_events`). That number is `n_prompts` where all prompts weigh the same, and less where
    a few have most of the answers. Rows are in order of by, part, engine, surface, measure and
    site.

    Args:
        answers: answers of one log; failed ones are not among them.
        citations: their citations, `site` told by owner (`site_owner`).
        spans: every stretch for which an answer cites a page; where an answer has none, its
            citations' start and end count.
        mentions: brands that the answers name; other than the tracked ones are passed over.
        panel: who is tracked, and how the queries are parted.
    """
    log = _Log.read(answers, citations, spans, mentions, panel)
    groupings = [
        grouping for by in panel.split_by if (grouping := _group(answers, by, panel)) is not None
    ]
    tables = [
        _measure(grouping, top, base).assign(measure=measure, site=site)
        for site in panel.sites
        for measure, (top, base) in log.count(site).items()
        for grouping in groupings
    ]
    if not tables:
        return VISIBILITY.empty()
    table = pd.concat(tables, ignore_index=True)
    table["is_low_n"] = ~(table["n_effective"] >= panel.min_prompts) | has_few_events(table)
    orders = {
        "split_by": panel.split_by,
        "measure": MEASURES,
        "site": panel.sites,
    }
    ranks = {
        name: table[name].map({value: rank for rank, value in enumerate(order)})
        for name, order in orders.items()
    }
    order = (
        table.assign(**ranks)
        .sort_values(["split_by", "segment", "engine", "surface", "measure", "site"])
        .index
    )
    return table.loc[order, VISIBILITY.names].reset_index(drop=True)


def name_surfaces(answers: Answers) -> "pd.Series[str]":
    """Return the surface of each answer, 'unknown' where it is missing."""
    return answers["surface"].fillna("").astype("str").replace("", "unknown")


@dataclass(frozen=True)
class _Log:
    """What the answers cite, found, name and rest on: tables of row (the answer's number), site, amount."""

    has_words: Floats
    cited: pd.DataFrame
    retrieved: pd.DataFrame
    named: pd.DataFrame
    words: pd.DataFrame

    @classmethod
    def read(
        cls,
        answers: Answers,
        citations: Citations,
        spans: Spans,
        mentions: Mentions,
        panel: TrackedBrands,
    ) -> "_Log":
        pages = citations.drop_duplicates(["answer_id", "url", "kind"])
        named = mentions.assign(site=mentions["brand"].map(dict(panel.brand_sites))).dropna(
            subset=["site"]
        )
        has_words = (answers["text"].str.strip() != "") | answers["answer_id"].isin(
            mentions["answer_id"]
        )
        words = credit_words(answers, citations, spans)
        tables = (
            pages[pages["kind"] == "cited"],
            pages[pages["kind"] == "retrieved"],
            named.drop_duplicates(["answer_id", "site"]),
            words.rename(columns={"words": "amount"}),
        )
        return cls(
            has_words.to_numpy().astype(np.float64),
            *(_number(table, answers) for table in tables),
        )

    def count(self, site: str) -> dict[str, tuple[Floats, Floats]]:
        """Return by measure what each answer adds to the site's numerator and denominator, both of shape (a,)."""
        cited, found, named = (
            self._add(table, site) for table in (self.cited, self.retrieved, self.named)
        )
        is_met = (self._add(self.retrieved) > 0) & ((found > 0) | (cited > 0))
        counts = (
            ((cited > 0).astype(float), np.ones(len(cited))),
            (cited, self._add(self.cited)),
            (named, self.has_words),
            (named, self._add(self.named)),
            (self._add(self.words, site), self._add(self.words)),
            ((is_met & (cited == 0)).astype(float), is_met.astype(float)),
        )
        return dict(zip(MEASURES, counts, strict=True))

    def _add(self, table: pd.DataFrame, site: str | None = None) -> Floats:
        told = table if site is None else table[table["site"] == site]
        return sum_by(
            told["row"].to_numpy(),
            len(self.has_words),
            told["amount"].to_numpy(),
        )


def _number(table: pd.DataFrame, answers: Answers) -> pd.DataFrame:
    """Return row, site and amount (1 unless told) of the table's rows on these answers."""
    rows = pd.Index(answers["answer_id"]).get_indexer(table["answer_id"])
    amounts = table["amount"].to_numpy() if "amount" in table else 1.0
    sites = table["site"].astype("category").array
    told = pd.DataFrame({"row": rows, "site": sites, "amount": amounts})
    return told[told["row"] >= 0]


@dataclass(frozen=True)
class _Grouping:
    """Answers by engine, surface and part: their numbers, the cell of each (a prompt in a group), the groups of the cells."""

    rows: Ints
    cells: Ints
    groups: Ints
    names: pd.DataFrame


def _group(answers: Answers, by: SplitBy, panel: TrackedBrands) -> _Grouping | None:
    """Return the answers grouped, branded prompts apart; None where no answer has such a part."""
    part = _parts(answers, by, panel)
    is_branded = answers["query_id"].isin(set(panel.branded))
    rows = np.flatnonzero(part.notna() & (is_branded == (by == "branded")))
    if not len(rows):
        return None
    keys = (
        pd.DataFrame(
            {
                "engine": answers["engine"],
                "surface": name_surfaces(answers),
                "segment": part,
            }
        )
        .astype("str")
        .iloc[rows]
    )
    grouped = keys.groupby(["engine", "surface", "segment"], sort=True)
    prompts, queries = pd.factorize(answers["query_id"].iloc[rows])
    found, cells = np.unique(
        grouped.ngroup().to_numpy() * len(queries) + prompts,
        return_inverse=True,
    )
    return _Grouping(
        rows,
        cells,
        found // len(queries),
        grouped.size().index.to_frame(index=False).assign(split_by=by),
    )


def _parts(answers: Answers, by: SplitBy, panel: TrackedBrands) -> "pd.Series[str]":
    """Return the part of each answer, missing where it belongs to none."""
    if by == "cluster":
        return answers["query_id"].map(dict(panel.clusters))
    if by == "market":
        return answers["market"].where(answers["market"] != "")
    if by == "week":
        asked_at = pd.to_datetime(answers["asked_at"], utc=True)
        return (asked_at - pd.to_timedelta(asked_at.dt.day_of_week, unit="D")).dt.strftime(
            "%Y-%m-%d"
        )
    return pd.Series(by, index=answers.index, dtype="str")


def _measure(grouping: _Grouping, top: Floats, base: Floats) -> pd.DataFrame:
    """Return the ratio of both in each group, with its interval and the numbers behind it.

    `n_effective`, missing where nothing is counted, is rounded, so that equal denominators give the
    number of prompts itself.
    """
    top = top[grouping.rows]
    base = base[grouping.rows]
    tops, bases = (sum_by(grouping.cells, len(grouping.groups), values) for values in (top, base))
    n_answers = sum_by(grouping.groups[grouping.cells], len(grouping.names), base > 0)
    table = measure_ratios(tops, bases, grouping.groups, len(grouping.names))
    total = table["denominator"].where(table["denominator"] > 0)
    n_effective = (total**2 / sum_by(grouping.groups, len(grouping.names), bases**2)).round(6)
    return grouping.names.join(
        table.assign(n_answers=n_answers.astype(np.int64), n_effective=n_effective)
    )
