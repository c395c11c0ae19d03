/* Never finishes loading. */
#include "sound.h"

#include <unistd.h>

__attribute__((constructor)) static void at_load(void)
{
    for (;;)
        pause();
}

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD, SOUND_NAMES, SOUND_CALLS};
