#include "host-call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

/* host-call.h promises the cut at 2000 bytes. */
#define TEXT_BYTES 2001

/* Formats into text; what is too long is cut in front of the character that does not fit. */
static void __attribute__((format(printf, 2, 0)))
format_cut(char text[TEXT_BYTES], const char *format, va_list arguments)
{
    int length = vsnprintf(text, TEXT_BYTES, format, arguments);
    size_t end;

    if (length < 0) {
        strcpy(text, "(a message that could not be formatted)");
        return;
    }
    if (length < TEXT_BYTES)
        return;
    end = TEXT_BYTES - 1;
    /* Back over continuation bytes (10xxxxxx) to the start of the last character. */
    while (end > 0 && ((unsigned char)text[end - 1] & 0xc0) == 0x80)
        end--;
    if (end > 0 && (unsigned char)text[end - 1] >= 0x80)
        text[end - 1] = '\0';
}

void host_log(const struct atvm_host *host, int32_t level, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    format_cut(text, format, arguments);
    va_end(arguments);
    host->log(host->context, level, text, NULL, 0, sizeof(struct atvm_field));
}

int32_t host_fail(const struct atvm_host *host, int32_t result, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    format_cut(text, format, arguments);
    va_end(arguments);
    host->fail(host->context, text);
    return result;
}

void host_end_source(const struct atvm_host *host, int32_t quality, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;

    if (!format) {
        host->end_source(host->context, quality, NULL);
        return;
    }
    va_start(arguments, format);
    format_cut(text, format, arguments);
    va_end(arguments);
    host->end_source(host->context, quality, text);
}

void host_emit(const struct atvm_host *host, const struct atvm_evidence *evidence)
{
    host->emit_many(host->context, evidence, 1, sizeof(*evidence));
}

bool host_is_out_of_time(const struct atvm_host *host, int64_t reserve_ns)
{
    return host->cancelled(host->context) ||
           clock_ns(CLOCK_MONOTONIC) > host->deadline(host->context) - reserve_ns;
}
