"""python -m benchmarks [gaps | clusters | checks | edits | names | rows | ...]: measure on sets.

Without a name: gaps on the default sets against their floors. `calibration`, `answering` and
`homes` fit the shipped defaults again; `names` writes names of clusters to judge blind. Exit status
1 when a set cannot be used or a figure is below its floor.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.answering import write_answering
from benchmarks.calibration import write_default_calibration
from benchmarks.checks import CheckReport, measure_checks, print_checks
from benchmarks.clusters import (
    SAMPLE,
    measure_clusters,
    missed_cluster_floors,
    print_clusters,
    sample_cases,
    set_cases,
)
from benchmarks.command_line import (
    CHECK_SETS,
    CLUSTER_SETS,
    DEFAULT_SETS,
    EDIT_SETS,
    HOME_SETS,
    find_folders,
    make_parser,
    read_count,
    read_share,
    write_figures,
)
from benchmarks.edits import measure_edits, missed_edit_floors, print_edits
from benchmarks.gaps import Report, measure_gaps, missed_floors, print_report
from benchmarks.homes import write_homes
from benchmarks.names import SETS as NAME_SETS, write_names
from benchmarks.rows import measure_rows
from benchmarks.sets import read_set
from coverage_kit.embed.choose import choose_encoder
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.errors import CoverageKitError
from coverage_kit.vectors import Encoder

BENCHMARKS = (
    "gaps",
    "clusters",
    "checks",
    "edits",
    "names",
    "rows",
    "calibration",
    "answering",
    "homes",
)
SETS_OF = {
    "clusters": CLUSTER_SETS,
    "checks": CHECK_SETS,
    "edits": EDIT_SETS,
    "answering": (*EDIT_SETS, "expertqa"),
    "homes": HOME_SETS,
    "names": (),
    "rows": (),
}
FLOORS = Path(__file__).parent / "floors.json"


def main(  # noqa: PLR0911 (one for each benchmark)
    arguments: list[str] | None = None, encoder: Encoder | None = None
) -> int:
    """Run a benchmark, with this encoder instead of the default encoder; return the exit status."""
    parser = make_parser("python -m benchmarks", BENCHMARKS, __doc__ or "")
    parser.add_argument(
        "--share",
        dest="shares",
        action="append",
        type=read_share,
        help="share removed; repeat for more",
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
        "--repetitions",
        type=read_count,
        default=200,
        help="how often checks are simulated; default: 200",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("names.txt"),
        help="file for names; default: names.txt, and names-members.txt with their questions",
    )
    options = parser.parse_args(arguments)
    folders = find_folders(options.sets, SETS_OF.get(options.name, DEFAULT_SETS))
    if folders is None:
        return 1
    if options.name == "rows":
        figures = [measure_rows(n_rows) for n_rows in (1_000_000, 10_000_000)]
        write_figures(figures, options.json)
        return 0
    encoder = CachedEncoder(encoder or choose_encoder(precision=options.precision), options.cache)
    if options.name == "names":
        named = [str(folder) for folder in options.sets or NAME_SETS]
        paths = write_names(named, encoder, options.out, options.cache.parent)
        print("\n".join(map(str, paths)))
        return 0
    if options.name == "clusters":
        return _run_clusters(folders, encoder, options)
    if options.name == "edits":
        return _run_edits(folders, encoder, options)
    if options.name == "checks":
        return _run_checks(folders, encoder, options)
    if options.name in ("calibration", "answering", "homes"):
        sets = [read_set(folder, encoder) for folder in folders]
        if options.name == "calibration":
            write_default_calibration(sets)
        elif options.name == "answering":
            write_answering(sets, encoder)
        else:
            write_homes(sets, encoder)
        return 0
    return _run_gaps(folders, encoder, options)


def _run_gaps(folders: list[Path], encoder: Encoder, options: argparse.Namespace) -> int:
    """Measure, print and check gaps on every set that can be used; return the exit status."""
    report: Report = {}
    status = 0
    for folder in folders:
        has_answers = options.answers and (folder / "responses.parquet").exists()
        if options.answers:
            note = (
                "answers count as evidence; their citations do not"
                if has_answers
                else "no responses.parquet, so no answers"
            )
            print(f"{folder.name}: {note}", file=sys.stderr)
        try:
            bench = read_set(folder, encoder, has_answers)
            report |= measure_gaps(
                bench,
                tuple(options.shares or (0.05, 0.1, 0.25)),
                options.seeds or 5,
            )
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    if report:
        print_report(report)
    if options.check or options.name is None:
        missed = missed_floors(report, json.loads(FLOORS.read_text(encoding="utf-8")))
        status = _report_missed(missed) or status
    write_figures(report, options.json, is_printed=False)
    return status


def _run_clusters(folders: list[Path], encoder: Encoder, options: argparse.Namespace) -> int:
    """Measure, print and check clusters of the sets, and by default of the sample."""
    report: dict[str, dict[str, float]] = {}
    status = 0
    for folder in folders if options.sets else [SAMPLE, *folders]:
        cases = sample_cases if folder == SAMPLE else set_cases
        try:
            for case in cases(folder, encoder):
                report |= measure_clusters(case)
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    print_clusters(report)
    if options.check:
        missed = missed_cluster_floors(report, json.loads(FLOORS.read_text(encoding="utf-8")))
        status = _report_missed(missed) or status
    write_figures(report, options.json, is_printed=False)
    return status


def _run_checks(folders: list[Path], encoder: Encoder, options: argparse.Namespace) -> int:
    """Simulate, print and write checks on every set that can be used; return the exit status."""
    report: CheckReport = {}
    status = 0
    for folder in folders:
        try:
            report |= measure_checks(read_set(folder, encoder), options.repetitions)
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    print_checks(report)
    write_figures(report, options.json, is_printed=False)
    return status


def _run_edits(folders: list[Path], encoder: Encoder, options: argparse.Namespace) -> int:
    """Measure, print and check edits on every set that can be used; return the exit status."""
    report: dict[str, Any] = {}
    status = 0
    for folder in folders:
        try:
            report |= measure_edits(read_set(folder, encoder), encoder, options.seeds or 5)
        except CoverageKitError as error:
            print(error, file=sys.stderr)
            status = 1
    print_edits(report)
    if options.check:
        missed = missed_edit_floors(report, json.loads(FLOORS.read_text(encoding="utf-8")))
        status = _report_missed(missed) or status
    write_figures(report, options.json, is_printed=False)
    return status


def _report_missed(missed: list[str]) -> int:
    """Print the floors that are missed; return the exit status."""
    print("\n".join(missed) or "no figure is below its floor", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
