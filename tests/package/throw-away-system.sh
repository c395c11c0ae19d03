#!/bin/bash
# throw-away-system.sh FOLDER SCRIPT: boots this machine's systemd on an overlay of / that is gone
# afterwards, without a network, and runs SCRIPT there as root. FOLDER is /run/given in it; what the
# script prints is printed here. Ends with the script's status; 77: this machine cannot do it.
set -u
folder=$(realpath "$1") || exit 2
script=$(realpath "$2") || exit 2
seconds=300

if [ "${stage:-}" != inside ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v systemd-nspawn >/dev/null ||
        ! unshare --mount true 2>/dev/null; then
        echo "1..0 # SKIP needs root and systemd-nspawn (package systemd-container)"
        exit 77
    fi
    said=$(mktemp -d) || exit 2
    groups=()
    # A control group of its own, so that nothing of the caller's moves.
    for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        [ -e "$hierarchy/cgroup.procs" ] || continue
        mkdir -p "$hierarchy/throw-away-$$" && groups+=("$hierarchy/throw-away-$$")
    done
    (
        for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
        stage=inside said=$said exec timeout -k 5 $seconds \
            unshare --mount --propagation private bash "$0" "$folder" "$script" \
            </dev/null >"$said/console" 2>&1
    )
    for group in "${groups[@]}"; do
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    cat "$said/output" 2>/dev/null
    status=$(cat "$said/status" 2>/dev/null)
    if [ -z "$status" ]; then
        echo "Bail out! the system did not get as far as the script's end; its console:"
        tail -n 20 "$said/console" | sed 's/^/# /'
    fi
    rm -rf "$said"
    exit "${status:-2}"
fi

set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
root=/mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work $root
: >$root/etc/machine-id
mkdir -p $root/etc/systemd/system
cat >$root/etc/systemd/system/throw-away.target <<'UNIT'
[Unit]
Requires=basic.target throw-away.service
AllowIsolate=yes
UNIT
cat >$root/etc/systemd/system/throw-away.service <<'UNIT'
[Unit]
After=basic.target systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/bash -c '/bin/bash /run/script >/run/said/output 2>&1; echo $? >/run/said/status'
ExecStopPost=/bin/systemctl poweroff --no-block
TimeoutStartSec=infinity
UNIT
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd
export UNIFIED_CGROUP_HIERARCHY=1 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --register=no --keep-unit --private-network -M "throw-away-$$" \
    -D $root --bind="$said:/run/said" --bind-ro="$folder:/run/given" \
    --bind-ro="$script:/run/script" --boot --console=pipe systemd.unit=throw-away.target
