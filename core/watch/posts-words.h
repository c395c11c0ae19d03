/* What became of the posts of a run, for the line that its service shows last. Pure. */
#ifndef ATVM_CORE_POSTS_WORDS_H
#define ATVM_CORE_POSTS_WORDS_H

#include "outbox.h"

/*
 * "posted to mattermost, file"; "posted to file; refused by mattermost: no such channel"; a sink is
 * said to have the run once it has all messages of it, and of the others each message is told, the
 * first few. "nothing was posted" for an empty list. One line of at most about 600 characters;
 * free() it. build: name of the run, of which other scopes are told apart.
 */
char *posts_words(const struct outbox_list *posts, const char *build);

#endif
