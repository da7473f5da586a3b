"""Forms of accounts: they parse what was typed; services decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Feature, Plan, TenantKind
from accounts.roles import DESCRIPTIONS, ROLES_OF_KIND, Role, covers
from accounts.services.terminate_tenant import GRACE_CHOICES
from portal.fields import GigabytesField

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant, User

NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


def _languages(inherited: Any) -> list[tuple[str, Any]]:
    return [("", inherited), *settings.LANGUAGES]


def _zones(inherited: Any) -> list[tuple[str, Any]]:
    names = sorted(name for name in available_timezones() if "/" in name and name[:4] != "Etc/")
    return [("", inherited), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.Form):
    """One's own name, language, zone and theme."""

    name = forms.CharField(
        max_length=120, label=_("Name"), widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(required=False, label=_("Language"))
    timezone = forms.ChoiceField(required=False, label=_("Time zone"))
    theme = forms.ChoiceField(
        required=False,
        label=_("Theme"),
        choices=[("", _("Like the system")), ("light", _("Light")), ("dark", _("Dark"))],
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "name": person.name,
            "language": person.language,
            "timezone": person.timezone,
            "theme": person.theme,
        }
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            required=False, label=_("Language"), choices=_languages(_("Like the browser"))
        )
        self.fields["timezone"] = forms.ChoiceField(
            required=False, label=_("Time zone"), choices=_zones(_("Like the company"))
        )


class OwnPasswordForm(forms.Form):
    """A new password, allowed by the current one."""

    current = forms.CharField(
        strip=False,
        max_length=1024,
        label=_("Current password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        strip=False,
        max_length=1024,
        label=_("New password"),
        help_text=_("At least 10 characters. Four or five unrelated words are easy to remember."),
        widget=NEW_PASSWORD,
    )


class ForgotForm(forms.Form):
    """Whose password was forgotten."""

    address = forms.CharField(
        max_length=320,
        label=_("Mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "class": "input input--lg"}),
    )


class AcceptForm(forms.Form):
    """What a new person chooses."""

    name = forms.CharField(
        max_length=120,
        label=_("Your name"),
        help_text=_("Colleagues see it beside your address."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        strip=False,
        max_length=1024,
        label=_("Password"),
        help_text=_("At least 10 characters. Four or five unrelated words are easy to remember."),
        widget=NEW_PASSWORD,
    )


class ChoosePasswordForm(forms.Form):
    """A new password, allowed by a one-time link."""

    password = AcceptForm.base_fields["password"]


class TenantForm(forms.Form):
    """A new reseller or company with its first admin."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (TenantKind.COMPANY.value, _("Company")),
            (TenantKind.RESELLER.value, _("Reseller")),
        ],
        initial=TenantKind.COMPANY.value,
        widget=forms.RadioSelect(attrs={"class": "radio"}),
    )
    name = forms.CharField(max_length=120, label=_("Name"))
    plan = forms.TypedChoiceField(required=False, label=_("Plan"), coerce=int, empty_value=None)
    admin_name = forms.CharField(max_length=120, required=False, label=_("Admin's name"))
    admin_email = forms.CharField(
        max_length=254,
        label=_("Admin's mail address"),
        help_text=_("An address that works today, outside of the new company."),
        widget=forms.EmailInput(),
    )
    language = forms.ChoiceField(
        required=False,
        label=_("Language"),
        choices=_languages(_("Like the visitor's browser")),
        help_text=_("Of the invitation and of pages, until a person chooses otherwise."),
    )

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plans = {plan.pk: plan for plan in plans}
        self.fields["plan"] = plan_field(plans)

    @property
    def chosen_plan(self) -> Plan | None:
        """The chosen plan."""
        return self.plans.get(self.cleaned_data["plan"])


class TenantPlanForm(forms.Form):
    """Which plan a tenant below is on."""

    def __init__(self, *args: Any, plans: list[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plans = {plan.pk: plan for plan in plans}
        self.fields["plan"] = plan_field(plans)

    @property
    def chosen_plan(self) -> Plan | None:
        """The chosen plan."""
        return self.plans.get(self.cleaned_data["plan"])


def plan_field(plans: list[Plan]) -> forms.TypedChoiceField:
    """Return a choice among `plans`, with "no plan" first."""
    return forms.TypedChoiceField(
        required=False,
        label=_("Plan"),
        coerce=int,
        empty_value=None,
        choices=[("", _("No plan: no limits of its own")), *((p.pk, p.name) for p in plans)],
    )


class MailChoiceForm(forms.Form):
    """What happens to mail while something is suspended."""

    KEEP, REFUSE = "keep", "refuse"

    mail = forms.ChoiceField(
        required=False,
        label=_("Mail meanwhile"),
        choices=[(KEEP, _("Mail keeps arriving")), (REFUSE, _("Mail is refused"))],
        initial=KEEP,
    )

    @property
    def refuses_mail(self) -> bool:
        """Whether senders are told at once that nothing is taken; only after validation."""
        return bool(self.cleaned_data.get("mail") == self.REFUSE)


class SuspendForm(MailChoiceForm):
    """Why a tenant is stopped, and what happens to its mail."""

    reason = forms.CharField(required=False, max_length=200, label=_("Reason, for the audit log"))


class EndTenantForm(forms.Form):
    """When a tenant is deleted for good; its name is typed so that nobody ends the wrong one."""

    grace_days = forms.TypedChoiceField(
        coerce=int, choices=[(days, str(days)) for days in GRACE_CHOICES], initial=30
    )
    name = forms.CharField(max_length=200, label=_("Type the name of the tenant to end it"))
    reason = SuspendForm.base_fields["reason"]

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant

    def clean_name(self) -> str:
        """Refuse another name than the tenant's."""
        typed = " ".join(str(self.cleaned_data["name"]).split())
        if typed.casefold() != self.tenant.name.casefold():
            raise forms.ValidationError(_("This is not the name of the tenant."))
        return typed


class TenantSettingsForm(forms.Form):
    """What a tenant says about itself."""

    name = forms.CharField(max_length=120, label=_("Name"))
    language = forms.ChoiceField(
        required=False,
        label=_("Language"),
        choices=_languages(_("Like the visitor's browser")),
        help_text=_("Of system mail and of pages, until a person chooses otherwise."),
    )
    timezone = forms.ChoiceField(required=False, label=_("Time zone"))
    lets_provider_act = forms.BooleanField(
        required=False,
        label=_("Our provider may act in the place of our admins"),
        help_text=_(
            "Half an hour each time, the person is told, both names are written down. Never in mail."
        ),
    )

    def __init__(self, *args: Any, tenant: Tenant, is_own: bool, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "lets_provider_act": tenant.lets_provider_act,
            "name": tenant.name,
            "language": tenant.language,
            "timezone": tenant.timezone,
        }
        super().__init__(*args, **kwargs)
        self.fields["timezone"] = forms.ChoiceField(
            required=False,
            label=_("Time zone"),
            choices=_zones(
                _("Like the installation (%(zone)s)") % {"zone": settings.DISPLAY_TIME_ZONE}
            ),
        )
        if not is_own or tenant.parent_id is None:
            del self.fields["lets_provider_act"]


class PlanForm(forms.Form):
    """A plan's limits; empty means no limit."""

    name = forms.CharField(max_length=80, label=_("Name"))
    max_domains = forms.IntegerField(required=False, min_value=0, label=_("Domains"))
    max_mailboxes = forms.IntegerField(required=False, min_value=0, label=_("Mailboxes"))
    max_aliases = forms.IntegerField(required=False, min_value=0, label=_("Aliases"))
    max_forwarders = forms.IntegerField(required=False, min_value=0, label=_("Forwarders"))
    max_lists = forms.IntegerField(required=False, min_value=0, label=_("Groups"))
    storage_bytes = GigabytesField(required=False, label=_("Storage of all mailboxes"))
    max_mailbox_bytes = GigabytesField(required=False, label=_("One mailbox at most"))
    max_sent_per_hour = forms.IntegerField(
        required=False, min_value=0, label=_("Recipients an hour")
    )
    max_sent_per_day = forms.IntegerField(required=False, min_value=0, label=_("Recipients a day"))

    left_out = forms.MultipleChoiceField(
        required=False, choices=Feature.choices, label=_("Not part of the plan")
    )
    trusts_forwarding = forms.BooleanField(
        required=False,
        label=_("Trusted forwarding"),
        help_text=_(
            "Mail is passed on to addresses outside without asking their owners. Counts only "
            "where your own plan has it too."
        ),
    )

    def limits(self) -> dict[str, int | None]:
        """Return every limit, in the model's units."""
        other = {"name", "left_out", "trusts_forwarding"}
        return {key: value for key, value in self.cleaned_data.items() if key not in other}


class InviteForm(forms.Form):
    """Somebody who should get a role."""

    name = forms.CharField(max_length=120, required=False, label=_("Name"))
    email = forms.CharField(max_length=254, label=_("Mail address"), widget=forms.EmailInput())
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, actor: Actor, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = grantable(actor, tenant)
        self.fields["role"] = forms.ChoiceField(
            label=_("Role"), choices=[(role.value, role.label) for role, _text in self.choices]
        )


class RoleForm(forms.Form):
    """One role of those the actor may grant in a tenant."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ChoiceField(
            label=_("Role"), choices=[(role.value, role.label) for role in roles]
        )

    @property
    def chosen_role(self) -> Role:
        """The chosen role."""
        return Role(self.cleaned_data["role"])


def grantable(actor: Actor, tenant: Tenant) -> list[tuple[Role, Any]]:
    """Return the roles the actor may give here, each with its sentence."""
    return [
        (role, DESCRIPTIONS[role])
        for role in ROLES_OF_KIND[tenant.kind]
        if actor.is_system or covers(actor.roles, [role])
    ]


class AuditFilterForm(forms.Form):
    """What to look for in the audit log. Wrong dates simply do not filter."""

    q = forms.CharField(required=False, max_length=200, label=_("Who or what"))
    action = forms.CharField(required=False, max_length=64)
    since = forms.DateField(
        required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label=_("Until"), widget=forms.DateInput(attrs={"type": "date"})
    )
    below = forms.BooleanField(required=False, label=_("Tenants below too"))
