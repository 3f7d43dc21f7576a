"""Planted edits: sections taken from a site, beside candidates that are worth nothing or do harm, and what each really brings.

What an edit really brings is told by other engines than the one that predicts: BM25, and latent
semantic analysis of words. A query is answered when one of them finds a judged passage among the
ten best of the site; the two count half each.
"""

from dataclasses import dataclass

import bm25s
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from benchmarks.sets import BenchSet, Trial, make_trial
from coverage_kit.contracts import PassageText
from coverage_kit.embed.texts import passage_texts
from coverage_kit.settings import RankSettings

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

SECTION_WORDS = 120
REMOVED_SHARE = 0.25
FOUND = 10
_LEAST_HALF = 16
_LATENT = 200
_COSTS = RankSettings()


@dataclass(frozen=True)
class PlantedEdit:
    """One candidate: its kind, page, words, cost in minutes, passages to add and rows of site passages to remove.

    `relevant` says for which queries (rows) its words hold the answer; `grade` is 1, or .5 for
    half a passage, of which one half holds it; `part` is the share of the whole section's words.
    """

    kind: str
    page_id: str
    group: int
    cost: float
    added: tuple[PassageText, ...]
    removed: tuple[int, ...]
    relevant: tuple[int, ...]
    grade: float = 1.0
    part: float = 1.0


@dataclass(frozen=True)
class Planting:
    """A site with sections taken away, the candidates, and which queries lost their answer.

    `relevant` (n queries, n site passages) are the judgements that are left; `lost_group` (n,)
    names the section that a query lost, -1 for none.
    """

    trial: Trial
    edits: tuple[PlantedEdit, ...]
    relevant: Flags
    lost_group: Rows

    @property
    def cost(self) -> Floats:
        """Minutes of each candidate."""
        return np.array([edit.cost for edit in self.edits])


def plant_edits(bench: BenchSet, seed: int) -> Planting | None:
    """Return the set with a quarter of its judged sections taken away; None where that leaves no gap.

    Candidates: the sections that went; as many that nobody asks for (unjudged ones, else the
        queries leave the log with them);
    both halves of each of these; copies of sections that are there; the queries themselves, as
    text; and edits that take an answer away (cut to its beginning, removed, or replaced by the
    words that people ask with).
    """
    rng = np.random.default_rng(seed)
    section = _sections(bench.passages)
    qrels = _judgements(bench, section)
    judged = rng.permutation(np.unique(qrels["section"]))
    n_removed = max(1, round(REMOVED_SHARE * len(judged)))
    planted = judged[:n_removed]
    unjudged = rng.permutation(np.setdiff1d(section, judged))
    decoys = np.concatenate([unjudged, judged[n_removed : 2 * n_removed]])[:n_removed]
    silent = qrels.loc[qrels["section"].isin(decoys), "query_id"]
    qrels = qrels[~qrels["query_id"].isin(silent)]
    queries = bench.queries[bench.queries["query_id"].isin(qrels["query_id"])].reset_index(
        drop=True
    )
    gone = np.isin(section, np.concatenate([planted, decoys]))
    qrels = qrels.assign(
        query=pd.Index(queries["query_id"]).get_indexer(pd.Index(qrels["query_id"])),
        is_gone=gone[qrels["row"]],
    )
    is_gap = (
        qrels.groupby("query")["is_gone"].all().reindex(range(len(queries))).to_numpy(dtype=bool)
    )
    if not 0 < is_gap.sum() < len(is_gap):
        return None
    trial = make_trial(bench, ~gone, queries, is_gap)
    site_row = np.cumsum(~gone) - 1
    relevant = np.zeros((len(queries), int((~gone).sum())), dtype=bool)
    left = qrels[~qrels["is_gone"]]
    relevant[left["query"], site_row[left["row"]]] = True
    edits = [*_sections_back(bench.passages, section, np.concatenate([planted, decoys]), qrels)]
    kept = [
        name
        for name in judged[n_removed:]
        if not gone[section == name].any() and (left["section"] == name).any()
    ]
    edits += _idle_edits(trial, bench.passages, section, kept[: n_removed // 2])
    edits += _harmful_edits(
        trial,
        bench.passages,
        section,
        kept[n_removed // 2 : n_removed],
        site_row,
        relevant,
    )
    lost = (
        qrels[is_gap[qrels["query"]] & qrels["section"].isin(planted)]
        .groupby("query")["section"]
        .first()
    )
    lost_group = lost.reindex(range(len(queries)), fill_value=-1).to_numpy(np.int64)
    return Planting(trial, tuple(edits), relevant, lost_group)


def _sections(passages: pd.DataFrame) -> Rows:
    """Return the section of each passage: a run of passages of one page under one heading, of at most 120 words."""
    found = []
    current = ("", "")
    room = 0
    number = -1
    for page, heading, n_words in zip(
        passages["page_id"],
        passages["heading_path"],
        passages["n_words"],
        strict=True,
    ):
        if (page, heading) != current or n_words > room:
            number = number + 1
            current = (page, heading)
            room = SECTION_WORDS
        room -= n_words
        found.append(number)
    return np.array(found)


def _judgements(bench: BenchSet, section: Rows) -> pd.DataFrame:
    """Return query_id, row and section of each judged passage; of a judged page, the passage with most of the query's words."""
    rows = pd.DataFrame(
        {
            "passage_id": bench.passages["passage_id"],
            "page_id": bench.passages["page_id"],
        }
    )
    rows = rows.assign(row=np.arange(len(rows)), section=section)
    of_passage = bench.qrels.dropna(subset="passage_id").merge(
        rows.drop(columns="page_id"), on="passage_id"
    )
    of_page = bench.qrels[bench.qrels["passage_id"].isna()].merge(
        rows.drop(columns="passage_id"), on="page_id"
    )
    found = pd.concat([of_passage, _best_of_page(bench, of_page)])[
        ["query_id", "row", "section"]
    ].drop_duplicates()
    answerable = bench.queries.loc[bench.queries["is_answerable"], "query_id"]
    return found[found["query_id"].isin(answerable)]


def _best_of_page(bench: BenchSet, judged: pd.DataFrame) -> pd.DataFrame:
    """Return for each query and judged page the one passage that has most of the query's words (BM25), the first of equals."""
    if judged.empty:
        return judged
    asked = bench.queries[bench.queries["query_id"].isin(judged["query_id"])]
    words = _by_words(passage_texts(bench.passages), list(asked["text"]))
    places = pd.Index(asked["query_id"]).get_indexer(pd.Index(judged["query_id"]))
    judged = judged.assign(words=words[places, judged["row"]])
    best = judged.sort_values(["words", "row"], ascending=[False, True], kind="stable")
    return best.drop_duplicates(["query_id", "page_id"]).sort_index()


def _sections_back(
    passages: pd.DataFrame, section: Rows, names: Rows, qrels: pd.DataFrame
) -> list[PlantedEdit]:
    """Return for each section the edit that adds it, and those that add one half of it."""
    asked = {int(group["section"].iloc[0]): group for _, group in qrels.groupby("section")}
    edits = []
    for name in names:
        rows = np.flatnonzero(section == name)
        judged = asked.get(int(name), qrels.head(0))
        kind = "section" if len(judged) else "decoy"
        edits.append(_addition(kind, passages, rows, int(name), tuple(judged["query"].unique())))
        words = " ".join(passages["text"].iloc[rows]).split()
        if len(words) < _LEAST_HALF:
            continue
        for part in _halves(rows, words):
            half, text, grade = part
            queries = judged[judged["row"].isin(half)]["query"].unique()
            edits.append(
                _addition(
                    "half",
                    passages,
                    half,
                    int(name),
                    tuple(queries),
                    text,
                    grade,
                    len(words),
                )
            )
    return edits


def _halves(rows: Rows, words: list[str]) -> list[tuple[Rows, str, float]]:
    middle = len(rows) // 2
    if len(rows) > 1:
        return [(rows[:middle], "", 1.0), (rows[middle:], "", 1.0)]
    cut = len(words) // 2
    return [
        (rows, " ".join(words[:cut]), 0.5),
        (rows, " ".join(words[cut:]), 0.5),
    ]


def _addition(
    kind: str,
    passages: pd.DataFrame,
    rows: Rows,
    group: int,
    queries: tuple[int, ...],
    text: str = "",
    grade: float = 1.0,
    n_words: int = 0,
) -> PlantedEdit:
    first = passages.iloc[rows[0]]
    text = text or " ".join(passages["text"].iloc[rows])
    base = _COSTS.extend_minutes if kind == "half" else _COSTS.section_minutes
    cost = base + _COSTS.added_word_minutes * len(text.split())
    part = len(text.split()) / n_words if n_words else 1.0
    return PlantedEdit(
        kind,
        first["page_id"],
        group,
        cost,
        (PassageText(first["heading_path"], text),),
        (),
        queries,
        grade,
        part,
    )


def _idle_edits(
    trial: Trial, passages: pd.DataFrame, section: Rows, names: list[int]
) -> list[PlantedEdit]:
    """Return copies of sections that are there, and sections that say only what people ask."""
    edits = []
    for name in names:
        rows = np.flatnonzero(section == name)
        copy = _addition("duplicate", passages, rows, int(name), ())
        asked = _nearest_queries(trial, passages["passage_id"].iloc[rows[0]], 3)
        heading = passages["heading_path"].iloc[rows[0]]
        echo = PassageText(heading, " ".join(asked))
        cost = _COSTS.section_minutes + _COSTS.added_word_minutes * len(echo.text.split())
        edits += [
            copy,
            PlantedEdit("echo", copy.page_id, -int(name) - 2, cost, (echo,), (), ()),
        ]
    return edits


def _harmful_edits(
    trial: Trial,
    passages: pd.DataFrame,
    section: Rows,
    names: list[int],
    site_row: Rows,
    relevant: Flags,
) -> list[PlantedEdit]:
    """Return edits that take an answer away: cut to its beginning, removed, or replaced by the words of those who ask."""
    edits = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(section == name)
        heading = passages["heading_path"].iloc[rows[0]]
        words = " ".join(passages["text"].iloc[rows]).split()
        asked = " ".join(_nearest_queries(trial, passages["passage_id"].iloc[rows[0]], 5)).split()
        text = ("", " ".join(words[:6]), " ".join(dict.fromkeys(asked)))[number % 3]
        added = (PassageText(heading, text),) if text else ()
        cost = _COSTS.extend_minutes + _COSTS.changed_word_minutes * len(words)
        removed = tuple(int(row) for row in site_row[rows])
        if relevant[:, list(removed)].any():
            edits.append(
                PlantedEdit(
                    "harmful",
                    passages["page_id"].iloc[rows[0]],
                    -int(name) - 2,
                    cost,
                    added,
                    removed,
                    (),
                )
            )
    return edits


def _nearest_queries(trial: Trial, passage_id: str, k: int) -> list[str]:
    near = trial.asked.vectors @ trial.content.select([passage_id]).vectors[0]
    return [str(trial.queries["text"].iloc[row]) for row in np.argsort(-near, kind="stable")[:k]]


class Judge:
    """What sets of edits really bring, by other engines."""

    def __init__(self, planting: Planting) -> None:
        self.planting = planting
        texts = [passage.embedded for edit in planting.edits for passage in edit.added]
        self.edit_of = np.array(
            [number for number, edit in enumerate(planting.edits) for _ in edit.added],
            dtype=np.int64,
        )
        corpus = [*passage_texts(planting.trial.passages), *texts]
        asked = list(planting.trial.queries["text"])
        n_site = len(planting.trial.passages)
        self.engines = [
            (found[:, :n_site], found[:, n_site:])
            for found in (_by_words(corpus, asked), _by_topics(corpus, asked))
        ]
        grades = np.zeros((len(asked), len(texts)))
        for column, number in enumerate(self.edit_of):
            grades[list(planting.edits[number].relevant), column] = planting.edits[number].grade
        self.grades = self._better_halves(grades)
        self.top = [np.argsort(-site, axis=1, kind="stable")[:, :FOUND] for site, _ in self.engines]
        self.before = self._answered([], np.arange(len(asked)))
        self.alone = np.stack([self._rise([number]) for number in range(len(planting.edits))])

    def _better_halves(self, grades: Floats) -> Floats:
        """Return the grades with half a passage holding a query's answer where it has more of its words than the other half."""
        lexical = self.engines[0][1]
        halves = pd.DataFrame({"edit": self.edit_of, "column": np.arange(len(self.edit_of))})
        halves["group"] = [self.planting.edits[number].group for number in self.edit_of]
        halves = halves[[self.planting.edits[number].grade < 1 for number in self.edit_of]]
        for _, pair in halves.groupby("group"):
            columns = pair["column"].to_numpy()
            best = lexical[:, columns].max(axis=1, keepdims=True)
            grades[:, columns] = np.where(
                (grades[:, columns] > 0) & (lexical[:, columns] >= best),
                1.0,
                0.0,
            )
        return grades

    def gain(self, chosen: list[int]) -> float:
        """Return the rise of answered queries when all these edits are made."""
        return float(self._rise(chosen).sum())

    def _rise(self, chosen: list[int]) -> Floats:
        """Return by how much each query is answered more, shape (n,)."""
        removed = [row for number in chosen for row in self.planting.edits[number].removed]
        columns = np.flatnonzero(np.isin(self.edit_of, chosen))
        touched = np.zeros(len(self.before), dtype=bool)
        for (site, new), top in zip(self.engines, self.top, strict=True):
            last = np.take_along_axis(site, top[:, -1:], axis=1)
            touched |= (new[:, columns] >= last).any(axis=1) | np.isin(top, removed).any(axis=1)
        rise = np.zeros(len(self.before))
        rows = np.flatnonzero(touched)
        rise[rows] = self._answered(chosen, rows) - self.before[rows]
        return rise

    def _answered(self, chosen: list[int], rows: Rows) -> Floats:
        """Return for some queries the part in which each is answered, mean of the engines."""
        edits = self.planting.edits
        kept = np.ones(len(self.planting.trial.passages), dtype=bool)
        kept[[row for number in chosen for row in edits[number].removed]] = False
        columns = np.flatnonzero(np.isin(self.edit_of, chosen))
        grades = np.hstack(
            [
                self.planting.relevant[rows][:, kept],
                self.grades[np.ix_(rows, columns)],
            ]
        )
        found = [
            np.hstack([site[rows][:, kept], new[np.ix_(rows, columns)]])
            for site, new in self.engines
        ]
        return np.asarray(
            np.mean([_best_found(values, grades) for values in found], axis=0),
            dtype=np.float64,
        )


def _best_found(similarity: Floats, grades: Floats) -> Floats:
    """Return the best grade among the ten best of each row, shape (rows,)."""
    last = (
        np.partition(similarity, -FOUND, axis=1)[:, -FOUND, None]
        if similarity.shape[1] > FOUND
        else -np.inf
    )
    return np.asarray(np.where((similarity >= last) & (similarity > 0), grades, 0).max(axis=1))


def _by_words(corpus: list[str], asked: list[str]) -> Floats:
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize(corpus, stopwords="en", show_progress=False),
        show_progress=False,
    )
    tokens = bm25s.tokenize(asked, stopwords="en", show_progress=False, return_ids=False)
    return np.stack(
        [index.get_scores(words) if words else np.zeros(len(corpus)) for words in tokens]
    ).astype(np.float64)


def _by_topics(corpus: list[str], asked: list[str]) -> Floats:
    """Return cosines by latent semantic analysis (Deerwester et al. 1990) of words weighted by idf."""
    counter = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    counted = counter.fit_transform(corpus)
    rank = max(1, min(_LATENT, min(counted.shape) - 1))
    reduce = TruncatedSVD(rank, random_state=0).fit(counted)
    return np.asarray(
        normalize(reduce.transform(counter.transform(asked)))
        @ normalize(reduce.transform(counted)).T,
        dtype=np.float64,
    )
