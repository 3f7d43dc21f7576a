"""The words that tags of templates show: the label of a part, a caption, the name of a file."""

import re
from collections.abc import Iterable
from itertools import dropwhile

from coverage_kit.text.markdown.tags import Tag

# Arguments that hold the label of a part, in order of preference.
_LABELS = ("header", "title", "label", "heading", "summary", "caption", "tabname", "name")
# Arguments that hold words which a tag with a body shows besides its label: above and below it.
_ABOVE = ("title", "heading", "subtitle")
_BELOW = ("footer",)
# Arguments that hold words which a tag without a body shows.
_WORDS = (
    *("header", "title", "heading", "caption", "attr", "text", "content", "subtitle"),
    *("description", "summary", "footer"),
)
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
    {
        "tab",
        "tabitem",
        "codetab",
        "details",
        "expand",
        "accordion",
        "collapse",
        "spoiler",
        "fold",
        "cut",
    }
)
# Tags of notes, whose label is the last word in quotes behind the kind: `notice tip "Title"`.
_NOTES = frozenset({"notice", "admonition", "alert", "callout", "note", "tip", "warning", "info"})
# Words behind the kind of a note that are kinds and formats themselves.
_KINDS = _NOTES | {
    *("danger", "caution", "important", "success", "error", "default", "primary", "secondary"),
    *("md", "markdown", "html", "text", "no-icon", "flat", "modern", "simple"),
}
# Ends of the names of tags without a body that show their title: card, hextra/feature-card.
_SHOWN = re.compile(
    r"(?:\A|[/_-]|link)(?:figure|card|feature|button|btn|badge|note|banner|link-down)\Z"
    r"|(?:\A|[/_-])hero(?:\Z|[_-])"
)
# Tags whose only word in quotes is shown: badge "New".
_WORD_IS_SHOWN = frozenset(
    {"badge", "term", "kbd", "abbr", "key", "label", "tag", "chip", "pill", "button", "btn"}
    | {"mark", "tooltip", "gloss", "glossary"}
)
# Tags of Hexo's themes that show what is behind their name.
_REST_IS_SHOWN = frozenset({"kbd", "u", "emp", "wavy", "del", "mark"})
_INCLUDES = frozenset(
    {"include", "include-markdown", "include_relative", "includes", "readfile", "include_markdown"}
)
# The file of an include that is written as a link: {% include [note](_includes/note.md) %}.
_LINKED_FILE = re.compile(r"\]\(([^()\s]+)\)\Z")
# Tags of pictures, films, links, breaks and the like, which leave no hole in a sentence: ends of
# their names, and whole names.
_NO_VALUE = re.compile(
    r"(?:icon|icons|image|images|img|picture|photo|figure|gallery|video|tube|vimeo|audio|emoji|svg"
    r"|logo|avatar|anchor|tweet|twitter|instagram|link|embed|spacer)\Z"
    r"|\Aicons?/|\A(?:gist|br|hr|x|ref|relref|fa[bsrl]?|fa-.*|toc|contents|more|file|url|id|clear|clearfix"
    r"|newline|pagebreak|columns?|rawhtml|seo|feed_meta|csrf_token|static|asset_path|post_url"
    r"|script|style|css|js|comment|img-.*|image-.*|youtube.*)\Z"
)
# Tags that steer the build: they choose, set and load, and print nothing of their own.
_STEERS = re.compile(
    r"(?:if\w*|else?|elsif|elseif|elif|unless|for|tablerow|case|when|assign|capture|set|increment"
    r"|decrement|break|continue|include\w*|include-\w+|render\w*|layout|block|extends|import|from"
    r"|macro|call|with|load|raw|verbatim|liquid|paginate|section|form|filter|autoescape|do|use)?\Z"
)
_MARKDOWN_FILE = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
# What is no part of the sentence beside it, and elements within a sentence.
_BESIDE = re.compile(r"[\n{}<>]")
_INLINE_ELEMENT = re.compile(
    r"</?(?:a|abbr|b|code|em|i|kbd|mark|small|span|strong|sub|sup|u)\b[^<>]{0,200}>", re.IGNORECASE
)
_WORD = re.compile(r"\w")
# No words of the sentence around a tag are looked for further away (assumed).
_MAX_BESIDE = 200
# Words of a program instead of words for readers: a template in an argument, or an address.
_NO_WORDS = re.compile(r"\{\{|\{%|\Ahttps?://\S*\Z")


def label_of_tag(tag: Tag) -> str:
    """Return the label of the part that a tag begins, as inline Markdown, or empty text."""
    if tag.name in _UNLABELLED:
        return ""
    named = next((tag.named[key] for key in _LABELS if tag.named.get(key)), "")
    return _one_line(named or _unnamed_label(tag))


def _unnamed_label(tag: Tag) -> str:
    words = [word for word, _ in tag.words]
    quoted = [word for word, is_quoted in tag.words if is_quoted]
    if tag.name == "blockquote":
        return " ".join(words)
    if tag.name in _FIRST_IS_LABEL and words:
        return " ".join(words) if tag.family == "liquid" else words[0]
    if tag.name not in _NOTES or len(words) < 2:
        return ""
    # Hexo's words behind the kind are the title.
    title = list(dropwhile(_KINDS.__contains__, words[1:]))
    quoted = [word for word in quoted if word not in _KINDS]
    return " ".join(title) if tag.family == "liquid" else next(reversed(quoted), "")


def labels_of_tabs(tag: Tag) -> list[str]:
    """Return the labels of tabs that the tag around them holds: `tabs items="npm,yarn"`."""
    items = tag.named.get("items", "")
    return [item.strip() for item in items.split(",") if item.strip()] if tag.name == "tabs" else []


def texts_around_body(tag: Tag) -> tuple[list[str], list[str]]:
    """Return what a tag with a body shows above it, besides its label, and below it."""
    if tag.name in _UNLABELLED:
        return [], []
    label = label_of_tag(tag)
    above, below = _arguments(tag, _ABOVE), _arguments(tag, _BELOW)
    return [text for text in above if text != label], [text for text in below if text != label]


def words_of_tag(tag: Tag) -> str:
    """Return the words that a tag without a body shows, as inline Markdown, or empty text."""
    texts = texts_of_tag(tag)
    if tag.name != "figure":
        return " ".join(texts)
    # Each is a sentence.
    ends = [text if text.endswith((".", "!", "?", ":")) else f"{text}." for text in texts[:-1]]
    return " ".join([*ends, *texts[-1:]])


def texts_of_tag(tag: Tag) -> list[str]:
    """Return the words that a tag without a body shows, one text for each argument."""
    if tag.name in _INCLUDES:
        return _arguments(tag, [key for key in _WORDS if key not in tag.variables])
    shown = _arguments(tag, _WORDS if _SHOWN.search(tag.name) else _ANY_WORDS)
    return shown or [text for text in [_one_line(_unnamed_words(tag))] if text]


def _arguments(tag: Tag, keys: Iterable[str]) -> list[str]:
    """Return the arguments with these names that have words, each once."""
    texts = (_one_line(tag.named.get(key, "")) for key in keys)
    return [text for text in dict.fromkeys(texts) if text]


def _unnamed_words(tag: Tag) -> str:
    words = [word for word, _ in tag.words]
    if tag.name == "post_link":
        return " ".join(words[1:])
    if (tag.name == "link" and len(words) > 1) or (tag.name == "heading" and words):
        return words[0]
    shown = _words_of_hexo(tag) if tag.family == "liquid" else ""
    quoted = [word for word, is_quoted in tag.words if is_quoted and not _is_address(word)]
    is_shown = tag.name in _WORD_IS_SHOWN and len(quoted) == 1
    return shown or (quoted[0] if is_shown else "")


def _words_of_hexo(tag: Tag) -> str:
    """Return the words of a tag of Hexo: `label info@words`, `btn https://x, words, icon`."""
    name, mark, words = tag.rest.partition("@")
    if tag.name == "label" and mark and " " not in name:
        return words
    if tag.name in {"button", "btn"}:
        return next(iter(tag.rest.split(",")[1:]), "").strip(" \"'")
    return tag.rest.strip("\"'") if tag.name in _REST_IS_SHOWN else ""


def _is_address(word: str) -> bool:
    return word.startswith(("/", "#", "./", "../", "http:", "https:", "mailto:"))


def is_unknown(tag: Tag) -> bool:
    """Return whether a tag without a body and words stands for a text that only the build knows."""
    if tag.is_end or tag.family not in {"hugo", "liquid"} or _NO_VALUE.search(tag.name):
        return False
    return tag.family == "hugo" or _STEERS.match(tag.name) is None


def included_file(tag: Tag) -> str:
    """Return the Markdown file that a tag includes, or empty text."""
    if tag.name not in _INCLUDES:
        return ""
    target = tag.words[-1][0] if tag.words else tag.named.get("file", "")
    link = _LINKED_FILE.search(target)
    target = link[1] if link is not None else target
    return target if _MARKDOWN_FILE.search(target) else ""


def is_in_sentence(text: str, start: int, end: int) -> bool:
    """Return whether words are beside a tag on its line, up to the next tags or elements."""
    before = _INLINE_ELEMENT.sub("", text[max(0, start - _MAX_BESIDE) : start])
    after = _INLINE_ELEMENT.sub("", text[end : end + _MAX_BESIDE])
    return bool(_WORD.search(_BESIDE.split(before)[-1]) or _WORD.search(_BESIDE.split(after)[0]))


def _one_line(text: str) -> str:
    return "" if _NO_WORDS.search(text) else " ".join(text.split())
