/*
 * The attribute data-raw of an HTML page's body, taken out while the page streams by: the styles in
 * front of it and the scripts behind it may be megabytes.
 */
#ifndef ATVM_PLUGINS_MOCHAWESOME_HTML_DATA_H
#define ATVM_PLUGINS_MOCHAWESOME_HTML_DATA_H

#include <stdbool.h>
#include <stddef.h>

/* Gets the next bytes of the attribute's value, character references resolved. */
typedef void (*html_data_sink)(void *user, const char *bytes, size_t length);

struct html_data;

/* Never NULL; html_data_free accepts NULL. */
struct html_data *html_data_new(html_data_sink sink, void *user);
void html_data_free(struct html_data *data);

void html_data_feed(struct html_data *data, const char *bytes, size_t length);

/* Why the page is not whole: no body, no such attribute, or no "</html>" at its end. NULL: it is.
 */
const char *html_data_problem(const struct html_data *data);

#endif
