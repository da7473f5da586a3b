"""`manage.py demo_box`: writes what the boxed outside reads; `manage.py up` calls it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.template import Context, Engine

from demo.box.zones import zones
from mailserver.stack import files, stamps
from portal.config import ROOT, stack

HERE = ROOT / "demo" / "box"


class Command(BaseCommand):
    help = "Write configuration and zones of the boxed outside. Called by manage.py up."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        host = stack()
        data, run, conf = host.data, host.run, host.data / "conf"
        box = host.box_address(0).rpartition(".")[0]
        texts = zones(box, host.mail_hostname, host.operator_domain)
        for path in (data / "box" / "zones", data / "box" / "knot", run / "knot"):
            files.folder(path, owner="knot", group="knot", mode=0o750)
        digest = stamps.fingerprint([], *texts.values())
        if not stamps.is_done(data, "zones", digest):
            for name, text in texts.items():
                path = data / "box" / "zones" / f"{name or 'root'}.zone"
                files.write(path, text, owner="knot", group="knot", mode=0o640)
            stamps.note_done(data, "zones", digest)
        names = {
            "data": str(data),
            "run": str(run),
            "conf": str(conf),
            "code": str(ROOT),
            "python": str(Path(sys.executable)),
            "box": box,
            "tsig_key": host.secret("tsig_key"),
            "zones": list(texts),
        }
        files.folder(conf / "knot")
        knot = conf / "knot" / "knot.conf"
        files.write(knot, _render("knot.conf.tmpl", names), group="knot", mode=0o640)
        more = conf / "supervisor" / "more" / "demo.conf"
        files.write(more, _render("supervisor.conf.tmpl", names))


def _render(name: str, names: dict[str, Any]) -> str:
    template = Engine(autoescape=False).from_string((HERE / name).read_text())
    return template.render(Context(names, autoescape=False))
