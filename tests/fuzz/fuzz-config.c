/* The watcher's configuration: a text is accepted, or refused with reasons that name the file. */
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "expect.h"

/* For LeakSanitizer: libconfig 1.5 forgets the text of a string that the end of the file cuts off.
 */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

static int input_descriptor(const uint8_t *data, size_t size)
{
    static int descriptor = -1;

    if (descriptor < 0)
        descriptor = memfd_create("config", MFD_CLOEXEC);
    fuzz_expect(ftruncate(descriptor, 0) == 0 &&
                    (size == 0 || pwrite(descriptor, data, size, 0) == (ssize_t)size),
                "the input can be written");
    return descriptor;
}

static void expect_module(const struct config_module *module)
{
    fuzz_expect(module->module && module->module[0] && module->name && module->name[0],
                "a module has a name");
}

static void expect_config(const struct config *config)
{
    fuzz_expect(config->automation_root && config->state_root && config->run_log &&
                    config->cypress_config,
                "every path is set");
    fuzz_expect(config->poll_interval_ns > 0 && config->settle_ns >= 0 &&
                    config->hang_after_ns >= 0 && config->deliver_timeout_ns > 0,
                "every time is positive");
    for (size_t i = 0; i < config->collector_count; i++)
        expect_module(&config->collectors[i]);
    for (size_t i = 0; i < config->sink_count; i++)
        expect_module(&config->sinks[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config;
    char path[64], *error = NULL;

    /* libconfig opens what @include names: any file of this machine. */
    if (size && memmem(data, size, "@include", 8))
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", input_descriptor(data, size));
    config = config_load(path, "e2e-redhat9.1-fc", &error);
    if (config)
        expect_config(config);
    else
        fuzz_expect(error && strncmp(error, path, strlen(path)) == 0,
                    "what is wrong is said with the file's name");
    config_free(config);
    free(error);
    return 0;
}
