"""Homes: on which page of your site a topic belongs, and whether any page is its home.

The model is a conditional logit over the pages, with the outside option that none is the home
(McFadden 1974). Its features say how near the topic is to each page's title, passages and words, as
seen from the topic's questions and from the logged answers to them. Its weights are fitted by
`python -m benchmarks homes` on public sets from which sections (the home is the page that held
them) and whole pages (no page is the home) were removed.

Sites differ in how near their pages are to one another. So two numbers are compared with what they
are on the same site in hide-and-seek (`hidden_homes.py`): the utility of the nearest page, and how
evenly the pages share the probability. Halfway between a topic whose home is there and a topic
whose home is hidden, they are 0.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import entr, expit, softmax

from coverage_kit.contracts import Home, NewPage
from coverage_kit.match.hidden_homes import hide_homes
from coverage_kit.match.home_features import (
    AskedQuestions,
    HomeFeatures,
    SitePages,
    compare_topics,
    second_pages,
)
from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.new_pages import place_page
from coverage_kit.vectors import Vectors, on_one_thread, to_unit_length

DEFAULT_HOMES = Path(__file__).parent / "default_homes.json"
# Homes of a topic that are returned.
_MAX_HOMES = 5
# Rounds of hide-and-seek (assumed).
ROUNDS = 6
# Hidden topics of one kind that a site needs, so that it is its own standard (assumed).
_MIN_TOPICS = 4


@dataclass(frozen=True)
class Homes:
    """The most probable homes of each topic, best first, and the probability that it has none.

    `none` is 1 less the probabilities of all pages. `new_pages` says where a page of its own would
    be.
    """

    by_topic: dict[str, tuple[Home, ...]]
    none: dict[str, float]
    new_pages: dict[str, NewPage]


@dataclass(frozen=True)
class HomeModel:
    """A conditional logit over pages with the outside option that no page is the home.

    `page_weights` has shape (f,). `none_weights` (3,) are the intercept and the weights of the two
    numbers of `standardise`, in the log odds that there is no home.
    """

    page_weights: Floats
    none_weights: Floats

    def utilities(self, features: HomeFeatures) -> Floats:
        """Return the utility of each page, shape (t, p)."""
        return np.asarray(features.pages @ self.page_weights)

    def no_home(self, standardised: Floats) -> Floats:
        """Return the probability that no page is the home, shape (t,); numbers are (t, 2)."""
        return np.asarray(expit(self.none_weights[0] + standardised @ self.none_weights[1:]))


def load_home_model(without: str = "") -> HomeModel:
    """Return the model fitted on all public sets.

    Args:
        without: name of a set to leave out of the fit, so that this set can test the model.
    """
    stored = json.loads(DEFAULT_HOMES.read_text(encoding="utf-8"))
    fit = stored["without"].get(without, stored["all"])
    return HomeModel(np.array(fit["page_weights"]), np.array(fit["none_weights"]))


def find_homes(
    site: SitePages,
    log: AskedQuestions,
    topics: Mapping[str, Sequence[int]],
    model: HomeModel,
    barred: Collection[str] = (),
) -> Homes:
    """Return where each topic belongs.

    Args:
        site: the pages of the site.
        log: all questions of the log.
        topics: the rows of each topic's questions; a row is in one topic at most. Questions of no
            topic are taken as answered by the site.
        model: the model of the public sets.
        barred: pages that cannot be a home, such as copies of others. Nor are pages that are nearly
            empty, or only list other pages.
    """
    names = sorted(name for name in topics if len(topics[name]))
    if not names:
        return Homes({}, {}, {})
    if not site.page_ids:
        return Homes(dict.fromkeys(names, ()), dict.fromkeys(names, 1.0), {})
    topic_of = np.full(len(log.texts), -1, np.int64)
    for row, name in enumerate(names):
        topic_of[list(topics[name])] = row
    none, pages = home_probabilities(site, log, topic_of, len(names), model, barred)
    nearest = _nearest_passages(site, log, topic_of, len(names))
    is_relevant = _relevant_pages(site, log, topic_of, nearest[1])
    by_topic = {}
    for row, name in enumerate(names):
        best = np.argsort(-pages[row], kind="stable")[:_MAX_HOMES]
        by_topic[name] = tuple(
            Home(
                site.page_ids[page],
                float(pages[row, page]),
                site.passage_ids[nearest[0][row, page]],
            )
            for page in best
            if pages[row, page] > 0
        )
    new_pages = {
        name: place_page(site.page_ids, pages[row], is_relevant[row].tolist())
        for row, name in enumerate(names)
    }
    return Homes(by_topic, dict(zip(names, none.tolist(), strict=True)), new_pages)


def home_probabilities(  # noqa: PLR0913 (the site, the log and the model)
    site: SitePages,
    log: AskedQuestions,
    topics: Rows,
    n_topics: int,
    model: HomeModel,
    barred: Collection[str] = (),
) -> tuple[Floats, Floats]:
    """Return for each topic the probability of no home (t,), and of each page (t, p).

    For the arguments see `find_homes`; `topics` (m,) is the row of each question's topic, -1 for
    none.
    """
    features = compare_topics(site, log, topics, n_topics)
    utilities = model.utilities(features)
    is_barred = np.isin(site.page_ids, list(barred))
    # where every page is nearly empty, that says nothing
    is_barred |= site.are_unfit & ~site.are_unfit.all()
    utilities[:, is_barred] = -np.inf
    if is_barred.all():
        return np.ones(n_topics), np.zeros(utilities.shape)
    played = [
        (compare_topics(round_.site, log, round_.topics, len(round_.homes)), round_.homes)
        for round_ in hide_homes(site, log, topics < 0, ROUNDS)
    ]
    none = model.no_home(standardise(model, features, utilities, played))
    return none, softmax(utilities, axis=1) * (1 - none[:, None])


def standardise(
    model: HomeModel,
    features: HomeFeatures,
    utilities: Floats,
    played: Sequence[tuple[HomeFeatures, Rows]],
) -> Floats:
    """Return two numbers of each topic against hide-and-seek on the same site, shape (t, 2).

    They are the utility of the nearest page, and the entropy of the pages' probabilities. Each is
    its distance from the middle between hidden topics with and without a home, in standard
    deviations within these. Topics with and without answers have standards of their own, where
    there are enough of them. Both are 0 where the site has too few questions or pages to tell.

    Args:
        model: the model.
        features: features of the topics.
        utilities: the utility of each page for each topic, shape (t, p).
        played: the features of hidden topics, with their homes.
    """
    values = _summary(utilities)
    standardised = np.zeros(values.shape)
    if not played:
        return standardised
    hidden = np.concatenate([_summary(model.utilities(topics)) for topics, _ in played])
    has_home = np.concatenate([homes >= 0 for _, homes in played])
    has_answers = np.concatenate([topics.has_answers for topics, _ in played])
    for kind in (False, True):
        rows = features.has_answers == kind
        near, far = (
            _enough(hidden[side & (has_answers == kind)], hidden[side])
            for side in (has_home, ~has_home)
        )
        if min(len(near), len(far)) >= _MIN_TOPICS:
            within = near.var(axis=0) * len(near) + far.var(axis=0) * len(far)
            spread = np.sqrt(within / (len(near) + len(far)))
            middle = (near.mean(axis=0) + far.mean(axis=0)) / 2
            standardised[rows] = (values[rows] - middle) / np.maximum(spread, 1e-6)
    return standardised


def _summary(utilities: Floats) -> Floats:
    """Return the largest utility, and the entropy of the pages' probabilities, shape (t, 2)."""
    probabilities = softmax(utilities, axis=1)
    return np.column_stack([utilities.max(axis=1), entr(probabilities).sum(axis=1)])


def _enough(values: Floats, others: Floats) -> Floats:
    return values if len(values) >= _MIN_TOPICS else others


@on_one_thread
def fit_page_weights(choices: Sequence[tuple[Floats, Rows, float]], ridge: float = 10.0) -> Floats:
    """Return the weights of PAGE_FEATURES, shape (f,), from topics that have a home.

    Args:
        choices: features of pages (t, p, f), the homes of the topics (t,), and the weight of all of
            these topics together.
        ridge: strength of the pull towards zero, per standard deviation of a feature.
    """
    n_features = choices[0][0].shape[2]
    scale = np.concatenate([pages.reshape(-1, n_features) for pages, _, _ in choices]).std(axis=0)
    scale = np.maximum(scale, 1e-6)
    scaled = [(pages / scale, homes, weight / len(homes)) for pages, homes, weight in choices]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total = float(ridge * weights @ weights)
        slope = 2 * ridge * weights
        for pages, homes, weight in scaled:
            excess = softmax(pages @ weights, axis=1)
            rows = np.arange(len(homes))
            total -= weight * float(np.log(np.maximum(excess[rows, homes], 1e-300)).sum())
            excess[rows, homes] -= 1
            slope = slope + weight * np.einsum("tp,tpf->f", excess, pages)
        return total, slope

    fitted = minimize(loss, np.zeros(n_features), jac=True, method="L-BFGS-B").x
    return np.asarray(fitted / scale)


def _nearest_passages(
    site: SitePages, log: AskedQuestions, topics: Rows, n_topics: int
) -> tuple[Rows, Vectors]:
    """Return the passage of each page nearest to each topic, and its similarity, both (t, p)."""
    rows = np.flatnonzero(topics >= 0)
    sums = np.zeros((n_topics, log.vectors.shape[1]))
    np.add.at(sums, topics[rows], log.weights[rows, None] * log.vectors[rows])
    similarity = to_unit_length(sums) @ site.passages.T
    best = np.maximum.reduceat(similarity, site.starts, axis=1)
    is_best = similarity >= best[:, site.page_rows]
    numbers = np.where(is_best, np.arange(similarity.shape[1]), similarity.shape[1])
    return np.minimum.reduceat(numbers, site.starts, axis=1), best


def _relevant_pages(
    site: SitePages, log: AskedQuestions, topics: Rows, similarity: Vectors
) -> Flags:
    """Return which pages are near enough to each topic to link to a page on it, shape (t, p).

    A page counts that is as near as the second page is to the median answered question.
    """
    answered = np.flatnonzero(topics < 0)
    if not len(answered) or len(site.page_ids) < 2:
        return np.asarray(similarity > 0)
    return np.asarray(similarity >= np.median(second_pages(log.vectors[answered], site)))
