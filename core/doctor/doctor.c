#include "doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "config-call.h"
#include "render-escape.h"
#include "render-secret.h"
#include "shell-word.h"

void doctor_report_init(struct doctor_report *report)
{
    *report = (struct doctor_report){0};
    obstack_init(&report->memory);
}

void doctor_report_clear(struct doctor_report *report)
{
    free(report->rows);
    free(report->arguments);
    config_call_clear(&report->call);
    obstack_free(&report->memory, NULL);
}

/* ---- adding rows */

/* On one line, without what could harm a terminal or be a secret. */
static const char *clean(struct doctor_report *report, const char *foreign)
{
    return secret_mask(&report->memory, escape_line(&report->memory, foreign));
}

static struct doctor_row *add(struct doctor_report *report, const char *id, const char *subject,
                              const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static struct doctor_row *add(struct doctor_report *report, const char *id, const char *subject,
                              const char *format, va_list arguments)
{
    CLEANUP_FREE char *found = memory_vformat(format, arguments);
    struct doctor_row *row;

    memory_grow(&report->rows, report->count, &report->capacity, sizeof(*report->rows));
    row = &report->rows[report->count++];
    *row = (struct doctor_row){
        .id = id,
        .subject = subject ? clean(report, subject) : NULL,
        .level = DOCTOR_OK,
        .looked = true,
        .found = clean(report, found),
    };
    return row;
}

/* A secret in a command would have been typed by somebody; what is masked no longer mends. */
static const char *command(struct doctor_report *report, const char *cure)
{
    return cure ? escape_line(&report->memory, cure) : NULL;
}

void doctor_ok(struct doctor_report *report, const char *id, const char *subject,
               const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(report, id, subject, format, arguments);
    va_end(arguments);
}

void doctor_problem(struct doctor_report *report, enum doctor_level level, const char *id,
                    const char *subject, const char *cure, const char *format, ...)
{
    struct doctor_row *row;
    va_list arguments;

    va_start(arguments, format);
    row = add(report, id, subject, format, arguments);
    va_end(arguments);
    row->level = level;
    row->cure = command(report, cure);
}

void doctor_unseen(struct doctor_report *report, const char *id, const char *subject,
                   const char *cure, const char *format, ...)
{
    struct doctor_row *row;
    va_list arguments;

    va_start(arguments, format);
    row = add(report, id, subject, format, arguments);
    va_end(arguments);
    row->level = DOCTOR_WARN;
    row->looked = false;
    row->cure = command(report, cure);
}

const char *doctor_text(struct doctor_report *report, const char *format, ...)
{
    va_list arguments;
    CLEANUP_FREE char *text = NULL;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    return memory_string_in(&report->memory, text);
}

const char *doctor_word(struct doctor_report *report, const char *word)
{
    CLEANUP_FREE char *text = shell_word(word);

    return memory_string_in(&report->memory, text);
}

const char *doctor_command(struct doctor_report *report, const char *format, ...)
{
    CLEANUP_FREE char *words = NULL, *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    words = memory_vformat(format, arguments);
    va_end(arguments);
    text = config_call_command(&report->call, "%s", words);
    return memory_string_in(&report->memory, text);
}

const char *doctor_as_root(struct doctor_report *report, const char *format, ...)
{
    CLEANUP_FREE char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    return doctor_text(report, "%s%s", report->is_root ? "" : "sudo ", text);
}

const char *doctor_again_as_root(struct doctor_report *report)
{
    if (report->is_root)
        return NULL;
    return doctor_as_root(
        report, "%s",
        doctor_command(report, "doctor%s", report->arguments ? report->arguments : ""));
}

/* Of one that is not there, its folder decides. */
static bool is_closed(const char *file)
{
    CLEANUP_FREE char *folder = memory_string(file);
    char *slash = strrchr(folder, '/');

    if (access(file, W_OK) == 0)
        return false;
    if (errno != ENOENT || !slash)
        return errno == EACCES;
    slash[slash == folder] = '\0';
    return access(folder, W_OK) < 0 && errno == EACCES;
}

const char *doctor_edit(struct doctor_report *report, const char *file, int line)
{
    const char *word = doctor_word(report, file), *editor = report->editor ? report->editor : "vi";

    if (!report->is_root && is_closed(file))
        return doctor_text(report, "sudoedit %s", word);
    return line > 0 ? doctor_text(report, "${EDITOR:-%s} +%d %s", editor, line, word)
                    : doctor_text(report, "${EDITOR:-%s} %s", editor, word);
}

/* ---- what they amount to */

enum doctor_level doctor_worst(const struct doctor_report *report)
{
    enum doctor_level worst = DOCTOR_OK;

    for (size_t i = 0; i < report->count; i++)
        if (report->rows[i].level > worst)
            worst = report->rows[i].level;
    return worst;
}

const char *doctor_level_name(enum doctor_level level)
{
    static const char *const names[] = {"ok", "warn", "bad"};

    return names[level];
}

size_t doctor_count(const struct doctor_report *report, enum doctor_level level)
{
    size_t count = 0;

    for (size_t i = 0; i < report->count; i++)
        count += report->rows[i].level == level;
    return count;
}
