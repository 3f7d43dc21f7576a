"""Queries and passages: neighbours, evidence, calibrated coverage, clusters and labels."""
