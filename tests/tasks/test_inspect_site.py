"""What `coverage-kit inspect-site` says of a site before a run."""

import numpy as np
import pytest
from typer.testing import CliRunner

from coverage_kit.commands.app import app
from coverage_kit.errors import SettingsError, SiteError


def write(folder, **pages):
    for name, text in pages.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def say(*options):
    result = CliRunner().invoke(app, ["inspect-site", *map(str, options)])
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture
def docs(tmp_path):
    return write(
        tmp_path / "docs",
        **{
            "tea.md": "# Tea\n\n## How long\n\nSteep green tea for two minutes at 75 degrees.\n",
            "cups.md": "# Cups\n\nA cup holds a quarter of a litre of tea or water.\n",
            "copy.md": "# Cups\n\nA cup holds a quarter of a litre of tea or water.\n",
            "empty.html": "<html><body><nav>Menu</nav></body></html>",
            "old.adoc": "= Kettles\n\nA kettle boils a litre in three minutes.\n",
            "logo.png": "no picture",
        },
    )


def test_it_says_how_many_pages_are_read_and_what_is_not(docs):
    output = say("--site", docs, "--base-url", "https://tea.example")
    first = output.splitlines()[0]
    assert first == (
        "Your site: 3 of 5 pages are read. Of these, 1 repeats another page. "
        "Not read: 1 without text, 1 other file."
    )
    assert "old.adoc" in output
    assert "1 page is not read: without text, such as https://tea.example/empty.html." in output
    assert "1 x pictures, films and sounds (such as logo.png)" in output


def test_it_lists_pages_with_title_and_number_of_passages(docs):
    output = say("--site", docs, "--base-url", "https://tea.example")
    row = next(line for line in output.splitlines() if line.startswith("https://tea.example/tea"))
    assert row.split() == ["https://tea.example/tea", "Tea", "1"]


def test_it_shows_the_passages_of_one_page(docs):
    output = say("--site", docs, "--page", "docs/tea")
    assert "[Tea > How long]\nSteep green tea for two minutes at 75 degrees." in output
    assert "quarter" not in output
    assert "No page has 'coffee'" in say("--site", docs, "--page", "coffee")


def test_the_page_whose_address_ends_as_asked_comes_first_and_says_why_it_is_not_read(docs):
    write(docs, **{"green__tea.md": "# Green tea\n\nIt is green.\n"})
    assert "Steep green tea" in say("--site", docs, "--page", "docs/tea")
    assert "It is green." in say("--site", docs, "--page", "green")
    assert "empty.html is not read: no text." in say("--site", docs, "--page", "empty.html")


def test_it_lists_ten_pages_or_all(docs):
    write(docs, **{f"page{number}.md": f"# Page\n\nWords {number}.\n" for number in range(12)})
    assert "further pages: --all lists them." in say("--site", docs)
    output = say("--site", docs, "--all")
    assert all(f"page{number}" in output for number in range(12))
    assert "--all" not in output


def test_it_reads_the_site_of_a_settings_file(docs, tmp_path):
    file = tmp_path / "coverage.toml"
    file.write_text('[site]\nsource = "docs"\nbase_url = "https://tea.example"\n', encoding="utf-8")
    assert "https://tea.example/tea" in say(file)


def test_without_a_site_it_says_what_to_name():
    with pytest.raises(SettingsError, match=r"a coverage\.toml or --site"):
        say()


def test_a_site_without_a_page_is_an_error(tmp_path):
    with pytest.raises(SiteError):
        say("--site", write(tmp_path / "none", **{"a.html": "<nav>Menu</nav>"}))


def test_noise_in_files_of_every_kind_is_counted_once_each(docs):
    noise = np.random.default_rng(26).bytes(20_000)
    endings = ("md", "mdx", "html", "pdf", "zip", "rst", "warc", "warc.gz")
    for ending in endings:
        (docs / f"noise.{ending}").write_bytes(noise)
    output = say("--site", docs, "--base-url", "https://tea.example")
    first = output.splitlines()[0]
    assert first.startswith(f"Your site: 3 of {5 + len(endings)} pages are read.")
    assert f"{len(endings)} unreadable" in first
    assert noise[:8].decode("latin-1") not in output


def test_a_file_of_another_kind_is_an_error_that_says_what_is_read(tmp_path):
    write(tmp_path, **{"data.json": '{"a": 1}'})
    with pytest.raises(SiteError, match="a file of another kind"):
        say("--site", tmp_path / "data.json")


def test_passages_are_those_of_a_run(docs, tmp_path):
    words = " ".join(f"word{n}" for n in range(60))
    write(docs, **{"long.md": f"# Long\n\n{words}. {words}. {words}.\n"})
    file = tmp_path / "coverage.toml"
    file.write_text('[site]\nsource = "docs"\n[match]\npassage_words = 60\n', encoding="utf-8")
    assert "long.md: 3 passages" in say(file, "--page", "long")
