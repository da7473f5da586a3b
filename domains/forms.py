"""Forms of domains: they parse what was typed; services decide."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from domains.columns import LABELS, Column
from domains.models import Domain, HandOver, JobKind, StsMode
from domains.names import NameRefused, parse_domain_name, show_domain
from domains.selectors import open_domains
from domains.services.delete_mailbox import GRACE_CHOICES
from domains.services.plan_departure import ARCHIVE_CHOICES, CLOSE_CHOICES, Wishes
from domains.services.set_auto_reply import LONGEST, MOST_DAYS
from domains.services.terminate_domain import GRACE_CHOICES as DOMAIN_GRACE
from domains.services.upload_import import MAX_BYTES, columns_for
from portal.fields import GigabytesField
from portal.sheets import ENCODINGS, SEPARATORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrPromise

    from accounts.models import Plan, Tenant
    from domains.models import Job, Mailbox

ADDRESS_LINES = forms.Textarea(
    attrs={"rows": 4, "class": "textarea mono", "spellcheck": "false", "autocomplete": "off"}
)
MOST_OFFERED = 100
DIGITS = 19  # of the largest bigint
PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class LinesField(forms.CharField):
    """One value a line; commas and semicolons separate as well. Gives the list without blanks."""

    widget = ADDRESS_LINES

    def clean(self, value: Any) -> list[str]:
        """Return the lines."""
        text = super().clean(value).replace(",", "\n").replace(";", "\n")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """Show a list as lines; what was typed stays as typed."""
        return "\n".join(value) if isinstance(value, list | tuple) else value


class DomainForm(forms.Form):
    """The name of a domain to add."""

    name = forms.CharField(
        max_length=1000,
        label=_("Domain name"),
        help_text=_("Names with accents are fine: they are turned into their technical form."),
        widget=forms.TextInput(
            attrs={**PLAIN, "class": "input input--lg", "placeholder": "congty.vn"}
        ),
    )


def is_id(text: str) -> bool:
    """Return whether `text` can be the id of a row: digits, and fewer than the largest has."""
    return text.isascii() and text.isdigit() and len(text) < DIGITS


class InDomainForm(forms.Form):
    """A new address in one of the tenant's proved domains.

    A few are offered as a choice; whoever has more than MOST_OFFERED types the domain's name, for
    a list of thousands is of use to nobody.
    """

    domain = forms.CharField(label=_("Domain"), max_length=320)
    localpart = forms.CharField(
        max_length=320,
        required=False,
        label=_("Address"),
        widget=forms.TextInput(attrs=PLAIN),
    )

    _chosen: Domain | None = None

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant = tenant
        self._proved = open_domains(tenant).order_by("name")
        if not self.is_bound:
            self._begin(self.initial.get("domain"))

    @cached_property
    def domains(self) -> dict[str, Domain]:
        """Some of the domains by key, asked for when they are shown. One query."""
        some = {str(domain.pk): domain for domain in self._proved[: MOST_OFFERED + 1]}
        if len(some) <= MOST_OFFERED:
            names = [(key, show_domain(domain.name)) for key, domain in some.items()]
            self.fields["domain"].widget = forms.Select(choices=names)
        return some

    @property
    def is_typed(self) -> bool:
        """Whether there are too many for a choice."""
        return len(self.domains) > MOST_OFFERED

    @property
    def offered(self) -> list[str]:
        """The first names, beside the input."""
        return [show_domain(domain.name) for domain in self.domains.values()]

    def clean_domain(self) -> str:
        """Find the domain by its key or its name. One query."""
        self._chosen = self._found(self.cleaned_data["domain"].strip())
        if self._chosen is None:
            raise forms.ValidationError(_("You have no domain of this name that is in use."))
        self._chosen.tenant = self._tenant  # it is one of his own, and his line is known
        return str(self._chosen.pk)

    def _begin(self, wanted: Domain | int | str | None) -> None:
        """Begin with `wanted`, or the key of it, as its key for a choice and as its name else."""
        if self.is_typed and wanted:
            known = wanted if isinstance(wanted, Domain) else self._found(str(wanted))
            wanted = show_domain(known.name) if known else wanted
        self.initial["domain"] = wanted.pk if isinstance(wanted, Domain) else wanted

    def _found(self, value: str) -> Domain | None:
        if is_id(value):
            return self._proved.filter(pk=int(value)).first()
        try:
            name = parse_domain_name(value.removeprefix("@"))
        except NameRefused:
            return None
        return self._proved.filter(name=name.a_label).first()

    @property
    def chosen_domain(self) -> Domain:
        """The domain chosen; only after validation."""
        if self._chosen is None:
            raise AssertionError("no domain was chosen")
        return self._chosen


class MailboxForm(InDomainForm):
    """A new mailbox and how its owner gets in."""

    LINK, PASSWORD, SHARED = "link", "password", "shared"

    name = forms.CharField(
        max_length=400,
        label=_("Name"),
        help_text=_("Others see it beside the address."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    quota = GigabytesField(required=False, label=_("Storage"))
    entry = forms.ChoiceField(
        label=_("Sign-in"),
        choices=[
            (LINK, _("By a link")),
            (PASSWORD, _("By a first password")),
            (SHARED, _("Nobody: a shared mailbox")),
        ],
        initial=LINK,
    )
    invite_email = forms.EmailField(
        required=False,
        label=_("Send the link to"),
        help_text=_("An address outside of this mailbox. Empty: you hand the link over yourself."),
        widget=forms.EmailInput(attrs=PLAIN),
    )
    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1024,
        label=_("First password"),
        help_text=_("At least 10 characters. Four or five unrelated words are easy to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a password only where one was chosen."""
        data = super().clean() or self.cleaned_data
        if data.get("entry") == self.PASSWORD and not data.get("password"):
            self.add_error("password", _("Choose the first password, or let a link do it."))
        return data


class MailboxSettingsForm(forms.Form):
    """What an admin may set about a mailbox. `version` lets a second admin know."""

    is_stale = False  # True: somebody else saved first, and these are the newer values

    name = MailboxForm.base_fields["name"]
    quota = GigabytesField(
        required=False, label=_("Storage"), help_text=_("Empty: no limit of its own.")
    )
    allow_imap = forms.BooleanField(
        required=False, label=_("IMAP"), help_text=_("Mail programs and phones; mail stays here.")
    )
    allow_pop3 = forms.BooleanField(
        required=False, label=_("POP3"), help_text=_("Mail is fetched to one device.")
    )
    allow_smtp = forms.BooleanField(
        required=False, label=_("Sending by mail programs"), help_text=_("SMTP submission.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    @classmethod
    def of(cls, mailbox: Mailbox) -> MailboxSettingsForm:
        """Return the form filled with what is set now."""
        return cls(
            initial={
                "name": mailbox.name,
                "quota": mailbox.quota_bytes or None,
                "allow_imap": mailbox.allow_imap,
                "allow_pop3": mailbox.allow_pop3,
                "allow_smtp": mailbox.allow_smtp,
                "version": mailbox.version,
            }
        )


class ForwardingForm(forms.Form):
    """Where a mailbox passes its mail on to."""

    is_stale = False  # True: somebody else saved first, and these are the newer values

    targets = LinesField(
        required=False,
        max_length=200_000,
        label=_("Forward to"),
        help_text=_("One address a line, at most 20. Empty: nothing is forwarded."),
    )
    keep_copy = forms.BooleanField(required=False, label=_("Keep a copy in this mailbox"))
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    @classmethod
    def of(cls, mailbox: Mailbox) -> ForwardingForm:
        """Return the form filled with what is set now."""
        return cls(
            initial={
                "targets": mailbox.forward_to,
                "keep_copy": mailbox.keep_copy,
                "version": mailbox.version,
            }
        )


class PasswordForm(forms.Form):
    """A new password for the owner of a mailbox."""

    password = forms.CharField(
        strip=False,
        max_length=1024,
        label=_("New password"),
        help_text=_("At least 10 characters. Four or five unrelated words are easy to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class DeleteMailboxForm(forms.Form):
    """When a mailbox is deleted for good."""

    grace_days = forms.TypedChoiceField(
        coerce=int, choices=[(days, str(days)) for days in GRACE_CHOICES], initial=GRACE_CHOICES[0]
    )


class RenameForm(InDomainForm):
    """Another address for a mailbox."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class PoolForm(forms.Form):
    """The pool of storage of a domain."""

    pool = GigabytesField(
        required=False,
        label=_("All mailboxes together"),
        help_text=_("Counted by what they really hold. Empty: only the plan counts."),
    )


class ScopeForm(forms.Form):
    """All domains or some of them. `shown` are those on the page; others stay as they are."""

    which = forms.ChoiceField(choices=[("all", "all"), ("some", "some")])
    domains = forms.TypedMultipleChoiceField(required=False, coerce=int)
    shown = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("domains", "shown"):
            # any number is read here; the service refuses what is not the tenant's
            sent = self.data.getlist(name) if isinstance(self.data, QueryDict) else []
            choices = [(int(n), n) for n in sent if is_id(n)]
            self.fields[name] = forms.TypedMultipleChoiceField(
                required=False, coerce=int, choices=choices
            )

    def chosen(self, now: set[int]) -> set[int] | None:
        """Return the domains chosen, with those of other pages as they are; None: all."""
        if self.cleaned_data["which"] == "all":
            return None
        return (now - set(self.cleaned_data["shown"])) | set(self.cleaned_data["domains"])


class MoveDomainForm(forms.Form):
    """The tenant that gets a domain; its name is typed, for a seller may have thousands."""

    tenant = forms.CharField(
        max_length=200,
        label=_("Tenant that gets it"),
        help_text=_("Its name, as the list of tenants shows it."),
        widget=forms.TextInput(attrs=PLAIN),
    )


def _closings() -> list[tuple[int, str]]:
    return [
        (days, ngettext("%(n)d day later", "%(n)d days later", days) % {"n": days})
        for days in CLOSE_CHOICES
    ]


def _archives() -> list[tuple[int, str]]:
    return [
        (
            days,
            ngettext("Kept for %(n)d day", "Kept for %(n)d days", days) % {"n": days}
            if days
            else gettext("None: everything is deleted"),
        )
        for days in ARCHIVE_CHOICES
    ]


class LeaverForm(forms.Form):
    """What happens to the mailbox of somebody who leaves."""

    stop_on = forms.DateTimeField(
        required=False,
        label=_("Sign-in stops"),
        help_text=_("Empty: at once."),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    close_days = forms.TypedChoiceField(
        label=_("Mailbox closes"),
        coerce=int,
        choices=_closings,
        help_text=_("It keeps receiving until then."),
    )
    hand_over = forms.ChoiceField(choices=HandOver.choices, initial=HandOver.FORWARD.value)
    colleague = forms.CharField(
        required=False,
        max_length=320,
        label=_("Colleague"),
        widget=forms.TextInput(attrs=PLAIN),
    )
    forward_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=max(CLOSE_CHOICES),
        label=_("New mail goes to the colleague for"),
        help_text=_("Days. Empty: until the mailbox closes."),
    )
    reply_text = forms.CharField(
        required=False,
        max_length=LONGEST,
        label=_("Answer to senders"),
        help_text=_("Lists and robots get none. Empty: nobody gets an answer."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    reply_every_days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=7, label=_("Once per sender in so many days")
    )
    archive_days = forms.TypedChoiceField(
        label=_("Archive"),
        coerce=int,
        choices=_archives,
        initial=90,
    )

    leave_groups = forms.BooleanField(
        required=False,
        label=_("Take out of the groups"),
        help_text=_(
            "Groups that nobody else reads keep the mailbox, so that their mail is not lost."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for a colleague where mail is handed over."""
        data = super().clean() or self.cleaned_data
        if data.get("hand_over") != HandOver.NOTHING.value and not data.get("colleague"):
            self.add_error("colleague", _("Who takes over?"))
        return data

    def digest(self, *shown: object) -> str:
        """A word for all that was chosen and shown, for the button beside its plan; after validation."""
        chosen = repr((sorted(self.cleaned_data.items()), shown))
        return hashlib.sha256(chosen.encode()).hexdigest()[:16]

    @property
    def wishes(self) -> Wishes:
        """What was chosen; only after validation."""
        data = self.cleaned_data
        return Wishes(
            stop_due_at=data["stop_on"] or timezone.now(),
            close_days=data["close_days"],
            hand_over=HandOver(data["hand_over"]),
            colleague=data["colleague"],
            forward_days=data["forward_days"] or 0,
            reply_text=data["reply_text"],
            reply_every_days=data["reply_every_days"],
            archive_days=data["archive_days"],
            leave_groups=data["leave_groups"],
        )


class AliasForm(InDomainForm):
    """A new alias and the mailboxes it delivers to."""

    mailboxes = LinesField(
        required=False,
        max_length=50_000,
        label=_("Delivers to"),
        help_text=_("Addresses of mailboxes here, one a line."),
    )


class AliasTargetsForm(forms.Form):
    """The mailboxes an alias delivers to."""

    mailboxes = AliasForm.base_fields["mailboxes"]
    is_enabled = forms.BooleanField(
        required=False,
        label=_("Switched on"),
        help_text=_("Switched off, the address is kept but refuses mail."),
    )


class ForwarderForm(InDomainForm):
    """A new forwarder and its targets."""

    targets = LinesField(
        required=False,
        max_length=200_000,
        label=_("Passes mail on to"),
        help_text=_("Any addresses, also outside; one a line, at most 20."),
    )


class ForwarderTargetsForm(forms.Form):
    """The targets of a forwarder."""

    targets = ForwarderForm.base_fields["targets"]
    is_enabled = AliasTargetsForm.base_fields["is_enabled"]


class DnsChangesForm(forms.Form):
    """Which changes of the DNS to list. Anything wrong simply does not filter."""

    q = forms.CharField(required=False, max_length=200)
    since = forms.DateField(
        required=False, label=_("Since"), widget=forms.DateInput(attrs={"type": "date"})
    )
    show = forms.CharField(required=False, max_length=20)


class MtaStsForm(forms.Form):
    """What the MTA-STS policy asks of other servers."""

    mode = forms.ChoiceField(choices=StsMode.choices, label=_("Policy"))


class AliasDomainForm(forms.Form):
    """The domain that this one stands for."""

    target = forms.CharField(
        max_length=1000,
        label=_("Domain"),
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "congty.vn"}),
    )


class CatchAllForm(forms.Form):
    """The mailbox that takes mail to unknown addresses; empty: such mail is refused."""

    mailbox = forms.CharField(
        required=False,
        max_length=320,
        label=_("Mailbox"),
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "lienhe@congty.vn"}),
    )


class DeleteDomainForm(forms.Form):
    """The name typed again, so that nobody deletes the wrong one, and the days of grace."""

    grace_days = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(days, str(days)) for days in DOMAIN_GRACE],
        initial=DOMAIN_GRACE[1],
    )
    name = forms.CharField(
        max_length=320,
        label=_("Type the name of the domain to delete it"),
        widget=forms.TextInput(attrs=PLAIN),
    )

    @property
    def days(self) -> int:
        """The days of grace; only after validation."""
        chosen = self.cleaned_data["grace_days"]
        return DOMAIN_GRACE[1] if chosen is None else int(chosen)


class ImportForm(forms.Form):
    """The table to import and what its rows become."""

    WHAT = (
        ("mailboxes", _("Mailboxes")),
        ("aliases", _("Aliases")),
        ("forwarders", _("Forwarders")),
        ("customers", _("Customers")),
    )

    what = forms.ChoiceField(choices=WHAT)
    file = forms.FileField(
        label=_("File"),
        max_length=200,
        allow_empty_file=True,
        error_messages={"required": _("Choose a file.")},
        widget=forms.FileInput(attrs={"class": "input", "accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"] = forms.ChoiceField(
            label=_("The rows are"),
            choices=[choice for choice in self.WHAT if choice[0] in kinds],
            widget=forms.RadioSelect(attrs={"class": "radio"}),
        )

    @staticmethod
    def headings(columns: Sequence[Column]) -> list[str | _StrPromise]:
        """Return the headings that a file may have for the columns."""
        return [LABELS[column] for column in columns]

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 10 MB. Split it."))
        return file


class ColumnsForm(forms.Form):
    """How the file of an import is read."""

    encoding = forms.ChoiceField(
        required=False,
        label=_("Encoding"),
        choices=[
            ("", _("Found out")),
            *((e, e.upper().replace("CP", "Windows-")) for e in ENCODINGS),
        ],
        widget=forms.Select(attrs={"class": "select"}),
    )
    separator = forms.ChoiceField(
        required=False,
        label=_("Separator"),
        choices=[
            ("", _("Found out")),
            *zip(SEPARATORS, (_("Comma"), _("Semicolon"), _("Tab")), strict=True),
        ],
        widget=forms.Select(attrs={"class": "select"}),
    )
    has_heading = forms.BooleanField(required=False, label=_("The first row names the columns"))
    default_domain = forms.ChoiceField(
        required=False,
        label=_("Domain of bare names"),
        widget=forms.Select(attrs={"class": "select"}),
    )

    def __init__(self, *args: Any, job: Job, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        proved = open_domains(job.tenant).order_by("name")[:1000]
        self.fields["default_domain"] = forms.ChoiceField(
            required=False,
            label=_("Domain of bare names"),
            choices=[("", _("none")), *((d.name, show_domain(d.name)) for d in proved)],
            widget=forms.Select(attrs={"class": "select"}),
        )
        if job.kind == JobKind.IMPORT_CUSTOMERS:
            del self.fields["default_domain"]
        choices = [("", _("leave out")), *((c.value, LABELS[c]) for c in columns_for(job.kind))]
        head: list[list[str]] = job.options.get("head", [])
        self.width = len(job.options.get("columns", []))
        for place in range(self.width):
            samples = [row[place] for row in head if place < len(row)]
            field = forms.ChoiceField(
                required=False,
                label=samples[0] if samples else str(place + 1),
                choices=choices,
                help_text=" · ".join(text for text in samples[1:3] if text)[:80],
                widget=forms.Select(attrs={"class": "select"}),
            )
            self.fields[f"column{place}"] = field

    @classmethod
    def of(cls, job: Job) -> ColumnsForm:
        """Return the form filled with how the file is read now."""
        options = job.options
        columns = {f"column{i}": name for i, name in enumerate(options.get("columns", []))}
        known = options.get("encoding", "")
        return cls(
            job=job,
            initial={
                "encoding": known if known in ENCODINGS else "",
                "separator": options.get("separator", ""),
                "has_heading": options.get("has_heading", True),
                "default_domain": options.get("default_domain", ""),
                **columns,
            },
        )

    @property
    def column_fields(self) -> list[forms.BoundField]:
        """The fields that say what each column is, in the order of the file."""
        return [self[f"column{place}"] for place in range(self.width)]

    @property
    def columns(self) -> list[str]:
        """What each column is; only after validation."""
        return [self.cleaned_data[f"column{place}"] for place in range(self.width)]


class BeginForm(forms.Form):
    """What is still to be said before a job runs; most kinds need nothing."""

    def options(self) -> dict[str, Any]:
        """Return what the job is told; only after validation."""
        return {}


class BeginImportForm(BeginForm):
    """What becomes of rows that cannot be imported."""

    mode = forms.ChoiceField(
        choices=[
            ("skip", _("Import the rows that are ready, leave out the others")),
            ("whole", _("All or nothing")),
        ],
        initial="skip",
        label=_("What is imported"),
        widget=forms.RadioSelect(attrs={"class": "radio"}),
    )

    def options(self) -> dict[str, Any]:
        """Return whether it is all or nothing."""
        return {"whole": self.cleaned_data["mode"] == "whole"}


class BeginMailboxImportForm(BeginImportForm):
    """The same, and the storage of rows whose cell is empty."""

    quota = GigabytesField(required=False, label=_("Storage where the file says none"))

    def options(self) -> dict[str, Any]:
        """Return the mode and bytes."""
        return super().options() | {"quota_bytes": self.cleaned_data["quota"] or 0}


class BeginQuotaForm(BeginForm):
    """The new storage."""

    quota = GigabytesField(
        required=False, label=_("Storage"), help_text=_("Empty: no limit of its own.")
    )

    def options(self) -> dict[str, Any]:
        """Return bytes."""
        return {"quota_bytes": self.cleaned_data["quota"] or 0}


class BeginPlanForm(BeginForm):
    """The plan the customers are put on. Nothing is preselected: no plan is no limits."""

    NONE = 0

    plan = forms.TypedChoiceField(label=_("Plan"), coerce=int)

    def __init__(self, *args: Any, plans: Sequence[Plan] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].choices = [  # type: ignore[attr-defined]  # a field of choices
            ("", gettext("Choose a plan")),
            *((plan.pk, plan.name) for plan in plans),
            (self.NONE, gettext("No plan: no limits of its own")),
        ]

    def options(self) -> dict[str, Any]:
        """Return the plan; None: no plan."""
        return {"plan_id": self.cleaned_data["plan"] or None}


class BeginAliasForm(BeginForm):
    """The alias the mailboxes are added to."""

    alias = forms.CharField(
        max_length=320,
        label=_("Alias"),
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "info@congty.vn"}),
    )


class BeginGroupForm(BeginForm):
    """The group the mailboxes are added to."""

    group = forms.CharField(
        max_length=320,
        label=_("Group"),
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "moinguoi@congty.vn"}),
    )


class BeginPasswordForm(BeginForm):
    """Whether the old passwords go at once."""

    end_passwords = forms.BooleanField(
        required=False,
        label=_("Old passwords stop working at once"),
        help_text=_("Otherwise each works until its owner has chosen a new one."),
    )

    def options(self) -> dict[str, Any]:
        """Return whether to end them."""
        return {"end_passwords": self.cleaned_data["end_passwords"]}


class BeginDeleteForm(BeginForm, DeleteMailboxForm):
    """When mailboxes are deleted for good."""

    def options(self) -> dict[str, Any]:
        """Return the days of grace."""
        return {"grace_days": self.cleaned_data["grace_days"]}


BEGIN_FORMS: dict[JobKind, type[BeginForm]] = {
    JobKind.IMPORT_MAILBOXES: BeginMailboxImportForm,
    JobKind.IMPORT_ALIASES: BeginImportForm,
    JobKind.IMPORT_FORWARDERS: BeginImportForm,
    JobKind.IMPORT_CUSTOMERS: BeginImportForm,
    JobKind.MAILBOX_QUOTA: BeginQuotaForm,
    JobKind.CUSTOMER_PLAN: BeginPlanForm,
    JobKind.MAILBOX_ALIAS: BeginAliasForm,
    JobKind.MAILBOX_GROUP: BeginGroupForm,
    JobKind.MAILBOX_PASSWORD: BeginPasswordForm,
    JobKind.MAILBOX_DELETE: BeginDeleteForm,
}
SELECTABLE = (
    JobKind.CUSTOMER_PLAN,
    JobKind.MAILBOX_PASSWORD,
    JobKind.MAILBOX_QUOTA,
    JobKind.MAILBOX_ALIAS,
    JobKind.MAILBOX_GROUP,
    JobKind.MAILBOX_SUSPEND,
    JobKind.MAILBOX_RESUME,
    JobKind.MAILBOX_DELETE,
    JobKind.ALIAS_DELETE,
    JobKind.FORWARDER_DELETE,
    JobKind.DOMAIN_DELETE,
)


class SelectionForm(forms.Form):
    """What is to be done with the rows ticked in a list, or with all that match its filter."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in SELECTABLE])
    row = forms.TypedMultipleChoiceField(required=False, coerce=int)
    all = forms.BooleanField(required=False)
    q = forms.CharField(required=False, max_length=200)
    show = forms.CharField(required=False, max_length=20)
    domain = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def __init__(self, data: Any) -> None:
        ticked = [v for v in data.getlist("row") if is_id(v)]
        data = data.copy()
        data.setlist("row", ticked)
        super().__init__(data)
        self.fields["row"] = forms.TypedMultipleChoiceField(
            required=False, coerce=int, choices=[(v, v) for v in ticked]
        )

    def back(self, tenant_id: int) -> str:
        """Return the list the selection came from."""
        kind = str(self.data.get("kind", "")).partition("_")[0]
        if kind == "customer":
            return reverse("accounts:tenant-list", args=[tenant_id])
        known = kind if kind in {"alias", "forwarder", "domain"} else "mailbox"
        return reverse(f"domains:{known}-list", args=[tenant_id])
