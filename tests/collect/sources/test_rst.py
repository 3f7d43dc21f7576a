"""A file of reStructuredText is a page; what the build would add is counted."""

# ruff: noqa: E501 (samples as they are)
import sys
import time
from datetime import UTC, datetime

import pytest

from coverage_kit.collect.sources.rst_parser import parse_rst
from tests.collect.sources.reading import read, texts


def page_text(tmp_path, text, name="guide.rst"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    pages, unread = read(path)
    return (pages[0].extract.text if pages[0].extract else pages[0].status), unread


def test_the_address_is_that_of_sphinx(tmp_path):
    path = tmp_path / "guide.rst"
    path.write_text("Guide\n=====\n\nWords.", encoding="utf-8")
    pages, _ = read(path, "https://pump.example/docs")
    assert texts(pages) == {"https://pump.example/docs/guide.html": "# Guide\n\nWords."}
    assert read(path, "content/docs")[0][0].location == "content/docs/guide.rst"
    assert pages[0].html_path is None


def test_title_and_dates_come_from_the_fields_at_the_top(tmp_path):
    path = tmp_path / "post.rst"
    path.write_text(
        "Storing a pump\n##############\n\n:date: 2024-03-05 10:20\n:modified: 2025-01-02\n"
        ":lang: en\n:tags: a, b\n\nKeep it dry.\n",
        encoding="utf-8",
    )
    extract = read(path)[0][0].extract
    assert extract.title == "Storing a pump"
    assert extract.text == "# Storing a pump\n\nKeep it dry."
    assert extract.language == "en"
    assert extract.published_at == datetime(2024, 3, 5, 10, 20, tzinfo=UTC)
    assert extract.modified_at == datetime(2025, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "top", ["Guide\n=====\n\n", "=====\nGuide\n=====\n\n", ".. _guide:\n\nGuide\n=====\n\n"]
)
def test_sections_are_below_the_title(tmp_path, top):
    text, _ = page_text(tmp_path, f"{top}One.\n\nCare\n----\n\nTwo.\n\nOil\n~~~\n\nThree.\n")
    assert text == "# Guide\n\nOne.\n\n## Care\n\nTwo.\n\n### Oil\n\nThree."


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (".. note:: Keep the key.\n\n   And the lid.", "Keep the key.\n\nAnd the lid."),
        (".. versionadded:: 3.2\n   The filter.", "Added in version 3.2: The filter."),
        (".. deprecated:: 4", "Deprecated since version 4."),
        (".. code-block:: sh\n   :linenos:\n\n   ls -l", "```\nls -l\n```"),
        (
            ".. tab-set::\n\n   .. tab-item:: Windows\n      :sync: w\n\n      Run it.",
            "Windows\nRun it.",
        ),
        (".. tabs::\n\n   .. group-tab:: Linux\n\n      Start it.", "Linux\nStart it."),
        (".. admonition:: Mind *this*\n\n   Words.", "Mind this\n\nWords."),
        (
            ".. py:function:: start(speed, *, x=1)\n\n   Starts it.",
            "start(speed, *, x=1)\nStarts it.",
        ),
        (".. strange:thing:: Label\n   :odd: 1\n\n   Words.", "Label\nWords."),
        (".. only:: html\n\n   Words.", "Words."),
        (".. glossary::\n\n   tank\n      Holds water.", "tank\nHolds water."),
        (".. toctree::\n   :caption: All\n\n   a\n   b\n\nWords.", "Words."),
        (".. raw:: html\n\n   <b>Raw</b>\n\nWords.", "Words."),
        (".. image:: a.png\n   :alt: A lid\n\nWords.", "Words."),
        (".. comment on it\n\nWords.", "Words."),
        ("Use :class:`~pump.core.Pump` and :func:`!start`.", "Use Pump and start."),
        ("See :doc:`/guides/winter-care` and :ref:`care <x>`.", "See winter care and care."),
        ("Press :kbd:`Ctrl` in :menuselection:`File --> Open`.", "Press Ctrl in File > Open."),
        (
            "In :file:`/etc/{name}/x`, :abbr:`TCP (a protocol)`.",
            "In /etc/name/x, TCP (a protocol).",
        ),
        ("A `link`_ and `another <https://x.example>`__.", "A link and another."),
        ("* one\n* two\n\n  * three", "- one\n- two\n  - three"),
        ("==== ====\nPart Cost\n==== ====\nLid  3\n==== ====", "Part | Cost\nLid | 3"),
        (
            ".. list-table:: Prices\n   :header-rows: 1\n\n   * - Part\n     - Cost\n   * - Lid\n     - 3",
            "Prices\nPart | Cost\nLid | 3",
        ),
    ],
)
def test_constructs_of_sphinx_are_shown_as_words(tmp_path, source, shown):
    text, unread = page_text(tmp_path, f"Guide\n=====\n\n{source}\n")
    assert text == f"# Guide\n\n{shown}"
    assert unread == {}


def test_what_the_build_fills_in_is_counted(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a,secret", encoding="utf-8")
    text, unread = page_text(
        tmp_path,
        f"Guide\n=====\n\nThe |product| runs.\n\n.. include:: {secret}\n\n"
        f".. csv-table:: T\n   :file: {secret}\n\n.. literalinclude:: {secret}\n\n"
        ".. automodule:: pump\n   :members:\n",
    )
    assert text == "# Guide\n\nThe runs."
    assert unread == {
        "the build of the site fills in: automodule, include, literalinclude, |product|": (4, True)
    }


def test_a_page_of_the_build_alone_says_so(tmp_path):
    path = tmp_path / "api.rst"
    path.write_text("API\n===\n\n.. automodule:: pump\n", encoding="utf-8")
    assert read(path)[0][0].status == "made by the build"


def test_roles_that_a_document_defines_are_none_of_the_next(tmp_path):
    page_text(tmp_path, ".. role:: custom(strong)\n\n:custom:`a`\n")
    text, _ = page_text(tmp_path, ":custom:`~a.b`\n", "next.rst")
    assert text == "b"


def test_docutils_is_as_before_after_a_file(tmp_path):
    from docutils.parsers.rst import directives, roles  # noqa: PLC0415
    from docutils.statemachine import StateMachine  # noqa: PLC0415

    before = (directives.directive, roles.role, StateMachine.next_line)
    page_text(tmp_path, "Words.")
    assert (directives.directive, roles.role, StateMachine.next_line) == before


@pytest.mark.parametrize(
    "sign", ["`", "*", "|", "_", "[", "=", "-\n", "::\n\n", ":a:`b` ", "+", "\\"]
)
def test_hostile_files_are_a_status_or_take_little_time(tmp_path, sign):
    start = time.perf_counter()
    page_text(tmp_path, sign * (20_000 // len(sign)))
    assert time.perf_counter() - start < 15


def test_a_file_whose_time_would_grow_without_bound_is_a_status(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[parse_rst.__module__], "_MAX_SECONDS", 0.5)
    assert page_text(tmp_path, ".. _a:\n" * 20_000)[0] == ("unreadable: it takes too long to parse")


def test_nested_and_binary_files_are_a_status(tmp_path):
    nested = "".join(" " * (2 * depth) + "- a\n\n" for depth in range(600))
    assert page_text(tmp_path, nested)[0] == "unreadable: nested too deeply"
    path = tmp_path / "b.rst"
    path.write_bytes(bytes(range(256)) * 100)
    assert read(path)[0][0].status == "unreadable: no text, but a file of another kind"
    path.write_bytes(b"Caf\xe9\n====\n\nWords.")
    assert read(path)[0][0].extract.title == "Café"
    path.write_text("x" * 600_000, encoding="utf-8")
    assert read(path)[0][0].status == "too large"
