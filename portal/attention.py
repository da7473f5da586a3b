"""A thing somebody should look at: what the rooms hand to the overview page."""

from __future__ import annotations

from dataclasses import dataclass, field

SEVERITIES = ("danger", "warning", "info")  # most severe first


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One line of "Needs your attention", written for a person, with the one thing to do about it."""

    severity: str  # one of SEVERITIES
    title: str
    text: str = ""
    url: str = ""  # empty: nothing to open
    action: str = ""  # words on the button that opens `url`
    icon: str = "warning"  # a name of static/icons.svg

    @property
    def rank(self) -> int:
        """Position in the list of severities; unknown ones come last."""
        return SEVERITIES.index(self.severity) if self.severity in SEVERITIES else len(SEVERITIES)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the overview's strip."""

    label: str
    value: str
    note: str = ""
    url: str = ""  # what the note links to; empty: plain text
    of: str = ""  # the limit beside the value, such as "60"
    trend: str = ""  # points of a line, as portal.trend makes them; empty: no picture
    trend_words: str = ""  # what the picture says
    percent: int | None = None  # how much of the limit, as a bar; None: no bar


@dataclass(frozen=True, slots=True)
class PlanMeter:
    """How much of one limit of a plan is used, beside the plan's facts."""

    label: str
    used: int
    limit: int  # 0: nothing is allowed
    used_text: str
    limit_text: str


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One of the few things a new admin does first."""

    title: str
    text: str
    url: str
    action: str
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """What one room says on the overview; asked for at once, so that nothing is counted twice."""

    rows: list[AttentionRow] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    first_steps: list[FirstStep] = field(default_factory=list)  # shown until all are done
