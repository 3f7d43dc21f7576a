import pytest

from coverage_kit.collect.includes import Includes
from coverage_kit.collect.unread import UnreadItems


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    files = {
        "docs/a.mdx": "A.",
        "docs/parts/_note.mdx": "A note of Docusaurus.",
        "docs/parts/tea.md": "Tea.",
        "snippets/note.mdx": "A note of Mintlify.",
        "_includes/box.html": "A box of Jekyll.",
        "common/abbr.md": "Abbreviations of MkDocs.",
        "src/shared/x.md": "Shared.",
        "bytes.md": b"\x00\x01\x02\x03" * 99,
        ".env": "SECRET=1",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "outside.md").write_text("Not of the site.")
    (folder / "docs" / "link.md").symlink_to(tmp_path / "outside.md")
    (folder / "docs" / "loop.md").symlink_to(folder / "docs" / "loop.md")
    return folder


def reader(site, unread=None, folders=("docs", "common")):
    return Includes(site, site, folders, unread or UnreadItems()).reader_of(site / "docs" / "a.mdx")


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("./parts/_note.mdx", "A note of Docusaurus."),
        ("./parts/tea", "Tea."),
        ("../snippets/note.mdx", "A note of Mintlify."),
        ("@site/docs/parts/_note.mdx", "A note of Docusaurus."),
        ("@site/src/shared/x.md", "Shared."),
        ("/snippets/note.mdx", "A note of Mintlify."),
        ("parts/tea.md", "Tea."),
        ("box.html", "A box of Jekyll."),
        ("abbr.md", "Abbreviations of MkDocs."),
        ("common/abbr.md", "Abbreviations of MkDocs."),
    ],
)
def test_a_file_is_read_by_the_names_that_generators_know(site, target, text):
    assert reader(site)(target) == text


def test_a_folder_of_pages_alone_has_the_files_that_are_named_from_the_site(site):
    docs = site / "docs"
    read = Includes(docs, docs, (), UnreadItems()).reader_of(docs / "a.mdx")
    assert read("@site/docs/parts/_note.mdx") == "A note of Docusaurus."
    assert read("@site/src/shared/x.md") is None


@pytest.mark.parametrize(
    "target",
    [
        "../../outside.md",
        "@site/../outside.md",
        "./link.md",
        "./loop.md",
        "/etc/hostname",
        "../.env",
        "@site/.env",
        "bytes.md",
        "./none.mdx",
        "./parts",
        "a\0b",
        "x" * 5000,
        "",
        ".",
    ],
)
def test_what_is_missing_or_outside_the_site_is_none_and_counted(site, target):
    unread = UnreadItems()
    assert reader(site, unread)(target) is None
    assert [n_items for _, n_items, _ in unread.reasons()] == [1]


def test_a_missing_file_counts_once_however_often_it_is_included(site):
    unread = UnreadItems()
    read = reader(site, unread)
    assert [read("/snippets/none.mdx") for _ in range(3)] == [None] * 3
    row = unread.table("site", "site").iloc[0]
    assert row["n_items"] == 1
    assert row["examples"].endswith("docs/a.mdx (/snippets/none.mdx)")


def test_the_includes_of_gitbook_are_in_a_hidden_folder(tmp_path):
    (tmp_path / ".gitbook" / "includes").mkdir(parents=True)
    (tmp_path / ".gitbook" / "includes" / "note.md").write_text("Mind the step.")
    (tmp_path / ".env.md").write_text("Secret.")
    unread = UnreadItems()
    read = Includes(tmp_path, tmp_path, (), unread).reader_of(tmp_path / "docs" / "a.md")
    assert read("../.gitbook/includes/note.md") == "Mind the step."
    assert read("../.env.md") is None
