#!/bin/bash
# Boots the machine's own systemd as PID 1 of a namespace, once for each of the test's stages.
#
#   boot.sh SOURCE INSTALLED OUT STAGE...
#
# SOURCE: the source tree. INSTALLED: a tree that `make install` filled. OUT: a folder in which each
# stage leaves STAGE.tap, and its console. The namespace sees a copy of this machine's file system
# (an overlay, in memory) with INSTALLED in it, which outlives a stage: the next one is a reboot. Run
# it within `unshare --mount`, so that nothing it mounts is seen elsewhere.
set -eu
source=$1 installed=$2 out=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

# A control group of its own: systemd in the namespace takes what it finds as the root of its own.
name=atvm-systemd-$$
groups=()
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir "$hierarchy/$name"
    groups+=("$hierarchy/$name")
done
leave() {
    for group in "${groups[@]}"; do
        echo $$ >"$(dirname "$group")/cgroup.procs" || true
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}
trap leave EXIT
for group in "${groups[@]}"; do echo $$ >"$group/cgroup.procs"; done

mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
root=/mnt/root
cp -a "$installed/." "$root/"
rm -f "$root/etc/machine-id"
: >"$root/etc/machine-id"
mkdir -p "$root/etc/systemd/system/atvm-test.target.wants" "$root/var/log/journal" \
    "$root/srv/source" "$root/srv/out"
cp "$here/atvm-test.target" "$here/atvm-test.service" "$root/etc/systemd/system/"
ln -sf /usr/local/lib/systemd/system/atvm-run-watcher-resume.service \
    "$root/etc/systemd/system/atvm-test.target.wants/"

# What nspawn leaves in /run stays within this mount namespace.
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd
export UNIFIED_CGROUP_HIERARCHY=1 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
for stage; do
    echo "$stage" >"$root/srv/stage"
    systemd-nspawn -q --register=no --keep-unit --private-network -M "$name" -D "$root" \
        --bind-ro="$source:/srv/source" --bind="$out:/srv/out" --boot --console=pipe \
        systemd.unit=atvm-test.target </dev/null >"$out/$stage.console" 2>&1
done
