"""How near topics are to the pages of a site: to titles, headings, passages, words and questions.

All of it are matrix products of topics or questions with pages or passages. No loop runs over
pairs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from coverage_kit.match.neighborhood import Flags, Floats, Rows
from coverage_kit.match.word_index import WordIndex
from coverage_kit.tables import Passages
from coverage_kit.text.length import count_words
from coverage_kit.vectors import Vectors, to_unit_length

# Words of a section at most (assumed): about a paragraph or two.
SECTION_WORDS = 120
# A page with fewer words is no home (assumed).
MIN_WORDS = 15
# Texts that are compared with all passages at a time: 80 MB at 20,000 passages. Assumed.
_BLOCK_TEXTS = 1024
# Sentences of a topic's answers that are compared with the pages (assumed).
_MAX_SENTENCES = 48


@dataclass(frozen=True)
class SitePages:
    """The pages of a site in the order of their ids, with their passages one after another.

    `starts` (p,) is the row of each page's first passage. `passages` and `headings` (n, d) are the
    vectors of the n passages and of their headings, `titles` (p, d) those of the pages' titles.
    `sections` (n,) numbers the section of each passage.
    """

    page_ids: tuple[str, ...]
    title_texts: tuple[str, ...]
    titles: Vectors
    starts: Rows
    passage_ids: tuple[str, ...]
    heading_texts: tuple[str, ...]
    body_texts: tuple[str, ...]
    passages: Vectors
    headings: Vectors
    sections: Rows

    @classmethod
    def describe(
        cls,
        passages: Passages,
        titles: Mapping[str, str],
        vectors: Vectors,
        headings: Vectors,
        encode: Callable[[list[str]], Vectors],
    ) -> "SitePages":
        """Return the pages of these passages.

        Args:
            passages: the site's own passages.
            titles: the title of each page, by its id; a page without one has its first heading.
            vectors: vectors of the passages, shape (n, d).
            headings: vectors of the passages' headings, shape (n, d).
            encode: returns vectors of titles in the same space.
        """
        order = np.lexsort((passages["position"], passages["page_id"]))
        pages = passages["page_id"].to_numpy(str)[order]
        paths = passages["heading_path"].to_numpy(str)[order]
        page_ids, starts = np.unique(pages, return_index=True)
        title_texts = [
            titles.get(name) or paths[start].split(" > ")[0]
            for name, start in zip(page_ids, starts, strict=True)
        ]
        return cls(
            page_ids=tuple(map(str, page_ids)),
            title_texts=tuple(title_texts),
            titles=encode(title_texts),
            starts=np.asarray(starts, np.int64),
            passage_ids=tuple(passages["passage_id"].to_numpy(str)[order]),
            heading_texts=tuple(path.split(" > ")[-1] for path in paths),
            body_texts=tuple(passages["text"].to_numpy(str)[order]),
            passages=vectors[order],
            headings=headings[order],
            sections=number_sections(pages, paths, passages["n_words"].to_numpy()[order]),
        )

    @property
    def page_rows(self) -> Rows:
        """The row of each passage's page, shape (n,)."""
        sizes = np.diff(self.starts, append=len(self.passages))
        return np.repeat(np.arange(len(self.starts)), sizes)

    @property
    def centroids(self) -> Vectors:
        """The direction of each page's mean passage, shape (p, d)."""
        return to_unit_length(np.add.reduceat(self.passages, self.starts, axis=0))

    @property
    def are_unfit(self) -> Flags:
        """Which pages hold too little text for a home, or only list other pages, shape (p,).

        A page lists others where at least half of its headings are their titles.
        """
        n_words = np.array([count_words(text) for text in self.body_texts])
        titles = [title.casefold().strip() for title in self.title_texts]
        ends = [*self.starts[1:], len(self.passages)]
        headings = [
            {heading.casefold().strip() for heading in self.heading_texts[start:end]} - {title}
            for start, end, title in zip(self.starts, ends, titles, strict=True)
        ]
        is_list = [len(names & set(titles)) * 2 >= len(names) > 1 for names in headings]
        return np.array(is_list) | (np.add.reduceat(n_words, self.starts) < MIN_WORDS)

    def without(self, hidden: Flags) -> "SitePages":
        """Return the pages that are left when these passages are hidden, shape (n,)."""
        left = np.flatnonzero(~hidden)
        kept, starts = np.unique(self.page_rows[left], return_index=True)
        return replace(
            self,
            page_ids=tuple(self.page_ids[row] for row in kept),
            title_texts=tuple(self.title_texts[row] for row in kept),
            titles=self.titles[kept],
            starts=np.asarray(starts, np.int64),
            passage_ids=tuple(self.passage_ids[row] for row in left),
            heading_texts=tuple(self.heading_texts[row] for row in left),
            body_texts=tuple(self.body_texts[row] for row in left),
            passages=self.passages[left],
            headings=self.headings[left],
            sections=self.sections[left],
        )


def number_sections(pages: np.ndarray, paths: np.ndarray, n_words: np.ndarray) -> Rows:
    """Return the number of each passage's section, shape (n,).

    A section is a run of passages of a page under the same heading, of at most 120 words.
    """
    sections = []
    current = ("", "")
    room = 0
    number = -1
    for page, path, size in zip(pages, paths, n_words, strict=True):
        if (page, path) != current or size > room:
            number += 1
            current = (page, path)
            room = SECTION_WORDS
        room -= size
        sections.append(number)
    return np.array(sections, np.int64)


@dataclass(frozen=True)
class AskedQuestions:
    """The questions of a log, and sentences of the logged answers to them.

    Attributes:
        texts: the m questions.
        vectors: their vectors, shape (m, d).
        weights: how much each counts in its topic, shape (m,).
        answer_rows: the row of each sentence's question, shape (a,); there may be no sentences.
        answer_texts: the sentences.
        answers: their vectors, shape (a, d).
    """

    texts: tuple[str, ...]
    vectors: Vectors
    weights: Floats
    answer_rows: Rows
    answer_texts: tuple[str, ...]
    answers: Vectors


def nearest_passages_of(vectors: Vectors, site: SitePages) -> tuple[Rows, Vectors]:
    """Return the row of the nearest passage of each text, and its similarity, both (m,)."""
    rows = np.zeros(len(vectors), np.int64)
    best = np.zeros(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK_TEXTS):
        block = slice(start, start + _BLOCK_TEXTS)
        similarity = vectors[block] @ site.passages.T
        rows[block] = similarity.argmax(axis=1)
        best[block] = similarity.max(axis=1)
    return rows, best


def second_pages(vectors: Vectors, site: SitePages) -> Vectors:
    """Return how near the second nearest of two or more pages is to each text, shape (m,)."""
    second = np.zeros(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK_TEXTS):
        block = slice(start, start + _BLOCK_TEXTS)
        best = np.maximum.reduceat(vectors[block] @ site.passages.T, site.starts, axis=1)
        second[block] = np.partition(best, -2, axis=1)[:, -2]
    return second


# Of a page, as seen from the questions of a topic, and from sentences of the answers to them:
# docs/method.md, edits. The order is that of the weights in default_homes.json.
TEXT_FEATURES = ("centroid", "passage", "title", "title_words")
PAGE_FEATURES = (*TEXT_FEATURES, *(f"answers_{name}" for name in TEXT_FEATURES))


@dataclass(frozen=True)
class HomeFeatures:
    """PAGE_FEATURES of each page for each topic, shape (t, p, f), and which topics have answers.

    Nearness is in standard deviations over the pages, above their mean. That of answers is 0 where
    there are none.
    """

    pages: Floats
    has_answers: Flags


def compare_topics(
    site: SitePages, log: AskedQuestions, topics: Rows, n_topics: int
) -> HomeFeatures:
    """Return the features of all topics with all pages.

    - centroid: cosine of the topic's mean question with the page's mean passage;
    - passage: cosine of the topic's mean question with the nearest passage of the page;
    - title: cosine of the topic's mean question with the page's title;
    - title_words: BM25 of the questions with the title, as a share of what is possible;
    - answers_*: the same of the sentences of the logged answers.

    Args:
        site: the pages.
        log: the questions and sentences of answers.
        topics: the row of each question's topic, shape (m,); -1 for questions of no topic.
        n_topics: the number of topics t.
    """
    rows = np.flatnonzero(topics >= 0)
    asked = _nearness(
        site,
        topics[rows],
        n_topics,
        log.vectors[rows],
        [log.texts[row] for row in rows],
        log.weights[rows],
    )
    answer_topics = topics[log.answer_rows]
    said = _first_of_each(answer_topics)
    has_answers = np.bincount(answer_topics[said], minlength=n_topics) > 0
    answered = (
        _nearness(
            site,
            answer_topics[said],
            n_topics,
            log.answers[said],
            [log.answer_texts[row] for row in said],
            np.ones(len(said)),
        )
        if len(said)
        else np.zeros_like(asked)
    )
    pages = np.concatenate(
        [_standardised(asked), _standardised(answered) * has_answers[:, None, None]], axis=2
    )
    return HomeFeatures(pages, has_answers)


def _nearness(  # noqa: PLR0913 (texts, and what they belong to)
    site: SitePages,
    topics: Rows,
    n_topics: int,
    vectors: Vectors,
    texts: list[str],
    weights: Floats,
) -> Floats:
    """Return TEXT_FEATURES of texts of the topics, shape (t, p, f)."""
    total = np.maximum(np.bincount(topics, weights, minlength=n_topics), 1e-9)
    share = sparse.csr_matrix(
        (weights / total[topics], (topics, np.arange(len(topics)))),
        shape=(n_topics, len(topics)),
    )
    centers = to_unit_length(share @ vectors)
    page_titles = list(site.title_texts)
    nearness = [
        centers @ site.centroids.T,
        np.maximum.reduceat(centers @ site.passages.T, site.starts, axis=1),
        centers @ site.titles.T,
        share @ WordIndex(page_titles, texts).score(page_titles),
    ]
    return np.stack(nearness, axis=2).astype(np.float64)


def _first_of_each(topics: Rows) -> Rows:
    """Return the rows of at most 48 sentences of each topic, spread over its sentences."""
    rows = np.flatnonzero(topics >= 0)
    rows = rows[np.argsort(topics[rows], kind="stable")]
    _, starts, sizes = np.unique(topics[rows], return_index=True, return_counts=True)
    rank = np.arange(len(rows)) - np.repeat(starts, sizes)
    steps = np.repeat(np.maximum(1, -(-sizes // _MAX_SENTENCES)), sizes)
    return np.asarray(rows[rank % steps == 0], np.int64)


def _standardised(values: Floats) -> Floats:
    """Return the values in standard deviations over the pages (axis 1), above their mean."""
    centred = values - values.mean(axis=1, keepdims=True)
    return np.asarray(centred / (values.std(axis=1, keepdims=True) + 1e-3))
