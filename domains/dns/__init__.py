"""DNS of hosted domains: what to publish, what is there, and how the two compare."""

from __future__ import annotations
