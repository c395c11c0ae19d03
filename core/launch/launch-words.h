/*
 * A command as a launch runs it: an array of words for execve, never a text for a shell. How it is
 * shown, how it is read from a text, and what options it has. Pure; strings live in an obstack.
 */
#ifndef ATVM_CORE_LAUNCH_WORDS_H
#define ATVM_CORE_LAUNCH_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

struct launch_words {
    const char **words; /* count of them, then NULL; NULL: none at all */
    size_t count, capacity;
};

/* Adds a word at the end; the string is the caller's and outlives the words. */
void launch_words_add(struct launch_words *words, const char *word);
/* Takes one out. */
void launch_words_remove(struct launch_words *words, size_t index);
/* Frees the array, not the strings. */
void launch_words_free(struct launch_words *words);

/* As one would type it in a POSIX shell: words that need it in single quotes. */
char *launch_words_text(struct obstack *memory, const struct launch_words *words);

/*
 * The words of a text that was written for a shell. Only what needs no shell is taken: words,
 * quotes, backslashes, and "cd FOLDER &&" in front, which goes to *ret_folder (NULL: there is
 * none). An outer "sshpass … ssh HOST" is taken off first (command_unwrap). false: *ret_error (in
 * memory) says what would need a shell.
 */
bool launch_words_split(struct obstack *memory, const char *text, struct launch_words *ret,
                        const char **ret_folder, const char **ret_error);

/* "--name value …" or "--name=value" in a command. Words after a name count as its values as long
 * as they are no options. */
struct launch_option {
    size_t index;       /* of the word with the name */
    const char *glued;  /* the value after '='; NULL: none */
    size_t value_count; /* of the words after it */
};

/* The first option of that name (with its dashes) from word `start` on. */
bool launch_words_find(const struct launch_words *words, const char *name, size_t start,
                       struct launch_option *ret);
/* Its only value; NULL: it has none, or several. */
const char *launch_option_value(const struct launch_words *words,
                                const struct launch_option *option);
/* Calls `take` with every name in the comma lists of its values. */
void launch_option_each(const struct launch_words *words, const struct launch_option *option,
                        void (*take)(void *user, const char *name, size_t length), void *user);
/* Whether one of the names of every option `name` in there equals the text. */
bool launch_words_name(const struct launch_words *words, const char *name, const char *text);

#endif
