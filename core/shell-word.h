/* Words of commands that a person is shown, to paste them into a shell. */
#ifndef ATVM_CORE_SHELL_WORD_H
#define ATVM_CORE_SHELL_WORD_H

/* `word` as POSIX sh reads it back: in single quotes where it is not plain; free() it. */
char *shell_word(const char *word);

/* How the program that runs is called: "atvm-watcher" where the PATH leads to it, else by the path
 * of its file, as a word for the shell; free() it. */
char *shell_word_of_program(void);

#endif
