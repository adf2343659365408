#!/usr/bin/env python3
"""S4: does an answer, or the time it takes, tell whether an address has an account?

Starts the API with a fresh SQLite database, registers accounts, then asks about known and unknown addresses in turn. For
each call it prints how often the answers differed in status, headers or body, and the area under the curve of a judge who
goes by time alone: 0.5 is a guess, 1.0 knows. Bounded: a few hundred requests, then it ends by itself.

    python3 tests/load/enumeration.py <path to mainstay-api>
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time

ACCOUNTS = 80
TRIES = 3  # below the lock of five, and below the measure of mails
PASSWORD = "correct horse battery"


def call(connection, path, body):
    begun = time.perf_counter()
    connection.request("POST", "/api/v1/auth/" + path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    taken = time.perf_counter() - begun
    headers = {name.lower(): value for name, value in answer.getheaders()}
    for moving in ("date", "x-request-id"):
        headers.pop(moving, None)
    parsed = json.loads(text)
    parsed.pop("requestId", None)
    return taken, (answer.status, tuple(sorted(headers)), json.dumps(parsed, sort_keys=True))


def area(ones, others):
    """Mann-Whitney: the chance that one of `ones` is above one of `others`."""
    above = sum((a > b) + 0.5 * (a == b) for a in ones for b in others)
    chance = above / (len(ones) * len(others))
    return max(chance, 1 - chance)


def compare(connection, name, path, body_of):
    times, answers = {"known": [], "unknown": []}, {"known": set(), "unknown": set()}
    for turn in range(TRIES):
        for number in range(ACCOUNTS):
            pair = [("known", f"known{number}@example.com"), ("unknown", f"nobody{number}@example.org")]
            # Whoever comes second finds warm caches: they take turns at it.
            for kind, email in pair if (turn + number) % 2 else reversed(pair):
                taken, answer = call(connection, path, body_of(email))
                times[kind].append(taken)
                answers[kind].add(answer)
    same = "alike" if answers["known"] == answers["unknown"] and len(answers["known"]) == 1 else "DIFFERENT"
    print(f"| {name} | {same} | {area(times['known'], times['unknown']):.3f} | {len(times['known'])} pairs |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as data:
        variables = {
            "MAINSTAY_DATA_DIR": data,
            "MAINSTAY_SERVER__PORT": "0",
            "MAINSTAY_RATE_LIMIT__ENABLED": "false",
            "MAINSTAY_WORKER__EMBEDDED": "false",
            "MAINSTAY_LOG__LEVEL": "error",
        }
        api = subprocess.Popen([sys.argv[1]], env={**os.environ, **variables}, stdout=subprocess.DEVNULL, cwd=data)
        try:
            address = os.path.join(data, "api.addr")
            for _ in range(600):
                if os.path.exists(address):
                    break
                time.sleep(0.05)
            with open(address, encoding="ascii") as file:
                connection = http.client.HTTPConnection(file.read())
            for number in range(ACCOUNTS):
                call(connection, "register", {"email": f"known{number}@example.com", "password": PASSWORD})
            print("| call | answers | AUC by time | of |\n| --- | --- | --- | --- |")
            compare(connection, "login", "login", lambda email: {"email": email, "password": "wrong battery staple"})
            compare(connection, "forgot-password", "forgot-password", lambda email: {"email": email})
            compare(connection, "resend-verification", "resend-verification", lambda email: {"email": email})
        finally:
            api.terminate()
            api.wait(40)


if __name__ == "__main__":
    main()
