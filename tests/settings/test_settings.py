import re
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

import coverage_kit
from coverage_kit.errors import SettingsError
from coverage_kit.settings import Settings, make_settings, read_settings


def write(tmp_path, text):
    path = tmp_path / "coverage.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_relative_paths_start_at_the_file_and_urls_stay(tmp_path):
    text = '[site]\nsource = "pages"\n[[competitors]]\nsource = "https://a.example/"\n[log]\nfiles = ["l.csv"]\n'
    settings = read_settings(write(tmp_path, text))
    assert settings.site.source == str(tmp_path / "pages")
    assert settings.competitors[0].source == "https://a.example/"
    assert settings.log.files == (str(tmp_path / "l.csv"),)
    assert settings.out == str(tmp_path / "runs/latest")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[site]\nsorce = 'x'\n", "'site.source'"),
        ("[site]\nsource = 'x'\ncolour = 1\n", "an unknown key"),
        ("[site]\nsource = 'x'\n[match]\nneighbors = 3\n", "match.neighbors"),
        ("[site]\nsource = 'x'\nseed = -1\n", "site.seed"),
        ("[site\n", "valid TOML"),
    ],
)
def test_a_wrong_file_is_told_by_key(tmp_path, text, message):
    with pytest.raises(SettingsError) as caught:
        read_settings(write(tmp_path, text))
    assert message in str(caught.value)
    assert "coverage.toml" in str(caught.value)


def test_a_missing_file_names_the_cure(tmp_path):
    with pytest.raises(SettingsError, match="coverage-kit init"):
        read_settings(tmp_path / "none.toml")


def test_settings_are_frozen():
    settings = make_settings({"site": {"source": "x"}})
    with pytest.raises(ValidationError):
        settings.seed = 3


def test_the_template_explains_every_key_with_its_default():
    """A knob that the template leaves out, or whose default it has wrong, fails here."""
    text = (Path(coverage_kit.__file__).parent / "coverage.toml").read_text(encoding="utf-8")
    values = tomllib.loads(text)
    default = make_settings({"site": {"source": "site"}, "log": {"files": ["answers.jsonl"]}})
    assert make_settings(values) == default
    for section, field in Settings.model_fields.items():
        model = field.annotation
        keys = getattr(model, "model_fields", {section: None})
        missing = [
            key
            for key in keys
            if section != "language" and not re.search(rf"^(# )?\[?\[?(\w+\.)?{key}\b", text, re.M)
        ]
        assert missing in ([], ["competitors"]), (section, missing)


@pytest.mark.parametrize(
    "text",
    [
        '[draft]\napi_key = "sk-secret"\n',
        '[site]\nsource = "s"\n[judge]\nbase_url = "sk-secret"\n',
        '[site]\nsource = "s"\n[[ask.engines]]\nname = "x"\nkey = "sk-secret"\n',
    ],
)
def test_a_key_pasted_into_the_settings_is_not_told_again(tmp_path, text):
    path = tmp_path / "coverage.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert "sk-secret" not in str(caught.value)


def test_a_missing_section_is_told_as_nothing(tmp_path):
    path = tmp_path / "coverage.toml"
    path.write_text('[draft]\nmodel = "m"\n')
    with pytest.raises(SettingsError, match="'site'; found nothing"):
        read_settings(path)
