"""Notes that somebody signed in on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.actor import Actor
from accounts.services.record_audit import record_audit
from portal.logs import request_id

if TYPE_CHECKING:
    from accounts.models import User


def record_sign_in(*, person: User, ip: str) -> None:
    """Write the audit row in the person's home."""
    actor = Actor(user=person, tenant=person.tenant, ip=ip, request_id=request_id.get())
    record_audit(
        actor,
        person.tenant,
        action="session.start",
        target=("person", person.pk, person.email),
    )
