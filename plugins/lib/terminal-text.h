/* Terminal control sequences (ECMA-48) in text that was meant for a terminal. */
#ifndef ATVM_PLUGINS_TERMINAL_TEXT_H
#define ATVM_PLUGINS_TERMINAL_TEXT_H

#include <stddef.h>

#define TERMINAL_ESCAPE '\x1b'

/*
 * Bytes of the control sequence at the start of text, whose first byte is TERMINAL_ESCAPE: colours
 * and cursor moves (CSI), titles and links (OSC and the other control strings), shorter ones. A
 * sequence that is cut off ends with the text; one that runs on ends in front of what it cannot
 * hold, a control string at the latest in front of the newline. At least 1.
 */
size_t terminal_sequence_length(const char *text, size_t length);

#endif
