"""Which words are a cluster's: how typical, how telling, how asked; and scores of names by them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverage_kit.text.phrases import DIRECTIONS, stem

# What a word counts as if the question does not say it, but a cited page's title or an answer does.
TITLE_SUPPORT = 0.7
ANSWER_SUPPORT = 0.5
# A word that tells clusters apart by less names none of them. Assumed.
MIN_TELLING = 0.4
# They tell nothing of a topic, but a wrong one misleads.
_DIRECTIONS = frozenset(map(stem, DIRECTIONS))
# Words that count as the whole of what a cluster is about.
_N_MAIN_WORDS = 3

# What a kind of name has in its favour, or against it. All weights here and below are assumed; they
# were chosen by reading the names of nine sets (docs/method.md, Names).
_PRIOR = {
    "title": 0.1,  # a person wrote it as a name
    "phrase": 0.05,
    "part": -0.15,  # of a question, or keywords
    "statement": -0.3,
}
# For the question of a cluster that has only one.
_OWN_QUESTION = 0.15
# For the share of the members that have the candidate.
_SHARE_WEIGHT = 0.6
_TITLE_SHARE_WEIGHT = 0.4
# For each word of which fewer members have this share: it makes a name too narrow. A title is
# chosen for a whole page, so that it may hold more than the questions say.
_NARROW_COST = 1.0
_NARROW_SHARE = 0.75
# Of a few members, all but about one are enough.
_NEGLIGIBLE = 0.8
_TITLE_NARROW_COST = 0.45
_TITLE_NARROW_SHARE = 0.5
# For a title that fewer members than that cite.
_RARE_TITLE_COST = 0.3
# The least that a narrow word costs, however little it tells elsewhere: "local", "existing".
_MIN_NARROW = 0.7
# For the share of the words of most members that the name holds, a word counting by what it tells.
_SHARED_WEIGHT = 0.3
_SHARED_SHARE = 0.65
_MIN_SHARED = 0.35
# For a phrase whose words say little: "Battery" where many topics are about batteries.
_WIDE_COST = 0.5
# For a single word.
_LONE_COST = 0.25
# For words that no question has: a title's belong to its author.
_UNASKED_COST = {"title": 0.15, "slug": 0.3}
_ASKED_SHARE = 0.25
_UNASKED_NAME_COST = 0.2
# For a product's name or a figure that most questions do not have.
_STRANGE_COST = 0.35
# For a word that a single question of the log has.
_STRAY_COST = 0.08
# For each word beyond six, and each with a meaning beyond three.
_LENGTH_COST = 0.03

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass
class Candidate:
    """A name that a cluster may get.

    Attributes:
        text: the name in clean writing.
        stems: of its words that have a meaning.
        kind: title; slug, a title from an address; phrase; question; part of a question; statement
            of an asker.
        weight: share of the cluster's members that have it: cite it, share it, or ask it.
        either: stems of alternatives, of which a member has one or the other.
        attached: of stems that stand before a noun, the share of the members that have them there.
        own: for a single noun, the share of the log's phrases about it that are this cluster's.
        row: the member that asks it, so that it is not compared with itself; -1 for others.
        score: how well it names the cluster.
    """

    text: str
    stems: frozenset[str]
    kind: str
    weight: float
    row: int = -1
    score: float = 0.0
    either: frozenset[str] = frozenset()
    own: float = 1.0
    attached: dict[str, float] = field(default_factory=dict)


class ClusterWords:
    """The words of each cluster, and how telling they are on this log.

    Args:
        support: by member, how far it has each word, 0 to 1.
        codes: the cluster of each member, from 0, shape (members,).
        shares: the share of its cluster that each member stands for, shape (members,).
        is_name: whether a word in lower case is a name, as the log's prose writes it.
    """

    def __init__(
        self,
        support: Sequence[dict[str, float]],
        codes: Rows,
        shares: Floats,
        is_name: Callable[[str], bool],
    ) -> None:
        self._is_name = is_name
        self._column_of: dict[str, int] = {}
        columns = [
            self._column_of.setdefault(word, len(self._column_of))
            for words in support
            for word in words
        ]
        ends = np.cumsum([0, *map(len, support)])
        values = np.fromiter((value for words in support for value in words.values()), np.float64)
        shape = (len(support), max(1, len(self._column_of)))
        words = sparse.csr_matrix((values, columns, ends), shape=shape)
        indicator = sparse.csr_matrix((shares, (codes, np.arange(len(codes)))))
        self._typical = (indicator @ words).tocsr()
        self._asked = (indicator @ (words == 1)).tocsr()
        self._n_members = np.bincount(codes)
        self._n_having = np.asarray((words > 0).sum(axis=0)).ravel()
        background = np.asarray(self._typical.mean(axis=0)).ravel()
        n_clusters = self._typical.shape[0]
        # 1 for a word of one cluster alone, 0 for one that all clusters have
        self._telling = np.clip(
            -np.log(np.maximum(background, 1e-9)) / np.log(n_clusters + 2.0), 0, 1
        )
        self._directions = {self._column_of.get(word, -1) for word in _DIRECTIONS}
        self._telling[[column for column in self._directions if column >= 0]] = 0

    def telling(self, word: str) -> float:
        """Return how well a stem tells clusters apart, 0 to 1; 1 for one that the log lacks."""
        column = self._column_of.get(word)
        return 1.0 if column is None else float(self._telling[column])

    def typical(self, code: int, word: str) -> float:
        """Return how far a cluster's members have a stem, 0 to 1; 0 where no question says it."""
        column = self._column_of.get(word, -1)
        if column < 0 or not self._asked[code, column]:
            return 0.0
        return float(self._typical[code, column])

    def score(self, code: int, candidates: Collection[Candidate]) -> None:
        """Store in candidates how well their words are those of this cluster.

        The base is an F-score: whether the words are typical of the members, and whether they are
        the cluster's main words (class-based TF-IDF).
        """
        typical = _row(self._typical, code)
        asked = _row(self._asked, code)
        weights = sorted(
            (value * self._telling[column] for column, value in typical.items()), reverse=True
        )
        importance = max(1e-9, sum(weights[:_N_MAIN_WORDS]))
        shared = {
            column: max(_MIN_SHARED, self._telling[column])
            for column, value in asked.items()
            if value > _SHARED_SHARE and column not in self._directions
        }
        n_shared = max(1e-9, sum(shared.values()))
        for item in candidates:
            item.score = self._score(code, item, (typical, asked), importance)
            held = sum(shared.get(self._column_of.get(word, -1), 0.0) for word in item.stems)
            item.score += _SHARED_WEIGHT * held / n_shared * (self._n_members[code] > 1)

    def _score(
        self,
        code: int,
        item: Candidate,
        shares: tuple[dict[int, float], dict[int, float]],
        importance: float,
    ) -> float:
        stems = sorted(item.stems)
        columns = [self._column_of.get(word, -1) for word in stems]
        typical, asked = (
            np.array([of_word.get(column, 0.0) for column in columns]) for of_word in shares
        )
        if item.either:
            # together they are as common as all that have one of them
            is_either = np.array([word in item.either for word in stems])
            typical[is_either] = min(1.0, float(typical[is_either].sum()))
            asked[is_either] = min(1.0, float(asked[is_either].sum()))
        telling = np.array([self.telling(word) for word in stems])
        covered = float((typical * telling).sum())
        precision = covered / max(1e-9, float(telling.sum()))
        recall = min(1.0, covered / importance)
        score = 2 * precision * recall / max(1e-9, precision + recall)
        is_title = item.kind in ("title", "slug")
        score += (_TITLE_SHARE_WEIGHT if is_title else _SHARE_WEIGHT) * item.weight
        score += _PRIOR.get(item.kind, 0.0) - _length_cost(item)
        if is_title:
            lacking = telling * np.maximum(0, 1 - typical / _TITLE_NARROW_SHARE)
            score -= _TITLE_NARROW_COST * float(lacking.sum())
            score -= _RARE_TITLE_COST * max(0.0, 1 - item.weight / _TITLE_NARROW_SHARE)
        else:
            bound = [item.attached.get(word, 1.0) for word in stems]
            typical *= np.minimum(1.0, bound / np.maximum(asked, 1e-9))
            enough = min(_NARROW_SHARE, 1 - _NEGLIGIBLE / max(2, self._n_members[code]))
            lacking = np.maximum(telling, _MIN_NARROW) * np.maximum(0, 1 - typical / enough)
            score -= _NARROW_COST * float(lacking.sum())
        best_asked = float(asked.max(initial=0.0))
        score -= _UNASKED_NAME_COST * max(0.0, 1 - best_asked / 0.4)
        unasked = np.maximum(0, 1 - asked / _ASKED_SHARE)
        score -= _UNASKED_COST.get(item.kind, 0.0) * float(unasked.sum())
        score -= _LONE_COST * (1 - item.own)
        if len(item.text.split()) == 1:
            score -= _LONE_COST * (1 - float((asked * telling).max(initial=0.0)))
        if item.kind in ("title", "slug", "phrase"):
            score -= _WIDE_COST * (1 - min(1.0, float((asked * telling).sum())))
            score -= _WIDE_COST * float(telling.max(initial=0.0) < MIN_TELLING)
        if self._n_members[code] == 1:
            score += _OWN_QUESTION * (item.kind == "question")
        else:
            n_having = np.array([self._n_having[column] for column in columns if column >= 0])
            score -= _STRAY_COST * float((n_having == 1).sum())
        names = {stem(word) for word in item.text.split() if self._is_strange(word)}
        is_rare = {word for word, share in zip(stems, asked, strict=True) if share < 0.5}
        return score - _STRANGE_COST * len(names & is_rare)

    def _is_strange(self, word: str) -> bool:
        return self._is_name(word.lower()) or any(sign.isdigit() for sign in word)


def _row(matrix: sparse.csr_matrix, row: int) -> dict[int, float]:
    start, end = matrix.indptr[row], matrix.indptr[row + 1]
    return dict(
        zip(matrix.indices[start:end].tolist(), matrix.data[start:end].tolist(), strict=True)
    )


def _length_cost(item: Candidate) -> float:
    n_words = len(item.text.split())
    return _LENGTH_COST * (max(0, n_words - 6) + max(0, len(item.stems - _DIRECTIONS) - 3))
