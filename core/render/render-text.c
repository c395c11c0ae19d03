#include "render-layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of a block, each set in, deeper where it belongs to a line above it. */
static void write_block(struct obstack *out, const char *text, const char *indent)
{
    while (*text) {
        size_t length = strcspn(text, "\n");

        if (length > 0)
            obstack_printf(out, "%s%.*s\n", indent, (int)length, text);
        else
            obstack_1grow(out, '\n');
        text += length + (text[length] == '\n');
    }
}

static void write_line(struct obstack *out, const struct layout_line *line, bool is_first)
{
    /* A block may hold blank lines and more than one paragraph: the next label stands apart. */
    if (line->kind == LAYOUT_LABEL && !is_first && line[-1].kind == LAYOUT_BLOCK)
        obstack_1grow(out, '\n');
    if (line->kind == LAYOUT_BLOCK)
        write_block(out, line->text, is_first ? "  " : "    ");
    else
        obstack_printf(out, "  %s%s%s\n", line->strong, line->text, line->url);
}

char *layout_to_text(const struct layout *layout)
{
    struct obstack out;
    char *text;

    obstack_init(&out);
    obstack_printf(&out, "%s\n", layout->title);
    for (size_t i = 0; i < layout->section_count; i++) {
        obstack_printf(&out, "\n%s\n", layout->sections[i].heading);
        for (size_t j = 0; j < layout->sections[i].line_count; j++)
            write_line(&out, &layout->sections[i].lines[j], j == 0);
    }
    obstack_1grow(&out, '\0');
    text = memory_string(obstack_finish(&out));
    obstack_free(&out, NULL);
    return text;
}
