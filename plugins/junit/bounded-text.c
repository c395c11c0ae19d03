#include "bounded-text.h"

#include "utf8.h"

void bounded_text_add(struct bounded_text *text, const char *bytes, size_t length)
{
    size_t fitting = text->cut ? 0 : utf8_cut(bytes, length, text->limit - text->string.length);

    text->cut |= fitting < length;
    if (fitting > 0)
        byte_string_append(&text->string, bytes, fitting, text->limit);
}

void bounded_text_clear(struct bounded_text *text)
{
    byte_string_clear(&text->string);
    text->cut = false;
}

void bounded_text_free(struct bounded_text *text)
{
    byte_string_free(&text->string);
    text->cut = false;
}

const char *bounded_text_string(const struct bounded_text *text)
{
    return text->string.bytes ? text->string.bytes : "";
}
