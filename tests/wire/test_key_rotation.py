"""A change of DKIM keys on the real daemons: every letter is signed, and every signature holds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import dns.resolver
import pytest
from django.utils import timezone

from demo.box.records import publish, withdraw
from domains.dkim import record_text
from domains.models import DkimKey, Domain, DomainStatus, KeyRotation, RotationState
from domains.services.request_dns_check import request_dns_check
from domains.services.set_alias_domain import make_alias_domain
from domains.services.start_rotation import start_rotation
from tests.conftest import letter, until
from tests.domains.conftest import acting
from tests.wire.dkim import verified_domains
from tests.wire.mail import kept_by_partner, submission
from tests.world import Person, World, signing_key, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.config import Stack

pytestmark = pytest.mark.wire


@pytest.fixture
def signed(stack: Stack, live: World) -> Iterator[list[Domain]]:
    """A domain and an alias of it that sign with s1, whose records the boxed DNS has."""
    twin = Domain.objects.create(
        tenant=live.tenant,
        name=f"{unique('b')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=timezone.now(),
    )
    make_alias_domain(actor=acting(live.tenant), domain=twin, target=live.domain.name)
    for domain in (live.domain, twin):
        put(signing_key(domain, since_days=400))
        path = stack.data / "dkim" / f"{domain.name}.s1.key"
        until(path.exists, what="the key reaches Rspamd")
    yield [live.domain, twin]
    for domain in (live.domain, twin):
        for selector in ("s1", "s2"):
            withdraw(f"{selector}._domainkey.{domain.name}")


def put(key: DkimKey) -> None:
    name = f"{key.selector}._domainkey.{key.domain.name}"
    publish(name, "TXT", record_text(key.public_key))


def signer_of(stack: Stack, person: Person, domain: Domain) -> str:
    """Send a letter from the person's address at `domain`; return the selector that signed it.

    The partner checks the signature with the key that the boxed DNS has at that moment.
    """
    sender = person.address.partition("@")[0] + f"@{domain.name}"
    outside, subject = f"{unique('ban')}@partner.test", unique("thu")
    with submission(stack, person) as client:
        message = letter(outside, subject=subject, sender=sender)
        client.sendmail(sender, [outside], message.as_bytes())
    content = until(lambda: kept_by_partner(stack, outside, subject), what="the partner keeps it")
    assert verified_domains(content, lambda name: text_of(stack, name)) == [domain.name]
    (found,) = re.findall(rb"^DKIM-Signature:.*?\bs=(s[12]);", content, re.DOTALL | re.MULTILINE)
    return str(found.decode())


def text_of(stack: Stack, name: str) -> str:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [stack.box_address(53)]
    (found,) = resolver.resolve(name, "TXT")
    return b"".join(found.strings).decode()


def reached(rotations: list[KeyRotation], state: RotationState) -> bool:
    return all(KeyRotation.objects.get(pk=one.pk).state == state for one in rotations)


def test_mail_is_signed_and_verifies_before_through_and_after_the_change(
    stack: Stack, live: World, signed: list[Domain]
) -> None:
    person, actor = live.person(), acting(live.tenant)
    assert [signer_of(stack, person, domain) for domain in signed] == ["s1", "s1"]
    rotations = [start_rotation(actor=actor, domain=domain) for domain in signed]
    until(
        lambda: all(KeyRotation.objects.get(pk=one.pk).verdict == "missing" for one in rotations),
        seconds=30,
        what="the worker misses the new records",
    )
    # Even a clock that runs ahead does not let an unseen key sign.
    KeyRotation.objects.filter(pk__in=[one.pk for one in rotations]).update(
        next_look_at=timezone.now(), switch_after=timezone.now() - timedelta(days=1)
    )
    for domain in signed:
        request_dns_check(actor=actor, domain=domain)
    assert [signer_of(stack, person, domain) for domain in signed] == ["s1", "s1"]
    assert reached(rotations, RotationState.PUBLISHING)
    assert not DkimKey.objects.filter(domain__in=signed, selector="s2", active_at__isnull=False)

    for key in DkimKey.objects.filter(domain__in=signed, selector="s2").select_related("domain"):
        put(key)
    for domain in signed:
        request_dns_check(actor=actor, domain=domain)
    until(lambda: reached(rotations, RotationState.SETTLING), seconds=40, what="seen")
    KeyRotation.objects.filter(pk__in=[one.pk for one in rotations]).update(
        next_look_at=timezone.now(), switch_after=timezone.now()
    )
    until(lambda: reached(rotations, RotationState.OVERLAP), seconds=40, what="switched")
    # From here on Rspamd follows in its own time; each letter of the while is signed and verifies.
    for domain in signed:
        until(
            lambda d=domain: signer_of(stack, person, d) == "s2",  # type: ignore[misc]
            seconds=60,
            what="the new key signs",
        )
        assert (stack.data / "dkim" / f"{domain.name}.s1.key").exists()

    old = timezone.now() - timedelta(days=8)
    KeyRotation.objects.filter(pk__in=[one.pk for one in rotations]).update(
        switched_at=old, retire_after=old + timedelta(days=7), next_look_at=timezone.now()
    )
    until(lambda: reached(rotations, RotationState.DONE), seconds=40, what="the old key ends")
    for domain in signed:
        path = stack.data / "dkim" / f"{domain.name}.s1.key"
        until(lambda p=path: not p.exists(), seconds=15)  # type: ignore[misc]
        assert bytes(DkimKey.objects.get(domain=domain, selector="s1").private_sealed) == b""
        withdraw(f"s1._domainkey.{domain.name}")
        assert signer_of(stack, person, domain) == "s2"
