"""OpenTelemetry: where a job comes from travels in its payload, and each job is a span. Loaded only where it is wanted.

The context is what W3C calls it: the keys `traceparent` and, if there is one, `tracestate` of the payload, as text.

A job's process ends at once when it is done, and no thread outlives a fork: spans are kept until then and exported in
one go, after the verdict, within `PATIENCE`. An application with a provider of its own is served by that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from resqued.errors import NotInstalled
from resqued.verdict import Outcome, Verdict
from resqued.version import __version__
from resqued.work import Job

try:
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as missing:
    raise NotInstalled("tracing", str(missing)) from None

PATIENCE = 3.0  # s; a process that takes 5 s to leave is killed
KEYS = ("traceparent", "tracestate")
_PROPAGATOR = TraceContextTextMapPropagator()

Perform = Callable[..., Verdict]


def context() -> dict[str, str]:
    """Of the present span, as keys of a payload; nothing without one."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier


class Kept(SpanProcessor):
    """Spans that have ended, until somebody wants them exported."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._spans: list[ReadableSpan] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._spans.append(span)

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002  the exporter knows its own
        spans, self._spans = self._spans, []
        if spans:
            self._exporter.export(spans)
        return True

    def shutdown(self) -> None:
        self.force_flush()


def prepare() -> None:
    """In a worker, before it forks: a provider for all jobs, unless the application has one."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  perhaps unused

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Kept(OTLPSpanExporter(timeout=PATIENCE)))
    trace.set_tracer_provider(provider)


def finish() -> None:
    """At the end of a job's process."""
    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush:
        flush(int(PATIENCE * 1000))


def traced(perform: Perform) -> Perform:
    """As `performer.perform`, with a span around."""

    def performed(job_class: type[Any], job: Job, **how: bool) -> Verdict:
        with _span(job) as span:
            verdict = perform(job_class, job, **how)
            if verdict.outcome is not Outcome.DONE:
                _tell(span, verdict)
            return verdict

    return performed


@contextmanager
def _span(job: Job) -> Iterator[trace.Span]:
    tracer = trace.get_tracer("resqued", __version__)
    with tracer.start_as_current_span(
        f"process {job.queue}", _parent(job.payload), SpanKind.CONSUMER, _attributes(job)
    ) as span:
        yield span


def _parent(payload: Mapping[str, Any]) -> Context:
    """What is no context of W3C's is none: the span begins a trace of its own."""
    said = {key: payload[key] for key in KEYS if isinstance(payload.get(key), str)}
    return _PROPAGATOR.extract(said, context=Context())


def _attributes(job: Job) -> dict[str, str | int | Sequence[str]]:
    """Names of the semantic conventions for messaging, where they have one. No arguments: they may be secret."""
    return {
        "messaging.system": "resque",
        "messaging.operation.type": "process",
        "messaging.destination.name": job.queue,
        "messaging.consumer.group.name": job.worker,
        "resque.class": job.name,
        "resque.run": job.run,
    }


def _tell(span: trace.Span, verdict: Verdict) -> None:
    span.set_status(Status(StatusCode.ERROR, f"{verdict.exception}: {verdict.error}"))
    span.add_event(
        "exception",
        {
            "exception.type": verdict.exception,
            "exception.message": verdict.error,
            "exception.stacktrace": "\n".join(verdict.backtrace),
        },
    )
