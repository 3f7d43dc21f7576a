"""Input at the edge of what is possible: no traceback, no warning, no figure that pretends.

Warnings are errors in the tests, so a mean of nothing or a division by 0 fails here.
"""

import random

import numpy as np
import pandas as pd
import pytest

from coverage_kit.errors import CoverageKitError
from coverage_kit.report.page import write_page
from coverage_kit.report.run_summary import describe_run
from coverage_kit.report.workbook import write_workbook
from tests.reliability.rounds import rounds
from tests.reliability.small_run import (
    run_small,
    sample_pages,
    sample_records,
    write_log,
    write_pages,
)

QUESTIONS = [f"how do I {verb} a brake" for verb in ("bleed", "clean", "mount", "test", "buy")]


def answered(query, **fields):
    return {
        "query": query,
        "engine": "chatgpt",
        "answer": "Larkmoor says so. Look at the brake before you buy.",
        "citations": ["https://larkmoor.example/one.html"],
        **fields,
    }


PAGES = {
    "sample": sample_pages(),
    "one page": {"one": "To bleed a brake, open the lever and push fluid through."},
    "equal pages": {f"p{number}": "To bleed a brake, open the lever." for number in range(6)},
    "one-word pages": {f"p{number}": f"Brake{number}." for number in range(6)},
    "foreign letters": {
        "bremse": "Пожалуйста откройте рычаг тормоза.\n\n自転車のブレーキを調整する方法。",
        "saddle": "เบาะจักรยานที่ดีที่สุด\n\nكرسي الدراجة الأفضل للرحلات الطويلة.",
    },
    "page of the questions": {"one": "\n\n".join(QUESTIONS)},
}
LOGS = {
    "sample": sample_records(),
    "one question": [{"query": QUESTIONS[0]}],
    "one question answered": [answered(QUESTIONS[0])],
    "two questions": [answered(query) for query in QUESTIONS[:2]],
    "no answers": [{"query": f"{query} {number}"} for query in QUESTIONS for number in range(4)],
    "no citations": [
        answered(f"{query} {number}", citations=[]) for query in QUESTIONS for number in range(4)
    ],
    "equal questions": [answered(QUESTIONS[0], run_id=str(number)) for number in range(30)],
    "equal words": [
        answered(" ".join(f"brake{'s' * 0}" for _ in range(1 + number))) for number in range(14)
    ],
    "50,000 characters": [answered(f"brake {number} " * 4000) for number in range(3)],
    "foreign letters": [
        answered(text, answer="ブレーキを調整します。")
        for text in ("тормоз", "自転車 ブレーキ", "เบาะ", "كرسي", "🚲🚲", "Ελλάδα")
    ],
    "signs alone": [answered(text) for text in ("?", "!!!", "…", "🚲", "---")],
    "no demand": [
        answered(f"{query} {number}", demand=0) for query in QUESTIONS for number in range(4)
    ],
    "huge demand": [
        answered(f"{query} {number}", demand=1e300) for query in QUESTIONS for number in range(4)
    ],
    "one demand": [
        answered(query, demand=1e12 if not number else 0) for number, query in enumerate(QUESTIONS)
    ],
    "equal dates": [
        answered(f"{query} {number}", asked_at="2026-01-01T00:00:00Z")
        for query in QUESTIONS
        for number in range(4)
    ],
    "all failed": [answered(query, error="timeout") for query in QUESTIONS],
    "nothing said": [{"query": query, "engine": "e", "answer": "  "} for query in QUESTIONS],
}
# Every log on a usual site, every site with a usual log, and the smallest with each other.
_PAIRS = [
    *(("sample", log) for log in LOGS if log != "sample"),
    *((pages, "sample") for pages in PAGES if pages != "sample"),
    ("one page", "one question"),
    ("one page", "one question answered"),
    ("page of the questions", "two questions"),
]
_FURTHER = sorted({(pages, log) for pages in PAGES for log in LOGS} - set(_PAIRS))
_DRAWN = random.Random(20).sample(_FURTHER, rounds(4, len(_FURTHER)))  # noqa: S311 (no secret)


@pytest.mark.parametrize(("pages", "log"), [*_PAIRS, *_DRAWN])
def test_a_run_of_degenerate_input_ends_with_figures_or_with_an_error_of_its_own(
    pages, log, tmp_path
):
    site = write_pages(tmp_path / "site", PAGES[pages])
    file = write_log(tmp_path / "log.jsonl", LOGS[log])
    try:
        analysis = run_small(site, [file], tmp_path / "run")
    except CoverageKitError as error:
        assert error.cure
        return
    describe_run(analysis, tmp_path)
    write_page(analysis, tmp_path / "page.html")
    write_workbook(analysis, tmp_path / "gaps.xlsx")
    assert list(list_pretences(analysis)) == []


def list_pretences(analysis):
    """Yield the figures that claim more than can be known."""
    for name, table in analysis.tables().items():
        for column in table.select_dtypes("number"):
            if np.isinf(table[column].to_numpy(np.float64, na_value=np.nan)).any():
                yield f"{name}.{column} is infinite"
        if {"low", "high"} <= set(table.columns):
            for row in table.to_dict("records"):
                if row["high"] < row["low"]:
                    yield f"{name}: {row['low']} to {row['high']}"
    for name, value in (("coverage", "coverage"), ("gaps", "severity")):
        table = getattr(analysis, name)
        width = table["high"] - table["low"]
        # Coverage near 0 or 1 may be sure where a self-test says that it can be told.
        min_width = 1e-6 if analysis.about.self_test else 0.1
        if not (width > min_width).all():
            yield f"{name}: {value} within {width.min():.4f}"
    test = analysis.about.self_test
    if test and not test["low"] < test["high"]:
        yield f"AUC {test['auc']} within {test['low']} to {test['high']}"
    for name in ("visibility", "verdicts", "drifts", "claim_rates", "holders"):
        table = getattr(analysis, name)
        width = pd.to_numeric(table["high"] - table["low"])
        if not (width[width.notna()] > 0).all():
            yield f"{name}: an interval of no width"


def test_a_page_of_two_passages_does_not_pass_for_an_answer_to_everything(tmp_path):
    pages = {"brakes": "The price of brakes is low.\n\n# Repair\n\nRepair of brakes is easy."}
    site = write_pages(tmp_path / "site", pages)
    analysis = run_small(site, [write_log(tmp_path / "log.jsonl", sample_records())], tmp_path)
    assert len(analysis.passages) == 2
    assert analysis.about.self_test is None
    assert (analysis.coverage["high"] - analysis.coverage["low"]).min() > 0.2


def test_no_edit_of_a_small_log_gains_more_questions_than_are_asked(tmp_path):
    pages = {
        "one": "To bleed a brake, open the lever and push fluid through.",
        "two": "Tyres need air.",
        "three": "A chain needs oil.",
    }
    records = [answered("how do I bleed a brake"), answered("how do I pump a tyre")]
    site = write_pages(tmp_path / "site", pages)
    edits = run_small(site, [write_log(tmp_path / "log.jsonl", records)], tmp_path / "run").edits
    assert edits["high"].max() <= 2
