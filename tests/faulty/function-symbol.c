/* The symbol is there, but it is a function. */
#include "sound.h"

ATVM_EXPORT_ void atvm_collector(void);

void atvm_collector(void)
{
}
