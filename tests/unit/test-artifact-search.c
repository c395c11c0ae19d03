/* Where a text stands in an artifact, in the form in which JSON and HTML can hold it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "artifact-search.h"

static struct artifact artifact_with(size_t before, const char *text)
{
    struct artifact artifact = {.descriptor = memfd_create("artifact", 0)};
    char *padding = malloc(before + 1);

    memset(padding, '.', before + 1);
    assert_int_equal(write(artifact.descriptor, padding, before), before);
    assert_int_equal(write(artifact.descriptor, text, strlen(text)), strlen(text));
    free(padding);
    return artifact;
}

static void text_is_found_wherever_the_pieces_end(void **state)
{
    static const size_t places[] = {0, 1, 65525, 65530, 65535, 65536, 65537, 131070, 200000};

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct artifact artifact = artifact_with(places[i], "9. Trigger cmotion");

        assert_int_equal(artifact_offset_of(&artifact, "9. Trigger cmotion"), places[i]);
        close(artifact.descriptor);
    }
}

static void longest_part_without_escapes_stands_for_the_text(void **state)
{
    struct artifact artifact =
        artifact_with(0, "\\\"before each\\\" hook for \\\"3. Uninstall CMC if still exists\\\"");

    (void)state;
    assert_int_equal(
        artifact_offset_of(&artifact,
                           "\"before each\" hook for \"3. Uninstall CMC if still exists\""),
        strlen("\\\"before each\\\" hook for \\\""));
    close(artifact.descriptor);
}

static void what_is_not_there_or_too_short_is_nowhere(void **state)
{
    struct artifact artifact = artifact_with(70000, "abc \"d\"");

    (void)state;
    assert_int_equal(artifact_offset_of(&artifact, "another text"), -1);
    assert_int_equal(artifact_offset_of(&artifact, "abc"), -1);
    assert_int_equal(artifact_offset_of(&artifact, "\"d\""), -1);
    assert_int_equal(artifact_offset_of(&artifact, ""), -1);
    close(artifact.descriptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_found_wherever_the_pieces_end),
        cmocka_unit_test(longest_part_without_escapes_stands_for_the_text),
        cmocka_unit_test(what_is_not_there_or_too_short_is_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
