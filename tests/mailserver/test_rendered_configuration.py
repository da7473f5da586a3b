"""Configuration as text: both Dovecots, demo and production, nothing left open by a template."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailserver.render import MailHost, Program, UnknownName, render
from mailserver.stack.host import templates

HOST = MailHost(
    stack_id="0123abcd",
    code="/opt/hopthu",
    data="/srv/mail",
    run="/run/hopthu-0123abcd",
    python="/opt/hopthu/.venv/bin/python",
    postgres_bin="/usr/lib/postgresql/15/bin",
    dovecot_version="2.3",
    port=8000,
    receiver_port=8001,
    ports={
        "pop3": 8010,
        "lmtp": 8024,
        "smtp": 8025,
        "imap": 8043,
        "submissions": 8065,
        "submission": 8087,
        "managesieve": 8090,
        "imaps": 8093,
        "pop3s": 8095,
    },
    listen="127.0.0.1",
    out_port=25,
    box="127.31.64",
    resolvers=("127.31.64.53",),
    mail_hostname="mail.hopthu.test",
    operator_domain="hopthu.test",
    max_message_bytes=26_214_400,
    upload_bytes=28_311_552,
    demo=True,
    push_token="f00d",
    mail_uid=994,
    mail_gid=993,
    ipv6=True,
    services=(Program(name="web", command="/bin/true", user="hopthu"),),
)
PRODUCTION = replace(
    HOST,
    demo=False,
    box="",
    resolvers=(),
    listen="0.0.0.0",
    ports={**HOST.ports, "smtp": 25, "submission": 587, "imaps": 993},
)


@pytest.fixture(params=["2.3", "2.4"])
def host(request: pytest.FixtureRequest) -> MailHost:
    return replace(HOST, dovecot_version=request.param)


def value(text: str, name: str) -> str:
    """Return the value of a main.cf parameter, continuation lines joined."""
    found = re.search(rf"^{name} =(.*(?:\n[ \t].*)*)", text, re.MULTILINE)
    assert found, name
    return " ".join(found[1].split())


def test_every_file_is_made_for_both_versions(host: MailHost) -> None:
    texts = render(host, templates())
    wanted = {
        "postfix/main.cf",
        "postfix/master.cf",
        "postfix/lookups/aliases.cf",
        "dovecot/dovecot.conf",
        "dovecot/portal.lua",
        "dovecot/sieve-before/20-spam.sieve",
        "rspamd/local.d/options.inc",
        "nginx/nginx.conf",
        "redis/redis.conf",
        "postgresql/hba.conf",
        "supervisor/supervisord.conf",
    }
    assert wanted <= texts.keys()
    assert not [path for path in texts if path.endswith(".tmpl") or "-2." in path]


def test_no_template_leaves_a_mark_behind(host: MailHost) -> None:
    for each in (host, replace(PRODUCTION, dovecot_version=host.dovecot_version)):
        for path, text in render(each, templates()).items():
            assert "{{" not in text, path
            assert "{% " not in text, path
            assert "@@" not in text, path


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(UnknownName, match="no_such"):
        render(HOST, {"postfix/main.cf.tmpl": "x = {{ no_such }}\n"})


def test_a_file_without_the_suffix_is_taken_as_it_is() -> None:
    assert render(HOST, {"dovecot/a.lua": "{{ port }}"}) == {"dovecot/a.lua": "{{ port }}"}


def test_being_local_proves_nothing() -> None:
    main = render(HOST, templates())["postfix/main.cf"]
    assert value(main, "mynetworks") == ""
    assert value(main, "inet_interfaces") == "127.0.0.1"
    assert value(main, "proxy_interfaces") == "127.31.64.1"
    assert value(main, "smtp_bind_address") == "127.31.64.1"
    assert value(main, "smtpd_forbid_bare_newline") == "normalize"
    assert value(main, "smtpd_forbid_bare_newline_exclusions") == ""
    assert "permit_mynetworks" not in main


def test_production_binds_no_boxed_address() -> None:
    texts = render(PRODUCTION, templates())
    assert "smtp_bind_address" not in texts["postfix/main.cf"]
    assert "127.31" not in "".join(texts.values())
    assert "0.0.0.0:25 inet" in texts["postfix/master.cf"]
    assert "gtube" not in texts["rspamd/local.d/options.inc"].lower()
    assert "enabled = true" in texts["rspamd/local.d/rbl.conf"]


def test_every_lookup_named_in_main_cf_exists_and_may_be_read_by_proxymap() -> None:
    texts = render(HOST, templates())
    main = texts["postfix/main.cf"]
    named = set(re.findall(r"proxy:pgsql:/srv/mail/conf/(postfix/lookups/[a-z-]+\.cf)", main))
    assert named == {path for path in texts if path.startswith("postfix/lookups/")}


def test_message_size_is_one_number_everywhere() -> None:
    texts = render(HOST, templates())
    assert value(texts["postfix/main.cf"], "message_size_limit") == "26214400"
    assert "client_max_body_size 28311552;" in texts["nginx/nginx.conf"]


def test_the_token_of_the_receiver_is_in_no_readable_file() -> None:
    texts = render(HOST, templates())
    assert [path for path, text in texts.items() if "f00d" in text] == ["dovecot/dovecot.conf"]


def test_every_program_ends_with_its_whole_group() -> None:
    text = render(HOST, templates())["supervisor/supervisord.conf"]
    for program in text.split("[program:")[1:]:
        assert "killasgroup=true" in program, program.partition("]")[0]


def test_a_service_is_told_to_end_with_all_its_processes() -> None:
    text = render(HOST, templates())["supervisor/supervisord.conf"]
    # the master of Dovecot 2.4 leaves its imap processes serving when only it is told
    assert "stopasgroup=true" in text.partition("[program:web]")[2]


def test_every_program_that_ends_is_started_again() -> None:
    text = render(HOST, templates())["supervisor/supervisord.conf"]
    for program in text.split("[program:")[1:]:
        assert "autorestart=true" in program, program.partition("]")[0]
