"""python -m benchmarks [gaps | citations | edits | clusters | …] [--set DIR …] [--json FILE]: measure on public sets.

Without a name: gaps on the default sets, against their floors, and then clusters. Exit status 1
when a set cannot be used or a figure is below its floor.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.ablation import measure_ablation, measure_cost, print_ablation
from benchmarks.answering import write_answering
from benchmarks.calibration import write_default_link
from benchmarks.change import run_change
from benchmarks.citations import run_citations
from benchmarks.edits import measure_edits, missed_edit_floors, print_edits
from benchmarks.encoders import measure_encoders
from benchmarks.gaps import Report, measure_gaps, missed_floors, print_report
from benchmarks.index import measure_index, read_vectors
from benchmarks.judge import run_judge
from benchmarks.logs import measure_logs
from benchmarks.pillars import run_pillars
from benchmarks.real import run_real
from benchmarks.rows import measure_rows
from benchmarks.scale import measure_scale
from benchmarks.sets import data_folder, read_set
from benchmarks.speed import Size, measure_speed, print_speed
from benchmarks.speed_data import real_passages, real_queries
from benchmarks.tune import measure_tuning
from benchmarks.visibility import run_visibility
from benchmarks.voice import run_voice
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.errors import CoverageKitError
from coverage_kit.settings import MatchSettings
from coverage_kit.vectors import Encoder

BENCHMARKS = (
    *(
        "gaps",
        "citations",
        "clusters",
        "ablation",
        "cost",
        "calibration",
        "real",
        "edits",
        "answering",
        "scale",
    ),
    *(
        "visibility",
        "change",
        "voice",
        "logs",
        "speed",
        "encoders",
        "index",
        "rows",
        "tune",
        "judge",
        "pillars",
    ),
)
_WITHOUT_ENCODER = (
    "real",
    "scale",
    "visibility",
    "change",
    "voice",
    "logs",
    "speed",
    "encoders",
    "rows",
    "pillars",
)
DEFAULT_SETS = ("git_docs_tldr", "doc2dial_val", "conditionalqa_govuk")
CITATION_SETS = ("chatgpt_products", "ai_search_bench")
INDEX_SETS = (
    "doc2dial_val",
    "conditionalqa_govuk",
    "git_docs_tldr",
    "chatgpt_products",
    "ai_search_bench",
)
EDIT_SETS = ("doc2dial_val", "conditionalqa_govuk")
SETS_OF = {
    "clusters": ("clinc150",),
    "citations": CITATION_SETS,
    "edits": EDIT_SETS,
    "answering": (*EDIT_SETS, "expertqa"),
    "voice": ("chatgpt_products",),
    "index": INDEX_SETS,
    "judge": ("expertqa",),
    "pillars": ("git_docs_tldr",),
    **dict.fromkeys(
        ("scale", "visibility", "change", "logs", "speed", "encoders", "rows"),
        (),
    ),
}
FLOORS = Path(__file__).parent / "floors.json"


def main(arguments: list[str] | None = None, encoder: Encoder | None = None) -> int:
    """Run one benchmark, with this encoder instead of the default one; return the exit status."""
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=summary, epilog=more)
    parser.add_argument("benchmark", nargs="?", choices=BENCHMARKS)
    parser.add_argument(
        "--set",
        dest="sets",
        action="append",
        type=Path,
        help="folder of a set; repeat for more",
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument(
        "--share",
        dest="shares",
        action="append",
        type=_share,
        help="share removed; repeat for more",
    )
    parser.add_argument(
        "--seeds",
        type=_count,
        help="default: 5 for gaps and edits, 10 for clusters, 3 for tune; of pillars: which draw of pages",
    )
    parser.add_argument(
        "--answers",
        action="store_true",
        help="let the answers in responses.parquet count as evidence",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit 1 when a figure is below its floor in floors.json",
    )
    parser.add_argument(
        "--precision",
        default="fp32",
        choices=["auto", "fp32", "bf16"],
        help="of the encoder; default: fp32",
    )
    parser.add_argument("--rounds", type=_count, default=3, help="of speed: runs of each task")
    parser.add_argument(
        "--times",
        type=_count,
        action="append",
        help="of speed: multiples of the sample; default: 1 and 10",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("runs/cache/vectors.sqlite"),
        help="file of vectors",
    )
    chosen = parser.parse_args(arguments)
    folders = chosen.sets or [
        data_folder() / name for name in SETS_OF.get(chosen.benchmark, DEFAULT_SETS)
    ]
    absent = [str(folder) for folder in folders if not folder.is_dir()]
    if absent:
        print(
            f"No public set at {', '.join(absent)}: set COVERAGE_KIT_BENCH_DATA or name folders with --set.",
            file=sys.stderr,
        )
        return 1
    if chosen.benchmark in _WITHOUT_ENCODER:
        return _run_without_encoder(chosen.benchmark, folders, chosen)
    encoder = CachedEncoder(encoder or choose_encoder(precision=chosen.precision), chosen.cache)
    if chosen.benchmark in ("index", "judge"):
        is_judge = chosen.benchmark == "judge"
        figures = (
            run_judge(folders[0], encoder)
            if is_judge
            else measure_index(*read_vectors(folders, encoder))
        )
        return _write(figures, chosen.json)
    if chosen.benchmark in ("citations", "edits"):
        is_edits = chosen.benchmark == "edits"
        return (
            _run_edits(folders, encoder, chosen)
            if is_edits
            else run_citations(folders, encoder, chosen.json)
        )
    if chosen.benchmark in ("link", "answering", "ablation", "cost", "tune"):
        return _run_study(chosen.benchmark, folders, encoder, chosen)
    figures = {}
    status = 0
    if chosen.benchmark != "clusters":
        status, figures = _run_gaps(folders, encoder, chosen)
    if chosen.benchmark != "gaps":
        figures |= _run_clusters(
            folders if chosen.benchmark else [data_folder() / "clinc150"],
            encoder,
            chosen.seeds or 10,
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return status


def _run_without_encoder(name: str, folders: list[Path], chosen: argparse.Namespace) -> int:
    """Run a benchmark that makes its own encoder or needs none; return the exit status."""
    if name == "visibility":
        return run_visibility(chosen.json)
    if name == "change":
        run_change()
    if name == "speed":
        figures = measure_speed(
            Size(
                calibration_rounds=chosen.calibration_rounds,
                times=tuple(chosen.times or (1, 10)),
            )
        )
        print_speed(figures)
        return _write(figures, chosen.json, is_told=False)
    if name == "encoders":
        passages = real_passages(2_000).sample(400, random_state=0)["text"]
        return _write(
            measure_encoders(list(passages), real_queries(2_000), chosen.calibration_rounds),
            chosen.json,
        )
    for folder in folders:
        if name == "voice":
            run_voice(folder)
        elif name == "pillars":
            run_pillars(folder, seed=chosen.seeds or 0)
        else:
            run_real(folder, Path("runs/real") / folder.name, chosen.cache.parent)
    if name == "rows":
        return _write(
            [measure_rows(n_rows) for n_rows in (1_000_000, 10_000_000)],
            chosen.json,
        )
    if name in ("scale", "logs"):
        print(json.dumps(measure_scale() if name == "scale" else measure_logs(), indent=2))
    return 0


def _write(figures: Any, path: Path | None, is_told: bool = True) -> int:
    """Print figures, and write them as JSON where a file is named; return the exit status."""
    text = json.dumps(figures, indent=2)
    if is_told:
        print(text)
    if path:
        path.write_text(text + "\n", encoding="utf-8")
    return 0


def _run_gaps(
    folders: list[Path], encoder: Encoder, chosen: argparse.Namespace
) -> tuple[int, Report]:
    """Measure, print and check gaps on every set that can be used; return the exit status and the figures."""
    report: Report = {}
    status = 0
    for folder in folders:
        has_answers = chosen.answers and (folder / "responses.parquet").exists()
        if chosen.answers:
            said = (
                "answers count as evidence; their citations do not"
                if has_answers
                else "no responses.parquet, so no answers"
            )
            print(f"{folder.name}: {said}", file=sys.stderr)
        try:
            bench = read_set(folder, encoder, has_answers)
            report |= measure_gaps(
                bench,
                tuple(chosen.shares or (0.05, 0.1, 0.25)),
                chosen.seeds or 5,
            )
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    if report:
        print_report(report)
    if chosen.check or chosen.benchmark is None:
        missed = missed_floors(report, json.loads(FLOORS.read_text(encoding="utf-8")))
        print("\n".join(missed) or "no figure is below its floor", file=sys.stderr)
        status = 1 if missed else status
    return status, report


def _run_edits(folders: list[Path], encoder: Encoder, chosen: argparse.Namespace) -> int:
    """Measure, print and check planted edits on every set that can be used; return the exit status."""
    report: dict[str, Any] = {}
    status = 0
    for folder in folders:
        try:
            report |= measure_edits(read_set(folder, encoder), encoder, chosen.seeds or 5)
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    print_edits(report)
    if chosen.check:
        missed = missed_edit_floors(report, json.loads(FLOORS.read_text(encoding="utf-8")))
        print("\n".join(missed) or "no figure is below its floor", file=sys.stderr)
        status = 1 if missed else status
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return status


def _run_study(
    study: str,
    folders: list[Path],
    encoder: CachedEncoder,
    chosen: argparse.Namespace,
) -> int:
    sets = [read_set(folder, encoder) for folder in folders]
    if study == "link":
        write_default_link(sets)
        return 0
    if study == "answering":
        write_answering(sets, encoder)
        return 0
    if study == "tune":
        match = MatchSettings(precision=chosen.precision)
        rows = [
            row
            for bench in sets
            for row in measure_tuning(bench, encoder, match, chosen.seeds or 3)
        ]
        return _write(rows, chosen.json, is_told=False)
    figures: dict[str, dict[str, float]] = {}
    for bench in sets:
        figures |= measure_ablation(bench, chosen.seeds or 2) if study == "ablation" else {}
        figures |= {bench.name: measure_cost(bench, encoder.encoder)} if study == "cost" else {}
    if study == "ablation":
        print_ablation(figures)
    else:
        print(json.dumps(figures, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _run_clusters(folders: list[Path], encoder: Encoder, seeds: int) -> dict[str, Any]:
    from benchmarks.clusters import measure_clusters, print_clusters

    figures = {folder.name: measure_clusters(folder, encoder, seeds=seeds) for folder in folders}
    for measured in figures.values():
        print_clusters(measured)
    return figures


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return share


def _count(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seeds from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
