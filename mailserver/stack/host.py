"""Collects what the configuration depends on, and writes the rendered files."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mailserver.render import MailHost, render
from mailserver.stack import files
from mailserver.stack.cluster import postgres_bin
from mailserver.stack.errors import CannotStart
from mailserver.stack.programs import services
from mailserver.stack.users import mail_ids
from portal.config import PORT_OFFSETS, ROOT

if TYPE_CHECKING:
    from portal.config import Stack

TEMPLATES = ROOT / "mailserver" / "config"
# owner and mode of files that hold a secret; everything else is root's and 0644
PRIVATE = {"dovecot/dovecot.conf": 0o600}
# A form carries a message's files beside its text: some room for the rest of the request.
FORM_ROOM_BYTES = 2 * 1024 * 1024


def mail_host(host: Stack) -> MailHost:
    """Return the values for the templates. Raises CannotStart when a daemon is not installed."""
    uid, gid = mail_ids()
    python = str(Path(sys.executable))
    return MailHost(
        stack_id=host.stack_id,
        code=str(ROOT),
        data=str(host.data),
        run=str(host.run),
        python=python,
        postgres_bin=str(postgres_bin(host.data)),
        dovecot_version=dovecot_version(),
        port=host.port,
        receiver_port=host.receiver_port,
        ports={name: host.mail_port(name) for name in PORT_OFFSETS},
        listen=host.listen,
        out_port=host.loopback_smtp_out_port,
        box=host.box_address(0).rpartition(".")[0] if host.demo else "",
        resolvers=tuple(host.resolvers),
        mail_hostname=host.mail_hostname,
        operator_domain=host.operator_domain,
        max_message_bytes=host.max_message_bytes,
        upload_bytes=host.max_message_bytes + FORM_ROOM_BYTES,
        demo=host.demo,
        push_token=host.secret("push_token"),
        mail_uid=uid,
        mail_gid=gid,
        ipv6=host.listen.startswith("127.") and _has_ipv6(),
        services=services(host, python),
    )


def templates() -> dict[str, str]:
    """Return every template by its path, as `render` wants them."""
    found = {
        str(path.relative_to(TEMPLATES)): path.read_text()
        for path in sorted(TEMPLATES.rglob("*"))
        if path.is_file()
    }
    found["nginx/nginx.conf.tmpl"] = (ROOT / "deploy" / "nginx.conf.tmpl").read_text()
    return found


def write_configuration(host: Stack) -> bool:
    """Render all configuration into DATA/conf; True when any file changed."""
    changed = False
    conf = host.data / "conf"
    for path, text in render(mail_host(host), templates()).items():
        target = conf / path
        files.folder(target.parent)
        changed |= files.write(target, text, mode=PRIVATE.get(path, 0o644))
    return changed


def dovecot_version() -> str:
    """Return "2.3" or "2.4". Raises CannotStart for any other."""
    try:
        words = subprocess.run(
            ["/usr/sbin/dovecot", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotStart("Dovecot is not installed: run bin/start as root.") from error
    match = re.match(r"2\.[34]", words)
    if not match:
        raise CannotStart(f"Dovecot {words.split()[0]} is not known: 2.3 and 2.4 are.")
    return match[0]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
