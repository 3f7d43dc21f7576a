"""Citation prediction: AUC of the queries that cite a site, by models fitted on other sites.

Tasks of a set NAME: `NAME` with the passages as they are, and `NAME/unseen`. Public sets hold a
page because some answer cited it, so that the nearest passage often is the very page that the
query's answer cites: every similarity then does better than on a site that lists its own pages.
`unseen` removes that advantage: queries are dealt into five folds, a fold's queries see no page
that is cited for queries of this fold alone, and only queries of the same fold are compared.

Of an answer only the citations are used, and those of a query only to test the predictions.
"""

import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt

from coverage_kit.embed.texts import passage_texts
from coverage_kit.errors import CoverageKitError, SchemaError
from coverage_kit.match.lexicon import Lexicon
from coverage_kit.match.whitening import fit_space
from coverage_kit.rank.choice import (
    MIN_CITED,
    ChoiceModel,
    Choices,
    fit_weights,
    mean_with_interval,
    within_site_auc,
)
from coverage_kit.rank.offers import (
    CONTENT_FEATURES,
    RECORD_FEATURES,
    content_features,
    expand_queries,
    record_features,
    site_centre,
)
from coverage_kit.vectors import Embeddings, Encoder, Vectors
from studies.citation_sets import CitationSet, read_citation_set

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Report = dict[str, dict[str, dict[str, dict[str, float]]]]

# Most cited sites that are tested at most, for time.
MAX_SITES = 200
FOLDS = 5
# Bootstrap draws of each interval (assumed).
RESAMPLES = 200
BASELINES = ("best_cosine", "margin", "bm25")


@dataclass(frozen=True)
class Offers:
    """What m sites offer for n queries.

    `content` (n, m, 3) are CONTENT_FEATURES; `baselines` (n, m) each; `expanded` (n, d) and
    `centres` (m, d) are what the record of citations is computed from.
    """

    content: Floats
    baselines: dict[str, Floats]
    expanded: Vectors
    centres: Vectors


def run_citations(folders: list[Path], encoder: Encoder, json_path: Path | None) -> int:
    """Measure and print every set that can be used, and write the figures as JSON.

    Returns 1 where a set cannot be used.
    """
    usable = []
    status = 0
    for folder in folders:
        try:
            bench = read_citation_set(folder, encoder)
            Trial(bench, has_all_pages=True, seed=0)
            usable.append(bench)
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    report = measure_citations(usable)
    print_citations(report)
    if json_path:
        json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return status


def measure_citations(sets: list[CitationSet], seed: int = 0) -> Report:
    """Return {task: {scorer: {metric: {value, low, high}}}} for the tasks of every set.

    Scorers: `coverage_kit` is the choice model with the site's record on other queries,
    `coverage_kit_content` the model without it, both fitted on other sites and other queries of the
    set; `coverage_kit_other_sets`, where there are several sets, is without record and fitted on
    the other sets alone; `record` is the record alone. Intervals come from a bootstrap over queries
    and sites. Raises SchemaError where no site of a set is cited for enough queries.
    """
    trials = {bench.name: Trial(bench, has_all_pages=True, seed=seed) for bench in sets}
    report: Report = {}
    for name, trial in trials.items():
        models = [trials[set_name].model for set_name in trials if set_name != name]
        report[name] = trial.measure(models)
        if trial.bench.is_brought.nnz:
            report[f"{name}/unseen"] = Trial(trial.bench, has_all_pages=False, seed=seed).measure(
                models
            )
    return report


class Trial:
    """A set's sites and queries, with or without the pages that a query brought into the set."""

    def __init__(self, bench: CitationSet, has_all_pages: bool, seed: int) -> None:
        self.bench = bench
        self.has_all_pages = has_all_pages
        self.seed = seed
        rng = np.random.default_rng(seed)
        self.fold = rng.permutation(len(bench.queries)) % FOLDS
        n_cited = bench.is_cited.sum(axis=0)
        self.sites = np.argsort(-n_cited, kind="stable")[: min(MAX_SITES, int((n_cited > 0).sum()))]
        self.site_fold = rng.permutation(len(self.sites)) % FOLDS
        self.is_cited = bench.is_cited[:, self.sites]
        self.n_usable = int(
            ((n_cited >= MIN_CITED) & (n_cited <= len(bench.queries) - MIN_CITED))[self.sites].sum()
        )
        if not self.n_usable:
            expected = (
                f"a site with passages that is cited for {MIN_CITED} queries, "
                f"and for {MIN_CITED} others not"
            )
            counts = (
                f"{int((n_cited > 0).sum())} cited sites with passages, "
                f"{len(bench.queries)} queries"
            )
            raise SchemaError(
                f"{bench.name}: passages and responses",
                expected,
                counts,
                "Check that URLs agree, or take a larger log.",
            )

    @cached_property
    def offers(self) -> list[Offers]:
        """What the sites offer as each fold's queries see it."""
        if self.has_all_pages:
            return [
                make_offers(
                    self.bench,
                    np.ones(len(self.bench.passages), dtype=bool),
                    self.sites,
                )
            ] * FOLDS
        return [
            make_offers(self.bench, ~self.bench.brought_by(self.fold == k), self.sites)
            for k in range(FOLDS)
        ]

    @cached_property
    def content(self) -> Floats:
        """CONTENT_FEATURES of each query as its fold sees the sites, (n, m, 3)."""
        return self._by_fold([offers.content for offers in self.offers])

    @cached_property
    def model(self) -> ChoiceModel:
        """The model without record of all sites and queries, for use on other sets."""
        return fit_weights(self._choices(None))

    def measure(self, models: list[ChoiceModel]) -> dict[str, dict[str, dict[str, float]]]:
        """Return {scorer: {metric: figure}}; `models` are those of other sets."""
        predictions = {
            "coverage_kit": self._predict(True),
            "coverage_kit_content": self._predict(False),
        }
        if models:
            weights = np.array([model.n_choices for model in models], dtype=np.float64)
            votes = np.stack([_spread(model.utility(self.content)) for model in models])
            predictions["coverage_kit_other_sets"] = np.average(votes, axis=0, weights=weights)
        predictions["record"] = self._by_fold([self._record(k).sum(axis=2) for k in range(FOLDS)])
        predictions |= {
            name: self._by_fold([offers.baselines[name] for offers in self.offers])
            for name in BASELINES
        }
        predictions["random"] = np.random.default_rng(self.seed).random(self.is_cited.shape)
        return self._figures(predictions)

    def _figures(self, predictions: dict[str, Floats]) -> dict[str, dict[str, dict[str, float]]]:
        rng = np.random.default_rng(0)
        n = len(self.fold)
        weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)])
        strata = None if self.has_all_pages else self.fold
        auc = {
            name: within_site_auc(predicted, self.is_cited, weights, strata)
            for name, predicted in predictions.items()
        }
        m = next(iter(auc.values())).shape[1]
        drawn = np.vstack([np.ones(m), rng.multinomial(m, np.full(m, 1 / m), size=RESAMPLES)])
        figures = {
            name: {"within_site_auc": _figure(values, drawn)} for name, values in auc.items()
        }
        for name in predictions:
            if name.startswith("coverage_kit"):
                figures[name]["over_best_cosine"] = _figure(auc[name] - auc["best_cosine"], drawn)
        figures["coverage_kit"]["n_sites"] = dict.fromkeys(("value", "low", "high"), float(m))
        return figures

    def _predict(self, has_record: bool) -> Floats:
        """Return the utility of each site for each query.

        Each model is fitted on other sites and the queries of other folds.
        """
        predicted = np.zeros(self.is_cited.shape)
        for k in range(FOLDS):
            choices = self._choices(self._record(k) if has_record else None)
            for j in np.unique(self.site_fold):
                is_other_site = self.site_fold != j
                training = choices.select(
                    self.fold != k,
                    is_other_site if is_other_site.any() else ~is_other_site,
                )
                rows = np.ix_(self.fold == k, self.site_fold == j)
                predicted[rows] = fit_weights(training).utility(choices.features[rows])
        return predicted

    def _record(self, fold: int) -> Floats:
        """Return RECORD_FEATURES that use no citation of this fold's queries."""
        offers = self.offers[fold]
        is_usable = (self.fold != fold)[None]
        return record_features(offers.expanded, self.is_cited, offers.centres, is_usable)

    def _by_fold(self, values: list[Floats]) -> Floats:
        """Return for each query its row of its fold's values."""
        return np.stack([values[k][row] for row, k in enumerate(self.fold)])

    def _choices(self, record: Floats | None) -> Choices:
        bench = self.bench
        content = self.content
        features = content if record is None else np.concatenate([content, record], axis=2)
        names = CONTENT_FEATURES if record is None else (*CONTENT_FEATURES, *RECORD_FEATURES)
        cited = bench.n_cited[:, self.sites]
        cited_outside = bench.n_citations - cited.sum(axis=1)
        return Choices(names, features, cited, cited_outside, bench.n_answers)


def make_offers(bench: CitationSet, is_left: Flags, sites: Rows) -> Offers:
    """Return what these sites offer with the passages left.

    A site without passages gets the minimum of all sites.
    """
    passages = bench.passages[is_left].reset_index(drop=True)
    raw = bench.passage_vectors.select(list(passages["passage_id"]))
    space = fit_space(raw, bench.query_vectors)
    content = space.of_passages(raw).vectors
    expanded = expand_queries(space.of_queries(bench.query_vectors).vectors, content)
    texts = list(passages["heading_path"] + " " + passages["text"])
    lexicon = Lexicon(texts, list(bench.queries["text"]))
    words = _Words(list(bench.queries["text"]), passage_texts(passages))
    rows_of = passages.groupby("site").indices
    nearest_two = _best_two(bench.query_vectors, raw, passages["site"].to_numpy())
    features = np.full((len(CONTENT_FEATURES), len(bench.queries), len(sites)), np.nan)
    baselines = {name: np.full(features.shape[1:], np.nan) for name in BASELINES}
    centres = np.zeros((len(sites), content.shape[1]), np.float32)
    for column, name in enumerate(bench.sites[sites]):
        rows = np.asarray(rows_of.get(name, []), dtype=np.int64)
        if not len(rows):
            continue
        centres[column] = site_centre(content[rows])
        recall = np.asarray(
            (lexicon.queries @ lexicon.passages[rows].T).todense(),
            dtype=np.float32,
        )
        features[:, :, column] = content_features(
            expanded, content[rows], recall, centres[column]
        ).T
        best = (bench.query_vectors.vectors @ raw.vectors[rows].T).max(axis=1)
        baselines["best_cosine"][:, column] = best
        baselines["margin"][:, column] = best - np.where(
            nearest_two.site == name, nearest_two.second, nearest_two.best
        )
        baselines["bm25"][:, column] = words.of(rows).max(axis=1)
    filled = {name: _with_floor(values) for name, values in baselines.items()}
    return Offers(
        np.stack([_with_floor(values) for values in features], axis=2),
        filled,
        expanded,
        centres,
    )


@dataclass(frozen=True)
class _BestTwo:
    """For each query: the site with the nearest passage, its cosine, and that of another site.

    The last is the cosine of the nearest passage of any other site.
    """

    site: npt.NDArray[np.object_]
    best: Floats
    second: Floats


def _best_two(
    queries: Embeddings, passages: Embeddings, sites: npt.NDArray[np.object_]
) -> _BestTwo:
    rows = []
    for vector in queries.vectors:
        cosines = passages.vectors @ vector
        site = sites[cosines.argmax()]
        rows.append(
            (
                site,
                float(cosines.max()),
                float(cosines[sites != site].max(initial=-1.0)),
            )
        )
    site_names, best, second = zip(*rows, strict=True)
    return _BestTwo(np.array(site_names, dtype=object), np.array(best), np.array(second))


class _Words:
    """BM25 of each query with each passage."""

    def __init__(self, queries: list[str], passages: list[str]) -> None:
        index = bm25s.BM25()
        index.index(
            bm25s.tokenize(passages, stopwords="en", show_progress=False),
            show_progress=False,
        )
        tokens = bm25s.tokenize(queries, stopwords="en", return_ids=False, show_progress=False)
        no_scores = np.zeros(len(passages), np.float32)
        self.scores = np.stack(
            [index.get_scores(words) if words else no_scores for words in tokens]
        )

    def of(self, rows: Rows) -> Floats:
        """Return the scores of these passages, (n queries, len(rows))."""
        return self.scores[:, rows].astype(np.float64)


def print_citations(report: Report) -> None:
    """Print each task's AUC by scorer, with 90% intervals."""
    for task, scorers in report.items():
        n_sites = scorers["coverage_kit"]["n_sites"]["value"]
        print(f'\n{task}: AUC of "cited for this query" within a site, mean of {n_sites:.0f}')
        for name, metrics in scorers.items():
            print(f"  {name:25} {_shown(metrics['within_site_auc'])}", end="")
            gain = metrics.get("over_best_cosine")
            print(f"   over best_cosine {_shown(gain)}" if gain else "")


def _shown(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _figure(values: Floats, drawn: Floats) -> dict[str, float]:
    return dict(
        zip(
            ("value", "low", "high"),
            mean_with_interval(values, drawn),
            strict=True,
        )
    )


def _with_floor(values: Floats) -> Floats:
    return np.where(np.isnan(values), np.nanmin(values), values)


def _spread(utility: Floats) -> Floats:
    return np.asarray(utility / max(float((utility - utility.mean(axis=0)).std()), 1e-9))
