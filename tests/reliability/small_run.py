"""A small site and log, analysed with the tests' encoder: `python -m tests.reliability.small_run`.

The tests start it in processes of their own, with other settings of the machine.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from coverage_kit.analysis import Analysis, save_analysis
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import make_settings
from tests.encoder import WordEncoder

# Tables that say how a run was made, not what it found.
OF_THE_RUN = ("stages", "costs", "history", "previous", "sources")
SUBJECTS = ("brakes", "tyres", "battery", "saddle", "lights", "chain", "frame", "delivery")
_ASPECTS = ("price", "repair", "noise", "winter", "weight")
_ENGINES = ("chatgpt", "gemini", "perplexity")


def write_pages(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write one HTML page for each name: its text is blocks between blank lines.

    A block that starts with "# " is a heading.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        body = "".join(
            f"<h2>{part[2:]}</h2>" if part.startswith("# ") else f"<p>{part}</p>"
            for part in text.split("\n\n")
        )
        (folder / f"{name}.html").write_text(
            f"<html><title>{name}</title><body><main><h1>{name}</h1>{body}</main></body></html>",
            encoding="utf-8",
        )
    return folder


def sample_pages(n_subjects: int = 5) -> dict[str, str]:
    """Return pages on the first subjects; the others are gaps."""
    return {
        subject: "\n\n".join(
            f"# {aspect.capitalize()} of {subject}\n\n"
            f"The {aspect} of {subject} depends on your {subject}. "
            f"We explain {aspect} of {subject} here, number {number}."
            for number, aspect in enumerate(_ASPECTS)
        )
        for subject in SUBJECTS[:n_subjects]
    }


def sample_records() -> list[dict[str, object]]:
    """Return records on all subjects, some in several spellings, some failed, some twice."""
    records: list[dict[str, object]] = []
    for row, subject in enumerate(SUBJECTS):
        for number, aspect in enumerate(_ASPECTS):
            for turn, engine in enumerate(_ENGINES[: 1 + (row + number) % 3]):
                text = f"what about {aspect} of {subject}"
                records.append(
                    {
                        "query": f"{text}?" if turn else text.capitalize(),
                        "engine": engine,
                        "asked_at": f"2026-0{1 + turn}-{1 + (row * 5 + number) % 28:02d}T10:00:00Z",
                        "answer": f"Larkmoor says that {aspect} of {subject} matters. "
                        f"Look at the {subject} before you buy number {turn}.",
                        "error": "timeout" if (row + number + turn) % 11 == 0 else None,
                        "citations": [
                            f"https://larkmoor.example/{subject}.html",
                            f"https://other.example/{subject}.html",
                        ][: 1 + (row + turn) % 2],
                        "searches": [f"{subject} {aspect}", f"{subject} test"],
                    }
                )
    return [*records, *records[::9]]


def write_log(path: Path, records: Sequence[Mapping[str, object]]) -> Path:
    """Write the records as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def run_small(site: Path, logs: Sequence[Path], out: Path, **sections: object) -> Analysis:
    """Return the analysis of a site and its logs by the tests' encoder.

    A folder "other" beside the site is a competitor's site.
    """
    values: dict[str, object] = {
        "site": {
            "source": str(site),
            "base_url": "https://larkmoor.example",
            "brand": ["Larkmoor"],
        },
        "log": {"files": [str(path) for path in logs]},
        "out": str(out),
        "cache": str(out / "cache"),
        **sections,
    }
    other = site.parent / "other"
    if other.exists():
        values["competitors"] = [
            {"source": str(other), "base_url": "https://other.example", "brand": ["Other"]}
        ]
    return analyze(make_settings(values, where="test"), WordEncoder())


def compared_tables(analysis: Analysis) -> dict[str, pd.DataFrame]:
    """Return the tables of a run that the same content must repeat."""
    return {name: table for name, table in analysis.tables().items() if name not in OF_THE_RUN}


def list_differences(
    tables: Mapping[str, pd.DataFrame], others: Mapping[str, pd.DataFrame]
) -> list[str]:
    """Return which tables differ, and in what."""
    lines = []
    for name, table in tables.items():
        try:
            pd.testing.assert_frame_equal(table, others[name], check_exact=True)
        except AssertionError as error:
            lines.append(f"{name}: {' '.join(str(error).split())[:300]}")
    return lines


if __name__ == "__main__":
    site_folder, out_folder, *log_files = map(Path, sys.argv[1:])
    save_analysis(run_small(site_folder, log_files, out_folder), out_folder)
