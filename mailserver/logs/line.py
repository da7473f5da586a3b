"""The frame of a line in a mail log: time, program, process, text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_FRAME = re.compile(
    r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) "
    r"(?P<host>\S+) (?P<program>[^\s\[\]:]+)\[(?P<pid>\d+)\]: (?P<text>.*)",
    re.DOTALL,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `time` is as written; `program` "postfix/submission/smtpd", service its last part."""

    time: str
    program: str
    pid: int
    text: str

    @property
    def service(self) -> str:
        """The daemon's own name: smtp, lmtp, qmgr, cleanup, smtpd."""
        return self.program.rpartition("/")[2]


def parse_line(raw: bytes) -> LogLine | None:
    """Read one line without its newline; None when it is not a line of syslog's form."""
    match = _FRAME.fullmatch(raw.decode("utf-8", "replace"))
    if match is None:
        return None
    return LogLine(match["time"], match["program"], int(match["pid"]), match["text"])


def moment(text: str, *, now: datetime) -> datetime:
    """Return the moment a line's time means: syslog's form has no year and no zone.

    The year is the one that puts the line nearest before `now` (a day of slack for clocks);
    the zone is that of `now`. What cannot be read is `now`.
    """
    if text[:1].isdigit():
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return now
        return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
    return _without_year(text, now)


def _without_year(text: str, now: datetime) -> datetime:
    zone: tzinfo | None = now.tzinfo
    try:
        month, day = _MONTHS.index(text[:3]) + 1, int(text[4:6])
        hour, minute, second = (int(part) for part in text[7:].split(":"))
    except ValueError:
        return now
    for year in range(now.year + 1, now.year - 8, -1):  # a leap day may be years back
        try:
            at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        except ValueError:
            continue
        if at <= now + timedelta(days=1):
            return at
    return now
