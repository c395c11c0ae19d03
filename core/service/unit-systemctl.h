/* Units through systemctl(1) and systemd-run(1), for where no system bus answers: they reach the
 * service manager without one. Functions as in unit-bus.h. No shell is involved. */
#ifndef ATVM_CORE_UNIT_SYSTEMCTL_H
#define ATVM_CORE_UNIT_SYSTEMCTL_H

#include "unit-control.h"

/* Whether systemctl is there and systemd runs this machine. */
bool unit_systemctl_is_usable(void);

int unit_systemctl_query(const char *unit, struct unit_status *ret, char **ret_error);
int unit_systemctl_start(const char *unit, int64_t timeout_ns, char **ret_error);
int unit_systemctl_stop(const char *unit, int64_t timeout_ns, char **ret_error);
int unit_systemctl_start_transient(const struct transient_service *service, int64_t timeout_ns,
                                   char **ret_error);

/* What `systemctl show` printed, "Name=value" lines, as a status; absent ones are "" and 0. Pure.
 */
void unit_systemctl_parse(const char *text, struct unit_status *ret);

#endif
