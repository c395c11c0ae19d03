/* Lines of /proc/PID/stat, each followed by a line with the command line of that process, and which
 * of these processes belong to a build. */
#include "build-process.h"
#include "expect.h"

#define PROCESSES_MAX 64

/* The next line without its newline, as a string, empty at the end of the input; free() it. */
static char *next_line(const uint8_t **at, const uint8_t *end, size_t *ret_length)
{
    const uint8_t *newline = memchr(*at, '\n', (size_t)(end - *at));
    char *line;

    *ret_length = (size_t)((newline ? newline : end) - *at);
    line = fuzz_allocate(*ret_length + 1);
    memcpy(line, *at, *ret_length);
    line[*ret_length] = '\0';
    *at = newline ? newline + 1 : end;
    return line;
}

static int compare_pids(const void *one, const void *other)
{
    int64_t a = ((const struct process *)one)->pid, b = ((const struct process *)other)->pid;

    return (a > b) - (a < b);
}

/* The command line holds a NUL after each argument, so the line itself may hold some. */
static void read_table(const uint8_t *data, size_t size, struct process_table *table)
{
    const uint8_t *at = data, *end = data + size;
    size_t length = 0;

    while (table->count < PROCESSES_MAX && at < end) {
        char *line = next_line(&at, end, &length);
        struct process process;
        bool good = process_parse_stat(line, &process);

        free(line);
        if (!good)
            continue;
        fuzz_expect(process.pid > 0 && strlen(process.name) < PROCESS_NAME_BYTES,
                    "a process has a pid and a short name");
        process.arguments = next_line(&at, end, &length);
        process.arguments_length = length + (length > 0);
        table->processes[table->count++] = process;
    }
    qsort(table->processes, table->count, sizeof(*table->processes), compare_pids);
}

static void expect_text(const char *text)
{
    for (; *text; text++)
        fuzz_expect(*text >= ' ' && *text <= '~', "what is shown is printable");
}

static void look_at(const struct process_table *table, bool categorized)
{
    static const char *const scripts[] = {"run-sorry-cypress.py"};
    const struct build_search search = {"e2e-redhat9.7-fc", categorized, scripts, 1};

    for (size_t i = 0; i < table->count; i++) {
        char text[200];

        build_process_form_name(build_process_form_of(&search, table, &table->processes[i]));
        build_process_describe(&search, &table->processes[i], text, sizeof(text));
        expect_text(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct process processes[PROCESSES_MAX];
    struct process_table table = {.processes = processes, .capacity = PROCESSES_MAX};

    if (size)
        read_table(data, size, &table);
    look_at(&table, false);
    look_at(&table, true);
    for (size_t i = 0; i < table.count; i++)
        free(processes[i].arguments);
    return 0;
}
