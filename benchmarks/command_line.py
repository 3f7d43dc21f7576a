"""What `python -m benchmarks` and `python -m studies` share: options, folders of sets, output."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.sets import data_folder

DEFAULT_SETS = ("git_docs_tldr", "doc2dial_val", "conditionalqa_govuk")
CHECK_SETS = (*DEFAULT_SETS, "xquad_de", "xquad_es", "xquad_zh", "xquad_ar")
CLUSTER_SETS = ("git_docs_tldr", "chatgpt_products", "clinc150")
EDIT_SETS = ("doc2dial_val", "conditionalqa_govuk")
# git_docs_tldr is judged page by page, so nobody knows which of its sections was asked for
HOME_SETS = (*EDIT_SETS, "xquad_es")


def make_parser(program: str, names: Sequence[str], text: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all commands have.

    Args:
        program: how the command is called.
        names: what it can run.
        text: the command's docstring: a summary, and after an empty line the details.
    """
    summary, _, details = text.partition("\n\n")
    parser = argparse.ArgumentParser(prog=program, description=summary, epilog=details)
    parser.add_argument("name", nargs="?", choices=names)
    parser.add_argument(
        "--set",
        dest="sets",
        action="append",
        type=Path,
        help="folder of a set; repeat for more",
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--seeds", type=read_count, help="how many seeds; the default differs")
    parser.add_argument(
        "--precision",
        default="fp32",
        choices=["auto", "fp32", "bf16"],
        help="of the encoder; default: fp32",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("runs/cache/vectors.sqlite"),
        help="file of vectors",
    )
    return parser


def find_folders(folders: Sequence[Path] | None, set_names: Sequence[str]) -> list[Path] | None:
    """Return the folders given, else those of the named sets; None where a folder is absent."""
    chosen = list(folders or [data_folder() / name for name in set_names])
    absent = [str(folder) for folder in chosen if not folder.is_dir()]
    if absent:
        print(
            f"No public set at {', '.join(absent)}: "
            "set COVERAGE_KIT_BENCH_DATA or name folders with --set.",
            file=sys.stderr,
        )
        return None
    return chosen


def write_figures(figures: Any, path: Path | None, is_printed: bool = True) -> None:
    """Print figures, and write them as JSON where a file is named."""
    text = json.dumps(figures, indent=2)
    if is_printed:
        print(text)
    if path:
        path.write_text(text + "\n", encoding="utf-8")


def read_share(text: str) -> float:
    """Return a share between 0 and 1. Raises ArgumentTypeError for any other number."""
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return share


def read_count(text: str) -> int:
    """Return a number from 1 on. Raises ArgumentTypeError for any other number."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 on")
    return int(text)
