#!/usr/bin/env bash
# The main job, start to end, on a file that a live node wrote: decode it, look, edit one document, encode, decode again.
# usage: demo.sh SNAPSHOT   (with codec on the PATH; everything happens in a folder of its own, removed at the end)
set -euo pipefail

snapshot=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

step() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }
if [ -n "${NO_COLOR:-}" ] || [ ! -t 1 ]; then step() { printf '\n# %s\n' "$*"; }; fi

document='redis/db_0/hashes/hash%3Aplain.json'

step 'A snapshot, as a live node wrote it, becomes a tree'
run codec decode --input "$snapshot" --output before --adapter redis

step 'The tree is files that anybody can read'
run head -n 14 "before/$document"
run head -n 2 'before/redis/db_0/streams/stream%3As.jsonl'
run cat before/redis/db_0/strings/greeting.bin
echo

step 'Edit one field of one hash'
cp -r before edited
run python3 - "edited/$document" <<'PYTHON'
import pathlib, re, sys
path = pathlib.Path(sys.argv[1])
text = path.read_text()
path.write_text(re.sub(r'("value": )"[^"]*"', r'\1"edited by hand"', text, count=1))
PYTHON
run diff -r before edited || [ $? -eq 1 ]

step 'The tree becomes a snapshot; it is read back and compared before it appears'
run codec encode --input edited --output edited.fsm --adapter redis --self-test

step 'Decode the new snapshot: the edit is in it, and nothing else changed'
run codec decode --input edited.fsm --output after --adapter redis --quiet
run diff -r edited/redis after/redis && echo 'the Redis documents are the same'
run grep -n 'edited by hand' "after/$document"
