/* The settings with a single value: one table with every default of design section 7. */
#include "config-reading.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config-value.h"
#include "nearest-name.h"
#include "render-time.h"

#define MILLISECONDS INT64_C(1000000)
#define SECONDS      (1000 * MILLISECONDS)
#define MINUTES      (60 * SECONDS)
#define DAYS         (24 * 60 * MINUTES)

#define WORDS_MAX 3

#define VARIABLE_PREFIX "ATVM_WATCHER_"

/* Variables that are no settings: of run-settings.c and module-folder.c. */
static const char *const other_variables[] = {
    "ATVM_WATCHER_CATEGORIZED",
    "ATVM_WATCHER_CONFIG",
    "ATVM_WATCHER_CONFIG_FAMILY",
    "ATVM_WATCHER_INTEGRATION_PLUGIN",
    "ATVM_WATCHER_MIGRATION_STYLE",
    "ATVM_WATCHER_MODULE_PATH",
    "ATVM_WATCHER_SCOPE_DESCRIPTION",
    "ATVM_WATCHER_TEMPLATE",
    "ATVM_WATCHER_TEMPLATE_COMMAND",
    "ATVM_WATCHER_HOSTS",
    "ATVM_WATCHER_SINCE",
    "ATVM_WATCHER_CYPRESS_ENV",
};
#define OTHER_VARIABLE_COUNT (sizeof(other_variables) / sizeof(*other_variables))

enum setting_type {
    SETTING_PATH,       /* absolute */
    SETTING_NAME,       /* any text */
    SETTING_TIME_ZONE,  /* one that the C library knows; "system" is NULL */
    SETTING_DURATION,   /* ns, between minimum and maximum */
    SETTING_SWITCH,     /* bool: false is the first of the words, true the second */
    SETTING_ON_CONFLICT /* enum on_conflict, in the order of the words */
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset; /* in struct config */
    const char *fallback;
    int64_t minimum, maximum;
    const char *words[WORDS_MAX];
};

#define AT(member) offsetof(struct config, member)

static const struct setting settings[] = {
    {"automation_root", SETTING_PATH, AT(automation_root), "/root/cdc-e2e-cyp-12.17.4"},
    {"state_root", SETTING_PATH, AT(state_root), "/var/lib/atvm-run-watcher"},
    {"run_log", SETTING_PATH, AT(run_log), "/tmp/%b.log"},
    {"launch_log", SETTING_PATH, AT(launch_log), "/tmp/%b.launch.log"},
    {"cypress_config", SETTING_NAME, AT(cypress_config), "cypress.atvm-config-gold.ts"},
    {"vm_inventory", SETTING_PATH, AT(vm_inventory), CONFIG_DEFAULT_INVENTORY},
    {"time_zone", SETTING_TIME_ZONE, AT(time_zone), "system"},
    {"poll_interval", SETTING_DURATION, AT(poll_interval_ns), "5s", 10 * MILLISECONDS,
     10 * MINUTES},
    {"settle", SETTING_DURATION, AT(settle_ns), "3s", 0, 10 * MINUTES},
    {"start_grace", SETTING_DURATION, AT(start_grace_ns), "10m", 0, 7 * DAYS},
    {"hang_after", SETTING_DURATION, AT(hang_after_ns), "2h", 1 * SECONDS, 30 * DAYS},
    {"stuck_after", SETTING_DURATION, AT(stuck_after_ns), "5m", 0, 7 * DAYS},
    {"stuck_grace", SETTING_DURATION, AT(stuck_grace_ns), "10s", 10 * MILLISECONDS, 10 * MINUTES},
    {"collect_timeout", SETTING_DURATION, AT(collect_timeout_ns), "60s", 100 * MILLISECONDS,
     60 * MINUTES},
    {"deliver_timeout", SETTING_DURATION, AT(deliver_timeout_ns), "60s", 100 * MILLISECONDS,
     60 * MINUTES},
    {"on_stuck_runner", SETTING_SWITCH, AT(terminate_stuck_runner), "note",
     .words = {"note", "terminate"}},
    {"on_conflict", SETTING_ON_CONFLICT, AT(on_conflict), "worst",
     .words = {"worst", "precedence", "unknown"}},
    {"on_uncertain", SETTING_SWITCH, AT(resend_uncertain), "hold", .words = {"hold", "resend"}},
};
#define SETTING_COUNT (sizeof(settings) / sizeof(*settings))

static const struct setting retry_settings[] = {
    {"retry.first", SETTING_DURATION, AT(retry_first_ns), "5s", 10 * MILLISECONDS, 1 * DAYS},
    {"retry.max", SETTING_DURATION, AT(retry_max_ns), "10m", 10 * MILLISECONDS, 1 * DAYS},
    {"retry.give_up", SETTING_DURATION, AT(retry_give_up_ns), "24h", 10 * MILLISECONDS, 365 * DAYS},
};
#define RETRY_COUNT (sizeof(retry_settings) / sizeof(*retry_settings))

const char *config_known_setting(size_t index)
{
    return index < SETTING_COUNT ? settings[index].name : NULL;
}

static const struct setting *setting_named(const char *name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    }
    return NULL;
}

bool config_is_setting(const char *name)
{
    return setting_named(name) != NULL;
}

/* ---- one value ---- */

static void apply_text(struct config_reading *reading, const struct setting *setting,
                       const struct written *written)
{
    char **target = (char **)((char *)reading->config + setting->offset);

    free(*target);
    *target = NULL;
    if (!written_is_string(reading, written, setting->name))
        return;
    if (setting->type == SETTING_PATH && written->string[0] != '/') {
        config_problem(reading, written,
                       "%s: expected an absolute path, got \"%s\"; begin it with \"/\"",
                       setting->name, written->string);
        return;
    }
    *target = config_with_build(written->string, reading->config->build);
}

static void apply_time_zone(struct config_reading *reading, const struct setting *setting,
                            const struct written *written)
{
    char **target = (char **)((char *)reading->config + setting->offset);

    if (!written_is_string(reading, written, setting->name))
        return;
    if (strcmp(written->string, "system") != 0 && !render_time_zone_is_known(written->string)) {
        config_problem(
            reading, written,
            "%s: this machine knows no time zone \"%s\"; give \"system\", or a name such "
            "as \"America/New_York\" (`timedatectl list-timezones` lists them)",
            setting->name, written->string);
        return;
    }
    free(*target);
    *target = strcmp(written->string, "system") == 0 ? NULL : memory_string(written->string);
}

static void apply_duration(struct config_reading *reading, const struct setting *setting,
                           const struct written *written)
{
    CLEANUP_FREE char *minimum = config_duration_text(setting->minimum);
    CLEANUP_FREE char *maximum = config_duration_text(setting->maximum);
    int64_t duration;

    if (written->type != WRITTEN_STRING)
        config_problem(
            reading, written,
            "%s: expected a duration in quotes such as \"5s\", \"10m\" or \"2h\", got %s",
            setting->name, written_type_name(written));
    else if (!config_parse_duration(written->string, &duration))
        config_problem(reading, written,
                       "%s: expected a duration, a number and one of ms, s, m, h, d such as "
                       "\"5s\", got \"%s\"",
                       setting->name, written->string);
    else if (duration < setting->minimum || duration > setting->maximum)
        config_problem(reading, written, "%s: \"%s\" is out of range; allowed is %s to %s",
                       setting->name, written->string, minimum, maximum);
    else
        *(int64_t *)((char *)reading->config + setting->offset) = duration;
}

static size_t word_count(const struct setting *setting)
{
    size_t count = 0;

    while (count < WORDS_MAX && setting->words[count])
        count++;
    return count;
}

static void apply_word(struct config_reading *reading, const struct setting *setting,
                       const struct written *written)
{
    void *target = (char *)reading->config + setting->offset;
    size_t count = word_count(setting), word = 0;
    CLEANUP_FREE char *advice = NULL;

    if (!written_is_string(reading, written, setting->name))
        return;
    while (word < count && strcmp(setting->words[word], written->string) != 0)
        word++;
    if (word == count) {
        advice = nearest_name_advice(written->string, setting->words, count, "allowed");
        config_problem(reading, written, "%s: \"%s\" is not allowed; %s", setting->name,
                       written->string, advice);
    } else if (setting->type == SETTING_SWITCH) {
        *(bool *)target = word == 1;
    } else {
        *(enum on_conflict *)target = (enum on_conflict)word;
    }
}

static void apply(struct config_reading *reading, const struct setting *setting,
                  const struct written *written)
{
    switch (setting->type) {
    case SETTING_PATH:
    case SETTING_NAME:
        apply_text(reading, setting, written);
        break;
    case SETTING_TIME_ZONE:
        apply_time_zone(reading, setting, written);
        break;
    case SETTING_DURATION:
        apply_duration(reading, setting, written);
        break;
    case SETTING_SWITCH:
    case SETTING_ON_CONFLICT:
        apply_word(reading, setting, written);
        break;
    }
}

/* ---- where values come from ---- */

static struct written text_from(const char *source, const char *text)
{
    return (struct written){.type = WRITTEN_STRING, .file = source, .string = text};
}

static void apply_default(struct config_reading *reading, const struct setting *setting)
{
    struct written written = text_from("built-in configuration", setting->fallback);

    apply(reading, setting, &written);
}

void config_apply_defaults(struct config_reading *reading)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        apply_default(reading, &settings[i]);
    for (size_t i = 0; i < RETRY_COUNT; i++)
        apply_default(reading, &retry_settings[i]);
}

static void note_place(struct config *config, const char *name, const struct written *written)
{
    CLEANUP_FREE char *place = config_place(written->file, written->line);

    json_object_object_add(config->places, name, json_object_new_string(place));
}

void config_apply_setting(struct config_reading *reading, const struct written *written)
{
    note_place(reading->config, written->name, written);
    apply(reading, setting_named(written->name), written);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void add_unknown(char **unknown, const char *variable, const char *const *known,
                        size_t known_count)
{
    CLEANUP_FREE char *name = memory_format("%.*s", (int)strcspn(variable, "="), variable);
    CLEANUP_FREE char *earlier = NULL;
    const char *nearest;

    if (strncmp(name, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) != 0 ||
        is_one_of(name, known, known_count))
        return;
    nearest = nearest_name(name, known, known_count);
    earlier = *unknown;
    *unknown =
        memory_format("%s%senvironment variable %s: nothing reads it%s%s%s", earlier ? earlier : "",
                      earlier ? "\n" : "", name, nearest ? "; did you mean " : "",
                      nearest ? nearest : "", nearest ? "?" : "");
}

/* free() it. */
static char *variable_of(const struct setting *setting)
{
    char *variable = memory_format(VARIABLE_PREFIX "%s", setting->name);

    for (char *letter = variable; *letter; letter++)
        *letter = (char)toupper((unsigned char)*letter);
    return variable;
}

char *config_unknown_variables(void)
{
    const char *known[SETTING_COUNT + OTHER_VARIABLE_COUNT];
    char *settings_variables[SETTING_COUNT];
    char *unknown = NULL;

    for (size_t i = 0; i < SETTING_COUNT; i++)
        known[i] = settings_variables[i] = variable_of(&settings[i]);
    memcpy(known + SETTING_COUNT, other_variables, sizeof(other_variables));
    for (char **variable = environ; *variable; variable++)
        add_unknown(&unknown, *variable, known, SETTING_COUNT + OTHER_VARIABLE_COUNT);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        free(settings_variables[i]);
    return unknown;
}

void config_apply_environment(struct config_reading *reading)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        CLEANUP_FREE char *variable = variable_of(&settings[i]);
        CLEANUP_FREE char *source = NULL;
        struct written written;
        const char *value;

        value = getenv(variable);
        if (!value || !*value)
            continue;
        source = memory_format("environment variable %s", variable);
        written = text_from(source, value);
        note_place(reading->config, settings[i].name, &written);
        apply(reading, &settings[i], &written);
    }
}

/* ---- retry ---- */

/* "retry.first" -> "first", as it is called in the group. */
static const char *name_in_group(const struct setting *setting)
{
    return strchr(setting->name, '.') + 1;
}

static int64_t duration_of(const struct config *config, const struct setting *setting)
{
    return *(const int64_t *)((const char *)config + setting->offset);
}

/* Said of the one that was written; where both were, of the shorter one. */
static void check_order(struct config_reading *reading, const struct written *group,
                        const struct setting *shorter, const struct setting *longer)
{
    const struct written *low = written_item(group, name_in_group(shorter));
    const struct written *high = written_item(group, name_in_group(longer));
    CLEANUP_FREE char *low_text = config_duration_text(duration_of(reading->config, shorter));
    CLEANUP_FREE char *high_text = config_duration_text(duration_of(reading->config, longer));

    if (duration_of(reading->config, shorter) <= duration_of(reading->config, longer))
        return;
    if (low)
        config_problem(reading, low,
                       "%s: %s is longer than %s, which is %s%s; make one of them fit",
                       shorter->name, low_text, longer->name, high_text, high ? "" : " by default");
    else
        config_problem(reading, high ? high : group,
                       "%s: %s is shorter than %s, which is %s by default; make one of "
                       "them fit",
                       longer->name, high_text, shorter->name, low_text);
}

static size_t problems_length(const struct config_reading *reading)
{
    return reading->problems ? strlen(reading->problems) : 0;
}

void config_apply_retry(struct config_reading *reading, const struct written *written)
{
    const char *names[RETRY_COUNT];
    size_t before = problems_length(reading);

    if (!written || !written_is_group(reading, written, "retry"))
        return;
    for (size_t i = 0; i < RETRY_COUNT; i++) {
        const struct written *item;

        names[i] = name_in_group(&retry_settings[i]);
        item = written_item(written, names[i]);
        if (item)
            apply(reading, &retry_settings[i], item);
    }
    /* Of a value that is wrong in itself the default stands here, which nobody wrote. */
    for (size_t i = 0; i + 1 < RETRY_COUNT && problems_length(reading) == before; i++)
        check_order(reading, written, &retry_settings[i], &retry_settings[i + 1]);
    written_check_names(reading, written, names, RETRY_COUNT, "retry");
}
