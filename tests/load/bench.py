"""Measures the API beside a bare server, and prints a table of ratios.

Called by bench.sh, which builds both and documents the settings. Machines are
noisy: ours and the reference run in turn, and only the median ratio counts.
"""

import base64
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import lists
import servers
from wrk import load, storm

SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "5"))
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "32"))
LISTED_USERS = int(os.environ.get("BENCH_LISTED_USERS", "1000000"))
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "1000000"))
MAX_DATABASE_CONNECTIONS = int(os.environ.get("BENCH_DATABASE_CONNECTIONS", "10"))
DATABASE_SERVER = os.environ.get("BENCH_DATABASE_SERVER", "postgres://postgres@127.0.0.1:5432")
REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379")
FIGURES = os.environ.get("BENCH_FIGURES", "P1,P3,P8").split(",")

CORES = len(os.sched_getaffinity(0))
# Enough that a core never waits for the next login, too few to be refused.
LOGIN_CONNECTIONS = int(os.environ.get("BENCH_LOGIN_CONNECTIONS", str(2 * CORES)))
BYSTANDERS = 4
# A run of a million requests ends here at the latest, however slow the machine.
GROWTH_SECONDS = 600
ME = "/api/v1/users/me"
# Behind token, session and permission check like the other one, but nothing of it lies in the database.
WARM = "/api/v1/permissions"
# As all replicas of one service have it.
REPLICA = {"MAINSTAY_SERVER__PUBLIC_URL": "http://mainstay.bench", "MAINSTAY_SECURITY__MASTER_KEY":
           base64.b64encode(secrets.token_bytes(32)).decode()}


def main():
    api_binary, reference_binary = sys.argv[1:]
    # Ending by a signal still runs every clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mainstay-bench-")))
        url = stack.enter_context(servers.database(DATABASE_SERVER))

        def start_api():
            return servers.api(api_binary, url, data, MAX_DATABASE_CONNECTIONS)

        with start_api():
            note("the first start has migrated the database")
        print("| figure | ours (median) | reference (median) | median ratio | goal |\n| --- | --- | --- | --- | --- |")
        if "P8" in FIGURES:
            starts_and_rest(start_api)
        if "P10" in FIGURES:
            with start_api() as ours:
                first_and_last_pages(ours, url)
        if "P7" in FIGURES:
            revisions(stack, api_binary)
        if not {"P1", "P2", "P3", "P8"} & set(FIGURES):
            return
        with start_api() as ours, servers.reference(reference_binary, url, MAX_DATABASE_CONNECTIONS) as bare:
            if "P1" in FIGURES:
                read_one_row(ours, bare, url)
            if "P2" in FIGURES:
                read_what_is_warm(ours, bare)
            if "P3" in FIGURES:
                logins(ours, reference_binary)
                bystanders_of_a_storm(ours, bare)
            if "P8" in FIGURES:
                growth(ours)


def read_one_row(ours, bare, database_url):
    """P1: an authenticated read of one row, against one bare query."""
    uuid = servers.query(database_url, f"SELECT uuid FROM users WHERE email = '{servers.ADMIN_EMAIL}'")
    token = ours.login()
    runs = {
        "ours": lambda: load(ours.url(ME), SECONDS, CONNECTIONS, token),
        "sqlx": lambda: load(bare.url(f"/sqlx/{uuid}"), SECONDS, CONNECTIONS),
        "tokio-postgres": lambda: load(bare.url(f"/tokio-postgres/{uuid}"), SECONDS, CONNECTIONS),
        "constant": lambda: load(bare.url("/constant"), SECONDS, CONNECTIONS, bare.token),
    }
    rates = in_turn("P1", runs, lambda result: result.rate)
    for reference, goal in (("sqlx", "≥ 1.0"), ("tokio-postgres", "–"), ("constant", "–")):
        row(f"P1 `GET {ME}` vs {reference}, requests/s", rates["ours"], rates[reference], goal)


def read_what_is_warm(ours, bare):
    """P2: an authenticated read that needs no row, against a constant after one token check."""
    token = ours.login()
    large = ours.size(WARM, token)
    runs = {
        "ours": lambda: load(ours.url(WARM), SECONDS, CONNECTIONS, token),
        "constant": lambda: load(bare.url("/constant"), SECONDS, CONNECTIONS, bare.token),
        "as large": lambda: load(bare.url(f"/constant/{large}"), SECONDS, CONNECTIONS, bare.token),
    }
    rates = in_turn("P2", runs, lambda result: result.rate)
    row(f"P2 `GET {WARM}` vs constant, requests/s", rates["ours"], rates["constant"], "≥ 0.60")
    row(f"P2 `GET {WARM}` vs a constant as large, requests/s", rates["ours"], rates["as large"], "–")


def revisions(stack, api_binary):
    """P7: what a replica beside another one does per second, by where it reads revisions; alone it reads none."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mainstay-bench-")))
    redis = f"{REDIS}?prefix=bench-{secrets.token_hex(4)}"

    def replica(url, name, cache):
        (folder / name).mkdir()
        more = {**REPLICA, "MAINSTAY_CACHE__URL": cache}
        return stack.enter_context(servers.api(api_binary, url, folder / name, MAX_DATABASE_CONNECTIONS, more))

    groups = {}
    for name, caches in (("alone", ["memory://"]), ("database", ["memory://"] * 2), ("redis", [redis] * 2)):
        url = stack.enter_context(servers.database(DATABASE_SERVER))
        groups[name] = [replica(url, f"{name}-{number}", cache) for number, cache in enumerate(caches)][0]
    tokens = {name: server.login() for name, server in groups.items()}
    runs = {name: lambda name=name, server=server: load(server.url(ME), SECONDS, CONNECTIONS, tokens[name])
            for name, server in groups.items()}
    rates = in_turn("P7", runs, lambda result: result.rate)
    row(f"P7 `GET {ME}` of two replicas: revisions from Redis vs from the database", rates["redis"], rates["database"], "–")
    row(f"P7 `GET {ME}`: revisions from Redis vs alone", rates["redis"], rates["alone"], "–")


def logins(ours, reference_binary):
    """P3: logins per second, against as many bare hashing threads as cores."""
    runs = {
        "ours": lambda: storm_of_logins(ours, SECONDS),
        "bare": lambda: hashes_per_second(reference_binary),
    }
    rates = in_turn("P3", runs, float)
    row(f"P3 logins/s vs Argon2id hashes/s on {CORES} threads", rates["ours"], rates["bare"], "≥ 0.95")


def storm_of_logins(ours, seconds):
    result = load(ours.url("/api/v1/auth/login"), seconds, LOGIN_CONNECTIONS, body=servers.login_body())
    if result.refused or result.broken:
        note(f"of {result.requests} logins {result.refused} were refused and {result.broken} broke off")
    return result.rate


def hashes_per_second(reference_binary):
    command = [reference_binary, "hash-bench", str(CORES), str(SECONDS)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS + 30).stdout
    return json.loads(output)["hashesPerSecond"]


def bystanders_of_a_storm(ours, bare):
    """P3: the p99 of a route that hashes nothing, while every core hashes."""

    def beside(storm_url, bystander_url, body=None):
        # Longer than the measured run; it is ended with it.
        with storm(storm_url, SECONDS + 30, LOGIN_CONNECTIONS, body=body):
            time.sleep(1)  # until every core is busy
            return load(bystander_url, SECONDS, BYSTANDERS)

    runs = {
        "ours": lambda: beside(ours.url("/api/v1/auth/login"), ours.url("/health/live"), servers.login_body()),
        "bare": lambda: beside(bare.url("/hash"), bare.url("/live")),
    }
    p99 = in_turn("P3", runs, lambda result: result.p99_ms)
    row("P3 p99 of `GET /health/live` in a login storm, ms", p99["ours"], p99["bare"], "≤ 2")


def starts_and_rest(start_api):
    """P8: from exec to ready, and memory before the first login."""
    ready, resident = [], []
    for _ in range(PAIRS):
        with start_api() as server:
            ready.append(server.ready_ms)
            time.sleep(1)  # start-up work has ended, and given back its memory
            resident.append(server.rss_mib())
    alone("P8 ms from exec to ready, migrated database", statistics.median(ready), "≤ 250")
    alone("P8 MiB resident before the first login", statistics.median(resident), "≤ 30")


def first_and_last_pages(ours, database_url):
    """P10: a list of 20 out of a million rows, its last page against its first, in every order."""
    note(f"P10 loads {LISTED_USERS:,} users")
    lists.fill(database_url, LISTED_USERS)
    token = ours.login()
    for sort in lists.ORDERS:
        first = lists.page(sort)
        last, rows = lists.last_page(ours, token, sort)
        note(f"P10 sort={sort}: {rows:,} rows walked by cursor")
        runs = {
            "last": lambda last=last: load(ours.url(last), SECONDS, CONNECTIONS, token),
            "first": lambda first=first: load(ours.url(first), SECONDS, CONNECTIONS, token),
        }
        cost = in_turn(f"P10 sort={sort}", runs, lambda result: CONNECTIONS * 1000 / result.rate)
        row(f"P10 `sort={sort}`, ms for the last page vs the first", cost["last"], cost["first"], "≤ 1.2")


def growth(ours):
    """P8: memory gained over a million requests after a warm-up."""
    token = ours.login()
    warm_up = load(ours.url(ME), SECONDS, CONNECTIONS, token)
    before, requests = ours.rss_mib(), 0
    deadline = time.monotonic() + GROWTH_SECONDS
    while requests < REQUESTS and time.monotonic() < deadline:
        missing = (REQUESTS - requests) / warm_up.rate
        requests += load(ours.url(ME), max(1, min(60, round(missing))), CONNECTIONS, token).requests
    alone(f"P8 MiB gained over {requests:,} requests", ours.rss_mib() - before, "≤ 1 per 1,000,000")


def in_turn(figure, runs, value_of):
    """Runs A B A B: one warm-up round, then PAIRS rounds that count."""
    values = {name: [] for name in runs}
    for number in range(PAIRS + 1):
        measured = {name: value_of(run()) for name, run in runs.items()}
        note(f"{figure} {f'round {number}' if number else 'warm-up'}: "
             + ", ".join(f"{name} {value:,.2f}" for name, value in measured.items()))
        for name, value in measured.items():
            if number:
                values[name].append(value)
    return values


def row(what, ours, reference, goal):
    ratio = statistics.median(a / b for a, b in zip(ours, reference))
    print(f"| {what} | {statistics.median(ours):,.1f} | {statistics.median(reference):,.1f} | {ratio:.2f} | {goal} |",
          flush=True)


def alone(what, value, goal):
    print(f"| {what} | {value:,.1f} | – | – | {goal} |", flush=True)


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
