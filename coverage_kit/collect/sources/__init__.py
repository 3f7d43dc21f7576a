"""Exports and documents that people bring as a site, each read by its own reader."""

from coverage_kit.collect.sources.find import Reader, find_reader
from coverage_kit.collect.sources.llms_full import split_llms_full

__all__ = ["Reader", "find_reader", "split_llms_full"]
