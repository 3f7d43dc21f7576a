"""A gap keeps its identity between runs, and its status says what became of it."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from coverage_kit.pipeline.gap_status import (
    GapMemory,
    join_memories,
    list_asked,
    remember_gaps,
    track_gaps,
)
from coverage_kit.pipeline.history import finish_run
from coverage_kit.report.page_data.trend import list_news
from coverage_kit.report.site_copy import write_site_copy
from coverage_kit.tables import CHANGES, CLUSTERS, COVERAGE, EDITS, GAPS, PASSAGES, QUERIES
from tests.reliability.small_run import (
    run_small,
    sample_pages,
    sample_records,
    write_log,
    write_pages,
)

# Half the width of the intervals of coverage.
WIDTH = 0.05
NO_EDITS = (CHANGES.empty(), EDITS.empty())


def measure(clusters, causes=None, seed=0):
    """Return the gaps and questions of a run, its rows shuffled.

    `clusters` holds by cluster_id the coverage of each question, or its (coverage, demand).
    """
    rows = [
        {"cluster_id": cluster_id, "query_id": query_id, "value": value}
        for cluster_id, members in clusters.items()
        for query_id, value in members.items()
    ]
    for row in rows:
        value = row["value"] if isinstance(row["value"], tuple) else (row["value"], 1.0)
        row["coverage"], row["demand"] = value
        row |= {"low": row["coverage"] - WIDTH, "high": row["coverage"] + WIDTH}
        row |= {"text": row["query_id"], "cause": "missing", "membership": 1.0}
    frame = pd.DataFrame(rows).sample(frac=1, random_state=seed)
    gaps = []
    for cluster_id, members in frame.groupby("cluster_id", sort=False):
        severity = 1 - np.average(members["coverage"], weights=members["demand"])
        cause = (causes or {}).get(cluster_id, "missing" if severity > 0.5 else "covered")
        gaps.append(
            {
                "cluster_id": cluster_id,
                "label": f"topic {cluster_id}",
                "n_queries": len(members),
                "demand": members["demand"].sum(),
                "severity": severity,
                "low": severity,
                "high": severity,
                "cause": cause,
                "reason": "",
                "medoid_query_id": members["query_id"].min(),
                "is_closable": cause != "out of scope",
                "rank": 1 + len(gaps),
            }
        )
    tables = (QUERIES.typed(frame), CLUSTERS.typed(frame), COVERAGE.typed(frame))
    return GAPS.table(gaps), list_asked(*tables)


def follow(*runs, seed=0):
    """Return the tracked gaps of several runs, by cluster_id, each run knowing those before it."""
    memory = GapMemory()
    results = []
    for run in runs:
        clusters, causes = run if isinstance(run, tuple) else (run, None)
        gaps, asked = measure(clusters, causes, seed)
        gaps = track_gaps(gaps, asked, PASSAGES.empty(), memory)
        last = remember_gaps(gaps, asked, *NO_EDITS, PASSAGES.empty())
        memory = join_memories(memory, last)
        results.append(gaps.set_index("cluster_id"))
    return results


def members(prefix, n, coverage=0.2):
    return {f"{prefix}{number}": coverage for number in range(n)}


def test_gaps_of_the_first_run_are_open_and_none_is_new():
    (first,) = follow({"a": members("a", 3), "b": members("b", 5), "c": members("c", 2, 0.9)})
    # Ids follow the demand.
    assert first["gap_id"].to_dict() == {"b": "g0001", "a": "g0002", "c": "g0003"}
    assert first["status"].dropna().to_dict() == {"a": "open", "b": "open"}
    assert set(first["status_reason"].dropna()) == {"open: there is no earlier run to compare with"}


def test_a_run_that_measures_the_same_keeps_ids_statuses_and_reasons():
    run = {"a": members("a", 3), "b": members("b", 3)}
    changed = {"a": members("a", 3, 0.9), "b": members("b", 3), "c": members("c", 3)}
    _, second, third = follow(run, changed, changed)
    assert second["status"].to_dict() == {"a": "closed", "b": "open", "c": "new"}
    columns = ["gap_id", "status", "status_reason"]
    pd.testing.assert_frame_equal(third[columns], second[columns])


def test_a_gap_is_closed_stays_closed_and_is_reopened():
    low, high, other = members("a", 4, 0.31), members("a", 4, 0.78), {"b": members("b", 3)}
    runs = follow(
        *({"a": gap, **other} for gap in (low, high)),
        {"a": {**high, "a9": 0.8}, **other},
        *({"a": gap, **other} for gap in (members("a", 4, 0.35), members("a", 4, 0.36))),
    )
    assert [run.loc["a", "gap_id"] for run in runs] == ["g0001"] * 5
    assert [run.loc["a", "status"] for run in runs] == [
        *("open", "closed", "closed", "reopened", "open"),
    ]
    closed = "closed: coverage 31% to 78%; no proposed edit was recognised on your pages"
    assert runs[1].loc["a", "status_reason"] == runs[2].loc["a", "status_reason"] == closed
    assert runs[3].loc["a", "status_reason"] == "reopened: coverage fell from 78% to 35%"
    assert "no clear change" in runs[4].loc["a", "status_reason"]


def test_a_gap_that_leaves_the_list_without_a_clear_change_is_not_called_closed():
    runs = follow(*({"a": members("a", 4, coverage)} for coverage in (0.48, 0.52, 0.49, 0.9)))
    assert [run.loc["a", "status"] for run in runs] == ["open", "open", "open", "closed"]
    assert "48% to 52%, no clear change" in runs[1].loc["a", "status_reason"]


def test_a_topic_that_enters_the_list_without_a_clear_change_is_not_called_reopened():
    _, second = follow({"a": members("a", 4, 0.52)}, {"a": members("a", 4, 0.48)})
    assert second.loc["a", "status"] == "open"
    assert "it was not in the list before" in second.loc["a", "status_reason"]


def test_a_topic_that_was_covered_from_the_first_is_reopened_when_it_falls():
    _, second = follow({"a": members("a", 4, 0.8)}, {"a": members("a", 4, 0.3)})
    assert second.loc["a", "status"] == "reopened"


def test_a_gap_that_no_edit_can_close_any_more_is_not_called_closed():
    run = {"a": members("a", 4)}
    _, second = follow(run, (run, {"a": "out of scope"}))
    assert second.loc["a", "status"] == "open"
    assert "no edit of your site can close it" in second.loc["a", "status_reason"]


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ({**members("a", 6), "a0": 0.7}, "shrinking"),  # one question answered
        (members("a", 6, 0.2 + 3 * WIDTH), "shrinking"),  # all clearly up, none answered
        (members("a", 6, 0.2 + WIDTH), "open"),  # within the interval
        ({**members("a", 6), "a5": 0.49}, "open"),  # up, and not answered
        (members("a", 3), "open"),  # half of the questions are not asked any more
    ],
)
def test_a_gap_shrinks_where_its_questions_clearly_rose(now, status):
    _, second = follow({"a": members("a", 6)}, {"a": now})
    assert second.loc["a", "status"] == status


def test_a_question_that_crosses_the_line_within_its_interval_does_not_shrink_a_gap():
    _, second = follow(
        {"a": {**members("a", 6), "a0": 0.49}}, {"a": {**members("a", 6), "a0": 0.51}}
    )
    assert second.loc["a", "status"] == "open"


def test_a_gap_does_not_shrink_by_losing_its_open_questions_to_another_cluster():
    first = {"a": {**members("a", 4, 0.4), "a8": 0.05, "a9": 0.05}}
    now = {"a": members("a", 4, 0.4), "b": {"a8": 0.05, "a9": 0.05}}
    _, second = follow(first, now)
    assert second["status"].to_dict() == {"a": "open", "b": "open"}


def test_the_larger_part_of_a_split_gap_keeps_the_id_and_the_other_is_not_new():
    gap = members("a", 10)
    parts = {"x": dict(list(gap.items())[:4]), "y": dict(list(gap.items())[4:])}
    _, second = follow({"a": gap}, parts)
    assert second["gap_id"].to_dict() == {"y": "g0001", "x": "g0002"}
    assert second["status"].to_dict() == {"x": "open", "y": "open"}
    assert second.loc["x", "status_reason"].endswith("it was a part of g0001")


def test_merged_gaps_have_the_id_of_the_larger_one_and_no_id_comes_back():
    small, large = members("s", 3), members("l", 6)
    apart = {"s": small, "l": large}
    merged, later = {"m": {**small, **large}}, {"m": {**small, **large}, "n": members("n", 3)}
    first, second, third = follow(apart, merged, later)
    assert first["gap_id"].to_dict() == {"l": "g0001", "s": "g0002"}
    assert second["gap_id"].to_dict() == {"m": "g0001"}
    assert third["gap_id"].to_dict() == {"m": "g0001", "n": "g0003"}


def test_demand_decides_which_part_keeps_the_id():
    gap = {**members("a", 5), "a0": (0.2, 20.0)}
    parts = {"x": {"a0": (0.2, 20.0)}, "y": dict.fromkeys(list(gap)[1:], 0.2)}
    _, second = follow({"a": gap}, parts)
    assert second.loc["x", "gap_id"] == "g0001"


def test_a_gap_is_recognised_where_most_of_the_log_is_new():
    _, second = follow(
        {"a": members("a", 6), "b": members("b", 6)},
        {"a": {"a0": 0.2, **members("new", 9)}, "b": {"b1": 0.2, **members("other", 9)}},
    )
    assert second["gap_id"].to_dict() == {"a": "g0001", "b": "g0002"}


def test_a_gap_that_was_not_asked_for_a_while_gets_its_id_back():
    both = {"a": members("a", 6), "b": members("b", 3)}
    first, _, third = follow(both, {"b": members("b", 4)}, both)
    assert third["gap_id"].to_dict() == first["gap_id"].to_dict()


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=12, max_size=12), min_size=2, max_size=4),
    st.integers(1, 9),
)
def test_ids_are_unique_never_reused_and_the_order_of_rows_is_irrelevant(partitions, seed):
    runs = []
    for number, partition in enumerate(partitions):
        clusters = {}
        for query, cluster in enumerate(partition):
            # Questions come and go.
            if (query + number) % 5:
                clusters.setdefault(f"c{cluster}", {})[f"q{query}"] = (0.2, 1.0 + query % 3)
        runs.append(clusters)
    results, shuffled = follow(*runs), follow(*runs, seed=seed)
    columns = ["gap_id", "status", "status_reason"]
    known: set[str] = set()
    for gaps, others in zip(results, shuffled, strict=True):
        assert gaps["gap_id"].is_unique
        pd.testing.assert_frame_equal(gaps[columns].sort_index(), others[columns].sort_index())
        new = set(gaps["gap_id"]) - known
        newest = max((int(name[1:]) for name in known), default=0)
        assert all(int(name[1:]) > newest for name in new)
        known |= new


class SmallProject:
    """A small site on four of eight subjects, whose runs form one series."""

    def __init__(self, folder):
        self.folder = folder
        self.site = write_pages(folder / "site", sample_pages(4))
        self.records = sample_records()

    def run(self, **sections):
        log = write_log(self.folder / "log.jsonl", self.records)
        return finish_run(
            run_small(
                self.site,
                [log],
                self.folder / "run",
                checks={"dismissed": str(self.folder / "dismissed.csv")},
                match={"calibration_rounds": 4, "bootstraps": 20},
                **sections,
            )
        )

    def replace_site(self, site):
        shutil.rmtree(self.site)
        shutil.copytree(site, self.site)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of one series: the first, the same, one edit made, the edit undone, a topic more."""
    project = SmallProject(tmp_path_factory.mktemp("series"))
    first, same = project.run(), project.run()
    gap = first.gaps[first.gaps["status"] == "open"].iloc[0]
    edits = first.edits[first.edits["cluster_id"] == gap["cluster_id"]]
    edit_id = edits.loc[edits["operation"] == "add_page", "edit_id"].iloc[0]
    changes = first.changes[first.changes["edit_id"] == edit_id]
    shutil.copytree(project.site, project.folder / "old")
    copy = project.folder / "copy"
    write_site_copy(project.site, first.pages, first.passages, changes, copy)
    project.replace_site(copy)
    edited = project.run()
    project.replace_site(project.folder / "old")
    undone = project.run()
    project.records += [
        {**record, "query": record["query"].replace("lights", "brake discs")}
        for record in project.records
        if "lights" in record["query"]
    ]
    grown = project.run()
    return {
        "gap_id": gap["gap_id"],
        "edit_id": edit_id,
        "runs": [first, same, edited, undone, grown],
    }


def status_of(run, gap_id):
    return run.gaps.set_index("gap_id").loc[gap_id, ["status", "status_reason"]].tolist()


def test_a_published_edit_is_named_as_what_closed_the_gap(runs):
    first, same, edited, undone, _ = runs["runs"]
    statuses = [status_of(run, runs["gap_id"]) for run in (first, same, edited, undone)]
    assert statuses[0] == statuses[1]
    assert statuses[2][0] == "closed"
    assert f"closed by edit {runs['edit_id']} (run of 20" in statuses[2][1]
    assert statuses[3][0] == "reopened"
    assert any(statuses[2][1] in line for line in list_news(edited))
    assert any("reopened: coverage fell" in line for line in list_news(undone))


def test_questions_asked_for_the_first_time_are_new_or_join_a_gap(runs):
    undone, grown = runs["runs"][3:]
    known = set(undone.gaps["gap_id"])
    added = set(grown.queries["query_id"]) - set(undone.queries["query_id"])
    gap_of = grown.clusters.merge(grown.gaps, on="cluster_id").set_index("query_id")
    for _, rows in gap_of.loc[sorted(added)].groupby("gap_id"):
        if rows["gap_id"].iloc[0] not in known and rows["cause"].iloc[0] == "missing":
            assert set(rows["status"]) == {"new"}
    assert known & set(grown.gaps["gap_id"])


def test_a_series_that_is_damaged_begins_anew_and_is_set_aside(tmp_path, caplog):
    project = SmallProject(tmp_path)
    first = project.run()
    for file in tmp_path.rglob("history/*.gaps.parquet"):
        file.write_bytes(b"torn")
    again = project.run()
    assert "history: cannot be read" in caplog.text
    assert list(tmp_path.rglob("*.gaps.parquet.unreadable-*"))
    columns = ["gap_id", "status", "status_reason"]
    pd.testing.assert_frame_equal(again.gaps[columns], first.gaps[columns])


def test_two_runs_at_once_do_not_share_a_new_id(tmp_path):
    project = SmallProject(tmp_path)
    first = project.run()
    # Both were measured before either ended, as two processes at once.
    waiting = first.gaps.assign(gap_id=first.gaps["gap_id"].replace("g0001", "g0009"))
    finished = finish_run(replace(first, gaps=waiting))
    assert finished.gaps["gap_id"].tolist() == first.gaps["gap_id"].tolist()
