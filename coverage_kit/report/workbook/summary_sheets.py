"""What the workbook's summary holds: key figures, first gaps and edits, and the contents."""

from collections.abc import Iterator, Sequence

import pandas as pd

from coverage_kit.analysis import Analysis
from coverage_kit.headline import Headline, summarize
from coverage_kit.report.gap_lists import list_gaps
from coverage_kit.report.joined import describe_edits, describe_gaps
from coverage_kit.report.level import between, describe_answered, describe_level
from coverage_kit.report.site_account import describe_counts
from coverage_kit.report.trust import describe_not_assessed
from coverage_kit.report.visibility_joined import describe_visibility
from coverage_kit.report.wording import LOW_N, amount, count, interval, minutes
from coverage_kit.report.workbook.sheet import (
    Form,
    Sheet,
    SheetColumn,
    link_gaps,
    link_rows,
    link_to_row,
    name_page,
    with_gap_link,
)
from coverage_kit.vocabulary import TO_CLOSE

# Gaps and edits that the summary names.
_N_TOPS = 3
# The blocks of the summary share its four columns, so their widths are those of the first block.
# Texts repeat theirs, because the height of a row is counted from it.
_TOP_GAPS = (
    SheetColumn("top gaps", "label", width=54, link="gap_at"),
    SheetColumn("times asked", "demand", "integer", 12),
    SheetColumn("questions unanswered", "open_of", width=13),
    SheetColumn("who is cited instead", "cited_instead", width=56),
)
_TOP_EDITS = (
    SheetColumn("top edits", "subject", width=54, link="edit_at"),
    SheetColumn("minutes", "cost_minutes", "integer", 12),
    SheetColumn("questions gained", "marginal_gain", "integer", 13),
    SheetColumn("what is done", "what", width=56),
)
# A row for each sheet of the workbook.
_CONTENTS = (
    SheetColumn("all sheets", "name", width=54, link="at"),
    SheetColumn("rows", "n_rows", "integer", 12),
    SheetColumn("shown", "shown", width=13),
    SheetColumn("what it is for", "purpose", width=56),
)
HOW_TO_SHOW = (
    "Hidden sheets are for engineers. To show one, right-click any tab and choose Unhide (Excel) "
    "or Show Sheet (LibreOffice); in Google Sheets, View and Hidden sheets. In a sheet, a + above "
    "the headings opens further columns."
)


def list_contents(sheets: Sequence[Sheet]) -> Sheet:
    """Return what each sheet is for, with a link to those that are shown."""
    rows = [
        (
            sheet.name,
            len(sheet.rows),
            "hidden" if sheet.is_hidden else "yes",
            sheet.purpose,
            None if sheet.is_hidden else link_to_row(sheet.name),
        )
        for sheet in sheets
    ]
    return Sheet(
        "contents",
        _CONTENTS,
        pd.DataFrame(rows, columns=["name", "n_rows", "shown", "purpose", "at"]),
    )


def describe_answer(analysis: Analysis) -> str:
    """Return in a sentence or two which questions your site does not answer."""
    head = summarize(analysis)
    share = describe_answered(analysis.about, head)
    gaps = list_gaps(analysis)
    names = [f"“{name}”" for name in gaps.loc[gaps["listing"] == TO_CLOSE, "label"].head(_N_TOPS)]
    if not names:
        return f"{share} No topic is a gap to close."
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    verb = "is" if head.n_severe == 1 else "are"
    first = "" if head.n_severe == 1 else ", above all"
    return f"{share} {count(head.n_severe, 'topic')} {verb} not answered well{first}: {listed}."


def list_tops(analysis: Analysis) -> list[Sheet]:
    """Return the top gaps to close, and the top edits, with links to them."""
    gaps = describe_gaps(analysis)
    edits = describe_edits(analysis)
    gap_links = link_gaps(gaps)
    edits = edits.assign(
        edit_at=edits["edit_id"].map(link_rows("edits", edits["edit_id"])),
        what=[
            f"{task}; {name_page(page_id, analysis.about.own_site)}"
            for task, page_id in zip(edits["task"], edits["page_id"], strict=True)
        ],
    )
    listed = gaps[gaps["listing"] == TO_CLOSE]
    counts = zip(listed["n_open"], listed["n_queries"], strict=True)
    listed = listed.assign(
        open_of=[f"{n_open:,} of {n_queries:,}" for n_open, n_queries in counts],
        cited_instead=listed["rival"].where(listed["rival"] != ""),
    )
    tops = (
        Sheet("top gaps", _TOP_GAPS, listed),
        Sheet("top edits", _TOP_EDITS, edits),
    )
    return [
        Sheet(top.name, top.fields, with_gap_link(top.rows.head(_N_TOPS), gap_links))
        for top in tops
    ]


def list_figures(
    analysis: Analysis,
) -> list[tuple[str, float | str, Form, str]]:
    """Return the key figures as (name, value, form, note)."""
    head = summarize(analysis)
    rows: list[tuple[str, float | str, Form, str]] = [
        (
            "pages read",
            head.n_pages,
            "integer",
            " ".join(
                [
                    "Of all sites.",
                    *describe_counts(analysis.pages, analysis.unread, analysis.about.own_site),
                ]
            ),
        ),
        (
            "questions",
            head.n_queries,
            "integer",
            f"{head.n_answers:,} logged answers",
        ),
        ("times asked", head.demand, "integer", ""),
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
            "mean over the questions, weighted by how often each was asked",
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
            "answered questions gained",
            head.planned_gain,
            "integer",
            f"{amount(head.planned_low)} to {amount(head.planned_high)} (90% interval); "
            "a prediction, no promise",
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
        note = f"{interval(row['low'], row['high'])}; {counts}, {row['n_prompts']} questions"
        if row["is_low_n"]:
            note += f"; {LOW_N}"
        yield (
            f"citation rate, {row['series']}",
            float(row["value"]),
            "percent",
            note,
        )


def _budget(head: Headline) -> str:
    return f"{minutes(head.budget_minutes)} minutes"
