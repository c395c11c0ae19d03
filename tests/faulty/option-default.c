/* The default of an option is none of its type. */
#include "sound.h"

static const struct atvm_option options[] = {
    {.name = "a", .type = ATVM_OPTION_DURATION, .fallback = "soon", .help = "an option"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  SOUND_NAMES,
                  .options = options,
                  .option_count = 1,
                  .option_stride = sizeof(*options),
                  SOUND_CALLS};
