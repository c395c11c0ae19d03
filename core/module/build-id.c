#include "build-id.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

/* Longer ids do not occur (SHA-1 has 20 bytes, SHA-256 32). */
#define ID_BYTES_MAX 64
/* Notes of a program take some hundred bytes. */
#define NOTES_BYTES_MAX 65536

struct search {
    const char *path;
    char *id;
};

static size_t aligned(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

static char *hex_digits(const unsigned char *bytes, size_t count)
{
    char *text = memory_allocate(count * 2 + 1);

    for (size_t i = 0; i < count; i++)
        snprintf(text + i * 2, 3, "%02x", bytes[i]);
    return text;
}

/* Notes follow each other: a header of three words, the owner's name, the content, each padded to
 * four bytes (elf(5)). */
static char *id_in_notes(const unsigned char *notes, size_t size)
{
    ElfW(Nhdr) header;

    for (size_t offset = 0; offset + sizeof(header) <= size;) {
        size_t name = offset + sizeof(header), content;

        memcpy(&header, notes + offset, sizeof(header));
        content = name + aligned(header.n_namesz);
        offset = content + aligned(header.n_descsz);
        if (offset > size)
            return NULL;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == sizeof("GNU") &&
            memcmp(notes + name, "GNU", sizeof("GNU")) == 0 && header.n_descsz <= ID_BYTES_MAX)
            return hex_digits(notes + content, header.n_descsz);
    }
    return NULL;
}

/* ---- of a loaded object ---- */

static int look_into(struct dl_phdr_info *object, size_t size, void *user)
{
    struct search *search = user;

    (void)size;
    if (strcmp(object->dlpi_name, search->path) != 0)
        return 0;
    for (size_t i = 0; i < object->dlpi_phnum && !search->id; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

        if (segment->p_type == PT_NOTE)
            search->id = id_in_notes((const unsigned char *)(object->dlpi_addr + segment->p_vaddr),
                                     segment->p_memsz);
    }
    return 1;
}

char *build_id_of(const char *path)
{
    struct search search = {path, NULL};

    dl_iterate_phdr(look_into, &search);
    return search.id;
}

/* ---- of a file ---- */

static int read_at(int file, off_t offset, void *bytes, size_t size)
{
    ssize_t got = pread(file, bytes, size, offset);

    if (got < 0)
        return -errno;
    return (size_t)got == size ? 0 : -ENOEXEC;
}

static int id_in_segment(int file, const ElfW(Phdr) * segment, char **ret)
{
    CLEANUP_FREE unsigned char *notes = NULL;
    int error;

    if (segment->p_type != PT_NOTE || segment->p_filesz > NOTES_BYTES_MAX)
        return 0;
    notes = memory_allocate(segment->p_filesz + 1);
    error = read_at(file, (off_t)segment->p_offset, notes, segment->p_filesz);
    if (!error)
        *ret = id_in_notes(notes, segment->p_filesz);
    return error;
}

static int id_in_file(int file, char **ret)
{
    ElfW(Ehdr) head;
    int error = read_at(file, 0, &head, sizeof(head));

    if (error)
        return error;
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ElfW(Phdr)))
        return -ENOEXEC;
    for (size_t i = 0; i < head.e_phnum && !error && !*ret; i++) {
        ElfW(Phdr) segment;

        error =
            read_at(file, (off_t)(head.e_phoff + i * sizeof(segment)), &segment, sizeof(segment));
        if (!error)
            error = id_in_segment(file, &segment, ret);
    }
    if (error)
        return error;
    return *ret ? 0 : -ENODATA;
}

int build_id_of_file(const char *path, char **ret)
{
    /* Non-blocking: a FIFO must not hold anybody up. */
    CLEANUP_CLOSE int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    *ret = NULL;
    return file < 0 ? -errno : id_in_file(file, ret);
}
