/* The elements of its option table are smaller than an option. */
#include "sound.h"

static const struct atvm_option options[] = {
    {.name = "a", .type = ATVM_OPTION_STRING, .help = "an option"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  SOUND_NAMES,
                  .options = options,
                  .option_count = 1,
                  .option_stride = 8,
                  SOUND_CALLS};
