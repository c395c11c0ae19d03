#!/bin/sh
# Replays every recorded run and compares it with its truth, test flow included (TAP).
set -eu
watcher=$top_builddir/atvm-watcher

if [ ! -x "$watcher" ]; then
    echo "Bail out! there is no program to test: $watcher (build it with make)"
    exit 1
fi
exec python3 "$top_srcdir/tests/accept/accept.py" --tap --bin "$watcher" "$top_srcdir/tests/fixtures"
