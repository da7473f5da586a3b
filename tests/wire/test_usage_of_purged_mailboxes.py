"""What Dovecot reports of a mailbox that is purged this moment counts for nobody."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection, transaction

from accounts.actor import Actor
from domains.models import LastSignIn, Mailbox, MailboxUsage
from domains.selectors import wrong_rooms
from domains.services.delete_mailbox import delete_mailbox
from domains.services.purge_deleted import purge_deleted
from tests.conftest import until

if TYPE_CHECKING:
    from portal.config import Stack
    from tests.world import World

pytestmark = pytest.mark.wire

REPORTS = {
    "usage": "INSERT INTO dovecot_usage (email, bytes, messages) VALUES (%s, 589, 1)",
    "sign-in": "INSERT INTO dovecot_last_sign_in VALUES (%s, 'imap', 9)",
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_in_the_midst_of_a_purge_leaves_nothing_behind(
    report: str, stack: Stack, live: World
) -> None:
    person = live.person()
    box = person.box.pk
    with psycopg.connect(
        host=str(stack.run / "pg"), dbname="hopthu", user="dovecot_usage", autocommit=True
    ) as link:
        dovecot = Thread(target=link.execute, args=(REPORTS[report], [person.address]))
        with transaction.atomic():
            delete_mailbox(actor=Actor.system(live.tenant), mailbox=person.box, grace_days=0)
            purge_deleted()
            assert not Mailbox.objects.filter(pk=box).exists()
            dovecot.start()
            until(lambda: not dovecot.is_alive() or waits(link), what="it is told, or waits")
        dovecot.join(10)
        assert not dovecot.is_alive()
    assert not MailboxUsage.objects.filter(mailbox_id=box).exists()
    assert not LastSignIn.objects.filter(mailbox_id=box).exists()
    assert live.tenant.pk not in {one.tenant_id for one in wrong_rooms()}


def waits(link: psycopg.Connection) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM pg_locks WHERE NOT granted AND pid = %s", [link.info.backend_pid]
        )
        return bool(cursor.rowcount)
