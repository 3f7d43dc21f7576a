"""Marks of MkDocs, Hugo, Jekyll, Hexo, GitBook, VitePress, MyST and Docsify in Markdown."""

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.deflist import deflist_plugin

from coverage_kit.text.markdown.docsify import add_docsify_rules
from coverage_kit.text.markdown.dropped_lines import add_dropped_lines
from coverage_kit.text.markdown.inline_marks import add_inline_marks
from coverage_kit.text.markdown.mkdocs import add_mkdocs_rules
from coverage_kit.text.markdown.myst import add_myst_rules
from coverage_kit.text.markdown.templates import add_template_rules
from coverage_kit.text.markdown.vue import add_vue_rules


def add_generator_rules(parser: MarkdownIt) -> None:
    """Add the marks of generators other than those that read MDX to a parser."""
    add_myst_rules(parser)
    add_template_rules(parser)
    add_vue_rules(parser)
    add_mkdocs_rules(parser)
    add_dropped_lines(parser)
    add_docsify_rules(parser)
    add_inline_marks(parser)
    deflist_plugin(parser)
    parser.core.ruler.after("block", "terms", _complete_terms)


def _complete_terms(state: StateCore) -> None:
    """Give the terms of definition lists their line, which the plugin leaves empty."""
    for token in state.tokens:
        if token.map is not None and token.map[0] == token.map[1]:
            token.map = [token.map[0], token.map[0] + 1]
