#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "judge-scene.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)

static const char *const by_status[] = {"runlog", "mochawesome", "junit", "reporter-json",
                                        "reporter-txt"};

static long long at(int seconds)
{
    return (long long)((SCENE_START + seconds) * SECOND);
}

static void feed(struct scene *scene, char *line)
{
    char *error = NULL;

    if (ledger_reader_line(scene->reader, line, strlen(line), &error) != LEDGER_LINE_EVIDENCE)
        fail_msg("scene: %s: %s", line, error);
    free(line);
}

void scene_open(struct scene *scene, const char *const *hosts)
{
    size_t count = 0;

    while (hosts[count])
        count++;
    *scene = (struct scene){
        .ledger = ledger_new(),
        .policy = {.build = "build",
                   .hosts = hosts,
                   .host_count = count,
                   .since_ns = SCENE_START * SECOND,
                   .start_grace_ns = 10 * MINUTE,
                   .hang_after_ns = 120 * MINUTE,
                   .stuck_after_ns = 5 * MINUTE},
        .now = 3600,
    };
    scene->reader = ledger_reader_new(scene->ledger);
    for (int i = 0; i < QUESTION_FLOW; i++) {
        scene->policy.precedence[i] = by_status;
        scene->policy.precedence_count[i] = sizeof(by_status) / sizeof(by_status[0]);
    }
}

void scene_close(struct scene *scene)
{
    verdict_free(scene->verdict);
    ledger_reader_free(scene->reader);
    ledger_free(scene->ledger);
}

void scene_source(struct scene *scene, const char *collector, const char *kind, const char *path,
                  const char *stem, int mtime)
{
    feed(scene, memory_format("{\"t\":\"begin\",\"collector\":\"%s\",\"mode\":\"replace\","
                              "\"path\":\"%s\",\"kind\":\"%s\",\"stem\":\"%s\",\"size\":100,"
                              "\"mtime\":%lld}",
                              collector, path, kind, stem ? stem : "", at(mtime)));
}

void scene_named_source(struct scene *scene, const char *kind, const char *path, const char *stem,
                        int mtime, int name_time)
{
    feed(scene, memory_format("{\"t\":\"begin\",\"collector\":\"%s\",\"mode\":\"replace\","
                              "\"path\":\"%s\",\"kind\":\"%s\",\"stem\":\"%s\",\"size\":100,"
                              "\"mtime\":%lld,\"name_time\":%lld}",
                              kind, path, kind, stem, at(mtime), at(name_time)));
}

void scene_record(struct scene *scene, const char *format, ...)
{
    va_list arguments;
    char *members;

    va_start(arguments, format);
    members = memory_vformat(format, arguments);
    va_end(arguments);
    feed(scene, memory_format("{\"t\":\"evidence\",%s}", members));
    free(members);
}

void scene_result(struct scene *scene, const char *host, const char *basis, const char *form,
                  const char *outcome, int passed, int failed)
{
    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"%s\",\"basis\":\"%s\",\"form\":\"%s\","
                 "\"outcome\":\"%s\",\"batch\":1,\"tests\":%d,\"passed\":%d,\"failed\":%d,"
                 "\"pending\":0,\"skipped\":0",
                 host, basis, form, outcome, passed + failed, passed, failed);
}

void scene_end(struct scene *scene, const char *quality)
{
    feed(scene,
         memory_format("{\"t\":\"end\",\"quality\":\"%s\",\"reason\":\"as made\",\"time\":%lld}",
                       quality, at((int)scene->now)));
}

void scene_refused(struct scene *scene, const char *collector, const char *kind, const char *path,
                   const char *stem, int mtime)
{
    feed(scene, memory_format("{\"t\":\"begin\",\"collector\":\"%s\",\"mode\":\"replace\","
                              "\"path\":\"%s\",\"kind\":\"%s\",\"stem\":\"%s\",\"mtime\":%lld}",
                              collector, path, kind, stem ? stem : "", at(mtime)));
    feed(scene, memory_string("{\"t\":\"end\",\"quality\":\"damaged\",\"reason\":\"is a link\"}"));
}

void scene_pass(struct scene *scene, const char *collector, const char *result)
{
    feed(scene, memory_format("{\"t\":\"pass\",\"collector\":\"%s\",\"result\":\"%s\",\"time\":1}",
                              collector, result));
}

void scene_processes(struct scene *scene, int runner)
{
    scene_source(scene, "proc", "process", "/proc", NULL, 0);
    if (runner)
        scene_record(scene, "\"claim\":\"process\",\"form\":\"runner\",\"pid\":%d", runner);
    scene_end(scene, "whole");
    scene_pass(scene, "proc", "complete");
}

static void whole_log_rows(struct scene *scene, const char *const *hosts, const char *outcomes)
{
    int passed = 0, failed = 0;

    for (size_t i = 0; hosts[i]; i++) {
        if (outcomes[i] == '-')
            continue;
        scene_result(scene, hosts[i], "direct", "cloud-row", outcomes[i] == 'p' ? "pass" : "fail",
                     outcomes[i] == 'p' ? 22 : 21, outcomes[i] == 'p' ? 0 : 1);
        passed += outcomes[i] == 'p' ? 22 : 21;
        failed += outcomes[i] == 'p' ? 0 : 1;
    }
    scene_record(scene,
                 "\"claim\":\"scope-totals\",\"form\":\"cloud-totals\",\"basis\":\"direct\","
                 "\"batch\":1,\"outcome\":\"%s\",\"tests\":%d,\"passed\":%d,\"failed\":%d,"
                 "\"pending\":0,\"skipped\":0",
                 failed ? "fail" : "pass", passed + failed, passed, failed);
}

void scene_whole_log(struct scene *scene, const char *const *hosts, const char *outcomes)
{
    scene_source(scene, "runlog", "log", "/tmp/build.log", NULL, 3000);
    scene_record(scene, "\"claim\":\"scope-started\",\"batch\":1");
    for (size_t i = 0; hosts[i]; i++)
        scene_record(scene, "\"claim\":\"expected-host\",\"host\":\"%s\",\"batch\":1", hosts[i]);
    for (size_t i = 0; hosts[i]; i++)
        if (outcomes[i] != '-')
            scene_record(scene, "\"claim\":\"host-started\",\"host\":\"%s\",\"batch\":1", hosts[i]);
    whole_log_rows(scene, hosts, outcomes);
    scene_record(scene, "\"claim\":\"run-url\",\"form\":\"recorded-run\",\"batch\":1,"
                        "\"text\":\"https://example.invalid/run/1\"");
    scene_record(scene, "\"claim\":\"scope-ended\",\"form\":\"recorded-run\",\"batch\":1");
    scene_record(scene, "\"claim\":\"upload-confirmed\",\"batch\":1");
    scene_end(scene, "whole");
}

void scene_log_part(struct scene *scene, int inode, int mtime)
{
    feed(scene, memory_format("{\"t\":\"begin\",\"collector\":\"runlog\",\"mode\":\"replace\","
                              "\"path\":\"/tmp/build.log\",\"kind\":\"log\",\"size\":100,"
                              "\"inode\":%d,\"mtime\":%lld}",
                              inode, at(mtime)));
}

void scene_row(struct scene *scene, const char *host, const char *outcome, int batch)
{
    int failed = *outcome == 'f';

    scene_record(scene,
                 "\"claim\":\"host-result\",\"host\":\"%s\",\"basis\":\"direct\","
                 "\"form\":\"cloud-row\",\"outcome\":\"%s\",\"batch\":%d,\"tests\":2,\"passed\":%d,"
                 "\"failed\":%d,\"pending\":0,\"skipped\":0",
                 host, outcome, batch, 2 - failed, failed);
}

void scene_bookkeeping(struct scene *scene, const char *scope, int mtime)
{
    char *path = memory_format("/x/xml/test-result-%s.xml", scope ? scope : "0123456789abcdef");
    char *named = scope ? memory_format(",\"scope\":\"%s\"", scope) : memory_string("");

    scene_source(scene, "junit", "junit", path, scope, mtime);
    scene_record(scene,
                 "\"claim\":\"scope-ended\",\"form\":\"bookkeeping-xml\","
                 "\"basis\":\"bookkeeping\"%s",
                 named);
    scene_end(scene, "whole");
    free(path);
    free(named);
}

void scene_junit(struct scene *scene, const char *host, int passed, int failed, int mtime)
{
    char *path = memory_format("/x/xml/test-result-%s-%d.xml", host, mtime);

    scene_source(scene, "junit", "junit", path, host, mtime);
    scene_result(scene, host, "direct", "testcases", failed ? "fail" : "pass", passed, failed);
    scene_end(scene, "whole");
    free(path);
}

const struct verdict *scene_judge(struct scene *scene)
{
    verdict_free(scene->verdict);
    scene->verdict = judge(scene->ledger, &scene->policy, (SCENE_START + scene->now) * SECOND);
    return scene->verdict;
}

const struct host_verdict *scene_host(struct scene *scene, const char *host)
{
    const struct verdict *verdict = scene_judge(scene);

    for (size_t i = 0; i < verdict->scope_count; i++)
        for (size_t j = 0; j < verdict->scopes[i].host_count; j++)
            if (strcmp(verdict->scopes[i].hosts[j].name, host) == 0)
                return &verdict->scopes[i].hosts[j];
    fail_msg("%s is in no scope", host);
    return NULL;
}
