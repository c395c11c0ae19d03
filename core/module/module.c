#include "module.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"
#include "module-folder.h"
#include "module-options.h"

/* What the structs of ABI 1.0 measure: their last field of that version. */
#define COLLECTOR_SIZE_MIN (offsetof(struct atvm_collector, destroy) + sizeof(void (*)(void *)))
#define SINK_SIZE_MIN      (offsetof(struct atvm_sink, destroy) + sizeof(void (*)(void *)))
/* Larger than any struct of a 1.x will ever be: the number is garbage. */
#define STRUCT_SIZE_MAX 65536u

/* What the two kinds differ in, as far as loading goes. */
struct kind {
    enum atvm_kind kind;
    const char *name;   /* in messages */
    const char *symbol; /* the one exported name */
    const char *list;   /* where it belongs in the configuration */
    size_t size_min;
};

static const struct kind kinds[] = {
    {ATVM_KIND_COLLECTOR, "collector", "atvm_collector", "collectors", COLLECTOR_SIZE_MIN},
    {ATVM_KIND_SINK, "sink", "atvm_sink", "sinks", SINK_SIZE_MIN},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

/* ---- may this file be trusted? ---- */

static bool is_for_root_only(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_uid == 0 &&
           !(status.st_mode & (S_IWGRP | S_IWOTH));
}

/* Root runs whatever is in a module, so nobody else may be able to change or replace it. */
static char *ownership_fault(const char *path, const char *remedy)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return memory_format("%s: %s; check the path of the module", path, strerror(errno));
    if (status.st_uid == 0 && !(status.st_mode & (S_IWGRP | S_IWOTH)))
        return NULL;
    return memory_format("%s: expected owner root and no write permission for group and others, "
                         "got uid %ju and mode %04o; %s",
                         path, (uintmax_t)status.st_uid, (unsigned)(status.st_mode & 07777),
                         remedy);
}

static char *trust_fault(const char *path)
{
    CLEANUP_FREE char *folder = memory_string(path), *remedy = NULL;
    char *slash = strrchr(folder, '/'), *fault;

    if (geteuid() != 0)
        return NULL;
    slash[slash == folder] = '\0';
    if (is_for_root_only(folder)) {
        remedy = memory_format("if you trust it, run: chown root: %s && chmod go-w %s", path, path);
        return ownership_fault(path, remedy);
    }
    /* The folder's mode is not ours to change: it may be /tmp or somebody's home. */
    remedy =
        memory_format("if you trust the module, run: install -D -m 644 %s %s/%s, and name that "
                      "file in the configuration",
                      path, MODULE_FOLDER, strrchr(path, '/') + 1);
    fault = ownership_fault(folder, remedy);
    return fault;
}

/* ---- the exported symbol ---- */

/* A data symbol and how many bytes of it the object really holds. */
struct symbol {
    const void *address;
    size_t size;
};

static bool find_symbol(void *object, const char *name, struct symbol *ret)
{
    const void *address = dlsym(object, name);
    const ElfW(Sym) *entry = NULL;
    Dl_info info;

    if (!address || !dladdr1(address, &info, (void **)&entry, RTLD_DL_SYMENT) || !entry)
        return false;
    *ret = (struct symbol){address, entry->st_size};
    return ELF64_ST_TYPE(entry->st_info) == STT_OBJECT;
}

static char *no_symbol_fault(const char *path)
{
    return memory_format("%s: expected the symbol atvm_collector or atvm_sink, got neither; define "
                         "it with ATVM_COLLECTOR or ATVM_SINK from <atvm/plugin.h>",
                         path);
}

/* ---- the head, before anything else is believed ---- */

static char *magic_fault(const char *path, const struct atvm_head *head)
{
    if (head->magic == ATVM_MAGIC)
        return NULL;
    return memory_format("%s: magic number: expected 0x%08x, got 0x%08" PRIx32
                         "; fill the head with ATVM_COLLECTOR_HEAD or ATVM_SINK_HEAD",
                         path, ATVM_MAGIC, head->magic);
}

static char *kind_fault(const char *path, const struct kind *kind, const struct atvm_head *head)
{
    if (head->kind == kind->kind)
        return NULL;
    return memory_format("%s: kind in the head of %s: expected %d, got %" PRIu16
                         "; fill the head with ATVM_COLLECTOR_HEAD or ATVM_SINK_HEAD, as fits",
                         path, kind->symbol, (int)kind->kind, head->kind);
}

static char *abi_fault(const char *path, const struct atvm_head *head)
{
    if (head->abi_major != ATVM_ABI_MAJOR)
        return memory_format("%s: ABI: expected major version %d, got %" PRIu16 ".%" PRIu16
                             "; build the module with the <atvm/plugin.h> of this watcher",
                             path, ATVM_ABI_MAJOR, head->abi_major, head->abi_minor);
    if (head->need_minor > ATVM_ABI_MINOR)
        return memory_format("%s: ABI: expected a module that needs at most %d.%d, got one that "
                             "needs %" PRIu16 ".%" PRIu16
                             "; install a newer atvm-watcher or an older version of the module",
                             path, ATVM_ABI_MAJOR, ATVM_ABI_MINOR, head->abi_major,
                             head->need_minor);
    return NULL;
}

static char *size_fault(const char *path, const struct kind *kind, const struct atvm_head *head,
                        size_t symbol_size)
{
    size_t most = MIN(symbol_size, STRUCT_SIZE_MAX);

    if (head->struct_size >= kind->size_min && head->struct_size <= most)
        return NULL;
    return memory_format("%s: struct size: expected %zu to %zu bytes, got %" PRIu32
                         "; fill the head with ATVM_COLLECTOR_HEAD or ATVM_SINK_HEAD and rebuild",
                         path, kind->size_min, MAX(most, kind->size_min), head->struct_size);
}

static char *head_fault(const char *path, const struct kind *kind, const struct symbol *symbol)
{
    struct atvm_head head;
    char *fault;

    if (symbol->size < sizeof(head))
        return memory_format("%s: struct size: expected at least %zu bytes, got a symbol of %zu; "
                             "define %s with the macros of <atvm/plugin.h>",
                             path, kind->size_min, symbol->size, kind->symbol);
    memcpy(&head, symbol->address, sizeof(head));
    fault = magic_fault(path, &head);
    if (!fault)
        fault = kind_fault(path, kind, &head);
    if (!fault)
        fault = abi_fault(path, &head);
    return fault ? fault : size_fault(path, kind, &head, symbol->size);
}

/* ---- the rest of the struct ---- */

static bool is_module_name(const char *name)
{
    return name && *name >= 'a' && *name <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* The first required callback that is missing; NULL: none. */
static const char *missing_callback(const struct module *module)
{
    bool is_collector = module->kind == ATVM_KIND_COLLECTOR;
    const struct atvm_collector *collector = &module->collector;
    const struct atvm_sink *sink = &module->sink;

    if (is_collector ? !collector->create : !sink->create)
        return "create";
    if (is_collector && !collector->collect)
        return "collect";
    if (!is_collector && !sink->deliver)
        return "deliver";
    if (is_collector ? !collector->destroy : !sink->destroy)
        return "destroy";
    return NULL;
}

static struct module_options options_of(const struct module *module)
{
    if (module->kind == ATVM_KIND_COLLECTOR)
        return (struct module_options){module->collector.options, module->collector.option_count,
                                       module->collector.option_stride};
    return (struct module_options){module->sink.options, module->sink.option_count,
                                   module->sink.option_stride};
}

static char *content_fault(const struct module *module)
{
    bool is_collector = module->kind == ATVM_KIND_COLLECTOR;
    const char *name = is_collector ? module->collector.name : module->sink.name;
    const char *callback = missing_callback(module);
    struct module_options options = options_of(module);
    CLEANUP_FREE char *fault = NULL;

    if (!is_module_name(name))
        return memory_format("%s: name: expected [a-z][a-z0-9-]*, got \"%s\"; correct it in the "
                             "module",
                             module->path, name ? name : "NULL");
    if (callback)
        return memory_format("%s: callback %s: expected a function, got NULL; the interface "
                             "requires it",
                             module->path, callback);
    fault = module_options_fault(&options);
    return fault ? memory_format("%s: %s; correct it in the module", module->path, fault) : NULL;
}

/* ---- loading ---- */

static const struct kind *exported_kind(void *object, struct symbol *ret)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (find_symbol(object, kinds[i].symbol, ret))
            return &kinds[i];
    }
    return NULL;
}

static char *other_kind_fault(const char *path, const struct kind *got)
{
    const struct kind *wanted = &kinds[got == kinds ? 1 : 0];

    return memory_format("%s: expected a %s, got a %s; list it under \"%s\" in the configuration, "
                         "not under \"%s\"",
                         path, wanted->name, got->name, got->list, wanted->list);
}

/* dlerror names the file itself in front; said once is enough. */
static char *open_fault(const char *path, const char *reason)
{
    size_t length = strlen(path);

    if (strncmp(reason, path, length) == 0 && strncmp(reason + length, ": ", 2) == 0)
        reason += length + 2;
    return memory_format("%s: expected a loadable module, got: %s; rebuild the module, or install "
                         "the library it lacks",
                         path, reason);
}

static struct module *copy_struct(const char *path, const struct kind *kind,
                                  const struct symbol *symbol)
{
    struct module *module = memory_zeroed(1, sizeof(*module));
    struct atvm_head head;

    memcpy(&head, symbol->address, sizeof(head));
    module->kind = kind->kind;
    module->path = memory_string(path);
    if (kind->kind == ATVM_KIND_COLLECTOR)
        memcpy(&module->collector, symbol->address,
               MIN(head.struct_size, sizeof(module->collector)));
    else
        memcpy(&module->sink, symbol->address, MIN(head.struct_size, sizeof(module->sink)));
    return module;
}

static struct module *load_file(const char *path, enum atvm_kind wanted, char **ret_error)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct kind *kind;
    struct symbol symbol;
    struct module *module;

    if (!object) {
        *ret_error = open_fault(path, dlerror());
        return NULL;
    }
    kind = exported_kind(object, &symbol);
    if (!kind)
        *ret_error = no_symbol_fault(path);
    else if (wanted && wanted != kind->kind)
        *ret_error = other_kind_fault(path, kind);
    else
        *ret_error = head_fault(path, kind, &symbol);
    if (*ret_error)
        return NULL;
    module = copy_struct(path, kind, &symbol);
    *ret_error = content_fault(module);
    if (!*ret_error)
        return module;
    module_free(module);
    return NULL;
}

struct module *module_load(const char *name, enum atvm_kind kind, char **ret_error)
{
    CLEANUP_FREE char *path = NULL;

    *ret_error = NULL;
    path = module_find(name, ret_error);
    if (!path)
        return NULL;
    *ret_error = trust_fault(path);
    return *ret_error ? NULL : load_file(path, kind, ret_error);
}

void module_free(struct module *module)
{
    if (!module)
        return;
    free(module->path);
    free(module);
}
