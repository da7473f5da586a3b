"""Settings of the environment, and what wins over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.config import environment, overrule_environment

if TYPE_CHECKING:
    import pytest


def test_the_command_line_wins_over_an_exported_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPTHU_PORT", "23300")
    overrule_environment({"HOPTHU_PORT": "23000"})
    assert environment()["HOPTHU_PORT"] == "23000"


def test_what_was_not_exported_is_left_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOPTHU_PORT", raising=False)
    overrule_environment({"HOPTHU_PORT": "23000"})
    assert "HOPTHU_PORT" not in environment()
