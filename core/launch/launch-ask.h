/* Asking whoever launches: on standard error, answered by a line on standard input. */
#ifndef ATVM_CORE_LAUNCH_ASK_H
#define ATVM_CORE_LAUNCH_ASK_H

#include "launch-interrupt.h"

enum launch_answer {
    LAUNCH_ANSWER_YES,
    LAUNCH_ANSWER_NO,       /* anything but "y" and "yes" */
    LAUNCH_ANSWER_NOBODY,   /* there is nobody to answer: the end of the input */
    LAUNCH_ANSWER_INTERRUPT /* a signal came instead */
};

/* Asks `question` and waits for the answer. */
enum launch_answer launch_ask(const char *question, struct launch_interrupt *interrupt);

#endif
