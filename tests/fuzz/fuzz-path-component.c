/* Foreign names as parts of paths in the state folder: they stay inside of it, and come back. */
#include "durable-file.h"
#include "expect.h"

static void expect_harmless(const char *component)
{
    fuzz_expect(component[0] && component[0] != '.' && !strchr(component, '/') &&
                    strlen(component) <= DURABLE_COMPONENT_MAX,
                "a component is one visible name");
    for (const char *c = component; *c; c++)
        fuzz_expect(*c > ' ' && *c <= '~', "a component is printable");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = fuzz_string(data, size);
    char *component = durable_component(name);
    char *decoded = component ? durable_component_decode(component) : NULL;
    char *foreign = durable_component_decode(name);

    if (component) {
        expect_harmless(component);
        fuzz_expect(decoded && strcmp(decoded, name) == 0, "a name comes back");
    }
    if (foreign)
        expect_harmless(name);
    free(name);
    free(component);
    free(decoded);
    free(foreign);
    return 0;
}
