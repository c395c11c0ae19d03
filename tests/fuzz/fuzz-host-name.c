/* Names of machines in foreign text, paths and file names. */
#include "expect.h"
#include "host-name.h"

static void expect_found(const char *text, const char *name)
{
    fuzz_expect(strncmp(name, "atvm", 4) == 0 && strchr(name, '-') && strstr(text, name),
                "a machine's name stands in the text");
    fuzz_expect(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
                    strlen(name),
                "a machine's name has no other characters");
}

static void take_stem(const char *text, const char *prefix)
{
    char stem[HOST_NAME_MAX_BYTES + 1];
    int64_t time_ns = 0;

    if (host_name_stem(text, prefix, stem, &time_ns))
        fuzz_expect(strlen(stem) <= strlen(text) && time_ns >= -1,
                    "a stem is a part of the file's name");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    char name[HOST_NAME_MAX_BYTES + 1], again[HOST_NAME_MAX_BYTES + 1];

    if (host_name_find(text, strlen(text), name)) {
        expect_found(text, name);
        /* Of several endings only one was taken off. */
        fuzz_expect(host_name_find(name, strlen(name), again) &&
                        strncmp(name, again, strlen(again)) == 0,
                    "a machine's name names itself");
    }
    if (host_name_of_spec(text, strlen(text), name))
        fuzz_expect(name[0] && !strchr(name, '/') && strstr(text, name),
                    "a spec's name is the end of its path");
    host_name_is_bookkeeping(text);
    take_stem(text, "test-result-");
    take_stem(text, "");
    free(text);
    return 0;
}
