"""Tests: webmail."""
