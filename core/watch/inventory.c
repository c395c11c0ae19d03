#include "inventory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "durable-file.h"

#define NO_COLUMN   SIZE_MAX
#define COLUMNS_MAX 64 /* further ones are not looked at */

struct row {
    char *cells[COLUMNS_MAX];
    size_t count;
};

/* The table that is being read. */
struct table {
    bool open;
    size_t host, kernel; /* columns; NO_COLUMN: not one of our tables */
};

struct reading {
    struct obstack *memory;
    struct row previous; /* the line before, where it could be the head of a table */
    struct table table;
    bool fenced; /* in a block of code */
    bool found;
    struct host_fact *facts;
    size_t count, capacity;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---------------------------------------------------------------- rows */

/* What can be escaped in Markdown: the punctuation of ASCII (CommonMark 0.30, 2.4). */
static bool is_punctuation(char c)
{
    return c != '\0' && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c);
}

/* The cell without blanks and emphasis around it. */
static char *trimmed(char *cell)
{
    static const char around[] = " \t`*";
    size_t length;

    cell += strspn(cell, around);
    length = strlen(cell);
    while (length > 0 && strchr(around, cell[length - 1]))
        length--;
    cell[length] = '\0';
    return cell;
}

/* Takes the cell that begins at `at`. Returns where the bar after it stands, or the line's end. */
static const char *take_cell(struct obstack *memory, const char *at, const char *end,
                             struct row *row)
{
    for (; at < end && *at != '|'; at++) {
        if (*at == '\\' && at + 1 < end && is_punctuation(at[1]))
            at++;
        obstack_1grow(memory, *at);
    }
    obstack_1grow(memory, '\0');
    if (row->count < COLUMNS_MAX)
        row->cells[row->count++] = trimmed(obstack_finish(memory));
    else
        obstack_free(memory, obstack_finish(memory));
    return at;
}

/* The cells of a line; none where no bar stands in it. The outer bars need not be there. */
static void split_row(struct obstack *memory, const char *at, const char *end, struct row *ret)
{
    bool has_bar = false;

    ret->count = 0;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    if (at < end && *at == '|') {
        has_bar = true;
        at++;
    }
    while (at < end) {
        at = take_cell(memory, at, end, ret);
        if (at < end) {
            has_bar = true;
            at++;
        }
    }
    if (!has_bar)
        ret->count = 0;
}

/* "---", ":--", "--:" or ":-:". */
static bool is_dashes(const char *cell)
{
    size_t dashes;

    cell += *cell == ':';
    dashes = strspn(cell, "-");
    cell += dashes;
    cell += *cell == ':';
    return dashes > 0 && *cell == '\0';
}

static bool is_delimiter(const struct row *row)
{
    for (size_t i = 0; i < row->count; i++)
        if (!is_dashes(row->cells[i]))
            return false;
    return row->count > 0;
}

/* ---------------------------------------------------------------- columns */

static char lower_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return lower_letter(c) >= 'a' && lower_letter(c) <= 'z';
}

static bool words_are_equal(const char *text, size_t length, const char *word)
{
    for (size_t i = 0; i < length; i++)
        if (lower_letter(text[i]) != word[i])
            return false;
    return word[length] == '\0';
}

static bool has_word(const char *text, const char *word)
{
    while (*text) {
        size_t length = 0;

        while (is_letter(text[length]))
            length++;
        if (length > 0 && words_are_equal(text, length, word))
            return true;
        text += length > 0 ? length : 1;
    }
    return false;
}

/* Names of a column: the earlier the group, the better it fits; the last one holds words that it
 * may have in its name. */
struct column_names {
    const char *groups[3][5];
};

static const struct column_names host_names = {{{"host", "hostname", "host name", "vm", "vm name"},
                                                {"name", "machine"},
                                                {"host", "hostname", "vm", "name", "machine"}}};
static const struct column_names kernel_names = {{{"kernel"}, {"kernel version"}, {"kernel"}}};

/* How well the head fits, 0 is best; 3: not at all. */
static size_t misfit(const struct column_names *names, const char *head)
{
    for (size_t group = 0; group < 3; group++)
        for (size_t i = 0; i < 5 && names->groups[group][i]; i++) {
            const char *name = names->groups[group][i];

            if (group == 2 ? has_word(head, name) : words_are_equal(head, strlen(head), name))
                return group;
        }
    return 3;
}

static size_t find_column(const struct row *head, const struct column_names *names, size_t except)
{
    size_t best = 3, column = NO_COLUMN;

    for (size_t i = 0; i < head->count; i++) {
        size_t fit = i == except ? 3 : misfit(names, head->cells[i]);

        if (fit < best) {
            best = fit;
            column = i;
        }
    }
    return column;
}

static void open_table(struct reading *reading, const struct row *head)
{
    struct table *table = &reading->table;

    table->open = true;
    table->kernel = find_column(head, &kernel_names, NO_COLUMN);
    table->host = find_column(head, &host_names, table->kernel);
    if (table->host != NO_COLUMN && table->kernel != NO_COLUMN)
        reading->found = true;
}

/* ---------------------------------------------------------------- lines */

static const char *value_of(const struct row *row, size_t column)
{
    return column < row->count ? row->cells[column] : "";
}

static bool is_value(const char *text)
{
    static const char *const nothing[] = {"", "-", "–", "—"};

    for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
        if (strcmp(text, nothing[i]) == 0)
            return false;
    return true;
}

static void take_row(struct reading *reading, const struct row *row)
{
    const char *host = value_of(row, reading->table.host);
    const char *kernel = value_of(row, reading->table.kernel);

    if (!is_value(host) || !is_value(kernel))
        return;
    memory_grow(&reading->facts, reading->count, &reading->capacity, sizeof(*reading->facts));
    reading->facts[reading->count++] = (struct host_fact){host, kernel};
}

static bool is_fence(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return end - at >= 3 && (strncmp(at, "```", 3) == 0 || strncmp(at, "~~~", 3) == 0);
}

static void take_line(struct reading *reading, const char *at, const char *end)
{
    struct row row = {.count = 0};

    if (is_fence(at, end))
        reading->fenced = !reading->fenced;
    else if (!reading->fenced)
        split_row(reading->memory, at, end, &row);
    if (row.count == 0)
        reading->table.open = false;
    else if (reading->table.open)
        take_row(reading, &row);
    else if (is_delimiter(&row) && row.count == reading->previous.count)
        open_table(reading, &reading->previous);
    reading->previous = row;
}

bool inventory_parse(struct obstack *memory, const char *text, struct host_fact **ret,
                     size_t *ret_count)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    struct reading reading = {.memory = memory};

    if (strncmp(text, byte_order_mark, strlen(byte_order_mark)) == 0)
        text += strlen(byte_order_mark);
    while (*text) {
        size_t length = strcspn(text, "\n");
        bool carriage_return = length > 0 && text[length - 1] == '\r';

        take_line(&reading, text, text + length - carriage_return);
        text += length + (text[length] == '\n');
    }
    *ret = memory_array_in(memory, reading.facts, reading.count, sizeof(**ret));
    *ret_count = reading.count;
    free(reading.facts);
    return reading.found;
}

/* ---------------------------------------------------------------- the file */

/* An operator's link is followed: the inventory may live elsewhere. */
static int read_text(const char *path, char **ret_text, char **ret_error)
{
    CLEANUP_FREE char *file = realpath(path, NULL);
    CLEANUP_FREE char *reason = NULL;
    CLEANUP_FREE char *text = NULL;
    size_t length = 0;
    int status = file ? durable_read(file, INVENTORY_SIZE_MAX, &text, &length, &reason) : -errno;

    if (status == 0 && strlen(text) != length)
        status = -EINVAL;
    if (status == 0)
        *ret_text = TAKE_POINTER(text);
    else
        *ret_error = memory_format("VM inventory %s: %s; name a Markdown file of at most %d bytes "
                                   "that the watcher may read",
                                   path,
                                   reason              ? reason
                                   : status == -EINVAL ? "it holds a NUL byte"
                                                       : strerror(-status),
                                   INVENTORY_SIZE_MAX);
    return status;
}

int inventory_read(struct obstack *memory, const char *path, struct host_fact **ret,
                   size_t *ret_count, char **ret_error)
{
    CLEANUP_FREE char *text = NULL;
    int status = read_text(path, &text, ret_error);

    if (status < 0)
        return status;
    if (inventory_parse(memory, text, ret, ret_count))
        return 0;
    *ret_error =
        memory_format("VM inventory %s: no table in it has both a host column (Host, VM or "
                      "Name) and a Kernel column; name the columns so",
                      path);
    return -EBADMSG;
}
