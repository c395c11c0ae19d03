/* Foreign text made fit for a terminal and for chat, secrets masked, a command unwrapped. */
#include "expect.h"
#include "render-command.h"
#include "render-escape.h"
#include "render-excerpt.h"
#include "render-secret.h"

static bool is_utf8(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    while (*c) {
        unsigned more = *c < 0x80 ? 0 : *c < 0xC2 ? 9 : *c < 0xE0 ? 1 : *c < 0xF0 ? 2 : 3;

        if (more == 9 || *c > 0xF4)
            return false;
        for (c++; more > 0; more--, c++)
            if ((*c & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static void expect_clean(const char *text, bool one_line)
{
    fuzz_expect(is_utf8(text), "text is UTF-8");
    for (const char *c = text; *c; c++)
        fuzz_expect(((unsigned char)*c >= ' ' && *c != 0x7F) || *c == '\t' ||
                        (*c == '\n' && !one_line),
                    "text has no control characters");
}

/* After each '@' stands what keeps a name from following it. */
static void expect_no_mention(const char *markdown)
{
    for (const char *at = markdown; (at = strchr(at, '@')); at++)
        fuzz_expect(strncmp(at + 1, "\xE2\x80\x8B", 3) == 0, "nobody is mentioned");
}

static void expect_no_rewrite(const char *message)
{
    fuzz_expect(!strstr(message, "<!") && !strstr(message, "<@") && !strstr(message, "<#"),
                "chat finds no announcement");
}

static void escape(struct obstack *memory, const char *text)
{
    const char *block = escape_block(memory, text), *line = escape_line(memory, text);
    const char *markdown = escape_markdown(memory, line, true);
    const char *fence = escape_markdown_fence(memory, block);

    expect_clean(block, false);
    expect_clean(line, true);
    expect_clean(markdown, true);
    expect_no_mention(markdown);
    fuzz_expect(!strpbrk(markdown, "<>"), "no HTML is left");
    expect_clean(fence, false);
    expect_no_mention(fence);
    fuzz_expect(!strstr(fence, "```"), "a fence is not closed from inside");
    expect_no_rewrite(escape_chat_rewrites(memory, text));
    expect_clean(escape_markdown_url(memory, line), true);
    fuzz_expect(escape_count_characters(escape_shorten(memory, line, 40)) <= 40,
                "a line is shortened to its limit");
    expect_clean(escape_shorten(memory, line, 7), true);
}

static void shorten_excerpt(struct obstack *memory, const char *text)
{
    bool cut = false;
    const char *trimmed = excerpt_trim(memory, text);
    const char *shortened = excerpt_shorten(memory, trimmed, 200, &cut);

    expect_clean(trimmed, false);
    expect_clean(shortened, false);
    fuzz_expect(escape_count_characters(shortened) <= 200, "an excerpt keeps to its limit");
    fuzz_expect(cut || strcmp(trimmed, shortened) == 0, "what is cut is said");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct command_option *options;
    struct obstack memory;

    obstack_init(&memory);
    escape(&memory, text);
    shorten_excerpt(&memory, text);
    secret_mask(&memory, text);
    command_unwrap(&memory, text);
    for (size_t i = command_options(&memory, text, &options); i > 0; i--)
        fuzz_expect(strncmp(options[i - 1].name, "--", 2) == 0, "an option begins with dashes");
    obstack_free(&memory, NULL);
    free(text);
    return 0;
}
