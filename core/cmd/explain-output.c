#include "explain-output.h"

#include <stdio.h>

#include "cleanup.h"
#include "nearest-name.h"

int explain_take_question(const struct command *command, const char *word, enum question *ret)
{
    CLEANUP_FREE char *advice = NULL;
    const char *names[QUESTION_COUNT];

    if (explain_question_from_name(word, ret))
        return COMMAND_OK;
    for (int question = 0; question < QUESTION_COUNT; question++)
        names[question] = question_name((enum question)question);
    advice = nearest_name_advice(word, names, QUESTION_COUNT, "questions");
    return command_usage_error(command, "--question %s: there is no such question; %s", word,
                               advice);
}

int explain_print(const struct command *command, const struct explain *explain, bool as_json)
{
    CLEANUP_FREE char *problem = explain_host_problem(explain);
    CLEANUP_FREE char *text = NULL;

    if (problem)
        return command_usage_error(command, "--host: %s", problem);
    text = as_json ? explain_json(explain) : explain_text(explain);
    fputs(text, stdout);
    return COMMAND_OK;
}
