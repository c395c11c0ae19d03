#include "config-reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "nearest-name.h"

char *config_place(const char *file, int line)
{
    return line > 0 ? memory_format("%s:%d", file, line) : memory_string(file);
}

void config_add_problem(char **problems, const char *file, int line, const char *format, ...)
{
    CLEANUP_FREE char *place = config_place(file, line), *text = NULL, *earlier = *problems;
    va_list arguments;

    va_start(arguments, format);
    text = memory_vformat(format, arguments);
    va_end(arguments);
    *problems =
        memory_format("%s%s%s: %s", earlier ? earlier : "", earlier ? "\n" : "", place, text);
}

const struct written *written_item(const struct written *group, const char *name)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->items[i].name && strcmp(group->items[i].name, name) == 0)
            return &group->items[i];
    }
    return NULL;
}

const char *written_type_name(const struct written *written)
{
    static const char *const names[] = {
        [WRITTEN_GROUP] = "a group { … }",   [WRITTEN_LIST] = "a list",
        [WRITTEN_STRING] = "a string",       [WRITTEN_INTEGER] = "a number",
        [WRITTEN_BOOLEAN] = "true or false", [WRITTEN_REAL] = "a number with a fraction",
    };

    return names[written->type];
}

bool written_is_group(struct config_reading *reading, const struct written *written,
                      const char *what)
{
    if (written->type == WRITTEN_GROUP)
        return true;
    config_problem(reading, written, "%s: expected a group { … }, got %s", what,
                   written_type_name(written));
    return false;
}

bool written_is_list(struct config_reading *reading, const struct written *written,
                     const char *what)
{
    if (written->type == WRITTEN_LIST && written->count > 0)
        return true;
    if (written->type == WRITTEN_LIST)
        config_problem(reading, written,
                       "%s: expected at least one element, got an empty list; fill it, or remove "
                       "the setting to get the default",
                       what);
    else
        config_problem(reading, written, "%s: expected a list, got %s", what,
                       written_type_name(written));
    return false;
}

bool written_is_string(struct config_reading *reading, const struct written *written,
                       const char *what)
{
    if (written->type == WRITTEN_STRING && *written->string)
        return true;
    config_problem(reading, written, "%s: expected a string in quotes, got %s", what,
                   written->type == WRITTEN_STRING ? "an empty one" : written_type_name(written));
    return false;
}

bool written_is_string_list(struct config_reading *reading, const struct written *written,
                            const char *what)
{
    bool good = written_is_list(reading, written, what);

    for (size_t i = 0; good && i < written->count; i++)
        good = written_is_string(reading, &written->items[i], what);
    return good;
}

void written_check_names(struct config_reading *reading, const struct written *group,
                         const char *const *names, size_t count, const char *what)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct written *item = &group->items[i];
        CLEANUP_FREE char *advice = NULL;
        size_t known = 0;

        while (known < count && strcmp(names[known], item->name) != 0)
            known++;
        if (known < count)
            continue;
        advice = nearest_name_advice(item->name, names, count, "known here");
        config_problem(reading, item, "%s%sunknown setting \"%s\"; %s", what ? what : "",
                       what ? ": " : "", item->name, advice);
    }
}

void config_texts_clear(struct config_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->texts[i]);
    free(texts->texts);
    *texts = (struct config_texts){0};
}

void config_texts_set(struct config_texts *texts, const char *const *values, size_t count)
{
    config_texts_clear(texts);
    texts->texts = memory_zeroed(count, sizeof(*texts->texts));
    texts->count = count;
    for (size_t i = 0; i < count; i++)
        texts->texts[i] = memory_string(values[i]);
}

void written_take_texts(struct config_reading *reading, const struct written *list,
                        const char *what, struct config_texts *texts)
{
    bool is_empty = list->type == WRITTEN_LIST && list->count == 0;

    if (!is_empty && !written_is_string_list(reading, list, what))
        return;
    config_texts_clear(texts);
    texts->texts = memory_zeroed(list->count, sizeof(*texts->texts));
    texts->count = list->count;
    for (size_t i = 0; i < list->count; i++)
        texts->texts[i] = memory_string(list->items[i].string);
}

struct json_object *written_strings_to_json(const struct written *list)
{
    struct json_object *array = json_object_new_array();

    for (size_t i = 0; i < list->count; i++)
        json_object_array_add(array, json_object_new_string(list->items[i].string));
    return array;
}

char *config_with_build(const char *text, const char *build)
{
    char *result = NULL;
    size_t length;
    FILE *stream;

    if (!build || !strstr(text, "%b"))
        return memory_string(text);
    stream = open_memstream(&result, &length);
    if (!stream)
        abort(); /* out of memory, as in memory.h */
    for (const char *mark; (mark = strstr(text, "%b")); text = mark + strlen("%b"))
        fprintf(stream, "%.*s%s", (int)(mark - text), text, build);
    fputs(text, stream);
    if (fclose(stream) != 0)
        abort();
    return result;
}

static struct json_object *string_with_build(struct json_object *string, const char *build)
{
    CLEANUP_FREE char *text = config_with_build(json_object_get_string(string), build);

    return json_object_new_string(text);
}

void config_json_with_build(struct json_object *object, const char *build)
{
    json_object_iter item;

    if (json_object_is_type(object, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(object); i++) {
            struct json_object *element = json_object_array_get_idx(object, i);

            if (json_object_is_type(element, json_type_string))
                json_object_array_put_idx(object, i, string_with_build(element, build));
        }
        return;
    }
    json_object_object_foreachC(object, item)
    {
        if (json_object_is_type(item.val, json_type_string))
            json_object_object_add(object, item.key, string_with_build(item.val, build));
        else if (json_object_is_type(item.val, json_type_array))
            config_json_with_build(item.val, build);
    }
}
