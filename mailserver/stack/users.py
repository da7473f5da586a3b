"""The operating system's users: `hopthu` runs the portal, `hopthu-mail` owns the mail."""

from __future__ import annotations

import grp
import pwd
import subprocess

from mailserver.stack.errors import CannotStart

WEB = "hopthu"
MAIL = "hopthu-mail"


def ensure_users() -> None:
    """Create our two users if missing; the portal's may use the Redis socket. Raises CannotStart."""
    for name in (WEB, MAIL):
        try:
            pwd.getpwnam(name)
        except KeyError:
            _run(
                "useradd", "--system", "--user-group", "--no-create-home",
                "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name,
            )  # fmt: skip
    if WEB not in grp.getgrnam("redis").gr_mem:
        _run("usermod", "--append", "--groups", "redis", WEB)


def mail_ids() -> tuple[int, int]:
    """Return user and group id of the owner of the mail."""
    entry = pwd.getpwnam(MAIL)
    return entry.pw_uid, entry.pw_gid


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode and done.returncode != 9:  # 9: another stack made it this very moment
        raise CannotStart(f"The system user could not be made: {done.stderr.strip()}")
