/*
 * What `doctor` finds: rows, each with a stable id, what was found and, unless it is well, what
 * mends it (doc/doctor.md lists the ids and gives the JSON). The checks stand one file a group; in
 * each the looking (I/O) is apart from what the facts amount to (pure).
 *
 * A row never says "ok" about what was not looked at.
 */
#ifndef ATVM_CORE_DOCTOR_H
#define ATVM_CORE_DOCTOR_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "memory.h"

/* From best to worst. */
enum doctor_level {
    DOCTOR_OK,
    DOCTOR_WARN, /* it works, or nobody could look; somebody should see to it */
    DOCTOR_BAD   /* a run would not be watched, judged or posted as it should */
};

/* Strings live as long as the report; `found`, `subject` and `cure` are one line each, without what
 * could harm a terminal or be a secret. */
struct doctor_row {
    const char *id;      /* "group.check", never changes its meaning */
    const char *subject; /* which of several of this id: a path, a build …; NULL: there is one */
    enum doctor_level level;
    bool looked; /* false: it could not look, and knows nothing */
    const char *found;
    const char *cure; /* a command for the shell, or several; NULL: nothing needs to be done */
};

struct doctor_report {
    struct doctor_row *rows; /* in the order in which they were added */
    size_t count, capacity;
    struct obstack memory;
    /* For cures; all zero after doctor_report_init: another user than root, the default
       configuration. */
    bool is_root;            /* whoever asks */
    struct config_call call; /* owned */
    char *arguments;         /* of this doctor, each with a blank before it; owned; NULL: none */
    const char *editor;      /* that is there, if the operator has chosen none; NULL: "vi" */
};

void doctor_report_init(struct doctor_report *report);
void doctor_report_clear(struct doctor_report *report);

/* ---- adding rows. id: a constant; subject: copied; NULL: none */

void doctor_ok(struct doctor_report *report, const char *id, const char *subject,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
/* level: DOCTOR_WARN or DOCTOR_BAD. `cure` is copied; NULL: what was found says what to do. */
void doctor_problem(struct doctor_report *report, enum doctor_level level, const char *id,
                    const char *subject, const char *cure, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* It could not look: a warning. */
void doctor_unseen(struct doctor_report *report, const char *id, const char *subject,
                   const char *cure, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A string of the report's, for subjects and cures. */
const char *doctor_text(struct doctor_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A word for a POSIX shell: in single quotes where it is not plain. The report's. */
const char *doctor_word(struct doctor_report *report, const char *word);

/* ---- commands that mend. The report's; for whoever asks, each can be pasted as it is */

/* One of this program, with the configuration that is looked at; the words are the shell's. */
const char *doctor_command(struct doctor_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What only root may do: with sudo, where somebody else asks. */
const char *doctor_as_root(struct doctor_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* This doctor once more, as root; NULL where root asked, who sees no more the next time. */
const char *doctor_again_as_root(struct doctor_report *report);

/* The command that opens a file in the operator's editor; for who may not write it, as root. At a
 * line unless that is 0, where the command can say so. The report's. */
const char *doctor_edit(struct doctor_report *report, const char *file, int line);

/* ---- what they amount to: pure */

/* DOCTOR_OK for no row. */
enum doctor_level doctor_worst(const struct doctor_report *report);
/* "ok", "warn", "bad". */
const char *doctor_level_name(enum doctor_level level);
size_t doctor_count(const struct doctor_report *report, enum doctor_level level);

struct doctor_text_style {
    bool colour;   /* ECMA-48 colours around the levels */
    bool problems; /* leave out what is ok */
};
/* The rows for people, grouped and aligned, with a last line that counts; free() it. */
char *doctor_report_text(const struct doctor_report *report, const struct doctor_text_style *style);

/* An object atvm.doctor/1 (doc/doctor.md); the caller owns it. build: what it was narrowed to;
 * NULL: all builds. */
struct json_object *doctor_report_json(const struct doctor_report *report, const char *build,
                                       int64_t now_ns);

#endif
