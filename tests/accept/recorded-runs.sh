#!/bin/sh
# Replays the recorded runs named in supported.txt and compares each with its truth (TAP).
set -eu
here=$top_srcdir/tests/accept
watcher=$top_builddir/atvm-watcher

if [ ! -x "$watcher" ]; then
    echo "Bail out! there is no program to test: $watcher (build it with make)"
    exit 1
fi

wanted=$(sed -e 's/#.*//' -e 's/[[:space:]]*$//' "$here/supported.txt" | grep .)
for scenario in $wanted; do
    if [ ! -f "$top_srcdir/tests/fixtures/$scenario/expected.json" ]; then
        echo "Bail out! supported.txt names $scenario, which is not in tests/fixtures"
        exit 1
    fi
done

exec python3 "$here/accept.py" --tap --bin "$watcher" --without flow \
    --only "$(echo "$wanted" | paste -s -d ,)" "$top_srcdir/tests/fixtures"
