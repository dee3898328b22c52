#!/usr/bin/env bash
# Runs private database servers on 127.0.0.1. See README.md.
# shellcheck disable=SC2154  # kind_users, stop_signal and port_taken are set by kinds/*.sh.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$here/common.sh"

usage() {
  cat >&2 <<'USAGE'
server.sh VERB KIND DIR ...          KIND: postgres, mariadb, mysql     DIR: the server's own folder
  start KIND DIR [--port N] [--parent PID] [OPTION...]
           makes the server if DIR is new, starts it, waits until it answers, prints its port. A later start takes
           the same port, and the same options unless others are given. OPTION: name=value, or as the server takes
           it. --parent: when that process is gone, the server ends and DIR goes.
  stop     ends it in order; by force after 20 s
  kill     kills all of its processes, as a crash would
  pause | resume
           stops all of its processes where they are | lets them go on
  status   prints running, paused or stopped; the exit status is 0 only for running
  sql KIND DIR [DATABASE]
           runs what stands on the standard input, as the administrator; prints rows, tabs between the columns
  remove   kill, and DIR goes
USAGE
  exit 2
}

start_limit_seconds=60
stop_limit_seconds=20

main() {
  (($# >= 3)) || usage
  verb=$1 kind=$2 dir=$3
  shift 3
  [[ -f $here/kinds/$kind.sh ]] || usage
  # shellcheck source=/dev/null
  source "$here/kinds/$kind.sh"
  choose_user
  if [[ $verb != start && ! -d $dir ]]; then no_such_server; fi
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd -P)
  data=$dir/data
  case $verb in
    start) lock_server; start "$@" ;;
    stop) lock_server; stop ;;
    kill) lock_server; kill_server ;;
    pause) lock_server; signal_all STOP ;;
    resume) lock_server; signal_all CONT ;;
    remove) lock_server; remove ;;
    status) status ;;
    sql) load; kind_sql "$@" ;;
    watch) watch "$1" ;;
    *) usage ;;
  esac
}

no_such_server() {
  case $verb in
    stop | kill | remove) exit 0 ;;
    status) echo stopped; exit 3 ;;
    *) fail "no server in $dir" ;;
  esac
}

# One verb at a time on one server.
lock_server() { hold_lock "$dir/lock" 90; }

# --- verbs

start() {
  local wanted_port='' parent='' tries=1
  options=()
  while (($#)); do
    case $1 in
      --port) wanted_port=$2; shift 2 ;;
      --parent) parent=$2; shift 2 ;;
      *) options+=("$1"); shift ;;
    esac
  done
  if is_running; then
    cat "$dir/port"
    return
  fi
  kind_find
  prepare_folder
  remember_options
  # Before the server: whenever the parent dies, there is somebody to clean up.
  if [[ $parent ]]; then start_watcher "$parent"; fi
  if [[ ! $wanted_port && ! -e $dir/port ]]; then tries=5; fi
  while true; do
    choose_port "$wanted_port"
    launch
    if await_ready; then break; fi
    # Somebody may take a free port between our look and the server's.
    if ((--tries == 0)) || ! grep -qE "$port_taken" "$dir/log"; then
      tail -n 20 "$dir/log" >&2
      kill_server
      fail "$kind in $dir did not start (the end of $dir/log is above)"
    fi
    rm "$dir/port"
  done
  echo "$port"
}

stop() {
  is_running || return 0
  signal_all CONT
  kill "-$stop_signal" "$(<"$dir/pid")"
  wait_gone "$stop_limit_seconds" "$(<"$dir/pid")" || {
    say "$kind in $dir did not stop within $stop_limit_seconds s; killing it"
    kill_server
  }
}

# The main process is held still first, so that none is born while the others are counted.
kill_server() {
  is_running || return 0
  local all
  signal_all STOP
  mapfile -t all < <(all_processes)
  kill -KILL "${all[@]}" 2>/dev/null || true # one that is gone already is what was wanted
  wait_gone 10 "${all[@]}" || fail "processes of $kind in $dir survive SIGKILL: ${all[*]}"
}

status() {
  if ! is_running; then
    echo stopped
    exit 3
  fi
  if [[ $state == T ]]; then
    echo paused
    exit 3
  fi
  echo running
}

remove() {
  kill_server
  local watcher
  if watcher=$(cat "$dir/watcher" 2>/dev/null) && [[ $watcher != "$$" ]] && is_watcher "$watcher"; then
    kill -- "-$watcher" 2>/dev/null || true # it may have just ended
  fi
  [[ $(socket_folder) == "$dir" ]] || rm -rf "$(socket_folder)"
  rm -rf "$dir"
}

# --- starting

# As root, a server runs as its unprivileged user, which PostgreSQL insists on; else as whoever calls.
choose_user() {
  server_user=$(id -un)
  ((EUID == 0)) || return 0
  for server_user in "${kind_users[@]}"; do
    if id -u "$server_user" >/dev/null 2>&1; then return; fi
  done
  fail "none of the users ${kind_users[*]} exists"
}

as_server_user() {
  if ((EUID == 0)); then
    setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --init-groups "$@"
  else
    "$@"
  fi
}

prepare_folder() {
  if ((EUID == 0)); then chown "$server_user" "$dir"; fi
  as_server_user test -x "$dir" || fail "the user $server_user cannot enter $dir; choose a folder elsewhere"
  sockets=$(socket_folder)
  if [[ $sockets != "$dir" && ! -d $sockets ]]; then as_server_user mkdir -m 755 "$sockets"; fi
  [[ $(stat -c %U "$sockets") == "$server_user" ]] || fail "$sockets belongs to another user"
  [[ -d $data ]] || fill_data
}

# A socket's path has at most 107 bytes, and ".s.PGSQL.12345" must go behind the folder.
socket_folder() {
  if ((${#dir} <= 90)); then
    echo "$dir"
  else
    echo "/tmp/coordinator-$(printf %s "$dir" | sha256sum | cut -c 1-16)"
  fi
}

# initdb takes seconds and its result never differs: made once a version, copied for each server.
fill_data() {
  ensure_cache
  local template
  template=$cache/templates/$kind-$(kind_version)
  # A subshell: the lock on the template ends with it, the one on the server stays.
  (
    exec 9>&-
    hold_lock "$cache/$kind-template.lock" 300
    [[ -d $template ]] || make_template "$template" || fail "initialising $kind failed, see $template.log"
  )
  rm -rf "$data.new"
  cp -a --reflink=auto --sparse=always "$template" "$data.new"
  kind_make_own "$data.new"
  mv "$data.new" "$data"
}

# Called where bash ignores set -e, as kind_make_template is: each failure is passed on by hand.
make_template() {
  rm -rf "$1.new"
  mkdir -p "$1.new" && chmod 700 "$1.new" || return 1
  ((EUID != 0)) || chown "$server_user" "$1.new" || return 1
  kind_make_template "$1.new" >"$1.log" 2>&1 && mv "$1.new" "$1"
}

remember_options() {
  if ((${#options[@]})); then
    printf '%s\n' "${options[@]}" >"$dir/options"
  elif [[ -e $dir/options ]]; then
    mapfile -t options <"$dir/options"
  fi
}

choose_port() {
  port=$1
  if [[ ! $port && -e $dir/port ]]; then port=$(<"$dir/port"); fi
  # Below 32768, where Linux begins to take the near ends of connections from: a port that is free
  # while the server is down would else be lost to one of these. Nor is it another server's that is down.
  while [[ ! $port ]]; do
    port=$((20000 + SRANDOM % 6000))
    if (exec 8<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || grep -qsx "$port" "$(dirname "$dir")"/*/port; then port=; fi
  done
  echo "$port" >"$dir/port"
}

launch() {
  kind_command
  forget_last_run
  : >"$dir/log"
  if ((EUID == 0)); then
    server=(setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --init-groups "${server[@]}")
  fi
  # In a session of its own: an interrupt at the terminal is not for the server.
  LC_ALL=C setsid "${server[@]}" >>"$dir/log" 2>&1 </dev/null 9>&- &
  echo $! >"$dir/pid"
  start_ticks $! >"$dir/pid.start"
}

# In a container whose first process never collects zombies, a killed server keeps its number, and the files that it
# left make its successor believe that it lives. They go, once nobody works in its folder any more.
forget_last_run() {
  local limit=$((SECONDS + 10))
  while [[ $(readlink /proc/[0-9]*/cwd 2>/dev/null || true) == *"$data"* ]]; do
    ((SECONDS < limit)) || fail "processes still work in $data"
    sleep 0.02
  done
  rm -f "$data/postmaster.pid" "$sockets"/{.s.PGSQL.*,mysql.sock*}
}

await_ready() {
  local end=$((SECONDS + start_limit_seconds))
  while ((SECONDS < end)); do
    is_running || return 1
    if kind_is_ready; then return 0; fi
    sleep 0.05
  done
  return 1
}

# What sql needs of a server that start has made.
load() {
  kind_find
  [[ -e $dir/port ]] || fail "no server in $dir"
  port=$(<"$dir/port")
  sockets=$(socket_folder)
}

# --- the watcher, which ends the server of a process that is gone

start_watcher() {
  if [[ -e $dir/watcher ]] && is_watcher "$(<"$dir/watcher")"; then return 0; fi
  setsid bash "$here/server.sh" watch "$kind" "$dir" "$1" >/dev/null 2>&1 </dev/null 9>&- &
  echo $! >"$dir/watcher"
}

watch() {
  local first
  if first=$(start_ticks "$1"); then
    while is_alive "$1" "$first"; do sleep 0.5; done
  fi
  exec bash "$here/server.sh" remove "$kind" "$dir"
}

is_watcher() { tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF "server.sh watch $kind $dir "; }

# --- processes

# read_stat PID: sets state and ticks (its start, by which a process is told from a later one of the same number).
read_stat() {
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }"
  state=${fields[0]} ticks=${fields[19]}
}

start_ticks() { read_stat "$1" && echo "$ticks"; }

# A zombie is gone: it only waits for somebody to ask.
is_alive() { read_stat "$1" && [[ $state != [ZX] && (! ${2:-} || $ticks == "$2") ]]; }

is_running() { [[ -s $dir/pid && -s $dir/pid.start ]] && is_alive "$(<"$dir/pid")" "$(<"$dir/pid.start")"; }

# The main process and its children; none of the servers has grandchildren.
all_processes() {
  local main
  main=$(<"$dir/pid")
  echo "$main"
  cat /proc/[0-9]*/stat 2>/dev/null | sed -nE "s/^([0-9]+) \(.*\) [A-Z] $main .*/\1/p"
}

signal_all() {
  is_running || fail "$kind in $dir is not running"
  local all main
  main=$(<"$dir/pid")
  kill "-$1" "$main"
  mapfile -t all < <(all_processes)
  kill "-$1" "${all[@]}" 2>/dev/null || true # a child may have just ended
}

wait_gone() {
  local limit=$((SECONDS + $1)) process
  shift
  for process in "$@"; do
    while is_alive "$process"; do
      ((SECONDS < limit)) || return 1
      sleep 0.02
    done
  done
}

main "$@"
