"""Tests: portal."""
