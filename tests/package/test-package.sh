#!/bin/bash
# The Debian packages on a machine of their own (throw-away-system.sh, with the packages in
# /run/given): installed, used as the guides say, removed, purged. Prints TAP.
number=0
failures=0

# check NAME COMMAND…: what the command says is shown where it fails.
check()
{
    local name=$1 said
    shift
    number=$((number + 1))
    if said=$("$@" 2>&1); then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        printf '%s\n' "$said" | tail -n 25 | sed 's/^/#   /'
        failures=$((failures + 1))
    fi
}

# Everything where a package or a watcher could leave something, but what dpkg, users and the
# journal have of every package.
everything()
{
    find /etc /opt /srv /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/cache \
        -o -path /var/log/journal -o -path /var/lib/systemd -o -path /var/tmp \) -prune -o -print |
        grep -vE '^/etc/(passwd|group|shadow|gshadow|subuid|subgid|\.pwd\.lock)-?$' |
        grep -vE '^/(etc/ld\.so\.cache|var/log/(dpkg|alternatives|lastlog|wtmp|btmp).*)$' | sort
}

installed()
{
    dpkg -i /run/given/atvm-watcher_*.deb /run/given/atvm-watcher-dev_*.deb
}

state_folder_is_the_watchers()
{
    stat -c '%U:%G %a' /var/lib/atvm-run-watcher | grep -x 'atvm-watcher:atvm-watcher 750'
}

nothing_was_started()
{
    systemctl is-enabled atvm-run-watcher-resume.service &&
        [ -z "$(systemctl list-units --plain --no-legend 'atvm-run-watcher*' --state=active)" ]
}

units_are_sound()
{
    local said
    said=$(systemd-analyze verify --man=no --recursive-errors=yes \
        atvm-run-watcher@try.service atvm-run-watcher-resume.service 2>&1 | grep atvm-)
    [ -z "$said" ] || { echo "$said"; return 1; }
}

pages_are_there()
{
    local page
    for page in man1/atvm-watcher.1 man3/atvm-plugin.3 man5/atvm-watcher.conf.5 \
        'man8/atvm-run-watcher@.service.8'; do
        zcat "/usr/share/man/$page.gz" | grep -q '^\.Sh NAME' || return 1
    done
}

# As doc/modules.md says, for good: in a folder of root's.
modules_build()
{
    local examples module
    examples=$(pkg-config --variable=examplesdir atvm-watcher) || return 1
    mkdir -p /usr/local/lib/atvm-mine
    for module in result-file append; do
        # shellcheck disable=SC2046
        cc -shared -fPIC -Wall -Werror $(pkg-config --cflags atvm-watcher) \
            -o /usr/local/lib/atvm-mine/$module.so "$examples/$module.c" || return 1
    done
    atvm-watcher plugins -v /usr/local/lib/atvm-mine/*.so
}

configured()
{
    mkdir -p /srv/project
    cat >/etc/atvm-watcher.conf <<'END'
automation_root = "/srv/project";
settle = "100ms";
collectors = ( { module = "proc"; }, { module = "runlog"; },
               { module = "/usr/local/lib/atvm-mine/result-file.so"; path = "/tmp/%b.results"; } );
sinks = ( { module = "/usr/local/lib/atvm-mine/append.so"; path = "/var/log/atvm-watcher/%b.txt"; },
          { module = "file"; path = "/var/log/atvm-watcher/%s.md"; } );
END
    atvm-watcher check-config
}

started()
{
    systemctl start "atvm-run-watcher@$1.service" && return
    journalctl --no-pager -o cat -u "atvm-run-watcher@$1.service"
    return 1
}

# A run that fails while its instance watches.
watched()
{
    started try || return 1
    echo 'atvm1-redhat9.1 fail 3 2 the disk is full' >/tmp/try.results
    cat >/tmp/try.log <<'END'
Extracted specPattern: ['cypress/e2e/atvm1-redhat9.1.ts']
Recorded Run: https://app.currents.dev/run/0123456789abcdef
END
    timeout 60 bash -c 'while systemctl is-active --quiet atvm-run-watcher@try.service; do
        sleep 0.1; done'
    journalctl -u atvm-run-watcher@try.service --no-pager -o cat
    [ "$(systemctl show -P Result atvm-run-watcher@try.service)" = success ] &&
        grep -q 'atvm1-redhat9.1 - FAIL.*the disk is full' /var/log/atvm-watcher/try.txt &&
        grep -q 'the disk is full' /var/log/atvm-watcher/try.md
}

removed()
{
    started other || return 1
    dpkg -r atvm-watcher atvm-watcher-dev || return 1
    systemctl is-active --quiet atvm-run-watcher@other.service && { echo "still runs"; return 1; }
    [ -s /var/lib/atvm-run-watcher/try/state.json ]
}

purged()
{
    dpkg -P atvm-watcher atvm-watcher-dev || return 1
    rm -rf /usr/local/lib/atvm-mine /srv/project /etc/atvm-watcher.conf
    everything >/tmp/after
    diff /tmp/before /tmp/after
}

# A container's image may forbid packages to start and stop services.
rm -f /usr/sbin/policy-rc.d
everything >/tmp/before
check "the packages install" installed
check "the state folder belongs to the watcher's user" state_folder_is_the_watchers
check "watching goes on after a reboot, and nothing was started now" nothing_was_started
check "systemd finds nothing wrong with the units" units_are_sound
check "manual pages are there" pages_are_there
check "the example modules build with what is installed" modules_build
check "the configuration is right" configured
check "an instance watches a run to its end, and delivers" watched
check "removing stops the watchers, and keeps what is known" removed
check "purging leaves nothing behind" purged
echo "1..$number"
[ "$failures" -eq 0 ]
