"""Marks of MkDocs, Hugo, Jekyll, Hexo, GitBook, VitePress and MyST in Markdown."""

from markdown_it import MarkdownIt


def add_generator_rules(parser: MarkdownIt) -> None:
    """Add the marks of generators other than those that read MDX to a parser."""
