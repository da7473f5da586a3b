"""Postfix's administration tool: let its processes start anew, with what is true now."""

from __future__ import annotations

from mailserver.tool import run_tool
from portal.config import stack

_TIMEOUT_SECONDS = 10.0


def restart_processes() -> None:
    """Let every process of Postfix end after its session; new ones take over. Raises DaemonFailed.

    A process of smtpd remembers as long as it lives which domains are ours (smtpd_resolve.c), and
    nothing else makes it forget.
    """
    config = stack().data / "conf" / "postfix"
    run_tool("postfix", "-c", str(config), "reload", timeout_seconds=_TIMEOUT_SECONDS)
