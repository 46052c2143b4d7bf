#!/usr/bin/env bash
# CPU time per call of the engine, ghz and h2load against one canned server, in turns, in one run.
#
#   scripts/bench/calls.sh [CALLS] [ROUNDS]
#
# ghz:    go install github.com/bojand/ghz/cmd/ghz@latest, or GHZ=/path/to/ghz
# h2load: apt-get install nghttp2-client
# A generator that is not there is said and left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
calls=${1:-200000} rounds=${2:-5}
ghz=${GHZ:-ghz}

# As it is shipped: `dist` is release with link-time optimisation.
cargo build --quiet --profile dist -p parca-client --example canned_server
cargo build --quiet --profile dist -p parca-workload --example engine_cost
programs=${CARGO_TARGET_DIR:-target}/dist/examples

work=$(mktemp -d)
"$programs/canned_server" > "$work/address" &
server=$!
trap 'kill $server; rm -r "$work"' EXIT
until [ -s "$work/address" ]; do sleep 0.05; done
address=$(sed 's/listening on //' "$work/address")
# One empty gRPC message.
printf '\0\0\0\0\0' > "$work/body"

# NAME COMMAND...: user and system time of the command, per call.
measure() {
  local name=$1 times
  shift
  TIMEFORMAT='%U %S'
  times=$({ time "$@" > "$work/out" 2>&1; } 2>&1) || { cat "$work/out"; return 1; }
  awk -v name="$name" -v calls="$calls" '{ printf "%-34s %7.2f us/call\n", name, ($1 + $2) * 1e6 / calls }' <<< "$times"
}

for _ in $(seq "$rounds"); do
  measure "engine grpc, 1x64" "$programs/engine_cost" grpc "http://$address" "$calls"
  if command -v "$ghz" > /dev/null; then
    GOMAXPROCS=1 measure "ghz grpc, 1x64" "$ghz" --insecure --cpus 1 --connections 1 -c 64 -n "$calls" \
      --proto proto/proto/grpc/health/v1/health.proto --call grpc.health.v1.Health.Check -d '{}' "$address"
  else
    echo "ghz: skipped, not found (set GHZ)"
  fi
  if command -v h2load > /dev/null; then
    measure "h2load grpc, 1x64" h2load -n "$calls" -c 1 -m 64 -d "$work/body" -H 'content-type: application/grpc' \
      -H 'te: trailers' "http://$address/grpc.health.v1.Health/Check"
    measure "h2load http/1.1, 64x1" h2load --h1 -n "$calls" -c 64 -d "$work/body" \
      -H 'content-type: application/grpc-web+proto' "http://$address/grpc.health.v1.Health/Check"
  else
    echo "h2load: skipped, not found"
  fi
  measure "engine grpc-web http/1.1, 64x1" "$programs/engine_cost" grpc-web "http://$address" "$calls"
  measure "engine grpc-web http/2, 1x64" "$programs/engine_cost" grpc-web-h2 "http://$address" "$calls"
done | tee "$work/lines"

echo
echo "median of $rounds rounds, $calls calls each:"
grep 'us/call' "$work/lines" | sort | awk '
  { figure = $(NF - 1); name = $0; sub(/ +[0-9.]+ us\/call$/, "", name)
    if (name != last && last != "") flush(); last = name; count++; figures[count] = figure }
  function flush(  i, j, t) {
    for (i = 1; i < count; i++) for (j = i + 1; j <= count; j++)
      if (figures[j] + 0 < figures[i] + 0) { t = figures[i]; figures[i] = figures[j]; figures[j] = t }
    printf "%-34s %7.2f us/call (%.2f to %.2f)\n", last, figures[int((count + 1) / 2)], figures[1], figures[count]; count = 0 }
  END { flush() }'
