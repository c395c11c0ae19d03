/* Times and durations as reporters and Cypress write them. */
#include "duration.h"
#include "expect.h"
#include "timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    size_t length = 0;

    fuzz_expect(timestamp_from_iso(text) >= -1, "a time is after 1970, or unknown");
    if (timestamp_from_file_name(text, &length) >= 0)
        fuzz_expect(length > 0 && length <= strlen(text), "a time takes a part of the name");
    fuzz_expect(timestamp_seconds(text) >= -1, "a number of seconds is positive, or unknown");
    fuzz_expect(duration_parse((struct text){text, strlen(text)}) >= -1,
                "a duration is positive, or unknown");
    free(text);
    return 0;
}
