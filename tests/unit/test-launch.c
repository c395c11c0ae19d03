/* What a launch is going to do: the exact commands, the guards, and how a plan is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "launch-plan.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define ROOT "/root/cdc-e2e-cyp-12.17.4"

/* ---- words ---- */

static void words_are_shown_as_one_would_type_them(void **state)
{
    static const char *const cases[][2] = {
        {"--containsVm", "--containsVm"},
        {"a,b=c:d/e@f%g+h-i_j.k", "a,b=c:d/e@f%g+h-i_j.k"},
        {"", "''"},
        {"two words", "'two words'"},
        {"it's", "'it'\\''s'"},
        {"$(reboot)", "'$(reboot)'"},
        {"a;b", "'a;b'"},
        {"~", "'~'"},
        {"*", "'*'"},
        {"“é”", "'“é”'"},
    };
    struct obstack memory;

    (void)state;
    obstack_init(&memory);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct launch_words words = {0};

        launch_words_add(&words, cases[i][0]);
        assert_string_equal(launch_words_text(&memory, &words), cases[i][1]);
        launch_words_free(&words);
    }
    obstack_free(&memory, NULL);
}

/* Shown again, the words are those that were read: quoting loses nothing. */
static void a_text_becomes_the_words_that_a_shell_would_make_of_it(void **state)
{
    static const char *const cases[][3] = {
        {"python3 cmc-templates.py --template cmc-e2e", NULL,
         "python3 cmc-templates.py --template cmc-e2e"},
        {"  a\t b  \n", NULL, "a b"},
        {"a 'b c' \"d e\" f\\ g", NULL, "a 'b c' 'd e' 'f g'"},
        {"a x'y'\"z\"w", NULL, "a xyzw"},
        {"a ''", NULL, "a ''"},
        {"a \"\\\"\\\\\\$\\`\\n\"", NULL, "a '\"\\$`\\n'"},
        {"a '$HOME;*'", NULL, "a '$HOME;*'"},
        {"a --b=c#d", NULL, "a '--b=c#d'"},
        {"a \\\n b", NULL, "a b"},
        {"cd " ROOT " && python3 x.py", ROOT, "python3 x.py"},
        {"cd '/a b' &&x", "/a b", "x"},
        {"sshpass -p secret ssh root@controller 'cd " ROOT " && python3 x.py --y \"a b\"'", ROOT,
         "python3 x.py --y 'a b'"},
        {"SSHPASS=x sshpass -e ssh -o BatchMode=no root@c \"python3 x.py\"", NULL, "python3 x.py"},
    };
    struct obstack memory;

    (void)state;
    obstack_init(&memory);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct launch_words words = {0};
        const char *folder, *error;

        if (!launch_words_split(&memory, cases[i][0], &words, &folder, &error))
            fail_msg("%s: %s", cases[i][0], error);
        assert_string_equal(folder ? folder : "none", cases[i][1] ? cases[i][1] : "none");
        assert_string_equal(launch_words_text(&memory, &words), cases[i][2]);
        launch_words_free(&words);
    }
    obstack_free(&memory, NULL);
}

static void what_needs_a_shell_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"", "there is no command in it: \"\""},
        {"cd /x &&", "there is no command in it: \"cd /x &&\""},
        {"a; reboot", "only a shell knows what this means: \"; reboot\""},
        {"a | tee b", "only a shell knows what this means: \"| tee b\""},
        {"a && b", "only \"cd FOLDER &&\" in front needs no shell: \"&& b\""},
        {"cd /x && cd /y && b", "only \"cd FOLDER &&\" in front needs no shell: \"&& b\""},
        {"a & b", "only a shell knows what this means: \"& b\""},
        {"a > b", "only a shell knows what this means: \"> b\""},
        {"a $HOME", "only a shell knows what this means: \"$HOME\""},
        {"a `b`", "only a shell knows what this means: \"`b`\""},
        {"a \"$(b)\"", "only a shell could expand this: \"$(b)\"\""},
        {"a ~/b", "only a shell knows what this means: \"~/b\""},
        {"a # b", "only a shell knows what this means: \"# b\""},
        {"a b*", "only a shell knows what this means: \"*\""},
        {"a {b,c}", "only a shell knows what this means: \"{b,c}\""},
        {"a\nb", "only a shell knows what this means: \"\nb\""},
        {"a 'b", "a quote is left open: \"'b\""},
        {"a \"b\\", "a quote is left open: \"\"b\\\""},
    };
    struct obstack memory;

    (void)state;
    obstack_init(&memory);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct launch_words words = {0};
        const char *folder, *error;

        if (launch_words_split(&memory, cases[i][0], &words, &folder, &error))
            fail_msg("%s: was taken", cases[i][0]);
        assert_string_equal(error, cases[i][1]);
        launch_words_free(&words);
    }
    obstack_free(&memory, NULL);
}

/* ---- plans ---- */

/* With the blacklist of the commented file, shortened. */
static const char configuration[] =
    "blacklist = ( { vm = \"atvm6-centos6.0\"; reason = \"CMC install: can't compile\"; },\n"
    "              { vm = \"atvm144-suse15.0\"; reason = \"crashes (bug)\"; } );\n";

static char folder[] = "/tmp/test-launch-XXXXXX";

static struct config *load(const char *text)
{
    CLEANUP_FREE char *path = memory_format("%s/test.conf", folder), *error = NULL;
    FILE *file = fopen(path, "w");
    struct config *config;

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    config = config_load(path, "e2e-1", &error);
    if (!config)
        fail_msg("%s", error);
    return config;
}

struct scene {
    struct config *config;
    struct obstack memory;
    struct launch_plan plan;
    int status;
    const char *error;
};

static void plan_with(struct scene *scene, const char *text, const struct launch_request *request)
{
    struct launch_request named = *request;

    named.build = "e2e-1";
    scene->config = load(text);
    obstack_init(&scene->memory);
    scene->status =
        launch_plan_make(&named, scene->config, &scene->memory, &scene->plan, &scene->error);
}

static void close_scene(struct scene *scene)
{
    launch_plan_clear(&scene->plan);
    obstack_free(&scene->memory, NULL);
    config_free(scene->config);
}

#define WORDS(...)                                                                                 \
    {                                                                                              \
        (const char *[]){__VA_ARGS__, NULL},                                                       \
            sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *), 0                        \
    }

#define PYTHON    "python3 cmc-templates.py --template "
#define EVERY     " --ignore_force_shutdown --test_partition"
#define ISCSI     " --use_specified_plugin iscsi"
#define BLACKLIST " --exclude_partial_match atvm6-centos6.0,atvm144-suse15.0"

static const struct {
    struct launch_request request;
    const char *command;
} commands[] = {
    {{.template_name = "cmc-e2e", .hosts = "atvm71-redhat9.1,atvm160-w2k25"},
     PYTHON "cmc-e2e --specify_vms atvm71-redhat9.1,atvm160-w2k25" EVERY ISCSI},
    /* another plugin than the default */
    {{.template_name = "cmc-e2e", .hosts = "a", .plugin = "fc"},
     PYTHON "cmc-e2e --use_specified_plugin fc --specify_vms a" EVERY},
    {{.template_name = "cmc-e2e", .hosts = "a", .options = WORDS("--use_specified_plugin=both")},
     PYTHON "cmc-e2e --specify_vms a --use_specified_plugin=both" EVERY},
    {{.template_name = "cmc-e2e",
      .plugin = "fc",
      .hosts = "a",
      .options = WORDS("--use_specified_plugin", "fc")},
     PYTHON "cmc-e2e --specify_vms a --use_specified_plugin fc" EVERY},
    /* what is there already is not added */
    {{.template_name = "cmc-e2e", .hosts = "a", .options = WORDS("--test_partition")},
     PYTHON "cmc-e2e --specify_vms a --test_partition --ignore_force_shutdown" ISCSI},
    {{.template_name = "cmc-e2e", .hosts = "a", .without = WORDS("--test_partition")},
     PYTHON "cmc-e2e --specify_vms a --ignore_force_shutdown" ISCSI},
    {{.template_name = "cmc-e2e", .hosts = "a", .without = WORDS("use_specified_plugin")},
     PYTHON "cmc-e2e --specify_vms a" EVERY},
    /* broad choices */
    {{.template_name = "cmc-e2e", .contains = WORDS("redhat", "suse")},
     PYTHON "cmc-e2e --containsVm redhat --containsVm suse" EVERY ISCSI BLACKLIST},
    {{.template_name = "cmc-e2e", .options = WORDS("--randomize")},
     PYTHON "cmc-e2e --randomize" EVERY ISCSI BLACKLIST},
    {{.template_name = "cmc-e2e", .hosts = "a", .contains = WORDS("redhat")},
     PYTHON "cmc-e2e --specify_vms a --containsVm redhat" EVERY ISCSI BLACKLIST},
    {{.template_name = "cmc-e2e",
      .options = WORDS("--exclude_partial_match", "w2k,atvm6-centos6.0", "--randomize")},
     PYTHON "cmc-e2e --exclude_partial_match w2k,atvm6-centos6.0,atvm144-suse15.0 --randomize" EVERY
         ISCSI},
    {{.template_name = "cmc-e2e", .options = WORDS("--exclude_partial_match=w2k")},
     PYTHON "cmc-e2e --exclude_partial_match=w2k,atvm6-centos6.0,atvm144-suse15.0" EVERY ISCSI},
    {{.template_name = "cmc-e2e",
      .options = WORDS("--exclude_partial_match", "atvm6-centos6.0,atvm144-suse15.0")},
     PYTHON "cmc-e2e" BLACKLIST EVERY ISCSI},
    /* what a template has of its own */
    {{.template_name = "cmc-systemOS", .hosts = "a"}, PYTHON "cmc-systemOS --specify_vms a" EVERY},
    {{.template_name = "cmc-migrateops-compute-migration", .hosts = "a"},
     PYTHON "cmc-migrateops-compute-migration --specify_vms a" EVERY ISCSI
            " --vm_platforms vmware --set_static_ip_dest"},
    {{.template_name = "cmc-migrateops-compute-migration",
      .hosts = "a",
      .options = WORDS("--vm_platforms", "aws")},
     PYTHON "cmc-migrateops-compute-migration --specify_vms a --vm_platforms aws" EVERY ISCSI},
    {{.template_name = "cmc-other", .hosts = "a"}, PYTHON "cmc-other --specify_vms a" EVERY ISCSI},
    /* a command that was given as a whole */
    {{.template_command =
          "sshpass -p x ssh root@c 'cd " ROOT "/ && python3 t.py --template cmc-e2e "
          "--containsVm redhat'"},
     "python3 t.py --template cmc-e2e --containsVm redhat" EVERY ISCSI BLACKLIST},
    {{.template_command = "python3 t.py", .template_name = "cmc-systemOS", .hosts = "a"},
     "python3 t.py --specify_vms a" EVERY},
    {{.template_name = "cmc-e2e", .hosts = "$(reboot)"},
     PYTHON "cmc-e2e --specify_vms '$(reboot)'" EVERY ISCSI},
};

static void the_template_command_is_built_word_by_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct scene scene;

        plan_with(&scene, configuration, &commands[i].request);
        if (scene.status)
            fail_msg("%s: %s", commands[i].command, scene.error);
        assert_string_equal(launch_words_text(&scene.memory, &scene.plan.template_command),
                            commands[i].command);
        close_scene(&scene);
    }
}

static const struct {
    struct launch_request request;
    int status;
    const char *error;
} refused[] = {
    {{.hosts = "a"},
     -EINVAL,
     "--template is missing; give the name of a template, such as --template cmc-e2e"},
    {{.template_name = "cmc-e2e", .hosts = "a,atvm6-centos6.0"},
     -EPERM,
     "atvm6-centos6.0 is on the blacklist (CMC install: can't compile); leave it out, or take it "
     "off the blacklist in the configuration"},
    {{.template_name = "cmc-e2e", .options = WORDS("--specify_vms", "a", "atvm144-suse15.0")},
     -EPERM,
     "atvm144-suse15.0 is on the blacklist (crashes (bug)); leave it out, or take it off the "
     "blacklist in the configuration"},
    {{.template_name = "cmc-e2e", .options = WORDS("--specify_vms=atvm144-suse15.0, a")},
     -EPERM,
     "atvm144-suse15.0 is on the blacklist (crashes (bug)); leave it out, or take it off the "
     "blacklist in the configuration"},
    {{.template_name = "cmc-e2e", .contains = WORDS("atvm144-suse15.0")},
     -EPERM,
     "atvm144-suse15.0 is on the blacklist (crashes (bug)); leave it out, or take it off the "
     "blacklist in the configuration"},
    {{.template_command = "python3 t.py --template x --specify_vms atvm144-suse15.0"},
     -EPERM,
     "atvm144-suse15.0 is on the blacklist (crashes (bug)); leave it out, or take it off the "
     "blacklist in the configuration"},
    /* what a guard would not see */
    {{.template_name = "cmc-e2e", .options = WORDS("--specify", "atvm144-suse15.0")},
     -EINVAL,
     "--specify: the guards of a launch read names in full; write --specify_vms"},
    {{.template_name = "cmc-e2e", .options = WORDS("--contains=x")},
     -EINVAL,
     "--contains: the guards of a launch read names in full; write --containsVm"},
    {{.template_name = "cmc-e2e", .hosts = "a", .options = WORDS("--specify_vms", "b")},
     -EINVAL,
     "--specify_vms stands twice in the template command, and only one would count; give it once "
     "(names are separated by commas)"},
    {{.template_name = "cmc-e2e", .options = WORDS("--exclude_partial_match", "--randomize")},
     -EINVAL,
     "--exclude_partial_match: a value is missing in the template command"},
    {{.template_name = "cmc-e2e", .hosts = "a\nb"},
     -EINVAL,
     "the template command holds a control character; leave it out"},
    {{.template_name = "cmc-e2e", .hosts = "a", .scope_description = "\033[2J"},
     -EINVAL,
     "what is told to the watcher holds a control character; leave it out of family, style and "
     "description"},
    /* contradictions */
    {{.template_name = "cmc-systemOS", .hosts = "a", .plugin = "fc"},
     -EINVAL,
     "cmc-systemOS takes no plugin and no integration, but its template command says "
     "--use_specified_plugin; leave that out"},
    {{.template_name = "cmc-systemOS",
      .hosts = "a",
      .options = WORDS("--integration_type", "pure")},
     -EINVAL,
     "cmc-systemOS takes no plugin and no integration, but its template command says "
     "--integration_type; leave that out"},
    {{.template_name = "cmc-e2e", .plugin = "fc", .options = WORDS("--use_specified_plugin=iscsi")},
     -EINVAL,
     "the plugin fc was asked for, but the template command says iscsi; give one of the two"},
    {{.template_name = "cmc-e2e", .options = WORDS("--use_specified_plugin", "nvme")},
     -EINVAL,
     "--use_specified_plugin: expected fc, iscsi or both"},
    {{.template_name = "cmc-e2e", .template_command = "python3 t.py --template cmc-reboot"},
     -EINVAL,
     "--template cmc-e2e: the template command says cmc-reboot; give one of the two"},
    {{.template_command = "cd /elsewhere && python3 t.py --template cmc-e2e"},
     -EINVAL,
     "--template-command: it changes to /elsewhere, but the automation root is " ROOT "; correct "
     "one of the two (automation_root in the configuration)"},
    {{.template_command = "python3 t.py --template cmc-e2e; reboot"},
     -EINVAL,
     "--template-command: it is run without a shell: only a shell knows what this means: "
     "\"; reboot\"; give plain words and quotes only"},
    {{.template_name = "cmc-e2e", .hosts = "a", .cypress_config = "other.ts"},
     -EINVAL,
     "--cypress-config other.ts: the runner is not told of it; put %c for it into "
     "launch.runner_command (and launch.template_command) of the configuration, or set "
     "cypress_config there"},
    {{.template_name = "cmc-e2e", .options = WORDS("--categorize")},
     -EINVAL,
     "the template command says --categorize; give it to the launch, too, so that runner and "
     "watcher know"},
    {{.template_name = "cmc-e2e", .without = WORDS("--test_partitions")},
     -EINVAL,
     "--without --test_partitions: cmc-e2e has no such default option; leave it out"},
};

static void what_must_not_be_launched_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct scene scene;

        plan_with(&scene, configuration, &refused[i].request);
        assert_string_equal(scene.error ? scene.error : "it was accepted", refused[i].error);
        assert_int_equal(scene.status, refused[i].status);
        close_scene(&scene);
    }
}

static void a_combination_is_asked_about_twice(void **state)
{
    static const struct {
        const char *template_name, *plugin;
        size_t count;
    } cases[] = {{"cmc-reboot", "both", 1}, {"cmc-reboot", "iscsi", 0}, {"cmc-e2e", "both", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene;

        plan_with(&scene, configuration,
                  &(struct launch_request){.template_name = cases[i].template_name,
                                           .plugin = cases[i].plugin,
                                           .hosts = "a"});
        assert_int_equal(scene.status, 0);
        assert_int_equal(scene.plan.confirmations.count, cases[i].count);
        if (cases[i].count)
            assert_string_equal(scene.plan.confirmations.words[0],
                                "cmc-reboot with plugin both: the iSCSI disks may not be attached "
                                "before the services start");
        close_scene(&scene);
    }
}

static void runner_and_watcher_are_told_what_the_template_command_was(void **state)
{
    struct scene scene;

    (void)state;
    plan_with(&scene, "",
              &(struct launch_request){.template_name = "cmc-e2e",
                                       .plugin = "fc",
                                       .hosts = "a",
                                       .categorized = true,
                                       .config_family = "gold",
                                       .migration_style = "local",
                                       .scope_description = "nightly run"});
    assert_int_equal(scene.status, 0);
    assert_string_equal(launch_words_text(&scene.memory, &scene.plan.runner_command),
                        "python3 run-sorry-cypress.py --build_name e2e-1 --categorize");
    assert_string_equal(
        launch_words_text(&scene.memory, &scene.plan.watcher_command),
        "atvm-watcher start --build-name e2e-1 --template cmc-e2e "
        "--integration-plugin fc --config-family gold --migration-style local "
        "--scope-description 'nightly run' --categorize --hosts a --template-command "
        "'" PYTHON "cmc-e2e --use_specified_plugin fc --specify_vms a" EVERY "'");
    assert_string_equal(scene.plan.cypress_config, ROOT "/cypress.atvm-config-gold.ts");
    assert_string_equal(scene.plan.runner_unit, "atvm-run-e2e-1.service");
    close_scene(&scene);
    plan_with(&scene,
              "cypress_config = \"/x/%b.ts\";\n"
              "launch = { template_command = [ \"t\", \"%t=%c\", \"%%b%x\" ];\n"
              "           runner_command = [ \"r\", \"-%b-\" ]; };\n",
              &(struct launch_request){.template_name = "t", .hosts = "a", .no_watcher = true});
    assert_int_equal(scene.status, 0);
    assert_string_equal(launch_words_text(&scene.memory, &scene.plan.template_command),
                        "t t=/x/e2e-1.ts %e2e-1%x --specify_vms a" EVERY ISCSI);
    assert_string_equal(launch_words_text(&scene.memory, &scene.plan.runner_command), "r -e2e-1-");
    assert_int_equal(scene.plan.watcher_command.count, 0);
    assert_string_equal(scene.plan.cypress_config, "/x/e2e-1.ts");
    close_scene(&scene);
}

static void the_watcher_is_told_the_template_command_without_its_secrets(void **state)
{
    struct scene scene;

    (void)state;
    plan_with(&scene, "",
              &(struct launch_request){.template_command = "t --template x --record-key 'a b'",
                                       .hosts = "a",
                                       .options = WORDS("--token=c")});
    assert_int_equal(scene.status, 0);
    assert_string_equal(launch_words_text(&scene.memory, &scene.plan.template_command),
                        "t --template x --record-key 'a b' --specify_vms a --token=c" EVERY ISCSI);
    assert_string_equal(launch_words_text(&scene.memory, &scene.plan.watcher_command),
                        "atvm-watcher start --build-name e2e-1 --template x --integration-plugin "
                        "iscsi --hosts a --template-command 't --template x --record-key *** "
                        "--specify_vms a --token=***" EVERY ISCSI "'");
    close_scene(&scene);
}

static const struct {
    const char *configuration;
    struct launch_request request;
} digested[] = {
    {configuration, {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
    {"", {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
    {configuration, {.template_name = "cmc-e2e", .contains = WORDS("suse")}},
    {configuration, {.template_name = "cmc-e2e", .contains = WORDS("redhat"), .plugin = "fc"}},
    {configuration, {.template_name = "cmc-e2e", .contains = WORDS("redhat"), .no_watcher = true}},
    {configuration, {.template_name = "cmc-e2e", .contains = WORDS("redhat"), .categorized = true}},
    {"automation_root = \"/x\";", {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
    {"launch_log = \"/x\";", {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
    {"cypress_config = \"x.ts\";", {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
    {"launch = { runner_output = \"/x\"; };",
     {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
    {"launch = { runner_command = [ \"x\" ]; };",
     {.template_name = "cmc-e2e", .contains = WORDS("redhat")}},
};

/* An approval names a digest: nothing may change and leave it the same. */
static void every_change_of_the_plan_changes_its_digest(void **state)
{
    char *digests[COUNT_OF(digested)];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(digested); i++) {
        CLEANUP_FREE char *again = NULL;
        struct scene scene;

        plan_with(&scene, digested[i].configuration, &digested[i].request);
        digests[i] = memory_string(launch_plan_digest(&scene.memory, &scene.plan));
        close_scene(&scene);
        plan_with(&scene, digested[i].configuration, &digested[i].request);
        again = memory_string(launch_plan_digest(&scene.memory, &scene.plan));
        close_scene(&scene);
        assert_string_equal(again, digests[i]);
        assert_int_equal(strspn(again, "0123456789abcdef"), 16);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(digests[i], digests[j]);
    }
    for (size_t i = 0; i < COUNT_OF(digested); i++)
        free(digests[i]);
}

static void a_plan_shows_everything_that_will_happen(void **state)
{
    struct scene scene;
    char *expected;

    (void)state;
    plan_with(&scene, configuration,
              &(struct launch_request){
                  .template_name = "cmc-rebot", .contains = WORDS("redhat"), .plugin = "fc"});
    assert_int_equal(scene.status, 0);
    expected = memory_format(
        "e2e-1: a run of the template cmc-rebot with plugin fc\n"
        "\n"
        "In " ROOT ":\n"
        "  1. the template command:\n"
        "       " PYTHON "cmc-rebot --use_specified_plugin fc --containsVm redhat" EVERY BLACKLIST
        "\n"
        "     its output goes to /tmp/e2e-1.launch.log\n"
        "  2. a check: each machine has a new spec, and stands in " ROOT
        "/cypress.atvm-config-gold.ts\n"
        "  3. the watcher:\n"
        "       atvm-watcher start --build-name e2e-1 --template cmc-rebot --integration-plugin fc "
        "--template-command '" PYTHON
        "cmc-rebot --use_specified_plugin fc --containsVm redhat" EVERY BLACKLIST "'\n"
        "  4. the runner:\n"
        "       python3 run-sorry-cypress.py --build_name e2e-1\n"
        "     as the unit atvm-run-e2e-1.service, its output goes to the journal\n"
        "\n"
        "Added by default: --ignore_force_shutdown --test_partition\n"
        "\n"
        "Left out, for they are on the blacklist:\n"
        "  atvm6-centos6.0   CMC install: can't compile\n"
        "  atvm144-suse15.0  crashes (bug)\n"
        "\n"
        "Note: the configuration says nothing of the template cmc-rebot; it gets what every "
        "template gets\n"
        "\n"
        "This plan is %s.\n",
        launch_plan_digest(&scene.memory, &scene.plan));
    assert_string_equal(launch_plan_text(&scene.memory, &scene.plan), expected);
    free(expected);
    close_scene(&scene);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    CLEANUP_FREE char *path = memory_format("%s/test.conf", folder);

    (void)state;
    return unlink(path) == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_shown_as_one_would_type_them),
        cmocka_unit_test(a_text_becomes_the_words_that_a_shell_would_make_of_it),
        cmocka_unit_test(what_needs_a_shell_is_refused),
        cmocka_unit_test(the_template_command_is_built_word_by_word),
        cmocka_unit_test(what_must_not_be_launched_is_refused),
        cmocka_unit_test(a_combination_is_asked_about_twice),
        cmocka_unit_test(runner_and_watcher_are_told_what_the_template_command_was),
        cmocka_unit_test(the_watcher_is_told_the_template_command_without_its_secrets),
        cmocka_unit_test(every_change_of_the_plan_changes_its_digest),
        cmocka_unit_test(a_plan_shows_everything_that_will_happen),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
