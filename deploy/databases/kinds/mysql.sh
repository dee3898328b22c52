# MySQL, for server.sh. Every file in this folder defines the same functions.
# shellcheck shell=bash disable=SC2034,SC2154  # The variables are server.sh's.

# It was unpacked for a newer release of Debian, so it runs on that one's own loader and libraries. That needs neither
# chroot nor root, and its data folder is an ordinary path.
kind_find() {
  [[ -e $mysql_root/.complete ]] || fail "MySQL is not here: run install.sh mysql"
  local loader
  loader=$(compgen -G "$mysql_root/usr/lib*/ld-linux-*.so.*" | head -n 1)
  loaded=("$loader" --library-path "$(compgen -G "$mysql_root/usr/lib/*-linux-gnu" | head -n 1)")
}

kind_users=(mysql nobody)
stop_signal=TERM
port_taken='Address already in use'
small=(--innodb-redo-log-capacity=32M --innodb-buffer-pool-size=64M)

kind_version() {
  "${loaded[@]}" "$mysql_root/usr/sbin/mysqld" --no-defaults --version | grep -oE 'Ver [^ ]+' | tr ' ' -
}

kind_make_template() {
  # --initialize makes root for the socket only.
  cat >"$1.sql" <<'SQL'
CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
SQL
  as_server_user "${loaded[@]}" "$mysql_root/usr/sbin/mysqld" --no-defaults --initialize-insecure \
    --basedir="$mysql_root/usr" --datadir="$1" --init-file="$1.sql" "${small[@]}" || return 1
  rm "$1.sql"
}

# The server makes itself a new server_uuid, by which a coordinator tells servers apart.
kind_make_own() { rm -f "$1/auto.cnf"; }

kind_command() {
  server=("${loaded[@]}" "$mysql_root/usr/sbin/mysqld" --no-defaults --basedir="$mysql_root/usr" --datadir="$data"
    --port="$port" --bind-address=127.0.0.1 --mysqlx=OFF --socket="$sockets/mysql.sock"
    --pid-file="$dir/mysqld.pid" --secure-file-priv=NULL --skip-name-resolve --max-connections=200
    --performance-schema=OFF "${small[@]}")
  local option
  for option in "${options[@]}"; do
    if [[ $option == -* ]]; then server+=("$option"); else server+=("--$option"); fi
  done
}

kind_is_ready() {
  "${loaded[@]}" "$mysql_root/usr/bin/mysqladmin" --no-defaults -S "$sockets/mysql.sock" -u root --silent ping \
    >/dev/null 2>&1
}

kind_sql() {
  "${loaded[@]}" "$mysql_root/usr/bin/mysql" --no-defaults -S "$sockets/mysql.sock" -u root \
    --batch --skip-column-names "${1:-mysql}"
}
