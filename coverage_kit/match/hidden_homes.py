"""Hide-and-seek with homes: sections and pages of a site are hidden from questions it answers.

The home of a hidden section is the page that holds it, and a hidden page has none. So a site shows
how near a topic comes to its home, and to the other pages when its home is missing.
"""

from dataclasses import dataclass

import numpy as np

from coverage_kit.match.home_features import (
    AskedQuestions,
    SitePages,
    nearest_passages_of,
)
from coverage_kit.match.neighborhood import Flags, Rows

# Share of the pages, and of the other pages' sections, that is hidden at a time (assumed).
_HIDDEN_SHARE = 0.15
# Pages, and sections, that are hidden at a time at most: enough to see a standard. Assumed.
_MAX_HIDDEN = 100
# Share of the questions, those farthest from the site, that hide nothing: the site may not answer
# them. Assumed.
_LEFT_OUT = 0.3


@dataclass(frozen=True)
class HiddenHomes:
    """What is left of a site, the topics that ask for what is hidden, and their homes.

    `topics` (m,) is the topic of each question of the log, -1 for none. `homes` (t,) is the row of
    each topic's page among those left, -1 where the page is hidden.
    """

    site: SitePages
    topics: Rows
    homes: Rows


def hide_homes(
    site: SitePages, log: AskedQuestions, is_answered: Flags, rounds: int, seed: int = 0
) -> list[HiddenHomes]:
    """Return rounds of hide-and-seek; a round that leaves no page or hides nothing is left out.

    A topic are the questions whose nearest passage is in one hidden section. One section of each
    hidden page is asked for, so that topics of both kinds have the same size.

    Args:
        site: the pages.
        log: the questions.
        is_answered: which questions may be answered by the site, shape (m,).
        rounds: how often to hide.
        seed: of the draws.
    """
    rows, similarity = nearest_passages_of(log.vectors, site)
    answered = np.flatnonzero(is_answered)
    if not len(answered) or len(site.page_ids) < 2:
        return []
    floor = np.quantile(similarity[answered], _LEFT_OUT)
    answered = answered[similarity[answered] >= floor]
    rng = np.random.default_rng(seed)
    played = [_hide(site, rows, answered, rng) for _ in range(rounds)]
    return [round_ for round_ in played if len(round_.homes)]


def _hide(site: SitePages, rows: Rows, answered: Rows, rng: np.random.Generator) -> HiddenHomes:
    pages, sections = site.page_rows, site.sections
    asked_pages, asked_sections = pages[rows[answered]], sections[rows[answered]]
    hidden_pages = _draw(np.unique(asked_pages), rng)
    is_page_hidden = np.isin(asked_pages, hidden_pages)
    n_left = np.bincount(pages)
    n_left[hidden_pages] = 0
    hidden = []
    for section in _draw(np.unique(asked_sections[~is_page_hidden]), rng):
        passages = np.flatnonzero(sections == section)
        if n_left[pages[passages[0]]] > len(passages):
            n_left[pages[passages[0]]] -= len(passages)
            hidden.append(section)
    sought = [rng.choice(np.unique(asked_sections[asked_pages == page])) for page in hidden_pages]
    is_hidden = np.isin(sections, hidden) | np.isin(pages, hidden_pages)
    left = site.without(is_hidden)
    names = np.array(sorted([*hidden, *sought]), np.int64)
    topics = np.full(len(rows), -1, np.int64)
    is_sought = np.isin(asked_sections, names)
    topics[answered[is_sought]] = np.searchsorted(names, asked_sections[is_sought])
    page_of = {section: site.page_ids[page] for section, page in zip(sections, pages, strict=True)}
    row_of = {name: row for row, name in enumerate(left.page_ids)}
    homes = np.array([row_of.get(page_of[name], -1) for name in names], np.int64)
    return HiddenHomes(left, topics, homes)


def _draw(units: Rows, rng: np.random.Generator) -> Rows:
    n_drawn = min(max(1, round(_HIDDEN_SHARE * len(units))), len(units), _MAX_HIDDEN)
    return rng.choice(units, n_drawn, replace=False)
