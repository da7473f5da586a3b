"""Commands of domains."""

from __future__ import annotations
