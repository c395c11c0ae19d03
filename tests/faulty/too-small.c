/* Only a head: the struct ends before its callbacks. */
#include "sound.h"

ATVM_CONST_DATA_ struct atvm_head atvm_collector = {
    ATVM_MAGIC, ATVM_KIND_COLLECTOR, ATVM_ABI_MAJOR, ATVM_ABI_MINOR, 0, sizeof(struct atvm_head)};
