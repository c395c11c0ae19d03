/* Crashes while it is loaded. */
#include "sound.h"

#include <stdlib.h>

__attribute__((constructor)) static void at_load(void)
{
    abort();
}

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD, SOUND_NAMES, SOUND_CALLS};
