"""The documentation is fresh and true, and the site built from it needs no network."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
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
from coverage_kit.collect.logs.survey import MAPPED
from coverage_kit.commands.app import app
from coverage_kit.report.figures import FIGURES
from coverage_kit.report.trust import rate_trust
from coverage_kit.report.wording import CAUSES
from coverage_kit.report.workbook.editor_notes import EARLIER, STATUSES, TODO, WRITTEN
from coverage_kit.settings import LogSettings
from tests.command_lines import documents, find_blocks, find_command_lines

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
# The language at the end of a format's name: " (de)" in "Search Console (de)".
LANGUAGES = re.compile(r" \(\w\w\)$")


def load_generator():
    return load_script("generate")


def load_script(name):
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
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
    process = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return folder


def test_pages_generated_from_the_code_are_fresh():
    for path, text in load_generator().pages().items():
        assert text_of(path) == text, f"{path.name}: run make docs"


def test_every_known_format_has_a_howto_whose_record_is_read_in_that_format(tmp_path):
    read_formats = set()
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
            read_formats |= set(log.sources["format"])
    names = {known_format.name for known_format in (*FORMATS, *TABLE_FORMATS)}
    without_languages = {name for name in names if not LANGUAGES.search(name)}
    assert without_languages | {"mapped columns"} == read_formats


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


def test_no_document_has_a_chapter_twice():
    for document in documents():
        prose = re.sub(r"^```.*?^```", "", text_of(document), flags=re.DOTALL | re.MULTILINE)
        chapters = re.findall(r"^## .+", prose, re.MULTILINE)
        assert len(chapters) == len(set(chapters)), document.name


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
    # The commands `run` and `compare` have tests of their own.
    quick = [line for line in lines if line.split()[0] not in ("run", "compare")]
    has_browser = shutil.which("chromium") is not None
    for line in quick:
        if line.startswith("pictures") and not has_browser:
            continue
        result = CliRunner().invoke(app, shlex.split(line))
        assert result.exit_code == 0, f"{line}: {result.output}"
    assert {line.split()[0] for line in quick} == {"apply", "inspect", "pictures"}
    assert (tmp_path / "runs/copy/larkmoor").is_dir()


def test_the_tutorial_states_the_counts_of_the_sample(sample_analysis):
    n_pages = int((sample_analysis.pages["site"] == sample_analysis.about.own_site).sum())
    tutorial = text_of(DOCS / "tutorial.md")
    assert f"Read: {len(sample_analysis.queries)} questions asked " in tutorial
    assert f", {len(sample_analysis.answers):,} answers." in tutorial
    assert f"Your site: {n_pages} pages are read." in tutorial


def test_documents_give_every_cause_its_title_on_the_page():
    concepts = text_of(DOCS / "concepts.md")
    glossary = text_of(DOCS / "glossary.md")
    for name, wording in CAUSES.items():
        assert f"| {name} | {wording.title} |" in concepts, name
        assert f"{name} ({wording.title})" in glossary, name


def test_the_fields_of_a_log_are_named_where_columns_are_set():
    description = LogSettings.model_fields["columns"].description
    names = re.findall(r"\w+", description.partition("Fields: ")[2])
    assert sorted(names) == sorted(FIELDS)
    table = text_of(DOCS / "howto/own_table.md")
    assert [field for field in FIELDS if f"`{field}`" not in table] == []


def test_every_status_and_column_for_editors_is_named():
    howto = text_of(DOCS / "howto/editors.md")
    for name in (*STATUSES, *WRITTEN):
        assert f"`{name}`" in howto or f"**{name}**" in howto, name
    assert f"**{TODO}**" in howto
    assert f"**{EARLIER}**" in howto


def test_the_environment_is_activated_where_it_is_installed_and_nowhere_else():
    activation = "`. .venv/bin/activate`"
    guides = [path for path in DOCS.rglob("*.md") if activation in text_of(path)]
    assert guides == [DOCS / "howto/own_site.md"]
    assert ". ~/coverage_kit/.venv/bin/activate " in text_of(ROOT / "README.md")
    assert "(howto/own_site.md#install)" in text_of(DOCS / "tutorial.md")


def test_no_document_installs_from_an_index_what_a_checkout_holds():
    pattern = r"pip install .*coverage_kit\["
    assert [path.name for path in documents() if re.search(pattern, text_of(path))] == []


def test_every_error_and_every_figure_is_documented():
    error_names = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.CoverageKitError)
    ]
    error_names.remove("CoverageKitError")
    guide = text_of(DOCS / "troubleshooting.md")
    assert [name for name in error_names if f"`{name}` |" not in guide] == []
    assert [name for name in FIGURES if f"`{name}`" not in text_of(DOCS / "howto/slides.md")] == []


def test_the_error_in_the_guide_is_the_error_that_is_raised(tmp_path, monkeypatch):
    (tmp_path / "answers.csv").write_text("colour,size\nred,3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    block = find_blocks(text_of(DOCS / "troubleshooting.md"), "text")[0]
    with pytest.raises(errors.LogError) as raised:
        CliRunner().invoke(app, ["inspect", "answers.csv"], catch_exceptions=False)
    assert block == f"coverage-kit: {raised.value}"


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_the_network(site):
    pages = list(site.rglob("*.html"))
    assert {"index.html", "tutorial.html", "api.html", "openai.html"} <= {
        page.name for page in pages
    }
    for page in pages:
        tree = lxml.html.parse(page)
        addresses = tree.xpath("//@src | //@srcset | //link/@href | //@data")
        external = [address for address in addresses if re.match(r"(https?:)?//", address)]
        assert external == [], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"""(@import|url\()\s*["']?(https?:)?//""", text_of(style)), style.name


def test_the_site_shows_every_public_name(site):
    shown_names = set(lxml.html.parse(site / "api.html").xpath("//dt/@id"))
    generate = load_generator()
    names = {f"coverage_kit.{name}" for name in generate.coverage_kit.__all__}
    names |= {f"coverage_kit.report.figures.{figure.__name__}" for figure in FIGURES.values()}
    assert names <= shown_names


def test_every_dependency_is_explained_and_nothing_else():
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.match(r"[\w-]+", line)[0] for dependencies in lists for line in dependencies}
    cells = re.findall(r"^\| ([^|]+) \|", text_of(DOCS / "dependencies.md"), re.MULTILINE)
    explained = {name for cell in cells for name in re.sub(r" \(.*\)", "", cell).split(", ")}
    assert explained - {"package", "---"} == names
    assert "(docs/dependencies.md)" in text_of(ROOT / "README.md")


def test_python_in_documents_is_valid():
    blocks = [
        (path.name, block) for path in documents() for block in find_blocks(text_of(path), "python")
    ]
    assert len(blocks) >= 4
    for name, block in blocks:
        compile(block, name, "exec")


def test_the_readme_is_read_in_a_minute_and_names_the_commands():
    readme = text_of(ROOT / "README.md")
    assert 60 <= len(readme.splitlines()) <= 100
    for words in ("make demo", "make test", "runs/demo/page.html", "citations=", "asked_at="):
        assert words in readme


def test_python_in_the_readme_can_be_run(sample_analysis, tmp_path, monkeypatch):
    save_analysis(sample_analysis, tmp_path / "runs/demo")
    monkeypatch.chdir(tmp_path)
    blocks = find_blocks(text_of(ROOT / "README.md"), "python")
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 (our own document)
    assert len(blocks) == 1
    assert {"gaps.xlsx", "page.html"} <= {path.name for path in tmp_path.iterdir()}


def test_the_readme_says_what_the_sample_shows(sample_analysis):
    covered = sample_analysis.about.covered
    shown = (
        f"the sample ({len(sample_analysis.queries)} questions) says {100 * covered['low']:.0f} to "
        f"{covered['high']:.0%}, *{rate_trust(sample_analysis.about).word}*"
    )
    assert shown in text_of(ROOT / "README.md")


def test_the_picture_of_the_readme_shows_figures_of_the_run(sample_analysis):
    card = load_script("pictures").describe_first_gap(sample_analysis)
    gap = sample_analysis.gaps.set_index("label").loc[card["topic"]]
    planned = sample_analysis.edits[sample_analysis.edits["is_chosen"]]
    assert card["edit"]["edit_id"] in set(planned["edit_id"])
    assert card["gap"]["demand"] >= sum(question["demand"] for question in card["questions"])
    clusters = sample_analysis.clusters
    questions = clusters[clusters["cluster_id"] == gap["cluster_id"]]["query_id"]
    assert card["n_answers"] == sample_analysis.answers["query_id"].isin(questions).sum()
    assert 0 <= card["n_own"] < card["n_rival"] <= card["n_answers"]
    assert card["rival"] in card["cited"] and card["rival"] != sample_analysis.about.own_site


def test_pictures_are_small_and_all_are_shown():
    pictures = sorted((DOCS / "pictures").glob("*.png"))
    assert sum(path.stat().st_size for path in pictures) < 1_200_000
    text = "".join(text_of(path) for path in documents())
    for path in pictures:
        assert path.stat().st_size < 200_000, path.name
        assert f"pictures/{path.name})" in text, path.name


def test_every_path_that_a_document_names_exists():
    """Paths in code marks start at the repository's root or at the package.

    A path with a word in capitals, such as NAME, is a placeholder.
    """
    texts = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *DOCS.glob("*.md")]
    generated = {"api.md", "glossary.md", "settings.md", "tables.md", "tutorial.md"}
    missing = []
    for path in texts:
        if path.name in generated:
            continue
        for name in re.findall(r"`([\w./-]+/[\w.-]*\.(?:py|toml|json|csv|j2))`", text_of(path)):
            bases = (ROOT, ROOT / "coverage_kit")
            is_placeholder = re.search(r"[A-Z]{3,}", name)
            if not is_placeholder and not any((base / name).exists() for base in bases):
                missing.append(f"{path.name}: {name}")
    assert missing == []


def test_every_format_of_a_log_has_a_row_that_says_by_what_it_was_verified():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", text_of(DOCS / "howto/formats.md"), re.M)
    names = {log_format.name for log_format in (*FORMATS, *TABLE_FORMATS)}
    # Search Console has a format for each language of its headers.
    names = {re.sub(r" \(\w\w\)$", "", name) for name in names} | {MAPPED}
    assert names <= {name for name, *_ in rows}
    marks = ("SDK types", "public parser", "documentation", "sample", "unverified")
    body = [row for row in rows if row[2] not in ("verified by", "---")]
    assert [row for row in body if not row[2].startswith(marks)] == []
    assert len({name for name, *_ in body}) == len(body), "each format has one row"


def test_no_page_calls_a_format_supported_that_nobody_has_verified():
    rows = re.findall(r"^\| (.+?) \| .+? \| unverified", text_of(DOCS / "howto/formats.md"), re.M)
    logs = text_of(DOCS / "howto/logs.md")
    lines = [line for line in logs.splitlines() if any(f"[{name}]" in line for name in rows)]
    assert [line for line in lines if "unverified" not in line] == []
