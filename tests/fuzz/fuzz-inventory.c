/* The VM inventory: a Markdown document with tables. */
#include "expect.h"
#include "inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct host_fact *facts = NULL;
    struct obstack memory;
    size_t count = 0;

    obstack_init(&memory);
    if (inventory_parse(&memory, text, &facts, &count))
        fuzz_expect(facts != NULL, "a table gives a list");
    for (size_t i = 0; i < count; i++)
        fuzz_expect(facts[i].host && facts[i].host[0] && facts[i].text && facts[i].text[0],
                    "a host and its kernel have names");
    obstack_free(&memory, NULL);
    free(text);
    return 0;
}
