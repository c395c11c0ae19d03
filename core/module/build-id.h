/* The build id the linker left in an object (ELF note NT_GNU_BUILD_ID), as `file` shows it. */
#ifndef ATVM_CORE_BUILD_ID_H
#define ATVM_CORE_BUILD_ID_H

/* Of the loaded object with this path, exactly as it was loaded; "" for the program itself.
 * Lower-case hex digits; free it. NULL: no such object, or it was linked without one. */
char *build_id_of(const char *path);

#endif
