/* Built for the next major version. */
#include "sound.h"

ATVM_COLLECTOR = {.head = {ATVM_MAGIC, ATVM_KIND_COLLECTOR, 2, 0, 0, sizeof(struct atvm_collector)},
                  SOUND_NAMES,
                  SOUND_CALLS};
