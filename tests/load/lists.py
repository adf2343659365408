"""A long list: a million users, and the way to its last page."""

import http.client
import json
from urllib.parse import quote

import servers

LIMIT = 20
# The most rows that one request of the walk gets.
STRIDE = 100
ORDERS = [
    "createdAt", "-createdAt",
    "email", "-email",
    "displayName", "-displayName",
    "createdAt,-email", "-createdAt,email",
]

# Ten share each second, half have no name, and four hundred share each name: ties are what keyset lists stumble over.
FILL = """
INSERT INTO users (id, uuid, created_at, updated_at, version, email, status, auth_revision, display_name,
                   email_key, name_key)
SELECT i, gen_random_uuid(), moment, moment, 1, email, 'active', 1, nullif(name, ''), email, name
FROM (
    SELECT i, timestamptz '2020-01-01 00:00:00Z' + (i / 10) * interval '1 second' AS moment,
           'u' || (i::bigint * 7919) % 10000019 || '@bench.example' AS email,
           CASE WHEN i % 2 = 0 THEN 'name ' || (i::bigint * 104729) % 2500 ELSE '' END AS name
    FROM generate_series(1, {users}) AS series(i)
) AS made
"""


def fill(database_url, users):
    servers.query(database_url, FILL.format(users=users))
    servers.query(database_url, "VACUUM ANALYZE users")


def page(sort, limit=LIMIT, cursor=None):
    path = f"/api/v1/users?limit={limit}&sort={quote(sort, safe='')}"
    return f"{path}&cursor={cursor}" if cursor else path


def last_page(server, token, sort):
    """The path of the last full page, found as a caller finds it: by cursor, from the first page on; and how many
    rows the list has."""
    with _Walk(server, token) as walk:
        rows, cursor, behind = 0, None, None
        while True:
            count, following = walk.read(page(sort, STRIDE, cursor))
            rows += count
            if not following:
                break
            behind, cursor = cursor, following
        # From the last but one stride on, in pages of the size that is measured.
        last, cursor = None, behind
        while True:
            path = page(sort, LIMIT, cursor)
            count, cursor = walk.read(path)
            last = path if count == LIMIT else last
            if not cursor:
                return last, rows


class _Walk:
    """One connection that is kept."""

    def __init__(self, server, token):
        self.connection = http.client.HTTPConnection(server.address, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def read(self, path):
        self.connection.request("GET", path, headers=self.headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise SystemExit(f"bench: {path} was answered {response.status}: {answer}")
        return len(answer["data"]), answer["meta"]["nextCursor"]
