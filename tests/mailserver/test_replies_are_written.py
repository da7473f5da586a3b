"""Automatic replies on the disk: they follow the addresses of the mailbox, and none waits for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts.actor import Actor
from domains.models import AutoReply, Domain, DomainStatus
from domains.services.rename_mailbox import rename_mailbox
from domains.services.set_alias import change_alias, create_alias, delete_alias
from domains.services.set_alias_domain import end_alias_domain, make_alias_domain
from domains.services.set_auto_reply import set_auto_reply
from mailserver.services.write_replies import NAME, Replies
from tests.world import unique

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.world import Person, World


@pytest.fixture
def actor(world: World) -> Actor:
    return Actor.system(world.tenant)


@pytest.fixture
def person(world: World, actor: Actor) -> Person:
    person = world.person()
    set_auto_reply(actor=actor, mailbox=person.box, text="Tôi đi vắng.")
    return person


def test_a_reply_is_written_anew_when_aliases_or_alias_domains_change(
    world: World, actor: Actor, person: Person, tmp_path: Path
) -> None:
    other = world.person()
    twin = Domain.objects.create(
        tenant=world.tenant,
        name=f"{unique('b')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=timezone.now(),
    )
    script = tmp_path / str(person.box.pk) / NAME
    replies = Replies(tmp_path)

    def after(change: Callable[[], object]) -> str:
        before = AutoReply.objects.get(pk=person.box.pk).changed_at
        change()
        row = AutoReply.objects.get(pk=person.box.pk)
        assert row.written_at is None
        assert row.changed_at > before
        replies.apply()
        assert AutoReply.objects.get(pk=person.box.pk).written_at
        return script.read_text()

    replies.apply()
    assert person.address in script.read_text()
    alias = create_alias(
        actor=actor, domain=world.domain, localpart="bd", mailboxes=[other.address]
    )
    mine = [person.address]
    first = after(lambda: change_alias(actor=actor, alias=alias, mailboxes=mine))
    assert f"bd@{world.domain.name}" in first
    made = after(lambda: make_alias_domain(actor=actor, domain=twin, target=world.domain.name))
    assert f"bd@{twin.name}" in made
    assert f"{person.address.partition('@')[0]}@{twin.name}" in made
    assert twin.name not in after(lambda: end_alias_domain(actor=actor, domain=twin))
    assert "bd@" not in after(lambda: delete_alias(actor=actor, alias=alias))
    renamed = after(
        lambda: rename_mailbox(
            actor=actor, mailbox=person.box, domain=world.domain, localpart="ten-moi"
        )
    )
    assert f"ten-moi@{world.domain.name}" in renamed


def test_a_home_that_is_a_link_stays_open_and_holds_up_no_other(
    world: World, actor: Actor, person: Person, tmp_path: Path
) -> None:
    later = world.person()
    set_auto_reply(actor=actor, mailbox=later.box, text="Tôi đi vắng.")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / str(person.box.pk)).symlink_to(tmp_path / "elsewhere")
    Replies(tmp_path).apply()
    assert AutoReply.objects.get(pk=later.box.pk).written_at
    assert AutoReply.objects.get(pk=person.box.pk).written_at is None
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_home_that_cannot_be_written_holds_up_no_other(
    world: World, actor: Actor, person: Person, tmp_path: Path
) -> None:
    later = world.person()
    set_auto_reply(actor=actor, mailbox=later.box, text="Tôi đi vắng.")
    (tmp_path / str(person.box.pk)).write_text("a file where the home should be")
    Replies(tmp_path).apply()
    assert AutoReply.objects.get(pk=later.box.pk).written_at
    assert AutoReply.objects.get(pk=person.box.pk).written_at is None
