#!/usr/bin/env bash
# Measures the API against a bare server on the same machine, and prints a
# markdown table of median ratios. Needs PostgreSQL, psql, wrk and python3.
#
#   tests/load/bench.sh
#   BENCH_FIGURES=P1 BENCH_SECONDS=2 BENCH_PAIRS=3 tests/load/bench.sh
#
# Everything runs on loopback, in a database of its own which is dropped at the
# end. Settings, with their defaults:
#
#   BENCH_FIGURES=P1,P3,P8          which figures; also P2, P7 and P10
#   BENCH_LISTED_USERS=1000000      rows of the list whose pages P10 compares
#   BENCH_SECONDS=5                 length of one run
#   BENCH_PAIRS=5                   rounds that count, after one to warm up
#   BENCH_CONNECTIONS=32            connections of wrk
#   BENCH_LOGIN_CONNECTIONS         of the login storm; twice the cores
#   BENCH_REQUESTS=1000000          requests over which memory growth is measured
#   BENCH_DATABASE_CONNECTIONS=10   pool size of both servers
#   BENCH_DATABASE_SERVER=postgres://postgres@127.0.0.1:5432
#   BENCH_REDIS=redis://127.0.0.1:6379  where two replicas of P7 share revisions
#   BENCH_REFERENCE_TARGET          where the reference server is built
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

for tool in cargo psql python3 wrk; do
    command -v "$tool" >/dev/null || {
        echo "bench: $tool is not installed" >&2
        exit 1
    }
done

target="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
reference_target="$(realpath -m "${BENCH_REFERENCE_TARGET:-$target/reference}")"
unset CARGO_TARGET_DIR

cargo build --release --package mainstay-api --target-dir "$target" >&2
cargo build --release --locked --manifest-path tests/load/reference/Cargo.toml --target-dir "$reference_target" >&2

exec python3 -B tests/load/bench.py "$target/release/mainstay-api" "$reference_target/release/mainstay-reference"
