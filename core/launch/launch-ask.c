#include "launch-ask.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

/* Of a line; what is longer is no "yes". */
#define ANSWER_MAX 64

/* One byte at a time: what stands behind the line is the next answer's. */
static enum launch_answer read_line(struct launch_interrupt *interrupt, char *line)
{
    size_t length = 0;
    char letter = '\0';
    ssize_t got;

    while (letter != '\n') {
        if (launch_interrupt_wait(interrupt, STDIN_FILENO, -1) < 0)
            return LAUNCH_ANSWER_NOBODY;
        if (launch_interrupt_came(interrupt))
            return LAUNCH_ANSWER_INTERRUPT;
        got = read(STDIN_FILENO, &letter, 1);
        if (got <= 0)
            return LAUNCH_ANSWER_NOBODY;
        if (length < ANSWER_MAX && letter != '\n' && letter != '\r')
            line[length++] = letter;
    }
    line[length] = '\0';
    return LAUNCH_ANSWER_NO;
}

enum launch_answer launch_ask(const char *question, struct launch_interrupt *interrupt)
{
    char line[ANSWER_MAX + 1];
    enum launch_answer answer;

    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    answer = read_line(interrupt, line);
    if (answer != LAUNCH_ANSWER_NO)
        fputc('\n', stderr);
    else if (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0)
        answer = LAUNCH_ANSWER_YES;
    return answer;
}
