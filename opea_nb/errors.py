"""Every error that opea_nb raises, in one tree.

    OpeaError
    ├── PipelineError        an edit or a look-up that the pipeline refuses
    │   ├── UnknownName      a service, engine or flow that is not there
    │   ├── DuplicateName    a name that is taken
    │   ├── CycleError       an edge that would close a circle
    │   └── ConnectError     two services whose port types do not fit
    ├── CatalogError         a catalogue entry that is unknown or malformed
    ├── FormatError          text that cannot be read, with file:line:column
    ├── PlanError            a pipeline that cannot run on the wanted target
    ├── ModelError           a model file that is missing or damaged
    ├── DeployError          a deployment that cannot be started, reached or found
    │   ├── NotReady         a service that was not ready in time
    │   └── ServiceCrashed   a service whose process ended
    └── RunError             a query that failed
        └── StepFailed       one step of it: which, where, status, first lines of the body

Each says what happened, where, and, in `hint`, what to do next.
"""

from __future__ import annotations

__all__ = [
    "CatalogError",
    "ConnectError",
    "CycleError",
    "DeployError",
    "DuplicateName",
    "FormatError",
    "ModelError",
    "NotReady",
    "OpeaError",
    "PipelineError",
    "PlanError",
    "RunError",
    "ServiceCrashed",
    "StepFailed",
    "UnknownName",
]


class OpeaError(Exception):
    """Base of all errors of opea_nb.

    Parameters
    ----------
    message
        What happened and where, in one sentence.
    hint
        The next step for the reader; empty when there is none.

    >>> print(OpeaError("port 70000 is no TCP port", hint="use 1 to 65535"))
    port 70000 is no TCP port
      → use 1 to 65535
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message


class PipelineError(OpeaError):
    """An edit or a look-up that the pipeline refuses; the pipeline is unchanged."""


class UnknownName(PipelineError, KeyError):
    """A service, engine or flow that the pipeline does not have."""

    __str__ = OpeaError.__str__


class DuplicateName(PipelineError):
    """A name that the pipeline already uses."""


class CycleError(PipelineError):
    """A flow edge that would close a circle.

    Parameters
    ----------
    cycle
        The names along the circle, in flow order, the first not repeated.
    """

    def __init__(self, message: str, *, cycle: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.cycle = cycle


class ConnectError(PipelineError):
    """Two services whose port types do not fit."""


class CatalogError(OpeaError):
    """A catalogue entry that is unknown or malformed."""


class FormatError(OpeaError):
    """Text that cannot be read.

    Parameters
    ----------
    source
        File name, or a word such as ``<text>`` for text given as a string.
    line, column
        Where, counted from 1; 0 where the position is not known.
    """

    def __init__(self, message: str, *, source: str = "<text>", line: int = 0, column: int = 0, hint: str = "") -> None:
        where = f"{source}:{line}:{column}" if line else source
        super().__init__(f"{where}: {message}", hint=hint)
        self.problem = message
        self.source = source
        self.line = line
        self.column = column


class PlanError(OpeaError):
    """A pipeline that cannot run on the wanted target."""


class ModelError(OpeaError):
    """A model file that is missing, damaged or cannot be brought."""


class DeployError(OpeaError):
    """A deployment that cannot be started, reached or found.

    Parameters
    ----------
    service
        The service it is about; empty when it is the whole deployment.
    log_tail
        The last lines of that service's log, oldest first.
    """

    def __init__(self, message: str, *, service: str = "", log_tail: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.service = service
        self.log_tail = log_tail

    def __str__(self) -> str:
        if not self.log_tail:
            return super().__str__()
        return "\n".join([super().__str__(), f"  last lines of {self.service}:", *(f"  | {x}" for x in self.log_tail)])


class NotReady(DeployError):
    """A service that was not ready in time; the message tells what was last seen."""


class ServiceCrashed(DeployError):
    """A service whose process ended by itself."""


class RunError(OpeaError):
    """A query that failed.

    Parameters
    ----------
    run_id
        The run's id (the trace id of its ``traceparent``); empty when none was made.
    """

    def __init__(self, message: str, *, run_id: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run_id = run_id


class StepFailed(RunError):
    """One step of a query failed.

    Parameters
    ----------
    step
        The service's name in the pipeline.
    url
        The address that was called.
    status
        HTTP status, or 0 when there was no response (refused, timed out).
    body
        The first lines of the response's body.
    """

    def __init__(
        self,
        message: str,
        *,
        step: str,
        url: str = "",
        status: int = 0,
        body: str = "",
        run_id: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, run_id=run_id, hint=hint)
        self.step = step
        self.url = url
        self.status = status
        self.body = body
