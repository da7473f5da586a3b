"""`python -m mailserver.policy`: the policy service without Django, for its start and memory."""

from __future__ import annotations

import logging.config

from mailserver.policy.service import run
from portal.logs import logging_config

logging.config.dictConfig(logging_config())
run()
