#include "run-asked.h"

#include "memory.h"
#include "render-secret.h"

/* Assignments to names that promise a secret are kept without it: no gate of a spec asks for one.
 */
static char **masked(struct obstack *memory, char *const *strings, size_t count)
{
    char **copies = memory_array_in(memory, NULL, count, sizeof(*copies));

    for (size_t i = 0; i < count; i++)
        copies[i] = secret_mask(memory, strings[i]);
    return copies;
}

void run_settings_note(const struct run_settings *settings, struct state *state)
{
    struct obstack memory;
    struct state_asked asked = {
        .since_ns = settings->since_ns,
        .hosts = settings->hosts,
        .host_count = settings->host_count,
        .env_count = settings->env_count,
        .template_name = settings->template_name,
        .plugin = settings->plugin,
        .config_family = settings->config_family,
        .migration_style = settings->migration_style,
        .scope_description = settings->scope_description,
    };

    obstack_init(&memory);
    asked.cypress_env = masked(&memory, settings->cypress_env, settings->env_count);
    if (settings->template_command)
        asked.template_command = secret_mask(&memory, settings->template_command);
    state->categorized = settings->categorized;
    state_set_asked(state, &asked);
    obstack_free(&memory, NULL);
}

static void recall_word(char **place, const char *word)
{
    if (!*place)
        *place = memory_string(word);
}

void run_settings_recall(struct run_settings *settings, const struct state *state)
{
    const struct state_asked *asked = &state->asked;

    for (size_t i = 0, given = settings->host_count; i < asked->host_count && given == 0; i++)
        run_settings_add_hosts(settings, asked->hosts[i]);
    for (size_t i = 0, given = settings->env_count; i < asked->env_count && given == 0; i++)
        run_settings_add_env(settings, asked->cypress_env[i]);
    recall_word(&settings->template_name, asked->template_name);
    recall_word(&settings->plugin, asked->plugin);
    recall_word(&settings->config_family, asked->config_family);
    recall_word(&settings->migration_style, asked->migration_style);
    recall_word(&settings->scope_description, asked->scope_description);
    recall_word(&settings->template_command, asked->template_command);
    if (settings->since_ns < 0)
        settings->since_ns = asked->since_ns >= 0 ? asked->since_ns : state->run.first_seen_ns;
    settings->categorized = settings->categorized || state->categorized || state->subrun_count > 0;
}
