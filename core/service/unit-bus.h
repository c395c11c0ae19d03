/* Units over the system bus, org.freedesktop.systemd1(5); the part of unit-control.h that speaks
 * D-Bus. */
#ifndef ATVM_CORE_UNIT_BUS_H
#define ATVM_CORE_UNIT_BUS_H

#include <systemd/sd-bus.h>

#include "unit-control.h"

/* Connects, and asks the service manager for a sign of life. -errno where either fails. */
int unit_bus_open(sd_bus **ret);

/* As their namesakes in unit-control.h, but the error text is only what the other side said, and
 * -EIO with no text at all means that the job failed. */
int unit_bus_query(sd_bus *bus, const char *unit, struct unit_status *ret, char **ret_error);
int unit_bus_start(sd_bus *bus, const char *unit, int64_t timeout_ns, char **ret_error);
int unit_bus_stop(sd_bus *bus, const char *unit, int64_t timeout_ns, char **ret_error);
int unit_bus_start_transient(sd_bus *bus, const struct transient_service *service,
                             int64_t timeout_ns, char **ret_error);

#endif
