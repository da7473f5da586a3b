"""The agent touches only what rows name: homes of mailboxes that are gone, keys that sign."""

from __future__ import annotations

import grp
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent
from domains.models import DkimKey, MailHomeChange
from mailserver.doveadm import kick
from mailserver.errors import DaemonFailed, UnsafePath
from mailserver.services.delete_homes import HomeChanges, remove_home
from mailserver.services.export_dkim import DkimFolder, export_dkim
from portal.sealing import seal
from tests.world import World

pytestmark = pytest.mark.usefixtures("db")
GONE = 2**50  # no mailbox has this id


def test_a_home_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    inside = tmp_path / str(GONE) / "sdbox" / "mailboxes" / "INBOX"
    inside.mkdir(parents=True)
    (inside / "u.1").write_text("mail")
    remove_home(tmp_path, GONE)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_never_was_is_no_error(tmp_path: Path) -> None:
    remove_home(tmp_path, GONE)


def test_a_home_half_deleted_before_a_crash_is_finished(tmp_path: Path) -> None:
    (tmp_path / f".deleted-{GONE}" / "sdbox").mkdir(parents=True)
    remove_home(tmp_path, GONE)
    assert list(tmp_path.iterdir()) == []


def test_a_home_whose_mailbox_has_a_row_is_never_touched(world: World, tmp_path: Path) -> None:
    mailbox = world.person().box
    home = tmp_path / str(mailbox.pk)
    home.mkdir()
    with pytest.raises(UnsafePath):
        remove_home(tmp_path, mailbox.pk)
    assert home.is_dir()


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_that_is_no_mailbox_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(UnsafePath):
        remove_home(tmp_path, number)


def test_a_link_in_place_of_a_home_is_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "mail", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (root / str(GONE)).symlink_to(elsewhere)
    with pytest.raises(UnsafePath):
        remove_home(root, GONE)
    assert (elsewhere / "precious").exists()


@pytest.mark.parametrize("address", ["*@haivan.test", "-a", "a b@c", "?", "a[b]@c", ""])
def test_a_mask_never_reaches_doveadm(address: str) -> None:
    with pytest.raises(DaemonFailed):
        kick(address)


def test_a_mailbox_without_a_home_has_no_archive(world: World) -> None:
    row = MailHomeChange.objects.create(
        mailbox_id=GONE,
        address="gone@nowhere.test",
        tenant_id=world.tenant.pk,
        archive_until=timezone.now() + timedelta(days=1),
    )
    HomeChanges().apply()
    row.refresh_from_db()
    assert row.done_at
    assert row.archived_at is None
    assert not AuditEvent.objects.filter(action="mailbox.archive", target_id=GONE).exists()


# ---- DKIM


def key(
    world: World,
    selector: str,
    *,
    active: datetime | None,
    retired: datetime | None = None,
    pem: bytes = b"PEM",
) -> DkimKey:
    return DkimKey.objects.create(
        tenant=world.tenant,
        domain=world.domain,
        selector=selector,
        public_key="x",
        private_sealed=seal(pem, purpose="dkim"),
        active_at=active,
        retired_at=retired,
    )


def test_only_keys_that_sign_are_written_and_only_rspamd_may_read_them(
    world: World, tmp_path: Path
) -> None:
    folder, now = tmp_path / "dkim", timezone.now()
    key(world, "s1", active=now)
    key(world, "s2", active=None)
    key(world, "s3", active=now, retired=now)
    export_dkim(folder=folder)
    path = folder / f"{world.domain.name}.s1.key"
    assert path.read_bytes() == b"PEM"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert path.stat().st_gid == grp.getgrnam("_rspamd").gr_gid
    assert not (folder / f"{world.domain.name}.s2.key").exists()
    assert not (folder / f"{world.domain.name}.s3.key").exists()


def test_a_second_round_changes_nothing(world: World, tmp_path: Path) -> None:
    key(world, "s1", active=timezone.now())
    assert export_dkim(folder=tmp_path) >= 2
    before = (tmp_path / f"{world.domain.name}.s1.key").stat()
    assert export_dkim(folder=tmp_path) == 0
    assert (tmp_path / f"{world.domain.name}.s1.key").stat() == before


def test_a_retired_key_is_taken_away_and_the_newest_signs(world: World, tmp_path: Path) -> None:
    now = timezone.now()
    old = key(world, "s1", active=now - timedelta(days=90))
    key(world, "s2", active=now)
    export_dkim(folder=tmp_path)
    assert f"{world.domain.name} s2\n" in (tmp_path / "selectors.map").read_text()
    DkimKey.objects.filter(pk=old.pk).update(retired_at=now)
    export_dkim(folder=tmp_path)
    assert not (tmp_path / f"{world.domain.name}.s1.key").exists()
    assert (tmp_path / f"{world.domain.name}.s2.key").exists()


@pytest.mark.parametrize("sealed", [b"x" * 40, b"x", b""])
def test_a_key_that_does_not_open_leaves_the_others_alone(
    world: World, tmp_path: Path, sealed: bytes
) -> None:
    now = timezone.now()
    key(world, "s1", active=now - timedelta(days=1))
    bad = key(world, "s2", active=now)
    DkimKey.objects.filter(pk=bad.pk).update(private_sealed=sealed)
    export_dkim(folder=tmp_path)
    assert (tmp_path / f"{world.domain.name}.s1.key").exists()
    # mail would go unsigned if Rspamd were sent to a file that is not there
    assert f"{world.domain.name} s1\n" in (tmp_path / "selectors.map").read_text()


@pytest.mark.parametrize("selector", ["../../x", "s/1", "S1"])
def test_no_selector_leads_out_of_the_folder(world: World, tmp_path: Path, selector: str) -> None:
    folder = tmp_path / "dkim"
    key(world, selector, active=timezone.now())
    export_dkim(folder=folder)
    assert not list(tmp_path.rglob("*.key")) or all(
        world.domain.name not in path.name for path in tmp_path.rglob("*.key")
    )


def test_while_no_key_comes_or_goes_a_round_asks_one_question(world: World, tmp_path: Path) -> None:
    first = key(world, "s1", active=timezone.now())
    folder = DkimFolder(tmp_path)
    folder.step()
    path = tmp_path / f"{world.domain.name}.s1.key"
    assert path.exists()
    costs = set()
    for _ in range(4):  # a test beside this one may commit a key of its own now and then
        with CaptureQueriesContext(connection) as seen:
            folder.step()
        costs.add(len(seen))
    assert min(costs) == 1
    first.retired_at = timezone.now()
    first.save(update_fields=["retired_at"])
    key(world, "s2", active=timezone.now())
    folder.step()
    assert not path.exists()
    assert (tmp_path / f"{world.domain.name}.s2.key").exists()
