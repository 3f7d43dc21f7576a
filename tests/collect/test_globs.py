import time

import pytest

from coverage_kit.collect.generators.globs import Globs, Ignored


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**/_*.{md,mdx}", "_a.mdx", True),
        ("**/_*.{md,mdx}", "x/y/_a.md", True),
        ("**/_*.{md,mdx}", "x/_y/a.md", False),
        ("**/_*/**", "x/_y/a.md", True),
        ("**/_*/**", "x/y/a.md", False),
        ("**/a*b", "a/ab", True),
        ("drafts/*", "drafts/a.md", True),
        ("drafts/*", "drafts/x/a.md", False),
        ("./drafts/**", "drafts/x/a.md", True),
        ("a?.md", "ab.md", True),
        ("[a-c]*.md", "book.md", True),
        ("[!a-c]*.md", "book.md", False),
        ("*a*b*c", "xaxbxc", True),
        ("*a*b*c", "xaxcxb", False),
        ("a[.md", "a[.md", True),
        ("{a,b}/{c,d}.md", "b/d.md", True),
    ],
)
def test_a_pattern_matches_whole_paths(pattern, path, matches):
    assert Globs.of([pattern]).match(path) is matches


@pytest.mark.parametrize(
    ("lines", "path", "is_ignored"),
    [
        (["/internal/"], "internal/a/b.md", True),
        (["/internal/"], "x/internal/a.md", False),
        (["internal/"], "x/internal/a.md", True),
        (["*.draft.md"], "x/a.draft.md", True),
        (["docs/*.md"], "docs/a.md", True),
        (["docs/*.md"], "docs/x/a.md", False),
        (["*.md", "!keep.md"], "x/keep.md", False),
        (["# a.md", "", "b.md"], "a.md", False),
        (["secret/*", "!secret/open.md"], "secret/open.md", False),
    ],
)
def test_lines_ignore_as_git_does(lines, path, is_ignored):
    assert Ignored.of(lines).match(path) is is_ignored


@pytest.mark.parametrize(
    "pattern", ["*a" * 140, "**/" * 90, "{a,b}" * 50, "{" * 300, "[" * 300, "*" * 300, "?" * 300]
)
def test_hostile_patterns_take_no_time(pattern):
    start = time.process_time()
    for path in ("a" * 4000 + "b", "/".join(["a"] * 2000)):
        Globs.of([pattern]).match(path)
        Ignored.of([pattern]).match(path)
    assert time.process_time() - start < 2
