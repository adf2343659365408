#!/usr/bin/env python3
"""S4: does an answer, or the time it takes, tell whether an address has an account?

Starts the API with a fresh SQLite database (or on the empty one that MAINSTAY_DATABASE__URL names), makes accounts, some of
them with a proven address, starts it again without a worker, then asks about known and unknown addresses in turn. For each
call it prints how often the answers differed in status, headers or body, and the area under the curve of a judge who goes by
time alone: 0.5 is a guess, 1.0 knows; with it the range in which it would be found in 95 of 100 repetitions. Bounded: a few
thousand requests, then it ends by itself.

    python3 tests/load/enumeration.py <path to mainstay-api>
"""

import http.client
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time

ACCOUNTS = 150  # of each kind: proven, and not
TRIES = 3  # below the lock of five
PASSWORD = "correct horse battery"


class Api:
    """A running API, and one connection to it."""

    def __init__(self, data, **more):
        variables = {
            "MAINSTAY_DATA_DIR": data,
            "MAINSTAY_SERVER__PORT": "0",
            "MAINSTAY_RATE_LIMIT__ENABLED": "false",
            "MAINSTAY_LOG__LEVEL": "error",
        }
        address = os.path.join(data, "api.addr")
        if os.path.exists(address):
            os.remove(address)
        environment = {**os.environ, **variables, **more}
        self.process = subprocess.Popen([sys.argv[1]], env=environment, stdout=subprocess.DEVNULL, cwd=data)
        for _ in range(600):
            if os.path.exists(address):
                break
            time.sleep(0.05)
        with open(address, encoding="ascii") as file:
            self.connection = http.client.HTTPConnection(file.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.terminate()
        self.process.wait(40)

    def call(self, path, body=None):
        begun = time.perf_counter()
        method = "GET" if body is None else "POST"
        self.connection.request(method, path, body and json.dumps(body), {"content-type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        taken = time.perf_counter() - begun
        headers = {name.lower(): value for name, value in answer.getheaders()}
        for moving in ("date", "x-request-id"):
            headers.pop(moving, None)
        parsed = json.loads(text)
        parsed.pop("requestId", None)
        return taken, (answer.status, tuple(sorted(headers)), json.dumps(parsed, sort_keys=True))

    def ask(self, path, body):
        return self.call("/api/v1/auth/" + path, body)


def register(api, emails):
    for email in emails:
        assert api.ask("register", {"email": email, "password": PASSWORD})[1][0] == 202


def prove(api, emails):
    """Opens the links that were mailed to these addresses."""
    waiting = set(emails)
    for _ in range(600):
        mails = json.loads(api.call("/dev/mailbox/messages")[1][2])["data"]
        for mail in mails:
            if mail["to"] in waiting and (link := re.search(r"token=([\w-]+)", mail["text"])):
                assert api.ask("verify-email", {"token": link.group(1)})[1][0] == 200
                waiting.remove(mail["to"])
        if not waiting:
            return
        time.sleep(0.2)
    sys.exit(f"{len(waiting)} addresses were not proven: no mail came")


def area(ones, others):
    """Mann-Whitney: the chance that one of `ones` is above one of `others`."""
    above = sum((a > b) + 0.5 * (a == b) for a in ones for b in others)
    chance = above / (len(ones) * len(others))
    return max(chance, 1 - chance)


def deviation(chance, count):
    """Of that chance, after Hanley and McNeil (1982)."""
    both, either = chance / (2 - chance), 2 * chance**2 / (1 + chance)
    spread = chance * (1 - chance) + (count - 1) * (both + either - 2 * chance**2)
    return math.sqrt(spread) / count


def compare(api, name, kind, path, body_of, tries=TRIES):
    times, answers = {"known": [], "unknown": []}, {"known": set(), "unknown": set()}
    for turn in range(tries):
        for number in range(ACCOUNTS):
            unknown = f"nobody{number}-{kind}-{turn}-{path}@example.org"
            pair = [("known", f"{kind}{number}@example.com"), ("unknown", unknown)]
            # Whoever comes second finds warm caches: they take turns at it.
            for which, email in pair if (turn + number) % 2 else reversed(pair):
                taken, answer = api.ask(path, body_of(email))
                times[which].append(taken)
                answers[which].add(answer)
    same = "alike" if answers["known"] == answers["unknown"] and len(answers["known"]) == 1 else "DIFFERENT"
    chance, count = area(times["known"], times["unknown"]), len(times["known"])
    median = sorted(times["known"])[count // 2] * 1000
    around = 1.96 * deviation(chance, count)
    print(f"| {name} | {kind} | {same} | {chance:.3f} ± {around:.3f} | {count} | {median:.1f} ms |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as data:
        with Api(data, MAINSTAY_WORKER__EMBEDDED="true") as api:
            proven = [f"proven{number}@example.com" for number in range(ACCOUNTS)]
            register(api, [f"unproven{number}@example.com" for number in range(ACCOUNTS)])
            for begin in range(0, ACCOUNTS, 25):  # the mailbox shows the newest mails only
                register(api, proven[begin : begin + 25])
                prove(api, proven[begin : begin + 25])
        with Api(data, MAINSTAY_WORKER__EMBEDDED="false") as api:
            print("| call | known ones are | answers | AUC by time | pairs | median |\n| --- | --- | --- | --- | --- | --- |")
            for kind in ("proven", "unproven"):
                wrong = "wrong battery staple"
                compare(api, "login, wrong password", kind, "login", lambda email: {"email": email, "password": wrong})
                compare(api, "forgot-password", kind, "forgot-password", lambda email: {"email": email})
                compare(api, "resend-verification", kind, "resend-verification", lambda email: {"email": email})
                compare(api, "register", kind, "register", lambda email: {"email": email, "password": PASSWORD})


if __name__ == "__main__":
    main()
