# The commands of everyday work. `just` alone lists them.

set shell := ["bash", "-euo", "pipefail", "-c"]

[private]
default:
    @just --list --unsorted

# Run the API, with the worker inside it
run *arguments:
    cargo run -p mainstay-api -- {{arguments}}

# Run a worker of its own
worker *arguments:
    cargo run -p mainstay-worker -- {{arguments}}

# Run the operator's command, as `just cli migrate up`
cli *arguments:
    cargo run --quiet -p mainstay-cli -- {{arguments}}

# Bring the database to the current schema
migrate:
    just cli migrate up

# Print the OpenAPI document
openapi:
    @just cli openapi

# Format everything
fmt:
    cargo fmt --all

# Lint everything; a warning is an error
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Run the tests; those of a service that doesn't answer are skipped, and say so
test *arguments:
    cargo test --workspace {{arguments}}

# Everything that needs no service
check: lint test

# Exactly what CI runs; starts missing test services, and stops them again
ci:
    .ci/run

# Licences, bans and sources of the dependencies
deny:
    cargo deny check bans licenses sources

# Measure the API against a bare server beside it (PostgreSQL and wrk needed)
bench *arguments:
    tests/load/bench.sh {{arguments}}

# Kill processes at random under load and compare what was promised (PostgreSQL needed)
chaos *arguments:
    tests/load/chaos.sh {{arguments}}
