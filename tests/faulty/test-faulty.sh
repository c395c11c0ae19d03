#!/bin/sh
# Each faulty module is refused or contained, by name, through the commands a person uses.
watcher=$top_builddir/atvm-watcher
faulty=$top_builddir/tests/faulty/.libs
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
number=0

verdict() {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        sed 's/^/# /' "$folder/said"
    fi
}

# refused NAME WORDS: `plugins` says so, naming the file, and ends with 1.
refused() {
    "$watcher" plugins "$faulty/$1.so" >"$folder/said" 2>&1
    status=$?
    [ $status -eq 1 ] && grep -F "$1.so: " "$folder/said" | grep -qF "$2"
    verdict $? "plugins: $1: $2"
}

refused wrong-magic 'magic number: expected 0x4d565441, got 0xdeadbeef'
refused wrong-kind 'kind in the head of atvm_collector: expected 1, got 2'
refused wrong-major 'ABI: expected major version 1, got 2.0'
refused too-small 'got 16; fill the head'
refused absurd-size 'got 2147483647; fill the head'
refused lying-size 'got 4096; fill the head'
refused no-create 'callback create: expected a function, got NULL'
refused no-collect 'callback collect: expected a function, got NULL'
refused no-name 'name: expected [a-z][a-z0-9-]*, got "NULL"'
refused no-symbol 'expected the symbol atvm_collector or atvm_sink, got neither'
refused function-symbol 'expected the symbol atvm_collector or atvm_sink, got neither'
refused unresolved-symbol 'undefined symbol: function_nobody_has'
refused option-null 'option table: expected 1 options, got NULL'
refused option-stride 'option table: expected an option_stride of'
refused option-type 'option table: option 1 (a) has the unknown type 99'
refused option-default 'option table: option 1 (a) has an impossible default'
refused option-twice 'option table: expected each name once, got "a" twice'
refused crash 'its process died while the module was being loaded'
refused leave 'no description'
refused flood 'was stopped'

# The configuration is refused with the line that names the module; a hanging one is given up.
cat >"$folder/conf" <<EOF2
automation_root = "$folder";
collectors = (
    { module = "$faulty/crash.so"; },
    { module = "$faulty/wrong-major.so"; },
    { module = "$faulty/hang.so"; });
sinks = ( { module = "$top_builddir/tests/abi/.libs/sink-1.0.so"; target = "x"; } );
EOF2
"$watcher" check-config --config "$folder/conf" >"$folder/said" 2>&1
[ $? -eq 2 ]
verdict $? "check-config ends with 2"
for line in 'conf:3: collector "crash": .*/crash\.so: its process died' \
    'conf:4: collector "wrong-major": .*/wrong-major\.so: ABI: expected major version 1, got 2\.0' \
    'conf:5: collector "hang": .*/hang\.so: loading did not end within 10000 ms and was stopped'; do
    grep -q "$line" "$folder/said"
    verdict $? "check-config: $line"
done

# critical = false turns the same into warnings.
cat >"$folder/conf" <<EOF2
automation_root = "$folder";
collectors = (
    { module = "$faulty/crash.so"; critical = false; },
    { module = "$top_builddir/tests/abi/.libs/collector-1.0.so"; });
sinks = ( { module = "$top_builddir/tests/abi/.libs/sink-1.0.so"; target = "x"; } );
EOF2
"$watcher" check-config --config "$folder/conf" >"$folder/said" 2>&1
[ $? -eq 0 ] && grep -q 'warning: .*conf:3: collector "crash": .* died' "$folder/said" &&
    grep -q "^OK: $folder/conf" "$folder/said"
verdict $? "check-config: a broken module that is not critical is a warning"

# What the issue asks of a wrong configuration.
# wrong NAME WORDS: the configuration on standard input is refused with these words.
wrong() {
    cat >"$folder/conf"
    "$watcher" check-config --config "$folder/conf" >"$folder/said" 2>&1
    [ $? -eq 2 ] && grep -qF "$folder/conf:$2" "$folder/said"
    verdict $? "check-config: $1"
}

wrong "unknown key" '2: unknown setting "pol_interval"; did you mean "poll_interval"?' <<EOF2
automation_root = "$folder";
pol_interval = "5s";
EOF2
wrong "wrong type" '1: settle: expected a duration in quotes' <<EOF2
settle = 3;
EOF2
wrong "missing module" '2: collector "junti": there is no module "junti" in ' <<EOF2
collectors = (
    { module = "junti"; } );
EOF2
wrong "a module of the wrong kind" '2: collector "sink-1.0": ' <<EOF2
collectors = (
    { module = "$top_builddir/tests/abi/.libs/sink-1.0.so"; } );
EOF2
grep -qF 'expected a collector, got a sink; list it under "sinks" in the configuration, not under "collectors"' \
    "$folder/said"
verdict $? "check-config: it says where the module belongs"
wrong "an automation root that is not there" \
    "1: automation_root: $folder/nowhere: No such file or directory; set it to the folder" <<EOF2
automation_root = "$folder/nowhere";
EOF2
wrong "an automation root that is no folder" \
    "1: automation_root: $folder/conf: Not a directory; set it to the folder" <<EOF2
automation_root = "$folder/conf";
EOF2
echo "1..$number"
