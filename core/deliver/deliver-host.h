/*
 * What a sink may call (struct atvm_host), inside the deliver worker: options, secrets, clock, log,
 * and the receipt file. Everything a module passes in is checked here, and no text of a module
 * leaves the worker with a secret in it.
 */
#ifndef ATVM_CORE_DELIVER_HOST_H
#define ATVM_CORE_DELIVER_HOST_H

#include <atvm/plugin.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

struct deliver_host_settings {
    const struct atvm_sink *module;
    const char *name;            /* of the sink's instance */
    struct json_object *options; /* typed and complete, see struct config_module */
    int receipt;                 /* the receipt file, open for appending */
    int terminal, secrets;       /* see struct deliver_settings; -1: none */
    int64_t deadline_ns;         /* CLOCK_MONOTONIC */
    FILE *said; /* gets what the module logs, as deliver_probe gives it; NULL: the log does */
};

struct deliver_host;

/* The pointers in the settings must outlive it. Never NULL; deliver_host_free accepts NULL. */
struct deliver_host *deliver_host_new(const struct deliver_host_settings *settings);
void deliver_host_free(struct deliver_host *host);

/* The table for `create`; lives as long as the host. */
const struct atvm_host *deliver_host_table(struct deliver_host *host);

/* What the module said last with `fail`; NULL: nothing. */
const char *deliver_host_failure(const struct deliver_host *host);
/* Whether `committing` was recorded, and whether a receipt was. */
bool deliver_host_committed(const struct deliver_host *host);
bool deliver_host_answered(const struct deliver_host *host);

/* Writes one line of what a probe brings (deliver_probe); nothing that is less than a notice. */
void deliver_say(FILE *said, int32_t level, const char *text);

/* Appends a line to a receipt file and fsyncs it; on failure the file is as it was. 0 or -errno. */
int deliver_receipt_append(int descriptor, const char *line, char **ret_error);

#endif
