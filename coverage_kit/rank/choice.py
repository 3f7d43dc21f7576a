"""Which site an answer cites: a conditional logit over sites with an outside option.

Each citation of an answer is a choice among the sites that offer something and an outside option,
which represents every other site. With utility u = constant of the site + weights . features,
P(site) = exp(u) / (exp(outside) + sum over sites of exp(u)) (McFadden 1974). The model is fitted on
logged citations. An answer cites several sites; its citations are taken as draws from the same
probabilities, so that a query's counts are multinomial: the likelihood of independent Poisson
counts given their sum (Palmgren 1981; Guimaraes, Figueiredo and Woodward 2003). How much an answer
cites is not modelled; which sites it cites is. A Plackett-Luce order of slots would need the order
of citations to mean something, which logs do not promise, and differs little while no site has most
of the probability. A site counts once in an answer, however often it is cited there.

Without the outside option, a text that answers nothing would be cited wherever the known sites are
no better. Sites differ in how much they are cited at all, which no feature of a query shows. So
each site has a constant, drawn to zero, and weights are learned from which queries a site is cited
for, not from which sites are famous. Weights are at least 0: no feature counts against being cited.
By the independence of irrelevant alternatives, a site that is left out of a fit takes its citations
with it.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from coverage_kit.vectors import on_one_thread

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# With fewer citations a log says too little to fit weights on (docs/method.md, Citations; the
# number is assumed).
MIN_CHOICES = 300
# A site's AUC needs this many queries for which it is cited, and for which it is not (assumed).
MIN_CITED = 3
_FOLDS = 5
_RESAMPLES = 200
# Precision of the normal prior of each weight and of each constant: a few citations' worth, so that
# it holds down what few citations cannot show (assumed).
_WEIGHT_RIDGE = 3.0
_CONSTANT_RIDGE = 0.3
# A feature that varies less within sites is constant; it is not standardised.
_MIN_SCALE = 1e-9
# Keeps a mean over sites from dividing by 0.
_MIN_WEIGHT = 1e-9


@dataclass(frozen=True)
class Choices:
    """What a log's answers could cite and what they cite, for n queries and m sites.

    Attributes:
        names: names of the f features.
        features: features of each query and site, (n, m, f).
        cited: number of answers to the query that cite the site, (n, m).
        cited_outside: number of citations that go to none of these sites, each site counted once in
            an answer, (n,).
        n_answers: number of answers to the query, (n,).
    """

    names: tuple[str, ...]
    features: Floats
    cited: Floats
    cited_outside: Floats
    n_answers: Floats

    def select(self, queries: Flags | Rows, sites: Flags | Rows | None = None) -> "Choices":
        """Return the choices of these queries among these sites.

        Citations of sites that are left out are left out too.
        """
        features = self.features[queries]
        cited = self.cited[queries]
        if sites is not None:
            features = features[:, sites]
            cited = cited[:, sites]
        return replace(
            self,
            features=features,
            cited=cited,
            cited_outside=self.cited_outside[queries],
            n_answers=self.n_answers[queries],
        )

    def weighted(self, weights: Floats) -> "Choices":
        """Return the choices with the citations of each query counted so often, (n,)."""
        return replace(
            self,
            cited=self.cited * weights[:, None],
            cited_outside=self.cited_outside * weights,
        )

    @property
    def n_choices(self) -> int:
        """Number of citations, those of the outside option included."""
        return int(self.cited.sum() + self.cited_outside.sum())


@dataclass(frozen=True)
class ChoiceModel:
    """A fitted conditional logit.

    Attributes:
        names: names of the features.
        mean: mean of each feature over queries and sites, (f,).
        scale: standard deviation of each feature within a site, (f,).
        weights: weights of the standardised features, (f,).
        constants: constants of the sites that the model was fitted on, in their order, (m,); a new
            site has 0.
        outside: utility of the outside option.
        auc: mean over sites of the AUC of "cited for this query", by models fitted without the
            query; nan where no site is cited for three queries and not for three others.
        low: lower end of the 90% interval of the AUC, by a bootstrap over queries.
        high: upper end of the interval.
        n_choices: citations that the model was fitted on, those of the outside option included.
        fold: fold of each query, (n,); empty where nothing was held out.
        held_out: probability that a citation goes to each site, by models fitted without the
            query's fold, (n, m); empty where nothing was held out.
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    constants: Floats
    outside: float
    auc: float
    low: float
    high: float
    n_choices: int
    fold: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    held_out: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def utility(self, features: Floats, constant: float | Floats = 0.0) -> Floats:
        """Return the utility of citing a site.

        The shape is that of the features (..., f) without their last axis. `constant` is the site's
        own (`constants`), or (m,) for features of shape (n, m, f).
        """
        return np.asarray(
            ((features - self.mean) / self.scale) @ self.weights + constant,
            dtype=np.float64,
        )

    def log_odds(self, choices: Choices, site: int = 0) -> Floats:
        """Return the log odds that a citation goes to this site and to no other, shape (n,)."""
        utility = self.utility(choices.features, self.constants)
        rivals = np.delete(utility, site, axis=1)
        return np.asarray(utility[:, site] - _log_total(rivals, self.outside))


@on_one_thread
def fit_choice(
    choices: Choices,
    seed: int = 0,
    min_choices: int = MIN_CHOICES,
    fold: Rows | None = None,
) -> ChoiceModel | None:
    """Return the model of these choices, with its held-out predictions by folds of queries.

    None with fewer than `min_choices` citations, or with none of a known site: then only the rise
    of coverage can be reported. `fold` (n,) is the fold of each query, from 0 to 4; by default they
    are drawn.
    """
    if choices.n_choices < min_choices or not choices.cited.any():
        return None
    n = len(choices.cited)
    rng = np.random.default_rng(seed)
    fold = rng.permutation(n) % _FOLDS if fold is None else fold
    # With fewer than two queries a fold, nothing is held out: all predictions are equal, so that
    # the AUC is one half.
    held_out = np.zeros(choices.cited.shape)
    for number in range(_FOLDS if n >= 2 * _FOLDS else 0):
        model = fit_weights(choices.select(fold != number))
        held_out[fold == number] = _site_probabilities(model, choices.select(fold == number))
    # The first row counts every query once; the others are bootstrap resamples.
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)])
    auc, low, high = mean_with_interval(within_site_auc(held_out, choices.cited > 0, weights))
    # Resamples that are all equal, as where nothing was held out, say nothing of other queries.
    low, high = (low, high) if low < high else (0.0, 1.0)
    fitted = replace(fit_weights(choices), auc=auc, low=low, high=high)
    return replace(fitted, fold=fold, held_out=held_out) if n >= 2 * _FOLDS else fitted


def fit_weights(choices: Choices, start: ChoiceModel | None = None) -> ChoiceModel:
    """Return the model of these choices with the largest penalised likelihood.

    It has no held-out predictions. The search begins at `start`, a model of similar choices among
    the same sites.
    """
    m, f = choices.features.shape[1:]
    mean = choices.features.reshape(-1, f).mean(axis=0)
    # The spread within sites: what differs between sites is left to their constants.
    scale = (choices.features - choices.features.mean(axis=0)).reshape(-1, f).std(axis=0)
    scale = np.where(scale > _MIN_SCALE, scale, 1.0)
    scaled = (choices.features - mean) / scale
    # By default no weights, and the outside option as likely as all sites together.
    first = np.concatenate([np.zeros(f + m), [np.log(max(m, 1))]])
    if start:
        first = np.concatenate([start.weights, start.constants, [start.outside]])
    # Weights are at least 0; constants and the outside option are free.
    bounds = [(0.0, None)] * f + [(None, None)] * (m + 1)
    fit = minimize(
        penalised_loss,
        first,
        args=(scaled, choices.cited, choices.cited_outside),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
    )
    return ChoiceModel(
        names=choices.names,
        mean=mean,
        scale=scale,
        weights=fit.x[:f],
        constants=fit.x[f:-1],
        outside=float(fit.x[-1]),
        auc=float("nan"),
        low=float("nan"),
        high=float("nan"),
        n_choices=choices.n_choices,
    )


def penalised_loss(
    parameters: Floats, scaled: Floats, cited: Floats, cited_outside: Floats
) -> tuple[float, Floats]:
    """Return minus the log-likelihood plus the ridge, and its gradient.

    `parameters` are f weights, m constants and the utility of the outside option; `scaled`
    (n, m, f) are the standardised features, `cited` (n, m) and `cited_outside` (n,) the citations.
    """
    f = scaled.shape[2]
    weights = parameters[:f]
    constants = parameters[f:-1]
    outside = parameters[-1]
    utility = scaled @ weights + constants
    log_total = _log_total(utility, outside)
    n_citations = cited.sum(axis=1) + cited_outside
    chosen_utility = (cited * utility).sum() + cited_outside.sum() * outside
    log_likelihood = chosen_utility - (n_citations * log_total).sum()
    # Citations beyond those that the model expects: the gradient by each utility.
    surplus = cited - n_citations[:, None] * np.exp(utility - log_total[:, None])
    gradient = np.concatenate(
        [
            np.tensordot(surplus, scaled, 2),
            surplus.sum(axis=0),
            [-surplus.sum()],
        ]
    )
    pull = np.concatenate([_WEIGHT_RIDGE * weights, _CONSTANT_RIDGE * constants, [0.0]])
    return float(parameters @ pull / 2 - log_likelihood), pull - gradient


def within_site_auc(
    predicted: Floats,
    is_cited: Flags,
    weights: Floats,
    strata: Rows | None = None,
) -> Floats:
    """Return for each site the AUC of "cited for this query".

    This is the chance that a query for which the site is cited is predicted above a query for which
    it is not; ties count half. Sites cited for fewer than three queries, or not cited for fewer
    than three, are left out.

    Args:
        predicted: probability of each query and site, (n, m).
        is_cited: whether an answer to the query cites the site, (n, m).
        weights: weights of the queries, (r, n).
        strata: stratum of each query, (n,): only queries of the same stratum are compared.

    Returns shape (r, sites), a row for each row of weights; nan where weights leave nothing to
    compare.
    """
    n_cited = is_cited.sum(axis=0)
    usable = np.flatnonzero((n_cited >= MIN_CITED) & (n_cited <= len(is_cited) - MIN_CITED))
    if strata is None:
        groups = [np.arange(len(weights.T))]
    else:
        groups = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    columns = []
    for site in usable:
        pair_weights = [
            _ordered_pairs(predicted[rows, site], is_cited[rows, site], weights[:, rows])
            for rows in groups
        ]
        n_ordered, n_pairs = np.sum(pair_weights, axis=0)
        auc = np.divide(n_ordered, n_pairs, out=np.full(len(n_pairs), np.nan), where=n_pairs > 0)
        columns.append(auc)
    return np.column_stack(columns) if columns else np.zeros((len(weights), 0))


def mean_with_interval(
    auc: Floats, site_weights: Floats | None = None
) -> tuple[float, float, float]:
    """Return the mean over sites of the first row, and the 5th and 95th percentile of other rows.

    `site_weights` (r, sites) weights the sites in each row of `auc` (r, sites); all weigh 1 by
    default. nan without any site.
    """
    if not auc.shape[1] or np.isnan(auc[0]).all():
        return (float("nan"),) * 3
    weights = ~np.isnan(auc) * (np.ones(auc.shape) if site_weights is None else site_weights)
    total_weight = np.maximum(weights.sum(axis=1), _MIN_WEIGHT)
    means = (np.nan_to_num(auc) * weights).sum(axis=1) / total_weight
    low, high = np.quantile(means[1:] if len(means) > 1 else means, [0.05, 0.95])
    return float(means[0]), float(low), float(high)


def _ordered_pairs(predicted: Floats, is_cited: Flags, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weight of the pairs in order, and of all pairs, both (r,).

    A pair is a query for which a site is cited and a query for which it is not. The pair is in
    order if the cited query is predicted higher; a tie counts half.
    """
    order = np.argsort(predicted, kind="stable")
    # Queries with equal predictions form a block; the blocks are in ascending order.
    starts = np.flatnonzero(np.diff(predicted[order], prepend=-np.inf))
    cited = np.add.reduceat(weights[:, order] * is_cited[order], starts, axis=1)
    uncited = np.add.reduceat(weights[:, order] * ~is_cited[order], starts, axis=1)
    uncited_below = uncited.cumsum(axis=1) - uncited / 2
    return (cited * uncited_below).sum(axis=1), cited.sum(axis=1) * uncited.sum(axis=1)


def _site_probabilities(model: ChoiceModel, choices: Choices) -> Floats:
    """Return the probability of each site for each query, (n, m)."""
    utility = model.utility(choices.features, model.constants)
    return np.exp(utility - _log_total(utility, model.outside)[:, None])


def _log_total(utility: Floats, outside: float) -> Floats:
    """Return the log of exp(outside) + the sum of exp(utility) over sites, (n,)."""
    # The peak is subtracted so that huge utilities do not overflow.
    peak = np.maximum(utility.max(axis=1, initial=-np.inf), outside)
    total = np.exp(utility - peak[:, None]).sum(axis=1) + np.exp(outside - peak)
    return np.asarray(peak + np.log(total), dtype=np.float64)
