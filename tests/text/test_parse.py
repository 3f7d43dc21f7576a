"""Whatever is wrong with the text of a file is a ValueError."""

import pytest

from coverage_kit.errors import RunError, SettingsError
from coverage_kit.llm.costs import read_prices
from coverage_kit.measure.judge.rubrics import read_rubric
from coverage_kit.report.edit_selection import read_drafts
from coverage_kit.settings import read_settings
from coverage_kit.text.parse import parse_json, parse_toml

DEEP = "[" * 100_000


@pytest.mark.parametrize("text", [DEEP, "{", "", "\ud800"])
def test_broken_text_is_a_value_error(text):
    for parse in (parse_json, parse_toml):
        if text or parse is parse_json:
            with pytest.raises(ValueError):
                parse(text)


def test_files_of_users_that_are_nested_too_deep_are_errors_with_a_cure(tmp_path):
    toml, drafts = tmp_path / "a.toml", tmp_path / "drafts.json"
    toml.write_text(f"a = {DEEP}")
    drafts.write_text(DEEP)
    for read in (read_settings, read_prices, read_rubric):
        with pytest.raises(SettingsError, match="nested too deep"):
            read(toml)
    with pytest.raises(RunError, match="nested too deep"):
        read_drafts(drafts, [])
