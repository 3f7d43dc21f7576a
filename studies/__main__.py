"""python -m studies NAME [--set DIR …] [--json FILE]: one study on public sets or simulated logs.

Studies have no floors: their figures are in docs/method.md. Exit status 1 when a set cannot be
used.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.command_line import (
    DEFAULT_SETS,
    find_folders,
    make_parser,
    read_count,
    write_figures,
)
from benchmarks.sets import read_set
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.settings import MatchSettings
from coverage_kit.vectors import Encoder
from studies.ablation import measure_ablation, measure_cost, print_ablation
from studies.bing import run_bing
from studies.change import run_change
from studies.citations import run_citations
from studies.clusters import measure_clusters, print_clusters
from studies.encoders import measure_encoders
from studies.extraction import run_extraction
from studies.index import measure_index, read_vectors
from studies.judge import run_judge
from studies.logs import measure_logs
from studies.pairs import run_pairs
from studies.pillars import run_pillars
from studies.real import run_real
from studies.scale import measure_scale
from studies.speed import Size, measure_speed, print_speed
from studies.speed_data import real_passages, real_queries
from studies.tune import measure_tuning
from studies.visibility import run_visibility
from studies.visibility_gain import run_visibility_gain
from studies.voice import run_voice

INDEX_SETS = (
    "doc2dial_val",
    "conditionalqa_govuk",
    "git_docs_tldr",
    "chatgpt_products",
    "ai_search_bench",
)
# Sets of a study; the others take DEFAULT_SETS.
SETS_OF = {
    "clusters": ("clinc150",),
    **dict.fromkeys(("citations", "visibility_gain"), ("chatgpt_products", "ai_search_bench")),
    "voice": ("chatgpt_products",),
    "index": INDEX_SETS,
    "extraction": ("article_extraction",),
    "judge": ("expertqa",),
    "pillars": ("git_docs_tldr",),
    **dict.fromkeys(
        ("bing", "scale", "visibility", "change", "pairs", "logs", "speed", "encoders"), ()
    ),
}


def main(arguments: list[str] | None = None, encoder: Encoder | None = None) -> int:
    """Run a study, with this encoder instead of the default encoder; return the exit status."""
    parser = make_parser("python -m studies", (*WITHOUT_ENCODER, *WITH_ENCODER), __doc__ or "")
    parser.add_argument("--rounds", type=read_count, default=3, help="of speed: runs of each task")
    parser.add_argument(
        "--times",
        type=read_count,
        action="append",
        help="of speed: multiples of the sample; default: 1 and 10",
    )
    options = parser.parse_args(arguments)
    if options.name is None:
        parser.error("name a study")
    folders = find_folders(options.sets, SETS_OF.get(options.name, DEFAULT_SETS))
    if folders is None:
        return 1
    if options.name in WITHOUT_ENCODER:
        return WITHOUT_ENCODER[options.name](folders, options)
    cached = CachedEncoder(encoder or choose_encoder(precision=options.precision), options.cache)
    return WITH_ENCODER[options.name](folders, cached, options)


def _run_visibility(_: list[Path], options: argparse.Namespace) -> int:
    return run_visibility(options.json)


def _run_bing(_: list[Path], options: argparse.Namespace) -> int:
    return run_bing(options.json, options.seeds or 3)


def _run_change(_: list[Path], options: argparse.Namespace) -> int:
    run_change()
    return 0


def _run_pairs(_: list[Path], options: argparse.Namespace) -> int:
    run_pairs()
    return 0


def _run_logs(_: list[Path], options: argparse.Namespace) -> int:
    write_figures(measure_logs(), options.json)
    return 0


def _run_scale(_: list[Path], options: argparse.Namespace) -> int:
    write_figures(measure_scale(), options.json)
    return 0


def _run_speed(_: list[Path], options: argparse.Namespace) -> int:
    times = tuple(options.times or (1, 10))
    figures = measure_speed(Size(n_rounds=options.rounds, times=times))
    print_speed(figures)
    write_figures(figures, options.json, is_printed=False)
    return 0


def _run_encoders(_: list[Path], options: argparse.Namespace) -> int:
    passages = real_passages(2_000).sample(400, random_state=0)["text"]
    figures = measure_encoders(list(passages), real_queries(2_000), options.rounds)
    write_figures(figures, options.json)
    return 0


def _run_voice(folders: list[Path], options: argparse.Namespace) -> int:
    for folder in folders:
        run_voice(folder)
    return 0


def _run_pillars(folders: list[Path], options: argparse.Namespace) -> int:
    for folder in folders:
        run_pillars(folder, seed=options.seeds or 0)
    return 0


def _run_extraction(folders: list[Path], options: argparse.Namespace) -> int:
    return run_extraction(folders[0], options.json)


def _run_real(folders: list[Path], options: argparse.Namespace) -> int:
    for folder in folders:
        run_real(folder, Path("runs/real") / folder.name, options.cache.parent)
    return 0


def _run_citations(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    return run_citations(folders, encoder, options.json)


def _run_visibility_gain(
    folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace
) -> int:
    return run_visibility_gain(folders, encoder, options.json)


def _run_clusters(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    figures = {
        folder.name: measure_clusters(folder, encoder, seeds=options.seeds or 10)
        for folder in folders
    }
    for measured in figures.values():
        print_clusters(measured)
    write_figures(figures, options.json, is_printed=False)
    return 0


def _run_index(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    passages, queries = read_vectors(folders, encoder)
    write_figures(measure_index(passages, queries), options.json)
    return 0


def _run_judge(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    write_figures(run_judge(folders[0], encoder), options.json)
    return 0


def _run_tune(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    match = MatchSettings(precision=options.precision)
    rows = []
    for folder in folders:
        bench = read_set(folder, encoder)
        rows += measure_tuning(bench, encoder, match, options.seeds or 3)
    write_figures(rows, options.json, is_printed=False)
    return 0


def _run_ablation(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    figures: dict[str, dict[str, float]] = {}
    for folder in folders:
        figures |= measure_ablation(read_set(folder, encoder), options.seeds or 2)
    print_ablation(figures)
    write_figures(figures, options.json, is_printed=False)
    return 0


def _run_cost(folders: list[Path], encoder: CachedEncoder, options: argparse.Namespace) -> int:
    sets = [read_set(folder, encoder) for folder in folders]
    figures = {bench.name: measure_cost(bench, encoder.encoder) for bench in sets}
    write_figures(figures, options.json)
    return 0


WITHOUT_ENCODER: dict[str, Callable[[list[Path], argparse.Namespace], int]] = {
    "bing": _run_bing,
    "change": _run_change,
    "encoders": _run_encoders,
    "extraction": _run_extraction,
    "logs": _run_logs,
    "pairs": _run_pairs,
    "pillars": _run_pillars,
    "real": _run_real,
    "scale": _run_scale,
    "speed": _run_speed,
    "visibility": _run_visibility,
    "voice": _run_voice,
}
WITH_ENCODER: dict[str, Callable[[list[Path], CachedEncoder, argparse.Namespace], int]] = {
    "ablation": _run_ablation,
    "citations": _run_citations,
    "visibility_gain": _run_visibility_gain,
    "clusters": _run_clusters,
    "cost": _run_cost,
    "index": _run_index,
    "judge": _run_judge,
    "tune": _run_tune,
}


if __name__ == "__main__":
    sys.exit(main())
