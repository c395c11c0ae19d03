#include "build-process.h"

#include <stdio.h>
#include <string.h>

/* Longest chain of parents that is followed; a table read while processes come and go could hold a
 * circle. */
#define ANCESTORS_LIMIT 1000

static const char build_id_option[] = "--ci-build-id";

/* ---------------------------------------------------------------- arguments and words */

/* The argument after `argument` (NULL: the first); NULL: there is none. */
static const char *next_argument(const struct process *process, const char *argument)
{
    const char *next = argument ? argument + strlen(argument) + 1 : process->arguments;

    return next && next < process->arguments + process->arguments_length ? next : NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The script among the arguments, as it is called in the search; NULL: none. */
static const char *find_script(const struct build_search *search, const struct process *process)
{
    const char *argument = NULL;

    while ((argument = next_argument(process, argument)))
        for (size_t i = 0; i < search->script_count; i++)
            if (strcmp(base_name(argument), search->scripts[i]) == 0)
                return search->scripts[i];
    return NULL;
}

/* "BUILD" or "--option=BUILD". */
static bool is_build_argument(const char *argument, const char *build)
{
    const char *value = argument[0] == '-' ? strchr(argument, '=') : NULL;

    return strcmp(value ? value + 1 : argument, build) == 0;
}

static bool has_build_argument(const struct build_search *search, const struct process *process)
{
    const char *argument = NULL;

    while ((argument = next_argument(process, argument)))
        if (is_build_argument(argument, search->build))
            return true;
    return false;
}

/* A word of the command line: arguments may hold several, for a process title is one argument. */
struct word {
    const char *start;
    size_t length;
};

static bool next_word(const struct process *process, struct word *word)
{
    const char *end = process->arguments + process->arguments_length;
    const char *at = word->start ? word->start + word->length : process->arguments;

    while (at && at < end && (*at == ' ' || *at == '\0'))
        at++;
    if (!at || at >= end)
        return false;
    word->start = at;
    word->length = strcspn(at, " ");
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the word names the build, or (in a categorized run) one of its sub-runs. */
static bool names_build(const struct build_search *search, struct word word)
{
    size_t build_length = strlen(search->build);

    if (word.length < build_length || memcmp(word.start, search->build, build_length) != 0)
        return false;
    if (word.length == build_length)
        return true;
    if (!search->categorized || word.start[build_length] != '-' || word.length == build_length + 1)
        return false;
    for (size_t i = build_length + 1; i < word.length; i++)
        if (!is_letter(word.start[i]))
            return false;
    return true;
}

/* The word after --ci-build-id (or after its '='), where that names the build. */
static bool find_build_id(const struct build_search *search, const struct process *process,
                          struct word *ret)
{
    const size_t option_length = strlen(build_id_option);
    struct word word = {NULL, 0};
    bool after_option = false;

    while (next_word(process, &word)) {
        bool is_option =
            word.length >= option_length && memcmp(word.start, build_id_option, option_length) == 0;

        *ret = word;
        if (is_option && word.length > option_length && word.start[option_length] == '=') {
            ret->start += option_length + 1;
            ret->length -= option_length + 1;
            if (names_build(search, *ret))
                return true;
        }
        if (after_option && names_build(search, word))
            return true;
        after_option = is_option && word.length == option_length;
    }
    return false;
}

/* ---------------------------------------------------------------- decisions */

static bool is_defunct(const struct process *process)
{
    return process->state == 'Z' || process->state == 'X' || process->state == 'x';
}

static bool is_program(const struct process *process, const char *const *names)
{
    const char *program = next_argument(process, NULL);

    for (; program && *names; names++)
        if (strcmp(base_name(program), *names) == 0)
            return true;
    return false;
}

static bool is_watcher(const struct process *process)
{
    static const char *const names[] = {"atvm-watcher", NULL};

    return is_program(process, names);
}

/* Programs that keep the command they were given in their own command line although it runs
 * elsewhere; the tmux server also outlives it. */
static bool only_holds_a_command(const struct process *process)
{
    static const char *const names[] = {"tmux", "screen", "SCREEN", "ssh", "sshpass", NULL};

    return is_program(process, names);
}

static bool is_runner_of_any_build(const struct build_search *search, const struct process *process)
{
    return !is_watcher(process) && !only_holds_a_command(process) && find_script(search, process);
}

static bool is_runner(const struct build_search *search, const struct process *process)
{
    return is_runner_of_any_build(search, process) && has_build_argument(search, process);
}

/* Whose descendant it is: RUNNER of this build, CHILD of another build's runner, NONE. */
static enum build_process_form ancestry(const struct build_search *search,
                                        const struct process_table *table,
                                        const struct process *process)
{
    enum build_process_form found = BUILD_PROCESS_NONE;

    for (unsigned i = 0; i < ANCESTORS_LIMIT; i++) {
        process = process_table_find(table, process->parent_pid);
        if (!process)
            break;
        if (is_runner(search, process))
            return BUILD_PROCESS_RUNNER;
        /* `vim run-sorry-cypress.py` in between proves nothing: go on to the outermost. */
        if (is_runner_of_any_build(search, process))
            found = BUILD_PROCESS_CHILD;
    }
    return found;
}

enum build_process_form build_process_form_of(const struct build_search *search,
                                              const struct process_table *table,
                                              const struct process *process)
{
    enum build_process_form ancestor = ancestry(search, table, process);
    struct word unused;

    if (is_watcher(process))
        return BUILD_PROCESS_NONE;
    if (ancestor == BUILD_PROCESS_RUNNER)
        return is_defunct(process) ? BUILD_PROCESS_DEFUNCT : BUILD_PROCESS_CHILD;
    if (is_runner(search, process))
        return is_defunct(process) ? BUILD_PROCESS_DEFUNCT : BUILD_PROCESS_RUNNER;
    if (ancestor == BUILD_PROCESS_NONE && find_build_id(search, process, &unused))
        return is_defunct(process) ? BUILD_PROCESS_DEFUNCT : BUILD_PROCESS_CHILD;
    return BUILD_PROCESS_NONE;
}

const char *build_process_form_name(enum build_process_form form)
{
    switch (form) {
    case BUILD_PROCESS_RUNNER:
        return "runner";
    case BUILD_PROCESS_CHILD:
        return "child";
    case BUILD_PROCESS_DEFUNCT:
        return "defunct";
    case BUILD_PROCESS_NONE:
        break;
    }
    return NULL;
}

/* The program's base name: the first word of the command line, since a title is one argument. */
static struct word program_of(const struct process *process)
{
    struct word word = {NULL, 0};

    if (!next_word(process, &word))
        return (struct word){process->name, strlen(process->name)};
    for (size_t i = word.length; i > 0; i--)
        if (word.start[i - 1] == '/')
            return (struct word){word.start + i, word.length - i};
    return word;
}

static bool is_word(struct word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.start, text, word.length) == 0;
}

static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

void build_process_describe(const struct build_search *search, const struct process *process,
                            char *text, size_t size)
{
    struct word program = program_of(process);
    const char *script = is_runner(search, process) ? find_script(search, process) : NULL;
    struct word build_id;

    if (script && !is_word(program, script))
        snprintf(text, size, "%.*s %s", (int)program.length, program.start, script);
    else if (!script && find_build_id(search, process, &build_id))
        snprintf(text, size, "%.*s %s %.*s", (int)program.length, program.start, build_id_option,
                 (int)build_id.length, build_id.start);
    else
        snprintf(text, size, "%.*s", (int)program.length, program.start);
    make_printable(text);
}
