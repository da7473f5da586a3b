"""Addresses of domains, mailboxes, aliases and forwarders, below /portal/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from domains.views import (
    aliases,
    consents,
    dns,
    domains,
    forwarders,
    grants,
    groups,
    imports,
    jobs,
    leaver,
    mailbox,
    mailboxes,
    scope,
    senders,
)

app_name = "domains"

_domain = [
    path("", domains.domain_detail, name="domain-detail"),
    path("setup/", domains.domain_setup, name="domain-setup"),
    path("alias/", domains.domain_alias, name="domain-alias"),
    path("alias/end/", domains.domain_alias_end, name="domain-alias-end"),
    path("catch-all/", domains.domain_catch_all, name="domain-catch-all"),
    path("pool/", domains.domain_pool, name="domain-pool"),
    path("move/", domains.domain_move, name="domain-move"),
    path("suspend/", domains.domain_suspend, name="domain-suspend"),
    path("resume/", domains.domain_resume, name="domain-resume"),
    path("delete/", domains.domain_delete, name="domain-delete"),
    path("restore/", domains.domain_restore, name="domain-restore"),
    path("dns/", dns.domain_dns, name="domain-dns"),
    path("dns/check/", dns.dns_check, name="dns-check"),
    path("dns/mta-sts/", dns.domain_mta_sts, name="domain-mta-sts"),
    path("dns/key/", dns.key_rotate, name="key-rotate"),
    path("dns/key/cancel/", dns.key_rotate_cancel, name="key-rotate-cancel"),
    path("dns/history/", dns.dns_history, name="dns-history"),
    path("dns/zone/", dns.zone_file_download, name="zone-file"),
    path("dns/share/", dns.dns_share, name="dns-share"),
]

_mailbox = [
    path("", mailbox.mailbox_detail, name="mailbox-detail"),
    path("settings/", mailbox.mailbox_change, name="mailbox-change"),
    path("forwarding/", mailbox.mailbox_forwarding, name="mailbox-forwarding"),
    path("forwarding/ask/", consents.mailbox_ask, name="mailbox-ask"),
    path("password/", mailbox.mailbox_password, name="mailbox-password"),
    path("password-link/", mailbox.mailbox_link, name="mailbox-link"),
    path("rename/", mailbox.mailbox_rename, name="mailbox-rename"),
    path("suspend/", mailbox.mailbox_suspend, name="mailbox-suspend"),
    path("resume/", mailbox.mailbox_resume, name="mailbox-resume"),
    path("leaver/", leaver.mailbox_leaver, name="mailbox-leaver"),
    path("leaver/undo/", leaver.mailbox_leaver_undo, name="mailbox-leaver-undo"),
    path("grants/", grants.mailbox_grants, name="mailbox-grants"),
    path("grants/<int:grant_id>/take/", grants.mailbox_grant_take, name="mailbox-grant-take"),
    path("delete/", mailbox.mailbox_delete, name="mailbox-delete"),
    path("restore/", mailbox.mailbox_restore, name="mailbox-restore"),
]

_group = [
    path("", groups.group_detail, name="group-detail"),
    path("settings/", groups.group_change, name="group-change"),
    path("members/", groups.group_members, name="group-members"),
    path("members/ask/", consents.group_ask, name="group-ask"),
    path("members/<int:member_id>/remove/", groups.group_member_remove, name="group-member-remove"),
    path("grants/", groups.group_grant, name="group-grant"),
    path("grants/<int:grant_id>/take/", groups.group_grant_take, name="group-grant-take"),
    path("delete/", groups.group_delete, name="group-delete"),
]

_job = [
    path("", jobs.job_detail, name="job-detail"),
    path("columns/", imports.import_columns, name="import-columns"),
    path("rows/", imports.import_rows, name="import-rows"),
    path("begin/", jobs.job_begin, name="job-begin"),
    path("cancel/", jobs.job_cancel, name="job-cancel"),
    path("undo/", jobs.job_undo, name="job-undo"),
    path("result/", jobs.job_result, name="job-result"),
]

_tenant: list[URLPattern | URLResolver] = [
    path("domains/", domains.domain_list, name="domain-list"),
    path("domains/new/", domains.domain_create, name="domain-create"),
    path("domains/changes/", dns.dns_changed, name="dns-changed"),
    path("domains/<int:domain_id>/", include(_domain)),
    path("people/<int:person_id>/domains/<slug:role>/", scope.person_scope, name="person-scope"),
    path("senders/", senders.sender_list, name="sender-list"),
    path("senders/check/", senders.sender_check, name="sender-check"),
    path("mailboxes/", mailboxes.mailbox_list, name="mailbox-list"),
    path("mailboxes/new/", mailboxes.mailbox_create, name="mailbox-create"),
    path("mailboxes/options/", mailboxes.mailbox_options, name="mailbox-options"),
    path("mailboxes/<int:mailbox_id>/", include(_mailbox)),
    path("jobs/", jobs.job_list, name="job-list"),
    path("jobs/import/", imports.import_create, name="import-create"),
    path("jobs/import/sample/", imports.import_sample, name="import-sample"),
    path("jobs/selection/", jobs.selection_create, name="selection-create"),
    path("jobs/<int:job_id>/", include(_job)),
    path("aliases/", aliases.alias_list, name="alias-list"),
    path("aliases/new/", aliases.alias_create, name="alias-create"),
    path("aliases/<int:alias_id>/", aliases.alias_change, name="alias-change"),
    path("aliases/<int:alias_id>/delete/", aliases.alias_delete, name="alias-delete"),
    path("groups/", groups.group_list, name="group-list"),
    path("groups/new/", groups.group_create, name="group-create"),
    path("groups/<int:group_id>/", include(_group)),
    path("forwarders/", forwarders.forwarder_list, name="forwarder-list"),
    path("forwarders/new/", forwarders.forwarder_create, name="forwarder-create"),
    path("forwarders/<int:forwarder_id>/", forwarders.forwarder_change, name="forwarder-change"),
    path("forwarders/<int:forwarder_id>/ask/", consents.forwarder_ask, name="forwarder-ask"),
    path(
        "forwarders/<int:forwarder_id>/delete/",
        forwarders.forwarder_delete,
        name="forwarder-delete",
    ),
]

urlpatterns = [
    path("<int:tenant_id>/", include(_tenant)),
    path("dns/<str:token>/", dns.dns_shared, name="dns-shared"),
]
