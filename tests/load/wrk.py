"""Load by wrk: one run, or one in the background of another."""

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass
class Result:
    requests: int
    seconds: float
    refused: int  # answered with a status of 400 or more
    broken: int  # no answer: connection errors and timeouts
    p50_ms: float
    p99_ms: float

    @property
    def rate(self):
        """Good answers per second."""
        return (self.requests - self.refused) / self.seconds


def load(url, seconds, connections, token=None, body=None):
    process = _start(url, seconds, connections, token, body)
    try:
        return _result(process, url, seconds)
    finally:
        process.kill()
        process.wait()


@contextmanager
def storm(url, seconds, connections, token=None, body=None):
    """The same beside the code in the `with` block, which it may outlive by nothing."""
    process = _start(url, seconds, connections, token, body)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _start(url, seconds, connections, token, body):
    environment = dict(os.environ)
    for name, value in (("WRK_TOKEN", token), ("WRK_BODY", body)):
        if value is not None:
            environment[name] = value
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _result(process, url, seconds):
    output, _ = process.communicate(timeout=seconds + 30)
    for line in output.splitlines():
        if line.startswith("RESULT "):
            values = json.loads(line.removeprefix("RESULT "))
            result = Result(*(values[name] for name in ("requests", "seconds", "refused", "broken", "p50Ms", "p99Ms")))
            if result.requests == result.refused:
                raise SystemExit(f"bench: no good answer from {url}:\n{output}")
            return result
    raise SystemExit(f"bench: wrk failed on {url}:\n{output}")
