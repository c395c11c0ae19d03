/* An option has a type that does not exist. */
#include "sound.h"

static const struct atvm_option options[] = {
    {.name = "a", .type = 99, .help = "an option"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  SOUND_NAMES,
                  .options = options,
                  .option_count = 1,
                  .option_stride = sizeof(*options),
                  SOUND_CALLS};
