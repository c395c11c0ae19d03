/* Writes without end while it is loaded. */
#include "sound.h"

#include <stdio.h>

__attribute__((constructor)) static void at_load(void)
{
    for (;;)
        puts("a line that is no description");
}

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD, SOUND_NAMES, SOUND_CALLS};
