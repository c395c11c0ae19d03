/* The required callback collect is NULL. */
#include "sound.h"

ATVM_COLLECTOR = {
    .head = ATVM_COLLECTOR_HEAD, SOUND_NAMES, .create = sound_create, .destroy = sound_destroy};
