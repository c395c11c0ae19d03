#!/bin/sh
# The name under which operators know `atvm-watcher cancel`; options are its own.
exec "$(dirname "$0")/atvm-watcher" cancel "$@"
