"""The path of a DMARC policy from none to reject: where it stands and when to step up. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from domains.dns.verdict import tags

if TYPE_CHECKING:
    from datetime import datetime

POLICIES = ("none", "quarantine", "reject")
WATCH = timedelta(days=14)  # long enough to meet the monthly newsletter's test run and the scanner


@dataclass(frozen=True, slots=True)
class DmarcPath:
    """Where a domain stands. `step_at`: when the next step is wise; None: not before repairs.

    `record` is the live record with the next policy in it; empty at the end of the path.
    """

    policy: str
    next_policy: str
    record: str
    step_at: datetime | None
    is_time: bool
    sends_well: bool

    @property
    def place(self) -> int:
        """0 none, 1 quarantine, 2 reject."""
        return POLICIES.index(self.policy)


def dmarc_path(
    live: str, *, since: datetime | None, sends_well: bool, now: datetime
) -> DmarcPath | None:
    """Return the path for the live record; None without a readable policy.

    `since`: since when SPF, DKIM and this policy have been as they are; None: not all of them are.
    """
    policy = tags(live).get("p", "").lower()
    if policy not in POLICIES:
        return None
    place = POLICIES.index(policy)
    if place == len(POLICIES) - 1:
        return DmarcPath(policy, "", "", None, is_time=False, sends_well=sends_well)
    following = POLICIES[place + 1]
    step_at = since + WATCH if since is not None and sends_well else None
    return DmarcPath(
        policy,
        following,
        re.sub(r"(?i)(?<![a-z])p\s*=\s*[a-z]+", f"p={following}", live, count=1),
        step_at,
        is_time=step_at is not None and step_at <= now,
        sends_well=sends_well,
    )
