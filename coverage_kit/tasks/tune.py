"""Tuning the encoder on the site's own pairs: trained on some pages, tested on others, adopted only if better there.

Glue between stages.
"""

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from coverage_kit.collect.claims import split_claims
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.urls import page_id
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.finetune import FEWEST_PAIRS, Recipe, train_encoder
from coverage_kit.embed.texts import CachedEncoder, passage_texts
from coverage_kit.errors import EncoderError, LogError, RunError
from coverage_kit.match.whitening import fit_space
from coverage_kit.measure.retrieval import compare_paired, measure_found
from coverage_kit.parallel import open_work_plan
from coverage_kit.pipeline.run import collect_log, collect_pages, open_encoder
from coverage_kit.pipeline.visibility import assign_owner_sites
from coverage_kit.settings import MatchSettings, Settings, TuneSettings
from coverage_kit.tables import LogTables, Passages
from coverage_kit.tasks.tuning_pairs import (
    Split,
    TuningData,
    cited_pairs,
    draw_pairs,
    heading_pairs,
    list_sought,
    split_by_page,
)
from coverage_kit.tasks.tuning_result import (
    AS_ENCODED,
    IN_SPACE,
    RECALL,
    RECIPROCAL_RANK,
    Tuned,
    describe_tuning,
)
from coverage_kit.vectors import Embeddings, embed_texts

FEWEST_QUERIES = 20
FEWEST_PAGES = 8
NOTE = "TUNED.md"


@dataclass(frozen=True)
class TuningTarget:
    """From which encoder to start, how encoders run, and where the tuned one goes.

    `encoder` is the one that `match` names, with its store of vectors. `is_kept`: whether the tuned
    one is written even if it is not better.
    """

    match: MatchSettings
    encoder: CachedEncoder
    out: Path
    is_kept: bool = False

    def check(self) -> None:
        """Raise EncoderError where the encoder was tuned before, RunError where the folder must not be replaced."""
        if (Path(self.match.encoder) / NOTE).exists():
            what = "an encoder not tuned yet, as a tuned one may have learned the pages that are held out now"
            cure = f"Set match.encoder to the one that it started from; its {NOTE} names it."
            raise EncoderError(self.match.encoder, what, "one that was tuned", cure)
        if self.out.exists() and not (self.out / NOTE).exists() and any(self.out.iterdir()):
            raise RunError(
                str(self.out),
                "a new folder, or one of a tuned encoder",
                "other files",
                "Name another folder.",
            )


def tune_encoder(settings: Settings, is_kept: bool = False) -> Tuned:
    """Return what fine-tuning the encoder on the site and its log brings on pages held out; it is written where it is better.

    Args:
        settings: every knob (`read_settings`).
        is_kept: whether it is written even if it is not better.

    Raises LogError when answers cite too few of the pages, EncoderError when the encoder cannot be
    trained or was tuned before, and RunError when the folder holds anything else.
    """
    work_plan = open_work_plan(settings)
    place = TuningTarget(
        settings.match,
        open_encoder(settings, work_plan),
        Path(settings.tune.out),
        is_kept,
    )
    place.check()  # before a long log is read
    log = collect_log(settings, work_plan)
    pages, own_site, brand_sites = collect_pages(settings)
    log = assign_owner_sites(log, settings, own_site, brand_sites)
    passages = split_pages(pages, settings.match.passage_words)
    material = TuningData(
        passages,
        log.queries,
        cited_pages(log, passages),
        split_claims(log.answers),
    )
    return tune_on(material, place, settings.tune, settings.seed)


def cited_pages(log: LogTables, passages: Passages) -> pd.DataFrame:
    """Return labels (see `Material`): which queries have an answer that cites which of these pages."""
    cited = log.citations[log.citations["kind"] == "cited"].assign(
        page_id=lambda table: table["url"].map(page_id)
    )
    cited = cited[cited["page_id"].isin(passages["page_id"])].merge(
        log.answers[["answer_id", "query_id"]], on="answer_id"
    )
    labels = (
        cited[["query_id", "page_id"]]
        .drop_duplicates()
        .sort_values(["query_id", "page_id"], ignore_index=True)
    )
    return labels.assign(passage_id=pd.Series(pd.NA, index=labels.index, dtype="object"))


def tune_on(material: TuningData, place: TuningTarget, options: TuneSettings, seed: int) -> Tuned:
    """Return what fine-tuning on some pages of this material brings on the others, as `tune_encoder` does."""
    place.check()
    start = time.perf_counter()
    split = split_by_page(material.labels, options.held_out, seed)
    check_enough(split)
    vectors = _embed(material, place.encoder)
    cited = draw_pairs(cited_pairs(material, split, vectors), options.max_pairs, seed)
    headed = draw_pairs(heading_pairs(material.passages, split), len(cited), seed)
    recipe = Recipe(
        options.epochs,
        options.batch_size,
        options.learning_rate,
        options.max_tokens,
        seed,
    )
    trained = train_encoder(place.match.encoder, [*cited, *headed], recipe)
    place.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=place.out.parent, prefix="unfinished-", ignore_cleanup_errors=True
    ) as scratch:
        folder = trained.save(Path(scratch) / place.out.name)
        # converted models of encoders that are not adopted go with the scratch folder
        after = choose_encoder(str(folder), place.match.runtime, place.match.precision, scratch)
        measures = compare_encoders(
            material,
            split,
            vectors[:2],
            CachedEncoder(after, place.encoder.path),
            seed,
        )
        counts = (
            tuple(sorted(split.held)),
            len(split.queries),
            len(cited),
            len(headed),
            len(material.passages),
        )
        about = (
            replace(trained, model=None),
            time.perf_counter() - start,
            bool(material.labels["passage_id"].notna().any()),
        )
        tuned = Tuned(measures, None, (place.encoder.name, after.name), *counts, *about)
        return _write(tuned, folder, place) if tuned.is_better or place.is_kept else tuned


def check_enough(split: Split) -> None:
    """Raise LogError where a split leaves too little to learn from or to test on."""
    n_pairs = len(split.trained)
    n_queries = len(split.queries)
    n_pages = len(set(split.groups.tolist()))
    if n_pairs < FEWEST_PAIRS or n_queries < FEWEST_QUERIES or n_pages < FEWEST_PAGES:
        what = (
            f"answers that cite pages which were read: {FEWEST_PAIRS} queries with a page to learn from, "
            f"and {FEWEST_QUERIES} queries on {FEWEST_PAGES} pages to test on"
        )
        found = f"{n_pairs} to learn from, {n_queries} queries on {n_pages} pages to test on"
        cure = "Add logs, or check that base_url and domains of [site] make its pages those that answers cite."
        raise LogError("log.files", what, found, cure)


def compare_encoders(
    material: TuningData,
    split: Split,
    before: tuple[Embeddings, Embeddings],
    encoder: CachedEncoder,
    seed: int,
) -> pd.DataFrame:
    """Return recall and reciprocal rank on the pages held out before and after (see `Tuned.measures`).

    Args:
        material: the passages, all of which are searched, and the queries.
        split: what was held out.
        before: vectors of all queries and passages by the encoder before.
        encoder: the encoder after.
        seed: of the intervals.
    """
    sought = list_sought(material, split)
    rows = []
    after = _embed(material, encoder, with_claims=False)[:2]
    for space, is_moved in ((AS_ENCODED, False), (IN_SPACE, True)):
        found = [
            measure_found(asked.select(split.queries).vectors, content.vectors, sought)
            for asked, content in (_moved(*pair) if is_moved else pair for pair in (before, after))
        ]
        for measure, one, other in zip((RECALL, RECIPROCAL_RANK), *found, strict=True):
            difference = compare_paired(one, other, split.groups, seed)
            figures = {
                "before": difference.before,
                "after": difference.after,
                "difference": difference.value,
            }
            rows.append(
                {
                    "measure": measure,
                    "space": space,
                    **figures,
                    "low": difference.low,
                    "high": difference.high,
                }
            )
    return pd.DataFrame(rows)


def _moved(asked: Embeddings, content: Embeddings) -> tuple[Embeddings, Embeddings]:
    space = fit_space(content, asked)
    return space.of_queries(asked), space.of_passages(content)


def _embed(
    material: TuningData, encoder: CachedEncoder, with_claims: bool = True
) -> tuple[Embeddings, Embeddings, Embeddings]:
    claims = material.claims if with_claims else material.claims.iloc[:0]
    return (
        embed_texts(
            material.queries["query_id"],
            material.queries["text"],
            encoder,
            "query",
        ),
        embed_texts(
            material.passages["passage_id"],
            passage_texts(material.passages),
            encoder,
        ),
        embed_texts(claims["claim_id"], claims["text"], encoder),
    )


def _write(tuned: Tuned, folder: Path, place: TuningTarget) -> Tuned:
    """Put the tuned encoder in its place, with a note of what was measured."""
    tuned = replace(tuned, folder=place.out)
    pages = "\n".join(f"- {page}" for page in tuned.held_pages)
    note = f"# Tuned from {place.match.encoder}\n\n{describe_tuning(tuned)}\n\nPages held out:\n\n{pages}\n"
    (folder / NOTE).write_text(note, encoding="utf-8")
    shutil.rmtree(place.out, ignore_errors=True)
    folder.rename(place.out)
    return tuned
