"""A change of the DKIM key: signing follows what the name servers say, never a guess or a click."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from accounts.errors import NotAllowed
from accounts.models import AuditEvent, Role, Tenant, TenantKind
from domains.attention import overview
from domains.dkim import record_text
from domains.dns.records import DkimPublic, key_proofs
from domains.errors import DomainNotProved, NothingSigns, RotationOver, RotationUnderWay
from domains.models import (
    DkimKey,
    DnsChange,
    Domain,
    DomainStatus,
    KeyRotation,
    RotationState,
)
from domains.selectors import dns_report, expected_records
from domains.services.advance_rotations import GRACE, advance_rotation, advance_rotations
from domains.services.move_domain import move_domain
from domains.services.purge_ended import purge_ended
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import request_dns_check
from domains.services.start_rotation import cancel_rotation, start_rotation
from domains.services.terminate_domain import terminate_domain
from domains.services.verify_dns import verify_dns
from portal.config import stack as running_stack
from portal.sealing import seal, unseal
from tests.domains.conftest import acting
from tests.domains.name_server import Mood, NameServer
from tests.world import World, plant, unique


@pytest.fixture
def domain(world: World, admin: Actor, name_server: NameServer) -> Domain:
    """A proved domain that publishes its own DKIM records, the resting one too."""
    made = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('rot')}.test")
    name_server.zone(made.name)
    publish(name_server, made)
    verify_dns(check_id=request_dns_check(actor=admin, domain=made).pk)
    made.refresh_from_db()
    return made


@pytest.fixture
def delegated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's zone takes updates: the boxed server does."""
    stack = running_stack()
    monkeypatch.setattr(stack, "dns_update_server", stack.box_address(53))


def publish(server: NameServer, domain: Domain) -> None:
    for record in expected_records(Domain.objects.get(pk=domain.pk)):
        server.put(record.name, record.rdtype, record.value)


def key(domain: Domain, selector: str) -> DkimKey:
    return DkimKey.objects.get(domain=domain, selector=selector)


def put(server: NameServer, domain: Domain, selector: str, *, seen: bool = True) -> None:
    text = record_text(key(domain, selector).public_key)
    server.put(f"{selector}._domainkey.{domain.name}", "TXT", *([text] if seen else []))


def step(rotation: KeyRotation, **due: str) -> KeyRotation:
    """Let the clock reach the moment named, if one is, and take a step."""
    if due:
        past = timezone.now() - timedelta(seconds=1)
        KeyRotation.objects.filter(pk=rotation.pk).update(
            **dict.fromkeys(due.values(), past)
            | ({"switched_at": past - GRACE} if "retire_after" in due.values() else {})
        )
    advance_rotation(rotation_id=rotation.pk)
    rotation.refresh_from_db()
    return rotation


def signs(domain: Domain) -> str:
    """Return the selector that the wizard and Rspamd take for the signing one."""
    records = expected_records(Domain.objects.get(pk=domain.pk))
    (code,) = [r.record for r in records if r.record.startswith("dkim") and r.need == "required"]
    return code.removeprefix("dkim-")


def deeds(domain: Domain) -> list[str]:
    rows = AuditEvent.objects.filter(target_id=domain.pk, action__startswith="dkim.")
    return list(rows.order_by("pk").values_list("action", flat=True))


# ---- the whole way


def test_signing_moves_once_the_record_was_seen_and_the_old_key_is_destroyed(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    resting = key(domain, "s2")
    rotation = start_rotation(actor=admin, domain=domain)
    fresh = key(domain, "s2")
    assert fresh.pk == resting.pk
    assert fresh.public_key != resting.public_key
    assert b"PRIVATE KEY" not in bytes(fresh.private_sealed)
    assert b"PRIVATE KEY" in unseal(bytes(fresh.private_sealed), purpose="dkim")
    assert step(rotation).state == RotationState.PUBLISHING  # the key before still stands there
    assert (rotation.verdict, rotation.seen_at, signs(domain)) == ("conflict", None, "s1")

    put(name_server, domain, "s2")
    assert step(rotation).state == RotationState.SETTLING
    assert rotation.switch_after is not None
    assert rotation.switch_after - timezone.now() > timedelta(minutes=59)
    assert step(rotation).state == RotationState.SETTLING  # not before the hour is over
    assert (signs(domain), key(domain, "s2").active_at) == ("s1", None)

    assert step(rotation, due="switch_after").state == RotationState.OVERLAP
    assert signs(domain) == "s2"
    old = key(domain, "s1")
    assert (old.retired_at, bool(old.private_sealed)) == (None, True)
    assert "dkim-s1" in {record.record for record in expected_records(domain)}
    assert step(rotation).state == RotationState.OVERLAP  # seven days
    assert rotation.retire_after is not None
    assert rotation.retire_after - timezone.now() > GRACE - timedelta(minutes=1)

    assert step(rotation, due="retire_after").state == RotationState.DONE
    old = key(domain, "s1")
    assert bytes(old.private_sealed) == b""
    assert old.retired_at is not None
    domain = Domain.objects.get(pk=domain.pk)
    assert "dkim-s1" not in {record.record for record in expected_records(domain)}
    assert dns_report(domain).old_record_may_go
    assert deeds(domain) == ["dkim.rotate", "dkim.seen", "dkim.switch", "dkim.retire"]

    again = start_rotation(actor=admin, domain=domain)
    assert (again.from_selector, again.to_selector) == ("s2", "s1")
    assert key(domain, "s1").retired_at is None
    assert b"PRIVATE KEY" in unseal(bytes(key(domain, "s1").private_sealed), purpose="dkim")


@pytest.mark.usefixtures("delegated")
def test_a_delegated_key_needs_nothing_of_the_customer_but_is_seen_in_our_zone_first(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    target = key(domain, "s2").delegated_to
    name_server.put(target, "TXT", record_text(key(domain, "s2").public_key))
    rotation = start_rotation(actor=admin, domain=domain)
    assert step(rotation).verdict == "conflict"  # our zone still has the key before
    assert key(domain, "s2").published_at is None  # and gets the new one again
    name_server.put(target, "TXT", record_text(key(domain, "s2").public_key))
    assert step(rotation).state == RotationState.SETTLING
    assert key(domain, "s2").published_at is not None
    name_server.put(f"s2._domainkey.{domain.name}", "CNAME")
    assert step(rotation, due="switch_after").state == RotationState.PUBLISHING
    assert signs(domain) == "s1"
    name_server.put(f"s2._domainkey.{domain.name}", "CNAME", f"{target}.")
    assert step(rotation).state == RotationState.SETTLING
    assert step(rotation, due="switch_after").state == RotationState.OVERLAP
    before = key(domain, "s1")
    assert step(rotation, due="retire_after").state == RotationState.DONE
    after = key(domain, "s1")  # the next key rests behind the same CNAME
    assert (after.retired_at, after.active_at, after.published_at) == (None, None, None)
    assert after.public_key != before.public_key
    assert not dns_report(Domain.objects.get(pk=domain.pk)).old_record_may_go


def test_a_delegated_key_is_proved_by_two_records() -> None:
    own, theirs = key_proofs("a.vn", DkimPublic("s2", "AAAA", "s2.7._dkim.b.vn", is_signing=False))
    assert (own.name, own.rdtype, own.value) == ("s2._domainkey.a.vn", "CNAME", "s2.7._dkim.b.vn.")
    assert (theirs.name, theirs.rdtype) == ("s2.7._dkim.b.vn", "TXT")
    assert "p=AAAA" in theirs.value


# ---- never signs with what is not there


@pytest.mark.parametrize("mood", [Mood.SILENT, Mood.SERVFAIL, Mood.REFUSED])
def test_no_answer_neither_moves_signing_nor_takes_anything_back(
    domain: Domain, admin: Actor, name_server: NameServer, mood: Mood
) -> None:
    rotation = start_rotation(actor=admin, domain=domain)
    name_server.mood = lambda _name: mood
    assert (step(rotation).state, rotation.verdict) == (RotationState.PUBLISHING, "unknown")
    name_server.mood = lambda _name: Mood.TRUTH
    put(name_server, domain, "s2")
    step(rotation)
    name_server.mood = lambda _name: mood
    assert step(rotation, due="switch_after").state == RotationState.SETTLING
    assert signs(domain) == "s1"
    name_server.mood = lambda _name: Mood.TRUTH
    assert step(rotation).state == RotationState.OVERLAP


def test_a_record_that_vanishes_in_the_hour_is_waited_for_again(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    rotation = start_rotation(actor=admin, domain=domain)
    put(name_server, domain, "s2")
    step(rotation)
    put(name_server, domain, "s2", seen=False)
    assert step(rotation, due="switch_after").state == RotationState.PUBLISHING
    assert (rotation.seen_at, rotation.switch_after, signs(domain)) == (None, None, "s1")
    assert deeds(domain) == ["dkim.rotate", "dkim.seen", "dkim.lost"]


def test_the_database_refuses_to_sign_with_a_key_that_nobody_saw(
    domain: Domain, admin: Actor
) -> None:
    rotation = start_rotation(actor=admin, domain=domain)
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        KeyRotation.objects.filter(pk=rotation.pk).update(
            state=RotationState.OVERLAP, switched_at=now, retire_after=now + GRACE
        )


def test_a_domain_is_not_broken_while_the_new_record_is_missing(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    start_rotation(actor=admin, domain=domain)
    put(name_server, domain, "s2", seen=False)
    verify_dns(check_id=request_dns_check(actor=admin, domain=domain).pk)
    domain.refresh_from_db()
    assert (domain.dns_problems, domain.dns_worst) == (0, "")


def test_a_change_of_the_key_alarms_nobody(domain: Domain, admin: Actor) -> None:
    for _ in range(2):
        verify_dns(check_id=request_dns_check(actor=admin, domain=domain).pk)
    start_rotation(actor=admin, domain=domain)
    for _ in range(4):  # the record of the resting key differs from now on
        verify_dns(check_id=request_dns_check(actor=admin, domain=domain).pk)
    assert AuditEvent.objects.filter(action="domain.dns_confirmed", target_id=domain.pk).exists()
    assert mail.outbox == []
    assert not DnsChange.objects.filter(domain=domain, record="dkim-s2").exists()


# ---- who, when, twice


def test_a_check_of_a_person_looks_for_the_new_record_too(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    rotation = start_rotation(actor=admin, domain=domain)
    put(name_server, domain, "s2")
    verify_dns(check_id=request_dns_check(actor=admin, domain=domain).pk)
    rotation.refresh_from_db()
    assert rotation.state == RotationState.SETTLING


def test_the_clock_takes_what_is_due_and_rests_until_the_next_step(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    rotation = start_rotation(actor=admin, domain=domain)
    put(name_server, domain, "s2")
    assert advance_rotations() >= 1
    rotation.refresh_from_db()
    assert rotation.state == RotationState.SETTLING
    assert rotation.next_look_at == rotation.switch_after
    Domain.objects.filter(pk=domain.pk).update(
        status=DomainStatus.DELETING, delete_after=timezone.now() + timedelta(days=1)
    )
    assert step(rotation, due="switch_after").state == RotationState.SETTLING
    assert rotation.next_look_at is not None
    assert rotation.next_look_at > timezone.now()


def test_a_change_can_be_cancelled_until_the_new_key_signs(
    domain: Domain, admin: Actor, name_server: NameServer
) -> None:
    with pytest.raises(RotationOver):
        cancel_rotation(actor=admin, domain=domain)
    rotation = start_rotation(actor=admin, domain=domain)
    put(name_server, domain, "s2")
    step(rotation)
    assert cancel_rotation(actor=admin, domain=domain).state == RotationState.CANCELLED
    assert step(rotation).state == RotationState.CANCELLED
    assert signs(domain) == "s1"
    assert dns_report(domain).rotation is None
    rotation = start_rotation(actor=admin, domain=domain)
    put(name_server, domain, "s2")
    step(rotation)
    step(rotation, due="switch_after")
    with pytest.raises(RotationOver):
        cancel_rotation(actor=admin, domain=domain)


def test_only_one_change_runs_and_only_by_who_may(
    world: World, domain: Domain, admin: Actor
) -> None:
    with pytest.raises(NotAllowed):
        start_rotation(actor=acting(world.tenant, Role.HELP_DESK), domain=domain)
    start_rotation(actor=admin, domain=domain)
    fresh = key(domain, "s2").public_key
    with pytest.raises(RotationUnderWay):
        start_rotation(actor=acting(world.tenant, Role.DOMAIN_ADMIN), domain=domain)
    assert key(domain, "s2").public_key == fresh
    with pytest.raises(NotAllowed):
        cancel_rotation(actor=acting(world.tenant, Role.AUDITOR), domain=domain)


def test_without_a_key_that_signs_there_is_none_to_change(
    world: World, admin: Actor, name_server: NameServer
) -> None:
    with pytest.raises(NothingSigns):
        start_rotation(actor=admin, domain=world.domain)
    pending = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('new')}.test")
    with pytest.raises(DomainNotProved):
        start_rotation(actor=admin, domain=pending)


def test_two_admins_at_once_start_one_change(live: World) -> None:
    actors = [acting(live.tenant), acting(live.tenant)]
    DkimKey.objects.create(
        tenant=live.tenant,
        domain=live.domain,
        selector="s1",
        public_key="x",
        private_sealed=seal(b"PEM", purpose="dkim"),
        active_at=timezone.now(),
    )
    both, told = threading.Barrier(2), []

    def click(actor: Actor) -> None:
        try:
            both.wait()
            start_rotation(actor=actor, domain=live.domain)
            told.append("started")
        except RotationUnderWay:
            told.append("under way")
        finally:
            connections.close_all()

    clicks = [threading.Thread(target=click, args=(actor,)) for actor in actors]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(told) == ["started", "under way"]
    assert KeyRotation.objects.filter(domain=live.domain).count() == 1
    assert deeds(live.domain).count("dkim.rotate") == 1


# ---- pages


def test_the_page_says_where_the_change_stands(
    domain: Domain, admin: Actor, name_server: NameServer, client: Client
) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    path = f"/portal/{domain.tenant_id}/domains/{domain.pk}/dns/"

    def shown() -> str:
        return client.get(path).content.decode()

    text = shown()
    assert "Change the key" in text
    assert "Change of the DKIM key" not in text
    assert client.post(f"{path}key/").status_code == 302
    assert client.post(f"{path}key/").status_code == 409
    rotation = KeyRotation.objects.get(domain=domain)
    text = shown()
    assert "Waiting for the new record" in text
    assert f"p={key(domain, 's2').public_key[:40]}" in text
    assert "Change the key" not in text
    assert text.count('id="dkim-s2"') == 1
    put(name_server, domain, "s2")
    step(rotation)
    assert "The name servers show the new record" in shown()
    step(rotation, due="switch_after")
    text = shown()
    assert "Mail is signed with s2 since" in text
    assert "Cancel the change" not in text
    step(rotation, due="retire_after")
    text = shown()
    assert "is not needed any more. You may remove it." in text
    assert "Change the key" in text
    assert (
        "signs with the new DKIM key for"
        in client.get(f"/portal/{domain.tenant_id}/audit/").content.decode()
    )


def test_keys_older_than_a_year_are_one_line_on_the_overview_of_who_may_change_them(
    domain: Domain, admin: Actor
) -> None:
    def told(actor: Actor) -> list[str]:
        assert actor.tenant is not None
        rows = overview(actor.tenant, actor).rows
        return [f"{row.title} {row.text} {row.url}" for row in rows if "DKIM" in row.title]

    assert told(admin) == []
    old = timezone.now() - timedelta(days=366)
    DkimKey.objects.filter(domain=domain, selector="s1").update(active_at=old)
    place = f"/portal/{domain.tenant_id}/domains/{domain.pk}/dns/#key-title"
    line = f"1 domain signs with a DKIM key older than a year {domain.name}. {place}"
    assert told(admin) == [line]
    assert domain.tenant.parent is not None
    assert told(acting(domain.tenant.parent, Role.RESELLER)) == [line]
    assert told(acting(domain.tenant, Role.AUDITOR)) == []
    for days in (366, 367, 368):
        other = Domain.objects.create(
            tenant=domain.tenant,
            name=f"{unique('k')}.test",
            status=DomainStatus.ACTIVE,
            ownership_token="x",
            verified_at=old,
        )
        DkimKey.objects.create(
            tenant=domain.tenant,
            domain=other,
            selector="s1",
            public_key="x",
            private_sealed=seal(b"PEM", purpose="dkim"),
            active_at=timezone.now() - timedelta(days=days),
        )
    (many,) = told(admin)
    assert many.startswith("4 domains sign with a DKIM key older than a year")
    assert " and 1 more. " in many
    oldest = Domain.objects.filter(dkim_keys__active_at__lt=old - timedelta(days=1)).get(
        tenant=domain.tenant
    )
    assert f"/domains/{oldest.pk}/dns/" in many
    start_rotation(actor=admin, domain=oldest)
    DkimKey.objects.filter(domain=domain, selector="s2").update(active_at=timezone.now())
    assert told(admin)[0].startswith("2 domains sign")


def test_a_key_older_than_a_year_is_said_to_be(
    domain: Domain, admin: Actor, client: Client
) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    path = f"/portal/{domain.tenant_id}/domains/{domain.pk}/dns/"
    assert "Older than a year" not in client.get(path).content.decode()
    DkimKey.objects.filter(domain=domain, selector="s1").update(
        active_at=timezone.now() - timedelta(days=366)
    )
    assert "Older than a year" in client.get(path).content.decode()


def test_the_keys_of_another_tenant_are_not_there(world: World, domain: Domain) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    client = Client()
    client.force_login(world.admin_of(other, Role.COMPANY_ADMIN).user)
    for tenant in (other.pk, domain.tenant_id):
        for part in ("key/", "key/cancel/"):
            path = f"/portal/{tenant}/domains/{domain.pk}/dns/{part}"
            assert client.post(path).status_code == 404
    assert not KeyRotation.objects.filter(domain=domain).exists()


def test_a_change_goes_with_its_domain_to_another_tenant_and_out_of_the_world(
    world: World, domain: Domain, admin: Actor
) -> None:
    rotation = start_rotation(actor=admin, domain=domain)
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    move_domain(actor=acting(world.reseller, Role.RESELLER), domain=domain, target=other)
    rotation.refresh_from_db()
    assert rotation.tenant_id == other.pk
    system = Actor.system(other)
    terminate_domain(actor=system, domain=Domain.objects.get(pk=domain.pk), grace_days=0)
    while Domain.objects.filter(pk=domain.pk).exists():
        assert purge_ended()
    assert not KeyRotation.objects.filter(pk=rotation.pk).exists()
