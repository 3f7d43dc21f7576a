import os
import subprocess

import pytest

from coverage_kit.collect.git_revision import (
    checked_out,
    is_git_source,
    parse_git_source,
    read_revision,
)
from coverage_kit.collect.unread import UnreadItems
from coverage_kit.errors import SiteError


def git(folder, *arguments):
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@gate.example",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@gate.example",
    }
    command = ["git", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, env=environment, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """Return a repository whose docs differ between the tag v1 and the branch main."""
    folder = tmp_path / "our site"
    (folder / "docs").mkdir(parents=True)
    git(folder, "init", "--initial-branch=main")
    (folder / "mkdocs.yml").write_text("site_name: x")
    (folder / "docs" / "use.md").write_text("# Use\n\nThe first version.")
    (folder / "docs" / "link.md").symlink_to("/etc/hostname")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "First")
    git(folder, "tag", "v1")
    (folder / "docs" / "use.md").write_text("# Use\n\nThe second version.")
    (folder / "docs" / "more.md").write_text("# More\n\nOf it.")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "Second")
    return folder


def texts(source):
    pages = read_revision(source, "https://gate.example")
    assert all(page.html_path is None for page in pages)
    return {page.location: page.extract.text for page in pages}


def test_a_folder_is_read_as_it_was_at_a_tag(repository):
    assert texts(f"git+{repository}@v1#docs") == {
        "https://gate.example/use": "# Use\n\nThe first version."
    }


@pytest.mark.parametrize("revision", ["main", "HEAD", "v1~0", "HEAD^0"])
def test_revisions_of_every_kind_are_read(repository, revision):
    assert "https://gate.example/use" in texts(f"git+{repository}@{revision}#docs")


def test_the_whole_repository_is_read_without_a_folder(repository):
    assert list(texts(f"git+{repository}@HEAD")) == [
        "https://gate.example/more",
        "https://gate.example/use",
    ]


def test_the_repository_stays_as_it_is_and_the_temporary_folder_goes(repository):
    before = sorted(path.stat().st_mtime_ns for path in repository.rglob("*"))
    with checked_out(f"git+{repository}@v1#docs") as folder:
        assert not (folder / "link.md").exists()
        assert (folder.parent / "mkdocs.yml").is_file()
    assert not folder.exists()
    assert sorted(path.stat().st_mtime_ns for path in repository.rglob("*")) == before


def test_what_is_not_read_is_counted_with_its_path_in_the_repository(repository):
    (repository / "docs" / "old.rst").write_text("Old.")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Third")
    source = f"git+{repository}@HEAD#docs"
    unread = UnreadItems()
    read_revision(source, unread=unread)
    table = unread.table("gate.example", source).set_index("reason")
    assert table["examples"].to_dict() == {"the ending .rst": "old.rst"}


def test_a_revision_without_pages_is_an_error_that_names_the_source(repository):
    (repository / "empty").mkdir()
    (repository / "empty" / "a.rst").write_text("Words.")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Third")
    with pytest.raises(SiteError, match=r"@HEAD#empty: .* 1 x the ending \.rst"):
        read_revision(f"git+{repository}@HEAD#empty")


def test_no_filter_and_no_hook_of_the_repository_runs(repository, tmp_path):
    (repository / ".gitattributes").write_text("*.md filter=evil\n")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "Attributes")
    ran = tmp_path / "ran"
    git(repository, "config", "filter.evil.smudge", f"touch '{ran}'; cat")
    git(repository, "config", "core.fsmonitor", f"touch '{ran}'")
    assert texts(f"git+{repository}@main#docs")
    assert not ran.exists()


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("@v9#docs", "the revision v9; found no such revision"),
        ("@v1#doc", "the folder doc; found nothing there"),
        ("@v1#docs/use.md", "found a file"),
        ("@--help#docs", "a tag, branch or commit"),
        ("@v1;ls#docs", "a tag, branch or commit"),
        ("@v1#../docs", "a folder of the repository"),
        ("", "found another form"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_a_cure(repository, end, message):
    with pytest.raises(SiteError, match=message), checked_out(f"git+{repository}{end}"):
        pass


def test_a_folder_that_is_no_repository_is_an_error(tmp_path):
    with pytest.raises(SiteError, match="none that git opens"), checked_out(f"git+{tmp_path}@v1"):
        pass
    missing = tmp_path / "missing"
    with pytest.raises(SiteError, match="found no folder"), checked_out(f"git+{missing}@v1"):
        pass


def test_without_git_the_error_says_so(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SiteError, match="no such program"), checked_out(f"git+{repository}@v1"):
        pass


def test_an_address_of_a_repository_is_to_be_cloned():
    with pytest.raises(SiteError, match="Clone the repository first"):
        parse_git_source("git+https://git.example/site@v1#docs")


def test_only_sources_with_the_mark_are_of_git():
    assert is_git_source("git+../site@v1")
    assert not is_git_source("../site@v1")
    assert not is_git_source("https://git.example/site")
