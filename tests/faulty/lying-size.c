/* Its head claims more bytes than the object holds. */
#include "sound.h"

ATVM_COLLECTOR = {
    .head = {ATVM_MAGIC, ATVM_KIND_COLLECTOR, ATVM_ABI_MAJOR, ATVM_ABI_MINOR, 0, 4096},
    SOUND_NAMES,
    SOUND_CALLS};
