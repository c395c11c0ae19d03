/* Two options have one name. */
#include "sound.h"

static const struct atvm_option options[] = {
    {.name = "a", .type = ATVM_OPTION_STRING, .help = "an option"},
    {.name = "a", .type = ATVM_OPTION_INTEGER, .help = "another option"},
};

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  SOUND_NAMES,
                  .options = options,
                  .option_count = 2,
                  .option_stride = sizeof(*options),
                  SOUND_CALLS};
