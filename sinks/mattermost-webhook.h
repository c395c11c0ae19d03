/* The address of an incoming webhook. Whoever knows it can post, so no text may quote it. */
#ifndef ATVM_SINKS_MATTERMOST_WEBHOOK_H
#define ATVM_SINKS_MATTERMOST_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>

#define MATTERMOST_WEBHOOK_MAX 4096 /* bytes of the address with its NUL */
#define MATTERMOST_ORIGIN_MAX  320  /* a host name has at most 253 bytes (RFC 1035) */

struct mattermost_webhook {
    char url[MATTERMOST_WEBHOOK_MAX];   /* secret */
    char path[MATTERMOST_WEBHOOK_MAX];  /* secret: what follows the host, "/hooks/ID" */
    char origin[MATTERMOST_ORIGIN_MAX]; /* "https://chat.example:8443": fit to be shown */
};

/*
 * Takes webhook->url apart and fills in the rest. Only http and https with a host and a path are
 * addresses. NULL, or what is wrong with it (constant text that quotes nothing).
 */
const char *mattermost_webhook_parse(struct mattermost_webhook *webhook);

/* "https://host:port" of any address, into `origin`. false: it has none. */
bool mattermost_origin(const char *url, char origin[MATTERMOST_ORIGIN_MAX]);

/* Whether what goes to this origin stays on this machine: 127.0.0.0/8, [::1], localhost. */
bool mattermost_origin_is_local(const char *origin);

/* Overwrites the address, its path and the webhook's id with '*' wherever they stand in `text`. */
void mattermost_webhook_redact(const struct mattermost_webhook *webhook, char *text);

/* Overwrites the secret in memory. */
void mattermost_webhook_wipe(struct mattermost_webhook *webhook);

#endif
