#include "ledger-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static int fail(const char *path, int error, char **ret_error)
{
    *ret_error = memory_format("%s: %s", path, strerror(error));
    return -error;
}

/* Does not wait for the other end of a FIFO. */
static int open_regular(const char *path, FILE **ret, char **ret_error)
{
    CLEANUP_CLOSE int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    if (descriptor < 0 || fstat(descriptor, &status) < 0)
        return fail(path, errno, ret_error);
    if (!S_ISREG(status.st_mode)) {
        *ret_error = memory_format("%s: is no regular file", path);
        return -EBADMSG;
    }
    *ret = fdopen(descriptor, "re");
    if (!*ret)
        return fail(path, errno, ret_error);
    take_descriptor(&descriptor);
    return 0;
}

static int read_line(struct ledger_reader *reader, const char *path, size_t number,
                     const char *line, size_t length, char **ret_error)
{
    CLEANUP_FREE char *problem = NULL;

    if (ledger_reader_line(reader, line, length, &problem) != LEDGER_LINE_BAD)
        return 0;
    *ret_error = memory_format("%s:%zu: %s", path, number, problem);
    return -EBADMSG;
}

static int read_lines(struct ledger_reader *reader, const char *path, FILE *file, char **ret_error)
{
    CLEANUP_FREE char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    int status = 0;

    errno = 0;
    for (size_t number = 1; status == 0 && (length = getline(&line, &capacity, file)) >= 0;
         number++) {
        if (length > 0 && line[length - 1] == '\n')
            length--;
        status = read_line(reader, path, number, line, (size_t)length, ret_error);
    }
    if (status == 0 && ferror(file))
        return fail(path, errno ? errno : EIO, ret_error);
    return status;
}

int ledger_read_file(struct ledger *ledger, const char *path, char **ret_error)
{
    CLEANUP_FILE FILE *file = NULL;
    struct ledger_reader *reader;
    int status = open_regular(path, &file, ret_error);

    if (status < 0)
        return status;
    reader = ledger_reader_new(ledger);
    status = read_lines(reader, path, file, ret_error);
    ledger_reader_free(reader);
    return status;
}
