"""The documentation: nothing in it is stale, what it shows is true, and the site that is made of it needs no network."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import lxml.html
import pytest
from typer.testing import CliRunner

from coverage_kit import errors
from coverage_kit.analysis import save_analysis
from coverage_kit.collect.analytics import read_sessions
from coverage_kit.collect.logs import read_log
from coverage_kit.collect.logs.columns import FIELDS
from coverage_kit.collect.logs.formats import FORMATS, TABLE_FORMATS
from coverage_kit.commands.app import app
from coverage_kit.report.figures import FIGURES
from coverage_kit.report.wording import CAUSES
from coverage_kit.report.workbook.editor_notes import EARLIER, STATUSES, TODO, WRITTEN
from coverage_kit.settings import LogSettings
from tests.command_lines import documents, find_blocks, find_command_lines

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LANGUAGES = re.compile(r" \(\w\w\)$")  # a language of Search Console's headers


def load_generator():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-n",
        "-W",
        "--keep-going",
        str(DOCS),
        str(folder),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_what_comes_from_the_code_is_fresh():
    for path, text in load_generator().pages().items():
        assert text_of(path) == text, f"{path.name}: run make docs"


def test_every_known_format_has_a_howto_whose_record_is_read_as_it(tmp_path):
    read = set()
    for howto in sorted((DOCS / "howto").glob("*.md")):
        for file, record in re.findall(
            r"<!-- inspect (\S+).*?-->\n```\w+\n(.*?)\n```", text_of(howto), re.DOTALL
        ):
            folder = tmp_path / howto.stem
            folder.mkdir(exist_ok=True)
            (folder / file).write_text(record, encoding="utf-8")
            columns = {"query": "What they typed"} if file == "survey.csv" else {}
            log = read_log(LogSettings(files=(str(folder / file),), columns=columns))
            assert log.rejects.empty, howto.name
            read |= set(log.sources["format"])
    known = {one.name for one in (*FORMATS, *TABLE_FORMATS) if not LANGUAGES.search(one.name)}
    assert known | {"mapped columns"} == read


def test_the_howto_of_ga4_shows_visits_that_are_read(tmp_path):
    record = re.search(
        r"<!-- sessions (\S+) -->\n```\w+\n(.*?)\n```", text_of(DOCS / "howto/ga4.md"), re.DOTALL
    )
    (tmp_path / record[1]).write_text(record[2], encoding="utf-8")
    sessions, rejects = read_sessions([str(tmp_path / record[1])])
    assert sessions[["source", "n_sessions"]].to_numpy().tolist() == [
        ["chatgpt.com", 9],
        ["perplexity.ai", 12],
    ]
    assert rejects["reason"].tolist() == ["a grand total, which the other rows add up to"]


def test_links_between_documents_lead_somewhere():
    assert len(documents()) >= 40
    for document in documents():
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text_of(document)):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_tutorial_can_be_followed(sample_analysis, tmp_path, monkeypatch):
    save_analysis(sample_analysis, tmp_path / "runs/demo")
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    lines = find_command_lines(text_of(DOCS / "tutorial.md"))
    quick = [
        line for line in lines if line.split()[0] not in ("run", "compare")
    ]  # those have tests of their own
    has_browser = shutil.which("chromium") is not None
    for line in (one for one in quick if has_browser or not one.startswith("pictures")):
        done = CliRunner().invoke(app, shlex.split(line))
        assert done.exit_code == 0, f"{line}: {done.output}"
    assert {line.split()[0] for line in quick} == {"apply", "inspect", "pictures"}
    assert (tmp_path / "runs/copy/larkmoor").is_dir()


def test_the_tutorial_tells_what_the_sample_holds(sample_analysis):
    read = int((sample_analysis.pages["status"] == "ok").sum())
    counts = f"{len(sample_analysis.queries)} queries, {len(sample_analysis.answers)} answers, {read} pages read"
    assert counts in text_of(DOCS / "tutorial.md")


def test_every_cause_stands_with_the_title_that_the_page_gives_it():
    causes, term = text_of(DOCS / "concepts.md"), text_of(DOCS / "glossary.md")
    assert [
        name for name, told in CAUSES.items() if f"| {name} | {told.title} |" not in causes
    ] == []
    assert [name for name, told in CAUSES.items() if f"{name} ({told.title})" not in term] == []


def test_the_fields_of_a_log_are_named_where_columns_are_set():
    description = LogSettings.model_fields["columns"].description
    named = re.findall(r"\w+", description.partition("Fields: ")[2])
    assert sorted(named) == sorted(FIELDS)
    table = text_of(DOCS / "howto/own_table.md")
    assert [field for field in FIELDS if f"`{field}`" not in table] == []


def test_every_status_and_column_for_editors_is_named():
    told = text_of(DOCS / "howto/editors.md")
    assert [
        one for one in (*STATUSES, *WRITTEN) if f"`{one}`" not in told and f"**{one}**" not in told
    ] == []
    assert f"**{TODO}**" in told
    assert f"**{EARLIER}**" in told


def test_the_environment_is_activated_where_it_is_installed_and_nowhere_else():
    activation = "`. .venv/bin/activate`"
    guides = [path for path in DOCS.rglob("*.md") if activation in text_of(path)]
    assert guides == [DOCS / "howto/own_site.md"]
    assert activation in text_of(ROOT / "README.md")
    assert "(howto/own_site.md#install)" in text_of(DOCS / "tutorial.md")


def test_no_document_installs_from_an_index_what_a_checkout_holds():
    assert [
        one.name for one in documents() if re.search(r"pip install .*coverage_kit\[", text_of(one))
    ] == []


def test_every_error_and_every_figure_has_its_words():
    kinds = [
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, errors.CoverageKitError)
    ]
    told = text_of(DOCS / "troubleshooting.md")
    assert [
        name for name in kinds if f"`{name}` |" not in told and name != "CoverageKitError"
    ] == []
    assert [name for name in FIGURES if f"`{name}`" not in text_of(DOCS / "howto/slides.md")] == []


def test_the_error_that_is_shown_is_the_error_that_comes(tmp_path, monkeypatch):
    (tmp_path / "answers.csv").write_text("colour,size\nred,3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = find_blocks(text_of(DOCS / "troubleshooting.md"), "text")[0]
    with pytest.raises(errors.LogError) as raised:
        CliRunner().invoke(app, ["inspect", "answers.csv"], catch_exceptions=False)
    assert shown == f"coverage-kit: {raised.value}"


def test_the_site_is_built_without_a_warning_and_asks_nobody_for_anything(site):
    pages = list(site.rglob("*.html"))
    assert {"index.html", "tutorial.html", "api.html", "openai.html"} <= {
        page.name for page in pages
    }
    for page in pages:
        tree = lxml.html.parse(page)
        loaded = [
            *tree.xpath("//@src"),
            *tree.xpath("//@srcset"),
            *tree.xpath("//link/@href"),
            *tree.xpath("//@data"),
        ]
        assert [one for one in loaded if re.match(r"(https?:)?//", one)] == [], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"""(@import|url\()\s*["']?(https?:)?//""", text_of(style)), style.name


def test_the_site_shows_every_public_name(site):
    shown = lxml.html.parse(site / "api.html").xpath("//dt/@id")
    generate = load_generator()
    assert {f"coverage_kit.{name}" for name in generate.coverage_kit.__all__} <= set(shown)
    assert {f"coverage_kit.report.figures.{one.__name__}" for one in FIGURES.values()} <= set(shown)


def test_every_dependency_is_explained_in_the_readme():
    project = text_of(ROOT / "pyproject.toml")
    listed = project.split("dependencies = [", 1)[1].split("\n]", 1)[0]
    names = re.findall(r'^ *"([A-Za-z0-9_-]+)', listed, re.MULTILINE)
    told = text_of(ROOT / "README.md").split("## Dependencies", 1)[1]
    assert len(names) > 15
    assert [name for name in names if f"| {name} |" not in told and f"{name}," not in told] == []


def test_python_in_documents_is_valid():
    blocks = [
        (one.name, block) for one in documents() for block in find_blocks(text_of(one), "python")
    ]
    assert len(blocks) >= 4
    for name, block in blocks:
        compile(block, name, "exec")


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_names_the_two_commands(command):
    assert command in text_of(ROOT / "README.md")


def test_pictures_are_small_and_all_are_shown():
    pictures = sorted((DOCS / "pictures").glob("*.png"))
    assert sum(one.stat().st_size for one in pictures) < 1_200_000
    shown = "".join(text_of(one) for one in documents())
    for one in pictures:
        assert one.stat().st_size < 200_000, one.name
        assert f"pictures/{one.name})" in shown, one.name
