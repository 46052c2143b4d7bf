#!/usr/bin/env bash
# profile-exporter beside the original, in turns, in one run: CPU and memory for windows of about 5,000
# functions that are all exported. Parca and receiver are canned: what a real (or the embedded) Parca said
# once is said again each time, so that only the exporters work.
#
#   scripts/bench/exporter.sh [WINDOWS] [ROUNDS]
#
# ORIGINAL: the original's binary, built privately (a peer, never a dependency); left out where unset
# PARCA:    URL of a real Parca that makes the answers; without it the embedded server does
set -euo pipefail
cd "$(dirname "$0")/../.."
windows=${1:-1000} rounds=${2:-3}
interval_ms=100

# As it is shipped.
cargo build --quiet --profile dist -p profile-exporter --bins
cargo build --quiet --release -p parca-tools-exporter --example canned_parca
cargo build --quiet --release -p parca-tools-query --example make_profile
exporter=${CARGO_TARGET_DIR:-target}/dist/profile-exporter
target=${CARGO_TARGET_DIR:-target}/release

work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -r "$work"' EXIT
address=127.0.0.1:7555
"$target/examples/make_profile" 9000 6500 14 pprof > "$work/profile.pb.gz"
"$target/examples/canned_parca" "$work/profile.pb.gz" $address ${PARCA:-} > "$work/canned.log" 2> "$work/canned.err" &
until grep -q answering "$work/canned.log"; do sleep 0.1; done
cat "$work/canned.log"

cat > "$work/config.yaml" << YAML
remote_write:
  url: http://$address/api/v1/write
parca:
  address: $address
  insecure: true
queries:
- name: all
  query: canned:samples:count:cpu:nanoseconds:delta
  duration: ${interval_ms}ms
  matchers:
  - contains: "."
YAML

counts() { curl -s "http://$address/counts"; }
field() { awk -v name="$1" '{for (i = 1; i < NF; i += 2) if ($i == name) print $(i + 1)}'; }
answered() { counts | awk '{print $2 + $4}'; }

# NAME COMMAND...: runs until it has asked for WINDOWS, then says CPU and peak memory.
measure() {
  local name=$1 before now pid ticks peak
  shift
  before=$(answered)
  "$@" > /dev/null 2> "$work/stderr" &
  pid=$!
  # A second to settle, then a count from the same instant for windows and CPU.
  sleep 2
  local first first_ticks
  first=$(answered) first_ticks=$(awk '{print $14 + $15}' "/proc/$pid/stat")
  while now=$(answered) && [ $((now - first)) -lt "$windows" ]; do sleep 0.5; done
  ticks=$(($(awk '{print $14 + $15}' "/proc/$pid/stat") - first_ticks))
  peak=$(awk '/VmHWM/ {print $2}' "/proc/$pid/status")
  local rss
  rss=$(awk '/VmRSS/ {print $2}' "/proc/$pid/status")
  awk -v name="$name" -v n=$((now - first)) -v ticks="$ticks" -v peak="$peak" -v rss="$rss" 'BEGIN {
    printf "%-10s %5d windows  CPU %7.2f s per 1,000  RSS %6.1f MiB  peak %6.1f MiB\n",
      name, n, ticks / 100 / n * 1000, rss / 1024, peak / 1024 }'
  kill -INT "$pid"
  wait "$pid" || true
}

for _ in $(seq "$rounds"); do
  measure ours "$exporter" --config-file "$work/config.yaml" --http-address 127.0.0.1:7556
  if [ -n "${ORIGINAL:-}" ]; then
    measure original "$ORIGINAL" --config-file "$work/config.yaml"
  fi
done
counts
