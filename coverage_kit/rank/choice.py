"""Which site an answer cites: a conditional logit over sites, with an outside option, fitted on logged citations.

Each citation of an answer is one choice among the sites that offer something and "elsewhere", which
stands for every other site. With utility u = constant of the site + weights . features, P(site) =
exp(u) / (exp(outside) + sum over sites of exp(u)) (McFadden 1974). An answer cites several sites;
its citations are taken as draws from the same probabilities, so that a query's counts are
multinomial: the likelihood of independent Poisson counts given their sum (Palmgren 1981; Guimaraes,
Figueiredo and Woodward 2003). How much an answer cites is left to the answer; whom it cites is
modelled. A Plackett-Luce order of slots would need the order of citations to mean something, which
logs do not promise, and differs little while no site has most of the probability. A site counts
once in an answer, however often it is cited there.

Without "elsewhere" a text that answers nothing would be cited wherever the known sites are no
better. Sites differ in how much they are cited at all, which no feature of a query tells: each has
a constant, drawn to zero, so that weights are learned from which queries a site is cited for and
not from who is famous. Weights are at least 0: no feature speaks against being cited. By the
independence of irrelevant alternatives a site that is left out of a fit takes its citations with
it.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

MIN_CHOICES = 300
MIN_CITED = 3
_FOLDS = 5
_RESAMPLES = 200
_WEIGHT_RIDGE = 3.0
_CONSTANT_RIDGE = 0.3


@dataclass(frozen=True)
class Choices:
    """What a log's answers could cite and what they cite, for n queries and m sites.

    Attributes:
        names: of the f features.
        features: of each query and site, (n, m, f).
        cited: number of answers to the query that cite the site, (n, m).
        elsewhere: number of citations, each site counted once an answer, that go to no site of
            these, (n,).
        n_answers: number of answers to the query, (n,).
    """

    names: tuple[str, ...]
    features: Floats
    cited: Floats
    elsewhere: Floats
    n_answers: Floats

    def select(self, queries: Flags | Rows, sites: Flags | Rows | None = None) -> "Choices":
        """Return the choices of some queries among some sites; citations of sites left out are left out too."""
        features = self.features[queries]
        cited = self.cited[queries]
        if sites is not None:
            features = features[:, sites]
            cited = cited[:, sites]
        return replace(
            self,
            features=features,
            cited=cited,
            elsewhere=self.elsewhere[queries],
            n_answers=self.n_answers[queries],
        )

    @property
    def n_choices(self) -> int:
        """Number of citations, elsewhere included."""
        return int(self.cited.sum() + self.elsewhere.sum())


@dataclass(frozen=True)
class ChoiceModel:
    """A fitted conditional logit.

    Attributes:
        names: of the features.
        mean: of each feature over queries and sites, (f,).
        scale: standard deviation of each feature within a site, (f,).
        weights: of the standardised features, (f,).
        constants: of the sites it was fitted on, in their order, (m,); a new site has 0.
        outside: utility of citing elsewhere.
        citations_per_answer: mean number of sites that an answer cites.
        auc: mean over sites of the AUC of "cited for this query", by models fitted without the
            query; nan where no site is cited for three queries and not for three others.
        low: lower end of its 90% interval, by a bootstrap over queries.
        high: upper end.
        n_choices: citations it was fitted on, elsewhere included.
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    constants: Floats
    outside: float
    citations_per_answer: float
    auc: float
    low: float
    high: float
    n_choices: int

    def utility(self, features: Floats, constant: float | Floats = 0.0) -> Floats:
        """Return the utility of citing a site, of the shape of the features (..., f) without their last axis.

        `constant` is the site's own (`constants`), or (m,) for features of shape (n, m, f).
        """
        return np.asarray(
            ((features - self.mean) / self.scale) @ self.weights + constant,
            dtype=np.float64,
        )

    def probability(self, features: Floats, rivals: Floats, constant: float = 0.0) -> Floats:
        """Return the probability that one citation goes to the own site, shape (n,).

        Args:
            features: of the own site for each query, (n, f).
            rivals: utilities of the other sites, (n, r); r may be 0.
            constant: of the own site.
        """
        own = self.utility(features, constant)
        return np.exp(own - _log_total(np.column_stack([rivals, own]), self.outside))

    def cited_probability(self, features: Floats, rivals: Floats, constant: float = 0.0) -> Floats:
        """Return the probability that an answer, with as many citations as is usual, cites the own site, shape (n,).

        Arguments as those of `probability`. A site counts once an answer, so that the expected
        count, citations_per_answer times the probability of one citation, is the share of answers
        that cite it; never more than 1.
        """
        return np.minimum(
            self.citations_per_answer * self.probability(features, rivals, constant),
            1.0,
        )


def fit_choice(
    choices: Choices, seed: int = 0, min_choices: int = MIN_CHOICES
) -> ChoiceModel | None:
    """Return the model of these choices, with its held-out AUC by folds of queries.

    None with fewer than `min_choices` citations, or none of a known site: then the rise of coverage
    is all that can be said.
    """
    if choices.n_choices < min_choices or not choices.cited.any():
        return None
    n = len(choices.cited)
    rng = np.random.default_rng(seed)
    fold = rng.permutation(n) % _FOLDS
    held_out = np.zeros(choices.cited.shape)
    for number in range(_FOLDS if n >= 2 * _FOLDS else 0):
        held_out[fold == number] = _share(
            fit_weights(choices.select(fold != number)),
            choices.select(fold == number),
        )
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)])
    auc, low, high = mean_with_interval(within_site_auc(held_out, choices.cited > 0, weights))
    return replace(fit_weights(choices), auc=auc, low=low, high=high)


def fit_weights(choices: Choices) -> ChoiceModel:
    """Return the model of these choices with the largest likelihood less its ridge, without a held-out AUC."""
    m, f = choices.features.shape[1:]
    mean = choices.features.reshape(-1, f).mean(axis=0)
    scale = (choices.features - choices.features.mean(axis=0)).reshape(-1, f).std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    scaled = (choices.features - mean) / scale
    start = np.concatenate([np.zeros(f + m), [np.log(max(m, 1))]])
    # the ridge is a prior worth a few citations: it holds down what few citations cannot tell
    bounds = [(0.0, None)] * f + [(None, None)] * (m + 1)
    counts = scaled, choices.cited, choices.elsewhere
    found = minimize(
        penalised_loss,
        start,
        counts,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
    )
    per_answer = choices.n_choices / max(float(choices.n_answers.sum()), 1.0)
    return ChoiceModel(
        *(
            choices.names,
            mean,
            scale,
            found.x[:f],
            found.x[f:-1],
            float(found.x[-1]),
            per_answer,
        ),
        *(float("nan"), float("nan"), float("nan"), choices.n_choices),
    )


def penalised_loss(
    parameters: Floats, scaled: Floats, cited: Floats, elsewhere: Floats
) -> tuple[float, Floats]:
    """Return minus the log-likelihood plus the ridge, and its gradient.

    `parameters` are f weights, m constants and the utility of elsewhere; `scaled` (n, m, f),
    `cited` (n, m), `elsewhere` (n,).
    """
    f = scaled.shape[2]
    weights = parameters[:f]
    constants = parameters[f:-1]
    outside = parameters[-1]
    utility = scaled @ weights + constants
    log_total = _log_total(utility, outside)
    n_citations = cited.sum(axis=1) + elsewhere
    gained = (cited * utility).sum() + elsewhere.sum() * outside - (n_citations * log_total).sum()
    surplus = cited - n_citations[:, None] * np.exp(utility - log_total[:, None])
    slope = np.concatenate(
        [
            np.tensordot(surplus, scaled, 2),
            surplus.sum(axis=0),
            [-surplus.sum()],
        ]
    )
    pull = np.concatenate([_WEIGHT_RIDGE * weights, _CONSTANT_RIDGE * constants, [0.0]])
    return float(parameters @ pull / 2 - gained), pull - slope


def within_site_auc(
    predicted: Floats,
    is_cited: Flags,
    weights: Floats,
    strata: Rows | None = None,
) -> Floats:
    """Return for each site the chance that a query it is cited for is predicted above one it is not, ties counting half.

    Shape (r, sites), one row for each row of query weights (r, n); sites cited for fewer than three
    queries, or not for fewer than three, are left out. Only queries of one stratum (n,) are
    compared. nan where weights leave nothing to compare.
    """
    n_cited = is_cited.sum(axis=0)
    usable = np.flatnonzero((n_cited >= MIN_CITED) & (n_cited <= len(is_cited) - MIN_CITED))
    groups = (
        [np.flatnonzero(strata == name) for name in np.unique(strata)]
        if strata is not None
        else [np.arange(len(weights.T))]
    )
    columns = []
    for site in usable:
        counts = [
            _ordered_pairs(predicted[rows, site], is_cited[rows, site], weights[:, rows])
            for rows in groups
        ]
        right, pairs = np.sum(counts, axis=0)
        columns.append(np.divide(right, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))
    return np.column_stack(columns) if columns else np.zeros((len(weights), 0))


def mean_with_interval(auc: Floats, drawn: Floats | None = None) -> tuple[float, float, float]:
    """Return the mean over sites of the first row, with the 5th and 95th percentile of the other rows' means.

    `drawn` (r, sites) are weights of the sites for each row of `auc` (r, sites), all 1 without. nan
    without any site.
    """
    if not auc.shape[1] or np.isnan(auc[0]).all():
        return (float("nan"),) * 3
    known = ~np.isnan(auc) * (np.ones(auc.shape) if drawn is None else drawn)
    means = (np.nan_to_num(auc) * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1e-9)
    low, high = np.quantile(means[1:], [0.05, 0.95]) if len(means) > 1 else (means[0], means[0])
    return float(means[0]), float(low), float(high)


def _ordered_pairs(predicted: Floats, is_cited: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weight of pairs of a cited and another query that are in order, and of all pairs, both (r,)."""
    order = np.argsort(predicted, kind="stable")
    starts = np.flatnonzero(np.diff(predicted[order], prepend=-np.inf))
    cited, others = (
        np.add.reduceat(weights[:, order] * kind[order], starts, axis=1)
        for kind in (is_cited, ~is_cited)
    )
    below = others.cumsum(axis=1) - others / 2
    return (cited * below).sum(axis=1), cited.sum(axis=1) * others.sum(axis=1)


def _share(model: ChoiceModel, choices: Choices) -> Floats:
    """Return the probability of each site for each query, (n, m)."""
    utility = model.utility(choices.features, model.constants)
    return np.exp(utility - _log_total(utility, model.outside)[:, None])


def _log_total(utility: Floats, outside: float) -> Floats:
    """Return the log of exp(outside) + the sum of exp(utility) over sites, (n,)."""
    peak = np.maximum(utility.max(axis=1, initial=-np.inf), outside)
    total = np.exp(utility - peak[:, None]).sum(axis=1) + np.exp(outside - peak)
    return np.asarray(peak + np.log(total), dtype=np.float64)
