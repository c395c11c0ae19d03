/*
 * Telling the service manager how it goes: the protocol of sd_notify(3), but never waiting.
 * libsystemd's own call blocks while the other side does not read, and a watcher that stood still
 * because of a status line would be killed by the very watchdog it reports to.
 */
#ifndef ATVM_CORE_SERVICE_NOTIFY_H
#define ATVM_CORE_SERVICE_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct service_notify {
    int descriptor; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t length;
};

/* Finds the listener by NOTIFY_SOCKET (an absolute path, or "@" and an abstract name). 0, also
 * where nobody listens; -errno where the socket cannot be made or the name is none. */
int service_notify_open(struct service_notify *ret);
void service_notify_close(struct service_notify *notify);

/* Hands over "NAME=value" lines. false: the other side does not take it now. */
bool service_notify_send(const struct service_notify *notify, const char *lines);

#endif
