#!/bin/sh
# The name under which operators know `atvm-watcher start`; options are its own.
exec "$(dirname "$0")/atvm-watcher" start "$@"
