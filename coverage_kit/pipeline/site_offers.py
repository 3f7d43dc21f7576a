"""What sites offer for a log's queries, and what your site would offer after an edit."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from coverage_kit.contracts import TextChange
from coverage_kit.match.lexicon import Lexicon
from coverage_kit.match.model import COPY_SIMILARITY, SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.offers import content_features, expand_queries, site_centre
from coverage_kit.tables import Passages
from coverage_kit.vectors import Vectors, cosines

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Passages of your site that a draft is compared with: does it copy one of them? (assumed)
_COPY_NEIGHBORS = 5
# Cosines in single precision differ by about this much when they are computed in another order.
_ROUNDING = 1e-5
# Query-passage pairs that are compared at a time: about 80 MB of float32.
_BLOCK_PAIRS = 20_000_000


class Offers:
    """What sites offer for each query, as they are; for the first site also after an edit.

    `features` (n, m, 3) are CONTENT_FEATURES of n queries and m sites; `expanded` (n, d) are the
    queries; `own` (p,) are the rows of the first site's passages.
    """

    def __init__(
        self,
        query_texts: list[str],
        asked: Vectors,
        passages: Passages,
        content: Vectors,
        sites: Sequence[str],
    ) -> None:
        self.content = content
        self.expanded = expand_queries(asked, content)
        self.lexicon = Lexicon(list(passages["heading_path"] + " " + passages["text"]), query_texts)
        rows_of = passages.reset_index(drop=True).groupby("site").indices
        self._row_of = {name: row for row, name in enumerate(passages["passage_id"])}
        all_queries = np.arange(len(asked))
        rows_by_site = [np.asarray(rows_of[site], dtype=np.int64) for site in sites]
        features = [
            self._features(all_queries, rows, site_centre(content[rows])) for rows in rows_by_site
        ]
        self.own = rows_by_site[0]
        self._centre = site_centre(content[rows_by_site[0]])
        self.features: Floats = np.stack(features, axis=1)

    def after(self, queries: Rows, removed: Rows, vectors: Vectors, recall: Vectors) -> Floats:
        """Return what your site offers queries (k,) with some passages replaced, shape (k, 3).

        `vectors` (a, d) are the new passages', `recall` (k, a) the share of each query's idf weight
        found in each.
        """
        features: Floats = self.features[queries, 0]
        if len(removed):
            removed_features = self._features(queries, removed, self._centre)
            # A query loses something only where a removed passage was the site's best for it. The
            # third feature, the site's subject, stays as it is under an edit.
            is_lost = (removed_features >= features - _ROUNDING)[:, :2].any(axis=1)
            lost = np.flatnonzero(is_lost)
            features[lost] = self._features(
                queries[lost], np.setdiff1d(self.own, removed), self._centre
            )
        nearest = cosines(self.expanded[queries], vectors).max(axis=1, initial=-1.0)
        features[:, 0] = np.maximum(features[:, 0], nearest)
        features[:, 1] = np.maximum(features[:, 1], recall.max(axis=1, initial=0.0))
        return features

    def rows_of(self, passage_ids: Sequence[str]) -> Rows:
        """Return the rows of these passages; ids that are not there are left out."""
        return np.array(
            [self._row_of[name] for name in passage_ids if name in self._row_of],
            dtype=np.int64,
        )

    def _features(self, queries: Rows, rows: Rows, centre: Vectors) -> Floats:
        """Return CONTENT_FEATURES of some queries with only these passages, block by block."""
        # A site without passages has the lowest cosine and shares no word with a query.
        if not len(rows) or not len(queries):
            subject = np.round(self.expanded[queries] @ centre, 6)
            return np.column_stack([np.full(len(queries), -1.0), np.zeros(len(queries)), subject])
        content = self.content[rows]
        words = self.lexicon.passages[rows].T.tocsc()
        blocks = []
        for block in np.array_split(queries, 1 + len(queries) * len(rows) // _BLOCK_PAIRS):
            recall = np.asarray(
                (self.lexicon.queries[block] @ words).todense(),
                dtype=np.float32,
            )
            blocks.append(content_features(self.expanded[block], content, recall, centre))
        return np.concatenate(blocks)


class Drafts:
    """Texts of edits, encoded once: each is a row of `vectors` (t, d) and `words` (t, v)."""

    def __init__(self, candidates: Sequence[Candidate], model: SiteModel, offers: Offers) -> None:
        passages_by_edit = [
            model.substantial_passages(TextChange(edit.added, edit.removed)) for edit in candidates
        ]
        texts_by_edit = [[passage.embedded for passage in edit] for edit in passages_by_edit]
        texts = list(dict.fromkeys(text for edit in texts_by_edit for text in edit))
        row_of = {text: row for row, text in enumerate(texts)}
        self._rows = [
            np.array([row_of[text] for text in edit], dtype=np.int64) for edit in texts_by_edit
        ]
        self.vectors = model.space.move_passages(model.encoder.encode(texts))
        self.words = offers.lexicon.words_of(texts)
        own_content = offers.content[offers.own]
        self._similarity, nearest = nearest_rows(self.vectors, own_content, _COPY_NEIGHBORS)
        self._near = offers.own[nearest]

    def new_rows(self, number: int, removed: Rows) -> Rows:
        """Return the texts of an edit that copy no passage that stays: a copy says nothing new."""
        rows: Rows = self._rows[number]
        # A text may repeat a passage that the edit itself removes: that is a rewrite, not a copy.
        similarity = np.where(np.isin(self._near[rows], removed), -1.0, self._similarity[rows])
        return np.asarray(
            rows[similarity.max(axis=1, initial=-1.0) < COPY_SIMILARITY], dtype=np.int64
        )
