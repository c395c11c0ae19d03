/* A shared object that is no module. */
#include "sound.h"

ATVM_CONST_DATA_ int something_else = 1;
