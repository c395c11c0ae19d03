/*
 * Runs a libFuzzer entry without libFuzzer: over every file that fits FUZZ_SEEDS (glob(7), relative
 * to the source tree), and over a sample of its prefixes. Speaks TAP. With arguments: over these
 * files, as found by a fuzzer.
 */
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PREFIXES 20

/* The whole file; free() it. NULL: it cannot be read. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    uint8_t *bytes = NULL;
    long size;

    if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
        rewind(file);
        *ret_size = (size_t)size;
        bytes = malloc(*ret_size + 1);
        if (bytes && fread(bytes, 1, *ret_size, file) != *ret_size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (file)
        fclose(file);
    return bytes;
}

/* A prefix in memory of its own, so that a sanitizer sees a read beyond it. */
static void run_prefix(const uint8_t *bytes, size_t size)
{
    uint8_t *prefix = malloc(size + 1);

    if (!prefix)
        abort();
    memcpy(prefix, bytes, size);
    LLVMFuzzerTestOneInput(prefix, size);
    free(prefix);
}

static void replay(const char *path, unsigned number)
{
    size_t size = 0;
    uint8_t *bytes = read_file(path, &size);
    unsigned seed = 20261123;

    if (!bytes) {
        printf("not ok %u - %s cannot be read\n", number, path);
        return;
    }
    run_prefix(bytes, size);
    for (unsigned i = 0; i < PREFIXES && size > 0; i++)
        run_prefix(bytes, (size_t)rand_r(&seed) % size);
    free(bytes);
    printf("ok %u - %s\n", number, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
}

static void replay_all(char **paths, size_t count)
{
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++)
        replay(paths[i], (unsigned)i + 1);
}

int main(int argc, char **argv)
{
    const char *top = getenv("top_srcdir");
    glob_t seeds;

    if (argc > 1) {
        replay_all(argv + 1, (size_t)argc - 1);
        return EXIT_SUCCESS;
    }
    if (chdir(top ? top : ".") != 0 || glob(FUZZ_SEEDS, 0, NULL, &seeds) != 0) {
        printf("Bail out! No seeds: set top_srcdir to the source tree\n");
        return EXIT_FAILURE;
    }
    replay_all(seeds.gl_pathv, seeds.gl_pathc);
    globfree(&seeds);
    return EXIT_SUCCESS;
}
