#include "service-notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static int parse_address(const char *name, struct service_notify *ret)
{
    size_t length = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(ret->address.sun_path))
        return -EINVAL;
    ret->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->address.sun_path, name, length);
    ret->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    if (name[0] == '@') {
        ret->address.sun_path[0] = '\0';
        ret->length--; /* an abstract name has no NUL at its end */
    }
    return 0;
}

int service_notify_open(struct service_notify *ret)
{
    const char *name = getenv("NOTIFY_SOCKET");
    int error;

    ret->descriptor = -1;
    if (!name || !*name)
        return 0;
    error = parse_address(name, ret);
    if (error < 0)
        return error;
    ret->descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return ret->descriptor < 0 ? -errno : 0;
}

void service_notify_close(struct service_notify *notify)
{
    if (notify->descriptor >= 0)
        close(take_descriptor(&notify->descriptor));
}

bool service_notify_send(const struct service_notify *notify, const char *lines)
{
    const struct sockaddr *address = (const struct sockaddr *)&notify->address;

    return notify->descriptor < 0 || sendto(notify->descriptor, lines, strlen(lines), MSG_NOSIGNAL,
                                            address, notify->length) >= 0;
}
