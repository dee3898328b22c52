#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs every test against private real servers.
#   tests/run.sh                      all
#   tests/run.sh Engine Log           only the test projects whose names contain one of these words
# The last line is "N passed, N failed"; the exit status is 0 only if nothing failed.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
configuration=${CONFIGURATION:-Release}
results=$(mktemp -d)
compiler=coordinator-tests-$$
# The compiler that the build left waiting for more work, found by a name of our own.
trap 'rm -rf "$results"; pkill -f -- "-pipename:$compiler"' EXIT
# Nearly all that runs here is young: profiling code to compile it better later would only delay it.
export DOTNET_TieredPGO=0

die() { printf '%s\n0 passed, 1 failed\n' "$*"; exit 1; }

# Set where real MySQL cannot be had at the moment; the closing lines say so.
without_mysql=()

install_missing() {
  local missing=()
  # The peers of the interoperability tests, and what generates a client from the protos.
  /usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || missing+=(python3-grpcio python3-protobuf)
  command -v protoc >/dev/null || missing+=(protobuf-compiler)
  command -v grpc_python_plugin >/dev/null || missing+=(protobuf-compiler-grpc)
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  command -v curl >/dev/null || missing+=(curl)
  if [ "${#missing[@]}" -gt 0 ]; then
    echo "Installing ${missing[*]}"
    local sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq && DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null || return 1
  fi
  deploy/databases/install.sh postgres mariadb || return 1
  deploy/databases/install.sh mysql && return 0
  [ $? = 3 ] || return 1
  without_mysql=(--filter "needs!=mysql")
}

command -v dotnet >/dev/null || die "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download"
install_missing || die "The servers and tools that the tests need could not be installed; see above."
# One compiler for all projects takes half the time of one for each.
dotnet build Coordinator.sln -c "$configuration" --nologo -v quiet -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler" || die "The build failed; see above."

run_project() {
  local project=$1 name=$2
  printf '\n== %s\n' "$name"
  dotnet test "$project" -c "$configuration" --no-build --nologo "${without_mysql[@]}" --logger "trx;LogFileName=$results/$name.trx" \
    --blame-hang-timeout 5min 2>&1 | grep -v -E '^(Test run for|VSTest|A total of|Results File|Starting test|Data collector)' | tee "$results/$name.out"
  # What failed, to be told once more at the end.
  awk -v project="$name" '
    /^  (Failed|Passed|Skipped) / { failing = /^  Failed /; lines = 0; if (failing) print project ":" }
    /Stack Trace:/ { failing = 0 }
    failing && lines++ < 15 { print substr($0, 1, 400) }' "$results/$name.out" >"$results/$name.failures"
  [ -s "$results/$name.trx" ] || echo "$name: its test run broke off." | tee -a "$results/$name.failures"
}

projects=()
for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  grep -q -E '(\.Tests|EndToEnd)$' <<<"$name" || continue
  wanted=$([ $# = 0 ] && echo true || echo false)
  for word in "$@"; do [[ $name == *"$word"* ]] && wanted=true; done
  if $wanted; then projects+=("$project"); fi
done

# One after another: some of them put all the load on the machine that it can take, and would only slow one another down.
for project in "${projects[@]}"; do
  run_project "$project" "$(basename "$project" .csproj)"
done

passed=0 failed=0 skipped=0
for project in "${projects[@]}"; do
  counters=$(grep -o '<Counters [^>]*>' "$results/$(basename "$project" .csproj).trx" 2>/dev/null)
  count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters"; }
  if [ -z "$counters" ]; then
    failed=$((failed + 1))
    continue
  fi
  passed=$((passed + $(count passed)))
  failed=$((failed + $(count failed) + $(count error) + $(count aborted) + $(count timeout)))
  skipped=$((skipped + $(count total) - $(count executed)))
done

if [ -n "$(find "$results" -name '*.failures' -size +0)" ]; then
  printf '\nWhat failed:\n'
  cat "$results"/*.failures
fi
[ "${#without_mysql[@]}" = 0 ] || printf '\nReal MySQL could not be had here at the moment (see above): the tests that need it were left out.\n'
[ "$skipped" = 0 ] || printf '\n%s skipped (each says why above)\n' "$skipped"
[ $((passed + failed)) -gt 0 ] || die "No test ran."
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
