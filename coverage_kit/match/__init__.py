"""What is near what: neighbours, evidence, calibrated coverage, clusters, labels."""
