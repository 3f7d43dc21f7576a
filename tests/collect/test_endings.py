import pytest

from coverage_kit.collect.endings import ending_of, why_unread


@pytest.mark.parametrize(
    "name",
    [
        "guide.rst",
        "guide.ADOC",
        "guide.org",
        "guide.textile",
        "notes.txt",
        "offer.docx",
        "offer.odt",
        "offer.rtf",
        "offer.pdf",
        "study.ipynb",
        "export.zip",
        "crawl.warc",
        "crawl.warc.gz",
        "book.epub",
        "page.pug",
        "page.haml",
        "page.njk",
        "page.liquid",
        "page.hbs",
        "index.php",
        "src/pages/index.tsx",
        "src/routes/about.svelte",
        "pages/index.vue",
    ],
)
def test_a_text_that_is_not_read_has_a_cure(name):
    why = why_unread(name)
    assert why.may_be_pages
    assert why.cure
    assert name.lower().rpartition("/")[2].split(".")[1] in why.reason


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "a.css",
        "a.js",
        "a.ts",
        "src/components/Box.tsx",
        "src/pages/components/Box.vue",
        "a.woff2",
        "package-lock.json",
        "yarn.lock",
        "requirements.txt",
        "robots.txt",
        "LICENSE.txt",
        "LICENSE",
        "a.unheard",
    ],
)
def test_what_holds_no_text_for_readers_is_no_page(name):
    assert not why_unread(name).may_be_pages


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.b.RST", ".rst"),
        ("a.", ""),
        (".env", ""),
        ("a. word", ""),
        (f"a.{'b' * 30}", ""),
        ("", ""),
    ],
)
def test_endings_are_short_and_of_letters(name, ending):
    assert ending_of(name) == ending
