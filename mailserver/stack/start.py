"""Starts an installation in order: folders, configuration, database, tables, daemons, demo world."""

from __future__ import annotations

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management import call_command, get_commands

from mailserver.stack import (
    certificates,
    cluster,
    control,
    files,
    layout,
    mounts,
    probes,
    secrets,
    stamps,
    users,
)
from mailserver.stack.errors import CannotStart
from mailserver.stack.host import write_configuration
from portal.config import PORT_OFFSETS, ROOT, Stack, environment, overrule_environment, stack

if TYPE_CHECKING:
    from collections.abc import Callable

# A folder whose name a daemon's configuration could misread is refused.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+@-]+")
_ROOM_BYTES = 500 * 1024 * 1024
_PATIENCE_SECONDS = 60


class Start:
    """One start. `prepare` writes, `run` starts and waits, `stay` keeps the foreground."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._supervisor: subprocess.Popen[bytes] | None = None

    def prepare(self, *, port: int | None, demo: bool | None) -> None:
        """Make everything below DATA. Raises CannotStart."""
        host = stack()
        _check_folder(host.data)
        if control.running_pid(host.data):
            raise CannotStart(
                f"This stack runs already at {host.url}/: end it with "
                f"bin/stop --data {host.data}, or name another --data folder."
            )
        users.ensure_users()
        layout.make_folders(host)
        _compile_python()
        host = self._host = _settle(host, port=port, demo=demo)
        _check_ports(host)
        secrets.ensure_secrets(host.data)
        certificates.ensure_certificates(
            host.data, [host.mail_hostname, host.operator_domain, "localhost", "127.0.0.1", "::1"]
        )
        certificates.ensure_profile_certificate(host.data, host.mail_hostname, owner=users.WEB)
        mounts.open_way(host.run, [ROOT, host.data])
        _check_readable()
        if host.demo:
            mounts.box_resolver(host.run, host.box_address(53))
        cluster.ensure_cluster(host.data)
        write_configuration(host)
        _prepare_postfix(host)
        _compile_sieve(host)
        _call_if_there("demo_box", host.demo)
        _write_endpoints(host)

    def run(self, *, stays: bool) -> None:
        """Start the daemons and return when every part answers. Raises CannotStart.

        `stays`: the caller goes on to `stay`; were it killed, the stack would end with it.
        """
        host = self._host
        configuration = host.data / "conf" / "supervisor" / "supervisord.conf"
        self._supervisor = subprocess.Popen(
            [*(["setpriv", "--pdeathsig", "TERM"] if stays else []),
             str(Path(sys.executable).with_name("supervisord")), "-s", "-n", "-c", configuration],
            env={"PATH": _PATH, **environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )  # fmt: skip
        server = control.Control(host)
        self._wait("supervisor", server.ready)
        # its first start compiles patterns for many seconds, so it begins beside the tables
        server.start("stack:rspamd")
        self._wait("postgres", lambda: cluster.answers(host))
        self._make_tables()
        self._make_static()
        server.start_group("stack")
        for name, question in probes.probes(host).items():
            try:
                self._wait(name, question)
            except CannotStart as error:
                self._say(f"WARNING {error}")
        if host.demo:
            self._make_demo_world()
        self._say(f"Ready: {host.url}/")
        for line in _sign_ins(host):
            self._say(line)

    def stay(self) -> None:
        """Become a small process that ends the stack when it is told to end."""
        if self._supervisor:
            os.execv(  # noqa: S606 - our own interpreter, no shell
                sys.executable,
                [sys.executable, "-I", "-S", str(ROOT / "mailserver" / "stack" / "attend.py"),
                 str(self._supervisor.pid)],
            )  # fmt: skip

    def end(self) -> None:
        """End what was started."""
        if self._supervisor and self._supervisor.poll() is None:
            self._supervisor.terminate()
            try:
                self._supervisor.wait(timeout=12)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()

    def _wait(self, name: str, question: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not question():
            if self._supervisor and self._supervisor.poll() is not None:
                raise CannotStart(_last_words(self._host, "supervisord"))
            self._check_given_up()
            if time.monotonic() > until:
                raise CannotStart(f"{name} does not answer. {_last_words(self._host, name)}")
            time.sleep(0.1)

    def _check_given_up(self) -> None:
        """Raise CannotStart when supervisor gave up on a program: waiting longer would not help."""
        server = control.Control(self._host)
        if not server.ready():
            return
        for row in server.processes():
            if row["statename"] == "FATAL":
                raise CannotStart(
                    f"{row['name']} does not start. {_last_words(self._host, row['name'])}"
                )

    def _make_tables(self) -> None:
        data = self._host.data
        digest = stamps.fingerprint(ROOT.glob("*/migrations/*.py"))
        if stamps.is_done(data, "migrate", digest):
            return
        cluster.ensure_database(self._host)
        _manage(self._host, "hopthu_owner", "migrate", "--no-input", "--skip-checks", "-v", "0")
        stamps.note_done(data, "migrate", digest)

    def _make_demo_world(self) -> None:
        host = self._host
        digest = stamps.fingerprint((ROOT / "demo").rglob("*.py"))
        if (host.data / "demo.json").exists() and stamps.is_done(host.data, "demo", digest):
            return
        try:
            _manage(host, "hopthu_app", "demo_world", "--skip-checks")
        except CannotStart as error:
            self._say(f"WARNING {error}")
        else:
            stamps.note_done(host.data, "demo", digest)

    def _make_static(self) -> None:
        data = self._host.data
        static = [p for p in (ROOT / "static").rglob("*") if p.is_file()]
        digest = stamps.fingerprint([*static, ROOT / "requirements" / "app.lock"])
        if not stamps.is_done(data, "static", digest):
            _manage(
                self._host,
                "hopthu_app",
                "collectstatic",
                "--no-input",
                "--clear",
                "-v",
                "0",
                "-i",
                "ext",
            )
            for path in (data / "static").rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
            stamps.note_done(data, "static", digest)


def _check_folder(data: Path) -> None:
    if not _PLAIN_PATH.fullmatch(str(data)):
        raise CannotStart(
            f"The folder {data} has signs in its name that mail daemons misread: "
            "use letters, digits, dot, dash and underscore."
        )
    if data.exists() and not data.is_dir():
        raise CannotStart(f"{data} is a file: name a folder with --data.")
    files.folder(data)
    if shutil.disk_usage(data).free < _ROOM_BYTES:
        raise CannotStart(f"The disk of {data} has less than 500 MB left: make room there first.")


def _settle(host: Stack, *, port: int | None, demo: bool | None) -> Stack:
    """Keep port and demo in DATA/stack.env, other lines as they are, and read it again."""
    path = host.data / "stack.env"
    old = path.read_text().splitlines() if path.exists() else []
    known = dict(line.partition("=")[::2] for line in old if "=" in line)
    wanted = {
        "HOPTHU_PORT": str(port or host.port),
        "HOPTHU_DEMO": str(host.demo if demo is None else demo).lower(),
    }
    # the command line wins over the environment, and the environment over the file
    overrule_environment(wanted)
    if "HOPTHU_FETCH_ALLOWS_BOX" not in known:
        wanted["HOPTHU_FETCH_ALLOWS_BOX"] = wanted["HOPTHU_DEMO"]
    kept = [line for line in old if line.partition("=")[0] not in wanted]
    text = "\n".join([*kept, *(f"{key}={value}" for key, value in wanted.items())]) + "\n"
    files.write(path, text, owner=users.WEB, group=users.WEB, mode=0o600)
    stack.cache_clear()
    return stack()


def _check_ports(host: Stack) -> None:
    taken = {
        "web": (host.listen, host.port),
        "events": ("127.0.0.1", host.receiver_port),
        **{name: (host.listen, host.mail_port(name)) for name in PORT_OFFSETS},
    }
    if host.demo:
        for number, port in ((1, 25), (25, 25), (53, 53)):
            taken[f"demo {number}"] = (host.box_address(number), port)
    for address, port in taken.values():
        if not probes.port_is_free(address, port):
            raise CannotStart(
                f"Port {port} on {address} is taken by another program: "
                f"start with another web port, for example --port {_free_web_port(host)}."
            )


def _free_web_port(host: Stack) -> int:
    """Return the next hundred whose ports are all free."""
    offsets = (0, 1, *PORT_OFFSETS.values())
    for port in range(host.port + 100 - host.port % 100, 32600, 100):
        if all(probes.port_is_free(host.listen, port + offset) for offset in offsets):
            return port
    return 8000


def _compile_python() -> None:
    """Compile our modules once: the stack's users may not write beside them."""
    for package in sorted(ROOT.glob("*/__init__.py")):
        compileall.compile_dir(package.parent, quiet=2)


def _check_readable() -> None:
    """The portal's user must be able to read the checkout."""
    done = subprocess.run(
        ["setpriv", f"--reuid={users.WEB}", f"--regid={users.WEB}", "--clear-groups",
         "test", "-r", str(ROOT / "manage.py"), "-a", "-x", str(Path(sys.executable))],
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotStart(
            f"Other users cannot read the checkout: run chmod -R go+rX {ROOT} and start again."
        )


def _prepare_postfix(host: Stack) -> None:
    """Let Postfix make its queue and say what it dislikes. Raises CannotStart."""
    if (host.data / "spool" / "postfix" / "active").exists():
        return
    conf = host.data / "conf" / "postfix"
    done = subprocess.run(
        ["postfix", "-c", str(conf), "check"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotStart(f"Postfix dislikes {conf}: {done.stderr.strip()[-500:]}")


def _compile_sieve(host: Stack) -> None:
    """Compile the scripts that run before everybody's own: deliveries may not write there."""
    folder = host.data / "conf" / "dovecot" / "sieve-before"
    scripts = sorted(folder.glob("*.sieve"))
    digest = stamps.fingerprint(scripts)
    compiled = all(script.with_suffix(".svbin").exists() for script in scripts)
    if compiled and stamps.is_done(host.data, "sieve", digest):
        return
    conf = host.data / "conf" / "dovecot" / "dovecot.conf"
    done = subprocess.run(
        ["sievec", "-c", str(conf), str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotStart(f"Sieve scripts in {folder} do not compile: {done.stderr.strip()[-500:]}")
    stamps.note_done(host.data, "sieve", digest)


def _manage(host: Stack, role: str, *words: str) -> None:
    done = subprocess.run(
        ["env", f"HOPTHU_DATA={host.data}", f"HOPTHU_DATABASE_ROLE={role}", sys.executable,
         str(ROOT / "manage.py"), *words],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        raise CannotStart(f"manage.py {words[0]} failed: {done.stderr.strip()[-1500:]}")


def _call_if_there(command: str, wanted: bool) -> None:  # noqa: FBT001
    if wanted and command in get_commands():
        call_command(command)


def _write_endpoints(host: Stack) -> None:
    ends: dict[str, object] = {"web": host.url}
    for name in PORT_OFFSETS:
        ends[name] = [host.listen, host.mail_port(name)]
    if host.demo:
        ends["dns"] = [host.box_address(53), 53]
    files.write(host.data / "endpoints.json", json.dumps(ends, indent=1) + "\n")


def _sign_ins(host: Stack) -> list[str]:
    path = host.data / "demo.json"
    if not host.demo or not path.exists():
        return []
    rows = [
        (row["role"], row["email"], row["password"], row["tenant"])
        for row in json.loads(path.read_text())
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  "
        + "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _last_words(host: Stack, name: str) -> str:
    """Return where to look, with the last line of the log that knows most."""
    for log in (f"{name}.log", f"{name}-master.log", "supervisord.log"):
        path = host.data / "log" / log
        if path.exists() and (lines := path.read_text(errors="replace").strip().splitlines()):
            return f"The log {path} ends with: {lines[-1][:300]}"
    return f"The logs are in {host.data}/log."
