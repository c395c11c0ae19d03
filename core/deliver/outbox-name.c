/* What the files of the outbox are named after. */
#include "outbox-name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "durable-file.h"
#include "memory.h"

#define CORRECTION_WORD "correction-"

struct outbox_name outbox_name_of(const struct outbox_record *record)
{
    return (struct outbox_name){record->sink, record->message.scope, record->message.correction,
                                record->message.part};
}

/* "<scope>", "<scope>+correction-<n>", and for later parts "+<part>" at the end; the scope encoded.
 * '+' is encoded in scopes: "a.2" is not part 2 of "a". */
static char *base_name(const struct outbox_name *name)
{
    CLEANUP_FREE char *component = durable_component(name->scope);
    CLEANUP_FREE char *base = NULL;

    if (!component)
        return NULL;
    base = name->correction > 0
               ? memory_format("%s+" CORRECTION_WORD "%d", component, name->correction)
               : TAKE_POINTER(component);
    return name->part > 1 ? memory_format("%s+%d", base, name->part) : TAKE_POINTER(base);
}

char *outbox_name_path(const char *folder, const struct outbox_name *name, const char *ending)
{
    CLEANUP_FREE char *sink_component = durable_component(name->sink);
    CLEANUP_FREE char *base = base_name(name);

    if (!sink_component || !base)
        return NULL;
    return memory_format("%s/outbox/%s/%s%s", folder, sink_component, base, ending);
}

char *outbox_path(const char *folder, const struct outbox_record *record)
{
    const struct outbox_name name = outbox_name_of(record);

    return outbox_name_path(folder, &name, OUTBOX_RECORD_ENDING);
}

char *outbox_receipt_path(const char *folder, const struct outbox_record *record)
{
    const struct outbox_name name = outbox_name_of(record);
    CLEANUP_FREE char *ending = memory_format(".receipt-%d", record->attempt_count);

    return outbox_name_path(folder, &name, ending);
}

/* "quarantine/<sink>-<scope>"; '-' in the sink's name is encoded, so that two never share one. */
char *outbox_quarantine_path(const char *folder, const struct outbox_record *record)
{
    const struct outbox_name name = outbox_name_of(record);
    CLEANUP_FREE char *sink = durable_component(record->sink);
    CLEANUP_FREE char *base = base_name(&name);
    CLEANUP_FREE char *encoded = NULL;
    size_t length = 0;

    if (!sink || !base)
        return NULL;
    encoded = memory_allocate(3 * strlen(sink) + 1);
    for (const char *byte = sink; *byte; byte++) {
        if (*byte == '-')
            length += (size_t)sprintf(encoded + length, "%%2D");
        else
            encoded[length++] = *byte;
    }
    encoded[length] = '\0';
    return memory_format("%s/quarantine/%s-%s", folder, encoded, base);
}

/* A number as base_name writes it, from `minimum` on; moves *cursor behind it. */
static bool take_number(const char **cursor, long minimum, int32_t *ret)
{
    char *end;
    long number = strtol(*cursor, &end, 10);

    if (**cursor < '1' || **cursor > '9' || number < minimum || number > INT32_MAX)
        return false;
    *ret = (int32_t)number;
    *cursor = end;
    return true;
}

/* "", "+correction-<n>", "+<part>" or both. */
static bool take_suffix(const char *suffix, struct outbox_name *name)
{
    size_t word = strlen("+" CORRECTION_WORD);

    if (strncmp(suffix, "+" CORRECTION_WORD, word) == 0) {
        suffix += word;
        if (!take_number(&suffix, 1, &name->correction))
            return false;
    }
    if (*suffix == '+') {
        suffix++;
        if (!take_number(&suffix, 2, &name->part))
            return false;
    }
    return *suffix == '\0';
}

/* The name of a record's file -> its scope (free it) and numbers; NULL for any other file. */
char *outbox_name_of_file(const char *file, struct outbox_name *name)
{
    size_t length = strlen(file), ending = strlen(OUTBOX_RECORD_ENDING);
    CLEANUP_FREE char *base = NULL;
    char *plus;

    if (file[0] == '.' || length <= ending ||
        strcmp(file + length - ending, OUTBOX_RECORD_ENDING) != 0)
        return NULL;
    base = memory_format("%.*s", (int)(length - ending), file);
    plus = strchr(base, '+');
    if (plus && !take_suffix(plus, name))
        return NULL;
    if (plus)
        *plus = '\0';
    return durable_component_decode(base);
}

int outbox_name_refused(const char *folder, const char *sink, const char *scope, char **ret_error)
{
    *ret_error =
        memory_format("%s/outbox: no file can be named after sink '%s' and scope '%s': one "
                      "of them is empty or too long",
                      folder, sink, scope);
    return -ENAMETOOLONG;
}
