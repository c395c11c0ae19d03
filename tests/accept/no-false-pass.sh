#!/bin/sh
# Replays every recorded run, supported or not: none may be called a pass that was none (TAP).
set -eu
watcher=$top_builddir/atvm-watcher

if [ ! -x "$watcher" ]; then
    echo "Bail out! there is no program to test: $watcher (build it with make)"
    exit 1
fi

recorded=$(find "$top_srcdir/tests/fixtures" -mindepth 2 -maxdepth 2 -name expected.json | wc -l)
answer=$(python3 "$top_srcdir/tests/accept/accept.py" --bin "$watcher" \
    "$top_srcdir/tests/fixtures") || true
compared=$(echo "$answer" | sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 + \2/p')

echo 1..2
if [ "$recorded" -gt 0 ] && [ "$((${compared:-0}))" -eq "$recorded" ]; then
    echo "ok 1 - all $recorded recorded runs were compared"
else
    echo "not ok 1 - all $recorded recorded runs were compared"
    echo "$answer" | tail -n 5 | sed 's/^/# /'
fi
if echo "$answer" | grep -qx 'false passes: 0'; then
    echo "ok 2 - no false pass"
else
    echo "not ok 2 - no false pass"
    echo "$answer" | grep -B 12 'FALSE PASS' | sed 's/^/# /'
fi
