# MariaDB, for server.sh. Every file in this folder defines the same functions.
# shellcheck shell=bash disable=SC2034,SC2154  # The variables are server.sh's.

kind_find() {
  mariadbd=/usr/sbin/mariadbd
  [[ -x $mariadbd ]] || mariadbd=$(command -v mariadbd) || fail "MariaDB is not here: run install.sh mariadb"
}

kind_users=(mysql nobody)
stop_signal=TERM
port_taken='Address already in use'
small=(--innodb-log-file-size=32M --innodb-buffer-pool-size=64M)

kind_version() { "$mariadbd" --no-defaults --version | grep -oE '[0-9][^ ]*-MariaDB' | head -n 1; }

kind_make_template() {
  # "normal": root comes in without a password, on the socket and from 127.0.0.1.
  as_server_user mariadb-install-db --no-defaults --datadir="$1" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve "${small[@]}"
}

kind_make_own() { :; }

kind_command() {
  server=("$mariadbd" --no-defaults --datadir="$data" --port="$port" --bind-address=127.0.0.1
    --socket="$sockets/mysql.sock" --pid-file="$dir/mysqld.pid" --skip-name-resolve --max-connections=200
    --performance-schema=OFF "${small[@]}")
  local option
  for option in "${options[@]}"; do
    if [[ $option == -* ]]; then server+=("$option"); else server+=("--$option"); fi
  done
}

kind_is_ready() { mariadb-admin --no-defaults -S "$sockets/mysql.sock" -u root --silent ping >/dev/null 2>&1; }

kind_sql() {
  mariadb --no-defaults -S "$sockets/mysql.sock" -u root --batch --skip-column-names "${1:-mysql}"
}
