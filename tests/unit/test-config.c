/* The configuration: what is built in, what a file and the environment change, and what every wrong
 * file is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "config.h"
#include "memory.h"

#define SECOND INT64_C(1000000000)

/* libconfig 1.5 leaks its scanner's buffer when an included file cannot be opened; asked for by
 * LeakSanitizer, where that is built in. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

/* Every test runs in a folder of its own, so that places in messages read "test.conf:3". */
static char folder[] = "/tmp/test-config-XXXXXX";

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct config *load_text(const char *text, const char *build)
{
    CLEANUP_FREE char *error = NULL;
    struct config *config;

    write_file("test.conf", text);
    config = config_load("test.conf", build, &error);
    if (!config)
        fail_msg("%s", error);
    return config;
}

static void expect_in(const char *text, const char *words)
{
    if (!text || !strstr(text, words))
        fail_msg("expected \"%s\" in \"%s\"", words, text ? text : "(nothing)");
}

static const char *json_text(struct json_object *object)
{
    return json_object_to_json_string_ext(object,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* ---- what is built in ---- */

static void without_a_file_the_built_in_values_stand(void **state)
{
    CLEANUP_FREE char *error = NULL;
    struct config *config = config_load("", NULL, &error);

    (void)state;
    assert_non_null(config);
    assert_null(config->file);
    assert_string_equal(config->automation_root, "/root/cdc-e2e-cyp-12.17.4");
    assert_string_equal(config->state_root, "/var/lib/atvm-run-watcher");
    assert_string_equal(config->run_log, "/tmp/%b.log");
    assert_string_equal(config->launch_log, "/tmp/%b.launch.log");
    assert_string_equal(config->cypress_config, "cypress.atvm-config-gold.ts");
    assert_string_equal(config->vm_inventory, "/etc/atvm-watcher/vm-inventory.md");
    assert_int_equal(config->poll_interval_ns, 5 * SECOND);
    assert_int_equal(config->settle_ns, 3 * SECOND);
    assert_int_equal(config->start_grace_ns, 600 * SECOND);
    assert_int_equal(config->hang_after_ns, 7200 * SECOND);
    assert_int_equal(config->stuck_after_ns, 300 * SECOND);
    assert_int_equal(config->collect_timeout_ns, 60 * SECOND);
    assert_int_equal(config->deliver_timeout_ns, 60 * SECOND);
    assert_int_equal(config->retry_first_ns, 5 * SECOND);
    assert_int_equal(config->retry_max_ns, 600 * SECOND);
    assert_int_equal(config->retry_give_up_ns, 86400 * SECOND);
    assert_false(config->terminate_stuck_runner);
    assert_false(config->resend_uncertain);
    assert_int_equal(config->on_conflict, ON_CONFLICT_WORST);
    assert_int_equal(config->sink_count, 1);
    assert_string_equal(config->sinks[0].module, "stdout");
    assert_string_equal(config->precedence[QUESTION_STATUS][0], "runlog");
    assert_int_equal(config->precedence_count[QUESTION_STATUS], 5);
    assert_string_equal(config->precedence[QUESTION_STEP][1], "reporter-json");
    assert_string_equal(config->precedence[QUESTION_FLOW][0], "spec");
    config_free(config);
}

/* The built-in list names seven modules; only files that are there count, and nothing is said. */
static void built_in_collectors_are_those_that_are_installed(void **state)
{
    CLEANUP_FREE char *error = NULL;
    struct config *config;

    (void)state;
    assert_int_equal(mkdir("modules", 0755), 0);
    write_file("modules/junit.so", "never loaded");
    write_file("modules/proc.so", "never loaded");
    setenv("ATVM_WATCHER_MODULE_PATH", "modules", 1);
    config = config_load("", NULL, &error);
    unsetenv("ATVM_WATCHER_MODULE_PATH");
    assert_non_null(config);
    assert_int_equal(config->collector_count, 2);
    assert_string_equal(config->collectors[0].module, "proc");
    assert_string_equal(config->collectors[1].module, "junit");
    assert_true(config->collectors[1].critical);
    assert_null(config->collectors[1].file);
    config_free(config);
}

/* ---- what a file says ---- */

static void a_file_changes_what_it_names_and_nothing_else(void **state)
{
    struct config *config = load_text("automation_root = \"/work/%b/x\";\n"
                                      "hang_after = \"90m\";\n"
                                      "on_stuck_runner = \"terminate\";\n"
                                      "on_uncertain = \"resend\";\n"
                                      "on_conflict = \"unknown\";\n"
                                      "retry = { first = \"1s\"; };\n"
                                      "precedence = { step = [ \"junit\" ]; };\n",
                                      "e2e-1");

    (void)state;
    assert_string_equal(config->file, "test.conf");
    assert_string_equal(config->automation_root, "/work/e2e-1/x");
    assert_string_equal(config->run_log, "/tmp/e2e-1.log");
    assert_int_equal(config->hang_after_ns, 5400 * SECOND);
    assert_int_equal(config->poll_interval_ns, 5 * SECOND);
    assert_true(config->terminate_stuck_runner);
    assert_true(config->resend_uncertain);
    assert_int_equal(config->on_conflict, ON_CONFLICT_UNKNOWN);
    assert_int_equal(config->retry_first_ns, SECOND);
    assert_int_equal(config->retry_max_ns, 600 * SECOND);
    assert_int_equal(config->precedence_count[QUESTION_STEP], 1);
    assert_string_equal(config->precedence[QUESTION_STEP][0], "junit");
    assert_int_equal(config->precedence_count[QUESTION_STATUS], 5);
    config_free(config);
}

static void modules_keep_their_order_names_options_and_lines(void **state)
{
    struct config *config = load_text(
        "collectors = (\n"
        "  { module = \"proc\"; match = [ \"a\", \"b\" ]; root = \"/proc\"; },\n"
        "  { module = \"/opt/x/junit.so\";\n"
        "    limit = 5000000000L; deep = false; critical = false; },\n"
        "  { module = \"junit\"; name = \"junit-2\"; } );\n"
        "sinks = ( { module = \"file\"; path = \"/log/%b-%b.md\"; list = ( \"%b\" ); } );\n",
        "e2e-1");

    (void)state;
    assert_int_equal(config->collector_count, 3);
    assert_string_equal(config->collectors[0].name, "proc");
    assert_int_equal(config->collectors[0].line, 2);
    assert_true(config->collectors[0].critical);
    assert_string_equal(json_text(config->collectors[0].options),
                        "{\"match\":[\"a\",\"b\"],\"root\":\"/proc\"}");
    assert_string_equal(config->collectors[1].module, "/opt/x/junit.so");
    assert_string_equal(config->collectors[1].name, "junit");
    assert_false(config->collectors[1].critical);
    assert_string_equal(json_text(config->collectors[1].options),
                        "{\"limit\":5000000000,\"deep\":false}");
    assert_string_equal(json_text(config->collectors[1].lines), "{\"limit\":4,\"deep\":4}");
    assert_string_equal(config->collectors[2].name, "junit-2");
    assert_string_equal(json_text(config->sinks[0].options),
                        "{\"path\":\"/log/e2e-1-e2e-1.md\",\"list\":[\"e2e-1\"]}");
    config_free(config);
}

static void templates_and_blacklist_are_kept(void **state)
{
    struct config *config =
        load_text("templates = { cmc-e2e = { flow = [ \"1. Set up\", \"2. Go\" ];\n"
                  "                          default_options = [ \"--test_partition\" ]; }; };\n"
                  "blacklist = ( { vm = \"atvm6-centos6.0\"; reason = \"can't compile\"; } );\n",
                  NULL);
    const struct config_template *template;

    (void)state;
    template = config_find_template(config, "cmc-e2e");
    assert_non_null(template);
    assert_int_equal(template->flow_count, 2);
    assert_string_equal(template->flow[0], "1. Set up");
    assert_string_equal(template->flow[1], "2. Go");
    assert_int_equal(template->default_options.count, 1);
    assert_string_equal(template->default_options.texts[0], "--test_partition");
    assert_true(template->takes_plugin);
    assert_null(config_find_template(config, "cmc-reboot"));
    assert_null(config_find_template(config, NULL));
    assert_string_equal(json_text(config->blacklist),
                        "[{\"vm\":\"atvm6-centos6.0\",\"reason\":\"can't compile\"}]");
    config_free(config);
}

/* Key by key: a file that says one thing of a template leaves the rest as it is built in. */
static void a_template_keeps_what_is_built_in_and_not_written(void **state)
{
    struct config *config =
        load_text("templates = { cmc-e2e = { default_options = [ \"--x\" ]; };\n"
                  "              cmc-systemOS = { plugin = true; }; };\n",
                  NULL);
    const struct config_template *template = config_find_template(config, "cmc-e2e");

    (void)state;
    assert_int_equal(template->flow_count, 22);
    assert_string_equal(template->flow[0], "1. Verifying set up");
    assert_string_equal(template->flow[21], "22. Power off");
    assert_int_equal(template->default_options.count, 1);
    assert_true(config_find_template(config, "cmc-systemOS")->takes_plugin);
    assert_null(config_find_template(config, "cmc-systemOS")->flow);
    config_free(config);
    config = load_text("", NULL);
    assert_false(config_find_template(config, "cmc-systemOS")->takes_plugin);
    config_free(config);
}

/* Key by key, as for templates; an empty list says that there is nothing of the kind. */
static void a_launch_keeps_what_is_built_in_and_not_written(void **state)
{
    struct config *config = load_text(
        "templates = { cmc-e2e = { default_options = [ ]; }; };\n"
        "launch = { runner_command = [ \"run\", \"%b\" ]; default_options = [ ];\n"
        "           default_plugin = \"fc\"; runner_output = \"/tmp/%b.out\"; confirm = ( );\n"
        "           template_timeout = \"1h\"; };\n",
        "e2e-1");
    const struct config_template *template = config_find_template(config, "cmc-e2e");

    (void)state;
    assert_true(template->has_default_options);
    assert_int_equal(template->default_options.count, 0);
    assert_int_equal(config->launch.template_command.count, 4);
    assert_int_equal(config->launch.runner_command.count, 2);
    assert_string_equal(config->launch.runner_command.texts[1], "%b");
    assert_int_equal(config->launch.default_options.count, 0);
    assert_string_equal(config->launch.default_plugin, "fc");
    assert_string_equal(config->launch.runner_output, "/tmp/e2e-1.out");
    assert_int_equal(config->launch.confirmation_count, 0);
    assert_int_equal(config->launch.template_timeout_ns / 1000000000, 3600);
    config_free(config);
    config = load_text("launch = { runner_output = \"journal\"; };\n", NULL);
    assert_null(config->launch.runner_output);
    assert_false(config_find_template(config, "cmc-e2e")->has_default_options);
    config_free(config);
}

static void the_time_zone_is_the_systems_or_a_known_one(void **state)
{
    struct config *config = load_text("", NULL);

    (void)state;
    assert_null(config->time_zone);
    config_free(config);
    config = load_text("time_zone = \"America/New_York\";\n", NULL);
    assert_string_equal(config->time_zone, "America/New_York");
    setenv("ATVM_WATCHER_TIME_ZONE", "system", 1);
    config_free(config);
    config = load_text("time_zone = \"America/New_York\";\n", NULL);
    assert_null(config->time_zone);
    unsetenv("ATVM_WATCHER_TIME_ZONE");
    config_free(config);
}

static void variables_that_nothing_reads_are_told(void **state)
{
    char *unknown = config_unknown_variables();

    (void)state;
    assert_null(unknown);
    setenv("ATVM_WATCHER_TEMPLATE", "cmc-e2e", 1);
    setenv("ATVM_WATCHER_POLL_INTERVAL", "1s", 1);
    setenv("ATVM_WATCHERS", "x", 1);
    unknown = config_unknown_variables();
    assert_null(unknown);
    setenv("ATVM_WATCHER_POL_INTERVAL", "1s", 1);
    unknown = config_unknown_variables();
    assert_string_equal(unknown,
                        "environment variable ATVM_WATCHER_POL_INTERVAL: nothing reads it; "
                        "did you mean ATVM_WATCHER_POLL_INTERVAL?");
    free(unknown);
    setenv("ATVM_WATCHER_SOMETHING_ELSE_ALTOGETHER", "", 1);
    unknown = config_unknown_variables();
    assert_non_null(strstr(unknown, "ATVM_WATCHER_SOMETHING_ELSE_ALTOGETHER: nothing reads it"));
    assert_non_null(strchr(unknown, '\n'));
    free(unknown);
    unsetenv("ATVM_WATCHER_TEMPLATE");
    unsetenv("ATVM_WATCHER_POLL_INTERVAL");
    unsetenv("ATVM_WATCHERS");
    unsetenv("ATVM_WATCHER_POL_INTERVAL");
    unsetenv("ATVM_WATCHER_SOMETHING_ELSE_ALTOGETHER");
}

static void an_included_file_is_part_of_it(void **state)
{
    CLEANUP_FREE char *error = NULL;
    struct config *config;

    (void)state;
    assert_int_equal(mkdir("conf.d", 0755), 0);
    write_file("conf.d/top.conf", "@include \"part.conf\"\nsettle = \"1s\";\n");
    write_file("conf.d/part.conf", "hang_after = \"1h\";\n");
    config = config_load("conf.d/top.conf", NULL, &error);
    assert_non_null(config);
    assert_int_equal(config->hang_after_ns, 3600 * SECOND);
    assert_int_equal(config->settle_ns, SECOND);
    config_free(config);

    write_file("conf.d/part.conf", "\nhang_after = \"soon\";\n");
    assert_null(config_load("conf.d/top.conf", NULL, &error));
    expect_in(error, "conf.d/part.conf:2: hang_after: expected a duration");
}

/* ---- what the environment says ---- */

static void the_environment_stands_before_the_file(void **state)
{
    struct config *config;
    CLEANUP_FREE char *error = NULL;

    (void)state;
    setenv("ATVM_WATCHER_AUTOMATION_ROOT", "/from/environment", 1);
    setenv("ATVM_WATCHER_RUN_LOG", "/var/log/%b.log", 1);
    setenv("ATVM_WATCHER_POLL_INTERVAL", "250ms", 1);
    setenv("ATVM_WATCHER_STATE_ROOT", "", 1);
    config = load_text("automation_root = \"/from/file\";\npoll_interval = \"1s\";\n", "b1");
    assert_string_equal(config->automation_root, "/from/environment");
    assert_string_equal(config->run_log, "/var/log/b1.log");
    assert_int_equal(config->poll_interval_ns, SECOND / 4);
    assert_string_equal(config->state_root, "/var/lib/atvm-run-watcher");
    config_free(config);

    config = config_load("", "b1", &error);
    assert_non_null(config);
    assert_string_equal(config->automation_root, "/root/cdc-e2e-cyp-12.17.4");
    config_free(config);

    setenv("ATVM_WATCHER_POLL_INTERVAL", "often", 1);
    assert_null(config_load("test.conf", "b1", &error));
    expect_in(error, "environment variable ATVM_WATCHER_POLL_INTERVAL: poll_interval: expected a "
                     "duration, a number and one of ms, s, m, h, d such as \"5s\", got \"often\"");
    unsetenv("ATVM_WATCHER_AUTOMATION_ROOT");
    unsetenv("ATVM_WATCHER_RUN_LOG");
    unsetenv("ATVM_WATCHER_POLL_INTERVAL");
    unsetenv("ATVM_WATCHER_STATE_ROOT");
}

static void the_channel_of_the_environment_goes_to_the_mattermost_sinks(void **state)
{
    struct config *config;

    (void)state;
    setenv("MATTERMOST_ATVM_CHANNEL", "qa-runs", 1);
    config = load_text("sinks = ( { module = \"mattermost\"; channel = \"town-square\"; },\n"
                       "          { module = \"stdout\"; } );\n",
                       "b1");
    assert_string_equal(
        json_object_get_string(json_object_object_get(config->sinks[0].options, "channel")),
        "qa-runs");
    assert_null(json_object_object_get(config->sinks[1].options, "channel"));
    config_free(config);
    unsetenv("MATTERMOST_ATVM_CHANNEL");
}

/* ---- what is wrong ---- */

static const struct {
    const char *text, *error; /* the whole answer */
} wrong_files[] = {
    {"poll_interval = \"5s\";\npol_interval = \"5s\";\n",
     "test.conf:2: unknown setting \"pol_interval\"; did you mean \"poll_interval\"?"},
    {"colour = \"red\";\n",
     "test.conf:1: unknown setting \"colour\"; known here: automation_root, state_root, run_log, "
     "launch_log, cypress_config, vm_inventory, time_zone, poll_interval, settle, start_grace, "
     "hang_after, stuck_after, stuck_grace, collect_timeout, deliver_timeout, on_stuck_runner, "
     "on_conflict, on_uncertain, "
     "collectors, precedence, sinks, retry, templates, blacklist, launch"},
    {"\nsettle = 3;\n", "test.conf:2: settle: expected a duration in quotes such as \"5s\", "
                        "\"10m\" or \"2h\", got a number"},
    {"settle = \"3 seconds\";\n", "test.conf:1: settle: expected a duration, a number and one of "
                                  "ms, s, m, h, d such as \"5s\", got \"3 seconds\""},
    {"poll_interval = \"1ms\";\n",
     "test.conf:1: poll_interval: \"1ms\" is out of range; allowed is 10ms to 10m"},
    {"automation_root = true;\n",
     "test.conf:1: automation_root: expected a string in quotes, got true or false"},
    {"automation_root = \"\";\n",
     "test.conf:1: automation_root: expected a string in quotes, got an empty one"},
    {"run_log = \"logs/%b.log\";\n",
     "test.conf:1: run_log: expected an absolute path, got \"logs/%b.log\"; begin it with \"/\""},
    {"on_conflict = \"wurst\";\n",
     "test.conf:1: on_conflict: \"wurst\" is not allowed; did you mean \"worst\"?"},
    {"on_uncertain = \"guess\";\n",
     "test.conf:1: on_uncertain: \"guess\" is not allowed; allowed: hold, resend"},
    {"collectors = ( );\n",
     "test.conf:1: collectors: expected at least one element, got an empty list; fill it, or "
     "remove the setting to get the default"},
    {"sinks = \"stdout\";\n", "test.conf:1: sinks: expected a list, got a string"},
    {"sinks = ( \"stdout\" );\n", "test.conf:1: sinks: expected a group { … }, got a string"},
    {"sinks = (\n  { path = \"/x\"; } );\n",
     "test.conf:2: sinks: a sink without a module; add module = \"…\""},
    {"sinks = ( { module = 1; } );\n",
     "test.conf:1: module: expected a string in quotes, got a number"},
    {"sinks = ( { module = \"stdout\"; critical = \"no\"; } );\n",
     "test.conf:1: critical: expected true or false without quotes, got a string"},
    {"sinks = ( { module = \"stdout\"; width = 1.5; } );\n",
     "test.conf:1: width: expected a string, a whole number, true, false or a list of strings, got "
     "a number with a fraction"},
    {"sinks = ( { module = \"stdout\"; list = [ 1, 2 ]; } );\n",
     "test.conf:1: list: expected a string in quotes, got a number"},
    {"sinks = ( { module = \"stdout\"; list = ( ); } );\n",
     "test.conf:1: list: expected at least one element, got an empty list; fill it, or remove the "
     "setting to get the default"},
    {"sinks = ( { module = \"stdout\"; name = \"../x\"; } );\n",
     "test.conf:1: sinks: \"../x\" cannot be a name; give one of letters, digits, \".\", \"_\" and "
     "\"-\" with name = \"…\""},
    {"collectors = (\n  { module = \"junit\"; },\n  { module = \"junit\"; } );\n",
     "test.conf:3: collectors: \"junit\" is there already, in line 2; give one of the two another "
     "name with name = \"…\""},
    {"precedence = { status = [ \"junti\" ]; };\n",
     "test.conf:1: precedence.status: there is no collector \"junti\"; did you mean \"junit\"?"},
    {"collectors = ( { module = \"proc\"; } );\nprecedence = { status = [ \"junit\" ]; };\n",
     "test.conf:2: precedence.status: there is no collector \"junit\"; configured are: proc"},
    {"precedence = {\n  status = [ ]; };\n",
     "test.conf:2: precedence.status: expected at least one element, got an empty list; fill it, "
     "or remove the setting to get the default"},
    {"precedence = { status = [ \"junit\", \"junit\" ]; };\n",
     "test.conf:1: precedence.status: \"junit\" stands there twice; remove one"},
    {"precedence = { statuses = [ \"junit\" ]; };\n",
     "test.conf:1: precedence: unknown setting \"statuses\"; did you mean \"status\"?"},
    {"precedence = { status = \"junit\"; };\n",
     "test.conf:1: precedence.status: expected a list, got a string"},
    {"retry = { firts = \"1s\"; };\n",
     "test.conf:1: retry: unknown setting \"firts\"; did you mean \"first\"?"},
    {"retry = { first = \"1h\"; max = \"1m\"; };\n",
     "test.conf:1: retry.first: 1h is longer than retry.max, which is 1m; make one of them fit"},
    {"retry = {\n  first = \"20m\"; };\n",
     "test.conf:2: retry.first: 20m is longer than retry.max, which is 10m by default; make one of "
     "them fit"},
    {"retry = {\n  give_up = \"1m\"; };\n",
     "test.conf:2: retry.give_up: 1m is shorter than retry.max, which is 10m by default; make one "
     "of them fit"},
    /* Nothing is said of the default that stands in for a wrong value. */
    {"retry = { first = \"20m\"; max = \"soon\"; };\n",
     "test.conf:1: retry.max: expected a duration, a number and one of ms, s, m, h, d such as "
     "\"5s\", got \"soon\""},
    {"retry = \"never\";\n", "test.conf:1: retry: expected a group { … }, got a string"},
    {"templates = { cmc-e2e = { flows = [ \"1. x\" ]; }; };\n",
     "test.conf:1: templates.cmc-e2e: unknown setting \"flows\"; did you mean \"flow\"?"},
    {"templates = { cmc-e2e = { flow = [ ]; }; };\n",
     "test.conf:1: templates.cmc-e2e.flow: expected at least one element, got an empty list; fill "
     "it, or remove the setting to get the default"},
    {"templates = { cmc-e2e = {\n  plugin = \"no\"; }; };\n",
     "test.conf:2: templates.cmc-e2e.plugin: expected true or false without quotes, got a string"},
    {"time_zone = \"America/Nowhere\";\n",
     "test.conf:1: time_zone: this machine knows no time zone \"America/Nowhere\"; give "
     "\"system\", "
     "or a name such as \"America/New_York\" (`timedatectl list-timezones` lists them)"},
    {"time_zone = 1;\n", "test.conf:1: time_zone: expected a string in quotes, got a number"},
    {"blacklist = (\n  { vm = \"atvm1-x\"; } );\n",
     "test.conf:2: blacklist: an entry without reason; add reason = \"…\""},
    {"launch = {\n  runner = [ \"x\" ]; };\n",
     "test.conf:2: launch: unknown setting \"runner\"; known here: template_command, "
     "runner_command, "
     "default_options, default_plugin, environment, runner_output, template_timeout, confirm"},
    {"launch = { template_command = [ ]; };\n",
     "test.conf:1: launch.template_command: expected at least one element, got an empty list; fill "
     "it, or remove the setting to get the default"},
    {"launch = { default_plugin = \"nvme\"; runner_output = \"log\";\n"
     "  template_timeout = \"0s\"; };\n",
     "test.conf:1: launch.default_plugin: expected \"fc\", \"iscsi\" or \"both\"\n"
     "test.conf:1: launch.runner_output: expected \"journal\" or an absolute path\n"
     "test.conf:2: launch.template_timeout: expected a duration in quotes such as \"30m\", from 1s "
     "to 24h"},
    {"launch = { confirm = ( { template = \"cmc-e2e\"; plugin = \"x\"; } ); };\n",
     "test.conf:1: launch.confirm: an entry without reason; add reason = \"…\"\n"
     "test.conf:1: launch.confirm: plugin: expected \"fc\", \"iscsi\" or \"both\""},
    {"settle = \"1s\"\nrun_log \"x\";\n", "test.conf:2: syntax error; look for a missing quote, "
                                          "comma, semicolon or bracket in this line "
                                          "or the one before (an open quote may "
                                          "stand further up)"},
    {"settle = \"1s\";\nsettle = \"2s\";\n",
     "test.conf:2: duplicate setting name; remove one of the two"},
    {"@include \"nowhere.conf\"\n",
     "test.conf:1: cannot open include file: @include \"nowhere.conf\"; its path counts from "
     "the folder of the file that includes it"},
    {"sinks = ( { module = \"stdout\"; # 9999999999\n  a9999999999 = 2147483647;\n"
     "  /* 9999999999\n  */ b = 5000000000; c = \"9999999999\"; d = 0xfffffffff; } );\n",
     "test.conf:4: 5000000000 does not fit into 32 bits; add an L to it, or write a size as "
     "\"5G\"\n"
     "test.conf:4: 0xfffffffff does not fit into 32 bits; add an L to it, or write a size as "
     "\"5G\""},
    /* All of them, not only the first. */
    {"settle = 3;\npol_interval = \"5s\";\nsinks = ( );\n",
     "test.conf:2: unknown setting \"pol_interval\"; did you mean \"poll_interval\"?\n"
     "test.conf:1: settle: expected a duration in quotes such as \"5s\", \"10m\" or \"2h\", got a "
     "number\n"
     "test.conf:3: sinks: expected at least one element, got an empty list; fill it, or remove the "
     "setting to get the default"},
};

static void a_wrong_file_is_told_where_what_and_the_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong_files) / sizeof(*wrong_files); i++) {
        CLEANUP_FREE char *error = NULL;

        write_file("test.conf", wrong_files[i].text);
        assert_null(config_load("test.conf", NULL, &error));
        assert_string_equal(error, wrong_files[i].error);
    }
}

static void a_file_that_cannot_be_read_is_no_default(void **state)
{
    CLEANUP_FREE char *missing = NULL, *is_folder = NULL, *fifo = NULL, *big = NULL;

    (void)state;
    assert_null(config_load("missing.conf", NULL, &missing));
    assert_string_equal(missing, "missing.conf: cannot be read: No such file or directory; check "
                                 "the path and its permissions");
    assert_null(config_load("/tmp", NULL, &is_folder));
    expect_in(is_folder, "/tmp: is no regular file of at most 1048576 bytes; name a configuration");
    assert_int_equal(mkfifo("fifo.conf", 0600), 0);
    assert_null(config_load("fifo.conf", NULL, &fifo));
    expect_in(fifo, "fifo.conf: is no regular file");
    write_file("big.conf", "");
    assert_int_equal(truncate("big.conf", 1024 * 1024 + 1), 0);
    assert_null(config_load("big.conf", NULL, &big));
    expect_in(big, "big.conf: is no regular file");
}

static void a_build_that_could_leave_its_folder_is_refused(void **state)
{
    CLEANUP_FREE char *error = NULL;

    (void)state;
    assert_null(config_load("", "../etc", &error));
    expect_in(error, "build: \"../etc\" cannot be the name of a build; use at most 200 letters");
}

static void the_automation_root_has_to_be_a_readable_folder(void **state)
{
    struct config *config = load_text("\nautomation_root = \"/nonexistent/root\";\n", NULL);
    CLEANUP_FREE char *error = NULL;

    (void)state;
    assert_false(config_check_root(config, &error));
    assert_string_equal(error, "test.conf:2: automation_root: /nonexistent/root: No such file or "
                               "directory; set it to the folder of the Cypress project");
    config_free(config);
    config = load_text("automation_root = \"/tmp\";\n", NULL);
    assert_true(config_check_root(config, &error));
    config_free(config);
}

/* ---- what is shipped ---- */

static void every_shipped_example_loads(void **state)
{
    static const char *const examples[] = {"etc/atvm-watcher.conf", "etc/examples/local.conf",
                                           "etc/examples/team.conf",
                                           "etc/examples/categorized.conf"};

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        CLEANUP_FREE char *path = memory_format("%s/%s", getenv("top_srcdir"), examples[i]);
        CLEANUP_FREE char *error = NULL;
        struct config *config = config_load(path, "e2e-1", &error);

        if (!config)
            fail_msg("%s", error);
        assert_true(config->sink_count > 0);
        config_free(config);
    }
}

static void assert_same_texts(const struct config_texts *file, const struct config_texts *built_in)
{
    assert_int_equal(file->count, built_in->count);
    for (size_t i = 0; i < built_in->count; i++)
        assert_string_equal(file->texts[i], built_in->texts[i]);
}

static void assert_same_launch(const struct config_launch *file,
                               const struct config_launch *built_in)
{
    assert_same_texts(&file->template_command, &built_in->template_command);
    assert_same_texts(&file->runner_command, &built_in->runner_command);
    assert_same_texts(&file->default_options, &built_in->default_options);
    assert_same_texts(&file->environment, &built_in->environment);
    assert_string_equal(file->default_plugin, built_in->default_plugin);
    assert_null(file->runner_output);
    assert_null(built_in->runner_output);
    assert_int_equal(file->template_timeout_ns, built_in->template_timeout_ns);
    assert_int_equal(file->confirmation_count, 1);
    assert_int_equal(built_in->confirmation_count, 1);
    assert_string_equal(file->confirmations[0].template_name,
                        built_in->confirmations[0].template_name);
    assert_string_equal(file->confirmations[0].plugin, built_in->confirmations[0].plugin);
    assert_string_equal(file->confirmations[0].reason, built_in->confirmations[0].reason);
}

static void assert_same_templates(const struct config *file, const struct config *built_in)
{
    for (size_t i = 0; i < built_in->template_count; i++) {
        const struct config_template *template = &built_in->templates[i];
        const struct config_template *written = config_find_template(file, template->name);

        assert_int_equal(written->takes_plugin, template->takes_plugin);
        assert_int_equal(written->flow_count, template->flow_count);
        for (size_t j = 0; j < template->flow_count; j++)
            assert_string_equal(written->flow[j], template->flow[j]);
        assert_int_equal(written->has_default_options, template->has_default_options);
        assert_same_texts(&written->default_options, &template->default_options);
    }
}

/* The commented file shows the defaults; where it says something else, one of the two is wrong. */
static void the_commented_file_says_what_is_built_in(void **state)
{
    CLEANUP_FREE char *path = memory_format("%s/etc/atvm-watcher.conf", getenv("top_srcdir"));
    CLEANUP_FREE char *error = NULL;
    struct config *file = config_load(path, NULL, &error),
                  *built_in = config_load("", NULL, &error);

    (void)state;
    assert_non_null(file);
    assert_non_null(built_in);
    assert_string_equal(file->automation_root, built_in->automation_root);
    assert_string_equal(file->state_root, built_in->state_root);
    assert_string_equal(file->run_log, built_in->run_log);
    assert_string_equal(file->launch_log, built_in->launch_log);
    assert_string_equal(file->cypress_config, built_in->cypress_config);
    assert_string_equal(file->vm_inventory, built_in->vm_inventory);
    assert_int_equal(file->poll_interval_ns, built_in->poll_interval_ns);
    assert_int_equal(file->settle_ns, built_in->settle_ns);
    assert_int_equal(file->start_grace_ns, built_in->start_grace_ns);
    assert_int_equal(file->hang_after_ns, built_in->hang_after_ns);
    assert_int_equal(file->stuck_after_ns, built_in->stuck_after_ns);
    assert_int_equal(file->stuck_grace_ns, built_in->stuck_grace_ns);
    assert_int_equal(file->collect_timeout_ns, built_in->collect_timeout_ns);
    assert_int_equal(file->deliver_timeout_ns, built_in->deliver_timeout_ns);
    assert_int_equal(file->retry_first_ns, built_in->retry_first_ns);
    assert_int_equal(file->retry_max_ns, built_in->retry_max_ns);
    assert_int_equal(file->retry_give_up_ns, built_in->retry_give_up_ns);
    assert_int_equal(file->on_conflict, built_in->on_conflict);
    assert_int_equal(file->terminate_stuck_runner, built_in->terminate_stuck_runner);
    assert_int_equal(file->resend_uncertain, built_in->resend_uncertain);
    assert_null(file->time_zone);
    assert_same_templates(file, built_in);
    assert_same_launch(&file->launch, &built_in->launch);
    assert_int_equal(json_object_array_length(file->blacklist), 0);
    assert_int_equal(json_object_array_length(built_in->blacklist), 0);
    for (int question = 0; question < QUESTION_COUNT; question++) {
        assert_int_equal(file->precedence_count[question], built_in->precedence_count[question]);
        for (size_t i = 0; i < file->precedence_count[question]; i++)
            assert_string_equal(file->precedence[question][i], built_in->precedence[question][i]);
    }
    config_free(file);
    config_free(built_in);
}

/* It names every setting: one that is missing there would never be found. */
static void the_commented_file_names_every_setting(void **state)
{
    CLEANUP_FREE char *path = memory_format("%s/etc/atvm-watcher.conf", getenv("top_srcdir"));
    CLEANUP_FREE char *error = NULL, *known = NULL, *file_text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    char *rest, *name;

    (void)state;
    assert_non_null(file);
    assert_true(getdelim(&file_text, &size, '\0', file) > 0);
    fclose(file);
    write_file("test.conf", "zzzzzzzzzzzz = 1;\n");
    assert_null(config_load("test.conf", NULL, &error));
    known = memory_string(strstr(error, "known here: ") + strlen("known here: "));
    rest = known;
    while ((name = strsep(&rest, ","))) {
        CLEANUP_FREE char *setting = memory_format("\n%s = ", name + strspn(name, " "));

        expect_in(file_text, setting);
    }
}

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    static const char *const files[] = {"test.conf",       "modules/junit.so", "modules/proc.so",
                                        "conf.d/top.conf", "conf.d/part.conf", "fifo.conf",
                                        "big.conf"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        unlink(files[i]);
    rmdir("modules");
    rmdir("conf.d");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_the_built_in_values_stand),
        cmocka_unit_test(built_in_collectors_are_those_that_are_installed),
        cmocka_unit_test(a_file_changes_what_it_names_and_nothing_else),
        cmocka_unit_test(modules_keep_their_order_names_options_and_lines),
        cmocka_unit_test(templates_and_blacklist_are_kept),
        cmocka_unit_test(a_template_keeps_what_is_built_in_and_not_written),
        cmocka_unit_test(a_launch_keeps_what_is_built_in_and_not_written),
        cmocka_unit_test(the_time_zone_is_the_systems_or_a_known_one),
        cmocka_unit_test(variables_that_nothing_reads_are_told),
        cmocka_unit_test(an_included_file_is_part_of_it),
        cmocka_unit_test(the_environment_stands_before_the_file),
        cmocka_unit_test(the_channel_of_the_environment_goes_to_the_mattermost_sinks),
        cmocka_unit_test(a_wrong_file_is_told_where_what_and_the_remedy),
        cmocka_unit_test(a_file_that_cannot_be_read_is_no_default),
        cmocka_unit_test(a_build_that_could_leave_its_folder_is_refused),
        cmocka_unit_test(the_automation_root_has_to_be_a_readable_folder),
        cmocka_unit_test(every_shipped_example_loads),
        cmocka_unit_test(the_commented_file_says_what_is_built_in),
        cmocka_unit_test(the_commented_file_names_every_setting),
    };

    return cmocka_run_group_tests_name("config", tests, enter_folder, leave_folder);
}
