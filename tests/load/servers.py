"""What the load runs against: a fresh database, the API, and the bare reference
server. Each is a context manager which ends what it started, and nothing else."""

import http.client
import json
import os
import secrets
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ADMIN_EMAIL = "bench@mainstay.example"
ADMIN_PASSWORD = secrets.token_urlsafe(24)
START_SECONDS = 60
# Above the API's own limit for a graceful end.
STOP_SECONDS = 40

# Names the API reads besides its own prefix: the caller's shell must not leak in.
FOREIGN_NAMES = {"DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "NATS_URL", "PORT", "RUST_LOG"}


@dataclass
class Server:
    process: subprocess.Popen
    address: str
    token: str = ""
    ready_ms: float = 0.0
    data: Path = field(default_factory=Path)

    def url(self, path):
        return f"http://{self.address}{path}"

    def rss_mib(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise SystemExit("bench: the kernel tells no VmRSS")

    def call(self, method, path, body=None):
        """Status and decoded JSON; status 0 while nobody listens."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()

    def size(self, path, token):
        """Bytes of an answer's body."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        try:
            return len(connection.getresponse().read())
        finally:
            connection.close()

    def login(self):
        """A new access token of the administrator."""
        status, answer = self.call("POST", "/api/v1/auth/login", login_body())
        if status != 200:
            raise SystemExit(f"bench: the login was answered {status}: {answer}")
        return answer["data"]["accessToken"]


def login_body():
    return json.dumps({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})


def query(url, statement):
    command = ["psql", "-qAtw", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def database(server_url):
    """The URL of a new, empty database, which is dropped afterwards."""
    name = f"mainstay_bench_{secrets.token_hex(4)}"
    query(f"{server_url}/postgres", f'CREATE DATABASE "{name}"')
    try:
        # No TLS on loopback, for neither side: the reference server has none built in.
        yield f"{server_url}/{name}?sslmode=disable"
    finally:
        query(f"{server_url}/postgres", f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def api(binary, database_url, data, max_connections, more=None):
    """The API, ready to answer; `ready_ms` counts from exec. `more` are further settings."""
    settings = {
        "MAINSTAY_BOOTSTRAP__ADMIN_EMAIL": ADMIN_EMAIL,
        "MAINSTAY_BOOTSTRAP__ADMIN_PASSWORD": ADMIN_PASSWORD,
        "MAINSTAY_DATABASE__MAX_CONNECTIONS": str(max_connections),
        "MAINSTAY_DATABASE__URL": database_url,
        "MAINSTAY_DATA_DIR": str(data),
        "MAINSTAY_LOG__FORMAT": "json",
        "MAINSTAY_RATE_LIMIT__ENABLED": "false",
        "MAINSTAY_SERVER__PORT": "0",
        "MAINSTAY_WORKER__EMBEDDED": "true",
        **(more or {}),
    }
    address_file = data / "api.addr"
    address_file.unlink(missing_ok=True)
    with open(data / "api.log", "ab") as log:
        start = time.monotonic()
        process = subprocess.Popen([binary], env=clean_environment() | settings, cwd=data, stdout=log, stderr=log)
    with ending(process):
        server = Server(process, wait_for(process, lambda: read(address_file), data / "api.log"), data=data)
        wait_for(process, lambda: server.call("GET", "/health/ready")[0] == 200, data / "api.log")
        server.ready_ms = (time.monotonic() - start) * 1000
        yield server


@contextmanager
def reference(binary, database_url, max_connections):
    settings = {"REFERENCE_DATABASE_URL": database_url, "REFERENCE_MAX_CONNECTIONS": str(max_connections)}
    command = [binary, "serve"]
    process = subprocess.Popen(command, env=clean_environment() | settings, stdout=subprocess.PIPE, text=True)
    with ending(process):
        line = process.stdout.readline()
        if not line:
            raise SystemExit("bench: the reference server did not start")
        yield Server(process, **json.loads(line))


def clean_environment():
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAINSTAY_", "OTEL_")) and name not in FOREIGN_NAMES
    }


@contextmanager
def ending(process):
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process, condition, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if value := condition():
            return value
        if process.poll() is not None:
            break
        time.sleep(0.001)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise SystemExit(f"bench: the API did not become ready:\n{tail}")


def read(path):
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
