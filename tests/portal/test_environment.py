"""Settings of the environment, and what wins over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.config import environment, overrule_environment, stack

if TYPE_CHECKING:
    from pathlib import Path


def test_the_command_line_wins_over_an_exported_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPTHU_PORT", "23300")
    overrule_environment({"HOPTHU_PORT": "23000"})
    assert environment()["HOPTHU_PORT"] == "23000"


def test_what_was_not_exported_is_left_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOPTHU_PORT", raising=False)
    overrule_environment({"HOPTHU_PORT": "23000"})
    assert "HOPTHU_PORT" not in environment()


def test_a_nonsense_setting_ends_the_start_with_its_name_and_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "stack.env").write_text("HOPTHU_PORT=abc\n")
    monkeypatch.setenv("HOPTHU_DATA", str(tmp_path))
    monkeypatch.delenv("HOPTHU_PORT", raising=False)
    with pytest.raises(SystemExit, match=r"HOPTHU_PORT has a value that cannot be.*stack\.env"):
        stack.__wrapped__()
