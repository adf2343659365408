# Test services: checks that they answer, starts those that don't, and stops
# what it started. To be sourced by a bash script with `set -euo pipefail`:
#
#     source tests/services/ensure.sh
#     trap stop_services EXIT
#     ensure_services
#
# shellcheck shell=bash

services_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
services_cache="${XDG_CACHE_HOME:-$HOME/.cache}/mainstay-tests"
services_started=()  # process ids
services_scratch=()  # directories to remove

# Checks all of them before it gives up, so that one run names all that is missing.
ensure_services() {
    local missing=0
    ensure_postgres || missing=1
    ensure_mariadb || missing=1
    ensure_redis || missing=1
    ensure_nats || missing=1
    ensure_rabbitmq || missing=1
    ensure_smtp || missing=1
    ensure_s3 || missing=1
    ensure_identity_providers || missing=1
    ensure_chromium || missing=1
    if ((missing)); then
        echo "services: not complete; see tests/services/README.md" >&2
        return 1
    fi
}

stop_services() {
    local pid directory
    for pid in ${services_started[@]+"${services_started[@]}"}; do
        # SIGINT is PostgreSQL's fast shutdown: it doesn't wait for its clients. MariaDB ignores it and ends by
        # SIGTERM, which PostgreSQL ignores by then.
        kill -INT "$pid" 2>/dev/null || continue
        kill -TERM "$pid" 2>/dev/null || true
        wait_until 10 is_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
    for directory in ${services_scratch[@]+"${services_scratch[@]}"}; do
        rm -rf "$directory"
    done
    services_started=()
    services_scratch=()
}

# --- PostgreSQL -------------------------------------------------------------

ensure_postgres() {
    if postgres_accepts; then
        echo "services: PostgreSQL answers on 127.0.0.1:5432"
    elif port_is_open 5432; then
        missing_service "PostgreSQL" "127.0.0.1:5432 answers, but refuses the user postgres without a password"
    elif ! find_postgres && ! install_postgres; then
        missing_service "PostgreSQL" "nothing answers on 127.0.0.1:5432, and initdb is not installed" \
            "install the Debian package postgresql"
    else
        start_postgres
    fi
}

postgres_accepts() {
    port_is_open 5432 || return 1
    # Without a client, the port has to be proof enough.
    command -v psql >/dev/null || return 0
    PGCONNECT_TIMEOUT=5 psql -qAt -w -h 127.0.0.1 -U postgres -d postgres -c 'SELECT 1' >/dev/null 2>&1
}

# Sets postgres_bin to the newest installed server.
find_postgres() {
    local initdb
    initdb="$(command -v initdb || ls -v /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1)" || true
    [[ -n "$initdb" ]] || return 1
    postgres_bin="$(dirname "$(readlink -f "$initdb")")"
}

install_postgres() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 1
    echo "services: installing postgresql"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql; } >&2 || return 1
    # The package starts a cluster that asks for passwords; it would hold our port.
    if port_is_open 5432; then
        pg_lsclusters -h | while read -r version name port _; do
            [[ "$port" != 5432 ]] || pg_ctlcluster "$version" "$name" stop
        done
    fi
    find_postgres
}

# A private cluster: the machine's own clusters, and who may log in there, stay
# as they are. It is thrown away at the end, so it need not survive a crash.
start_postgres() {
    local directory
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-postgres.XXXXXX")"
    services_scratch+=("$directory")
    local as=()
    if [[ "$(id -u)" == 0 ]]; then
        chown postgres "$directory"
        as=(runuser -u postgres --)
    fi
    (
        cd "$directory" &&
        ${as[@]+"${as[@]}"} "$postgres_bin/initdb" -D "$directory/data" -U postgres -A trust -E UTF8 \
            --locale=C.UTF-8 >"$directory/initdb.log" 2>&1 &&
        ${as[@]+"${as[@]}"} "$postgres_bin/pg_ctl" -D "$directory/data" -l "$directory/server.log" -w -t 30 start \
            -o "-h 127.0.0.1 -p 5432 -k $directory -c fsync=off -c max_connections=300" >/dev/null
    ) || {
        missing_service "PostgreSQL" "a private server did not start" \
            "$(tail -n 5 "$directory"/*.log 2>/dev/null)"
        return 1
    }
    services_started+=("$(head -n 1 "$directory/data/postmaster.pid")")
    echo "services: PostgreSQL started on 127.0.0.1:5432"
}

# --- MariaDB ----------------------------------------------------------------

ensure_mariadb() {
    if mariadb_accepts; then
        echo "services: MariaDB answers on 127.0.0.1:3306"
    elif port_is_open 3306; then
        missing_service "MariaDB" "127.0.0.1:3306 answers, but refuses the user root without a password"
    elif ! find_mariadb && ! install_mariadb; then
        missing_service "MariaDB" "nothing answers on 127.0.0.1:3306, and mariadbd is not installed" \
            "install the Debian package mariadb-server"
    else
        start_mariadb
    fi
}

mariadb_accepts() {
    port_is_open 3306 || return 1
    # Without a client, the port has to be proof enough.
    command -v mariadb >/dev/null || return 0
    mariadb --no-defaults --connect-timeout=5 --protocol=tcp -h 127.0.0.1 -u root -e 'SELECT 1' >/dev/null 2>&1
}

# Sets mariadb_server to the installed server.
find_mariadb() {
    mariadb_server="$(command -v mariadbd || command -v /usr/sbin/mariadbd)" &&
        command -v mariadb-install-db >/dev/null
}

install_mariadb() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 1
    echo "services: installing mariadb-server"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mariadb-server; } >&2 || return 1
    # The package starts a server that lets root in by its socket only; it would hold our port.
    if port_is_open 3306; then
        service mariadb stop >&2 || true
    fi
    find_mariadb
}

# A private server, for the same reasons as PostgreSQL's.
start_mariadb() {
    local directory pid
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-mariadb.XXXXXX")"
    services_scratch+=("$directory")
    local as=()
    if [[ "$(id -u)" == 0 ]]; then
        chown mysql "$directory"
        as=(--user=mysql)
    fi
    (
        cd "$directory" && mariadb-install-db --no-defaults ${as[@]+"${as[@]}"} --datadir="$directory/data" \
            --auth-root-authentication-method=normal --skip-test-db >"$directory/install.log" 2>&1
    ) || {
        missing_service "MariaDB" "a private server could not be made" "$(tail -n 5 "$directory/install.log")"
        return 1
    }
    "$mariadb_server" --no-defaults ${as[@]+"${as[@]}"} --datadir="$directory/data" --socket="$directory/socket" \
        --pid-file="$directory/pid" --bind-address=127.0.0.1 --port=3306 --max-connections=400 \
        --innodb-flush-log-at-trx-commit=0 >"$directory/server.log" 2>&1 &
    pid=$!
    services_started+=("$pid")
    if ! wait_until 30 mariadb_accepts; then
        missing_service "MariaDB" "a private server did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    echo "services: MariaDB started on 127.0.0.1:3306"
}

# --- Redis ------------------------------------------------------------------

ensure_redis() {
    if redis_answers; then
        echo "services: Redis answers on 127.0.0.1:6379"
    elif port_is_open 6379; then
        missing_service "Redis" "127.0.0.1:6379 is in use by something else, or asks for a password"
    elif ! command -v redis-server >/dev/null && ! install_redis; then
        missing_service "Redis" "nothing answers on 127.0.0.1:6379, and redis-server is not installed" \
            "install the Debian package redis-server"
    else
        start_redis
    fi
}

redis_answers() {
    local answer
    port_is_open 6379 || return 1
    answer="$(exec 3<>/dev/tcp/127.0.0.1/6379 && printf 'PING\r\n' >&3 && head -c 5 <&3)" 2>/dev/null || return 1
    [[ "$answer" == "+PONG" ]]
}

install_redis() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 1
    echo "services: installing redis-server"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq redis-server; } >&2 || return 1
    command -v redis-server >/dev/null
}

# It keeps nothing. Tests use key prefixes of their own.
start_redis() {
    local directory
    redis_answers && return  # the package may have started one
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-redis.XXXXXX")"
    services_scratch+=("$directory")
    redis-server --port 6379 --bind 127.0.0.1 --save "" --appendonly no --dir "$directory" \
        >"$directory/server.log" 2>&1 &
    services_started+=("$!")
    if ! wait_until 15 redis_answers; then
        missing_service "Redis" "it did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    echo "services: Redis started on 127.0.0.1:6379"
}

# --- NATS -------------------------------------------------------------------

ensure_nats() {
    if nats_answers; then
        echo "services: NATS with JetStream answers on 127.0.0.1:4222"
    elif port_is_open 4222; then
        missing_service "NATS" "127.0.0.1:4222 is in use by something else, or JetStream is off"
    elif ! command -v nats-server >/dev/null && ! install_nats; then
        missing_service "NATS" "nothing answers on 127.0.0.1:4222, and nats-server is not installed" \
            "install the Debian package nats-server"
    else
        start_nats
    fi
}

# The first line that it sends tells whether JetStream is on.
nats_answers() {
    local info
    port_is_open 4222 || return 1
    info="$(exec 3<>/dev/tcp/127.0.0.1/4222 && IFS= read -r -t 5 line <&3 && printf '%s' "$line")" 2>/dev/null || return 1
    [[ "$info" == *'"jetstream":true'* ]]
}

install_nats() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 1
    echo "services: installing nats-server"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nats-server; } >&2 || return 1
    # The package starts a server without JetStream; it would hold our port.
    if port_is_open 4222; then
        service nats-server stop >&2 || true
    fi
    command -v nats-server >/dev/null
}

# Tests use prefixes of their own.
start_nats() {
    local directory
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-nats.XXXXXX")"
    services_scratch+=("$directory")
    nats-server -js -a 127.0.0.1 -p 4222 -sd "$directory" >"$directory/server.log" 2>&1 &
    services_started+=("$!")
    if ! wait_until 15 nats_answers; then
        missing_service "NATS" "it did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    echo "services: NATS with JetStream started on 127.0.0.1:4222"
}

# --- RabbitMQ ---------------------------------------------------------------

rabbitmq_program=/usr/lib/rabbitmq/bin/rabbitmq-server

ensure_rabbitmq() {
    if rabbitmq_answers; then
        echo "services: RabbitMQ answers on 127.0.0.1:5672"
    elif port_is_open 5672; then
        missing_service "RabbitMQ" "127.0.0.1:5672 is in use by something else"
    elif [[ ! -x "$rabbitmq_program" ]] && ! install_rabbitmq; then
        missing_service "RabbitMQ" "nothing answers on 127.0.0.1:5672, and rabbitmq-server is not installed" \
            "install the Debian package rabbitmq-server"
    else
        start_rabbitmq
    fi
}

# Its first frame is a method (1) on channel 0.
rabbitmq_answers() {
    local frame
    port_is_open 5672 || return 1
    frame="$(exec 3<>/dev/tcp/127.0.0.1/5672 && printf 'AMQP\0\0\11\1' >&3 &&
        timeout 5 head -c 3 <&3 | od -An -tx1)" 2>/dev/null || return 1
    [[ "$frame" == *"01 00 00"* ]]
}

install_rabbitmq() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 1
    echo "services: installing rabbitmq-server"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq rabbitmq-server; } >&2 || return 1
    [[ -x "$rabbitmq_program" ]]
}

# A node of its own beside the machine's. Tests use prefixes of their own.
start_rabbitmq() {
    local directory
    rabbitmq_answers && return  # the package may have started one
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-rabbitmq.XXXXXX")"
    services_scratch+=("$directory")
    HOME="$directory" RABBITMQ_NODENAME=mainstay-tests@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
        RABBITMQ_NODE_PORT=5672 RABBITMQ_DIST_PORT=25679 RABBITMQ_MNESIA_BASE="$directory/data" \
        RABBITMQ_LOG_BASE="$directory/log" RABBITMQ_PID_FILE="$directory/pid" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$directory/plugins" RABBITMQ_CONFIG_FILE="$directory/none" \
        "$rabbitmq_program" >"$directory/server.log" 2>&1 &
    services_started+=("$!")
    if ! wait_until 120 rabbitmq_answers; then
        missing_service "RabbitMQ" "it did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    # The script's child is the server, and outlives it.
    [[ ! -s "$directory/pid" ]] || services_started+=("$(tr -d '[:space:]' <"$directory/pid")")
    echo "services: RabbitMQ started on 127.0.0.1:5672"
}

# --- SMTP -------------------------------------------------------------------

ensure_smtp() {
    if smtp_answers; then
        echo "services: the SMTP test server answers on 127.0.0.1:1025"
    elif port_is_open 1025 || port_is_open 1026; then
        missing_service "the SMTP test server" "127.0.0.1:1025 or :1026 is in use by something else"
    elif ! install_aiosmtpd; then
        missing_service "the SMTP test server" "aiosmtpd can't be installed" "pip install aiosmtpd"
    else
        start_smtp
    fi
}

smtp_answers() {
    port_is_open 1025 && port_is_open 1026
}

# Sets smtp_python to an interpreter that knows aiosmtpd.
install_aiosmtpd() {
    smtp_python="$services_cache/venv/bin/python"
    "$smtp_python" -c 'import aiosmtpd' 2>/dev/null && return
    command -v python3 >/dev/null || return 1
    mkdir -p "$services_cache"
    python3 -m venv --clear "$services_cache/venv" >&2 || return 1
    "$smtp_python" -m pip install --quiet --disable-pip-version-check aiosmtpd >&2
}

start_smtp() {
    local directory
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-smtp.XXXXXX")"
    services_scratch+=("$directory")
    "$smtp_python" "$services_dir/smtp.py" "$directory/messages" >"$directory/server.log" 2>&1 &
    services_started+=("$!")
    if ! wait_until 15 smtp_answers; then
        missing_service "the SMTP test server" "it did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    echo "services: the SMTP test server started on 127.0.0.1:1025, its messages at http://127.0.0.1:1026/messages"
}

# --- S3 ---------------------------------------------------------------------

ensure_s3() {
    if port_is_open 8014; then
        echo "services: the S3 test server answers on 127.0.0.1:8014"
    elif ! install_s3s_fs; then
        missing_service "the S3 test server" "s3s-fs can't be installed" "cargo install s3s-fs@0.14.1 --locked --features binary"
    else
        start_s3
    fi
}

# Sets s3s_fs to the server; building it takes two minutes, once.
install_s3s_fs() {
    s3s_fs="$services_cache/s3s-fs/bin/s3s-fs"
    [[ -x "$s3s_fs" ]] && return
    command -v cargo >/dev/null || return 1
    echo "services: installing s3s-fs"
    mkdir -p "$services_cache"
    cargo install s3s-fs@0.14.1 --locked --features binary --quiet --root "$services_cache/s3s-fs" >&2
}

# A bucket is a directory.
start_s3() {
    local directory
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-s3.XXXXXX")"
    services_scratch+=("$directory")
    mkdir -p "$directory/root/mainstay-test"
    "$s3s_fs" --host 127.0.0.1 --port 8014 --access-key mainstay-test --secret-key mainstay-test-secret \
        "$directory/root" >"$directory/server.log" 2>&1 &
    services_started+=("$!")
    if ! wait_until 15 port_is_open 8014; then
        missing_service "the S3 test server" "it did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    echo "services: the S3 test server started on 127.0.0.1:8014"
}

# --- identity providers -----------------------------------------------------

ensure_identity_providers() {
    if identity_providers_answer; then
        echo "services: the identity providers answer on 127.0.0.1:8015, :8016 and :8017"
    elif port_is_open 8015 || port_is_open 8016 || port_is_open 8017; then
        missing_service "the identity providers" "127.0.0.1:8015, :8016 or :8017 is in use by something else"
    elif ! install_identity_providers; then
        missing_service "the identity providers" "they can't be installed" "install node 20 or newer, with npm"
    else
        start_identity_providers
    fi
}

identity_providers_answer() {
    port_is_open 8015 && port_is_open 8016 && port_is_open 8017
}

# Sets identity_modules to where they are.
install_identity_providers() {
    local directory="$services_cache/identity-providers-1"
    identity_modules="$directory/node_modules"
    [[ -f "$directory/complete" ]] && return
    command -v node >/dev/null && command -v npm >/dev/null || return 1
    echo "services: installing oidc-provider and emulate"
    mkdir -p "$directory"
    npm install --prefix "$directory" --no-audit --no-fund --ignore-scripts --loglevel=error \
        oidc-provider@9.13.3 emulate@0.11.2 >&2 && touch "$directory/complete"
}

start_identity_providers() {
    local directory
    directory="$(mktemp -d "${TMPDIR:-/tmp}/mainstay-identity.XXXXXX")"
    services_scratch+=("$directory")
    node "$services_dir/identity_providers.mjs" "$identity_modules" >"$directory/server.log" 2>&1 &
    services_started+=("$!")
    if ! wait_until 30 identity_providers_answer; then
        missing_service "the identity providers" "they did not start" "$(tail -n 5 "$directory/server.log")"
        return 1
    fi
    echo "services: the identity providers started on 127.0.0.1:8015, :8016 and :8017"
}

# --- Chromium ---------------------------------------------------------------

# Not a service: each test starts a browser of its own.
ensure_chromium() {
    if find_chromium; then
        echo "services: a browser is installed"
    elif ! install_chromium; then
        missing_service "Chromium" "none of chromium, chromium-browser and google-chrome is installed" \
            "install the Debian package chromium"
    fi
}

find_chromium() {
    local name
    for name in chromium chromium-browser google-chrome; do
        "$name" --version >/dev/null 2>&1 && return
    done
    return 1
}

install_chromium() {
    [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 1
    echo "services: installing chromium"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >&2 || return 1
    find_chromium
}

# --- shared -----------------------------------------------------------------

port_is_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# wait_until SECONDS COMMAND…
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# missing_service NAME REASON [WHAT TO DO]
missing_service() {
    printf 'services: MISSING %s: %s%s\n' "$1" "$2" "${3:+; $3}" >&2
    return 1
}
