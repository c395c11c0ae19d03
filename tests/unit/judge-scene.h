/*
 * A scene for the judge: a small ledger built record by record, as collectors would, and judged.
 * Times are seconds after the start of the run's window.
 */
#ifndef ATVM_TESTS_JUDGE_SCENE_H
#define ATVM_TESTS_JUDGE_SCENE_H

#include "judge.h"

#define SCENE_START INT64_C(1776327600)

struct scene {
    struct ledger *ledger;
    struct ledger_reader *reader;
    struct policy policy;
    int64_t now; /* seconds after the start */
    struct verdict *verdict;
};

/* A plain run "build" that asked for the given hosts (NULL-terminated list), an hour in; no source
 * yet, no look at the processes yet. */
void scene_open(struct scene *scene, const char *const *hosts);
void scene_close(struct scene *scene);

/* The process table was looked at; runner: pid of a live one, 0: none. */
void scene_processes(struct scene *scene, int runner);

/* What the last pass of a collector amounted to: "complete", "again" ... */
void scene_pass(struct scene *scene, const char *collector, const char *result);

/* Opens a source; mtime in seconds. `stem` may be NULL. */
void scene_source(struct scene *scene, const char *collector, const char *kind, const char *path,
                  const char *stem, int mtime);
/* The same of an artifact of `kind` (which its collector is named after) that has a time in its
 * name.
 */
void scene_named_source(struct scene *scene, const char *kind, const char *path, const char *stem,
                        int mtime, int name_time);
/* Adds a record to it: printf of the JSON members after "t", such as "\"claim\":\"fact\",…". */
void scene_record(struct scene *scene, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A HOST_RESULT with its counts; skipped and pending 0. */
void scene_result(struct scene *scene, const char *host, const char *basis, const char *form,
                  const char *outcome, int passed, int failed);
void scene_end(struct scene *scene, const char *quality);
/* A damaged source that is no file: a link, a FIFO. */
void scene_refused(struct scene *scene, const char *collector, const char *kind, const char *path,
                   const char *stem, int mtime);

/* The log of a whole plain run: specPattern, each host begun with a closed box, their rows, totals,
 * recorded run and confirmation. outcomes: 'p' or 'f' for each host, '-' for no row. */
void scene_whole_log(struct scene *scene, const char *const *hosts, const char *outcomes);
/* Opens a part of the run log: each inode is a file of its own, the earlier ones are retired. */
void scene_log_part(struct scene *scene, int inode, int mtime);
/* A row of the table of a batch: two tests, outcome "pass" or "fail". */
void scene_row(struct scene *scene, const char *host, const char *outcome, int batch);
/* A bookkeeping XML named after `scope` (NULL: hash-named). */
void scene_bookkeeping(struct scene *scene, const char *scope, int mtime);
/* A junit file of a host with n passed and m failed tests. */
void scene_junit(struct scene *scene, const char *host, int passed, int failed, int mtime);

/* Judges (again). */
const struct verdict *scene_judge(struct scene *scene);
/* The host in any scope; fails the test where there is none. */
const struct host_verdict *scene_host(struct scene *scene, const char *host);

#endif
