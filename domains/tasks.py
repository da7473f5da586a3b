"""Background work of this room: looking at DNS, counting, and freeing what was deleted."""

from __future__ import annotations

from celery import shared_task

from domains.services.advance_rotations import advance_rotations as advance
from domains.services.ask_consent import mail_consents as mail
from domains.services.check_due import look_at_due
from domains.services.check_senders import check_senders as look_at_senders
from domains.services.keep_reserved import route_reserved as route
from domains.services.known_figures import refresh_figures as refresh
from domains.services.purge_ended import purge_what_is_over as purge
from domains.services.purge_jobs import purge_jobs as purge_old
from domains.services.ready_keys import ready_keys as complete_keys
from domains.services.remind_departures import remind_departures as remind
from domains.services.run_departures import run_departures as run
from domains.services.run_job import run_job as carry_out
from domains.services.run_job import sweep_jobs as sweep
from domains.services.sample_usage import sample_usage as sample
from domains.services.verify_dns import verify_dns as verify
from domains.services.warn_full import warn_full as warn


@shared_task(
    name="domains.verify_dns",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def verify_dns(check_id: int) -> None:
    """Carry out one DNS check. Idempotent: a finished check is left alone."""
    verify(check_id=check_id)


@shared_task(
    name="domains.check_due",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=120,
    time_limit=180,
)
def check_due() -> None:
    """Look at the domains whose DNS is due; what is left after a while is for the next tick."""
    look_at_due()


@shared_task(
    name="domains.purge_deleted",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=120,
    time_limit=180,
)
def purge_deleted() -> None:
    """Free mailboxes, domains and tenants whose days of grace are over."""
    purge()


@shared_task(
    name="domains.run_departures",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def run_departures() -> None:
    """Carry out what is due of leavers' plans."""
    run()


@shared_task(
    name="domains.remind_departures",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def remind_departures() -> None:
    """Tell admins which mailboxes of leavers close soon."""
    remind()


@shared_task(
    name="domains.route_reserved",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def route_reserved(tenant_id: int) -> None:
    """Let postmaster and abuse follow the admins of a tenant."""
    route(tenant_id=tenant_id)


@shared_task(
    name="domains.check_senders",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def check_senders() -> None:
    """Look at the addresses mail is sent from."""
    look_at_senders()


@shared_task(
    name="domains.ready_keys",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def ready_keys() -> None:
    """Complete the DKIM keys of some domains."""
    complete_keys()


@shared_task(
    name="domains.rotate_keys",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=120,
    time_limit=180,
)
def rotate_keys() -> None:
    """Take the next step of changes of DKIM keys."""
    advance()


@shared_task(
    name="domains.refresh_figures",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=30,
    time_limit=60,
)
def refresh_figures(tenant_id: int, domain_id: int = 0) -> None:
    """Count the figures of a large tenant anew."""
    refresh(tenant_id=tenant_id, domain_id=domain_id)


@shared_task(
    name="domains.sample_usage",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def sample_usage() -> None:
    """Write down today's use of every tenant."""
    sample()


@shared_task(
    name="domains.warn_full",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def warn_full() -> None:
    """Tell owners whose mailboxes are filling up."""
    warn()


@shared_task(
    name="domains.mail_consents",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=60,
    time_limit=90,
)
def mail_consents() -> None:
    """Ask people outside whether mail may be passed on to them."""
    mail()


@shared_task(
    name="domains.run_job",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=900,
    time_limit=960,
)
def run_job(job_id: int) -> None:
    """Check or carry out one job. Idempotent: the job's rows know what was done."""
    carry_out(job_id=job_id)


@shared_task(
    name="domains.sweep_jobs",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=30,
    time_limit=60,
)
def sweep_jobs() -> None:
    """Wake a worker for jobs whose own is gone."""
    sweep()


@shared_task(
    name="domains.purge_jobs",
    ignore_result=True,
    acks_late=True,
    soft_time_limit=120,
    time_limit=180,
)
def purge_jobs() -> None:
    """Forget old jobs."""
    purge_old()
