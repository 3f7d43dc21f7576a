"""Planted edits: removed sections, candidates that are worth nothing or do harm, and real gains.

Other engines than the predicting model judge what an edit really brings: BM25, and latent semantic
analysis of words. A query is answered by an engine when it finds a judged passage among the ten
best of the site; both engines count half.
"""

from dataclasses import dataclass
from typing import NamedTuple

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

# Words of a section at most (assumed): about a paragraph or two.
SECTION_WORDS = 120
# Share of the judged sections that is removed.
REMOVED_SHARE = 0.25
# Best passages among which an engine must find a judged passage.
TOP_PASSAGES = 10
# Words that a section needs to be halved (assumed).
_MIN_WORDS_TO_HALVE = 16
# Dimensions of the latent semantic analysis (assumed).
_LATENT_DIMENSIONS = 200
_COSTS = RankSettings()


@dataclass(frozen=True)
class PlantedEdit:
    """A candidate: kind, page, cost in minutes, passages to add and rows of passages to remove.

    `relevant` are the rows of queries whose answer its words hold; `grade` is 1, or .5 for half a
    passage, as only one of the halves holds the answer; `share` is that of the section's words.
    """

    kind: str
    page_id: str
    group: int
    cost: float
    added: tuple[PassageText, ...]
    removed: tuple[int, ...]
    relevant: tuple[int, ...]
    grade: float = 1.0
    share: float = 1.0


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
    """Return the set with a quarter of its judged sections removed; None where there is no gap.

    Candidates: the removed sections; as many sections that no query asks for (unjudged sections,
    else their queries leave the log with them); both halves of each of these; copies of sections
    that are still there; the queries themselves, as text; and edits that take an answer away (cut
    to its beginning, removed, or replaced by the words of queries).
    """
    rng = np.random.default_rng(seed)
    section = find_sections(bench.passages)
    qrels = find_judgements(bench, section)
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
    is_gone = np.isin(section, np.concatenate([planted, decoys]))
    qrels = qrels.assign(
        query=pd.Index(queries["query_id"]).get_indexer(pd.Index(qrels["query_id"])),
        is_gone=is_gone[qrels["row"]],
    )
    is_gap = (
        qrels.groupby("query")["is_gone"].all().reindex(range(len(queries))).to_numpy(dtype=bool)
    )
    if not 0 < is_gap.sum() < len(is_gap):
        return None
    trial = make_trial(bench, ~is_gone, queries, is_gap)
    # the row of each passage in the site that is left
    site_row = np.cumsum(~is_gone) - 1
    relevant = np.zeros((len(queries), int((~is_gone).sum())), dtype=bool)
    left = qrels[~qrels["is_gone"]]
    relevant[left["query"], site_row[left["row"]]] = True
    edits = [*_sections_back(bench.passages, section, np.concatenate([planted, decoys]), qrels)]
    left_sections = [
        name
        for name in judged[n_removed:]
        if not is_gone[section == name].any() and (left["section"] == name).any()
    ]
    edits += _idle_edits(trial, bench.passages, section, left_sections[: n_removed // 2])
    edits += _harmful_edits(
        trial,
        bench.passages,
        section,
        left_sections[n_removed // 2 : n_removed],
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


def find_sections(passages: pd.DataFrame) -> Rows:
    """Return the section of each passage.

    A section is a run of passages of a page under the same heading, of at most 120 words.
    """
    sections = []
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
            number += 1
            current = (page, heading)
            room = SECTION_WORDS
        room -= n_words
        sections.append(number)
    return np.array(sections)


def find_judgements(bench: BenchSet, section: Rows) -> pd.DataFrame:
    """Return query_id, row and section of each judged passage.

    Of a judged page, the passage with most of the query's words counts.
    """
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
    judged = pd.concat([of_passage, _best_of_page(bench, of_page)])[
        ["query_id", "row", "section"]
    ].drop_duplicates()
    answerable = bench.queries.loc[bench.queries["is_answerable"], "query_id"]
    return judged[judged["query_id"].isin(answerable)]


def _best_of_page(bench: BenchSet, judged: pd.DataFrame) -> pd.DataFrame:
    """Return for each query and judged page the passage with most of the query's words (BM25).

    Of equal passages the first counts.
    """
    if judged.empty:
        return judged
    queries = bench.queries[bench.queries["query_id"].isin(judged["query_id"])]
    words = _by_words(passage_texts(bench.passages), list(queries["text"]))
    query_rows = pd.Index(queries["query_id"]).get_indexer(pd.Index(judged["query_id"]))
    judged = judged.assign(words=words[query_rows, judged["row"]])
    best = judged.sort_values(["words", "row"], ascending=[False, True], kind="stable")
    return best.drop_duplicates(["query_id", "page_id"]).sort_index()


def _sections_back(
    passages: pd.DataFrame, section: Rows, names: Rows, qrels: pd.DataFrame
) -> list[PlantedEdit]:
    """Return for each section the edit that adds it, and the edits that add half of it."""
    qrels_of = {int(group["section"].iloc[0]): group for _, group in qrels.groupby("section")}
    edits = []
    for name in names:
        rows = np.flatnonzero(section == name)
        judged = qrels_of.get(int(name), qrels.head(0))
        kind = "section" if len(judged) else "decoy"
        queries = tuple(judged["query"].unique())
        edits.append(_section_edit(kind, passages, rows, int(name), queries))
        for half in _halves(passages, rows):
            queries = tuple(judged[judged["row"].isin(half.rows)]["query"].unique())
            edits.append(_half_edit(passages, half, int(name), queries))
    return edits


class _Half(NamedTuple):
    """Half of a section: its passages, text and grade, and its share of the section's words."""

    rows: Rows
    text: str
    grade: float
    share: float


def _halves(passages: pd.DataFrame, rows: Rows) -> list[_Half]:
    """Return the halves of a section; none where it has too few words.

    A section of several passages is cut between passages, else in the middle of its words: then
    each half holds the answer with a grade of .5.
    """
    words = " ".join(passages["text"].iloc[rows]).split()
    if len(words) < _MIN_WORDS_TO_HALVE:
        return []
    if len(rows) > 1:
        middle = len(rows) // 2
        row_halves = [rows[:middle], rows[middle:]]
        texts = [" ".join(passages["text"].iloc[half_rows]) for half_rows in row_halves]
        grade = 1.0
    else:
        middle = len(words) // 2
        row_halves = [rows, rows]
        texts = [" ".join(words[:middle]), " ".join(words[middle:])]
        grade = 0.5
    return [
        _Half(half_rows, text, grade, len(text.split()) / len(words))
        for half_rows, text in zip(row_halves, texts, strict=True)
    ]


def _section_edit(
    kind: str, passages: pd.DataFrame, rows: Rows, group: int, queries: tuple[int, ...]
) -> PlantedEdit:
    first = passages.iloc[rows[0]]
    text = " ".join(passages["text"].iloc[rows])
    return PlantedEdit(
        kind=kind,
        page_id=first["page_id"],
        group=group,
        cost=_COSTS.section_minutes + _COSTS.added_word_minutes * len(text.split()),
        added=(PassageText(first["heading_path"], text),),
        removed=(),
        relevant=queries,
    )


def _half_edit(
    passages: pd.DataFrame, half: _Half, group: int, queries: tuple[int, ...]
) -> PlantedEdit:
    first = passages.iloc[half.rows[0]]
    return PlantedEdit(
        kind="half",
        page_id=first["page_id"],
        group=group,
        cost=_COSTS.extend_minutes + _COSTS.added_word_minutes * len(half.text.split()),
        added=(PassageText(first["heading_path"], half.text),),
        removed=(),
        relevant=queries,
        grade=half.grade,
        share=half.share,
    )


def _idle_edits(
    trial: Trial, passages: pd.DataFrame, section: Rows, names: list[int]
) -> list[PlantedEdit]:
    """Return copies of sections that are still there, and sections that repeat the queries."""
    edits = []
    for name in names:
        rows = np.flatnonzero(section == name)
        copy = _section_edit("duplicate", passages, rows, int(name), ())
        queries = _nearest_queries(trial, passages["passage_id"].iloc[rows[0]], 3)
        heading = passages["heading_path"].iloc[rows[0]]
        echo = PassageText(heading, " ".join(queries))
        cost = _COSTS.section_minutes + _COSTS.added_word_minutes * len(echo.text.split())
        edits += [
            copy,
            PlantedEdit("echo", copy.page_id, -int(name) - 2, cost, (echo,), (), ()),
        ]
    return edits


def _harmful_edits(  # noqa: PLR0913 (the site before and after)
    trial: Trial,
    passages: pd.DataFrame,
    section: Rows,
    names: list[int],
    site_row: Rows,
    relevant: Flags,
) -> list[PlantedEdit]:
    """Return edits that take an answer away.

    In turn, the answer is removed, cut to its beginning, or replaced by the words of queries.
    """
    edits = []
    for number, name in enumerate(names):
        rows = np.flatnonzero(section == name)
        heading = passages["heading_path"].iloc[rows[0]]
        words = " ".join(passages["text"].iloc[rows]).split()
        queries = _nearest_queries(trial, passages["passage_id"].iloc[rows[0]], 5)
        query_words = dict.fromkeys(" ".join(queries).split())
        text = ("", " ".join(words[:6]), " ".join(query_words))[number % 3]
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
    vector = trial.passage_vectors.select([passage_id]).vectors[0]
    similarity = trial.query_vectors.vectors @ vector
    nearest = np.argsort(-similarity, kind="stable")[:k]
    return [str(trial.queries["text"].iloc[row]) for row in nearest]


class Judge:
    """The real gains of sets of edits, by other engines than the model's."""

    def __init__(self, planting: Planting) -> None:
        self.planting = planting
        texts = [passage.embedded for edit in planting.edits for passage in edit.added]
        self.edit_of = np.array(
            [number for number, edit in enumerate(planting.edits) for _ in edit.added],
            dtype=np.int64,
        )
        corpus = [*passage_texts(planting.trial.passages), *texts]
        queries = list(planting.trial.queries["text"])
        n_site = len(planting.trial.passages)
        self.engines = [
            (similarity[:, :n_site], similarity[:, n_site:])
            for similarity in (_by_words(corpus, queries), _by_topics(corpus, queries))
        ]
        grades = np.zeros((len(queries), len(texts)))
        for column, number in enumerate(self.edit_of):
            grades[list(planting.edits[number].relevant), column] = planting.edits[number].grade
        self.grades = self._better_halves(grades)
        self.top = [
            np.argsort(-site, axis=1, kind="stable")[:, :TOP_PASSAGES] for site, _ in self.engines
        ]
        self.before = self._answered([], np.arange(len(queries)))
        self.alone = np.stack([self._rise([number]) for number in range(len(planting.edits))])

    def _better_halves(self, grades: Floats) -> Floats:
        """Return the grades, where of two halves of a passage only one holds a query's answer.

        That is the half with more of the query's words.
        """
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
        """Return by how many answered queries all these edits together raise the site."""
        return float(self._rise(chosen).sum())

    def _rise(self, chosen: list[int]) -> Floats:
        """Return by how much each query is answered more, shape (n,).

        Only queries whose ten best passages may change are answered again.
        """
        removed = [row for number in chosen for row in self.planting.edits[number].removed]
        columns = np.flatnonzero(np.isin(self.edit_of, chosen))
        is_touched = np.zeros(len(self.before), dtype=bool)
        for (site, new), top in zip(self.engines, self.top, strict=True):
            last = np.take_along_axis(site, top[:, -1:], axis=1)
            is_touched |= (new[:, columns] >= last).any(axis=1)
            is_touched |= np.isin(top, removed).any(axis=1)
        rise = np.zeros(len(self.before))
        rows = np.flatnonzero(is_touched)
        rise[rows] = self._answered(chosen, rows) - self.before[rows]
        return rise

    def _answered(self, chosen: list[int], rows: Rows) -> Floats:
        """Return the share in which each of some queries is answered, mean of the engines."""
        edits = self.planting.edits
        is_left = np.ones(len(self.planting.trial.passages), dtype=bool)
        is_left[[row for number in chosen for row in edits[number].removed]] = False
        columns = np.flatnonzero(np.isin(self.edit_of, chosen))
        grades = np.hstack(
            [
                self.planting.relevant[rows][:, is_left],
                self.grades[np.ix_(rows, columns)],
            ]
        )
        similarities = [
            np.hstack([site[rows][:, is_left], new[np.ix_(rows, columns)]])
            for site, new in self.engines
        ]
        return np.asarray(
            np.mean([_best_grade(values, grades) for values in similarities], axis=0),
            dtype=np.float64,
        )


def _best_grade(similarity: Floats, grades: Floats) -> Floats:
    """Return the best grade among the ten best of each row, shape (rows,)."""
    last = (
        np.partition(similarity, -TOP_PASSAGES, axis=1)[:, -TOP_PASSAGES, None]
        if similarity.shape[1] > TOP_PASSAGES
        else -np.inf
    )
    return np.asarray(np.where((similarity >= last) & (similarity > 0), grades, 0).max(axis=1))


def _by_words(corpus: list[str], queries: list[str]) -> Floats:
    """Return the BM25 scores of each query with each text, (n queries, n texts)."""
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize(corpus, stopwords="en", show_progress=False),
        show_progress=False,
    )
    tokens = bm25s.tokenize(queries, stopwords="en", show_progress=False, return_ids=False)
    return np.stack(
        [index.get_scores(words) if words else np.zeros(len(corpus)) for words in tokens]
    ).astype(np.float64)


def _by_topics(corpus: list[str], queries: list[str]) -> Floats:
    """Return cosines by latent semantic analysis (Deerwester et al. 1990) of idf-weighted words."""
    counter = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    counted = counter.fit_transform(corpus)
    rank = max(1, min(_LATENT_DIMENSIONS, min(counted.shape) - 1))
    reduce = TruncatedSVD(rank, random_state=0).fit(counted)
    return np.asarray(
        normalize(reduce.transform(counter.transform(queries)))
        @ normalize(reduce.transform(counted)).T,
        dtype=np.float64,
    )
