"""`python -m mailserver.push`: the receiver without Django behind it: a third of the memory and of the start."""

from __future__ import annotations

import logging.config

from mailserver.push.receiver import run
from portal.logs import logging_config

logging.config.dictConfig(logging_config())
run()
