#include "render-command.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct word {
    size_t start, end; /* in the command */
    char *value;       /* without its quotes */
    bool is_operator;  /* ; && || | & or a line end */
};

struct words {
    struct word *words;
    size_t count, capacity;
};

static void words_release(struct words *words)
{
    free(words->words);
}

/* Adds the quoted part that begins at text[at] to the growing value. Returns the index after it;
 * 0: it is left open. */
static size_t grow_quoted(struct obstack *memory, const char *text, size_t at)
{
    char quote = text[at++];

    while (text[at] && text[at] != quote) {
        if (quote == '"' && text[at] == '\\' && text[at + 1] && strchr("\"\\$`", text[at + 1]))
            at++;
        obstack_1grow(memory, text[at++]);
    }
    return text[at] ? at + 1 : 0;
}

/* Adds one word's value to the growing object. Returns the index after it; 0: a quote is open. */
static size_t grow_word(struct obstack *memory, const char *text, size_t at)
{
    while (text[at] && !strchr(" \t\n;|&", text[at])) {
        if (text[at] == '\'' || text[at] == '"') {
            at = grow_quoted(memory, text, at);
            if (at == 0)
                return 0;
        } else {
            if (text[at] == '\\' && text[at + 1])
                at++;
            obstack_1grow(memory, text[at++]);
        }
    }
    return at;
}

/* Splits by the quoting rules of POSIX sh, without expanding anything. false: a quote is open. */
static bool split(struct obstack *memory, const char *text, struct words *ret)
{
    size_t at = 0, end;

    while (text[at += strspn(text + at, " \t")]) {
        end = at + strspn(text + at, ";|&\n");
        memory_grow(&ret->words, ret->count, &ret->capacity, sizeof(*ret->words));
        ret->words[ret->count] = (struct word){at, end, NULL, end > at};
        if (end == at)
            end = grow_word(memory, text, at);
        obstack_1grow(memory, '\0');
        ret->words[ret->count].value = obstack_finish(memory);
        if (end == 0)
            return false;
        ret->words[ret->count++].end = end;
        at = end;
    }
    return true;
}

static bool is_program(const struct word *word, const char *name)
{
    const char *slash = strrchr(word->value, '/');

    return !word->is_operator && strcmp(slash ? slash + 1 : word->value, name) == 0;
}

/* Index of the first word from `at` on that is no option; `with_value` holds the letters of options
 * that take one, which may be glued. */
static size_t skip_options(const struct words *words, size_t at, const char *with_value)
{
    while (at < words->count && words->words[at].value[0] == '-') {
        const char *option = words->words[at].value;
        size_t length = strlen(option);

        at++;
        if (length == 2 && strchr(with_value, option[1]))
            at++;
    }
    return at;
}

/* "SSHPASS=..." */
static bool is_assignment(const struct word *word)
{
    static const char letters[] = "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t name = strspn(word->value, letters);

    return !word->is_operator && name > 0 && word->value[name] == '=';
}

/* Index of the first word that is neither env(1) nor sets a variable of the call. */
static size_t skip_assignments(const struct words *words)
{
    size_t at = words->count > 0 && is_program(&words->words[0], "env") ? 1 : 0;

    while (at < words->count && is_assignment(&words->words[at]))
        at++;
    return at;
}

/* Index of the first word of the remote command; 0: the words are no such call. The letters are
 * those of sshpass(1) and ssh(1). */
static size_t remote_command(const struct words *words)
{
    size_t at = skip_assignments(words);

    if (at < words->count && is_program(&words->words[at], "sshpass"))
        at = skip_options(words, at + 1, "pfdP");
    if (at >= words->count || !is_program(&words->words[at], "ssh"))
        return 0;
    at = skip_options(words, at + 1, "BbcDEeFIiJLlmOopQRSWw");
    at = skip_options(words, at + 1, "BbcDEeFIiJLlmOopQRSWw"); /* after the host */
    return at < words->count ? at : 0;
}

char *command_unwrap(struct obstack *memory, const char *command)
{
    __attribute__((cleanup(words_release))) struct words words = {0};
    size_t first;

    if (!split(memory, command, &words) || (first = remote_command(&words)) == 0)
        return memory_string_in(memory, command);
    if (first + 1 == words.count)
        return words.words[first].value;
    return memory_string_in(memory, command + words.words[first].start);
}

static bool is_value(const struct words *words, size_t at)
{
    return at < words->count && !words->words[at].is_operator && words->words[at].value[0] != '-';
}

size_t command_options(struct obstack *memory, const char *command, struct command_option **ret)
{
    __attribute__((cleanup(words_release))) struct words words = {0};
    size_t count = 0;

    split(memory, command, &words);
    *ret = obstack_alloc(memory, (int)((words.count + 1) * sizeof(**ret)));
    for (size_t i = 0; i < words.count; i++) {
        char *name = words.words[i].value, *equals;

        if (words.words[i].is_operator || strncmp(name, "--", 2) != 0 || name[2] == '\0')
            continue;
        equals = strchr(name, '=');
        if (equals)
            *equals = '\0';
        (*ret)[count].name = name;
        (*ret)[count++].value = equals                    ? equals + 1
                                : is_value(&words, i + 1) ? words.words[i + 1].value
                                                          : NULL;
    }
    return count;
}
