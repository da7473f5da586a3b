"""What this room refuses, each with a sentence that says why and what to do instead."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.errors import Conflict, InvalidInput, NotFound


class DomainTaken(Conflict):
    """The name is hosted here already."""

    code = "domain_taken"
    default_message = _(
        "This domain is already set up in this installation. If it is yours, ask the support of "
        "your provider to move it to you."
    )


class DomainListed(Conflict):
    """The tenant has it already."""

    code = "domain_listed"
    default_message = _("This domain is already in your list.")


class DomainOverlaps(Conflict):
    """It lies below or above a domain of somebody else."""

    code = "domain_overlaps"
    default_message = _(
        "A domain above or below this one belongs to another customer here. Ask the support of "
        "your provider to check who owns it."
    )


class DomainOfOperator(Conflict):
    """The installation itself needs the name."""

    code = "domain_of_operator"
    default_message = _("This name belongs to the installation itself. Choose another one.")


class DomainNotProved(Conflict):
    """Nothing can be opened in a domain before its owner is known."""

    code = "domain_not_proved"
    default_message = _(
        "First prove that the domain is yours: publish the ownership record shown on its DNS page."
    )


class DomainIsAlias(Conflict):
    """It stands for another domain, which has the addresses."""

    code = "domain_is_alias"
    default_message = _(
        "This domain is an alias: its addresses are those of the domain it stands for. Add them there."
    )


class AliasDomainRefused(InvalidInput):
    """A domain that this one cannot be an alias of."""

    code = "alias_domain_refused"


class DomainNotEmpty(Conflict):
    """It still holds something."""

    code = "domain_not_empty"


class DomainBeingDeleted(Conflict):
    """Nothing can be changed or opened in it on its way out."""

    code = "domain_being_deleted"
    default_message = _("This domain is being deleted. Undo the deletion first.")


class RotationUnderWay(Conflict):
    """Somebody started it already."""

    code = "rotation_under_way"
    default_message = _("The DKIM key of this domain is being changed already.")


class RotationOver(Conflict):
    """There is nothing left to cancel."""

    code = "rotation_over"
    default_message = _(
        "Mail is signed with the new key already, or nothing was being changed. Open the DNS page to "
        "see where it stands."
    )


class NothingSigns(Conflict):
    """The domain has no signing key yet."""

    code = "nothing_signs"
    default_message = _("No key signs the mail of this domain yet, so there is none to change.")


class CannotMove(Conflict):
    """Something must be done first; the message says what."""

    code = "cannot_move"


class DepartureExists(Conflict):
    """Somebody planned it already."""

    code = "departure_exists"
    default_message = _("There is a plan for this mailbox already.")


class GraceOver(Conflict):
    """The days in which it could be undone have passed."""

    code = "grace_over"
    default_message = _("The days of grace are over; the deletion has begun.")


class AddressTaken(Conflict):
    """Something else answers to the address."""

    code = "address_taken"
    default_message = _("This address is already in use. Choose another one.")


class AddressReserved(Conflict):
    """Every domain needs postmaster and abuse; they are aliases here."""

    code = "address_reserved"
    default_message = _(
        "postmaster and abuse must always reach somebody (RFC 2142), so they are aliases here. "
        "Change where they deliver in the list of aliases."
    )


class PersonElsewhere(Conflict):
    """The address is somebody's sign-in whose home is another tenant."""

    code = "person_elsewhere"
    default_message = _(
        "Somebody of another organisation signs in with this address. Choose another one."
    )


class QuotaRefused(InvalidInput):
    """A storage limit that cannot be."""

    code = "quota_refused"


class ChangedMeanwhile(Conflict):
    """A second admin saved first."""

    code = "changed_meanwhile"
    default_message = _(
        "Somebody else changed this mailbox while you were editing. The page now shows the newer "
        "values; please make your change again."
    )


class BeingDeleted(Conflict):
    """Nothing can be changed on its way out."""

    code = "being_deleted"
    default_message = _("This mailbox is being deleted. Undo the deletion first.")


class NobodySignsIn(Conflict):
    """A shared mailbox has no password."""

    code = "shared_mailbox"
    default_message = _("This is a shared mailbox: nobody signs in as it, so it has no password.")


class PersonSuspended(Conflict):
    """The person may not read any of his mail now."""

    status = 403
    code = "person_suspended"
    default_message = _(
        "This account is suspended. Your mail still arrives; ask an admin of your company."
    )


class MailboxSuspended(Conflict):
    """Only this mailbox may not be read now."""

    status = 403
    code = "mailbox_suspended"
    default_message = _(
        "This mailbox is suspended. Mail still arrives in it; ask an admin of your company."
    )


class TargetRefused(InvalidInput):
    """An address mail cannot be passed on to."""

    code = "target_refused"


class ForwardLoop(TargetRefused):
    """The mail would come back to where it started."""

    code = "forward_loop"


class TooManyTargets(TargetRefused):
    """More targets than one address may have."""

    code = "too_many_targets"


class GroupChangedMeanwhile(Conflict):
    """A second admin saved first."""

    code = "changed_meanwhile"
    default_message = _(
        "Somebody else changed this group while you were editing. The page now shows the newer "
        "values; please make your change again."
    )


class GrantRefused(InvalidInput):
    """Something that cannot be given to somebody."""

    code = "grant_refused"


class JobNotReady(Conflict):
    """The job is running, over, or was started by somebody else this moment."""

    code = "job_not_ready"
    default_message = _(
        "This is already running or over. Open the page again to see where it stands."
    )


class JobStopped(Exception):
    """Somebody asked the job to stop; only its worker sees this."""


class JobEnded(Conflict):
    """A job cannot go on; the message says why."""

    code = "job_ended"


class ConsentOver(NotFound):
    """The link of a letter: unknown, replaced by a newer one, or too old."""

    code = "consent_over"
    title = _("This link no longer works")
    default_message = _(
        "It has expired, or a newer letter has taken its place. No mail is passed on to you by it. "
        "If you want the mail, ask whoever sends it to ask you once more."
    )


class ConsentAsked(Conflict):
    """The last letter is too fresh."""

    code = "consent_asked"
    default_message = _(
        "The last letter went out less than an hour ago. Please wait; perhaps it is in the spam folder."
    )


class ConsentStopped(Conflict):
    """The person outside said no."""

    code = "consent_stopped"
    default_message = _(
        "The recipient does not want this mail. You can ask again thirty days after the refusal; until "
        "then only the recipient can allow it, by the link in the letter."
    )
