#!/usr/bin/env bash
# profile-query beside `go tool pprof`, as whole processes, in turns, in one run: start-up, and flame
# graphs and comparisons of two profiles whose trees have about 100,000 nodes, from files and from the
# answers of a server that speaks as Pyroscope does.
#
#   scripts/bench/query.sh [ROUNDS] [RUNS]
#
# RUNS is how often a process runs for one figure of CPU. Needs GNU time.
# go: GO=/path/to/go; without it there is neither a peer nor a server, which is said.
# PROFILE_QUERY: a binary that is built already.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5} runs=${2:-20}
go=${GO:-go}

target=${CARGO_TARGET_DIR:-target}
cargo build --quiet --release -p parca-tools-query --example make_profile
if [ -z "${PROFILE_QUERY:-}" ]; then
  # As it is shipped.
  cargo build --quiet --profile dist -p profile-query
  PROFILE_QUERY=$target/dist/profile-query
fi

work=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -r "$work"' EXIT
"$target/release/examples/make_profile" 4500 4500 40 pprof > "$work/base.pb.gz"
"$target/release/examples/make_profile" 5000 4500 40 pprof > "$work/next.pb.gz"
printf '[pyroscope.deployments.prod]\nurl = "https://profiles.example.com"\ntoken = "none"\n' > "$work/config.toml"
chmod 600 "$work/config.toml"
# Nothing of the user's own.
export SRE_CONFIG=$work/config.toml NO_COLOR=1 PPROF_TMPDIR=$work
unset PROFILECLI_URL PROFILECLI_TOKEN PROFILECLI_USERNAME PROFILECLI_PASSWORD PROFILECLI_TENANT_ID

# NAME COMMAND...: milliseconds of user and system time for one run, and the largest peak of memory.
measure() {
  local name=$1 at times
  shift
  : > "$work/peaks"
  TIMEFORMAT='%U %S'
  times=$({ time for ((at = 0; at < runs; at++)); do
    /usr/bin/time -a -o "$work/peaks" -f %M "$@" > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
  done; } 2>&1)
  awk -v name="$name" -v runs="$runs" -v peak="$(sort -n "$work/peaks" | tail -n1)" \
    '{ printf "%s\t%.1f\t%.1f\n", name, ($1 + $2) * 1000 / runs, peak / 1024 }' <<< "$times" | tee -a "$work/figures"
}

ours=$PROFILE_QUERY
pprof= url=
if command -v "$go" > /dev/null; then
  # Once, as Go builds its tools when they are first used.
  "$go" tool pprof -top "$work/base.pb.gz" > /dev/null 2>&1
  pprof=$("$go" tool -n pprof)
  (cd crates/test-support/pyroscope-server && GOFLAGS='-mod=mod -buildvcs=false' "$go" build -trimpath -o "$work/server" .)
  "$work/server" --listen 127.0.0.1:0 > "$work/address" &
  until [ -s "$work/address" ]; do sleep 0.1; done
  url=http://$(sed 's/.*"address":"\([^"]*\)".*/\1/' "$work/address")
  for side in base next; do
    "$ours" upload --url "$url" --backend pyroscope "$work/$side.pb.gz" --service bench --label side=$side --time -5m
  done
else
  echo "go tool pprof, and what asks a server: skipped, not found (set GO)"
fi

for _ in $(seq "$rounds"); do
  measure "(a process that does nothing)" /bin/true
  measure "\`--version\`" "$ours" --version
  measure "\`config\`" "$ours" config
  measure "diff of two files: ours" "$ours" diff "$work/base.pb.gz" "$work/next.pb.gz"
  if [ -n "$url" ]; then
    measure "diff of two files: go tool pprof" "$go" tool pprof -top -diff_base "$work/base.pb.gz" "$work/next.pb.gz"
    measure "diff of two files: pprof without go tool" "$pprof" -top -diff_base "$work/base.pb.gz" "$work/next.pb.gz"
    ask=(--url "$url" --backend pyroscope bench --range 1h)
    measure "diff of two answers: ours" "$ours" diff "${ask[@]}" --base-label side=base --compare-label side=next
    measure "flame graph of an answer, text: ours" "$ours" flamegraph "${ask[@]}" -l side=next --max-nodes 1000000
    measure "flame graph of an answer, SVG: ours" "$ours" flamegraph "${ask[@]}" -l side=next --max-nodes 1000000 --output svg
    measure "flame graph of an answer, --json: ours" "$ours" flamegraph "${ask[@]}" -l side=next --max-nodes 1000000 --json
    measure "top of an answer: ours" "$ours" top "${ask[@]}" -l side=next
    measure "top of a file: go tool pprof" "$go" tool pprof -top "$work/next.pb.gz"
    measure "top of a file: pprof without go tool" "$pprof" -top "$work/next.pb.gz"
  fi
done > "$work/all"

echo
echo "medians of $rounds rounds of $runs runs, $(uname -m), $(nproc) processors${pprof:+, $("$go" version)}"
echo
echo "| process | CPU (ms) | peak (MiB) |"
echo "|---|--:|--:|"
# In the order of the rounds.
awk -F '\t' '
  !($1 in count) { order[++names] = $1 }
  { count[$1]++; for (at = 2; at <= 3; at++) figures[$1, at, count[$1]] = $at }
  function median(name, at,  i, j, t, n) {
    n = count[name]
    for (i = 1; i < n; i++) for (j = i + 1; j <= n; j++)
      if (figures[name, at, j] + 0 < figures[name, at, i] + 0) {
        t = figures[name, at, i]; figures[name, at, i] = figures[name, at, j]; figures[name, at, j] = t
      }
    return figures[name, at, int((n + 1) / 2)]
  }
  END { for (i = 1; i <= names; i++) printf "| %s | %s | %s |\n", order[i], median(order[i], 2), median(order[i], 3) }' "$work/figures"
