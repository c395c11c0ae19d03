/* What a <failure> says, as a short message and as a longer excerpt, without its stack. */
#ifndef ATVM_PLUGINS_JUNIT_FAILURE_TEXT_H
#define ATVM_PLUGINS_JUNIT_FAILURE_TEXT_H

/* Bytes. An excerpt that is longer loses its middle: commands say what went wrong at their end. */
#define FAILURE_MESSAGE_LIMIT 2000
#define FAILURE_EXCERPT_LIMIT 16384

/*
 * type, message: the attributes; body: the text of the element (mocha-junit-reporter: the stack,
 * which begins with the message). An XML parser turns the newlines of an attribute into spaces, the
 * body keeps them, so the body is preferred where it says the same. Both results are free()d by the
 * caller and NULL where the source says nothing; an empty message is no evidence.
 */
void failure_text(const char *type, const char *message, const char *body, char **ret_message,
                  char **ret_excerpt);

/*
 * A copy of text up to its first stack line ("    at Context.eval (file:1:2)"), without colour
 * codes (the reporter drops the ESC of "ESC[31m" and leaves the rest) and without white space
 * around it. free() it.
 */
char *failure_text_clean(const char *text);

#endif
