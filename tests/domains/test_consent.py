"""People outside agree by a link before mail is passed on to them, and stop it when they like."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Role, Tenant, TenantKind
from domains.errors import ConsentAsked, ConsentOver, ConsentStopped
from domains.models import Consent, ConsentState, Domain, DomainStatus, Forwarder, Group
from domains.selectors import consent_by_hash, targets_outside
from domains.services.answer_consent import answer_consent
from domains.services.ask_consent import (
    LETTERS_PER_HOUR,
    ask_again,
    ask_consent,
    hash_of,
    mail_consents,
)
from domains.services.move_domain import move_domain
from domains.services.set_forwarder import change_forwarder, create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.set_group import add_members, create_group
from portal.errors import NotFound
from tests.domains.conftest import acting
from tests.world import World, agree, make_world, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

    from accounts.actor import Actor
    from accounts.models import Plan

OUT = f"{unique('an')}@partner.test"
AN_HOUR = timedelta(hours=1, seconds=1)


@pytest.fixture(autouse=True)
def _mail_in_memory(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


@pytest.fixture
def asked(world: World, admin: Actor) -> Forwarder:
    """A forwarder whose target outside has the letter."""
    made = create_forwarder(actor=admin, domain=world.domain, localpart="ra", targets=[OUT])
    mail_consents()
    return made


def row(world: World, email: str = OUT) -> Consent:
    return Consent.objects.get(tenant=world.tenant, email=email)


def age(world: World, by: timedelta) -> None:
    """Let the letter have gone out and the link have begun earlier."""
    one = row(world)
    assert one.mailed_at
    Consent.objects.filter(pk=one.pk).update(
        mailed_at=one.mailed_at - by, expires_at=one.expires_at - by
    )


def states(world: World, *emails: str) -> list[ConsentState]:
    return [target.state for target in targets_outside(world.tenant, emails)]


def letters(email: str = OUT) -> list[str]:
    """The texts of the letters to an address, oldest first."""
    return [str(one.body) for one in mail.outbox if one.to == [email]]


def token_of(text: str) -> str:
    found = re.search(r"/forwarding/([\w-]{43})/", text)
    assert found
    return found.group(1)


# ---- who is asked


def test_a_target_outside_gets_one_letter_and_the_table_only_its_hash(
    world: World, asked: Forwarder
) -> None:
    (text,) = letters()
    assert world.tenant.name in text
    assert asked.address.email in text
    one = row(world)
    assert one.token_sha256 == hash_of(token_of(text))
    assert states(world, OUT) == [ConsentState.WAITING]
    mail_consents()
    assert len(letters()) == 1


def test_one_answer_serves_every_forwarding_of_the_tenant(
    world: World, admin: Actor, asked: Forwarder
) -> None:
    answer_consent(consent=row(world), agrees=True)
    create_forwarder(actor=admin, domain=world.domain, localpart="hai", targets=[OUT])
    set_forwarding(actor=admin, mailbox=world.person().box, targets=[OUT], keep_copy=False)
    mail_consents()
    assert len(letters()) == 1
    assert states(world, OUT) == [ConsentState.CONFIRMED]


def test_the_own_company_is_not_asked_and_another_one_here_is(world: World, admin: Actor) -> None:
    inside, there = world.person(), make_world().person()
    set_forwarding(
        actor=admin,
        mailbox=world.person().box,
        targets=[inside.address, there.address],
        keep_copy=True,
    )
    mail_consents()
    assert letters(inside.address) == []
    assert len(letters(there.address)) == 1


def test_the_letter_speaks_the_language_of_the_tenant(world: World, admin: Actor) -> None:
    Tenant.objects.filter(pk=world.tenant.pk).update(language="vi")
    create_forwarder(actor=admin, domain=world.domain, localpart="ra", targets=[OUT])
    mail_consents()
    assert "chuyển tiếp" in letters()[0]


def test_a_forwarder_that_went_before_the_letter_did_asks_nobody(
    world: World, admin: Actor
) -> None:
    made = create_forwarder(actor=admin, domain=world.domain, localpart="ra", targets=[OUT])
    change_forwarder(actor=admin, forwarder=made, targets=[world.person().address])
    mail_consents()
    assert letters() == []
    change_forwarder(actor=admin, forwarder=made, targets=[OUT])
    mail_consents()
    assert len(letters()) == 1


def test_a_tenant_writes_a_limited_number_of_letters_an_hour(world: World, admin: Actor) -> None:
    people = [f"{unique('p')}@partner.test" for _ in range(LETTERS_PER_HOUR + 5)]
    for place in range(0, len(people), 20):
        create_forwarder(
            actor=admin,
            domain=world.domain,
            localpart=f"f{place}",
            targets=people[place : place + 20],
        )
    mail_consents()
    assert sum(len(letters(email)) for email in people) == LETTERS_PER_HOUR
    mail_consents()
    assert sum(len(letters(email)) for email in people) == LETTERS_PER_HOUR
    Consent.objects.filter(tenant=world.tenant, mailed_at__isnull=False).update(
        mailed_at=timezone.now() - AN_HOUR
    )
    mail_consents()
    assert sum(len(letters(email)) for email in people) == len(people)


def test_a_trusted_tenant_asks_nobody_and_keeps_what_runs_when_the_trust_ends(
    world: World, admin: Actor, plan: Callable[..., Plan]
) -> None:
    made = plan(trusts_forwarding=True)
    create_forwarder(actor=admin, domain=world.domain, localpart="ra", targets=[OUT])
    mail_consents()
    assert letters() == []
    made.trusts_forwarding = False
    made.save(update_fields=["trusts_forwarding"])
    world.tenant.refresh_from_db()
    assert states(world, OUT, "b@partner.test") == [ConsentState.CONFIRMED, ConsentState.UNASKED]


# ---- rules of people


def test_the_page_of_a_mailbox_names_where_its_own_rules_lead(
    world: World, admin: Actor, client: Client
) -> None:
    assert admin.user
    client.force_login(admin.user)
    box, stale = world.person().box, f"{unique('cu')}@partner.test"
    box.rule_targets.create(email=OUT, used_at=timezone.now())
    box.rule_targets.create(email=stale, used_at=timezone.now() - timedelta(days=31))
    ask_consent(world.tenant, [OUT])
    mail_consents()
    (text,) = letters()
    assert box.address.email in text
    page = f"/portal/{world.tenant.pk}/mailboxes/{box.pk}/"
    shown = client.get(page).text
    assert OUT in shown
    assert "Waits for consent" in shown
    assert stale not in shown
    age(world, AN_HOUR)
    assert client.post(f"{page}forwarding/ask/", {"email": OUT}).status_code == 302
    assert client.post(f"{page}forwarding/ask/", {"email": stale}).status_code == 404


def test_answers_about_rules_move_along_with_a_domain(world: World) -> None:
    person = world.person()
    person.box.rule_targets.create(email=OUT, used_at=timezone.now())
    agree(world.tenant, OUT)
    target = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Target ")))
    mover = acting(world.reseller, Role.RESELLER)
    move_domain(actor=mover, domain=world.domain, target=target)
    assert Consent.objects.get(tenant=target, email=OUT).state == ConsentState.CONFIRMED


# ---- asking once more


def test_a_second_letter_waits_for_an_hour_and_replaces_the_link(
    world: World, admin: Actor, asked: Forwarder
) -> None:
    with pytest.raises(ConsentAsked):
        ask_again(actor=admin, tenant=world.tenant, email=OUT)
    age(world, AN_HOUR)
    ask_again(actor=admin, tenant=world.tenant, email=OUT)
    mail_consents()
    old, new = map(token_of, letters())
    assert consent_by_hash(hash_of(new)) == row(world)
    with pytest.raises(ConsentOver):
        consent_by_hash(hash_of(old))
    assert (
        AuditEvent.objects.filter(tenant_id=world.tenant.pk, action="forwarding.ask").count() == 1
    )


def test_removing_and_adding_a_target_sends_no_second_letter(
    world: World, admin: Actor, asked: Forwarder
) -> None:
    change_forwarder(actor=admin, forwarder=asked, targets=[world.person().address])
    change_forwarder(actor=admin, forwarder=asked, targets=[OUT])
    mail_consents()
    assert len(letters()) == 1


def test_saving_after_the_link_ran_out_asks_anew(
    world: World, admin: Actor, asked: Forwarder
) -> None:
    age(world, timedelta(days=8))
    with pytest.raises(ConsentOver):
        answer_consent(consent=row(world), agrees=True)
    change_forwarder(actor=admin, forwarder=asked, targets=[OUT])
    mail_consents()
    assert len(letters()) == 2


def test_who_said_no_is_left_alone_for_thirty_days(
    world: World, admin: Actor, asked: Forwarder
) -> None:
    answer_consent(consent=row(world), agrees=False)
    age(world, AN_HOUR)
    change_forwarder(actor=admin, forwarder=asked, targets=[OUT])
    mail_consents()
    assert states(world, OUT) == [ConsentState.STOPPED]
    with pytest.raises(ConsentStopped):
        ask_again(actor=admin, tenant=world.tenant, email=OUT)
    Consent.objects.filter(pk=row(world).pk).update(stopped_at=timezone.now() - timedelta(days=31))
    ask_again(actor=admin, tenant=world.tenant, email=OUT)
    mail_consents()
    assert len(letters()) == 2


def test_who_agreed_or_is_no_stranger_cannot_be_asked(
    world: World, admin: Actor, asked: Forwarder
) -> None:
    answer_consent(consent=row(world), agrees=True)
    for email in (OUT, world.person().address):
        with pytest.raises(NotFound):
            ask_again(actor=admin, tenant=world.tenant, email=email)


# ---- the link


def test_opening_the_link_changes_nothing_and_the_button_does(
    world: World, asked: Forwarder
) -> None:
    client, address = Client(), f"/forwarding/{token_of(letters()[0])}/"
    for _ in range(2):
        shown = client.get(address)
        assert shown.status_code == 200
        assert asked.address.email in shown.text
        assert shown["Referrer-Policy"] == "strict-origin"
    client.head(address)
    assert row(world).state == ConsentState.WAITING
    assert client.post(address, {"answer": "agree"}).status_code == 302
    assert row(world).state == ConsentState.CONFIRMED
    assert "You agreed" in client.get(address).text
    client.post(address, {"answer": "stop"})
    assert row(world).state == ConsentState.STOPPED
    assert "No mail is passed on to you" in client.get(address).text
    client.post(address, {"answer": "agree"})
    assert row(world).state == ConsentState.CONFIRMED
    found = AuditEvent.objects.filter(tenant_id=world.tenant.pk, action__startswith="forwarding.")
    assert sorted(found.values_list("action", flat=True)) == [
        "forwarding.confirm",
        "forwarding.confirm",
        "forwarding.stop",
    ]


def test_an_answer_needs_its_own_form(world: World, asked: Forwarder) -> None:
    address = f"/forwarding/{token_of(letters()[0])}/"
    assert Client(enforce_csrf_checks=True).post(address, {"answer": "agree"}).status_code == 403
    assert row(world).state == ConsentState.WAITING


def test_the_same_answer_twice_is_written_once(world: World, asked: Forwarder) -> None:
    first = answer_consent(consent=row(world), agrees=True)
    again = answer_consent(consent=row(world), agrees=True)
    assert first.confirmed_at == again.confirmed_at


def test_old_and_unknown_links_say_so_in_words(world: World, asked: Forwarder) -> None:
    client, address = Client(), f"/forwarding/{token_of(letters()[0])}/"
    age(world, timedelta(days=8))
    for link in (address, f"/forwarding/{'a' * 43}/", "/forwarding/x%00/"):
        for answer in (client.get(link), client.post(link, {"answer": "agree"})):
            assert answer.status_code == 404
            assert "This link no longer works" in answer.text
    assert row(world).state == ConsentState.WAITING


def test_who_agreed_stops_by_the_same_link_years_later(world: World, asked: Forwarder) -> None:
    answer_consent(consent=row(world), agrees=True)
    age(world, timedelta(days=1000))
    answer_consent(consent=consent_by_hash(hash_of(token_of(letters()[0]))), agrees=False)
    assert row(world).state == ConsentState.STOPPED


# ---- domains that change hands


def test_answers_move_along_with_a_domain(world: World, admin: Actor) -> None:
    stopped, waiting = (f"{unique('p')}@partner.test" for _ in range(2))
    stays = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Mới ")))
    create_forwarder(
        actor=admin, domain=world.domain, localpart="ra", targets=[OUT, stopped, waiting]
    )
    agree(world.tenant, OUT)
    answer_consent(consent=row(world, stopped), agrees=False)
    move_domain(actor=acting(world.reseller, Role.RESELLER), domain=world.domain, target=stays)
    found = {one.email: one.state for one in targets_outside(stays, [OUT, stopped, waiting])}
    assert found == {
        OUT: ConsentState.CONFIRMED,
        stopped: ConsentState.STOPPED,
        waiting: ConsentState.WAITING,
    }
    mail_consents()
    assert len(letters(waiting)) == 1


def test_what_was_inside_before_a_move_goes_on(world: World, admin: Actor) -> None:
    other = Domain.objects.create(
        tenant=world.tenant,
        name=f"{unique('d')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="x",
        verified_at=timezone.now(),
    )
    boss = world.person()
    create_forwarder(actor=admin, domain=other, localpart="sep", targets=[boss.address])
    target = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Mới ")))
    move_domain(actor=acting(world.reseller, Role.RESELLER), domain=world.domain, target=target)
    assert states(world, boss.address) == [ConsentState.CONFIRMED]


def test_asking_the_same_people_at_once_writes_one_row_each(world: World) -> None:
    ask_consent(world.tenant, [OUT, OUT])
    ask_consent(world.tenant, [OUT])
    assert Consent.objects.filter(tenant=world.tenant).count() == 1


def test_what_was_forwarded_before_the_table_came_goes_on(world: World) -> None:
    person, other = world.person(), world.person()
    person.box.forward_to = [OUT, other.address]
    person.box.save(update_fields=["forward_to"])
    migration = import_module("domains.migrations.0020_consents")
    with connection.cursor() as cursor:
        cursor.execute(f"{migration.KEEP_RUNNING} AND goes.tenant_id = %s", [world.tenant.pk])
    assert [one.email for one in Consent.objects.filter(tenant=world.tenant)] == [OUT]
    assert states(world, OUT) == [ConsentState.CONFIRMED]


# ---- groups


@pytest.fixture
def group(world: World, admin: Actor) -> Group:
    """A group with a colleague and somebody outside who has the letter."""
    made = create_group(
        actor=admin, domain=world.domain, localpart="doi", name="Đội", members=[OUT]
    )
    add_members(actor=admin, group=made, members=[world.person().address])
    mail_consents()
    return made


def test_a_member_outside_gets_one_letter_that_names_the_group(
    world: World, admin: Actor, group: Group
) -> None:
    (text,) = letters()
    assert group.address.email in text
    assert states(world, OUT) == [ConsentState.WAITING]
    (answered, link) = (row(world), f"/forwarding/{token_of(text)}/")
    assert group.address.email in Client().get(link).text
    answer_consent(consent=answered, agrees=True)
    other = create_group(
        actor=admin, domain=world.domain, localpart="hai", name="Hai", members=[OUT]
    )
    mail_consents()
    assert len(letters()) == 1
    assert other.address.email in Client().get(link).text  # what stopping will end


def test_the_page_of_a_group_says_who_waits_and_asks_him_once_more(
    world: World, admin: Actor, group: Group, client: Client
) -> None:
    assert admin.user
    client.force_login(admin.user)
    page = f"/portal/{world.tenant.pk}/groups/{group.pk}/"
    assert client.get(page).text.count("Waits for consent") == 1
    ask = f"{page}members/ask/"
    assert client.post(ask, {"email": OUT}).status_code == 409
    age(world, AN_HOUR)
    assert client.post(ask, {"email": OUT}).status_code == 302
    inside = group.members.exclude(address=None).get().email
    for stranger in (inside, "nobody@partner.test", "\0", ""):
        assert client.post(ask, {"email": stranger}).status_code == 404
    mail_consents()
    assert len(letters()) == 2
    answer_consent(consent=row(world), agrees=False)
    assert "Stopped by the recipient" in client.get(page).text
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    add_members(
        actor=admin,
        group=group,
        members=[world.person().address, *(f"{unique('x')}@partner.test" for _ in range(20))],
    )
    with CaptureQueriesContext(connection) as many:
        client.get(page)
    assert len(many) == len(few) <= 12


def test_who_was_a_member_before_members_were_asked_goes_on(world: World, admin: Actor) -> None:
    said_no, waits = f"{unique('kh')}@partner.test", f"{unique('ch')}@partner.test"
    create_group(
        actor=admin,
        domain=world.domain,
        localpart="doi",
        name="Đội",
        members=[OUT, said_no, waits, world.person().address],
    )
    mail_consents()
    row(world).delete()
    answer_consent(consent=row(world, said_no), agrees=False)
    migration = import_module("domains.migrations.0027_members_outside_agree")
    mine = f"m.tenant_id = {world.tenant.pk} AND m.address_id IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(migration.KEEP_RUNNING.replace("m.address_id IS NULL", mine))
    goes, stopped = ConsentState.CONFIRMED, ConsentState.STOPPED
    assert [row(world, email).state for email in (OUT, said_no, waits)] == [goes, stopped, goes]
    assert Consent.objects.filter(tenant=world.tenant).count() == 3


def test_members_outside_move_along_with_the_domain_of_their_group(
    world: World, admin: Actor, group: Group
) -> None:
    target = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Target ")))
    mover = acting(world.reseller, Role.RESELLER)
    answer_consent(consent=row(world), agrees=True)
    move_domain(actor=mover, domain=world.domain, target=target)
    moved = Consent.objects.get(tenant=target, email=OUT)
    assert moved.state == ConsentState.CONFIRMED


# ---- asking once more


def test_the_button_of_the_page_asks_once_more(
    world: World, admin: Actor, asked: Forwarder, client: Client
) -> None:
    assert admin.user
    client.force_login(admin.user)
    below = f"/portal/{world.tenant.pk}"
    shown = client.get(f"{below}/forwarders/{asked.pk}/").text
    assert "Waits for consent" in shown
    assert "Waits for consent" in client.get(f"{below}/forwarders/").text
    address = f"{below}/forwarders/{asked.pk}/ask/"
    assert client.post(address, {"email": OUT}).status_code == 409
    age(world, AN_HOUR)
    assert client.post(address, {"email": OUT}).status_code == 302
    assert client.post(address, {"email": "nobody@partner.test"}).status_code == 404
    mail_consents()
    assert len(letters()) == 2
