#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "memory.h"
#include "nearest-name.h"
#include "operate.h"
#include "status-builds.h"

/* Of the names that are offered in place of an unknown one. */
#define OFFERED_MAX 10

int operate_report_unknown(const struct config *config, const char *build)
{
    CLEANUP_FREE char *error = NULL, *advice = NULL;
    CLEANUP_FREE const char **names = NULL;
    struct build_rows rows;
    const char *nearest;

    if (build_rows_load(config, clock_ns(CLOCK_REALTIME), &rows, &error) < 0) {
        log_error("%s", error);
        return COMMAND_STATE;
    }
    names = memory_zeroed(rows.count + 1, sizeof(*names));
    for (size_t i = 0; i < rows.count; i++)
        names[i] = rows.rows[i].name;
    nearest = nearest_name(build, names, rows.count);
    advice = nearest ? memory_format("did you mean %s?", nearest)
                     : nearest_name_advice(build, names,
                                           rows.count < OFFERED_MAX ? rows.count : OFFERED_MAX,
                                           "runs known here");
    log_error("%s: no run of that name was watched here; %s", build, advice);
    build_rows_free(&rows);
    return COMMAND_STATE;
}
