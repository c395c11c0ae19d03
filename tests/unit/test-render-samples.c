#include "test-render-samples.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

void (*const samples[SAMPLE_COUNT])(struct sample *ret) = {
    sample_passing, sample_failing, sample_categorized, sample_running, sample_hung, sample_forty};

static const char *const e2e_flow[] = {"1. Verifying set up",
                                       "2. Power on and obtain ip address and host name",
                                       "3. Uninstall CMC if still exists",
                                       "6. Install CMC",
                                       "7. Create migration session",
                                       "9. Trigger cmotion and do I/O test before actual cutover",
                                       "14. Finalize cutover",
                                       "22. Power off"};

static const char *sources[] = {"runlog", "mochawesome", "junit"};

struct host_verdict sample_host(const char *name, enum host_status status)
{
    return (struct host_verdict){.name = name,
                                 .status = status,
                                 .tests = -1,
                                 .passed = -1,
                                 .failed = -1,
                                 .pending = -1,
                                 .skipped = -1,
                                 .started_ns = -1,
                                 .ended_ns = -1,
                                 .duration_ns = -1};
}

/* All `tests` passed; the host began `start` seconds after the run and took `seconds`. */
static struct host_verdict passed_host(const char *name, int tests, double start, double seconds)
{
    struct host_verdict host = sample_host(name, HOST_PASS);

    host.tests = host.passed = tests;
    host.failed = host.pending = host.skipped = 0;
    host.started_ns = SAMPLE_START_NS + SECONDS(start);
    host.duration_ns = SECONDS(seconds);
    host.ended_ns = host.started_ns + host.duration_ns;
    host.sources = sources;
    host.source_count = 2;
    return host;
}

static struct host_verdict failed_host(const char *name, int tests, int passed, double start,
                                       double seconds)
{
    struct host_verdict host = passed_host(name, tests, start, seconds);

    host.status = HOST_FAIL;
    host.passed = passed;
    host.failed = 1;
    host.pending = tests - passed - 1;
    host.source_count = 3;
    return host;
}

static void sample_begin(struct sample *sample, const char *name, const char *build)
{
    memset(sample, 0, sizeof(*sample));
    sample->name = name;
    sample->facts.time_zone = "America/New_York";
    sample->verdict = (struct verdict){.build = build, .scopes = sample->scopes, .scope_count = 1};
    sample->scopes[0] = (struct scope_verdict){
        .name = build, .started_ns = SAMPLE_START_NS, .ended_ns = -1, .duration_ns = -1};
    sample->scopes[1] = sample->scopes[0];
    sample->report = (struct report){.verdict = &sample->verdict, .facts = &sample->facts};
}

/* State of the run and of its first scope. */
static void sample_state(struct sample *sample, enum run_state state, const char *reason)
{
    sample->verdict.state = sample->scopes[0].state = state;
    sample->verdict.reason = sample->scopes[0].reason = reason;
    sample->scopes[0].post = run_state_is_posted(state);
}

static void scope_hosts(struct scope_verdict *scope, struct host_verdict *hosts, size_t count)
{
    scope->hosts = hosts;
    scope->host_count = count;
}

static void scope_flow(struct scope_verdict *scope, enum flow_source source)
{
    scope->flow = (const char **)(uintptr_t)e2e_flow;
    scope->flow_count = COUNT_OF(e2e_flow);
    scope->flow_source = source;
}

/* The scope ends `seconds` after the run began, and the report is made two seconds later. */
static void scope_end(struct sample *sample, struct scope_verdict *scope, double seconds)
{
    scope->ended_ns = SAMPLE_START_NS + SECONDS(seconds);
    scope->duration_ns = scope->ended_ns - scope->started_ns;
    sample->report.now_ns = scope->ended_ns + SECONDS(2);
}

void sample_passing(struct sample *ret)
{
    static struct host_verdict hosts[3];
    static const struct host_fact kernels[] = {{"atvm71-redhat9.1", "5.14.0-162.6.1.el9_1"},
                                               {"atvm121-ubuntu24.04", "6.8.0-31-generic"}};
    static const struct host_fact skipped[] = {{"atvm6-centos6.0", "CMC install: can't compile"}};
    static const char *notes[] = {"The runner (pid 41207) did not exit after the upload."};

    sample_begin(ret, "passing", "e2e-redhat9.1-ubuntu24.04-w2k25-fc");
    hosts[0] = passed_host("atvm71-redhat9.1", 22, 4, 1137.5);
    hosts[1] = passed_host("atvm121-ubuntu24.04", 22, 1150, 973.8);
    hosts[2] = passed_host("atvm160-w2k25", 22, 2130, 1500);
    hosts[2].duration_ns = hosts[2].ended_ns = -1;
    hosts[2].pending = 2;
    hosts[2].passed = 20;
    sample_state(ret, STATE_COMPLETED, "The run has ended and all 3 expected hosts passed.");
    scope_hosts(&ret->scopes[0], hosts, COUNT_OF(hosts));
    scope_flow(&ret->scopes[0], FLOW_SPEC);
    scope_end(ret, &ret->scopes[0], 3632.4);
    ret->verdict.run_url = ret->scopes[0].run_url = "https://app.currents.dev/run/7ff37956845a0640";
    ret->scopes[0].notes = notes;
    ret->scopes[0].note_count = 1;
    ret->facts.kernels = kernels;
    ret->facts.kernel_count = COUNT_OF(kernels);
    ret->facts.skipped = skipped;
    ret->facts.skipped_count = COUNT_OF(skipped);
    ret->facts.template_name = "cmc-e2e";
    ret->facts.config_name = "cypress.atvm-config-gold.ts";
    ret->facts.config_family = "gold";
    ret->facts.migration_style = "cutover";
    ret->facts.template_command =
        "python3 cmc-templates.py --template cmc-e2e --integration_type pure "
        "--use_specified_plugin fc --containsVm redhat9.1 --ignore_force_shutdown "
        "--test_partition";
}

void sample_failing(struct sample *ret)
{
    static struct host_verdict hosts[3];
    static struct conflict conflicts[] = {{.host = "atvm71-redhat9.1",
                                           .question = QUESTION_STATUS,
                                           .kept = "runlog: FAIL",
                                           .dropped = "junit: PASS",
                                           .rule = "worst-direct"}};

    sample_begin(ret, "failing", "e2e-redhat9.1-fc");
    hosts[0] = passed_host("atvm121-ubuntu24.04", 22, 3, 973.8);
    hosts[1] = failed_host("atvm71-redhat9.1", 22, 8, 990, 2467);
    hosts[1].step = "9. Trigger cmotion and do I/O test before actual cutover";
    hosts[1].error = "CypressError: `cy.task('waitForCmotion')` timed out after waiting "
                     "`1800000ms`.";
    hosts[1].excerpt =
        "\033[31mCypressError: `cy.task('waitForCmotion')` timed out after waiting "
        "`1800000ms`.\033[0m\n"
        "\n"
        "> Command failed: sshpass -p 'hunter2' ssh root@192.168.3.71 journalctl -b\n"
        "multipathd[812]: failed to get sdc uid: Invalid argument\n"
        "multipathd[812]: failed to get sdc uid: Invalid argument\n"
        "multipathd[812]: failed to get sdc uid: Invalid argument\n"
        "```\n"
        "@channel <!here> <https://example.com|click> <module> & | # *bold*\n"
        "    at tryCatcher (https://192.168.3.190/__cypress/runner/cypress_runner.js:1807:23)\n"
        "From Your Spec Code:\n"
        "    at Context.eval (webpack:///./cypress/e2e/atvm/atvm71-redhat9.1.ts:1560:12)\n";
    hosts[2] = passed_host("atvm160-w2k25", 22, 3460, 1512.05);
    sample_state(ret, STATE_FAILED, "The run has ended and 1 of 3 hosts failed.");
    scope_hosts(&ret->scopes[0], hosts, COUNT_OF(hosts));
    scope_flow(&ret->scopes[0], FLOW_SPEC);
    scope_end(ret, &ret->scopes[0], 4975);
    ret->verdict.run_url = ret->scopes[0].run_url = "https://app.currents.dev/run/8781632be34c32cc";
    ret->scopes[0].conflicts = conflicts;
    ret->scopes[0].conflict_count = COUNT_OF(conflicts);
    ret->facts.template_name = "cmc-e2e";
    ret->facts.config_name = "cypress.atvm-config-gold.ts";
    ret->facts.plugin = "fc";
    ret->facts.scope_description = "nightly, first lab";
    ret->facts.template_command =
        "sshpass -p 's3cret pass' ssh -o StrictHostKeyChecking=no root@192.168.3.190 "
        "'cd /root/cdc-e2e-cyp-12.17.4 && python3 cmc-templates.py --template cmc-e2e "
        "--use_specified_plugin fc --specify_vms atvm71-redhat9.1,atvm121-ubuntu24.04 "
        "--ignore_force_shutdown --key 4f1d-record-key'";
}

void sample_categorized(struct sample *ret)
{
    static struct host_verdict redhat[2], ubuntu[1];

    sample_begin(ret, "categorized", "e2e-all-fc");
    redhat[0] = failed_host("atvm71-redhat9.1", 22, 21, 3, 940.9);
    redhat[0].step = "\"before each\" hook for \"13. Trigger cmotion again\"";
    redhat[0].error = "AssertionError: expected 503 to equal 200";
    redhat[0].excerpt = "AssertionError: expected 503 to equal 200\n\n+ expected - actual\n\n"
                        "-503\n+200";
    redhat[1] = passed_host("atvm72-redhat9.2", 22, 950, 1062.9);
    ubuntu[0] = sample_host("atvm121-ubuntu24.04", HOST_RUNNING);
    ubuntu[0].started_ns = SAMPLE_START_NS + SECONDS(2030);
    ret->verdict.categorized = true;
    ret->verdict.scope_count = 2;
    sample_state(ret, STATE_FAILED, "The sub-run has ended and 1 of 2 hosts failed.");
    ret->verdict.state = STATE_RUNNING;
    ret->verdict.reason = "Sub-run ubuntu runs.";
    ret->scopes[0].name = "redhat";
    ret->scopes[0].run_url = "https://app.currents.dev/run/111afb08ac3950d5";
    scope_hosts(&ret->scopes[0], redhat, COUNT_OF(redhat));
    scope_flow(&ret->scopes[0], FLOW_SPEC);
    scope_end(ret, &ret->scopes[0], 2020);
    ret->scopes[1].name = "ubuntu";
    ret->scopes[1].state = STATE_RUNNING;
    ret->scopes[1].reason = "The runner lives and the sub-run has not ended.";
    ret->scopes[1].started_ns = SAMPLE_START_NS + SECONDS(2030);
    scope_hosts(&ret->scopes[1], ubuntu, COUNT_OF(ubuntu));
    scope_flow(&ret->scopes[1], FLOW_SPEC);
    ret->report.now_ns = SAMPLE_START_NS + SECONDS(2100);
    ret->facts.template_name = "cmc-e2e";
    ret->facts.template_command = "python3 cmc-templates.py --template cmc-e2e "
                                  "--use_specified_plugin fc --categorize --randomize";
}

void sample_running(struct sample *ret)
{
    static struct host_verdict hosts[4];

    sample_begin(ret, "running", "system-os-mixed");
    hosts[0] = sample_host("atvm98-oracle9.4", HOST_NOT_STARTED);
    hosts[1] = passed_host("atvm118-debian12.5.0", 22, 3, 1062.9);
    hosts[2] = sample_host("atvm71-redhat9.1", HOST_RUNNING);
    hosts[2].started_ns = SAMPLE_START_NS + SECONDS(1080);
    hosts[3] = sample_host("atvm121-ubuntu24.04", HOST_NOT_STARTED);
    sample_state(ret, STATE_RUNNING, "The runner lives and the run has not ended.");
    scope_hosts(&ret->scopes[0], hosts, COUNT_OF(hosts));
    scope_flow(&ret->scopes[0], FLOW_SPEC);
    ret->report.now_ns = SAMPLE_START_NS + SECONDS(1560);
    ret->verdict.run_url = ret->scopes[0].run_url = "https://app.currents.dev/run/2b6d1c35ca0f4a11";
    ret->facts.template_name = "cmc-systemOS";
    ret->facts.config_name = "cypress.atvm-config-gold.ts";
}

void sample_hung(struct sample *ret)
{
    static struct host_verdict hosts[2];

    sample_begin(ret, "hung", "reboot-redhat9.7-iscsi");
    hosts[0] = passed_host("atvm75-redhat9.7", 22, 3, 1137.5);
    hosts[1] = sample_host("atvm160-w2k25", HOST_RUNNING);
    hosts[1].started_ns = SAMPLE_START_NS + SECONDS(1150);
    sample_state(ret, STATE_HUNG,
                 "The runner lives, but neither log nor artifacts changed for 2 hours.");
    scope_hosts(&ret->scopes[0], hosts, COUNT_OF(hosts));
    ret->report.now_ns = SAMPLE_START_NS + SECONDS(9000);
}

void sample_forty(struct sample *ret)
{
    static struct host_verdict hosts[40];
    static char names[40][32];

    sample_begin(ret, "forty", "cmc-e2e-all-forty");
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        snprintf(names[i], sizeof(names[i]), "atvm%zu-redhat9.%zu", i + 1, i % 8);
        hosts[i] = i % 13 == 12 ? failed_host(names[i], 22, 12, (double)i * 900, 600)
                                : passed_host(names[i], 22, (double)i * 900, 880 + (double)i);
        if (hosts[i].status != HOST_FAIL)
            continue;
        hosts[i].step = "13. Trigger cmotion again";
        hosts[i].error = "CypressError: Timed out retrying after 60000ms: Expected to find "
                         "element: `tr.operation-row`, but never found it.";
        hosts[i].excerpt = hosts[i].error;
    }
    sample_state(ret, STATE_FAILED, "The run has ended and 3 of 40 hosts failed.");
    scope_hosts(&ret->scopes[0], hosts, COUNT_OF(hosts));
    scope_flow(&ret->scopes[0], FLOW_CONFIG);
    scope_end(ret, &ret->scopes[0], 36030);
    ret->verdict.run_url = ret->scopes[0].run_url = "https://app.currents.dev/run/8d351acdd36a76cc";
    ret->facts.template_name = "cmc-e2e";
    ret->facts.template_command = "python3 cmc-templates.py --template cmc-e2e "
                                  "--exclude_partial_match atvm41-redhat6.0 --randomize";
    ret->report.full_report = "/var/lib/atvm-run-watcher/cmc-e2e-all-forty/report.md";
}
