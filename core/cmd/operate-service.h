/*
 * Leaving what a command has stored to the service of its build: it has the secret, the right user
 * and the containment, and is what sends everything else of this build.
 */
#ifndef ATVM_CORE_CMD_OPERATE_SERVICE_H
#define ATVM_CORE_CMD_OPERATE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "unit-control.h"

/* How a build's messages stand after its service was given some time. */
struct service_sent {
    size_t waiting; /* being sent, or tried again by the service later */
    size_t held;    /* for a decision */
    bool unknown;   /* the messages could not be read, so neither number says anything */
};

/*
 * The service manager, if it would send what is stored for this build: the unit is installed, it
 * watches builds kept there, and this process (root) may start it. The caller closes it. NULL:
 * it would not, so somebody else has to send.
 */
struct unit_control *operate_service_open(const struct config *config, const char *build);

/*
 * Starts the unit and waits, for at most wait_ns, until the messages of the build's folder are
 * settled or put off. Nobody may hold the build's lock. 0: the service has them, and *ret says how
 * they stand; -errno with *ret_error (free it): the unit could not be started.
 */
int operate_service_send(struct unit_control *units, const struct config *config, const char *build,
                         const char *folder, int64_t wait_ns, struct service_sent *ret,
                         char **ret_error);

/* Says what became of the messages that the service was left. */
void operate_service_report(const struct config *config, const char *build,
                            const struct service_sent *sent);

/* Says what sends the build's stored messages, and `why` this command does not. */
void operate_service_advise(const struct config *config, const char *build, const char *why);

#endif
