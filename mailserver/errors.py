"""What can go wrong with the machines' side."""

from __future__ import annotations

from portal.errors import Unavailable


class MailserverError(Unavailable):
    """Root of the room's errors; `detail` names the daemon and its words."""

    code = "mailserver"


class DaemonFailed(MailserverError):
    """A daemon's tool ended with an error, did not end in time, or is not installed."""

    code = "daemon_failed"


class UnsafePath(MailserverError):
    """A path that must not be touched was about to be."""

    code = "unsafe_path"


class NoRoom(MailserverError):
    """A mailbox cannot take what is to be put into it; `detail` is for people."""

    code = "no_room"
