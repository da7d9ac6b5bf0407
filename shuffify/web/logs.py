"""Log lines: each has its request's id, none has a token, code, cookie or key.

Done where records are made, not in a handler: whoever else listens, a server or a collector,
sees the same.
"""

import json
import logging
import re
from typing import Any, Final

from shuffify.web.actor import request_id

REDACTED: Final = "[redacted]"
TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"

_TELLING = (
    "access_token|refresh_token|token|code_verifier|client_secret|secret|password"
    "|x-csrftoken|csrf_token"
)
_SHORT = "code|state|sid"
"""Words that mean a secret in an address or a form, and something harmless in a sentence."""

_SECRETS: Final = (
    (re.compile(r"(?i)\b((?:set-)?cookie)([\"']?\s*[=:]\s*[\"']?)[^\n\"'}]+"), rf"\1\2{REDACTED}"),
    (re.compile(r"(?i)\b(authorization)(\W{1,4})(?:(?:bearer|basic)\s+)?[^\s\"',}]+"),
     rf"\1\2{REDACTED}"),
    (re.compile(rf"(?i)\b({_TELLING})([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}}]+"),
     rf"\1\2{REDACTED}"),
    (re.compile(rf"(?i)\b({_SHORT})(=|[\"']\s*:\s*[\"'])[^\s\"'&,;}}]{{16,}}"),
     rf"\1\2{REDACTED}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {REDACTED}"),
    # what Fernet makes: its version byte always gives these five characters
    (re.compile(r"gAAAAA[A-Za-z0-9_-]{20,}={0,2}"), REDACTED),
)

_plain_factory = logging.getLogRecordFactory()
_tracebacks = logging.Formatter()


class JsonFormatter(logging.Formatter):
    """One JSON object per line, for collectors."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", None),
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def redact(text: str) -> str:
    """Return the text without what looks like a secret."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def init_app(level: str, log_format: str) -> None:
    """Redact the records of the whole process; write them to stderr unless somebody else does."""
    logging.setLogRecordFactory(_make_record)
    logging.getLogger("shuffify").setLevel(level)
    # At DEBUG spotipy writes headers and bodies.
    logging.getLogger("spotipy").setLevel(logging.INFO)
    root = logging.getLogger()
    if not root.handlers:
        handler = logging.StreamHandler()
        is_json = log_format == "json"
        handler.setFormatter(JsonFormatter() if is_json else logging.Formatter(TEXT_FORMAT))
        root.addHandler(handler)


def _make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _plain_factory(*args, **kwargs)
    record.request_id = request_id() or "-"
    try:
        message = record.getMessage()
    except (TypeError, ValueError):
        # Arguments that do not fit their text: the handler says so, in its usual way.
        return record
    clean = redact(message)
    if clean != message:
        record.msg, record.args = clean, None
    if record.exc_info and record.exc_info[0]:
        # Formatters reuse this text instead of making it again from the exception.
        record.exc_text = redact(_tracebacks.formatException(record.exc_info))
    return record
