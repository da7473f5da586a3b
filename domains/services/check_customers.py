"""Says of each row of a table of customers what the database knows about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.models import ENDED, Tenant, TenantStatus
from accounts.selectors import plans_of
from domains.columns import Column, Problem
from domains.customers import CustomerGround, PlanOffered, claim_of, key_of
from domains.errors import DomainTaken
from domains.models import RowState
from domains.names import parse_domain_name, show_domain
from domains.selectors import domains_within
from domains.services.import_rows import row_of
from domains.services.register_domain import refuse_operators_own, refuse_taken
from portal.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domains.customers import CustomerReading
    from domains.models import Domain, Job, JobRow
    from domains.services.import_rows import Line


def customer_ground(tenant: Tenant) -> CustomerGround:
    """Return what the rows are read against. One query."""
    return CustomerGround(
        plans={
            key_of(plan.name): PlanOffered(plan.pk, plan.name, plan.max_domains)
            for plan in plans_of(tenant)
        }
    )


def judge_customers(
    job: Job, lines: Sequence[Line[CustomerReading]], seen: dict[str, int]
) -> Iterator[JobRow]:
    """Yield rows with what the database says. Three queries a domain; `seen` grows."""
    known = {
        key_of(name): status
        for name, status in Tenant.objects.filter(parent=job.tenant)
        .exclude(status=TenantStatus.PURGED)
        .values_list("name", "status")
    }
    for line in lines:
        reading = line.reading
        state, words = "", ""
        status = known.get(key_of(reading.company)) if reading.company else None
        if status in ENDED:
            reading.problems.append(
                Problem(
                    _("A customer of this name has ended. Restore it, or choose another name."),
                    Column.COMPANY,
                )
            )
        elif status:
            state, words = RowState.SKIPPED, _("It exists already; nothing is changed.")
        _refuse_twice(line, seen)
        if not state:
            found = (_taken(name, job.tenant) for name in reading.domains)
            reading.problems += [problem for problem in found if problem]
        yield row_of(
            job,
            line,
            name=reading.company or line.values.get(Column.COMPANY, ""),
            found={
                "company": reading.company,
                "kind": reading.kind,
                "plan_id": reading.plan_id,
                "domains": reading.domains,
                "admin": reading.admin,
                "admin_name": reading.admin_name,
                "language": reading.language,
                "claims": reading.claims,
            },
            state=state,
            words=words,
        )


def _refuse_twice(line: Line[CustomerReading], seen: dict[str, int]) -> None:
    reading = line.reading
    company = claim_of(reading.company)
    if reading.company and company in seen:
        reading.problems.append(
            Problem(_("The same name stands in line %(n)d.") % {"n": seen[company]}, Column.COMPANY)
        )
    for name in reading.domains:
        above = [n for n in (name, *parse_domain_name(name).parents) if n in seen]
        if above:
            reading.problems.append(
                Problem(
                    _("%(domain)s stands in line %(n)d already.")
                    % {"domain": show_domain(above[0]), "n": seen[above[0]]},
                    Column.DOMAINS,
                )
            )
    for claim in reading.claims:
        seen.setdefault(claim, line.number)


def _taken(name: str, seller: Tenant) -> Problem | None:
    parsed = parse_domain_name(name)
    try:
        refuse_operators_own(parsed, None)
        refuse_taken(parsed, None)
    except DomainTaken as exc:
        own = domains_within(seller).filter(name=parsed.a_label).first()
        words = exc.message if own is None else _held(own)
        return Problem(f"{show_domain(name)}: {words}", Column.DOMAINS)
    except PortalError as exc:
        return Problem(f"{show_domain(name)}: {exc.message}", Column.DOMAINS)
    return None


def _held(domain: Domain) -> str:
    """Say whose a domain is to the seller above it."""
    return _("%(customer)s has this domain already.") % {"customer": domain.tenant.name}
