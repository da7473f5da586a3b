"""The cast of a test: a company of its own with a domain, people and mailboxes, all names unique."""

from __future__ import annotations

import itertools
import os
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import LoginName, Membership, Role, Tenant, TenantKind, User
from domains.dkim import make_key_pair
from domains.models import Address, Consent, DkimKey, Domain, DomainStatus, Mailbox
from portal.sealing import seal

PASSWORD = "cầu rồng phun lửa 9"  # of people that exist only in a test
_numbers = itertools.count(1)
_hashes: dict[str, str] = {}


def unique(prefix: str) -> str:
    """Return a name that no other test, process or run uses."""
    return f"{prefix}{os.getpid()}x{next(_numbers)}{uuid.uuid4().hex[:6]}"


def hashed(password: str) -> str:
    """Return the stored form of a password, computed once per process."""
    if password not in _hashes:
        _hashes[password] = make_password(password)
    return _hashes[password]


def operator_tenant() -> Tenant:
    """Return the installation's operator tenant, making it where the stack has no demo world."""
    found = Tenant.objects.filter(kind=TenantKind.OPERATOR).first()
    if found is not None:
        return found
    return plant(Tenant(kind=TenantKind.OPERATOR, name="Operator"))


def plant(tenant: Tenant) -> Tenant:
    """Save a tenant with the path of its place in the tree."""
    tenant.path = uuid.uuid4().hex
    tenant.save()
    above = tenant.parent.path if tenant.parent else ""
    tenant.path = f"{above}{tenant.pk}."
    tenant.save(update_fields=["path"])
    return tenant


def agree(tenant: Tenant, *emails: str) -> None:
    """Let people outside agree that mail of `tenant` is passed on to them."""
    now = timezone.now()
    for email in emails:
        Consent.objects.update_or_create(
            tenant=tenant,
            email=email,
            defaults={
                "requested_at": now,
                "expires_at": now,
                "letter_due": False,
                "confirmed_at": now,
                "stopped_at": None,
            },
        )


@dataclass
class Person:
    """Somebody who can sign in with `address` and PASSWORD; `mailbox` is None for pure admins."""

    user: User
    mailbox: Mailbox | None = None
    password: str = PASSWORD

    @property
    def address(self) -> str:
        """The address this person signs in with."""
        return self.user.email

    @property
    def box(self) -> Mailbox:
        """The person's mailbox; asking a person without one is a mistake in the test."""
        assert self.mailbox is not None
        return self.mailbox


@dataclass
class World:
    """One company below a reseller of its own."""

    reseller: Tenant
    tenant: Tenant
    domain: Domain
    people: dict[str, Person] = field(default_factory=dict)

    def person(
        self, localpart: str = "", *, role: Role | None = None, quota_bytes: int = 0, name: str = ""
    ) -> Person:
        """Add somebody with a mailbox, and a role in the company where one is named."""
        localpart = localpart or unique("p")
        if localpart in self.people:
            return self.people[localpart]
        email = f"{localpart}@{self.domain.name}"
        user = self._user(email, name or localpart.title(), self.tenant)
        address = Address.objects.create(
            tenant=self.tenant, domain=self.domain, localpart=localpart, email=email
        )
        mailbox = Mailbox.objects.create(
            tenant=self.tenant,
            address=address,
            owner=user,
            name=user.name,
            quota_bytes=quota_bytes,
        )
        if role is not None:
            Membership.objects.create(user=user, tenant=self.tenant, role=role)
        person = Person(user, mailbox)
        self.people[localpart] = person
        return person

    def admin_of(self, tenant: Tenant, role: Role) -> Person:
        """Add somebody with a role and no mailbox; he signs in with an outside address."""
        user = self._user(f"{unique('admin')}@outside.test", role.label.title(), tenant)
        Membership.objects.create(user=user, tenant=tenant, role=role)
        return Person(user)

    def _user(self, email: str, name: str, tenant: Tenant) -> User:
        user = User.objects.create(
            email=email,
            name=name,
            tenant=tenant,
            password=hashed(PASSWORD),
            language="en",
            password_changed_at=timezone.now(),
        )
        LoginName.objects.create(address=email, user=user)
        return user


def make_world() -> World:
    """Make a reseller, a company and an active domain, all with unique names."""
    reseller = plant(
        Tenant(parent=operator_tenant(), kind=TenantKind.RESELLER, name=unique("Reseller "))
    )
    company = plant(Tenant(parent=reseller, kind=TenantKind.COMPANY, name=unique("Company ")))
    return World(reseller, company, add_domain(company))


def add_domain(tenant: Tenant) -> Domain:
    """Give a tenant an active domain with a unique name."""
    return Domain.objects.create(
        tenant=tenant,
        name=f"{unique('d')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="token",
        verified_at=timezone.now(),
    )


def signing_key(domain: Domain, *, since_days: int = 0) -> DkimKey:
    """Return the key s1, with which `domain` signs; the running worker may have made it already."""
    pair = make_key_pair()
    key, _is_ours = DkimKey.objects.get_or_create(
        domain=domain,
        selector="s1",
        defaults={
            "tenant_id": domain.tenant_id,
            "public_key": pair.public_key,
            "private_sealed": seal(pair.private_pem, purpose="dkim"),
        },
    )
    key.active_at = timezone.now() - timedelta(days=since_days)
    key.save(update_fields=["active_at"])
    return key
