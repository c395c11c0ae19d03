#include "render-layout.h"

#include <stdio.h>
#include <stdlib.h>

#include "render-escape.h"

/*
 * Hosts are a list, not a fenced block: Mattermost's mobile application folds a code block to four
 * lines, and a host that failed must not be folded away. The flow and the excerpts are fenced:
 * nothing in them is interpreted or renumbered, and they are what may be folded.
 */

/* A paragraph would run on in the heading or in the last item of a list before it. */
static bool needs_blank_line(const struct layout_section *section, size_t i)
{
    return section->lines[i].kind == LAYOUT_LABEL &&
           (i == 0 || section->lines[i - 1].kind == LAYOUT_ITEM);
}

static void write_block(struct obstack *out, struct obstack *scratch, const char *text)
{
    obstack_printf(out, "```\n%s\n```\n", escape_markdown_fence(scratch, text));
}

static void write_line(struct obstack *out, struct obstack *scratch, const struct layout_line *line)
{
    if (line->kind == LAYOUT_BLOCK) {
        write_block(out, scratch, line->text);
        return;
    }
    obstack_printf(out, "%s", line->kind == LAYOUT_ITEM ? "- " : "");
    if (*line->strong)
        obstack_printf(out, "**%s**", escape_markdown(scratch, line->strong, true));
    obstack_printf(out, "%s%s\n", escape_markdown(scratch, line->text, !*line->strong),
                   *line->url ? escape_markdown_url(scratch, line->url) : "");
}

static void write_section(struct obstack *out, struct obstack *scratch,
                          const struct layout_section *section)
{
    obstack_printf(out, "\n**%s**\n", section->heading);
    for (size_t i = 0; i < section->line_count; i++) {
        if (needs_blank_line(section, i))
            obstack_1grow(out, '\n');
        write_line(out, scratch, &section->lines[i]);
    }
}

char *layout_to_markdown(const struct layout *layout)
{
    struct obstack out, scratch;
    char *text;

    obstack_init(&out);
    obstack_init(&scratch);
    obstack_printf(&out, "#### %s\n", escape_markdown(&scratch, layout->title, false));
    for (size_t i = 0; i < layout->section_count; i++)
        write_section(&out, &scratch, &layout->sections[i]);
    obstack_1grow(&out, '\0');
    text = memory_string(escape_chat_rewrites(&scratch, obstack_finish(&out)));
    obstack_free(&scratch, NULL);
    obstack_free(&out, NULL);
    return text;
}
