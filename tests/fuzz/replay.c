/*
 * The engine of `make check`: runs a fuzz target, without libFuzzer, over every crash that was
 * found, its own seeds and a selection of the recorded files (tests/fuzz/corpus.txt says which),
 * and over a sample of the beginnings of each. Speaks TAP. With arguments: over these files alone.
 */
#include <errno.h>
#include <glob.h>
#include <unistd.h>

#include "expect.h"

/* Recorded files are many and alike: so many of each pattern, evenly chosen, and none larger. */
#define FILES_PER_PATTERN 40
#define FILE_SIZE_MAX     (256 * 1024)
/* Beginnings of each file. */
#define BEGINNINGS 20
/* What takes longer than this for one file hangs. */
#define SECONDS_PER_FILE 60

static unsigned tests, failures;

/* The whole file; free() it. NULL: it cannot be read. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    uint8_t *bytes = NULL;
    long size;

    if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
        rewind(file);
        *ret_size = (size_t)size;
        bytes = fuzz_allocate(*ret_size);
        if (fread(bytes, 1, *ret_size, file) != *ret_size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (file)
        fclose(file);
    return bytes;
}

/* In memory of its own, so that a sanitizer sees a read beyond it. */
static void run_beginning(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = fuzz_allocate(size);

    if (size)
        memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay(const char *path)
{
    size_t size = 0;
    uint8_t *bytes = read_file(path, &size);
    unsigned seed = 20261123;

    tests++;
    if (!bytes) {
        printf("not ok %u - %s cannot be read: %s\n", tests, path, strerror(errno));
        failures++;
        return;
    }
    /* What is being run stands in the log if this ends the program. */
    printf("# %s\n", path);
    fflush(stdout);
    alarm(SECONDS_PER_FILE);
    run_beginning(bytes, size);
    for (unsigned i = 0; i < BEGINNINGS && size > 0; i++)
        run_beginning(bytes, (size_t)rand_r(&seed) % size);
    free(bytes);
    printf("ok %u - %s\n", tests, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static bool is_small(const char *path)
{
    FILE *file = fopen(path, "r");
    bool small = file && fseek(file, 0, SEEK_END) == 0 && ftell(file) <= FILE_SIZE_MAX;

    if (file)
        fclose(file);
    return small;
}

/* `most` 0: all of them, whatever their size. Returns how many files fit the pattern. */
static size_t replay_pattern(const char *pattern, size_t most)
{
    glob_t found;
    size_t count, stride;

    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    count = found.gl_pathc;
    stride = most && count > most ? (count + most - 1) / most : 1;
    for (size_t i = 0; i < count; i += stride)
        if (!most || is_small(found.gl_pathv[i]))
            replay(found.gl_pathv[i]);
    globfree(&found);
    return count;
}

/* A pattern that fits nothing has lost its files. */
static void replay_recorded(const char *pattern)
{
    if (replay_pattern(pattern, FILES_PER_PATTERN) > 0)
        return;
    printf("not ok %u - tests/fuzz/corpus.txt: no file fits %s\n", ++tests, pattern);
    failures++;
}

/* Lines "TARGET PATTERN"; '#' begins a comment. */
static bool replay_corpus(const char *target)
{
    FILE *file = fopen("tests/fuzz/corpus.txt", "r");
    char line[512], name[64], pattern[384];

    if (!file)
        return false;
    while (fgets(line, sizeof(line), file))
        if (line[0] != '#' && sscanf(line, "%63s %383s", name, pattern) == 2 &&
            strcmp(name, target) == 0)
            replay_recorded(pattern);
    fclose(file);
    return true;
}

static bool replay_target(const char *target)
{
    char pattern[256];

    snprintf(pattern, sizeof(pattern), "tests/fuzz/crashes/%s/*", target);
    replay_pattern(pattern, 0);
    snprintf(pattern, sizeof(pattern), "tests/fuzz/seeds/%s/*", target);
    replay_pattern(pattern, 0);
    return replay_corpus(target);
}

int main(int argc, char **argv)
{
    const char *top = getenv("top_srcdir");
    const char *program = strrchr(argv[0], '/');
    const char *target = strstr(program ? program : argv[0], "fuzz-");

    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc == 1 && (!target || chdir(top ? top : ".") != 0 ||
                      !replay_target(target + strlen("fuzz-")) || tests == 0)) {
        printf("Bail out! No seeds: set top_srcdir to the source tree\n");
        return EXIT_FAILURE;
    }
    printf("1..%u\n", tests);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
