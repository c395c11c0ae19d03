#include "module-folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "memory.h"
#include "nearest-name.h"

#define ENDING ".so"

void name_list_add(struct name_list *list, const char *name)
{
    memory_grow(&list->names, list->count, &list->capacity, sizeof(*list->names));
    list->names[list->count++] = memory_string(name);
}

void name_list_free(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct name_list){0};
}

/* The folder this program's file lies in; free it. NULL: unknown (no /proc). */
static char *program_folder(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (length <= 0)
        return NULL;
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return memory_string(path);
}

static bool add_build_tree(struct name_list *folders)
{
    CLEANUP_FREE char *folder = program_folder();
    CLEANUP_FREE char *mark = memory_format("%s/config.status", folder ? folder : "");
    CLEANUP_FREE char *plugins = memory_format("%s/plugins/.libs", folder ? folder : "");
    CLEANUP_FREE char *sinks = memory_format("%s/sinks/.libs", folder ? folder : "");

    if (!folder || access(mark, F_OK) != 0)
        return false;
    name_list_add(folders, plugins);
    name_list_add(folders, sinks);
    return true;
}

void module_folders(struct name_list *ret_folders)
{
    const char *given = getenv("ATVM_WATCHER_MODULE_PATH");
    CLEANUP_FREE char *copy = memory_string(given ? given : "");
    char *rest = copy, *folder;

    *ret_folders = (struct name_list){0};
    while ((folder = strsep(&rest, ":"))) {
        if (*folder)
            name_list_add(ret_folders, folder);
    }
    if (!add_build_tree(ret_folders))
        name_list_add(ret_folders, MODULE_FOLDER);
}

char *module_name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = memory_string(slash ? slash + 1 : path);
    size_t length = strlen(name);

    if (length > strlen(ENDING) && strcmp(name + length - strlen(ENDING), ENDING) == 0)
        name[length - strlen(ENDING)] = '\0';
    return name;
}

static bool is_regular_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int is_module_name(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > strlen(ENDING) && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + length - strlen(ENDING), ENDING) == 0;
}

static int by_bytes(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static bool has_file_named(const struct name_list *files, const char *file_name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(strrchr(files->names[i], '/') + 1, file_name) == 0)
            return true;
    }
    return false;
}

static void add_files_of(const char *folder, struct name_list *files)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_module_name, by_bytes);

    for (int i = 0; i < count; i++) {
        CLEANUP_FREE char *path = memory_format("%s/%s", folder, entries[i]->d_name);

        if (!has_file_named(files, entries[i]->d_name) && is_regular_file(path))
            name_list_add(files, path);
        free(entries[i]);
    }
    free(entries);
}

void module_files(struct name_list *ret_files)
{
    CLEANUP_NAMES struct name_list folders;

    *ret_files = (struct name_list){0};
    module_folders(&folders);
    for (size_t i = 0; i < folders.count; i++)
        add_files_of(folders.names[i], ret_files);
}

static char *joined(const struct name_list *list, const char *separator)
{
    char *text = memory_string(list->count ? list->names[0] : "");

    for (size_t i = 1; i < list->count; i++) {
        CLEANUP_FREE char *shorter = text;

        text = memory_format("%s%s%s", shorter, separator, list->names[i]);
    }
    return text;
}

static char *not_found(const char *name, const struct name_list *folders)
{
    CLEANUP_NAMES struct name_list files, names = {0};
    CLEANUP_FREE char *where = joined(folders, ", "), *advice = NULL;

    module_files(&files);
    for (size_t i = 0; i < files.count; i++) {
        CLEANUP_FREE char *known = module_name_of_file(files.names[i]);

        name_list_add(&names, known);
    }
    advice = nearest_name_advice(name, (const char *const *)names.names, names.count,
                                 "modules that are there");
    return memory_format("there is no module \"%s\" in %s; %s", name, where, advice);
}

static char *resolve(const char *path, char **ret_error)
{
    CLEANUP_FREE char *resolved = realpath(path, NULL);

    if (!resolved)
        *ret_error = memory_format("%s: %s; check the path of the module", path, strerror(errno));
    else if (!is_regular_file(resolved))
        *ret_error = memory_format("%s: expected a module, got something that is no regular file; "
                                   "check the path of the module",
                                   path);
    else
        return TAKE_POINTER(resolved);
    return NULL;
}

char *module_find(const char *name, char **ret_error)
{
    CLEANUP_NAMES struct name_list folders = {0};

    if (strchr(name, '/'))
        return resolve(name, ret_error);
    module_folders(&folders);
    for (size_t i = 0; i < folders.count; i++) {
        CLEANUP_FREE char *path = memory_format("%s/%s" ENDING, folders.names[i], name);

        if (is_regular_file(path))
            return resolve(path, ret_error);
    }
    *ret_error = not_found(name, &folders);
    return NULL;
}
