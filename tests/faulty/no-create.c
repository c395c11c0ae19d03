/* The required callback create is NULL. */
#include "sound.h"

ATVM_COLLECTOR = {
    .head = ATVM_COLLECTOR_HEAD, SOUND_NAMES, .collect = sound_collect, .destroy = sound_destroy};
