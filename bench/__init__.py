"""Benchmarks: each prints its figures beside a floor or a peer and can write them as JSON."""
