"""The folders of an installation and who owns each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.stack import files
from mailserver.stack.users import MAIL, WEB
from portal.config import ROOT

if TYPE_CHECKING:
    from portal.config import Stack


def make_folders(host: Stack) -> None:
    """Make every folder below DATA and the folder of the Unix sockets."""
    data, run = host.data, host.run
    for path in (data, data / "conf", data / "log", data / "spool", data / "state"):
        files.folder(path)
    files.folder(data / "conf" / "supervisor" / "more")
    files.folder(data / "mail", owner=MAIL, group=MAIL, mode=0o700)
    for name in ("static", "uploads", "outside", "state/celery"):
        files.folder(data / name, owner=WEB, group=WEB, mode=0o750)
    files.folder(data / "static", owner=WEB, group=WEB)
    files.folder(data / "handed", group=WEB, mode=0o750)  # written by the agent, sent by nginx
    files.folder(data / "redis", owner="redis", group="redis", mode=0o750)
    files.folder(data / "state" / "rspamd", owner="_rspamd", group="_rspamd", mode=0o750)
    files.folder(data / "state" / "postfix", owner="postfix", mode=0o755)
    files.folder(data / "state" / "dovecot")
    files.folder(data / "state" / "nginx", owner="www-data")
    files.folder(data / "spool" / "postfix")
    files.folder(data / "dkim", group="_rspamd", mode=0o750)
    selectors = data / "dkim" / "selectors.map"
    if not selectors.exists():
        files.write(selectors, "", group="_rspamd", mode=0o640)
    # web and push make their own sockets here, so their group may write; nobody removes another's
    files.folder(run, group=WEB, mode=0o1775)
    files.folder(run / "pg", owner="postgres", group="postgres")
    files.folder(run / "redis", owner="redis", group="redis", mode=0o750)
    files.folder(run / "rspamd", owner="_rspamd", group="postfix", mode=0o750)
    files.folder(run / "dovecot")
    for name, path in (("data", data), ("code", ROOT)):
        link = run / name
        if link.is_symlink() and link.readlink() != path:
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(path)
    for name in ("web.sock", "push.sock"):
        (run / name).unlink(missing_ok=True)
