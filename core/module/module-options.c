#include "module-options.h"

#include <inttypes.h>
#include <stdalign.h>
#include <string.h>
#include <sys/param.h>

#include "cleanup.h"
#include "memory.h"
#include "option.h"

/* What an entry of ABI 1.0 has at least, and what no entry of any 1.x will ever exceed. */
#define STRIDE_MIN (offsetof(struct atvm_option, help) + sizeof(const char *))
#define STRIDE_MAX 4096u
/* No person configures more. */
#define COUNT_MAX 256u

struct atvm_option module_option(const struct module_options *options, size_t index)
{
    struct atvm_option option = {0};

    memcpy(&option, (const char *)options->table + index * options->stride,
           MIN(options->stride, sizeof(option)));
    return option;
}

static char *table_fault(const struct module_options *options)
{
    if (options->count > COUNT_MAX)
        return memory_format("option table: expected at most %u options, got %" PRIu32, COUNT_MAX,
                             options->count);
    if (!options->table)
        return memory_format("option table: expected %" PRIu32 " options, got NULL",
                             options->count);
    if (options->stride < STRIDE_MIN || options->stride > STRIDE_MAX ||
        options->stride % alignof(struct atvm_option) != 0)
        return memory_format("option table: expected an option_stride of %zu to %u bytes (sizeof "
                             "(struct atvm_option)), got %" PRIu32,
                             STRIDE_MIN, STRIDE_MAX, options->stride);
    return NULL;
}

static char *repeated_name_fault(const struct module_options *options, size_t index)
{
    struct atvm_option option = module_option(options, index);

    for (size_t i = 0; i < index; i++) {
        struct atvm_option earlier = module_option(options, i);

        if (strcmp(earlier.name, option.name) == 0)
            return memory_format("option table: expected each name once, got \"%s\" twice",
                                 option.name);
    }
    return NULL;
}

char *module_options_fault(const struct module_options *options)
{
    char *fault;

    if (options->count == 0)
        return NULL;
    fault = table_fault(options);
    for (size_t i = 0; i < options->count && !fault; i++) {
        struct atvm_option option = module_option(options, i);
        CLEANUP_FREE char *what = option_fault(&option);

        if (what)
            fault = memory_format("option table: option %zu (%s) %s", i + 1,
                                  option.name ? option.name : "NULL", what);
        else
            fault = repeated_name_fault(options, i);
    }
    return fault;
}
