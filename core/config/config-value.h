/* Durations and sizes as people write them; the readers are declared in config.h. */
#ifndef ATVM_CORE_CONFIG_VALUE_H
#define ATVM_CORE_CONFIG_VALUE_H

#include <stdint.h>

/* ns -> "90s", bytes -> "64K", in the largest unit that divides it; free it. Durations below a
 * millisecond are rounded down to one. */
char *config_duration_text(int64_t ns);
char *config_size_text(int64_t bytes);

#endif
