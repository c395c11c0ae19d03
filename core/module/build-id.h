/* The build id the linker left in an object (ELF note NT_GNU_BUILD_ID), as `file` shows it. */
#ifndef ATVM_CORE_BUILD_ID_H
#define ATVM_CORE_BUILD_ID_H

/* Of the loaded object with this path, exactly as it was loaded; "" for the program itself.
 * Lower-case hex digits; free it. NULL: no such object, or it was linked without one. */
char *build_id_of(const char *path);

/* The same of a file, which is only read: a program that is installed, or that of another process
 * ("/proc/PID/exe"). 0 with *ret (free it), or -errno: -ENOEXEC: it is no program or module for
 * this kind of machine; -ENODATA: it was linked without one. */
int build_id_of_file(const char *path, char **ret);

#endif
