#include "failing-step.h"

#include <string.h>

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_hook(const char *step)
{
    return begins_with(step, "\"before ") || begins_with(step, "\"after ");
}

/* The title stands in quotes at the end. */
static bool is_hook_for(const char *hook, const char *title)
{
    static const char before[] = " for \"";
    size_t length = strlen(title), tail = strlen(before) + length + 1;
    size_t hook_length = strlen(hook);

    return is_hook(hook) && hook_length > tail && hook[hook_length - 1] == '"' &&
           begins_with(hook + hook_length - tail, before) &&
           memcmp(hook + hook_length - 1 - length, title, length) == 0;
}

static bool are_two_forms_of_a_hook(const char *bracketed, const char *quoted)
{
    return (begins_with(bracketed, "[[ before all ") && begins_with(quoted, "\"before all\" ")) ||
           (begins_with(bracketed, "[[ after all ") && begins_with(quoted, "\"after all\" "));
}

static bool is_other_name_of(const char *step, const char *other)
{
    return is_hook_for(step, other) || are_two_forms_of_a_hook(step, other);
}

bool failing_step_is_same(const char *step, const char *other)
{
    return strcmp(step, other) == 0 || is_other_name_of(step, other) ||
           is_other_name_of(other, step);
}
