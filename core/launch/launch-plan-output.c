/* A plan as it is shown: to people, to programs, and as a digest that an approval can name. */
#include "launch-plan.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* ---------------------------------------------------------------- text */

struct plan_text {
    struct obstack *memory;
    FILE *stream;
    unsigned step;
};

static void print_command(struct plan_text *text, const char *what,
                          const struct launch_words *command)
{
    fprintf(text->stream, "  %u. %s:\n       %s\n", ++text->step, what,
            launch_words_text(text->memory, command));
}

static void print_steps(struct plan_text *text, const struct launch_plan *plan)
{
    fprintf(text->stream, "\nIn %s:\n", plan->working_directory);
    print_command(text, "the template command", &plan->template_command);
    fprintf(text->stream, "     its output goes to %s\n", plan->launch_log);
    fprintf(text->stream, "  %u. a check: each machine has a new spec, and stands in %s\n",
            ++text->step, plan->cypress_config);
    if (plan->watched)
        print_command(text, "the watcher", &plan->watcher_command);
    print_command(text, "the runner", &plan->runner_command);
    fprintf(text->stream, "     as the unit %s, its output goes to %s\n", plan->runner_unit,
            plan->runner_output ? plan->runner_output : "the journal");
}

static void print_list(FILE *stream, const char *head, const struct launch_words *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        fprintf(stream, "%s%s: %s\n", i == 0 ? "\n" : "", head, lines->words[i]);
}

static void print_added(FILE *stream, const struct launch_words *added)
{
    if (added->count > 0)
        fputs("\nAdded by default:", stream);
    for (size_t i = 0; i < added->count; i++)
        fprintf(stream, " %s", added->words[i]);
    if (added->count > 0)
        fputc('\n', stream);
}

static void print_excluded(FILE *stream, const struct launch_plan *plan)
{
    int width = 0;

    for (size_t i = 0; i < plan->excluded_count; i++)
        if ((int)strlen(plan->excluded[i].vm) > width)
            width = (int)strlen(plan->excluded[i].vm);
    if (plan->excluded_count > 0)
        fputs("\nLeft out, for they are on the blacklist:\n", stream);
    for (size_t i = 0; i < plan->excluded_count; i++)
        fprintf(stream, "  %-*s  %s\n", width, plan->excluded[i].vm, plan->excluded[i].reason);
}

char *launch_plan_text(struct obstack *memory, const struct launch_plan *plan)
{
    CLEANUP_FREE char *buffer = NULL;
    size_t length;
    struct plan_text text = {memory, open_memstream(&buffer, &length), 0};

    if (!text.stream)
        abort(); /* out of memory, as in memory.h */
    fprintf(text.stream, "%s: a %srun of the template %s%s%s%s\n", plan->build,
            plan->categorized ? "categorized " : "", plan->template_name,
            plan->plugin ? " with plugin " : "", plan->plugin ? plan->plugin : "",
            plan->watched ? "" : ", without a watcher");
    print_steps(&text, plan);
    print_added(text.stream, &plan->added);
    print_excluded(text.stream, plan);
    print_list(text.stream, "Note", &plan->notes);
    print_list(text.stream, "WARNING", &plan->confirmations);
    fprintf(text.stream, "\nThis plan is %s.\n", launch_plan_digest(memory, plan));
    if (fclose(text.stream) != 0)
        abort();
    return memory_string_in(memory, buffer);
}

/* ---------------------------------------------------------------- JSON */

static void add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *words_json(const struct launch_words *words)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < words->count; i++)
        json_object_array_add(array, json_object_new_string(words->words[i]));
    return array;
}

static struct json_object *excluded_json(const struct launch_plan *plan)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < plan->excluded_count; i++) {
        struct json_object *entry = json_object_new_object();

        add_text(entry, "vm", plan->excluded[i].vm);
        add_text(entry, "reason", plan->excluded[i].reason);
        json_object_array_add(array, entry);
    }
    return array;
}

/* All of the plan but its digest. */
static struct json_object *content_json(const struct launch_plan *plan)
{
    struct json_object *object = json_object_new_object();

    add_text(object, "schema", "atvm.launch/1");
    add_text(object, "build", plan->build);
    add_text(object, "template", plan->template_name);
    add_text(object, "plugin", plan->plugin);
    add_text(object, "mode", plan->categorized ? "categorized" : "single");
    add_text(object, "working_directory", plan->working_directory);
    add_text(object, "cypress_config", plan->cypress_config);
    add_text(object, "launch_log", plan->launch_log);
    json_object_object_add(object, "template_command", words_json(&plan->template_command));
    json_object_object_add(object, "watcher_command",
                           plan->watched ? words_json(&plan->watcher_command) : NULL);
    json_object_object_add(object, "runner_command", words_json(&plan->runner_command));
    add_text(object, "runner_unit", plan->runner_unit);
    add_text(object, "runner_output", plan->runner_output);
    json_object_object_add(object, "hosts", words_json(&plan->hosts));
    json_object_object_add(object, "broad", json_object_new_boolean(plan->broad));
    json_object_object_add(object, "added", words_json(&plan->added));
    json_object_object_add(object, "excluded", excluded_json(plan));
    json_object_object_add(object, "confirmations", words_json(&plan->confirmations));
    json_object_object_add(object, "notes", words_json(&plan->notes));
    return object;
}

/* FNV-1a, 64 bits (RFC 9923): it has to tell apart, not to protect. */
char *launch_plan_digest(struct obstack *memory, const struct launch_plan *plan)
{
    CLEANUP_JSON struct json_object *object = content_json(plan);
    uint64_t digest = UINT64_C(0xCBF29CE484222325);

    for (const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN); *text;
         text++)
        digest = (digest ^ (unsigned char)*text) * UINT64_C(0x00000100000001B3);
    return memory_format_in(memory, "%016" PRIx64, digest);
}

struct json_object *launch_plan_json(const struct launch_plan *plan)
{
    struct json_object *object = content_json(plan);
    struct obstack memory;

    obstack_init(&memory);
    add_text(object, "plan", launch_plan_digest(&memory, plan));
    obstack_free(&memory, NULL);
    return object;
}
