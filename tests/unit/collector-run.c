#include "collector-run.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

#include "cleanup.h"
#include "memory.h"

#define NS_PER_SECOND INT64_C(1000000000)

struct collector_run *collector_run_new(const struct atvm_collector *collector)
{
    struct collector_run *run = memory_zeroed(1, sizeof(*run));

    strcpy(run->root, "/tmp/atvm-collector-XXXXXX");
    assert_non_null(mkdtemp(run->root));
    run->collector = collector;
    assert_int_equal(collector->option_stride, sizeof(struct atvm_option));
    run->fake = fake_host_new(collector->options, collector->option_count);
    fake_host_run(run->fake)->automation_root = run->root;
    fake_host_set_now(run->fake, (time(NULL) + 3600) * NS_PER_SECOND);
    run->self = collector->create(fake_host_table(run->fake));
    assert_non_null(run->self);
    return run;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

void collector_run_free(struct collector_run *run)
{
    run->collector->destroy(run->self);
    fake_host_free(run->fake);
    nftw(run->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(run);
}

static void make_folders(const char *path)
{
    CLEANUP_FREE char *folder = memory_string(path);

    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(folder, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void collector_run_write(struct collector_run *run, const char *name, const char *bytes,
                         size_t length, int64_t mtime_s)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", run->root, name);
    struct timespec times[2] = {{mtime_s, 0}, {mtime_s, 0}};
    FILE *file;

    make_folders(path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

void collector_run_pass(struct collector_run *run)
{
    /* Configuring again would forget what was seen; the folder shows whether it was done. */
    CLEANUP_FREE char *path = memory_format(
        "%s/%s", run->root,
        fake_host_table(run->fake)->option_string(fake_host_table(run->fake)->context, "folder"));

    if (fake_host_watches(run->fake, path) == 0)
        assert_int_equal(run->collector->configure(run->self), ATVM_OK);
    fake_host_clear(run->fake);
    assert_int_equal(run->collector->collect(run->self), ATVM_COLLECT_COMPLETE);
}

struct json_object *collector_run_unit(struct collector_run *run, const char *name)
{
    CLEANUP_FREE char *path = memory_format("%s/%s", run->root, name);

    return fake_host_unit(run->fake, path);
}

struct json_object *collector_run_evidence(struct collector_run *run, const char *name)
{
    struct json_object *unit = collector_run_unit(run, name);
    struct json_object *evidence = json_object_object_get(unit, "evidence");

    assert_non_null(unit);
    assert_true(json_object_array_length(evidence) <= 1);
    return json_object_array_get_idx(evidence, 0);
}

const char *collector_run_text(struct json_object *object, const char *member)
{
    const char *text = json_object_get_string(json_object_object_get(object, member));

    return text ? text : "";
}
