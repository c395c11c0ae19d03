/* It has an option but no table. */
#include "sound.h"

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  SOUND_NAMES,
                  .option_count = 1,
                  .option_stride = sizeof(struct atvm_option),
                  SOUND_CALLS};
