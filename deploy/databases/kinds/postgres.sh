# PostgreSQL, for server.sh. Every file in this folder defines the same functions.
# shellcheck shell=bash disable=SC2034,SC2154  # The variables are server.sh's.

kind_find() {
  local found
  found=$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1) || true
  [[ $found ]] || found=$(command -v postgres) || fail "PostgreSQL is not here: run install.sh postgres"
  programs=${found%/*}
}

kind_users=(postgres nobody)
stop_signal=INT # fast: sessions are ended, a checkpoint is written
port_taken='could not bind|Address already in use'

kind_version() { "$programs/postgres" --version | tr -c '[:alnum:].\n' - ; }

kind_make_template() {
  as_server_user "$programs/initdb" -D "$1" -U postgres -A trust --encoding=UTF8 --locale=C \
    --no-sync --no-instructions || return 1
  # Others have to know their password, so that a wrong one can be tried.
  cat >"$1/pg_hba.conf" <<'HBA'
# type  database     user      address         method
local   all          postgres                  trust
host    all          postgres  127.0.0.1/32    trust
local   replication  postgres                  trust
host    replication  postgres  127.0.0.1/32    trust
local   all          all                       scram-sha-256
host    all          all       127.0.0.1/32    scram-sha-256
HBA
}

# Copies of one template would share its system identifier, by which a coordinator tells servers apart. So a new one
# is written into the first 8 bytes of pg_control, made as initdb does; pg_resetwal then renews checksum and WAL.
kind_make_own() {
  local identifier byte bytes=
  identifier=$((($(date +%s) << 32) | (10#$(date +%N) / 1000 << 12) | (RANDOM & 0xFFF)))
  for byte in 0 8 16 24 32 40 48 56; do bytes+=$(printf '\\x%02x' $((identifier >> byte & 0xFF))); done
  # shellcheck disable=SC2059  # The bytes are the format.
  printf "$bytes" | dd of="$1/global/pg_control" bs=8 count=1 conv=notrunc status=none
  as_server_user "$programs/pg_resetwal" -f -D "$1" >/dev/null 2>>"$dir/log"
}

kind_command() {
  server=("$programs/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1
    -c unix_socket_directories="$sockets" -c max_connections=200 -c max_prepared_transactions=200
    -c client_connection_check_interval=500ms -c shared_buffers=32MB -c log_line_prefix='%m [%p] ')
  local option
  for option in "${options[@]}"; do
    if [[ $option == -* ]]; then server+=("$option"); else server+=(-c "$option"); fi
  done
}

kind_is_ready() { "$programs/pg_isready" -q -h "$sockets" -p "$port" -U postgres -d postgres; }

kind_sql() {
  "$programs/psql" -X -q -A -t -F $'\t' -v ON_ERROR_STOP=1 -h "$sockets" -p "$port" -U postgres -d "${1:-postgres}"
}
