/* Its symbol says collector, its head says sink. */
#include "sound.h"

ATVM_COLLECTOR = {.head = {ATVM_MAGIC, ATVM_KIND_SINK, ATVM_ABI_MAJOR, ATVM_ABI_MINOR, 0,
                           sizeof(struct atvm_collector)},
                  SOUND_NAMES,
                  SOUND_CALLS};
