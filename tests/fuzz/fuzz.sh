#!/bin/sh
# Runs fuzz targets that are linked with libFuzzer, one after the other, from the source tree:
# fuzz.sh BUILD-FOLDER SECONDS [TARGET...]. What makes one fail is made small and kept under
# tests/fuzz/crashes/; then the exit status is 1.
set -u

build=$1
seconds=$2
shift 2

# Longer inputs cost more than they find.
input_bytes=65536
input_seconds=10
minimise_seconds=60

export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=1:handle_abort=1"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-}:print_stacktrace=1"
# Targets that need a file of their own are a hundred times as fast in memory.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm

complain() { printf 'fuzz: %s\n' "$*" >&2; }

# The files a target begins with, separated by commas, as -seed_inputs wants them.
seeds_of() {
    {
        find "tests/fuzz/seeds/$1" "tests/fuzz/crashes/$1" -type f 2>/dev/null
        awk -v target="$1" '$1 == target { print $2 }' tests/fuzz/corpus.txt |
            while read -r pattern; do
                # Unquoted: it is a pattern.
                find $pattern -type f
            done
    } | paste -s -d , -
}

# run TARGET: keeps what it found in its folder of the build tree, for the next time.
run() {
    folder=$build/fuzz/$1
    mkdir -p "$folder/corpus" "$folder/found" || return 1
    rm -f "$folder"/found/*
    seeds_of "$1" >"$folder/seeds"
    set -- "$1" -max_total_time="$seconds" -max_len=$input_bytes -timeout=$input_seconds \
        -print_final_stats=1 -artifact_prefix="$folder/found/" -seed_inputs="@$folder/seeds"
    [ ! -e "tests/fuzz/dictionaries/$1" ] || set -- "$@" -dict="tests/fuzz/dictionaries/$1"
    program=$build/tests/fuzz/fuzz-$1
    shift
    nice -n 10 "$program" "$@" "$folder/corpus" >"$folder/log" 2>&1 </dev/null
}

# One line about a run, from what libFuzzer printed.
report() {
    awk -v target="$1" '
        / inline 8-bit counters/ { for (i = 2; i < NF; i++) if ($i == "inline") edges = substr($(i - 1), 2) }
        / cov: / { for (i = 1; i < NF; i++) {
            if ($i == "cov:") covered = $(i + 1)
            if ($i == "ft:") features = $(i + 1)
            if ($i == "corp:") corpus = $(i + 1) } }
        /^stat::number_of_executed_units:/ { executions = $2 }
        /^stat::average_exec_per_sec:/ { rate = $2 }
        END {
            sub("/.*", "", corpus)
            printf "%-16s %9d executions %7d /s %6d of %6d edges %7d features %6d inputs\n",
                target, executions, rate, covered, edges, features, corpus
        }' "$build/fuzz/$1/log"
}

# keep TARGET INPUT: under a name that follows from its content.
keep() {
    mkdir -p "tests/fuzz/crashes/$1" || return 1
    kept=tests/fuzz/crashes/$1/$(sha256sum "$2" | cut -c 1-16)
    cp "$2" "$kept" || return 1
    say_how_to_replay "$1"
}

say_how_to_replay() {
    complain "$1 fails for $kept; replay it with: $build/tests/fuzz/fuzz-$1 $kept" \
        "(make check replays it, too)"
}

# Only a crash can be made smaller; a hang or a want of memory is kept as it is.
minimise() {
    small=$build/fuzz/$1/minimised
    rm -f "$small"
    case $2 in
        */crash-*)
            # It goes on as long as each of its attempts, of 10 s, succeeds.
            timeout "$minimise_seconds" nice -n 10 "$build/tests/fuzz/fuzz-$1" \
                -minimize_crash=1 -max_total_time=10 -exact_artifact_path="$small" "$2" \
                >"$small.log" 2>&1 </dev/null
            ;;
    esac
    [ -s "$small" ] && printf '%s' "$small" || printf '%s' "$2"
}

# Whether the run left anything that makes its target fail.
take_failures() {
    for input in "$build/fuzz/$1"/found/crash-* "$build/fuzz/$1"/found/leak-* \
        "$build/fuzz/$1"/found/timeout-* "$build/fuzz/$1"/found/oom-*; do
        [ -e "$input" ] || continue
        grep -m 1 -E 'broken: |runtime error: |^==[0-9]+== ?ERROR: ' "$build/fuzz/$1/log" >&2
        keep "$1" "$(minimise "$1" "$input")"
    done
}

[ $# -gt 0 ] || set -- $(cd "$build/tests/fuzz" && find . -type f -name 'fuzz-*' -perm -u+x |
    sed 's,^\./fuzz-,,' | sort)
failures=0
for target in "$@"; do
    if [ ! -x "$build/tests/fuzz/fuzz-$target" ]; then
        complain "there is no target $target; there are:" "$build"/tests/fuzz/fuzz-*[a-z]
        exit 2
    fi
    if run "$target"; then
        report "$target"
    else
        failures=$((failures + 1))
        report "$target"
        take_failures "$target"
        complain "$target failed; all it said: $build/fuzz/$target/log"
    fi
done
[ $failures -eq 0 ]
