#include "list-names.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "module-folder.h"
#include "state.h"
#include "status-builds.h"

static void add(struct name_list *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return;
    name_list_add(names, name);
}

/* ---- what is configured */

static void add_sinks(struct name_list *names, const struct config *config)
{
    for (size_t i = 0; i < config->sink_count; i++)
        add(names, config->sinks[i].name);
}

static void add_templates(struct name_list *names, const struct config *config)
{
    for (size_t i = 0; i < config->template_count; i++)
        add(names, config->templates[i].name);
}

/* ---- what is known of a build */

static void add_hosts(struct name_list *names, const struct state *state)
{
    for (size_t i = 0; i < state->expected_host_count; i++)
        add(names, state->expected_hosts[i]);
    for (size_t i = 0; i < state->run.host_count; i++)
        add(names, state->run.hosts[i].name);
    for (size_t i = 0; i < state->subrun_count; i++)
        for (size_t j = 0; j < state->subruns[i]->host_count; j++)
            add(names, state->subruns[i]->hosts[j].name);
}

static void add_scopes(struct name_list *names, const struct state *state)
{
    add(names, state->build);
    for (size_t i = 0; i < state->subrun_count; i++)
        add(names, state->subruns[i]->name);
}

static const struct kind {
    const char *name;
    /* One of them. */
    void (*of_config)(struct name_list *names, const struct config *config);
    void (*of_state)(struct name_list *names, const struct state *state);
} kinds[] = {
    {"hosts", .of_state = add_hosts},
    {"scopes", .of_state = add_scopes},
    {"sinks", .of_config = add_sinks},
    {"templates", .of_config = add_templates},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

const char *list_names_kind(size_t index)
{
    return index < KIND_COUNT ? kinds[index].name : NULL;
}

static void add_of_build(struct name_list *names, const struct kind *kind,
                         const struct config *config, const char *build)
{
    CLEANUP_FREE char *ignored = NULL;
    struct state *state = NULL;

    if (state_open(config->state_root, build, STATE_LOOK, clock_ns(CLOCK_REALTIME), &state,
                   &ignored) < 0)
        return;
    kind->of_state(names, state);
    state_close(state);
}

static void add_of_all_builds(struct name_list *names, const struct kind *kind,
                              const struct config *config)
{
    CLEANUP_FREE char *ignored = NULL;
    struct build_rows rows;

    if (build_rows_load(config, clock_ns(CLOCK_REALTIME), &rows, &ignored) < 0)
        return;
    for (size_t i = 0; i < rows.count; i++)
        add_of_build(names, kind, config, rows.rows[i].name);
    build_rows_free(&rows);
}

void list_names_print(const struct config *config, const char *kind_name, const char *build)
{
    CLEANUP_NAMES struct name_list names = {0};
    const struct kind *kind = kinds;

    while (strcmp(kind->name, kind_name) != 0)
        kind++;
    if (kind->of_config)
        kind->of_config(&names, config);
    else if (build)
        add_of_build(&names, kind, config, build);
    else
        add_of_all_builds(&names, kind, config);
    for (size_t i = 0; i < names.count; i++)
        puts(names.names[i]);
}
