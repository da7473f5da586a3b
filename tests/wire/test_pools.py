"""Storage is pooled by real use: a full domain or company takes no mail to keep, and loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from accounts.models import Plan
from domains.models import DomainUsage
from domains.selectors import used_by, used_in
from domains.services.rename_mailbox import rename_mailbox
from domains.services.set_alias import create_alias
from domains.services.set_domain_pool import set_domain_pool
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from tests.conftest import deliver, letter, until
from tests.domains.conftest import acting
from tests.wire.mail import ask_recipient
from tests.world import World, agree, make_world, unique

if TYPE_CHECKING:
    from portal.config import Stack

pytestmark = pytest.mark.wire


def test_a_full_pool_refuses_what_would_be_kept_and_only_that(stack: Stack, live: World) -> None:
    actor = acting(live.tenant)
    first, second, away = live.person(), live.person(), live.person()
    alias = create_alias(
        actor=actor, domain=live.domain, localpart="bd", mailboxes=[second.address]
    )
    forwarder = create_forwarder(
        actor=actor, domain=live.domain, localpart="ra", targets=["an@partner.test"]
    )
    set_forwarding(actor=actor, mailbox=away.box, targets=["an@partner.test"], keep_copy=False)
    agree(live.tenant, "an@partner.test")
    deliver(stack, first.address, letter(first.address))
    used = until(lambda: used_by(live.domain), what="Dovecot reports the storage")
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=used)
    for address in (first.address, second.address, alias.address.email):
        code, words = ask_recipient(stack, address)
        assert (code, words[:5]) == (552, "5.2.2")
    for address in (forwarder.address.email, away.address):
        assert ask_recipient(stack, address)[0] == 250
    set_domain_pool(actor=actor, domain=live.domain, pool_bytes=used * 10)
    assert ask_recipient(stack, second.address)[0] == 250


def test_the_storage_of_a_plan_is_one_pool_of_all_mailboxes(stack: Stack, live: World) -> None:
    first, second = live.person(), live.person()
    deliver(stack, first.address, letter(first.address))
    used = until(lambda: used_in(live.tenant), what="Dovecot reports the storage")
    live.tenant.plan = Plan.objects.create(
        tenant=live.reseller, name=unique("Plan "), storage_bytes=used
    )
    live.tenant.save(update_fields=["plan"])
    assert ask_recipient(stack, second.address)[0] == 552
    Plan.objects.filter(pk=live.tenant.plan.pk).update(storage_bytes=used + 1)
    assert ask_recipient(stack, second.address)[0] == 250


def test_use_is_counted_as_it_changes_and_moves_along(db: None) -> None:
    world = make_world()
    actor, person, other = acting(world.tenant), world.person(), world.person()
    with connection.cursor() as cursor:
        for address, size in ((person.address, 700), (other.address, 50), (person.address, 400)):
            cursor.execute(
                "INSERT INTO domains_mailboxusage (mailbox_id, bytes, messages)"
                " SELECT m.id, %s, 1 FROM domains_mailbox m JOIN domains_address a"
                " ON a.id = m.address_id WHERE a.email = %s"
                " ON CONFLICT (mailbox_id) DO UPDATE SET bytes = excluded.bytes",
                [size, address],
            )
    assert used_by(world.domain) == used_in(world.tenant) == 450
    second = make_world().domain
    second.tenant = world.tenant
    second.save(update_fields=["tenant"])
    rename_mailbox(actor=actor, mailbox=person.box, domain=second, localpart="x")
    assert (used_by(world.domain), used_by(second)) == (50, 400)
    other.box.usage.delete()
    assert DomainUsage.objects.get(domain=world.domain).bytes == 0
