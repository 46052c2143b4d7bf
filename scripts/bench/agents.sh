#!/bin/sh
# What a batch of parca-agent costs a server, in CPU time per row: a Parca, parca-embedded in memory (the sender in the same
# process), and parca-embedded with a folder if its program is there, in turns.
#
#   scripts/bench/agents.sh 127.0.0.1:7070 $(pidof parca) [BATCHES]
set -eu

parca=http://$1 pid=$2 batches=${3:-100}
cargo build --release -q -p parca-embedded --example write_arrow
target=${CARGO_TARGET_DIR:-target}/release
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for turn in 1 2; do
    printf 'Parca: '
    "$target/examples/write_arrow" "$parca" "$pid" "$batches"
    printf 'parca-embedded in memory: '
    "$target/examples/write_arrow"
    [ -x "$target/parca-embedded" ] || continue
    "$target/parca-embedded" --http-address=127.0.0.1:17070 --self-profile-interval=0s --data-dir="$folder/$turn" \
        --log-level=error &
    own=$!
    until curl -sf http://127.0.0.1:17070/readyz >/dev/null; do sleep 0.1; done
    printf 'parca-embedded --data-dir: '
    "$target/examples/write_arrow" http://127.0.0.1:17070 $own 1000
    kill $own
    wait $own || true
done
