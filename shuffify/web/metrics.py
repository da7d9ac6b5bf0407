"""What Prometheus scrapes: the audit trail's counts, as `/metrics`, for who has METRICS_TOKEN.

With several workers each has numbers of its own; where PROMETHEUS_MULTIPROC_DIR names an empty
folder, prometheus-client shares them through files there and any worker answers for all.
"""

from collections.abc import Iterator
from functools import cache
import hmac
import logging
from typing import Any

from flask import Flask, Response, abort, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.exc import SQLAlchemyError

from shuffify.audit_trail import trail
from shuffify.config import Settings
from shuffify.extensions import app_settings, db

logger = logging.getLogger(__name__)

PREFIX = "shuffify_audit"

WRITE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

REGISTRY = CollectorRegistry(auto_describe=True)
"""Ours alone: what else runs in this process has its own."""


class PrometheusMeter:
    """Hears the trail's counts; one a process, for metrics cannot be made twice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, documentation: str, *labels: str) -> Counter:
            return Counter(f"{PREFIX}_{name}", documentation, labels, registry=registry)

        self._labelled = {
            "rows": counter("rows", "Durable rows.", "type"),
            "losses": counter("losses", "Rows that the table lacks; the spool has them.", "stage"),
            "degraded": counter("degraded", "Rows or reads poorer than they should be.", "cell"),
        }
        self._bypasses = counter("bypasses", "Writes past the trail.", "allowed")
        self._plain = {
            "unknown_actor": counter("unknown_actors", "Changes that nobody was bound to."),
            "retried": counter("retries", "Rows written after the transaction refused them."),
            "replayed": counter("replays", "Rows written from the spool."),
        }
        self._others = counter("others", "What else the trail counts of itself.", "name")
        self._write = Histogram(
            f"{PREFIX}_write_seconds", "Time that a transaction's rows took to write.",
            registry=registry, buckets=WRITE_SECONDS,
        )
        for name in trail.counters():
            if name != "rows":
                self.count(name, 0)  # An alert can only be set on what exists.

    def count(self, name: str, number: int) -> None:
        """Add to the counter of this name."""
        head, _, tail = name.partition(".")
        if head in self._labelled and tail:
            self._labelled[head].labels(tail).inc(number)
        elif head == "bypasses":
            self._bypasses.labels("yes" if tail == "allowed" else "no").inc(number)
        elif name in self._plain:
            self._plain[name].inc(number)
        else:
            self._others.labels(name).inc(number)

    def observe(self, name: str, seconds: float) -> None:
        """Take note of a write's time."""
        if name == "write":
            self._write.observe(seconds)


class Present:
    """Collects what is true at the moment of the scrape, of all processes together."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        yield GaugeMetricFamily(
            f"{PREFIX}_spool_rows", "Rows that wait in the spool for `audit replay`.",
            value=len(trail.spool),
        )
        try:
            lag = trail.custody.lag(db.engine)
        except SQLAlchemyError as error:
            # Prometheus knows a gauge that is gone from one that is 0.
            logger.warning("The seals' lag is unknown: %s", type(error).__name__)
            return
        yield GaugeMetricFamily(
            f"{PREFIX}_seal_lag_seconds", "How long the oldest row has waited for its seal.",
            value=lag,
        )


def init_app(app: Flask, settings: Settings) -> None:
    """Let the trail be measured where somebody may look."""
    if settings.metrics_token is not None and trail.meter is None:
        trail.meter = _meter()


@cache
def _meter() -> PrometheusMeter:
    return PrometheusMeter(REGISTRY)


def exposition() -> Response:
    """Answer a scrape; 404 where metrics are off, 401 without the token."""
    token = app_settings().metrics_token
    if token is None:
        abort(404)
    if not _bears(token):
        return Response("Send the METRICS_TOKEN as a bearer token.\n", 401,
                        {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")
    present = CollectorRegistry(auto_describe=True)
    present.register(Present())
    return Response(
        generate_latest(_counted()) + generate_latest(present), content_type=CONTENT_TYPE_LATEST
    )


def _counted() -> CollectorRegistry:
    folder = app_settings().metrics_folder
    if folder is None:
        return REGISTRY
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared, path=folder)  # type: ignore[no-untyped-call]
    return shared


def _bears(token: str) -> bool:
    sent: Any = request.headers.get("Authorization", "")
    return hmac.compare_digest(sent.encode("utf-8", "replace"), f"Bearer {token}".encode())
