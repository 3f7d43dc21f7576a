import pytest

from studies.change import World, run_change, simulate


@pytest.fixture(scope="module")
def small():
    return {
        effect: simulate(World(effect=effect), 100, 0).set_index("test") for effect in (0.0, 0.3)
    }


def test_where_nothing_was_changed_verdicts_are_rare_and_usual_tests_see_the_engine(small):
    shown = small[0.0]
    assert (
        shown.loc["this toolkit", "treated"] <= 0.09
    )  # .05 and two standard errors of a hundred logs
    assert shown.loc["this toolkit", "any_cluster"] <= 0.09
    assert shown.loc[["z of answers", "paired t of prompts"], "treated"].min() > 0.12


def test_a_large_effect_is_shown(small):
    shown = small[0.3].loc["this toolkit"]
    assert shown["treated"] > 0.8
    assert shown["clusters"] > 0.05
    assert shown["smallest_treated"] == pytest.approx(0.2, abs=0.05)


def test_seldom_cited_clusters_do_not_seem_to_gain_when_all_lose():
    shown = simulate(World(offset=-2.0, drift=-1.0, n_prompts=20), 40, 1).set_index("test")
    assert shown.loc["this toolkit", "treated"] <= 0.1
    assert shown.loc["t of prompts less drift", "treated"] > 0.3


def test_the_table_has_every_world_and_test(capsys):
    table = run_change(1)
    assert table["test"].nunique() == 4
    assert len(table) == 4 * (7 + 6)
    assert "false verdicts" in capsys.readouterr().out
