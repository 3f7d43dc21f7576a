"""The words that tags of templates show: the label of a part, a caption, the name of a file."""

import re

from coverage_kit.text.markdown.tags import Tag

# Arguments that hold the label of a part, in order of preference.
_LABELS = ("title", "label", "header", "heading", "summary", "caption", "tabname", "name")
# Arguments that hold words which a tag without a body shows.
_WORDS = ("title", "caption", "text", "content", "subtitle", "description", "summary")
# Words that any tag without a body shows: what is named so is for readers, whatever the tag is.
_ANY_WORDS = ("caption", "text", "content")
# Tags whose arguments are ids and numbers of columns.
_UNLABELLED = frozenset(
    {
        "tabs",
        "tabpane",
        "tabset",
        "cards",
        "grid",
        "columns",
        "column",
        "col",
        "row",
        "steps",
        "stepper",
        "section",
        "blocks/section",
        "param",
        "embed",
        "content-ref",
        "for",
        "if",
        "unless",
        "case",
        "capture",
        "hint",
    }
)
# Tags whose first word in quotes is a label.
_FIRST_IS_LABEL = frozenset(
    {"tab", "tabitem", "codetab", "details", "expand", "accordion", "collapse", "spoiler", "fold"}
)
# Tags of notes, whose label is the last word in quotes behind the kind: `notice tip "Title"`.
_NOTES = frozenset({"notice", "admonition", "alert", "callout", "note", "tip", "warning", "info"})
# Tags without a body that show their title.
_SHOWN = frozenset(
    {"figure", "card", "link-card", "linkcard", "button", "badge", "note", "blocks/link-down"}
)
_INCLUDES = frozenset(
    {"include", "include-markdown", "include_relative", "includes", "readfile", "include_markdown"}
)
_MARKDOWN_FILE = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
# Words of a program instead of words for readers: a template in an argument, or an address.
_NO_WORDS = re.compile(r"\{\{|\{%|\Ahttps?://\S*\Z")


def label_of_tag(tag: Tag) -> str:
    """Return the label of the part that a tag begins, as inline Markdown, or empty text."""
    if tag.name == "blockquote":
        return " ".join(word for word, _ in tag.words)
    if tag.name in _UNLABELLED:
        return ""
    named = next((tag.named[key] for key in _LABELS if tag.named.get(key)), "")
    if named:
        return _one_line(named)
    quoted = [word for word, is_quoted in tag.words if is_quoted]
    if tag.name in _FIRST_IS_LABEL and tag.words:
        is_liquid = tag.family == "liquid"
        return _one_line(" ".join(word for word, _ in tag.words) if is_liquid else tag.words[0][0])
    is_titled = tag.name in _NOTES and quoted and len(tag.words) > 1
    return _one_line(quoted[-1]) if is_titled else ""


def labels_of_tabs(tag: Tag) -> list[str]:
    """Return the labels of tabs that the tag around them holds: `tabs items="npm,yarn"`."""
    items = tag.named.get("items", "")
    return [item.strip() for item in items.split(",") if item.strip()] if tag.name == "tabs" else []


def words_of_tag(tag: Tag) -> str:
    """Return the words that a tag without a body shows, as inline Markdown, or empty text."""
    if tag.name == "post_link":
        return " ".join(word for word, _ in tag.words[1:])
    if tag.name == "link" and len(tag.words) > 1:
        return tag.words[0][0]
    keys = _WORDS if tag.name in _SHOWN else _ANY_WORDS
    words = (_one_line(tag.named.get(key, "")) for key in keys)
    shown = [text for text in dict.fromkeys(words) if text]
    return ". ".join(shown) if tag.name == "figure" else " ".join(shown)


def included_file(tag: Tag) -> str:
    """Return the Markdown file that a tag includes, or empty text."""
    if tag.name not in _INCLUDES:
        return ""
    target = tag.words[0][0] if tag.words else tag.named.get("file", "")
    return target if _MARKDOWN_FILE.search(target) else ""


def _one_line(text: str) -> str:
    return "" if _NO_WORDS.search(text) else " ".join(text.split())
