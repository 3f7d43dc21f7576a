import re
import tomllib

import pytest
from pydantic import ValidationError

from coverage_kit.errors import SettingsError
from coverage_kit.settings import (
    DraftSettings,
    Settings,
    make_settings,
    read_settings,
    write_template,
)
from coverage_kit.settings.read import RENAMED_KEYS


def write(tmp_path, text):
    path = tmp_path / "coverage.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_relative_paths_start_at_the_file_and_urls_stay(tmp_path):
    text = (
        '[site]\nsource = "pages"\n[[competitors]]\nsource = "https://a.example/"\n'
        '[log]\nfiles = ["l.csv"]\n'
    )
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
def test_the_error_about_a_wrong_file_names_the_key(tmp_path, text, message):
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


def test_the_template_holds_every_key_with_its_description_and_its_default():
    text = write_template()
    default = make_settings({"site": {"source": "site"}, "log": {"files": ["answers.jsonl"]}})
    assert make_settings(tomllib.loads(text)) == default
    flat = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for section in (Settings, *(type(getattr(default, name)) for name in Settings.model_fields)):
        for key, field in getattr(section, "model_fields", {}).items():
            assert re.search(rf"^(# )?\[*(\w+\.)?{key}\b", text, re.M), key
            assert not field.description or field.description in flat, key


def test_the_examples_of_the_template_are_settings_too():
    lines = [
        re.sub(r"^# (?=\[+[\w.]+\]+$|\w+ = )", "", line) for line in write_template().splitlines()
    ]
    settings = make_settings(tomllib.loads("\n".join(lines)))
    assert settings.competitors[0].source.startswith("https://")
    assert settings.ask.engines[0].kind == "perplexity"
    assert settings.log.columns["query"]
    assert settings.before_after.changed_at is not None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[engine]\nname = 'ray'\n", "parallel"),
        ("[change]\nwindow_days = 7\n", "before_after"),
        ("[match]\nrounds = 4\n", "match.calibration_rounds"),
        ("[[ask.engines]]\nname = 'x'\nkind = 'chat'\nkey_variable = 'K'\n", "api_key_env"),
    ],
)
def test_the_error_about_an_old_key_gives_the_new_name(tmp_path, text, name):
    with pytest.raises(SettingsError, match=name) as caught:
        read_settings(write(tmp_path, f"[site]\nsource = 'x'\n{text}"))
    assert "a key of an earlier version" in str(caught.value)


def test_every_renamed_key_leads_to_an_existing_key():
    text = write_template()
    for new in RENAMED_KEYS.values():
        assert re.search(rf"^(# )?\[*{new.split(';')[0].split('.')[-1]}\b", text, re.M), new


@pytest.mark.parametrize(
    "text",
    [
        '[draft]\napi_key = "sk-secret"\n',
        '[site]\nsource = "s"\n[judge]\nbase_url = "sk-secret"\n',
        '[site]\nsource = "s"\n[[ask.engines]]\nname = "x"\nkey = "sk-secret"\n',
    ],
)
def test_a_key_pasted_into_the_settings_is_not_repeated_in_the_error(tmp_path, text):
    path = tmp_path / "coverage.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert "sk-secret" not in str(caught.value)


def test_the_error_about_a_missing_section_says_found_nothing(tmp_path):
    path = tmp_path / "coverage.toml"
    path.write_text('[draft]\nmodel = "m"\n')
    with pytest.raises(SettingsError, match="'site'; found nothing"):
        read_settings(path)


@pytest.mark.parametrize("table", ["[site]", "[site]\nsource = 'x'\n[[competitors]]"])
def test_an_empty_source_is_an_error_and_not_the_project_folder(tmp_path, table):
    with pytest.raises(SettingsError, match="source"):
        read_settings(write(tmp_path, f"{table}\nsource = ''\n"))


def test_a_login_in_the_url_of_a_site_is_in_no_setting(tmp_path):
    text = (
        '[site]\nsource = "https://maria:pass-word@www.example.com/a"\n'
        'base_url = "https://maria:pass-word@www.example.com"\n'
        '[[competitors]]\nsource = "https://maria:pass-word@rival.example/sitemap.xml"\n'
    )
    settings = read_settings(write(tmp_path, text))
    assert settings.site.source == "https://www.example.com/a"
    assert settings.site.base_url == "https://www.example.com"
    assert settings.competitors[0].source == "https://rival.example/sitemap.xml"
    shown = f"{settings!r} {settings.model_dump_json()}"
    assert "pass-word" not in shown
    assert "maria" not in shown


@pytest.mark.parametrize(
    "text",
    [
        'site = "https://maria:pass-word@example.com/"\n',
        'out = 3\nsite = "https://maria:pass-word@example.com/"\n',
        '[site]\nsource = ["https://maria:pass-word@example.com/"]\n',
        '[site]\nsource = "s"\nbrand = "https://maria:pass-word@example.com/"\n',
        '[site]\nsource = "s"\n[draft]\nbase_url = "https://maria:pass-word@example.com/"\n',
        '[site]\nsource = "s"\n[judge]\nbase_url = "https://example.com/?key=pass-word"\n',
        '[site]\nsource = "s"\n[[ask.engines]]\nname = "x"\nkind = "chat"\n'
        'base_url = "https://maria:pass-word@example.com/"\n',
    ],
)
def test_no_error_about_settings_shows_a_password(tmp_path, text):
    with pytest.raises(SettingsError) as caught:
        read_settings(write(tmp_path, text))
    assert "pass-word" not in str(caught.value)


def test_errors_of_pydantic_show_no_value():
    with pytest.raises(ValidationError) as caught:
        DraftSettings(base_url="https://maria:pass-word@example.com/")
    assert "pass-word" not in str(caught.value)
