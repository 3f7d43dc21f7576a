"""Generators of sites: which files of a folder are pages, and where each is published."""

from coverage_kit.collect.generators.detect import Detected, detect
from coverage_kit.collect.generators.model import (
    OUTSIDE,
    PARTIAL,
    Decision,
    Facts,
    NotPublished,
    Published,
    below,
    is_rendered,
    join,
    slug_of,
    title_of_path,
)

__all__ = [
    "OUTSIDE",
    "PARTIAL",
    "Decision",
    "Detected",
    "Facts",
    "NotPublished",
    "Published",
    "below",
    "detect",
    "is_rendered",
    "join",
    "slug_of",
    "title_of_path",
]
