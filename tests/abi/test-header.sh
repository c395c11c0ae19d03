#!/bin/sh
# The public header by itself: it compiles alone, tells its history, and every module exports one name.
header=$top_srcdir/core/include/atvm/plugin.h
frozen=$top_srcdir/tests/abi/plugin-1.0.h
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
number=0

# verdict STATUS NAME: one TAP line; what a failing check said stands in $folder/said.
verdict() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        sed 's/^/# /' "$folder/said"
    fi
}

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

# compiles NAME COMPILER FLAGS…: the header alone, in a file that is not a main file.
compiles() {
    name=$1
    shift
    if command -v "$1" >/dev/null; then
        "$@" -fsyntax-only -Wall -Wextra -Werror -I "$top_srcdir/core/include" \
            "$folder/alone.$suffix" >"$folder/said" 2>&1
        verdict $? "$name"
    else
        skip "$name" "there is no $1"
    fi
}

suffix=c
echo '#include <atvm/plugin.h>
extern int not_empty;' >"$folder/alone.c"
compiles "the header compiles alone as C11" "${CC_FOR_HEADER:-cc}" -std=c11 -pedantic
suffix=cc
cp "$folder/alone.c" "$folder/alone.cc"
compiles "the header compiles alone as C++11" "${CXX_FOR_HEADER:-c++}" -std=c++11 -pedantic

cat >"$folder/alone.cc" <<'MODULE'
#include <atvm/plugin.h>
static void *create(const struct atvm_host *host) { return const_cast<atvm_host *>(host); }
static int32_t collect(void *) { return ATVM_COLLECT_COMPLETE; }
static void destroy(void *) {}
ATVM_COLLECTOR = {ATVM_COLLECTOR_HEAD, "plus", "1", "a collector in C++", nullptr, 0, 0, 0, 0,
                  create, nullptr, nullptr, collect, destroy};
MODULE
compiles "a collector can be written in C++11" "${CXX_FOR_HEADER:-c++}" -std=c++11 -pedantic

minor=$(sed -n 's/^#define ATVM_ABI_MINOR \([0-9]*\)$/\1/p' "$header")
missing=
for each in $(seq 0 "$minor"); do
    sed -n '/ABI HISTORY/,/\*\//p' "$header" | grep -q "^ \*   1\.$each  " || missing="$missing 1.$each"
done
echo "not mentioned:$missing" >"$folder/said"
[ -n "$minor" ] && [ -z "$missing" ]
verdict $? "ABI HISTORY mentions every minor version up to 1.$minor"

if [ "$minor" = 0 ]; then
    diff "$frozen" "$header" >"$folder/said" 2>&1
    verdict $? "while the minor version is 0 the header is the frozen one"
else
    skip "while the minor version is 0 the header is the frozen one" "the minor version is $minor"
fi

# AddressSanitizer adds a name of its own beside every global variable.
for module in "$top_builddir"/plugins/.libs/*.so "$top_builddir"/sinks/.libs/*.so \
    "$top_builddir"/tests/abi/.libs/*.so; do
    [ -e "$module" ] || continue
    nm -D --defined-only "$module" | grep -v ' __odr_asan' >"$folder/said"
    [ "$(wc -l <"$folder/said")" -eq 1 ] && grep -qE ' [BDR] atvm_(collector|sink)$' "$folder/said"
    verdict $? "$(basename "$module") exports exactly one data symbol"
done
echo "1..$number"
