"""Fit the model of homes on public sets with judged sections and pages removed.

It is fitted for all sets together, and without each set in turn, so that a benchmark on a set uses
a model of the other sets.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from benchmarks.planted_homes import PlantedHomes, plant_homes
from benchmarks.sets import BenchSet
from coverage_kit.match.hidden_homes import hide_homes
from coverage_kit.match.home_features import PAGE_FEATURES, HomeFeatures, compare_topics
from coverage_kit.match.homes import (
    DEFAULT_HOMES,
    ROUNDS,
    HomeModel,
    fit_page_weights,
    home_probabilities,
    standardise,
)
from coverage_kit.vectors import Encoder

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# Plantings of each set.
SEEDS = 4
# Weight of the topics of a set together in the fit of the weights of pages: against the ridge.
_SET_WEIGHT = 100.0


@dataclass(frozen=True)
class Choices:
    """Topics of a planting with their features and homes, and rounds of hide-and-seek."""

    features: HomeFeatures
    homes: Rows
    played: list[tuple[HomeFeatures, Rows]]


def collect_choices(planting: PlantedHomes) -> Choices:
    """Return what the fit needs of a planting."""
    site, log = planting.site, planting.log
    rounds = hide_homes(site, log, planting.topics < 0, ROUNDS)
    return Choices(
        compare_topics(site, log, planting.topics, len(planting.homes)),
        planting.homes,
        [
            (compare_topics(each.site, log, each.topics, len(each.homes)), each.homes)
            for each in rounds
        ],
    )


def fit_homes(sets: list[list[Choices]]) -> HomeModel:
    """Return the model fitted on the plantings of several sets, each set weighing the same."""
    with_home = [
        (
            choices.features.pages[choices.homes >= 0],
            choices.homes[choices.homes >= 0],
            _SET_WEIGHT / len(plantings),
        )
        for plantings in sets
        for choices in plantings
    ]
    # the weights of pages first: which page, where there is a home
    model = HomeModel(fit_page_weights(with_home), np.zeros(3))
    standardised, is_none, weights = [], [], []
    for plantings in sets:
        for choices in plantings:
            utilities = model.utilities(choices.features)
            none = choices.homes < 0
            standardised.append(standardise(model, choices.features, utilities, choices.played))
            is_none.append(none)
            share = np.where(none, 0.5 / max(none.sum(), 1), 0.5 / max((~none).sum(), 1))
            weights.append(_SET_WEIGHT * share / len(plantings))
    fit = LogisticRegression(C=1.0).fit(
        np.concatenate(standardised), np.concatenate(is_none), np.concatenate(weights)
    )
    return HomeModel(model.page_weights, np.r_[fit.intercept_, fit.coef_[0]])


def right_homes(planting: PlantedHomes, model: HomeModel) -> dict[str, float]:
    """Return the shares of topics of a planting for which the model is right.

    - right_operation: for which it says rightly whether a page is the home; the mean of the shares
      of both kinds of topics;
    - right_page: of the removed sections, for which the most probable page is the one that held
      it; `right_page_questions` is the same where the topic has no answers.
    """
    none, pages = home_probabilities(
        planting.site, planting.log, planting.topics, len(planting.homes), model
    )
    homes = planting.homes
    has_home = homes >= 0
    is_right = pages.argmax(axis=1) == homes
    answer_topics = planting.topics[planting.log.answer_rows]
    has_answers = np.isin(np.arange(len(homes)), answer_topics)
    figures = {
        "right_page": is_right[has_home],
        "right_page_questions": is_right[has_home & ~has_answers],
        "section_kept": none[has_home] < 0.5,
        "page_found": none[~has_home] >= 0.5,
    }
    shares = {name: float(np.mean(flags)) for name, flags in figures.items() if len(flags)}
    kinds = [shares[name] for name in ("section_kept", "page_found") if name in shares]
    return {"right_operation": float(np.mean(kinds)), **shares}


def write_homes(sets: list[BenchSet], encoder: Encoder, path: Path = DEFAULT_HOMES) -> None:
    """Write the model of all sets together, and the models without each of them."""
    choices_of = {}
    for bench in sets:
        # other seeds than those of the benchmark of edits
        plantings = [plant_homes(bench, encoder, 100 + seed) for seed in range(SEEDS)]
        choices_of[bench.name] = [collect_choices(each) for each in plantings if each]
        print(f"{bench.name}: {sum(len(each.homes) for each in choices_of[bench.name])} topics")
    without = {}
    for name in choices_of if len(choices_of) > 1 else ():
        others = [choices for other, choices in choices_of.items() if other != name]
        without[name] = _rounded(fit_homes(others))
    stored = {
        "source": "python -m benchmarks homes",
        "sets": [bench.name for bench in sets],
        "names": PAGE_FEATURES,
        "all": _rounded(fit_homes(list(choices_of.values()))),
        "without": without,
    }
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


def _rounded(model: HomeModel) -> dict[str, list[float]]:
    return {
        name: getattr(model, name).round(4).tolist() for name in ("page_weights", "none_weights")
    }
