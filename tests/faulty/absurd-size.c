/* Its head claims a size no struct has. */
#include "sound.h"

ATVM_COLLECTOR = {
    .head = {ATVM_MAGIC, ATVM_KIND_COLLECTOR, ATVM_ABI_MAJOR, ATVM_ABI_MINOR, 0, 0x7fffffff},
    SOUND_NAMES,
    SOUND_CALLS};
