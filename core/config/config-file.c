/* libconfig's tree becomes ours; nothing else knows libconfig (the API of version 1.5). */
#include "config-reading.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "module-folder.h"

/* A configuration takes a few KiB. */
#define FILE_SIZE_MAX (1024 * 1024)

/* ---- text ---- */

/* Opened without waiting and looked at before it is read: a FIFO or a device never ends. -1: a
 * problem was added. */
static int open_file(struct config_reading *reading, const char *path, size_t *ret_size)
{
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    if (descriptor < 0 || fstat(descriptor, &status) < 0)
        config_add_problem(&reading->problems, path, 0,
                           "cannot be read: %s; check the path and its permissions",
                           strerror(errno));
    else if (!S_ISREG(status.st_mode) || status.st_size > FILE_SIZE_MAX)
        config_add_problem(&reading->problems, path, 0,
                           "is no regular file of at most %d bytes; name a configuration file",
                           FILE_SIZE_MAX);
    else {
        *ret_size = (size_t)status.st_size;
        return take_descriptor(&descriptor);
    }
    return -1;
}

/* The whole text; free it. NULL: a problem was added. */
static char *read_text(struct config_reading *reading, const char *path)
{
    size_t size = 0, length = 0;
    CLEANUP_CLOSE int descriptor = open_file(reading, path, &size);
    CLEANUP_FREE char *text = memory_zeroed(size + 1, 1);
    ssize_t count = 1;

    if (descriptor < 0)
        return NULL;
    while (length < size && count > 0) {
        count = read(descriptor, text + length, size - length);
        length += count > 0 ? (size_t)count : 0;
    }
    if (count < 0)
        config_add_problem(&reading->problems, path, 0, "cannot be read: %s", strerror(errno));
    else if (strlen(text) != length)
        config_add_problem(&reading->problems, path, 0,
                           "holds a NUL byte; name a configuration file");
    else
        return TAKE_POINTER(text);
    return NULL;
}

/* ---- from libconfig's tree to ours ---- */

struct copying {
    struct config_reading *reading;
    const char *path;      /* the top file */
    struct name_list seen; /* files whose numbers were checked */
};

/* The file as a path from here: libconfig knows the top file only as a text (NULL), and others as
 * they stand in @include. In the reading's memory. */
static const char *source_path(struct obstack *memory, const char *path, const char *source)
{
    const char *slash = strrchr(path, '/');

    if (!source)
        return memory_string_in(memory, path);
    if (*source == '/' || !slash)
        return memory_string_in(memory, source);
    return memory_format_in(memory, "%.*s%s", (int)(slash + 1 - path), path, source);
}

static void check_numbers_of(struct copying *copying, const char *file)
{
    CLEANUP_FREE char *text = NULL;

    for (size_t i = 0; i < copying->seen.count; i++) {
        if (strcmp(copying->seen.names[i], file) == 0)
            return;
    }
    name_list_add(&copying->seen, file);
    text = read_text(copying->reading, file);
    if (text)
        config_check_integers(copying->reading, file, text);
}

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
static void copy_tree(struct copying *copying, const config_setting_t *setting, struct written *ret)
{
    struct obstack *memory = &copying->reading->memory;
    const char *file = source_path(memory, copying->path, config_setting_source_file(setting));

    check_numbers_of(copying, file);
    *ret = (struct written){
        .type = type_of(setting),
        .name = memory_string_in(memory, config_setting_name(setting)),
        .file = file,
        .line = (int)config_setting_source_line(setting),
    };
    copy_value(memory, setting, ret);
    if (ret->type != WRITTEN_GROUP && ret->type != WRITTEN_LIST)
        return;
    ret->count = (size_t)config_setting_length(setting);
    ret->items = obstack_alloc(memory, (int)((ret->count + 1) * sizeof(*ret->items)));
    for (size_t i = 0; i < ret->count; i++)
        copy_tree(copying, config_setting_get_elem(setting, (unsigned)i), &ret->items[i]);
}

static const struct written *copy_root(struct config_reading *reading, const char *path,
                                       const config_t *parsed)
{
    struct written *root = obstack_alloc(&reading->memory, (int)sizeof(*root));
    struct copying copying = {reading, path, {0}};

    copy_tree(&copying, config_root_setting(parsed), root);
    name_list_free(&copying.seen);
    return root;
}

/* ---- parsing ---- */

/* Line `number` (from 1) of a file's text, without the blanks around it; free it. */
static char *line_of(const char *text, int number)
{
    size_t length;

    for (int i = 1; i < number && *text; i++) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    text += strspn(text, " \t");
    length = strcspn(text, "\r\n");
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return memory_format("%.*s", (int)length, text);
}

/* text: of the file at path, which may include others. */
static void report_syntax(struct config_reading *reading, const char *path, const char *text,
                          const config_t *parsed)
{
    const char *file = source_path(&reading->memory, path, config_error_file(parsed));
    const char *error = config_error_text(parsed);
    int line = config_error_line(parsed);
    CLEANUP_FREE char *written = strcmp(file, path) == 0 ? line_of(text, line) : NULL;

    if (error && strstr(error, "include"))
        config_add_problem(&reading->problems, file, line,
                           "%s%s%s; its path counts from the folder of the file that includes it",
                           error, written ? ": " : "", written ? written : "");
    else if (error && strstr(error, "duplicate"))
        config_add_problem(&reading->problems, file, line, "%s; remove one of the two", error);
    else
        config_add_problem(&reading->problems, file, line,
                           "%s; look for a missing quote, comma, semicolon or bracket in this line "
                           "or the one before (an open quote may stand further up)",
                           error ? error : "syntax error");
}

static const struct written *parse(struct config_reading *reading, const char *path,
                                   const char *text)
{
    CLEANUP_FREE char *folder = memory_string(path);
    const struct written *root = NULL;
    char *slash = strrchr(folder, '/');
    config_t parsed;

    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    config_init(&parsed);
    config_set_include_dir(&parsed, slash ? folder : ".");
    if (config_read_string(&parsed, text))
        root = copy_root(reading, path, &parsed);
    else
        report_syntax(reading, path, text, &parsed);
    config_destroy(&parsed);
    return root;
}

const struct written *written_read_file(struct config_reading *reading, const char *path)
{
    CLEANUP_FREE char *text = read_text(reading, path);

    return text ? parse(reading, path, text) : NULL;
}
