"""The doctor finds a running stack well, and says of one that does not run what to do."""

from __future__ import annotations

import subprocess
import sys
from configparser import ConfigParser
from typing import TYPE_CHECKING

import pytest

from domains.models import DomainUsage, MailboxUsage, RoomUsage
from domains.services.recount_rooms import recount_rooms
from mailserver.doctor import Level, examine
from mailserver.stack.probes import probes
from portal.config import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.wire


def doctor(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "doctor", "--data", str(data), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_running_stack_is_well(stack: Stack) -> None:
    done = doctor(stack.data)
    assert not done.stderr
    lines = {
        line.split()[1]: line.split()[0] for line in done.stdout.splitlines() if line[:1].isalpha()
    }
    for part in (
        "secrets",
        "certificate",
        "programs",
        "database",
        "redis",
        "imap",
        "smtp",
        "tables",
        "counters",
    ):
        assert lines[part] == "ok", done.stdout


def test_a_wrong_counter_of_a_plan_is_bad_and_the_way_out_is_named(
    stack: Stack, world: World
) -> None:
    RoomUsage.objects.filter(tenant=world.tenant).update(used=7)
    found = [one for one in examine(stack) if one.part == "counters"]
    assert [one.level for one in found] == [Level.BAD]
    assert "manage.py recount_rooms" in found[0].remedy


def test_a_domain_whose_storage_is_counted_wrong_is_bad(stack: Stack, world: World) -> None:
    MailboxUsage.objects.filter(mailbox=world.person().box).update(bytes=100)
    DomainUsage.objects.filter(domain=world.domain).delete()
    RoomUsage.objects.create(tenant=world.tenant, room="storage_bytes", used=100)
    found = [one for one in examine(stack) if one.part == "counters"]
    assert [one.words for one in found] == ["The storage of 1 domains is counted wrong."]
    assert recount_rooms() == 1
    assert [one.level for one in examine(stack) if one.part == "counters"] == [Level.GOOD]


def test_a_folder_where_nothing_runs_is_told_in_words_with_the_way_out(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--bad")
    assert done.returncode == 1
    assert not done.stderr
    assert "Nothing runs here." in done.stdout
    assert f"bin/start --data {tmp_path}" in done.stdout


def test_an_open_secret_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "seal_key").write_text("x")
    (folder / "seal_key").chmod(0o644)
    done = doctor(tmp_path)
    assert "others may read seal_key" in done.stdout
    assert "these are missing: secret_key, mail_token_key" in done.stdout


def test_the_policy_service_is_asked_before_the_stack_counts_as_ready(stack: Stack) -> None:
    assert probes(stack)["policy"]()


def test_no_program_says_the_same_twice(stack: Stack) -> None:
    text = (stack.data / "conf" / "supervisor" / "supervisord.conf").read_text()
    found = ConfigParser(interpolation=None)
    found.read_string(text)  # a doubled option is an error
    assert found["program:redis"]["autorestart"] == "true"
