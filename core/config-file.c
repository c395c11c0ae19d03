/* libconfig's tree becomes ours; nothing else knows libconfig (the API of version 1.5). */
#include "config-reading.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

/* A configuration takes a few KiB. */
#define FILE_SIZE_MAX (1024 * 1024)

static enum written_type type_of(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return WRITTEN_GROUP;
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_ARRAY:
        return WRITTEN_LIST;
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return WRITTEN_INTEGER;
    case CONFIG_TYPE_BOOL:
        return WRITTEN_BOOLEAN;
    case CONFIG_TYPE_FLOAT:
        return WRITTEN_REAL;
    default:
        return WRITTEN_STRING;
    }
}

static void copy_value(struct obstack *memory, const config_setting_t *setting, struct written *ret)
{
    switch (ret->type) {
    case WRITTEN_STRING:
        ret->string = memory_string_in(memory, config_setting_get_string(setting));
        break;
    case WRITTEN_INTEGER:
        ret->integer = config_setting_get_int64(setting);
        break;
    case WRITTEN_BOOLEAN:
        ret->integer = config_setting_get_bool(setting);
        break;
    default:
        break;
    }
}

/* As deep as libconfig's own parser went, whose stack is bounded. */
static void copy_tree(struct obstack *memory, const char *path, const config_setting_t *setting,
                      struct written *ret)
{
    const char *file = config_setting_source_file(setting);

    *ret = (struct written){
        .type = type_of(setting),
        .name = memory_string_in(memory, config_setting_name(setting)),
        .file = memory_string_in(memory, file ? file : path),
        .line = (int)config_setting_source_line(setting),
    };
    copy_value(memory, setting, ret);
    if (ret->type != WRITTEN_GROUP && ret->type != WRITTEN_LIST)
        return;
    ret->count = (size_t)config_setting_length(setting);
    ret->items = obstack_alloc(memory, (int)((ret->count + 1) * sizeof(*ret->items)));
    for (size_t i = 0; i < ret->count; i++)
        copy_tree(memory, path, config_setting_get_elem(setting, (unsigned)i), &ret->items[i]);
}

/* Opened without waiting and looked at before it is read: a FIFO or a device never ends. NULL: a
 * problem was added. */
static FILE *open_file(struct config_reading *reading, const char *path)
{
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    FILE *file;

    if (descriptor < 0 || fstat(descriptor, &status) < 0) {
        config_add_problem(&reading->problems, path, 0,
                           "cannot be read: %s; check the path and its permissions",
                           strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > FILE_SIZE_MAX) {
        config_add_problem(&reading->problems, path, 0,
                           "is no regular file of at most %d bytes; name a configuration file",
                           FILE_SIZE_MAX);
        return NULL;
    }
    file = fdopen(descriptor, "r");
    if (file)
        take_descriptor(&descriptor);
    else
        config_add_problem(&reading->problems, path, 0, "cannot be read: %s", strerror(errno));
    return file;
}

static void report_syntax(struct config_reading *reading, const char *path, const config_t *parsed)
{
    const char *file = config_error_file(parsed), *text = config_error_text(parsed);

    config_add_problem(&reading->problems, file ? file : path, config_error_line(parsed),
                       "%s; look for a missing quote, comma, semicolon or bracket in this line or "
                       "the one before, and for a name given twice",
                       text ? text : "syntax error");
}

static const struct written *parse(struct config_reading *reading, const char *path, FILE *file)
{
    CLEANUP_FREE char *folder = memory_string(path);
    char *slash = strrchr(folder, '/');
    struct written *root = NULL;
    config_t parsed;

    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    config_init(&parsed);
    config_set_include_dir(&parsed, slash ? folder : ".");
    if (config_read(&parsed, file)) {
        root = obstack_alloc(&reading->memory, (int)sizeof(*root));
        copy_tree(&reading->memory, path, config_root_setting(&parsed), root);
    } else {
        report_syntax(reading, path, &parsed);
    }
    config_destroy(&parsed);
    return root;
}

const struct written *written_read_file(struct config_reading *reading, const char *path)
{
    CLEANUP_FILE FILE *file = open_file(reading, path);

    return file ? parse(reading, path, file) : NULL;
}
