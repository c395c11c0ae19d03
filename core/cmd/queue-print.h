/* Records of the outbox for people and for programs. */
#ifndef ATVM_CORE_CMD_QUEUE_PRINT_H
#define ATVM_CORE_CMD_QUEUE_PRINT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "outbox.h"
#include "status-builds.h"

/* A record and where it is from; nothing is owned. */
struct queued {
    const char *build;
    const struct outbox_record *record;
    enum post_standing standing;
    bool is_behind; /* held with an earlier part of its message */
};

/* One line each, aligned, with a head. time_zone as in struct run_facts. */
void queue_print_table(const struct queued *queued, size_t count, int64_t now_ns);
/* All of one, with its attempts, its remedies, what to do and its body. */
void queue_print_record(const struct config *config, const struct queued *queued, int64_t now_ns);
/* An object of schema atvm.queue/1 (doc/outbox.md), `whole` with attempts, decisions and body. The
 * caller owns it. */
struct json_object *queue_record_json(const struct queued *queued, bool whole);

#endif
