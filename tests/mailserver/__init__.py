"""Tests: mailserver."""
