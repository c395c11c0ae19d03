/* Calls a function that no library has. */
#include "sound.h"

int32_t function_nobody_has(void *self);

ATVM_COLLECTOR = {.head = ATVM_COLLECTOR_HEAD,
                  SOUND_NAMES,
                  .create = sound_create,
                  .collect = function_nobody_has,
                  .destroy = sound_destroy};
