/* A message that is too long is cut into parts: at line ends, fences and tables whole, nothing
 * lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "memory.h"
#include "message-split.h"

#define PARTS_MAX 99
#define TAG       "Message 3f2a9c01"
#define HEADING   "#### run - FAILED, continued"

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* ---- by example */

/* The parts without tags and heading, with "<cut>" between them. */
static char *split(const char *message, bool markdown, size_t characters)
{
    const struct message_split_settings settings = {
        .markdown = markdown, .limit = {0, characters}, .parts_max = PARTS_MAX};
    struct message_parts parts;
    char *text = memory_string("");

    assert_int_equal(message_split(message, &settings, &parts), strlen(message));
    for (size_t i = 0; i < parts.count; i++) {
        char *longer = memory_format("%s%s%s", text, i > 0 ? "<cut>" : "", parts.bodies[i]);

        assert_true(count_characters(parts.bodies[i]) <= characters);
        free(text);
        text = longer;
    }
    message_parts_clear(&parts);
    return text;
}

struct example {
    const char *message;
    size_t characters;
    const char *parts;
};

static void assert_examples(const struct example *examples, size_t count, bool markdown)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *parts = split(examples[i].message, markdown, examples[i].characters);

        assert_string_equal(parts, examples[i].parts);
    }
}
#define ASSERT_EXAMPLES(examples, markdown)                                                        \
    assert_examples(examples, sizeof(examples) / sizeof(*(examples)), markdown)

static void lines_stay_whole(void **state)
{
    static const struct example examples[] = {
        {"", 5, ""},
        {"one\ntwo\n", 8, "one\ntwo\n"},
        {"one\ntwo\n", 7, "one\n<cut>two\n"},
        {"one\ntwo", 8, "one\ntwo\n"},
        {"one\ntwo", 7, "one\n<cut>two\n"},
        {"one\n\ntwo\n", 7, "one\n\n<cut>two\n"},
        {"ä\nö\nü\n", 4, "ä\nö\n<cut>ü\n"},
    };

    (void)state;
    ASSERT_EXAMPLES(examples, true);
    ASSERT_EXAMPLES(examples, false);
}

static void a_line_that_fits_no_part_is_cut_at_a_space_or_between_characters(void **state)
{
    static const struct example examples[] = {
        {"abcdefgh\n", 6, "abcd…\n<cut>…efgh\n"},
        {"ääääbbbb\n", 6, "ääää…\n<cut>…bbbb\n"},
        {"one two three\n", 10, "one two …\n<cut>…three\n"},
        /* An escape is cut neither. */
        {"abcde\\*fghi\n", 8, "abcde…\n<cut>…\\*fghi\n"},
        {"abc&amp;defg\n", 9, "abc…\n<cut>…&amp;d…\n<cut>…efg\n"},
        /* What fits a part of its own is not. */
        {"abc\ndefgh\n", 6, "abc\n<cut>defgh\n"},
        {"```\nabcdefgh\n```\n", 14, "```\nabcd…\n```\n<cut>```\n…efgh\n```\n"},
    };

    (void)state;
    ASSERT_EXAMPLES(examples, true);
}

static void a_fence_is_closed_and_opened_again(void **state)
{
    static const struct example examples[] = {
        {"a\n```\nb\nc\n```\nd\n", 12, "a\n```\nb\n```\n<cut>```\nc\n```\nd\n"},
        {"~~~~ sh\nb\nc\n~~~~\n", 16, "~~~~ sh\nb\n~~~~\n<cut>~~~~ sh\nc\n~~~~\n"},
        /* Marks within a fence that do not close it. */
        {"````\n```\nbbbb\n````\n", 15, "````\n```\n````\n<cut>````\nbbbb\n````\n"},
        /* No fence: code within a line. */
        {"```a``` b\ncccc\n", 12, "```a``` b\n<cut>cccc\n"},
    };

    (void)state;
    ASSERT_EXAMPLES(examples, true);
}

static void text_has_no_fences(void **state)
{
    static const struct example examples[] = {
        {"```\nb\nc\n```\n", 8, "```\nb\nc\n<cut>```\n"},
    };

    (void)state;
    ASSERT_EXAMPLES(examples, false);
}

static void a_table_gets_its_head_again(void **state)
{
    static const struct example examples[] = {
        {"|h|\n|-|\n|1|\n|2|\n|3|\nend\n", 16, "|h|\n|-|\n|1|\n|2|\n<cut>|h|\n|-|\n|3|\nend\n"},
        /* The head does not stand alone. */
        {"text\n|h|\n|-|\n|1|\n", 14, "text\n<cut>|h|\n|-|\n|1|\n"},
        /* A bar alone makes no table. */
        {"a|b\nc|d\n", 5, "a|b\n<cut>c|d\n"},
    };

    (void)state;
    ASSERT_EXAMPLES(examples, true);
}

static void what_belongs_to_the_next_line_goes_with_it(void **state)
{
    static const struct example markdown[] = {
        {"text\n**HOSTS:**\n- one\n", 17, "text\n<cut>**HOSTS:**\n- one\n"},
        {"text\n# title\nmore\n", 15, "text\n<cut># title\nmore\n"},
        {"text\nhost - step\n```\nb\n```\n", 25, "text\n<cut>host - step\n```\nb\n```\n"},
    };
    static const struct example text[] = {
        {"text\nHOSTS:\n  one\n", 14, "text\n<cut>HOSTS:\n  one\n"},
        {"text\nNOTES:\n  host\n    error\n", 27, "text\n<cut>NOTES:\n  host\n    error\n"},
    };

    (void)state;
    ASSERT_EXAMPLES(markdown, true);
    ASSERT_EXAMPLES(text, false);
}

static void each_part_says_what_it_is_part_of(void **state)
{
    const struct message_split_settings settings = {
        .limit = {0, 200}, .parts_max = PARTS_MAX, .heading = HEADING, .tag = TAG};
    struct message_parts parts;
    CLEANUP_FREE char *message = memory_format("%0130d\n%0130d\n", 1, 2);
    CLEANUP_FREE char *first = memory_format("%0130d\n\n" TAG ", part 1/2\n", 1);
    CLEANUP_FREE char *second = memory_format(HEADING "\n\n%0130d\n\n" TAG ", part 2/2\n", 2);

    (void)state;
    assert_int_equal(message_split(message, &settings, &parts), strlen(message));
    assert_int_equal(parts.count, 2);
    assert_string_equal(parts.bodies[0], first);
    assert_string_equal(parts.bodies[1], second);
    message_parts_clear(&parts);
}

static void what_does_not_fit_the_permitted_parts_is_told(void **state)
{
    const struct message_split_settings two = {.limit = {4, 0}, .parts_max = 2};
    const struct message_split_settings tiny = {
        .limit = {0, 10}, .parts_max = PARTS_MAX, .tag = TAG};
    struct message_parts parts;

    (void)state;
    assert_int_equal(message_split("one\ntwo\nsix\n", &two, &parts), strlen("one\ntwo\n"));
    assert_int_equal(parts.count, 2);
    message_parts_clear(&parts);
    /* No room beside the tag. */
    assert_int_equal(message_split("one\n", &tiny, &parts), 0);
    message_parts_clear(&parts);
}

/* ---- by property */

/* A linear congruential generator (Knuth, MMIX): the same messages on every machine. */
static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static void add_words(FILE *stream, uint64_t *seed, uint32_t count)
{
    static const char *const words[] = {
        "host",   "cutover", "größer", "漢字",        "🙂",    "a|b", "\\*x", "&amp;",
        "`code`", "e",       "timed",  "👩‍💻", "@​all", "1.",  "—",    "/var/x"};

    for (uint32_t i = 0; i < count; i++)
        fprintf(stream, "%s%s", i > 0 ? " " : "", words[draw(seed, 16)]);
}

/* Marked so that no two of a message are the same. */
static void add_table(FILE *stream, uint64_t *seed, unsigned number)
{
    fprintf(stream, "| host %u | result |\n| --- | :-: |\n", number);
    for (uint32_t rows = draw(seed, 12); rows > 0; rows--)
        fprintf(stream, "| atvm%u | %s |\n", draw(seed, 1000), draw(seed, 2) ? "PASS" : "FAIL");
    fprintf(stream, "\n");
}

static void add_fence(FILE *stream, uint64_t *seed, const char *fence)
{
    fprintf(stream, "%s\n", fence);
    for (uint32_t lines = 1 + draw(seed, 9); lines > 0; lines--) {
        add_words(stream, seed, draw(seed, 12));
        fputc('\n', stream);
    }
    fprintf(stream, "%s\nafter it\n", fence);
}

static void add_long_line(FILE *stream, uint64_t *seed)
{
    for (uint32_t count = draw(seed, 3000); count > 0; count--)
        fputs(draw(seed, 5) ? "x" : "ü", stream);
    fputc('\n', stream);
}

static char *random_message(uint64_t *seed)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    for (unsigned i = 0, count = 1 + draw(seed, 30); i < count; i++) {
        switch (draw(seed, 8)) {
        case 0:
            add_table(stream, seed, i);
            break;
        case 1:
            add_fence(stream, seed, draw(seed, 2) ? "```" : "~~~~");
            break;
        case 2:
            if (draw(seed, 3) == 0)
                add_long_line(stream, seed);
            break;
        case 3:
            fprintf(stream, "\n**SECTION %u:**\n", i);
            break;
        default:
            fputs("- ", stream);
            add_words(stream, seed, draw(seed, 20));
            fputc('\n', stream);
            break;
        }
    }
    assert_int_equal(fclose(stream), 0);
    return text;
}

/* What was read of the parts so far. */
struct reading {
    char *text;
    const char *fence; /* it is open; NULL */
};

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends_with(const char *text, const char *with)
{
    size_t length = strlen(text), ending = strlen(with);

    return length >= ending && strcmp(text + length - ending, with) == 0;
}

static void pass_over(const char **text, const char *expected)
{
    assert_true(starts_with(*text, expected));
    *text += strlen(expected);
}

static void drop(char *text, const char *expected)
{
    assert_true(ends_with(text, expected));
    text[strlen(text) - strlen(expected)] = '\0';
}

/* The fence that is open at the end of the text; NULL: none. */
static const char *open_fence(const char *text)
{
    const char *fence = NULL;

    for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
        if (fence && starts_with(text, fence) && text[strlen(fence)] == '\n')
            fence = NULL;
        else if (!fence && starts_with(text, "```\n"))
            fence = "```";
        else if (!fence && starts_with(text, "~~~~\n"))
            fence = "~~~~";
    }
    return fence;
}

/* Head and rule of the table that the text ends within; free it. NULL: none. */
static char *open_table(const char *text)
{
    const char *head = NULL;

    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        if (starts_with(line, "| host "))
            head = line;
        else if (*line != '|')
            head = NULL;
        if (!strchr(line, '\n'))
            break;
    }
    if (!head || !starts_with(strchr(head, '\n') + 1, "| --- | :-: |\n"))
        return NULL;
    return memory_format("%.*s\n| --- | :-: |\n", (int)(strchr(head, '\n') - head), head);
}

/* Adds what is left of a part without all that was added to it. */
static void read_part(struct reading *reading, const char *body, size_t i, size_t count)
{
    CLEANUP_FREE char *part = memory_string(body), *before = reading->text, *table = NULL;
    CLEANUP_FREE char *tag = memory_format("\n" TAG ", part %zu/%zu\n", i + 1, count);
    const char *content = part;
    bool in_line = ends_with(before, "…\n");

    drop(part, tag);
    if (i > 0 && starts_with(content, HEADING "\n\n"))
        content += strlen(HEADING "\n\n");
    if (reading->fence) {
        pass_over(&content, reading->fence);
        pass_over(&content, "\n");
    }
    if (in_line) {
        drop(before, "…\n");
        pass_over(&content, "…");
    } else if ((table = open_table(before))) {
        pass_over(&content, table);
    }
    reading->text = memory_format("%s%s", before, content);
    /* Each part is balanced by itself; that it was closed for the cut shows in what follows it. */
    assert_null(open_fence(part));
    reading->fence = NULL;
}

/* Takes back the closing of a fence where the next part opens it again. */
static void reopen(struct reading *reading, const char *next)
{
    static const char *const fences[] = {"```", "~~~~"};

    if (starts_with(next, HEADING "\n\n"))
        next += strlen(HEADING "\n\n");
    for (size_t i = 0; i < 2; i++) {
        CLEANUP_FREE char *line = memory_format("%s\n", fences[i]);

        if (starts_with(next, line) && ends_with(reading->text, line)) {
            drop(reading->text, line);
            reading->fence = fences[i];
        }
    }
}

static void assert_rows_are_whole(const char *body)
{
    for (const char *line = body; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (starts_with(line, "| atvm"))
            assert_int_equal(strchr(line, '\n')[-1], '|');
}

static void assert_parts_are(const char *message, const struct message_limit *limit)
{
    const struct message_split_settings settings = {
        .markdown = true, .limit = *limit, .parts_max = 99999, .heading = HEADING, .tag = TAG};
    struct message_parts parts;
    struct reading reading = {memory_string(""), NULL};

    assert_int_equal(message_split(message, &settings, &parts), strlen(message));
    for (size_t i = 0; i < parts.count; i++) {
        if (limit->bytes)
            assert_true(strlen(parts.bodies[i]) <= limit->bytes);
        if (limit->characters)
            assert_true(count_characters(parts.bodies[i]) <= limit->characters);
        assert_int_not_equal((unsigned char)parts.bodies[i][0] & 0xC0, 0x80);
        assert_rows_are_whole(parts.bodies[i]);
        reopen(&reading, parts.bodies[i]);
        read_part(&reading, parts.bodies[i], i, parts.count);
    }
    assert_string_equal(reading.text, message);
    free(reading.text);
    message_parts_clear(&parts);
}

static void the_parts_without_what_was_added_are_the_message(void **state)
{
    uint64_t seed = 20261123;
    size_t cut = 0;

    (void)state;
    for (int i = 0; i < 300; i++) {
        CLEANUP_FREE char *message = random_message(&seed);

        for (size_t limit = 150; limit < 20000; limit += 1 + limit / 3) {
            assert_parts_are(message, &(struct message_limit){limit, 0});
            assert_parts_are(message, &(struct message_limit){0, limit});
            assert_parts_are(message, &(struct message_limit){2 * limit, limit + draw(&seed, 99)});
            cut += strlen(message) > 2 * limit;
        }
    }
    assert_true(cut > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_stay_whole),
        cmocka_unit_test(a_line_that_fits_no_part_is_cut_at_a_space_or_between_characters),
        cmocka_unit_test(a_fence_is_closed_and_opened_again),
        cmocka_unit_test(text_has_no_fences),
        cmocka_unit_test(a_table_gets_its_head_again),
        cmocka_unit_test(what_belongs_to_the_next_line_goes_with_it),
        cmocka_unit_test(each_part_says_what_it_is_part_of),
        cmocka_unit_test(what_does_not_fit_the_permitted_parts_is_told),
        cmocka_unit_test(the_parts_without_what_was_added_are_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
