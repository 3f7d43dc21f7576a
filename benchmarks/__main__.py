"""python -m benchmarks [gaps | link | real] [--set DIR …] [--json FILE]: measure on public sets outside the repository."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.gaps import measure_gaps, print_report
from benchmarks.link import write_default_link
from benchmarks.real import run_real
from benchmarks.sets import data_folder, read_set
from coverage_kit.embed.encoders import SentenceTransformerEncoder
from coverage_kit.embed.texts import CachedEncoder

DEFAULT_SETS = ("git_docs_tldr", "doc2dial_val", "conditionalqa_govuk")


def main() -> int:
    """Run one benchmark; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", nargs="?", choices=("gaps", "link", "real"), default="gaps")
    parser.add_argument("--set", dest="sets", action="append", type=Path, help="folder of a set; repeat for more")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--share", dest="shares", action="append", type=float, help="share removed; repeat for more")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache/vectors.sqlite"))
    chosen = parser.parse_args()
    folders = chosen.sets or [data_folder() / name for name in DEFAULT_SETS]
    absent = [str(folder) for folder in folders if not (folder / "queries.parquet").exists()]
    if absent:
        print(f"No public set at {', '.join(absent)}: set COVERAGE_KIT_BENCH_DATA or name folders with --set.", file=sys.stderr)
        return 1
    if chosen.benchmark == "real":
        for folder in folders:
            run_real(folder, Path("runs/real") / folder.name, chosen.cache.parent)
        return 0
    encoder = CachedEncoder(SentenceTransformerEncoder(), chosen.cache)
    sets = [read_set(folder, encoder) for folder in folders]
    if chosen.benchmark == "link":
        write_default_link(sets)
        return 0
    shares = tuple(chosen.shares or (0.05, 0.1, 0.25))
    report = {task: scorers for bench in sets for task, scorers in measure_gaps(bench, shares, chosen.seeds).items()}
    print_report(report)
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
