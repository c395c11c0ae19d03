/* Where in an artifact something stands, for formats whose reader does not tell. */
#ifndef ATVM_PLUGINS_ARTIFACT_SEARCH_H
#define ATVM_PLUGINS_ARTIFACT_SEARCH_H

#include <stdint.h>

#include "artifact-folder.h"

/*
 * The byte offset at which `text` first stands in the artifact's file, or -1. JSON and HTML write
 * some characters in escaped form, so what is looked for is the longest part of the text without
 * any of them (quotes, backslash, '&', '<', '>', control characters); one of less than 4 bytes is
 * not looked for. The file is read again, in bounded pieces.
 */
int64_t artifact_offset_of(const struct artifact *artifact, const char *text);

#endif
