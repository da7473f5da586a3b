"""The audit trail is a chain: what is changed, removed or slipped in is found."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, LiteralString, Protocol

import psycopg
import psycopg.sql
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.actor import Actor
from accounts.models import AuditEvent, AuditSeal
from accounts.services.record_audit import record_audit
from accounts.services.verify_audit import Head, verify_audit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.config import Stack
    from tests.world import World


class Owner(Protocol):
    """Runs a statement with the rights of somebody who has the whole database."""

    def __call__(self, sql: LiteralString, *values: object) -> None:
        """Run it."""


def write(live: World, number: int) -> list[AuditEvent]:
    """Record some entries, each in a transaction of its own."""
    actor = Actor.system(live.tenant)
    return [
        record_audit(
            actor,
            live.tenant,
            action="mailbox.change",
            target=("mailbox", n, f"đường{n}@x.test"),
            changes={"name": ['a, "b"', "ờ"], "n": n},
        )
        for n in range(number)
    ]


@pytest.fixture
def as_owner(stack: Stack, live: World) -> Iterator[Owner]:
    """Do what only the owner of the tables can; afterwards the tenant's broken trail is removed."""
    with psycopg.connect(
        host=str(stack.run / "pg"), dbname="hopthu", user="hopthu_owner", autocommit=True
    ) as owner:

        def change(sql: LiteralString, *values: object) -> None:
            owner.execute(sql, values)

        yield change
        for table in ("accounts_auditseal", "accounts_auditevent"):
            owner.execute(
                psycopg.sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(
                    psycopg.sql.Identifier(table)
                ),
                [live.tenant.pk],
            )


def words(live: World) -> list[str]:
    return [broken.what for broken in verify_audit(tenant_id=live.tenant.pk).breaks]


def test_an_untouched_trail_holds_together(live: World) -> None:
    write(live, 5)
    verdict = verify_audit(tenant_id=live.tenant.pk)
    assert (verdict.checked, verdict.breaks) == (5, [])
    assert verdict.heads[live.tenant.pk].number == 5


def test_tenants_have_chains_of_their_own(live: World) -> None:
    write(live, 2)
    assert set(
        AuditSeal.objects.filter(tenant_id=live.tenant.pk).values_list("number", flat=True)
    ) == {1, 2}
    assert not AuditSeal.objects.filter(tenant_id=live.reseller.pk).exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_auditevent SET actor_name = 'somebody else' WHERE id = %s",
        "UPDATE accounts_auditevent SET changes = '{}' WHERE id = %s",
        "UPDATE accounts_auditevent SET ip = '192.0.2.99' WHERE id = %s",
        "UPDATE accounts_auditevent SET at = at - interval '1 day' WHERE id = %s",
        "UPDATE accounts_auditevent SET target_name = target_name || 'x' WHERE id = %s",
    ],
)
def test_a_changed_entry_is_found(live: World, as_owner: Owner, change: LiteralString) -> None:
    middle = write(live, 3)[1]
    as_owner(change, middle.pk)
    assert words(live) == ["was changed"]


def test_a_removed_entry_is_found_with_and_without_its_seal(live: World, as_owner: Owner) -> None:
    middle = write(live, 3)[1]
    as_owner("DELETE FROM accounts_auditevent WHERE id = %s", middle.pk)
    assert words(live) == ["entry is gone"]
    as_owner("DELETE FROM accounts_auditseal WHERE event_id = %s", middle.pk)
    assert words(live) == ["missing"]


def test_an_entry_without_a_seal_is_found(live: World, as_owner: Owner) -> None:
    last = write(live, 2)[-1]
    as_owner("DELETE FROM accounts_auditseal WHERE event_id = %s", last.pk)
    assert words(live) == ["1 entries without a seal"]


def test_an_end_that_was_cut_off_is_found_by_a_head_kept_elsewhere(
    live: World, as_owner: Owner
) -> None:
    last = write(live, 3)[-1]
    kept = verify_audit(tenant_id=live.tenant.pk).heads
    as_owner("DELETE FROM accounts_auditseal WHERE event_id = %s", last.pk)
    as_owner("DELETE FROM accounts_auditevent WHERE id = %s", last.pk)
    assert words(live) == []
    verdict = verify_audit(tenant_id=live.tenant.pk, kept=kept)
    assert [broken.what for broken in verdict.breaks] == ["the end was cut off"]


def test_a_chain_that_was_rewritten_is_found_by_a_head_kept_elsewhere(live: World) -> None:
    write(live, 2)
    kept = {live.tenant.pk: Head(2, "0" * 64)}
    verdict = verify_audit(tenant_id=live.tenant.pk, kept=kept)
    assert [broken.what for broken in verdict.breaks] == ["was rewritten"]


def test_the_application_can_write_no_seal_of_its_own(live: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('hopthu_app', 'accounts_auditseal', p) FROM"
            " unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p"
        )
        assert {row[0] for row in cursor.fetchall()} == {False}


def test_the_command_says_what_holds_and_fails_otherwise(
    live: World, as_owner: Owner, tmp_path: Path
) -> None:
    event = write(live, 2)[0]
    out, heads = StringIO(), tmp_path / "heads.json"
    call_command("verify_audit", tenant=live.tenant.pk, save=heads, stdout=out)
    assert "2 entries of 1 tenants hold together" in out.getvalue()
    call_command("verify_audit", tenant=live.tenant.pk, against=heads, stdout=out)
    as_owner("UPDATE accounts_auditevent SET action = 'x' WHERE id = %s", event.pk)
    with pytest.raises(CommandError):
        call_command("verify_audit", tenant=live.tenant.pk, stdout=out, stderr=StringIO())
