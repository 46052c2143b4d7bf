#!/usr/bin/env bash
# Reports as whole processes beside other tools, in turns, in one run: folded stacks to SVG beside
# inferno, pprof to the top table beside `go tool pprof`, and Arrow decoding beside pyarrow.
#
#   scripts/bench/reports.sh [ROUNDS] [SAMPLES]
#
# inferno: cargo install inferno, or INFERNO=/path/to/inferno-flamegraph (a peer, never a dependency)
# go:      GO=/path/to/go
# pyarrow: PYTHON=/path/to/venv/bin/python
# A tool that is not there is said and left out. PROFILES is the folder of real profiles, the largest
# of which is taken.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5} samples=${2:-1000000}
inferno=${INFERNO:-inferno-flamegraph} go=${GO:-go} python=${PYTHON:-python3}
profiles=${PROFILES:-crates/test-support/data/profiles}

cargo build --quiet --release -p parca-tools-report-render --example folded_to_svg
cargo build --quiet --release -p parca-tools-query --example make_profile --example pprof_to_folded --example pprof_top \
  --example arrow_decode
programs=${CARGO_TARGET_DIR:-target}/release/examples

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
real=$(find "$profiles" -name '*.pb.gz' -printf '%s %p\n' 2> /dev/null | sort -n | tail -1 | cut -d' ' -f2-)
if [ -n "$real" ]; then
  cp "$real" "$work/real.pb.gz"
  "$programs/pprof_to_folded" "$work/real.pb.gz" > "$work/real.folded"
else
  echo "real profile: skipped, none in $profiles (set PROFILES)"
fi
"$programs/make_profile" "$samples" $((samples / 20)) 40 pprof > "$work/repeating.pb.gz"
"$programs/make_profile" "$samples" "$samples" 40 pprof > "$work/distinct.pb.gz"
"$programs/make_profile" "$samples" $((samples / 20)) 40 folded > "$work/repeating.folded"
"$programs/make_profile" "$samples" "$samples" 40 folded > "$work/distinct.folded"
# Deep and wide: a few hundred thousand nodes.
"$programs/make_profile" 10000 10000 40 pprof > "$work/arrow.pb.gz"
"$programs/arrow_decode" write "$work/arrow.pb.gz" > "$work/flame.arrow"

# NAME INPUT COMMAND...: user+system CPU, wall and, where GNU time is there, the peak of memory.
measure() {
  local name=$1 input=$2
  shift 2
  if [ -x /usr/bin/time ] && /usr/bin/time -f %e true 2> /dev/null; then
    /usr/bin/time -o "$work/times" -f '%U %S %e %M' "$@" < "$input" > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; return 1; }
  else
    TIMEFORMAT='%U %S %R 0'
    { time "$@" < "$input" > "$work/out" 2> "$work/err"; } 2> "$work/times" || { cat "$work/err" >&2; return 1; }
  fi
  awk -v name="$name" '{ printf "%s\t%.3f\t%.3f\t%d\n", name, $1 + $2, $3, $4 / 1024 }' "$work/times" | tee -a "$work/processes"
}

# Prints how many seconds one decoding takes, then the bytes of the record.
pyarrow_decode='
import sys, time, pyarrow as pa
record = open(sys.argv[1], "rb").read()
pa.set_cpu_count(1)
times = int(sys.argv[2])
start = time.perf_counter()
for _ in range(times):
    table = pa.ipc.open_stream(record).read_all()
    if sys.argv[3] == "rows":
        table.to_pylist()
print((time.perf_counter() - start) / times, len(record))
'

# NAME COMMAND...: MB/s from the seconds and bytes that the command prints.
throughput() {
  local name=$1
  shift
  "$@" | awk -v name="$name" '{ printf "%s\t%.2f\n", name, $2 / $1 / 1e6 }' | tee -a "$work/throughputs"
}

have_inferno=$(command -v "$inferno" || echo "")
have_go=$(command -v "$go" || echo "")
# The first run may build it.
[ -z "$have_go" ] || "$have_go" tool pprof -help > /dev/null 2>&1 || true
have_pyarrow=$("$python" -c 'import pyarrow; print(pyarrow.__version__)' 2> /dev/null || echo "")
pprof=$([ -z "$have_go" ] || "$have_go" tool -n pprof 2> /dev/null || echo "")
[ -n "$have_inferno" ] || echo "inferno: skipped, not found (set INFERNO)"
[ -n "$have_go" ] || echo "go tool pprof: skipped, not found (set GO)"
[ -n "$have_pyarrow" ] || echo "pyarrow: skipped, not found (set PYTHON)"

for _ in $(seq "$rounds"); do
  for input in real repeating distinct; do
    if [ -e "$work/$input.folded" ]; then
      measure "folded to SVG, $input: ours" "$work/$input.folded" "$programs/folded_to_svg"
      [ -z "$have_inferno" ] || measure "folded to SVG, $input: inferno" "$work/$input.folded" "$have_inferno"
      measure "pprof to top, $input: ours" /dev/null "$programs/pprof_top" "$work/$input.pb.gz"
      [ -z "$have_go" ] || measure "pprof to top, $input: go tool pprof" /dev/null "$have_go" tool pprof -top "$work/$input.pb.gz"
      # On small profiles, most of the time of `go tool` is not that of pprof.
      [ -z "$pprof" ] || [ "$input" != real ] || measure "pprof to top, $input: pprof without go tool" /dev/null "$pprof" -top "$work/$input.pb.gz"
    fi
  done
  throughput "Arrow decode: ours, to a tree" "$programs/arrow_decode" time "$work/flame.arrow" 20
  if [ -n "$have_pyarrow" ]; then
    throughput "Arrow decode: pyarrow, to columns" "$python" -c "$pyarrow_decode" "$work/flame.arrow" 20 columns
    throughput "Arrow decode: pyarrow, to rows" "$python" -c "$pyarrow_decode" "$work/flame.arrow" 2 rows
  fi
done

# Lines of a name and figures: a row of Markdown for each name with the median of each figure.
medians() {
  sort -t "$(printf '\t')" -k1,1 | awk -F '\t' '
    function median(at,  i, j, t) {
      for (i = 1; i < count; i++) for (j = i + 1; j <= count; j++)
        if (figures[at, j] + 0 < figures[at, i] + 0) { t = figures[at, i]; figures[at, i] = figures[at, j]; figures[at, j] = t }
      return figures[at, int((count + 1) / 2)]
    }
    function flush(  at, row) {
      row = "| " last " |"
      for (at = 2; at <= fields; at++) row = row " " median(at) " |"
      print row; count = 0
    }
    $1 != last && last != "" { flush() }
    { last = $1; fields = NF; count++; for (at = 2; at <= NF; at++) figures[at, count] = $at }
    END { flush() }'
}

echo
echo "medians of $rounds rounds, $samples samples, $(uname -m), $(nproc) processors; inferno ${have_inferno:-none}, ${have_go:+$("$have_go" version)}, pyarrow ${have_pyarrow:-none}"
echo
echo "| process | CPU (s) | wall (s) | peak (MiB) |"
echo "|---|--:|--:|--:|"
medians < "$work/processes"
echo
echo "| record of $(($(wc -c < "$work/flame.arrow") / 1024)) KiB | MB/s |"
echo "|---|--:|"
medians < "$work/throughputs"
