/* It has no name. */
#include "sound.h"

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD, SOUND_CALLS};
