#!/usr/bin/env bash
# The quick start: an order over PostgreSQL and MariaDB, committed, rolled back, and recovered from two crashes.
# Everything runs in a folder of its own, on 127.0.0.1; the machine's own database servers are never touched.
#   deploy/quickstart.sh          runs all and cleans up
#   deploy/quickstart.sh --keep   leaves all running at the end, and says how to use it and how to stop it
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
server="$here/databases/server.sh"
keep=false
case "${1:-}" in
  '') ;;
  --keep) keep=true ;;
  --stop)
    work=${2:?usage: $0 --stop FOLDER}
    [ -e "$work/pids" ] || { echo "$work is not the folder of a quick start that was kept." >&2; exit 2; }
    while read -r process; do kill -TERM "$process" 2>/dev/null || true; done <"$work/pids"
    "$server" remove postgres "$work/postgres" >/dev/null
    "$server" remove mariadb "$work/mariadb" >/dev/null
    rm -rf "$work"
    exit 0 ;;
  *) echo "usage: $0 [--keep | --stop FOLDER]" >&2; exit 2 ;;
esac

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s\n' "$*"; }
indent() { sed "s/^/    /"; }

work=$(mktemp -d "${TMPDIR:-/tmp}/coordinator-quickstart.XXXXXX")
chmod 755 "$work"
declare -A pid=()

stop_all() {
  for name in "${!pid[@]}"; do kill -TERM "${pid[$name]}" 2>/dev/null || true; done
  for name in "${!pid[@]}"; do wait "${pid[$name]}" 2>/dev/null || true; done
  "$server" remove postgres "$work/postgres" >/dev/null 2>&1 || true
  "$server" remove mariadb "$work/mariadb" >/dev/null 2>&1 || true
  rm -rf "$work"
}
finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    echo "The quick start failed. The last lines of each process:" >&2
    for log in "$work"/*.log; do [ -e "$log" ] && { echo "--- $log"; tail -n 15 "$log"; } >&2; done
  fi
  stop_all
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# --- what the steps are made of ---------------------------------------------------------------------------------------

pg() { "$server" sql postgres "$work/postgres" "${1:-orders}"; }
my() { "$server" sql mariadb "$work/mariadb" "${1:-inventory}"; }
stock() { echo "SELECT available FROM stock WHERE product = 'lamp'" | my; }
ordered() { echo "SELECT COALESCE(SUM(quantity), 0) FROM orders WHERE product = 'lamp'" | pg; }
prepared() { { echo "SELECT gid FROM pg_prepared_xacts" | pg; echo "XA RECOVER" | my; } | grep -c . || true; }

# Waits until a command prints something that matches, at most 30 s.
wait_for() {
  local what=$1 pattern=$2; shift 2
  for _ in $(seq 300); do
    if "$@" 2>/dev/null | grep -q -E -- "$pattern"; then return 0; fi
    read -r -t 0.1 <> <(:) || true
  done
  echo "Waited 30 s in vain for: $what" >&2
  return 1
}

# A port that nobody listens on, below the range from which the system gives ports to outgoing connections.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

start_coordinator() {
  dotnet "$(built Coordinator.Server coordinator)" --log "$work/coordinator.db" --listen "127.0.0.1:$grpc_port" \
    --health-listen "127.0.0.1:$health_port" --drill >>"$work/coordinator.log" 2>&1 &
  pid[coordinator]=$!
  wait_for "the coordinator" 200 curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$health_port/health/ready"
}
kill_coordinator() {
  kill -KILL "${pid[coordinator]}"
  wait "${pid[coordinator]}" 2>/dev/null || true
  unset 'pid[coordinator]'
}
start_participant() {
  local name=$1 kind=$2 connection=$3
  dotnet "$(built Coordinator.Participant)" --name "$name" "--$kind" "$connection" \
    --coordinator "http://127.0.0.1:$grpc_port" --listen http://127.0.0.1:0 >"$work/$name.log" 2>&1 &
  pid[$name]=$!
  wait_for "participant $name" 'SQL on http' grep 'attached to' "$work/$name.log"
  sed -n 's/.*SQL on \(http[^ ]*\).*/\1/p' "$work/$name.log" | head -1 >"$work/$name.url"
}
built() { echo "$root/src/$1/bin/Release/net10.0/${2:-$1}.dll"; }
ctl() { dotnet "$(built Coordinator.Cli coordctl)" --coordinator "http://127.0.0.1:$grpc_port" "$@"; }
order() {
  dotnet "$here/quickstart/Shop/bin/Release/net10.0/Shop.dll" "http://127.0.0.1:$grpc_port" \
    "$(cat "$work/inventory.url")" "$(cat "$work/orders.url")" lamp "$1" "$2"
}
show_both() { note "    stock in MariaDB: $(stock)     ordered in PostgreSQL: $(ordered)"; }

# Kills the coordinator with -9 while a transaction stands at a commit point, and restarts it.
crash_at() {
  local point=$1 expected=$2
  order 1 "drill-$point" >"$work/drill-$point.out" 2>&1 &
  pid[drill]=$!
  wait_for "the drill to reach $point" "reached $point" cat "$work/coordinator.log"
  note "The transaction stands at the point '$point'. What the coordinator says of it:"
  ctl in-doubt | indent
  kill_coordinator
  note "${bold}kill -9${plain}: the coordinator is dead. The databases keep what they promised, and its locks:"
  echo "SELECT 'PostgreSQL: prepared ' || gid FROM pg_prepared_xacts" | pg | indent
  echo "SELECT 'PostgreSQL: locks held on ' || relation::regclass || ' (' || mode || ')' FROM pg_locks
        WHERE pid IS NULL AND relation = 'orders'::regclass" | pg | indent
  echo "SELECT CONCAT('MariaDB: transaction ', trx_id, ' has locked ', trx_rows_locked, ' rows') FROM information_schema.innodb_trx WHERE trx_rows_locked > 0" | my | indent
  note "Whoever wants the same lamp waits in vain:"
  echo "SET SESSION innodb_lock_wait_timeout = 1; UPDATE stock SET available = available - 1 WHERE product = 'lamp'" | my 2>&1 | grep -i -o 'lock wait timeout exceeded' | indent || true
  local before; before=$(prepared)
  start_coordinator
  wait_for "recovery" '^0$' prepared
  wait "${pid[drill]}" || true
  unset 'pid[drill]'
  note "The coordinator is back. $before prepared branches were settled: $expected. The shop, which had asked for the commit, is told:"
  indent <"$work/drill-$point.out"
  show_both
}

# --- the story --------------------------------------------------------------------------------------------------------

say "1. PostgreSQL, MariaDB and the .NET SDK"
command -v dotnet >/dev/null || { echo "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download" >&2; exit 1; }
"$here/databases/install.sh" postgres mariadb
note "Building (the first time takes a minute)."
dotnet build -c Release -v quiet --nologo "$here/quickstart/quickstart.slnf" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }

say "2. Two databases of our own, a coordinator, and a participant beside each database"
pg_port=$("$server" start postgres "$work/postgres")
my_port=$("$server" start mariadb "$work/mariadb")
echo "CREATE DATABASE orders" | pg postgres >/dev/null
pg >/dev/null <<'SQL'
CREATE ROLE shop LOGIN PASSWORD 'shop';
GRANT CREATE ON DATABASE orders TO shop;
CREATE TABLE orders (transaction text PRIMARY KEY, product text NOT NULL, quantity int NOT NULL);
GRANT ALL ON orders TO shop;
SQL
my mysql <<'SQL'
CREATE DATABASE inventory;
CREATE TABLE inventory.stock (product varchar(40) PRIMARY KEY, available int NOT NULL CHECK (available >= 0)) ENGINE=InnoDB;
INSERT INTO inventory.stock VALUES ('lamp', 10);
CREATE USER 'shop'@'127.0.0.1' IDENTIFIED BY 'shop';
GRANT ALL ON inventory.* TO 'shop'@'127.0.0.1';
GRANT PROCESS ON *.* TO 'shop'@'127.0.0.1';
SQL
grpc_port=$(free_port)
health_port=$(free_port)
start_coordinator
start_participant orders postgres "Host=127.0.0.1;Port=$pg_port;Database=orders;Username=shop;Password=shop"
start_participant inventory mysql "Server=127.0.0.1;Port=$my_port;Database=inventory;User ID=shop;Password=shop"
ctl participants | indent
committed=0 rolled_back=0 recovered=0

say "3. Three orders: stock goes down in MariaDB, the order appears in PostgreSQL, together"
for quantity in 2 1 3; do
  order "$quantity" "order" | indent
  committed=$((committed + 1))
done
show_both

say "4. An order for more lamps than there are: MariaDB refuses, so PostgreSQL forgets the order too"
if order 50 "order" >"$work/refused.out"; then echo "An order without stock was committed." >&2; exit 1; fi
rolled_back=$((rolled_back + 1))
indent <"$work/refused.out"
show_both

say "5. kill -9 while a transaction is prepared in both databases and nothing is decided"
crash_at prepared "rolled back, since no decision was made"
[ "$(ordered)" = 6 ] && [ "$(stock)" = 4 ] || { echo "An undecided transaction was not rolled back." >&2; exit 1; }
rolled_back=$((rolled_back + 1))
recovered=$((recovered + 1))

say "6. kill -9 after the decision to commit is on disk, and before any database has heard of it"
crash_at decided "committed, as decided"
[ "$(ordered)" = 7 ] && [ "$(stock)" = 3 ] || { echo "A decided transaction was not committed." >&2; exit 1; }
committed=$((committed + 1))
recovered=$((recovered + 1))

say "7. Do the two databases agree?"
split=$((10 - $(stock) - $(ordered)))
split=${split#-}
left=$(prepared)
note "10 lamps at first, $(stock) in stock, $(ordered) ordered; $left branches left prepared."
[ "$left" = 0 ] || { echo "$left branches are still prepared." >&2; exit 1; }
ctl transactions | indent

if $keep; then
  say "Everything is left running (--keep)."
  note "    dotnet $(built Coordinator.Cli coordctl) --coordinator http://127.0.0.1:$grpc_port status"
  note "    dotnet $here/quickstart/Shop/bin/Release/net10.0/Shop.dll http://127.0.0.1:$grpc_port $(cat "$work/inventory.url") $(cat "$work/orders.url") lamp 1 order"
  note "    $server sql postgres $work/postgres orders       # SQL from standard input"
  note "    $server sql mariadb $work/mariadb inventory"
  note "To stop it and remove its folder:"
  note "    $0 --stop $work"
  printf '%s\n' "${pid[@]}" >"$work/pids"
  trap - EXIT
fi

printf '\nquickstart: committed=%s rolled_back=%s recovered=%s split=%s\n' "$committed" "$rolled_back" "$recovered" "$split"
[ "$split" = 0 ]
