"""What people read about records and verdicts. Imports nothing but the reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domains.dns.verdict import Outcome, Reason

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_TITLES: dict[str, str | _StrPromise] = {
    "ownership": gettext_lazy("Ownership"),
    "mx": "MX",
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "mta-sts": "MTA-STS",
    "mta-sts-host": gettext_lazy("MTA-STS policy"),
    "tls-rpt": "TLS-RPT",
    "autoconfig": gettext_lazy("Thunderbird set-up"),
    "autodiscover": gettext_lazy("Outlook set-up"),
    "pacc": gettext_lazy("PACC digest"),
    "pacc-host": "PACC",
    "srv": "SRV",
}

_PURPOSES = {
    "ownership": gettext_lazy("Proves that the domain is yours. You may remove it afterwards."),
    "mx": gettext_lazy("Where other servers deliver mail for this domain."),
    "spf": gettext_lazy("Which servers may send mail for this domain."),
    "dkim": gettext_lazy("The key other servers check our signatures with."),
    "dmarc": gettext_lazy("What others should do with mail that only pretends to be yours."),
    "mta-sts": gettext_lazy("Tells other servers that a policy about encryption exists."),
    "mta-sts-host": gettext_lazy("Where that policy is fetched; we serve it."),
    "tls-rpt": gettext_lazy("Where other servers report failures of encryption."),
    "autoconfig": gettext_lazy("Lets Thunderbird and others find their servers."),
    "autodiscover": gettext_lazy("Lets Outlook find its servers."),
    "pacc": gettext_lazy("Vouches for the document that newer programs read."),
    "pacc-host": gettext_lazy("Where newer programs fetch their settings."),
    "srv": gettext_lazy("Lets programs find this service by name (RFC 6186)."),
}

# Heading and sentence for a reason; the sentence says the way out.
_ADVICE: dict[Reason, tuple[str | _StrPromise, str | _StrPromise]] = {
    Reason.OTHER_TOKEN: (
        gettext_lazy("This is an older or another customer's proof."),
        gettext_lazy("Add the value shown here; the other one may stay or go."),
    ),
    Reason.MX_ELSEWHERE: (
        gettext_lazy("Mail still goes to another provider."),
        gettext_lazy(
            "Nothing is lost: change MX last, when everybody has a mailbox here. Then replace "
            "the other entries with this one."
        ),
    ),
    Reason.MX_SHARED: (
        gettext_lazy("Part of the mail goes to another provider."),
        gettext_lazy(
            "Another server has the same or a smaller number, so senders choose it as often. "
            "Remove the other entries."
        ),
    ),
    Reason.MX_BACKUP: (
        gettext_lazy("Another server stands behind ours."),
        gettext_lazy("Mail goes there when we cannot be reached. Remove it unless you want that."),
    ),
    Reason.MX_NULL: (
        gettext_lazy("The domain says that it takes no mail at all."),
        gettext_lazy("Replace the entry with the single dot by this one."),
    ),
    Reason.TWO_SPF: (
        gettext_lazy("Keep one SPF record, never two."),
        gettext_lazy("Two of them cancel each other. Delete both and publish this one:"),
    ),
    Reason.SPF_WITHOUT_US: (
        gettext_lazy("Change the record that is there, do not add a second one."),
        gettext_lazy("It does not name our servers yet. This keeps your other senders:"),
    ),
    Reason.SPF_AFTER_ALL: (
        gettext_lazy("Our servers stand behind “all”, where nobody reads on."),
        gettext_lazy("Move them to the front, like this:"),
    ),
    Reason.SPF_OPEN: (
        gettext_lazy("The record lets everybody send in your name."),
        gettext_lazy("Close it with ~all or -all, like this:"),
    ),
    Reason.SPF_WITHOUT_ALL: (
        gettext_lazy("The record does not say what holds for all other servers."),
        gettext_lazy("Close it with ~all or -all, like this:"),
    ),
    Reason.SPF_SOFT: (
        gettext_lazy("Other senders are only doubted, not refused."),
        gettext_lazy("Change ~all to -all once you are sure that nobody else sends for you."),
    ),
    Reason.SPF_TOO_MANY: (
        gettext_lazy("The record asks for more than ten lookups."),
        gettext_lazy("Receivers stop there and ignore it. Remove senders you no longer use."),
    ),
    Reason.SPF_BROKEN: (
        gettext_lazy("Receivers cannot read the record and treat it as none."),
        gettext_lazy(
            "A word in it is misspelt, or an include leads to a name without an SPF record. "
            "Remove what you no longer need."
        ),
    ),
    Reason.SPF_NOT_OURS: (
        gettext_lazy("The record names us, yet our servers are not allowed."),
        gettext_lazy("Something before our part refuses them. Put our part first:"),
    ),
    Reason.SPF_BY_ADDRESS: (
        gettext_lazy("Our servers are allowed by another way than the one proposed."),
        gettext_lazy("That is fine, but it has to follow when our addresses change."),
    ),
    Reason.TWO_STS: (
        gettext_lazy("Keep one record, never two."),
        gettext_lazy("With two of them other servers act as if there were none."),
    ),
    Reason.STS_OLD_ID: (
        gettext_lazy("The policy has changed since."),
        gettext_lazy("Publish the new id, so that other servers fetch it again."),
    ),
    Reason.TWO_TLSRPT: (
        gettext_lazy("Keep one record, never two."),
        gettext_lazy("With two of them other servers act as if there were none."),
    ),
    Reason.TLSRPT_BROKEN: (
        gettext_lazy("The record does not say where reports go."),
        gettext_lazy("After v=TLSRPTv1 there must be rua=mailto: or rua=https:."),
    ),
    Reason.SRV_ELSEWHERE: (
        gettext_lazy("The name points to another server or port."),
        gettext_lazy("Programs that follow it do not find us. Replace the value."),
    ),
    Reason.OTHER_DIGEST: (
        gettext_lazy("The digest is that of another document."),
        gettext_lazy("Programs then refuse our settings. Publish the value shown here."),
    ),
    Reason.TWO_DKIM: (
        gettext_lazy("There are two keys under one name."),
        gettext_lazy("Delete the one that differs from the value shown here."),
    ),
    Reason.DKIM_OTHER_KEY: (
        gettext_lazy("This is another key, so our signatures fail."),
        gettext_lazy(
            "Replace the whole value. Some providers cut long texts: compare the end as well."
        ),
    ),
    Reason.DKIM_OLD_KEY: (
        gettext_lazy("This is an older key."),
        gettext_lazy(
            "No mail is signed with the one shown here yet, so nothing breaks. Replace the whole value."
        ),
    ),
    Reason.DKIM_REVOKED: (
        gettext_lazy("The key is withdrawn: p= is empty."),
        gettext_lazy("Replace the value with the one shown here."),
    ),
    Reason.DKIM_TESTING: (
        gettext_lazy("The record says t=y, “only testing”."),
        gettext_lazy("Some receivers then ignore the signature. Publish it without t=y."),
    ),
    Reason.CNAME_ELSEWHERE: (
        gettext_lazy("The name points somewhere else."),
        gettext_lazy("Replace the target with the one shown here."),
    ),
    Reason.TWO_DMARC: (
        gettext_lazy("Keep one DMARC record, never two."),
        gettext_lazy("With two of them receivers act as if there were none."),
    ),
    Reason.DMARC_BROKEN: (
        gettext_lazy("The policy cannot be read."),
        gettext_lazy("After v=DMARC1 there must be p=none, p=quarantine or p=reject."),
    ),
    Reason.DMARC_STRICTER: (
        gettext_lazy("Your own policy is kept."),
        gettext_lazy("It is stricter than the one proposed, which is fine."),
    ),
}

_DOUBTS = {
    Reason.TIMEOUT: gettext_lazy("No answer within the time allowed"),
    Reason.SERVFAIL: gettext_lazy("The name servers reported a fault of their own"),
    Reason.REFUSED: gettext_lazy("The name servers refused to answer for this domain"),
    Reason.UNREACHABLE: gettext_lazy("The name servers could not be reached"),
    Reason.MALFORMED: gettext_lazy("The answer could not be read"),
    Reason.SERVERS_DISAGREE: gettext_lazy(
        "The name servers contradict each other; a change may still be on its way"
    ),
    Reason.NOT_ASKED: gettext_lazy("Not asked yet"),
}

_REASONS = {reason.value: reason for reason in Reason}


def title(code: str) -> str:
    """Return the name of a record: «DKIM s1», «MTA-STS»."""
    if code in _TITLES:
        return str(_TITLES[code])
    kind, _dash, selector = code.partition("-")
    name = str(_TITLES.get(kind, kind.upper()))
    return f"{name} {selector}" if selector else name


def purpose(code: str) -> str:
    """Return what the record is good for."""
    if code in _PURPOSES:
        return str(_PURPOSES[code])
    return str(_PURPOSES.get(code.partition("-")[0], ""))


def advice(reason: str) -> tuple[str, str]:
    """Return heading and sentence for a reason code; both empty when there is nothing to say."""
    known = _ADVICE.get(_REASONS.get(reason, Reason.NONE))
    return (str(known[0]), str(known[1])) if known else ("", "")


def doubt(reason: str) -> str:
    """Return why nothing is known."""
    known = _DOUBTS.get(_REASONS.get(reason, Reason.NONE))
    return str(known or _("No usable answer"))


def summary(worst: str) -> str:
    """Return two or three words for a list: `mx.missing` becomes «MX missing»."""
    code, _dot, outcome = worst.rpartition(".")
    words = {
        Outcome.MISSING.value: _("%(record)s missing"),
        Outcome.CONFLICT.value: _("%(record)s differs"),
    }
    return (words.get(outcome) or "%(record)s") % {"record": title(code)} if code else ""


def domain_state(
    *,
    is_pending: bool,
    is_suspended: bool,
    is_checked: bool,
    was_here: bool,
    worst: str,
    unknown: int,
) -> tuple[str, str, str, str]:
    """Return tone, words, icon and class of the badge that sums a domain up."""
    if is_suspended:
        return "neutral", _("Suspended"), "pause", ""
    if is_pending:
        return "info", _("Waiting for proof"), "clock", ""
    if worst.startswith("mx.") and not was_here:
        return "info", _("MX not switched"), "clock", ""
    if worst:
        tone = "danger" if worst.startswith("mx.") else "warning"
        return tone, summary(worst), "x-circle" if tone == "danger" else "warning", ""
    if not is_checked:
        return "neutral", _("Not checked yet"), "clock", ""
    if unknown:
        return "neutral", _("DNS not answering"), "unknown", "badge--unknown"
    return "success", _("Healthy"), "check-circle", ""
