"""Tune the encoder on the site's own pairs: train on some pages, test and compare on others."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from coverage_kit.collect.claims import split_claims
from coverage_kit.collect.passages import split_pages
from coverage_kit.collect.urls import page_id
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.finetune import MIN_PAIRS, Recipe, train_encoder
from coverage_kit.embed.texts import CachedEncoder, passage_texts
from coverage_kit.embed.tokens import read_token_limit
from coverage_kit.errors import EncoderError, LogError, RunError
from coverage_kit.match.whitening import fit_space
from coverage_kit.measure.retrieval import compare_paired, measure_found
from coverage_kit.parallel import open_work_plan
from coverage_kit.pipeline.inputs import assign_owner_sites, collect_log, collect_pages
from coverage_kit.pipeline.run import open_encoder
from coverage_kit.settings import MatchSettings, Settings, TuneSettings
from coverage_kit.storage.files import replace_folder
from coverage_kit.tables import LogTables, Passages
from coverage_kit.tasks.tuning_pairs import (
    Split,
    TuningData,
    cited_pairs,
    draw_pairs,
    heading_pairs,
    list_relevant,
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

# Queries and pages that a test needs (assumed): with fewer, its interval says next to nothing.
MIN_QUERIES = 20
MIN_PAGES = 8
# The file in a tuned encoder's folder that says from which encoder it was tuned.
NOTE = "TUNED.md"


@dataclass(frozen=True)
class TuningTarget:
    """From which encoder to start, how encoders run, and where the tuned encoder is written.

    `encoder` is the encoder that `match` names, with its store of vectors. `is_kept`: whether the
    tuned encoder is written even if it is not better.
    """

    match: MatchSettings
    encoder: CachedEncoder
    out: Path
    is_kept: bool = False

    def check(self) -> None:
        """Raise EncoderError for an encoder that was tuned before, RunError for an unsafe folder.

        A folder that holds other files than a tuned encoder must not be replaced.
        """
        if (Path(self.match.encoder) / NOTE).exists():
            expected = (
                "an encoder not tuned yet, "
                "as a tuned one may have learned the pages that are held out now"
            )
            cure = f"Set match.encoder to the one that it started from; its {NOTE} names it."
            raise EncoderError(self.match.encoder, expected, "one that was tuned", cure)
        if self.out.exists() and not (self.out / NOTE).exists() and any(self.out.iterdir()):
            raise RunError(
                str(self.out),
                "a new folder, or one of a tuned encoder",
                "other files",
                "Name another folder.",
            )


def tune_encoder(settings: Settings, is_kept: bool = False) -> Tuned:
    """Fine-tune the encoder on the site and its log, and return what that brings on pages held out.

    The tuned encoder is written where it is better.

    Args:
        settings: all settings (`read_settings`).
        is_kept: whether the tuned encoder is written even if it is not better.

    Raises LogError when answers cite too few of the pages, EncoderError when the encoder cannot be
    trained or was tuned before, and RunError when the folder holds anything else.
    """
    work_plan = open_work_plan(settings)
    target = TuningTarget(
        settings.match,
        open_encoder(settings, work_plan),
        Path(settings.tune.out),
        is_kept,
    )
    target.check()  # before a long log is read
    log = collect_log(settings, work_plan)
    sites = collect_pages(settings)
    log = assign_owner_sites(log, settings, sites.own_site, sites.brand_sites)
    limit = read_token_limit(target.encoder)
    passages = split_pages(sites.pages, settings.match.passage_words, *limit)
    data = TuningData(
        passages,
        log.queries,
        cited_pages(log, passages),
        split_claims(log.answers),
    )
    return tune_on(data, target, settings.tune, settings.seed)


def cited_pages(log: LogTables, passages: Passages) -> pd.DataFrame:
    """Return labels (see `TuningData`): which queries have an answer that cites which page."""
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


def tune_on(data: TuningData, target: TuningTarget, options: TuneSettings, seed: int) -> Tuned:
    """Return what fine-tuning on some pages of these data brings on the others (`tune_encoder`)."""
    target.check()
    start = time.perf_counter()
    split = split_by_page(data.labels, options.held_out, seed)
    check_enough(split)
    vectors = _embed(data, target.encoder)
    cited = draw_pairs(cited_pairs(data, split, vectors), options.max_pairs, seed)
    headed = draw_pairs(heading_pairs(data.passages, split), len(cited), seed)
    recipe = Recipe(
        options.epochs,
        options.batch_size,
        options.learning_rate,
        options.max_tokens,
        seed,
    )
    trained = train_encoder(target.match.encoder, [*cited, *headed], recipe)
    target.out.parent.mkdir(parents=True, exist_ok=True)
    # Next to the target, so that the finished folder can be renamed into its place.
    with tempfile.TemporaryDirectory(
        dir=target.out.parent, prefix="unfinished-", ignore_cleanup_errors=True
    ) as scratch:
        folder = trained.save(Path(scratch) / target.out.name)
        # converted models of encoders that are not adopted are deleted with the scratch folder
        after = choose_encoder(str(folder), target.match.runtime, target.match.precision, scratch)
        measures = compare_encoders(
            data,
            split,
            vectors[:2],
            CachedEncoder(after, target.encoder.path),
            seed,
        )
        tuned = Tuned(
            measures=measures,
            folder=None,
            names=(target.encoder.name, after.name),
            held_out_pages=tuple(sorted(split.held_out)),
            n_held_out_queries=len(split.queries),
            n_cited_pairs=len(cited),
            n_heading_pairs=len(headed),
            n_passages=len(data.passages),
            trained=replace(trained, model=None),
            seconds=time.perf_counter() - start,
            has_passages=bool(data.labels["passage_id"].notna().any()),
        )
        return _write(tuned, folder, target) if tuned.is_better or target.is_kept else tuned


def check_enough(split: Split) -> None:
    """Raise LogError where a split leaves too little to learn from or to test on."""
    n_pairs = len(split.trained)
    n_queries = len(split.queries)
    n_pages = len(set(split.groups.tolist()))
    if n_pairs < MIN_PAIRS or n_queries < MIN_QUERIES or n_pages < MIN_PAGES:
        expected = (
            "answers that cite pages which were read: "
            f"{MIN_PAIRS} queries with a page to learn from, "
            f"and {MIN_QUERIES} queries on {MIN_PAGES} pages to test on"
        )
        counts = f"{n_pairs} to learn from, {n_queries} queries on {n_pages} pages to test on"
        cure = (
            "Add logs, or check that base_url and domains of [site] "
            "make its pages those that answers cite."
        )
        raise LogError("log.files", expected, counts, cure)


def compare_encoders(
    data: TuningData,
    split: Split,
    before: tuple[Embeddings, Embeddings],
    encoder: CachedEncoder,
    seed: int,
) -> pd.DataFrame:
    """Return recall and reciprocal rank on the pages held out, before and after.

    The columns are those of `Tuned.measures`.

    Args:
        data: the passages, all of which are searched, and the queries.
        split: what was held out.
        before: vectors of all queries and passages by the encoder before.
        encoder: the encoder after.
        seed: of the intervals.
    """
    relevant = list_relevant(data, split)
    rows = []
    after = _embed(data, encoder, with_claims=False)[:2]
    for space, is_moved in ((AS_ENCODED, False), (IN_SPACE, True)):
        by_encoder = []
        for pair in (before, after):
            queries, passages = _move(*pair) if is_moved else pair
            tested = queries.select(split.queries)
            by_encoder.append(measure_found(tested.vectors, passages.vectors, relevant))
        for measure, values_before, values_after in zip(
            (RECALL, RECIPROCAL_RANK), *by_encoder, strict=True
        ):
            difference = compare_paired(values_before, values_after, split.groups, seed)
            rows.append(
                {
                    "measure": measure,
                    "space": space,
                    "before": difference.before,
                    "after": difference.after,
                    "difference": difference.value,
                    "low": difference.low,
                    "high": difference.high,
                }
            )
    return pd.DataFrame(rows)


def _move(queries: Embeddings, passages: Embeddings) -> tuple[Embeddings, Embeddings]:
    """Return the vectors of queries and passages in the site's space."""
    space = fit_space(passages, queries)
    return space.of_queries(queries), space.of_passages(passages)


def _embed(
    data: TuningData, encoder: CachedEncoder, with_claims: bool = True
) -> tuple[Embeddings, Embeddings, Embeddings]:
    claims = data.claims if with_claims else data.claims.iloc[:0]
    return (
        embed_texts(
            data.queries["query_id"],
            data.queries["text"],
            encoder,
            "query",
        ),
        embed_texts(
            data.passages["passage_id"],
            passage_texts(data.passages),
            encoder,
        ),
        embed_texts(claims["claim_id"], claims["text"], encoder),
    )


def _write(tuned: Tuned, folder: Path, target: TuningTarget) -> Tuned:
    """Move the tuned encoder to its folder, with a note of what was measured."""
    tuned = replace(tuned, folder=target.out)
    pages = "\n".join(f"- {page}" for page in tuned.held_out_pages)
    note = (
        f"# Tuned from {target.match.encoder}\n\n{describe_tuning(tuned)}\n\n"
        f"Pages held out:\n\n{pages}\n"
    )
    (folder / NOTE).write_text(note, encoding="utf-8")
    replace_folder(folder, target.out)
    return tuned
