"""Runs probes side by side and tells medians and ratios.

Everything is measured in one run on one machine; the two sides take turns, so that what disturbs
the machine disturbs both.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# Lambda's own runtime offers boto3 and nothing else of what we use; so does this interpreter.
INTERPRETER = REPOSITORY / ".venv-emulator" / "bin" / "python"
_MACHINE = "arn:aws:states:us-west-2:222222222222:stateMachine:tap-dev-statemachine"
BENCHMARKS = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Subject:
    """A function to measure: the folder that its asset is, and the module with its handler.

    authorities: the certificates that its clients read on AWS, PEM.
    """

    folder: Path
    module: str
    authorities: Path


@dataclass(frozen=True)
class Comparison:
    """Medians of both sides, in seconds, and how often each was measured."""

    baseline: float
    ours: float
    samples: int

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline

    def in_milliseconds(self) -> Comparison:
        return Comparison(self.baseline * 1000, self.ours * 1000, self.samples)


@contextlib.contextmanager
def stub(folder: Path, delay: float) -> Iterator[str]:
    """An endpoint that answers as AWS after `delay` seconds; its CA is FOLDER/tls/ca.pem."""
    command = [str(each) for each in (INTERPRETER, BENCHMARKS / "stub.py", folder, delay)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={}
    )
    with process:  # closes its pipes, and its standard input is what it lives by
        yield f"https://127.0.0.1:{int(_line(process))}"


def _line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline() if process.stdout else ""


def environment(endpoint: str, ca_bundle: Path) -> Mapping[str, str]:
    """What Lambda and our construct tell a function, led to the stub."""
    return {
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_SESSION_TOKEN": "none",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_LAMBDA_FUNCTION_NAME": "tap-dev-processor",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CA_BUNDLE": str(ca_bundle),
        "ENVIRONMENT": "dev",
        "BUCKET_NAME": "tap-dev-bucket-222222222222-us-west-2",
        "TABLE_NAME": "tap-dev-requests",
        "STATE_MACHINE_ARN": _MACHINE,
        "WORKFLOW_TYPE": "STANDARD",
        "MAX_BODY_BYTES": str(1024 * 1024),
        "CORS_ORIGINS": "https://app.example.com",
        "POWERTOOLS_SERVICE_NAME": "requests",
        "POWERTOOLS_METRICS_NAMESPACE": "Tap",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


def probe(subject: Subject, kind: str, variables: Mapping[str, str], requests: int) -> list[float]:
    """Seconds as the probe measured them in a fresh interpreter."""
    options = ["-s", "-P", BENCHMARKS / "probe.py", subject.folder, subject.module, kind, requests]
    command = [str(each) for each in (INTERPRETER, *options)]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{subject.module} {kind}: {done.stderr}")
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def compare(
    baseline: Subject, ours: Subject, kind: str, *, rounds: int, delay: float, requests: int = 1
) -> Comparison:
    """Both sides in turn, `rounds` times, against one stub."""
    measured: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as folder, stub(Path(folder), delay) as endpoint:
        for _ in range(rounds):
            for subject, seconds in zip((baseline, ours), measured, strict=True):
                variables = environment(endpoint, _trust(subject, Path(folder)))
                seconds.extend(probe(subject, kind, variables, requests))
    medians = [statistics.median(seconds) for seconds in measured]
    return Comparison(medians[0], medians[1], len(measured[0]))


def _trust(subject: Subject, folder: Path) -> Path:
    """The authorities that the subject reads on AWS, with the stub's own added."""
    combined = folder / f"{subject.module}.pem"
    combined.write_bytes(
        subject.authorities.read_bytes() + (folder / "tls" / "ca.pem").read_bytes()
    )
    return combined


def staged_copy(module: Path, folder: Path) -> Subject:
    """A one-file function as an asset: compiled like ours, so that compiling is not measured."""
    shutil.copy(module, folder)
    subprocess.run(
        [INTERPRETER, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder],
        check=True,
        env={},
    )
    (bundled,) = INTERPRETER.parents[1].glob("lib/python*/site-packages/botocore/cacert.pem")
    return Subject(folder, module.stem, bundled)
