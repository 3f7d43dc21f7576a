"""Markdown as site generators write it: one parser for reading pages and for placing edits."""
