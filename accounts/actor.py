"""Who is acting: a person in a tenant with some roles, or the system itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from accounts.roles import IN_A_DOMAIN, Action, Role, rights_of

if TYPE_CHECKING:
    from accounts.models import Tenant, User


@dataclass(frozen=True, slots=True)
class Actor:
    """The first argument of every service. `user` None means the system, which may do everything.

    `tenant` is where it acts; `via` the tenant whose membership allows it, when that is another
    one higher in the tree (the audit log then names it).
    """

    user: User | None
    tenant: Tenant | None
    roles: frozenset[Role] = frozenset()
    ip: str = ""
    request_id: str = ""
    via: Tenant | None = None
    domain_ids: frozenset[int] | None = None  # None: every domain of the tenant
    acting_as: User | None = None  # in whose place; `roles` are then his, `user` stays who it is
    acting_from: Tenant | None = None  # where the right to that comes from

    @classmethod
    def system(cls, tenant: Tenant | None = None) -> Actor:
        """Return the installation itself, acting without a person."""
        return cls(user=None, tenant=tenant)

    @property
    def is_system(self) -> bool:
        """Whether no person is behind this."""
        return self.user is None

    @property
    def name(self) -> str:
        """What the audit log calls the actor."""
        return "system" if self.user is None else self.user.get_full_name()

    @property
    def reach(self) -> str:
        """Path of the highest tenant the roles are valid in; empty for a person without a role."""
        root = self.via or self.tenant
        if self.is_system:
            return ""
        return root.path if root is not None and self.roles else "-"

    def may(self, action: Action) -> bool:
        """Return whether the roles allow `action` where the actor acts."""
        if self.is_system:
            return True
        if self.domain_ids is not None and action not in IN_A_DOMAIN:
            return False
        return action in rights_of(self.roles)

    def in_domain(self, domain_id: int) -> Actor:
        """Return the actor as services of this room take it that know no domains.

        Only for a caller that has asked the policy about `domain_id` already.
        """
        if self.domain_ids is None or domain_id not in self.domain_ids:
            return self
        return replace(self, domain_ids=None)
