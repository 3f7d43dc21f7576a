"""Runs with an edit for each gap, of which half are drawn to be published first."""

from dataclasses import replace

from coverage_kit.tables import GAPS
from tests.two_runs import SITE, make_changes, make_edits, make_effects, make_passages, make_run

# Questions of each gap.
N_QUESTIONS = 3
WORDS = (
    *("alder", "birch", "cedar", "elder", "hazel", "larch", "maple"),
    *("osier", "poplar", "rowan", "spruce", "willow", "yew", "aspen"),
)


def page(number):
    return f"ours.example/p{number}"


def asked(n_gaps, rises=()):
    """Return the questions: coverage .2, raised by gap."""
    raised = dict(enumerate(rises))
    return [
        (f"q{gap}-{i}", f"{WORDS[gap]} question {i}", 10.0, f"c{gap}", 0.2 + raised.get(gap, 0.0))
        for gap in range(n_gaps)
        for i in range(N_QUESTIONS)
    ]


def text_of(gap):
    """Return words that no other edit has."""
    return " ".join(f"{WORDS[gap]}{word}" for word in WORDS[:7])


def first_run(n_gaps, same_page=(), rise=0.5):
    """Return a run with an edit a gap, each on a page of its own but for those of `same_page`."""
    names = [f"e{gap}" for gap in range(n_gaps)]
    gains = [100.0 / (1 + gap) for gap in range(n_gaps)]
    edits = make_edits(
        *(
            (name, f"c{gap}", gains[gap], gains[gap] / 2, 2 * gains[gap])
            for gap, name in enumerate(names)
        )
    )
    pages = [page(same_page[0] if gap in same_page else gap) for gap in range(n_gaps)]
    effects = make_effects(
        *(
            (f"e{gap}", f"q{gap}-{i}", 0.2, 0.2 + rise, False)
            for gap in range(n_gaps)
            for i in range(N_QUESTIONS)
        )
    )
    changes = make_changes(
        *(
            (name, "insert_section", pages[gap], "Top", None, f"## {WORDS[gap]}\n\n{text_of(gap)}")
            for gap, name in enumerate(names)
        )
    )
    run = make_run(
        asked(n_gaps), edits=edits.assign(page_id=pages), effects=effects, changes=changes
    )
    gaps = GAPS.empty()
    rows = [dict.fromkeys(gaps.columns) for _ in names]
    for gap, row in enumerate(rows):
        row |= {"cluster_id": f"c{gap}", "gap_id": f"g{gap:04}", "rank": gap + 1}
        row |= {"label": "x", "theme_id": "t", "n_queries": 3, "demand": 30.0, "severity": 0.8}
        row |= {"low": 0.5, "high": 0.9, "cause": "missing", "reason": "none", "is_closable": True}
        row |= {"medoid_query_id": f"q{gap}-0"}
    passages = make_passages(*SITE, *((page(gap), "Top", "Old words.") for gap in range(n_gaps)))
    return replace(run, gaps=GAPS.table(rows), passages=passages)
