#include "posts-words.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "render-escape.h"

/* systemd ignores a whole notification of more than 4096 bytes. */
#define REASON_CHARACTERS 120
#define TOLD_MAX          4

struct writing {
    struct obstack line, words; /* two, because one cannot hold two growing objects */
    size_t clauses;
};

static void begin_clause(struct writing *writing)
{
    if (writing->clauses++ > 0)
        obstack_printf(&writing->line, "; ");
}

static bool is_first_of_its_sink(const struct outbox_list *posts, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(posts->records[i]->sink, posts->records[index]->sink) == 0)
            return false;
    return true;
}

static bool has_all(const struct outbox_list *posts, const char *sink)
{
    for (size_t i = 0; i < posts->count; i++)
        if (strcmp(posts->records[i]->sink, sink) == 0 &&
            posts->records[i]->state != OUTBOX_DELIVERED)
            return false;
    return true;
}

static void add_delivered(struct writing *writing, const struct outbox_list *posts)
{
    size_t count = 0;

    for (size_t i = 0; i < posts->count; i++) {
        const char *sink = posts->records[i]->sink;

        if (!is_first_of_its_sink(posts, i) || !has_all(posts, sink))
            continue;
        if (count == 0)
            begin_clause(writing);
        obstack_printf(&writing->line, "%s%s", count++ ? ", " : "posted to ",
                       escape_line(&writing->words, sink));
    }
}

static bool was_refused(const struct outbox_record *record)
{
    return record->attempts_kept > 0 &&
           record->attempts[record->attempts_kept - 1].receipt.outcome == ATVM_REJECTED;
}

/* What is said before and after the sink's name. */
struct standing_words {
    const char *before, *after;
};

static struct standing_words words_of(const struct outbox_record *record)
{
    if (record->dropped)
        return (struct standing_words){"not sent to ", ""};
    switch (record->state) {
    case OUTBOX_PENDING:
        return (struct standing_words){"not sent to ", " yet"};
    case OUTBOX_SENDING:
        return (struct standing_words){"being sent to ", ""};
    case OUTBOX_QUARANTINED:
        return (struct standing_words){was_refused(record) ? "refused by " : "not delivered to ",
                                       ""};
    default:
        return (struct standing_words){"held, for nobody knows whether it arrived: ", ""};
    }
}

static void add_open(struct writing *writing, const struct outbox_record *record, const char *build)
{
    const struct standing_words words = words_of(record);
    const char *scope = record->message.scope;
    const char *why = record->explanation ? record->explanation : "";

    begin_clause(writing);
    if (strcmp(scope, build) != 0)
        obstack_printf(&writing->line, "%s ", escape_line(&writing->words, scope));
    obstack_printf(&writing->line, "%s%s%s", words.before,
                   escape_line(&writing->words, record->sink), words.after);
    if (*why)
        obstack_printf(&writing->line, ": %s",
                       escape_shorten(&writing->words, escape_line(&writing->words, why),
                                      REASON_CHARACTERS));
}

static void add_all_open(struct writing *writing, const struct outbox_list *posts,
                         const char *build)
{
    size_t open = 0;

    for (size_t i = 0; i < posts->count; i++)
        if (posts->records[i]->state != OUTBOX_DELIVERED && ++open <= TOLD_MAX)
            add_open(writing, posts->records[i], build);
    if (open > TOLD_MAX)
        obstack_printf(&writing->line, "; and %zu more", open - TOLD_MAX);
}

char *posts_words(const struct outbox_list *posts, const char *build)
{
    struct writing writing = {.clauses = 0};
    char *text;

    obstack_init(&writing.line);
    obstack_init(&writing.words);
    add_delivered(&writing, posts);
    add_all_open(&writing, posts, build);
    if (writing.clauses == 0)
        obstack_printf(&writing.line, "nothing was posted");
    obstack_1grow(&writing.line, '\0');
    text = memory_string(obstack_finish(&writing.line));
    obstack_free(&writing.words, NULL);
    obstack_free(&writing.line, NULL);
    return text;
}
