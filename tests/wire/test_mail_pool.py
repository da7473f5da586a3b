"""Connections to Dovecot: reused, capped, never left in doubt, ended with the right to them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import AccessChange
from portal.config import stack as settings_of_stack
from tests.conftest import deliver, letter
from webmail.errors import FolderGone, MailUnavailable
from webmail.imap import messages
from webmail.imap.pool import MAX_PER_MAILBOX, Pool
from webmail.selectors.access import AccessFollower
from webmail.selectors.mailboxes import own_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.config import Stack
    from tests.world import Person, World
    from webmail.identity import MailIdentity

pytestmark = pytest.mark.wire


@pytest.fixture
def reader(live: World) -> Person:
    return live.person()


@pytest.fixture
def me(reader: Person) -> MailIdentity:
    return own_mailbox(reader.user, reader.box.pk)


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.close()


def test_a_connection_is_used_again(pool: Pool, me: MailIdentity) -> None:
    with pool.borrow(me) as first:
        pass
    with pool.borrow(me) as second:
        assert second is first


def test_two_borrowers_never_share_one(pool: Pool, me: MailIdentity) -> None:
    with pool.borrow(me) as first, pool.borrow(me) as second:
        assert first is not second


def test_a_no_of_the_server_keeps_the_connection(pool: Pool, me: MailIdentity) -> None:
    with pytest.raises(FolderGone), pool.borrow(me) as first:
        messages.open_folder(first, "No such folder")
    with pool.borrow(me) as second:
        assert second is first


def test_an_error_of_our_own_closes_it(pool: Pool, me: MailIdentity) -> None:
    with pytest.raises(ZeroDivisionError), pool.borrow(me) as first:
        raise ZeroDivisionError
    with pool.borrow(me) as second:
        assert second is not first


def test_a_connection_the_server_ended_is_replaced(pool: Pool, me: MailIdentity) -> None:
    with pool.borrow(me) as first:
        pass
    first.client.socket().shutdown(2)
    first.used_at -= 60
    with pool.borrow(me) as second:
        assert second is not first
        assert second.select("INBOX").path == "INBOX"


def test_a_connection_that_breaks_in_use_is_told_and_not_kept(pool: Pool, me: MailIdentity) -> None:
    def use() -> object:
        with pool.borrow(me) as session:
            session.client.socket().shutdown(2)
            return session.select("INBOX")

    with pytest.raises(MailUnavailable):
        use()
    with pool.borrow(me) as second:
        assert second.select("INBOX").path == "INBOX"


def test_more_borrowers_than_allowed_wait_their_turn(pool: Pool, me: MailIdentity) -> None:
    seen: set[int] = set()
    most = 0
    lock = threading.Lock()
    inside = 0

    def work() -> None:
        nonlocal inside, most
        with pool.borrow(me) as session:
            with lock:
                inside += 1
                most = max(most, inside)
                seen.add(id(session))
            session.select("INBOX")
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= MAX_PER_MAILBOX


def test_a_dropped_address_signs_in_anew(pool: Pool, me: MailIdentity) -> None:
    with pool.borrow(me) as first:
        pass
    with pool.borrow(me) as lent:
        pool.drop(me.address)
        assert lent.is_broken
    with pool.borrow(me) as second:
        assert second not in (first, lent)


def test_changes_of_rights_are_met_once_and_late_rows_too(committed: None) -> None:
    follower = AccessFollower()
    AccessChange.objects.create(address="before@x.test", mailbox_id=1)
    assert follower() == []
    late = AccessChange.objects.create(address="late@x.test", mailbox_id=1)
    number = late.pk
    late.delete()
    AccessChange.objects.create(address="now@x.test", mailbox_id=1)
    assert "now@x.test" in follower()
    AccessChange.objects.create(pk=number, address="late@x.test", mailbox_id=1)
    assert follower() == ["late@x.test"]
    assert follower() == []


def test_a_mail_store_that_does_not_answer_is_said_and_heals(
    reader: Person, me: MailIdentity, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    client = Client()
    client.force_login(reader.user)
    url = f"/mail/{me.mailbox_id}/f/SU5CT1g/"
    monkeypatch.setitem(settings_of_stack().ports, "imap", 1)
    page = client.get(url)
    assert page.status_code == 503
    assert "Your mail is safe" in page.content.decode()
    assert page["Retry-After"] == "5"
    piece = client.get(url, headers={"HX-Request": "true"})
    assert piece.status_code == 503
    assert 'class="toast' in piece.content.decode()
    monkeypatch.undo()
    assert client.get(url).status_code == 200
