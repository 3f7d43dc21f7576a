"""Visibility of the tracked sites in the logged answers.

Which sites are cited, named, and retrieved but not cited.
"""

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
from coverage_kit.tables.logged import logs_citations
from coverage_kit.vocabulary import MEASURES, UNKNOWN_SURFACE

# In the order of the table.
SplitBy = Literal["all", "branded", "cluster", "week", "market"]


@dataclass(frozen=True)
class TrackedBrands:
    """The tracked brands, and how the queries are split.

    Attributes:
        brand_sites: site by brand, the user's brand first; sites as `citations` names them.
        branded: ids of the queries that name the user's brand.
        clusters: cluster id by query id.
        split_by: what to split the answers by.
        min_prompts: figures from fewer prompts' worth of answers are marked as low n
            (`measure_visibility`).
    """

    brand_sites: Mapping[str, str]
    branded: Collection[str] = ()
    clusters: Mapping[str, str] = field(default_factory=dict)
    split_by: tuple[SplitBy, ...] = get_args(SplitBy)
    min_prompts: int = 20

    def __post_init__(self) -> None:
        unknown = [name for name in self.split_by if name not in get_args(SplitBy)]
        if unknown:
            raise SettingsError(
                "TrackedBrands.split_by",
                f"some of {', '.join(get_args(SplitBy))}",
                repr(unknown[0]),
                "Correct or leave it out.",
            )

    @property
    def sites(self) -> list[str]:
        """The tracked sites, the user's site first."""
        return list(dict.fromkeys(self.brand_sites.values()))


@checked
def measure_visibility(
    answers: Answers,
    citations: Citations,
    spans: Spans,
    mentions: Mentions,
    panel: TrackedBrands,
) -> Visibility:
    """Return every measure of every tracked site: each a share, with its 95% interval.

    There are rows for each engine, surface and segment.

    - citation_rate = answers that cite the site / answers; those that cite nobody count too.
      It is missing for an engine and surface of which the log holds no citations.
    - citation_share = pages of the site that answers cite / all pages that answers cite.
    - mention_rate = answers that name the site's brand / answers whose words are logged, or for
      which mentions are.
    - share_of_voice = answers that name the brand / sum over the tracked brands of the answers that
      name each: it depends on which brands are tracked.
    - position_adjusted_word_count = the site's words / all words that are based on a cited page
      (`credit_words`); missing where no span is logged.
    - retrieved_not_cited_rate = answers that retrieved the site and do not cite it / answers that
      retrieved or cite it, among those that log any page retrieved but not cited. A site is
      retrieved where a retrieved page is its own.

    Engines and surfaces are never pooled; a missing surface is 'unknown'. Branded queries count in
    split_by='branded' alone. Answers without a cluster, time or market are left out of the segments
    by it. Intervals draw from prompts, since answers to one prompt are not independent
    (`measure_ratios`). `n_prompts` and `n_answers` count those that add to the denominator.
    `is_low_n` is set where intervals were found to cover less than 95%: the effective number of
    prompts, (sum of the denominators)^2 / sum of the denominators^2, is below `panel.min_prompts`,
    or there are less than five prompts' worth of answers that count, or of those that do not
    (`has_few_events`). That number is `n_prompts` where all prompts weigh the same, and less where
    a few have most of the answers. Rows are ordered by split_by, segment, engine, surface, measure
    and site.

    Args:
        answers: answers of one log, without failed ones.
        citations: their citations, with `site` by owner (`site_owner`).
        spans: every stretch for which an answer cites a page; where an answer has none, its
            citations' start and end count.
        mentions: brands that the answers name; brands that are not tracked are ignored.
        panel: the tracked brands, and how the queries are split.
    """
    log = _Log.read(answers, citations, spans, mentions, panel)
    groupings = [
        grouping
        for split_by in panel.split_by
        if (grouping := _group(answers, split_by, panel)) is not None
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
    return _order(table, panel)[VISIBILITY.names].reset_index(drop=True)


def _order(table: pd.DataFrame, panel: TrackedBrands) -> pd.DataFrame:
    """Return the rows in the order of the panel and of MEASURES, not of the alphabet."""
    orders = {
        "split_by": panel.split_by,
        "measure": MEASURES,
        "site": panel.sites,
    }
    ranks = {
        name: table[name].map({value: rank for rank, value in enumerate(order)})
        for name, order in orders.items()
    }
    keys = ["split_by", "segment", "engine", "surface", "measure", "site"]
    return table.loc[table.assign(**ranks).sort_values(keys).index]


def name_surfaces(answers: Answers) -> "pd.Series[str]":
    """Return the surface of each answer, 'unknown' where it is missing."""
    return answers["surface"].fillna("").astype("str").replace("", UNKNOWN_SURFACE)


@dataclass(frozen=True)
class _Log:
    """What the answers cite, retrieve, name and are based on.

    These are tables of row (the answer's number), site and amount.
    """

    has_words: Floats
    has_citations: Floats
    cited: pd.DataFrame
    retrieved: pd.DataFrame
    mentioned: pd.DataFrame
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
        # A page that an answer cites several times counts once.
        pages = citations.drop_duplicates(["answer_id", "url", "kind"])
        mentioned = mentions.assign(site=mentions["brand"].map(dict(panel.brand_sites))).dropna(
            subset=["site"]
        )
        has_words = (answers["text"].str.strip() != "") | answers["answer_id"].isin(
            mentions["answer_id"]
        )
        words = credit_words(answers, citations, spans)
        return cls(
            has_words=has_words.to_numpy().astype(np.float64),
            has_citations=logs_citations(answers, citations).to_numpy().astype(np.float64),
            cited=_number(pages[pages["kind"] == "cited"], answers),
            retrieved=_number(pages[pages["kind"] == "retrieved"], answers),
            mentioned=_number(mentioned.drop_duplicates(["answer_id", "site"]), answers),
            words=_number(words.rename(columns={"words": "amount"}), answers),
        )

    def count(self, site: str) -> dict[str, tuple[Floats, Floats]]:
        """Return by measure what each answer adds to the site's numerator and denominator.

        Both have the shape (a,).
        """
        cited = self._add(self.cited, site)
        retrieved = self._add(self.retrieved, site)
        mentioned = self._add(self.mentioned, site)
        # Only answers that log pages which they retrieved and do not cite can show such a page.
        logs_retrieved = self._add(self.retrieved) > 0
        is_retrieved = logs_retrieved & ((retrieved > 0) | (cited > 0))
        return {
            "citation_rate": ((cited > 0).astype(float), self.has_citations),
            "citation_share": (cited, self._add(self.cited)),
            "mention_rate": (mentioned, self.has_words),
            "share_of_voice": (mentioned, self._add(self.mentioned)),
            "position_adjusted_word_count": (self._add(self.words, site), self._add(self.words)),
            "retrieved_not_cited_rate": (
                (is_retrieved & (cited == 0)).astype(float),
                is_retrieved.astype(float),
            ),
        }

    def _add(self, table: pd.DataFrame, site: str | None = None) -> Floats:
        rows = table if site is None else table[table["site"] == site]
        return sum_by(
            rows["row"].to_numpy(),
            len(self.has_words),
            rows["amount"].to_numpy(),
        )


def _number(table: pd.DataFrame, answers: Answers) -> pd.DataFrame:
    """Return row, site and amount of the table's rows on these answers.

    The amount is 1 where the table has none.
    """
    rows = pd.Index(answers["answer_id"]).get_indexer(table["answer_id"])
    amounts = table["amount"].to_numpy() if "amount" in table else 1.0
    sites = table["site"].astype("category").array
    numbered = pd.DataFrame({"row": rows, "site": sites, "amount": amounts})
    return numbered[numbered["row"] >= 0]


@dataclass(frozen=True)
class _Grouping:
    """Answers by engine, surface and segment.

    `rows` are their numbers, `cells` the cell of each (a prompt in a group), and `groups` the
    groups of the cells.
    """

    rows: Ints
    cells: Ints
    groups: Ints
    names: pd.DataFrame


def _group(answers: Answers, split_by: SplitBy, panel: TrackedBrands) -> _Grouping | None:
    """Return the answers grouped, branded prompts separately.

    It is None where no answer has such a segment.
    """
    segments = _find_segments(answers, split_by, panel)
    is_branded = answers["query_id"].isin(set(panel.branded))
    rows = np.flatnonzero(segments.notna() & (is_branded == (split_by == "branded")))
    if not len(rows):
        return None
    keys = (
        pd.DataFrame(
            {
                "engine": answers["engine"],
                "surface": name_surfaces(answers),
                "segment": segments,
            }
        )
        .astype("str")
        .iloc[rows]
    )
    grouped = keys.groupby(["engine", "surface", "segment"], sort=True)
    prompts, queries = pd.factorize(answers["query_id"].iloc[rows])
    # A cell is a prompt in a group.
    pairs, cells = np.unique(
        grouped.ngroup().to_numpy() * len(queries) + prompts,
        return_inverse=True,
    )
    names = grouped.size().index.to_frame(index=False).assign(split_by=split_by)
    return _Grouping(rows=rows, cells=cells, groups=pairs // len(queries), names=names)


def _find_segments(answers: Answers, split_by: SplitBy, panel: TrackedBrands) -> "pd.Series[str]":
    """Return the segment of each answer, missing where it belongs to none."""
    if split_by == "cluster":
        return answers["query_id"].map(dict(panel.clusters))
    if split_by == "market":
        return answers["market"].where(answers["market"] != "")
    if split_by == "week":
        times = pd.to_datetime(answers["asked_at"], utc=True)
        return (times - pd.to_timedelta(times.dt.day_of_week, unit="D")).dt.strftime("%Y-%m-%d")
    return pd.Series(split_by, index=answers.index, dtype="str")


def _measure(grouping: _Grouping, top: Floats, base: Floats) -> pd.DataFrame:
    """Return the ratio of both in each group, with its interval and the numbers behind it.

    `n_effective`, missing where nothing is counted, is rounded, so that equal denominators give the
    number of prompts.
    """
    top = top[grouping.rows]
    base = base[grouping.rows]
    tops, bases = (sum_by(grouping.cells, len(grouping.groups), values) for values in (top, base))
    n_answers = sum_by(grouping.groups[grouping.cells], len(grouping.names), base > 0)
    table = measure_ratios(tops, bases, grouping.groups, len(grouping.names))
    total = table["denominator"].where(table["denominator"] > 0)
    # (Sum of the denominators)^2 / sum of their squares.
    n_effective = (total**2 / sum_by(grouping.groups, len(grouping.names), bases**2)).round(6)
    return grouping.names.join(
        table.assign(n_answers=n_answers.astype(np.int64), n_effective=n_effective)
    )
