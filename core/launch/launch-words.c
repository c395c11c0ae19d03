#include "launch-words.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "render-command.h"
#include "shell-word.h"

void launch_words_add(struct launch_words *words, const char *word)
{
    /* One place more than counted is kept, for the NULL at the end. */
    memory_grow(&words->words, words->count + 1, &words->capacity, sizeof(*words->words));
    words->words[words->count++] = word;
    words->words[words->count] = NULL;
}

void launch_words_remove(struct launch_words *words, size_t index)
{
    memmove(&words->words[index], &words->words[index + 1],
            (words->count - index) * sizeof(*words->words));
    words->count--;
}

void launch_words_free(struct launch_words *words)
{
    free(words->words);
    *words = (struct launch_words){0};
}

/* ---------------------------------------------------------------- to a text */

char *launch_words_text(struct obstack *memory, const struct launch_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        CLEANUP_FREE char *word = shell_word(words->words[i]);

        obstack_printf(memory, "%s%s", i > 0 ? " " : "", word);
    }
    obstack_1grow(memory, '\0');
    return obstack_finish(memory);
}

/* ---------------------------------------------------------------- from a text */

struct splitting {
    struct obstack *memory;
    const char *text;         /* the rest */
    const char *what, *where; /* of the first problem; NULL: none */
};

static bool fail(struct splitting *splitting, const char *what, const char *where)
{
    splitting->what = what;
    splitting->where = where;
    return false;
}

/* Grows the value by the part in quotes that begins at the text. */
static bool grow_part_in_quotes(struct splitting *splitting)
{
    const char *begin = splitting->text, *at = begin + 1;

    for (; *at && *at != *begin; at++) {
        if (*begin == '"' && strchr("$`", *at))
            return fail(splitting, "only a shell could expand this", at);
        if (*begin == '"' && *at == '\\' && at[1] && strchr("\"\\$`", at[1]))
            at++;
        obstack_1grow(splitting->memory, *at);
    }
    if (!*at)
        return fail(splitting, "a quote is left open", begin);
    splitting->text = at + 1;
    return true;
}

/* Grows the value by the word that begins at the text. */
static bool grow_word(struct splitting *splitting)
{
    const char *begin = splitting->text;

    if (strchr("~#", *begin))
        return fail(splitting, "only a shell knows what this means", begin);
    while (*splitting->text && !strchr(" \t", *splitting->text)) {
        char letter = *splitting->text;

        if (letter == '\'' || letter == '"') {
            if (!grow_part_in_quotes(splitting))
                return false;
            continue;
        }
        if (strchr(";|&<>()$`{}*?[]\n\r", letter))
            return fail(splitting, "only a shell knows what this means", splitting->text);
        if (letter == '\\' && splitting->text[1])
            letter = *++splitting->text;
        splitting->text++;
        if (letter != '\n') /* after a backslash, it goes on in the next line */
            obstack_1grow(splitting->memory, letter);
    }
    return true;
}

static bool add_word(struct splitting *splitting, struct launch_words *words)
{
    bool good = grow_word(splitting);

    obstack_1grow(splitting->memory, '\0');
    launch_words_add(words, obstack_finish(splitting->memory));
    return good;
}

/* "cd FOLDER &&" in front. */
static bool take_folder(struct splitting *splitting, struct launch_words *words,
                        const char **ret_folder)
{
    if (*ret_folder || words->count != 2 || strcmp(words->words[0], "cd") != 0)
        return fail(splitting, "only \"cd FOLDER &&\" in front needs no shell", splitting->text);
    *ret_folder = words->words[1];
    words->count = 0;
    splitting->text += strlen("&&");
    return true;
}

static const char *skip_blanks(const char *text)
{
    for (;;) {
        text += strspn(text, " \t");
        if (strncmp(text, "\\\n", 2) != 0)
            return text;
        text += 2;
    }
}

/* The command itself, without blank lines after it. */
static const char *command_in(struct obstack *memory, const char *text)
{
    char *command = command_unwrap(memory, text);
    size_t length = strlen(command);

    while (length > 0 && strchr(" \t\r\n", command[length - 1]))
        length--;
    command[length] = '\0';
    return command;
}

bool launch_words_split(struct obstack *memory, const char *text, struct launch_words *ret,
                        const char **ret_folder, const char **ret_error)
{
    struct splitting splitting = {memory, command_in(memory, text), NULL, NULL};
    bool good = true;

    *ret_folder = NULL;
    while (good && *(splitting.text = skip_blanks(splitting.text)))
        good = strncmp(splitting.text, "&&", 2) == 0 ? take_folder(&splitting, ret, ret_folder)
                                                     : add_word(&splitting, ret);
    if (good && ret->count == 0)
        good = fail(&splitting, "there is no command in it", text);
    *ret_error =
        good ? NULL : memory_format_in(memory, "%s: \"%.20s\"", splitting.what, splitting.where);
    return good;
}

/* ---------------------------------------------------------------- options */

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

bool launch_words_find(const struct launch_words *words, const char *name, size_t start,
                       struct launch_option *ret)
{
    size_t length = strlen(name), index = start, end;

    while (index < words->count && (strncmp(words->words[index], name, length) != 0 ||
                                    !strchr("=", words->words[index][length])))
        index++;
    if (index >= words->count)
        return false;
    *ret = (struct launch_option){.index = index};
    if (words->words[index][length] == '=')
        ret->glued = words->words[index] + length + 1;
    for (end = index + 1; end < words->count && !is_option(words->words[end]); end++)
        continue;
    ret->value_count = end - index - 1;
    return true;
}

const char *launch_option_value(const struct launch_words *words,
                                const struct launch_option *option)
{
    if (option->glued)
        return option->value_count == 0 ? option->glued : NULL;
    return option->value_count == 1 ? words->words[option->index + 1] : NULL;
}

static void each_of_list(const char *list, void (*take)(void *, const char *, size_t), void *user)
{
    for (list += strspn(list, ", "); *list; list += strspn(list, ", ")) {
        size_t length = strcspn(list, ", ");

        take(user, list, length);
        list += length;
    }
}

void launch_option_each(const struct launch_words *words, const struct launch_option *option,
                        void (*take)(void *user, const char *name, size_t length), void *user)
{
    if (option->glued)
        each_of_list(option->glued, take, user);
    for (size_t i = 1; i <= option->value_count; i++)
        each_of_list(words->words[option->index + i], take, user);
}

struct name_search {
    const char *text;
    bool found;
};

static void compare_name(void *user, const char *name, size_t length)
{
    struct name_search *search = user;

    search->found |= strlen(search->text) == length && strncmp(search->text, name, length) == 0;
}

bool launch_words_name(const struct launch_words *words, const char *name, const char *text)
{
    struct name_search search = {.text = text};
    struct launch_option option;

    for (size_t start = 0; launch_words_find(words, name, start, &option); start = option.index + 1)
        launch_option_each(words, &option, compare_name, &search);
    return search.found;
}
