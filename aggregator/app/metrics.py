"""What the daemon counts, in Prometheus' text format. The only importer of prometheus_client.

Labels are ids of feeds.yaml and fixed words; a URL never becomes one (S43).
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from aggregator import __version__
from aggregator.core.model import BuildReport, PollReport


class Metrics:
    """Counters since the start, and gauges filled in when somebody asks."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._polls = Counter("aggregator_polls", "Polls ended.", ["outcome"], registry=registry)
        self._errors = Counter(
            "aggregator_poll_errors", "Polls failed, by kind.", ["kind"], registry=registry
        )
        self._entries = Counter(
            "aggregator_entries", "Entries stored.", ["change"], registry=registry
        )
        self._received = Counter(
            "aggregator_received_bytes", "Bytes of bodies received.", registry=registry
        )
        self._seconds = Histogram(
            "aggregator_fetch_seconds", "Time to fetch a source.", registry=registry
        )
        self._builds = Counter("aggregator_builds", "Outputs built.", ["result"], registry=registry)
        self._lag = Gauge(
            "aggregator_loop_lag_seconds", "Longest delay of the event loop.", registry=registry
        )
        self._in_flight = Gauge("aggregator_polls_in_flight", "Polls running.", registry=registry)
        self._sources = Gauge("aggregator_sources", "Listed sources.", ["state"], registry=registry)
        self._failing = Gauge(
            "aggregator_source_failures",
            "Failures in a row of a source that fails.",
            ["source"],
            registry=registry,
        )
        info = Gauge("aggregator_info", "Version.", ["version"], registry=registry)
        info.labels(__version__).set(1)

    def polled(self, report: PollReport) -> None:
        """Count one poll."""
        self._polls.labels(report.outcome).inc()
        if report.error_kind:
            self._errors.labels(report.error_kind).inc()
        self._entries.labels("new").inc(report.novelty.new)
        self._entries.labels("updated").inc(report.novelty.updated)
        self._entries.labels("held").inc(report.novelty.held)
        self._entries.labels("churned").inc(report.novelty.churned)
        self._received.inc(report.received)
        self._seconds.observe(report.seconds)

    def built(self, report: BuildReport) -> None:
        """Count one build."""
        result = "failed" if report.error else "changed" if report.changed else "unchanged"
        self._builds.labels(result).inc()

    def text(
        self,
        census: Mapping[str, int],
        failures: Mapping[str, int],
        *,
        in_flight: int,
        lag: float,
    ) -> bytes:
        """Return everything in text format 0.0.4; the first two are what the store says."""
        for word in ("ok", "failing", "gone", "waiting"):
            self._sources.labels(word).set(census.get(word, 0))
        self._failing.clear()
        for source, count in failures.items():
            self._failing.labels(source).set(count)
        self._in_flight.set(in_flight)
        self._lag.set(lag)
        return generate_latest(self._registry)
