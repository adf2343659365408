"""A mail server for tests: accepts everything, and shows what it accepted.

    smtp.py DIRECTORY [--smtp-port 1025] [--http-port 1026]

SMTP on 127.0.0.1, authentication optional and never refused. A recipient at
`bounce.test` is answered 550, one at `defer.test` 451. Every accepted message
becomes a file in DIRECTORY and an entry of `GET /messages`, oldest first:
`[{"from": "…", "to": ["…"], "data": "raw message"}]`.

Needs the package aiosmtpd; everything else is in the standard library.
"""

import argparse
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

REFUSED_DOMAINS = {
    "bounce.test": "550 5.1.1 No such mailbox here",
    "defer.test": "451 4.7.1 Greylisted, please try again later",
}


class Mailbox:
    """What was accepted: in memory for the HTTP endpoint, on disk for people."""

    def __init__(self, directory):
        self.directory = directory
        self.messages = []
        self.lock = threading.Lock()

    def add(self, sender, recipients, raw):
        with self.lock:
            number = len(self.messages) + 1
            (self.directory / f"{number:06}.eml").write_bytes(raw)
            text = raw.decode("utf-8", errors="replace")
            self.messages.append({"from": sender, "to": recipients, "data": text})

    def as_json(self):
        with self.lock:
            return json.dumps(self.messages).encode()


class SmtpHandler:
    """The hooks aiosmtpd calls by name."""

    def __init__(self, mailbox):
        self.mailbox = mailbox

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        domain = address.rpartition("@")[2].lower()
        if domain in REFUSED_DOMAINS:
            return REFUSED_DOMAINS[domain]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mailbox.add(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content)
        return "250 OK"


def messages_server(mailbox, port):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/messages"
            body = mailbox.as_json() if found else b"{}"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """A test polls; a line per poll helps nobody."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def accept_anyone(server, session, envelope, mechanism, auth_data):
    return AuthResult(success=True)


def wait_for_a_signal():
    # Both are set by hand: a script starts its background jobs with SIGINT ignored.
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()


def main():
    parser = argparse.ArgumentParser(description="A mail server for tests.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--http-port", type=int, default=1026)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)

    mailbox = Mailbox(arguments.directory)
    smtp = Controller(
        SmtpHandler(mailbox),
        hostname="127.0.0.1",
        port=arguments.smtp_port,
        authenticator=accept_anyone,
        auth_require_tls=False,
    )
    http = messages_server(mailbox, arguments.http_port)

    smtp.start()
    threading.Thread(target=http.serve_forever, daemon=True).start()
    wait_for_a_signal()
    http.shutdown()
    smtp.stop()


if __name__ == "__main__":
    main()
