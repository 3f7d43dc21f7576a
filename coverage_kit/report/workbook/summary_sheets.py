"""What the workbook's summary holds: key figures, first gaps and edits, and the contents."""

from collections.abc import Iterator, Sequence

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import Headline, summarize
from coverage_kit.report.joined import describe_edits, describe_gaps
from coverage_kit.report.level import between, describe_level
from coverage_kit.report.trust import (
    describe_not_assessed,
    describe_pages_left_out,
    predicted_under,
)
from coverage_kit.report.visibility_joined import describe_visibility
from coverage_kit.report.wording import LOW_N, amount, interval, minutes
from coverage_kit.report.workbook.sheet import (
    Form,
    Sheet,
    SheetColumn,
    link_gaps,
    link_rows,
    link_to_row,
    with_gap_link,
)
from coverage_kit.vocabulary import TO_CLOSE

# The blocks of the summary share its four columns, so their widths are those of the first block.
_TOP_GAPS = (
    SheetColumn("first gaps", "label", width=64, link="gap_at"),
    SheetColumn("unanswered", "open_of", width=18),
    SheetColumn("times asked", "demand", "integer", 14),
    SheetColumn("likelihood and cause", "why", width=66),
)
# The columns of the first gaps set the widths. Texts repeat theirs, because the height of a row is
# counted from it.
_TOP_EDITS = (
    SheetColumn("first edits", "listed_as", width=64, link="edit_at"),
    SheetColumn("minutes", "cost_minutes", "integer"),
    SheetColumn("adds (queries asked)", "marginal_gain", "number"),
    SheetColumn("gap", "label", width=66, link="gap_at"),
)
# A row for each sheet of the workbook.
_CONTENTS = (
    SheetColumn("all sheets", "name", width=64, link="at"),
    SheetColumn("rows", "n_rows", "integer", 18),
    SheetColumn("columns", "n_columns", "integer", 14),
    SheetColumn("what it is for", "purpose", width=66),
)


def list_contents(sheets: Sequence[Sheet]) -> Sheet:
    """Return what each sheet is for, with a link to it."""
    rows = [
        (
            sheet.name,
            len(sheet.rows),
            len(sheet.fields),
            sheet.purpose,
            link_to_row(sheet.name),
        )
        for sheet in sheets
    ]
    return Sheet(
        "contents",
        _CONTENTS,
        pd.DataFrame(rows, columns=["name", "n_rows", "n_columns", "purpose", "at"]),
    )


def list_tops(analysis: Analysis, n: int = 10) -> list[Sheet]:
    """Return the first gaps to close, and the first edits, with links to them."""
    gaps = describe_gaps(analysis)
    edits = describe_edits(analysis)
    gap_links = link_gaps(gaps)
    edits = edits.assign(
        edit_at=edits["edit_id"].map(link_rows("edits", edits["edit_id"])),
    )
    listed = gaps[gaps["listing"] == TO_CLOSE]
    counts = zip(listed["n_open"], listed["n_queries"], strict=True)
    causes = zip(listed["likelihood"], listed["cause_title"], strict=True)
    listed = listed.assign(
        open_of=[f"{n_open:,} of {n_queries:,}" for n_open, n_queries in counts],
        why=[": ".join(filter(None, pair)) for pair in causes],
    )
    tops = (
        Sheet("first gaps", _TOP_GAPS, listed),
        Sheet("first edits", _TOP_EDITS, edits),
    )
    return [Sheet(top.name, top.fields, with_gap_link(top.rows.head(n), gap_links)) for top in tops]


def list_figures(
    analysis: Analysis,
) -> list[tuple[str, float | str, Form, str]]:
    """Return the key figures as (name, value, form, note)."""
    head = summarize(analysis)
    rows: list[tuple[str, float | str, Form, str]] = [
        (
            "own site",
            analysis.about.own_site,
            "text",
            " ".join(
                [
                    f"{head.n_pages:,} pages read, all sites.",
                    *describe_pages_left_out(analysis.pages),
                ]
            ),
        ),
        (
            "queries",
            head.n_queries,
            "integer",
            f"{head.n_answers:,} logged answers",
        ),
        ("demand (times asked)", head.demand, "integer", ""),
        (
            "covered",
            between(head.covered_low, head.covered_high),
            "text",
            describe_level(analysis)[0],
        ),
        (
            "covered: estimate",
            head.covered,
            "percent",
            "mean coverage of the questions, weighted by demand",
        ),
        (
            "gaps to close",
            head.n_severe,
            "integer",
            " ".join(
                [
                    f"of {head.n_gaps:,} topics: your site may lack the answer, and an edit can "
                    "give it.",
                    describe_not_assessed(analysis.about),
                ]
            ).strip(),
        ),
        (
            "planned minutes",
            head.planned_minutes,
            "integer",
            f"{head.n_planned:,} edits, of a budget of {_budget(head)}",
        ),
        (
            "predicted gain",
            head.planned_gain,
            "number",
            _gain_note(head, analysis),
        ),
    ]
    return [*rows, *_list_rates(analysis)]


def _list_rates(
    analysis: Analysis,
) -> Iterator[tuple[str, float | str, Form, str]]:
    """Yield the citation rate of your site on each engine and surface."""
    table = describe_visibility(analysis, ("all",))
    for row in table[table["is_own"] & (table["measure"] == "citation_rate")].to_dict("records"):
        counts = f"{amount(row['numerator'])} of {amount(row['denominator'])} answers"
        note = f"{interval(row['low'], row['high'])}; {counts}, {row['n_prompts']} prompts"
        if row["is_low_n"]:
            note += f"; {LOW_N}"
        yield (
            f"citation rate, {row['series']}",
            float(row["value"]),
            "percent",
            note,
        )


def _gain_note(head: Headline, analysis: Analysis) -> str:
    ends = f"{amount(head.planned_low)} to {amount(head.planned_high)}"
    return f"queries asked ({ends}), {predicted_under(analysis.about)}"


def _budget(head: Headline) -> str:
    return f"{minutes(head.budget_minutes)} minutes"
