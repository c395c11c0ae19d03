/* Its head begins with another number. */
#include "sound.h"

ATVM_COLLECTOR = {.head = {0xdeadbeef, ATVM_KIND_COLLECTOR, ATVM_ABI_MAJOR, ATVM_ABI_MINOR, 0,
                           sizeof(struct atvm_collector)},
                  SOUND_NAMES,
                  SOUND_CALLS};
