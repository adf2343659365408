#!/usr/bin/env bash
# Kills processes at random moments under load, and compares what clients were
# promised with the database: nothing acknowledged is lost, nothing appears
# that was never sent, nothing has its effect twice. Redis dies and hangs, too;
# without it every call has to be answered.
#
#   tests/load/chaos.sh                 every installation, 50 kills per victim
#   tests/load/chaos.sh sqlite          one installation
#   CHAOS_ROUNDS=5 CHAOS_SEED=7 tests/load/chaos.sh postgres
#
# A long run is not disturbed by later builds when the test binary is a copy and
# MAINSTAY_TEST_PROGRAMS names a directory with copies of the programs.
#
# It is the test of the same name in tests/src/processes/chaos with more rounds.
# Every server it kills is its own, on a free port; shared ones are left alone.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export CHAOS_ROUNDS="${CHAOS_ROUNDS:-50}"
export CHAOS_SEED="${CHAOS_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"
export MAINSTAY_TEST_SERVICES="${MAINSTAY_TEST_SERVICES:-required}"

for installation in "${@:-}"; do
    cargo test --quiet -p mainstay-tests -- "processes::chaos::$installation" --nocapture --test-threads=1
done
