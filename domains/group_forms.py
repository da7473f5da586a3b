"""Forms of groups and grants: they parse what was typed; services decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from domains.forms import PLAIN, AliasTargetsForm, InDomainForm, LinesField
from domains.models import Access, Sends, WhoMaySend

if TYPE_CHECKING:
    from domains.models import Group

_WHO = forms.ChoiceField(
    choices=WhoMaySend.choices,
    initial=WhoMaySend.COMPANY.value,
    label=_("Who may send to it"),
    widget=forms.RadioSelect,
)


class GroupForm(InDomainForm):
    """A new group, its members and who may write to them."""

    name = forms.CharField(
        max_length=120,
        label=_("Name"),
        help_text=_("Others see it beside the address."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    members = LinesField(
        required=False,
        max_length=700_000,
        label=_("Members"),
        help_text=_("Addresses of mailboxes, aliases or groups here, or outside; one a line."),
    )
    who_may_send = _WHO
    senders = LinesField(
        required=False,
        max_length=50_000,
        label=_("Named senders"),
        help_text=_("One address a line. They count only where you chose “Only those named”."),
    )


class GroupSettingsForm(forms.Form):
    """The name of a group and who may write to it. `version` lets a second admin know."""

    is_stale = False  # True: somebody else saved first, and these are the newer values

    name = GroupForm.base_fields["name"]
    who_may_send = _WHO
    senders = GroupForm.base_fields["senders"]
    is_enabled = AliasTargetsForm.base_fields["is_enabled"]
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    @classmethod
    def of(cls, group: Group) -> GroupSettingsForm:
        """Return the form filled with what is set now."""
        return cls(
            initial={
                "name": group.name,
                "who_may_send": group.who_may_send,
                "senders": sorted(group.senders.values_list("email", flat=True)),
                "is_enabled": group.is_enabled,
                "version": group.version,
            }
        )


class MembersForm(forms.Form):
    """Addresses to add to a group."""

    members = LinesField(
        max_length=700_000,
        label=_("Add members"),
        help_text=_("Addresses of mailboxes, aliases or groups here, or outside; one a line."),
    )


class GrantForm(forms.Form):
    """Whom something is given to, and what."""

    grantee = forms.CharField(
        max_length=320, label=_("Mailbox of the person"), widget=forms.TextInput(attrs=PLAIN)
    )
    access = forms.ChoiceField(
        required=False, choices=Access.choices, initial=Access.WRITE.value, label=_("Opens it")
    )
    sends = forms.ChoiceField(
        required=False, choices=Sends.choices, initial=Sends.AS.value, label=_("Sends from it")
    )

    def __init__(self, *args: Any, is_shared: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_shared:
            del self.fields["access"]

    def clean(self) -> dict[str, Any]:
        """Ask for something to give."""
        data = super().clean() or self.cleaned_data
        if not data.get("access") and not data.get("sends"):
            raise forms.ValidationError(_("Choose what the person may do."), code="nothing")
        return data
