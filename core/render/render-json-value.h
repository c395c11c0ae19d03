/*
 * The values of our JSON documents (doc/report.md, doc/explain.md): clean text, times, numbers.
 * What is not known is null, which json-c writes for NULL. The caller owns the objects.
 */
#ifndef ATVM_CORE_RENDER_JSON_VALUE_H
#define ATVM_CORE_RENDER_JSON_VALUE_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

/* Names and titles: clean, else verbatim, because others compare them. */
struct json_object *json_value_name(const char *name);
/* Text of a log or about one: clean, without secrets; on one line, or as several. */
struct json_object *json_value_line(const char *text);
struct json_object *json_value_block(const char *text);
/* A whole number; -1 is null. */
struct json_object *json_value_count(int64_t count);
/* "2026-04-16T17:00:00.000Z" from nanoseconds since 1970; -1 is null. */
struct json_object *json_value_time(int64_t time_ns);
/* Seconds from nanoseconds, rounded to milliseconds; -1 is null. */
struct json_object *json_value_seconds(int64_t duration_ns);
/* An array of names. */
struct json_object *json_value_names(const char *const *list, size_t count);

#endif
