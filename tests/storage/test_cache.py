"""Results are reused while their inputs are the same, and never otherwise."""

import numpy as np
import pandas as pd
import pytest

from coverage_kit.pipeline.analyze import analyze
from coverage_kit.settings import make_settings
from coverage_kit.storage import cache
from coverage_kit.storage.cache import ResultCache, digest
from coverage_kit.vectors import Embeddings
from tests.encoder import WordEncoder

TABLE = pd.DataFrame({"name": pd.Series(["a", None], dtype="str"), "n": [1, 2]})
SUBJECTS = [
    "brake pads",
    "tyre tread",
    "battery range",
    "delivery slots",
    "saddle height",
    "chain wear",
    "light beams",
]


def test_what_was_made_of_the_same_input_is_not_made_again(tmp_path):
    first = ResultCache(tmp_path)
    made = first.get_or_compute(
        "one", [TABLE, 3], lambda: {"table": TABLE, "values": np.arange(3), "quality": {"auc": 0.5}}
    )
    again = ResultCache(tmp_path)
    reused = again.get_or_compute("one", [TABLE.copy(), 3], lambda: pytest.fail("made again"))
    pd.testing.assert_frame_equal(reused["table"], TABLE)
    assert (reused["values"] == made["values"]).all()
    assert reused["quality"] == {"auc": 0.5}
    assert (first.made, first.reused, again.made, again.reused) == (["one"], [], [], ["one"])


def test_another_input_name_or_code_is_made_anew(tmp_path, monkeypatch):
    results = ResultCache(tmp_path)
    results.get_or_compute("one", [1], lambda: {"answer": "first"})
    assert results.get_or_compute("one", [2], lambda: {"answer": "second"})["answer"] == "second"
    assert results.get_or_compute("two", [1], lambda: {"answer": "third"})["answer"] == "third"
    monkeypatch.setattr(cache, "code_digest", lambda: "a later version")
    assert results.get_or_compute("one", [1], lambda: {"answer": "fourth"})["answer"] == "fourth"
    assert results.reused == []


@pytest.mark.parametrize("name", ["*.json", "*.table.parquet"])
def test_what_cannot_be_read_is_made_anew(tmp_path, name):
    results = ResultCache(tmp_path)
    results.get_or_compute("one", [1], lambda: {"table": TABLE})
    next(tmp_path.rglob(name)).write_bytes(b"{")
    assert results.get_or_compute("one", [1], lambda: {"table": TABLE[:1]})["table"].shape == (1, 2)


def test_only_the_last_three_of_a_name_stay(tmp_path):
    results = ResultCache(tmp_path)
    for number in range(6):
        results.get_or_compute("one", [number], lambda: {"n": 1})
    assert len(list((tmp_path / "one").glob("*.json"))) == 3


def test_a_digest_changes_with_every_part_of_its_input():
    vectors = np.eye(2, dtype=np.float32)
    inputs = [
        [TABLE],
        [TABLE.assign(n=[1, 3])],
        [TABLE.rename(columns={"n": "m"})],
        [TABLE[:1]],
        [TABLE, 1],
        [TABLE, 2],
        [vectors],
        [vectors.astype(np.float64)],
        [vectors.reshape(1, 4)],
        [vectors[::-1]],
        [None],
        ["ab"],
        ["a", "b"],
        [Embeddings(("a", "b"), vectors, "e")],
        [Embeddings(("a", "c"), vectors, "e")],
        [Embeddings(("a", "b"), vectors, "f")],
    ]
    assert len({digest(values) for values in inputs}) == len(inputs)
    assert digest([TABLE]) == digest([pd.concat([TABLE[:1], TABLE[1:]])])


@pytest.fixture
def project(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for number in range(30):
        subject = SUBJECTS[number % 5]
        (site / f"p{number}.md").write_text(
            f"# Page {number}\n\n## All on {subject}\n\nThe {subject} of model {number} are fine."
        )
    queries = [
        f"are the {subject} of model {number} fine" for number in range(8) for subject in SUBJECTS
    ]
    (tmp_path / "log.csv").write_text("query\n" + "\n".join(queries))
    match = {"calibration_rounds": 4, "bootstraps": 20}
    folders = {"out": str(tmp_path / "run"), "cache": str(tmp_path / "cache")}
    return make_settings(
        {
            "site": {"source": str(site)},
            "log": {"files": [str(tmp_path / "log.csv")]},
            "match": match,
            **folders,
        }
    )


def assert_same(analysis, other, without=()):
    for name, table in analysis.tables().items():
        if name not in ("stages", "pages", *without):
            pd.testing.assert_frame_equal(table, other.tables()[name], obj=name)


def test_a_run_of_unchanged_input_reuses_matches_clusters_calibration_and_map(project):
    first, second = analyze(project, WordEncoder()), analyze(project, WordEncoder())
    assert first.stages["reused"].isna().all()
    assert list(second.stages["reused"].dropna()) == [
        "matches, clusters, calibration",
        "map",
    ]
    assert second.stages["n_embedded"].sum() == 0
    assert_same(first, second)


def test_after_a_change_nothing_stale_is_reused(project, tmp_path):
    analyze(project, WordEncoder())
    (tmp_path / "site" / "p3.md").write_text(
        "# Page 3\n\n## On bells\n\nA bell is fitted to every model that we sell."
    )
    (tmp_path / "log.csv").write_text(
        (tmp_path / "log.csv").read_text() + "\nis there a bell on every model"
    )
    later = analyze(project, WordEncoder())
    fresh = analyze(project.model_copy(update={"cache": str(tmp_path / "other")}), WordEncoder())
    assert later.stages["reused"].isna().all()
    # the new texts, and the candidate names of the topics that they change
    assert 0 < later.stages["n_embedded"].sum() < fresh.stages["n_embedded"].sum() / 4
    assert_same(later, fresh, without=["points"])
    assert set(later.points["point_id"]) == set(fresh.points["point_id"])
