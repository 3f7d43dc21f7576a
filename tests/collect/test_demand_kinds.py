import pytest

from tests.collect.log_samples import read_rows


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("Avg. monthly searches", "estimated"),
        ("search_volume", "estimated"),
        ("times asked", "measured"),
        ("count", "measured"),
    ],
)
def test_volumes_of_keyword_tools_are_estimates(tmp_path, column, kind):
    log = read_rows(tmp_path, {"Keyword": "tents", column: "900"})
    assert log.queries[["demand", "demand_kind"]].to_numpy().tolist() == [[900.0, kind]]


def test_ahrefs_demand_is_an_estimate(tmp_path):
    row = {"question": "tents", "response": "Yes.", "data_source": "chatgpt", "volume": "900"}
    assert read_rows(tmp_path, row).queries["demand_kind"].tolist() == ["estimated"]
