"""The processes of an installation, as supervisor is told to run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.render import Program
from mailserver.stack.users import WEB

if TYPE_CHECKING:
    from portal.config import Stack


def services(host: Stack, python: str) -> tuple[Program, ...]:
    """Return every process but the database, Redis and the boxed outside, in order of start."""
    bin_ = python.rpartition("/")[0]
    conf, run = host.data / "conf", host.run
    return (
        Program(
            name="postfix",
            # the check makes the queue's folders; without them master ends without a word
            command=f"/bin/sh -c 'postfix -c {conf}/postfix check &&"
            f" exec /usr/lib/postfix/sbin/master -c {conf}/postfix -d'",
            log="postfix-master.log",
        ),
        Program(
            name="dovecot",
            command=f"/usr/sbin/dovecot -F -c {conf}/dovecot/dovecot.conf",
            log="dovecot-master.log",
        ),
        Program(
            name="rspamd",
            command="/usr/bin/setpriv --reuid=_rspamd --regid=_rspamd --groups=_rspamd,redis"
            f" /usr/bin/rspamd -f -c /etc/rspamd/rspamd.conf --var=LOCAL_CONFDIR={conf}/rspamd"
            f" --var=DBDIR={host.data}/state/rspamd --var=RUNDIR={run}/rspamd"
            f" --var=LOGDIR={host.data}/log",
            patience=2,  # 3.12 waits ten seconds for letters that it has long judged
        ),
        Program(
            name="web",
            command=f"{bin_}/granian --interface wsgi --uds {run}/web.sock --uds-permissions 660"
            " --workers 2 --blocking-threads 8 --no-ws --respawn-failed-workers"
            " --log-level warning portal.wsgi:application",
            user=WEB,
        ),
        Program(
            name="push",
            command=f"{bin_}/granian --interface asgi --uds {run}/push.sock --uds-permissions 660"
            " --workers 1 --no-ws --log-level warning portal.asgi:application",
            user=WEB,
        ),
        Program(
            name="worker",
            command=f"{bin_}/celery -A portal.celery worker -P threads -c 6 --loglevel=WARNING"
            " --without-gossip --without-mingle --without-heartbeat",
            user=WEB,
        ),
        Program(
            name="beat",
            command=f"{bin_}/celery -A portal.beat beat --loglevel=WARNING --pidfile="
            f" --schedule={host.data}/state/celery/beat",
            user=WEB,
        ),
        Program(name="agent", command=f"{python} manage.py agent"),
        Program(name="receiver", command=f"{python} -m mailserver.push", user=WEB),
        Program(name="policy", command=f"{python} -m mailserver.policy", user=WEB),
        Program(name="nginx", command=f"/usr/sbin/nginx -e stderr -c {conf}/nginx/nginx.conf"),
    )
