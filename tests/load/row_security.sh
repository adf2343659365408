#!/usr/bin/env bash
# Compares three ways to read one row of a tenant under row-level security, and
# a search that an index could answer. Needs PostgreSQL, psql and pgbench, and a
# superuser: PGHOST, PGPORT and PGUSER say where. The database and the roles it
# makes are dropped at the end.
set -euo pipefail
export PGHOST=${PGHOST:-127.0.0.1} PGUSER=${PGUSER:-postgres}
db=mainstay_measure_rls
dir=$(mktemp -d)
trap 'rm -rf "$dir"; psql -qd postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)" -c "DROP ROLE IF EXISTS measure_app, measure_app_reader"' EXIT
psql -qd postgres -c "DROP DATABASE IF EXISTS $db WITH (FORCE)" -c "CREATE DATABASE $db"
psql -qd $db <<'SQL'
CREATE ROLE measure_app; CREATE ROLE measure_app_reader;
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id bigint NOT NULL, words tsvector NOT NULL);
INSERT INTO notes SELECT n, n % 1000, to_tsvector('simple', 'word' || n % 5000) FROM generate_series(1, 200000) n;
CREATE INDEX ON notes USING gin (words); CREATE INDEX ON notes (tenant_id, id);
GRANT SELECT ON notes TO measure_app, measure_app_reader;
CREATE TABLE plain AS TABLE notes; ALTER TABLE plain ADD PRIMARY KEY (id); GRANT SELECT ON plain TO measure_app;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE notes FORCE ROW LEVEL SECURITY;
CREATE POLICY t ON notes USING (tenant_id = nullif(current_setting('mainstay.tenant', true), '')::bigint);
CREATE POLICY r ON notes FOR SELECT TO measure_app_reader USING (true);
VACUUM ANALYZE notes; VACUUM ANALYZE plain;
SQL
pick='\set id random(1, 200000)
\set tenant :id % 1000'
one='WHERE id = :id AND tenant_id = :tenant;'
echo "$pick
SELECT * FROM plain $one" >"$dir/0-no-row-security"
echo "$pick
SELECT * FROM notes $one" >"$dir/1-role-for-reading"
echo "$pick
BEGIN;
SELECT set_config('mainstay.tenant', (:tenant)::text, true);
SELECT * FROM notes $one
COMMIT;" >"$dir/2-transaction"
for round in 1 2 3; do
  for way in "$dir"/*; do
    role=measure_app; [[ $way == *reading ]] && role=measure_app_reader
    printf '%s ' "$(basename "$way")"
    PGOPTIONS="-c role=$role" pgbench -n -M prepared -c 4 -j 2 -T 5 -f "$way" $db 2>/dev/null | grep '^tps'
  done
done
for role in measure_app_reader measure_app; do
  echo "-- a search as $role"
  PGOPTIONS="-c role=$role -c mainstay.tenant=7" psql -Atd $db -c "EXPLAIN (ANALYZE, COSTS OFF) SELECT id FROM notes WHERE words @@ 'word7'::tsquery" | grep -E "Scan|Execution"
done
