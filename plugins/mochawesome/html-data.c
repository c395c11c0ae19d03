#include "html-data.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "allocate.h"

#define NAME_BYTES      32 /* longest name of a tag or attribute that matters, with NUL */
#define REFERENCE_BYTES 12 /* longest character reference that is known, without & and ; */
#define OUTPUT_BYTES    4096
#define END_OF_PAGE     "</html>"

/* Where in the page the next character stands. After the HTML standard's tokenizer, reduced to what
 * is needed to find an attribute of one tag. */
enum place {
    IN_TEXT,
    AFTER_LESS_THAN, /* "<" */
    IN_DECLARATION,  /* "<!" or "<?": up to ">" */
    IN_COMMENT,      /* "<!--": up to "-->" */
    IN_TAG_NAME,
    BETWEEN_ATTRIBUTES,
    IN_ATTRIBUTE_NAME,
    AFTER_ATTRIBUTE_NAME, /* "=" may follow */
    BEFORE_VALUE,
    IN_VALUE,
    IN_RAW_TEXT /* of a style, script ...: up to its end tag */
};

struct html_data {
    html_data_sink sink;
    void *user;
    enum place place;
    char tag[NAME_BYTES];       /* lower case; of an end tag with "/" in front */
    char attribute[NAME_BYTES]; /* lower case */
    char quote;                 /* around the value; 0: none */
    bool is_wanted;             /* the value is the one to be taken out */
    bool has_body, has_value;   /* what has been seen of the body; the value to its end */
    unsigned dashes;            /* at the end of what was read of a comment */
    char recent[NAME_BYTES];    /* raw text from its last "<" on, lower case */
    char end[NAME_BYTES];       /* the page's last characters, without white space at their end */
    char reference[REFERENCE_BYTES + 1]; /* "&" has been read, and this */
    bool in_reference;
    size_t output_length;
    char output[OUTPUT_BYTES];
};

struct html_data *html_data_new(html_data_sink sink, void *user)
{
    struct html_data *data = allocate(1, sizeof(*data));

    data->sink = sink;
    data->user = user;
    return data;
}

void html_data_free(struct html_data *data)
{
    free(data);
}

/* ---------------------------------------------------------------- output */

static void flush(struct html_data *data)
{
    if (data->output_length > 0)
        data->sink(data->user, data->output, data->output_length);
    data->output_length = 0;
}

static void put(struct html_data *data, const char *bytes, size_t length)
{
    if (data->output_length + length > sizeof(data->output))
        flush(data);
    memcpy(data->output + data->output_length, bytes, length);
    data->output_length += length;
}

static void put_character(struct html_data *data, uint32_t code)
{
    char bytes[4];

    if (code < 0x80) {
        bytes[0] = (char)code;
        put(data, bytes, 1);
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        put(data, bytes, 2);
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        put(data, bytes, 3);
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        put(data, bytes, 4);
    }
}

/* ---------------------------------------------------------------- character references */

/* The code of a numeric reference, "#39" or "#x27"; 0: it is none. */
static uint32_t numeric_reference(const char *reference)
{
    bool is_hex = reference[0] == '#' && (reference[1] == 'x' || reference[1] == 'X');
    const char *digits = reference + (is_hex ? 2 : 1);
    char *end;
    unsigned long code;

    if (reference[0] != '#' || !isxdigit((unsigned char)digits[0]))
        return 0;
    code = strtoul(digits, &end, is_hex ? 16 : 10);
    if (*end != '\0' || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return (uint32_t)code;
}

static uint32_t reference_code(const char *reference)
{
    static const struct {
        const char *name;
        char code;
    } names[] = {{"quot", '"'}, {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"apos", '\''}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(reference, names[i].name) == 0)
            return (uint32_t)names[i].code;
    return numeric_reference(reference);
}

/* What is no reference stands for itself. */
static void give_up_reference(struct html_data *data)
{
    put(data, "&", 1);
    put(data, data->reference, strlen(data->reference));
    data->in_reference = false;
}

static void put_value_character(struct html_data *data, char c)
{
    size_t length = strlen(data->reference);
    uint32_t code;

    if (data->in_reference && (isalnum((unsigned char)c) || c == '#') && length < REFERENCE_BYTES) {
        data->reference[length] = c;
        data->reference[length + 1] = '\0';
        return;
    }
    if (data->in_reference) {
        code = c == ';' ? reference_code(data->reference) : 0;
        if (code != 0) {
            put_character(data, code);
            data->in_reference = false;
            return;
        }
        give_up_reference(data);
    }
    if (c != '&') {
        put(data, &c, 1);
        return;
    }
    data->in_reference = true;
    data->reference[0] = '\0';
}

/* ---------------------------------------------------------------- tags */

static void append(char name[NAME_BYTES], char c)
{
    size_t length = strlen(name);

    if (length + 1 < NAME_BYTES) {
        name[length] = (char)tolower((unsigned char)c);
        name[length + 1] = '\0';
    }
}

/* Keeps the last NAME_BYTES - 1 bytes. */
static void append_end(char end[NAME_BYTES], const char *bytes, size_t length)
{
    size_t kept = strlen(end);

    if (length >= NAME_BYTES) {
        bytes += length - (NAME_BYTES - 1);
        length = NAME_BYTES - 1;
    }
    if (kept + length >= NAME_BYTES) {
        size_t surplus = kept + length - (NAME_BYTES - 1);

        memmove(end, end + surplus, kept - surplus);
        kept -= surplus;
    }
    memcpy(end + kept, bytes, length);
    end[kept + length] = '\0';
}

/* Elements whose content is text up to their end tag, whatever it looks like. */
static bool has_raw_text(const char *tag)
{
    return strcmp(tag, "style") == 0 || strcmp(tag, "script") == 0 || strcmp(tag, "title") == 0 ||
           strcmp(tag, "textarea") == 0;
}

static void end_tag(struct html_data *data)
{
    if (strcmp(data->tag, "body") == 0)
        data->has_body = true;
    data->recent[0] = '\0';
    data->place = has_raw_text(data->tag) ? IN_RAW_TEXT : IN_TEXT;
}

static void begin_value(struct html_data *data, char quote)
{
    data->quote = quote;
    data->is_wanted = !data->has_body && !data->has_value && strcmp(data->tag, "body") == 0 &&
                      strcmp(data->attribute, "data-raw") == 0;
    data->place = IN_VALUE;
}

static void end_value(struct html_data *data)
{
    if (data->is_wanted) {
        if (data->in_reference)
            give_up_reference(data);
        flush(data);
        data->has_value = true;
    }
    data->is_wanted = false;
    data->place = BETWEEN_ATTRIBUTES;
}

static void read_value(struct html_data *data, char c)
{
    if (data->quote ? c == data->quote : isspace((unsigned char)c) || c == '>') {
        end_value(data);
        if (c == '>')
            end_tag(data);
    } else if (data->is_wanted) {
        put_value_character(data, c);
    }
}

static void read_after_less_than(struct html_data *data, char c)
{
    data->tag[0] = data->recent[0] = '\0';
    data->dashes = 0;
    if (c == '!' || c == '?') {
        data->place = IN_DECLARATION;
    } else if (c == '/' || isalpha((unsigned char)c)) {
        append(data->tag, c);
        data->place = IN_TAG_NAME;
    } else {
        data->place = c == '<' ? AFTER_LESS_THAN : IN_TEXT;
    }
}

static void read_declaration(struct html_data *data, char c)
{
    append(data->tag, c);
    if (strcmp(data->tag, "--") == 0)
        data->place = IN_COMMENT;
    else if (c == '>')
        data->place = IN_TEXT;
}

static void read_comment(struct html_data *data, char c)
{
    if (c == '>' && data->dashes >= 2)
        data->place = IN_TEXT;
    data->dashes = c == '-' ? data->dashes + 1 : 0;
}

static void read_between_attributes(struct html_data *data, char c)
{
    if (c == '>') {
        end_tag(data);
    } else if (c != '/' && !isspace((unsigned char)c)) {
        data->attribute[0] = '\0';
        append(data->attribute, c);
        data->place = IN_ATTRIBUTE_NAME;
    }
}

static void read_attribute_name(struct html_data *data, char c)
{
    if (c == '=')
        data->place = BEFORE_VALUE;
    else if (c == '>')
        end_tag(data);
    else if (isspace((unsigned char)c))
        data->place = AFTER_ATTRIBUTE_NAME;
    else
        append(data->attribute, c);
}

static void read_after_attribute_name(struct html_data *data, char c)
{
    if (c == '=')
        data->place = BEFORE_VALUE;
    else if (!isspace((unsigned char)c))
        read_between_attributes(data, c);
}

static void read_before_value(struct html_data *data, char c)
{
    if (c == '"' || c == '\'') {
        begin_value(data, c);
    } else if (!isspace((unsigned char)c)) {
        begin_value(data, '\0');
        read_value(data, c);
    }
}

static void read_tag_name(struct html_data *data, char c)
{
    if (c == '>')
        end_tag(data);
    else if (isspace((unsigned char)c))
        data->place = BETWEEN_ATTRIBUTES;
    else
        append(data->tag, c);
}

static void read_raw_text(struct html_data *data, char c)
{
    bool may_end = data->recent[0] == '<' && data->recent[1] == '/' &&
                   strcmp(data->recent + 2, data->tag) == 0;

    if (may_end && (c == '>' || isspace((unsigned char)c))) {
        data->place = c == '>' ? IN_TEXT : IN_DECLARATION;
        return;
    }
    if (c == '<')
        data->recent[0] = '\0';
    if (c == '<' || data->recent[0] != '\0')
        append(data->recent, c);
}

static void read_character(struct html_data *data, char c)
{
    switch (data->place) {
    case IN_TEXT:
        if (c == '<')
            data->place = AFTER_LESS_THAN;
        break;
    case AFTER_LESS_THAN:
        read_after_less_than(data, c);
        break;
    case IN_DECLARATION:
        read_declaration(data, c);
        break;
    case IN_COMMENT:
        read_comment(data, c);
        break;
    case IN_TAG_NAME:
        read_tag_name(data, c);
        break;
    case BETWEEN_ATTRIBUTES:
        read_between_attributes(data, c);
        break;
    case IN_ATTRIBUTE_NAME:
        read_attribute_name(data, c);
        break;
    case AFTER_ATTRIBUTE_NAME:
        read_after_attribute_name(data, c);
        break;
    case BEFORE_VALUE:
        read_before_value(data, c);
        break;
    case IN_VALUE:
        read_value(data, c);
        break;
    case IN_RAW_TEXT:
        read_raw_text(data, c);
        break;
    }
}

/* ---------------------------------------------------------------- feeding */

/* Bytes at the start that change nothing but the output: skipped or copied at once. */
static size_t read_plain(struct html_data *data, const char *bytes, size_t length)
{
    size_t plain = 0;

    if (data->place == IN_RAW_TEXT && data->recent[0] == '\0') {
        const char *tag = memchr(bytes, '<', length);

        return tag ? (size_t)(tag - bytes) : length;
    }
    if (data->place != IN_VALUE || !data->is_wanted || data->in_reference || !data->quote)
        return 0;
    while (plain < length && bytes[plain] != '&' && bytes[plain] != data->quote)
        plain++;
    flush(data);
    if (plain > 0)
        data->sink(data->user, bytes, plain);
    return plain;
}

static void remember_end(struct html_data *data, const char *bytes, size_t length)
{
    while (length > 0 && isspace((unsigned char)bytes[length - 1]))
        length--;
    append_end(data->end, bytes, length);
}

void html_data_feed(struct html_data *data, const char *bytes, size_t length)
{
    size_t at = 0;

    while (at < length) {
        at += read_plain(data, bytes + at, length - at);
        if (at < length)
            read_character(data, bytes[at++]);
    }
    remember_end(data, bytes, length);
}

const char *html_data_problem(const struct html_data *data)
{
    size_t end = strlen(data->end), wanted = strlen(END_OF_PAGE);

    if (data->is_wanted)
        return "is cut off inside its data";
    if (!data->has_value)
        return data->has_body ? "is no mochawesome report: its body has no attribute data-raw"
                              : "is cut off, or no HTML report: it has no body";
    if (end < wanted || strcasecmp(data->end + end - wanted, END_OF_PAGE) != 0)
        return "is cut off: it does not end with " END_OF_PAGE;
    return NULL;
}
