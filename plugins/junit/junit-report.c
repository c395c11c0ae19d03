#include "junit-report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <libxml/parser.h>
#include <libxml/SAX2.h>

#include "timestamp.h"

#define CHUNK_BYTES   32768
#define TITLE_LIMIT   2000
#define TITLES_LIMIT  (256 * 1024)
#define MESSAGE_LIMIT (64 * 1024)
#define BODY_LIMIT    (1024 * 1024)

/* libxml2 hands an attribute over as five pointers: name, prefix, namespace, value, its end. */
#define ATTRIBUTE_POINTERS 5

struct parser {
    xmlParserCtxt *context;
    struct junit_report *report;
    int depth;          /* open elements */
    int suite_nesting;  /* open <testsuite> elements */
    int testcase_depth; /* depth of the open <testcase>; 0: none */
    int failure_depth;  /* depth of the open <failure> or <error> whose text is kept; 0: none */
    bool in_bookkeeping;
    struct bounded_text suite_name; /* as the attribute stands, to be compared with others */
    struct bounded_text title;      /* of the open test case */
    int testcase_line;
    bool testcase_failed, testcase_skipped;
};

/* A part of libxml2's memory, without NUL. */
struct slice {
    const char *bytes;
    size_t length;
};

static const struct slice absent = {NULL, 0};

/* ---------------------------------------------------------------- attributes */

static struct slice attribute(const xmlChar **attributes, int count, const char *name)
{
    for (int i = 0; i < count; i++, attributes += ATTRIBUTE_POINTERS)
        if (strcmp((const char *)attributes[0], name) == 0)
            return (struct slice){(const char *)attributes[3],
                                  (size_t)(attributes[4] - attributes[3])};
    return absent;
}

/* A plain number; -1: missing or something else. */
static int64_t number_attribute(const xmlChar **attributes, int count, const char *name)
{
    struct slice value = attribute(attributes, count, name);
    int64_t number = 0;

    if (value.length == 0 || value.length > 15)
        return -1;
    for (size_t i = 0; i < value.length; i++) {
        if (value.bytes[i] < '0' || value.bytes[i] > '9')
            return -1;
        number = number * 10 + (value.bytes[i] - '0');
    }
    return number;
}

static int64_t time_attribute(const xmlChar **attributes, int count, const char *name,
                              int64_t (*read)(const char *text))
{
    struct slice value = attribute(attributes, count, name);
    char text[64];

    if (!value.bytes || value.length >= sizeof(text))
        return -1;
    memcpy(text, value.bytes, value.length);
    text[value.length] = '\0';
    return read(text);
}

static struct junit_totals totals_of(const xmlChar **attributes, int count)
{
    return (struct junit_totals){
        .tests = number_attribute(attributes, count, "tests"),
        .failures = number_attribute(attributes, count, "failures"),
        .errors = number_attribute(attributes, count, "errors"),
        .skipped = number_attribute(attributes, count, "skipped"),
    };
}

static void add_known(int64_t *sum, int64_t number)
{
    if (number >= 0)
        *sum = (*sum < 0 ? 0 : *sum) + number;
}

static void set_text(struct bounded_text *text, struct slice value)
{
    bounded_text_clear(text);
    bounded_text_add(text, value.bytes, value.length);
}

/* Without entity substitution libxml2 leaves each '&' of an attribute as "&#38;" (for the tree that
 * is usually built of it); there is no other '&' in the value of a well-formed attribute. */
static void set_text_from_attribute(struct bounded_text *text, struct slice value)
{
    static const char escaped[] = "&#38;";

    bounded_text_clear(text);
    while (value.length > 0) {
        const char *ampersand = memmem(value.bytes, value.length, escaped, strlen(escaped));
        size_t plain = ampersand ? (size_t)(ampersand - value.bytes) + 1 : value.length;
        size_t used = ampersand ? plain - 1 + strlen(escaped) : plain;

        bounded_text_add(text, value.bytes, plain);
        value.bytes += used;
        value.length -= used;
    }
}

static bool ends_with(struct slice text, struct slice ending)
{
    return ending.length > 0 && text.length >= ending.length &&
           memcmp(text.bytes + text.length - ending.length, ending.bytes, ending.length) == 0;
}

/* ---------------------------------------------------------------- what names the host */

static void note_host(struct junit_report *report, struct slice text)
{
    char name[HOST_NAME_MAX_BYTES + 1];

    if (!text.bytes || !host_name_find(text.bytes, text.length, name))
        return;
    if (!report->host[0])
        strcpy(report->host, name);
    else if (!report->other_host[0] && strcmp(report->host, name) != 0)
        strcpy(report->other_host, name);
}

/* "Check XML files", and the like, where no file= names the spec. */
static bool is_bookkeeping_title(const char *title)
{
    static const char wanted[] = "checkxmlfiles";
    size_t at = 0;

    for (; *title; title++) {
        char c = *title;

        if (c == ' ' || c == '-' || c == '_')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (at == sizeof(wanted) - 1 || c != wanted[at])
            return false;
        at++;
    }
    return at == sizeof(wanted) - 1;
}

/* Only the Root Suite has a file= under Cypress; it counts until another suite has one. */
static void note_suite(struct parser *parser, struct slice file)
{
    struct junit_report *report = parser->report;
    char spec[HOST_NAME_MAX_BYTES + 1];

    if (file.length > 0 && host_name_of_spec(file.bytes, file.length, spec)) {
        parser->in_bookkeeping = host_name_is_bookkeeping(spec);
        if (!parser->in_bookkeeping && !report->spec_name[0])
            strcpy(report->spec_name, spec);
    }
    if (is_bookkeeping_title(bounded_text_string(&parser->suite_name)))
        parser->in_bookkeeping = true;
    if (parser->in_bookkeeping)
        return;
    note_host(report, file);
    note_host(report, (struct slice){bounded_text_string(&parser->suite_name),
                                     parser->suite_name.string.length});
}

/* ---------------------------------------------------------------- elements */

static void stop(struct parser *parser, const char *problem)
{
    if (!parser->report->problem[0])
        snprintf(parser->report->problem, sizeof(parser->report->problem), "line %d: %s",
                 xmlSAX2GetLineNumber(parser->context), problem);
    xmlStopParser(parser->context);
}

static void start_suite(struct parser *parser, const xmlChar **attributes, int count)
{
    struct junit_report *report = parser->report;
    int64_t started = time_attribute(attributes, count, "timestamp", timestamp_from_iso);

    if (parser->suite_nesting++ == 0) {
        struct junit_totals totals = totals_of(attributes, count);

        add_known(&report->suites.tests, totals.tests);
        add_known(&report->suites.failures, totals.failures);
        add_known(&report->suites.errors, totals.errors);
        add_known(&report->suites.skipped, totals.skipped);
        add_known(&report->suites_duration_ns,
                  time_attribute(attributes, count, "time", timestamp_seconds));
    }
    if (started >= 0 && (report->started_ns < 0 || started < report->started_ns))
        report->started_ns = started;
    set_text(&parser->suite_name, attribute(attributes, count, "name"));
    note_suite(parser, attribute(attributes, count, "file"));
}

/*
 * name= is the full title and classname= the test's own, or the other way round
 * (testCaseSwitchClassnameAndName); the own title ends the full one. Other reporters put the suite
 * into classname=; then name= is the title, without the suite's name where it begins with that.
 */
static struct slice own_title(struct slice name, struct slice classname, struct slice suite)
{
    if (ends_with(name, classname))
        return classname;
    if (ends_with(classname, name))
        return name;
    if (suite.length > 0 && name.length > suite.length + 1 &&
        memcmp(name.bytes, suite.bytes, suite.length) == 0 && name.bytes[suite.length] == ' ')
        return (struct slice){name.bytes + suite.length + 1, name.length - suite.length - 1};
    return name.length > 0 ? name : classname;
}

/* mocha's titles of hooks: "before each" hook for "...", "after all" hook: its name for "...". */
static bool is_hook_title(const char *title)
{
    static const char *const hooks[] = {"\"before all\" hook", "\"before each\" hook",
                                        "\"after all\" hook", "\"after each\" hook"};

    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
        if (strncmp(title, hooks[i], strlen(hooks[i])) == 0)
            return true;
    return false;
}

static void start_testcase(struct parser *parser, const xmlChar **attributes, int count)
{
    struct junit_report *report = parser->report;
    struct slice name = attribute(attributes, count, "name");
    struct slice classname = attribute(attributes, count, "classname");
    struct slice suite = {bounded_text_string(&parser->suite_name),
                          parser->suite_name.string.length};

    parser->testcase_depth = parser->depth;
    parser->testcase_line = xmlSAX2GetLineNumber(parser->context);
    parser->testcase_failed = false;
    parser->testcase_skipped = false;
    set_text_from_attribute(&parser->title, own_title(name, classname, suite));
    if (parser->in_bookkeeping)
        return;
    note_host(report, name.length >= classname.length ? name : classname);
    if (report->titles.string.length > 0)
        bounded_text_add(&report->titles, "\n", 1);
    bounded_text_add(&report->titles, bounded_text_string(&parser->title),
                     parser->title.string.length);
}

static bool is_failure(const char *name)
{
    return strcmp(name, "failure") == 0 || strcmp(name, "error") == 0;
}

static void start_failure(struct parser *parser, const xmlChar **attributes, int count)
{
    struct junit_report *report = parser->report;
    bool is_first = report->tests.failed == 0 && !parser->testcase_failed;

    parser->testcase_failed = true;
    if (!is_first || parser->in_bookkeeping)
        return;
    parser->failure_depth = parser->depth;
    report->failed_line = parser->testcase_line;
    report->step_is_hook = is_hook_title(bounded_text_string(&parser->title));
    set_text(&report->step,
             (struct slice){bounded_text_string(&parser->title), parser->title.string.length});
    set_text_from_attribute(&report->failure_type, attribute(attributes, count, "type"));
    set_text_from_attribute(&report->failure_message, attribute(attributes, count, "message"));
    bounded_text_clear(&report->failure_body);
}

static void end_testcase(struct parser *parser)
{
    struct junit_report *report = parser->report;
    struct junit_tally *tally = parser->in_bookkeeping ? &report->bookkeeping : &report->tests;

    parser->testcase_depth = 0;
    tally->testcases++;
    if (parser->testcase_failed) {
        tally->failed++;
        tally->hooks_failed += is_hook_title(bounded_text_string(&parser->title));
    } else if (parser->testcase_skipped) {
        tally->skipped++;
    }
}

static void start_root(struct parser *parser, const char *name, const xmlChar **attributes,
                       int count)
{
    struct junit_report *report = parser->report;

    if (strcmp(name, "testsuites") == 0) {
        report->root = totals_of(attributes, count);
        report->duration_ns = time_attribute(attributes, count, "time", timestamp_seconds);
    } else if (strcmp(name, "testsuite") == 0) {
        start_suite(parser, attributes, count);
    } else {
        stop(parser, "the root element is neither testsuites nor testsuite: not a JUnit file");
    }
}

static void start_element(void *user, const xmlChar *local_name, const xmlChar *prefix,
                          const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                          int count, int defaulted, const xmlChar **attributes)
{
    struct parser *parser = user;
    const char *name = (const char *)local_name;

    (void)prefix;
    (void)uri;
    (void)namespace_count;
    (void)namespaces;
    (void)defaulted;
    parser->depth++;
    if (parser->failure_depth)
        return;
    if (parser->depth == 1)
        start_root(parser, name, attributes, count);
    else if (parser->testcase_depth && is_failure(name))
        start_failure(parser, attributes, count);
    else if (parser->testcase_depth && strcmp(name, "skipped") == 0)
        parser->testcase_skipped = true;
    else if (!parser->testcase_depth && strcmp(name, "testsuite") == 0)
        start_suite(parser, attributes, count);
    else if (!parser->testcase_depth && strcmp(name, "testcase") == 0)
        start_testcase(parser, attributes, count);
}

static void end_element(void *user, const xmlChar *local_name, const xmlChar *prefix,
                        const xmlChar *uri)
{
    struct parser *parser = user;

    (void)prefix;
    (void)uri;
    if (parser->depth == parser->failure_depth)
        parser->failure_depth = 0;
    else if (parser->depth == parser->testcase_depth)
        end_testcase(parser);
    else if (!parser->testcase_depth && strcmp((const char *)local_name, "testsuite") == 0)
        parser->suite_nesting--;
    parser->depth--;
}

static void characters(void *user, const xmlChar *text, int length)
{
    struct parser *parser = user;

    if (parser->failure_depth)
        bounded_text_add(&parser->report->failure_body, (const char *)text, (size_t)length);
}

static void entity_declaration(void *user, const xmlChar *name, int type, const xmlChar *public_id,
                               const xmlChar *system_id, xmlChar *content)
{
    (void)name;
    (void)type;
    (void)public_id;
    (void)system_id;
    (void)content;
    stop(user, "it declares an entity, which no reporter does; not read any further");
}

static void note_error(void *user, xmlErrorPtr error)
{
    struct parser *parser = user;
    struct junit_report *report = parser->report;

    if (report->problem[0] || error->level < XML_ERR_ERROR)
        return;
    snprintf(report->problem, sizeof(report->problem), "line %d: %s", error->line,
             error->message ? error->message : "not well-formed XML");
    report->problem[strcspn(report->problem, "\n")] = '\0';
}

/* ---------------------------------------------------------------- reading */

/* Anything but UTF-8 text is refused before libxml2 can look for a converter for it. */
static bool begins_like_xml(const char *text, size_t length)
{
    size_t at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    return at + 1 < length && text[at] == '<' && text[at + 1] != '\0';
}

static ssize_t read_chunk(int descriptor, char chunk[CHUNK_BYTES])
{
    ssize_t got;

    do
        got = read(descriptor, chunk, CHUNK_BYTES);
    while (got < 0 && errno == EINTR);
    return got;
}

static void feed(struct parser *parser, int descriptor)
{
    struct junit_report *report = parser->report;
    char chunk[CHUNK_BYTES];
    bool is_first = true;

    for (;;) {
        ssize_t got = read_chunk(descriptor, chunk);

        if (got < 0) {
            snprintf(report->problem, sizeof(report->problem), "cannot be read: %s",
                     strerror(errno));
            return;
        }
        if (is_first && !begins_like_xml(chunk, (size_t)got)) {
            snprintf(report->problem, sizeof(report->problem),
                     got == 0 ? "it is empty" : "it does not begin like XML");
            return;
        }
        is_first = false;
        if (xmlParseChunk(parser->context, chunk, (int)got, got == 0) != XML_ERR_OK || got == 0)
            return;
    }
}

static void initialise(struct junit_report *report)
{
    *report = (struct junit_report){
        .root = {-1, -1, -1, -1},
        .suites = {-1, -1, -1, -1},
        .started_ns = -1,
        .duration_ns = -1,
        .suites_duration_ns = -1,
        .failed_line = -1,
        .titles = {.limit = TITLES_LIMIT},
        .step = {.limit = TITLE_LIMIT},
        .failure_type = {.limit = TITLE_LIMIT},
        .failure_message = {.limit = MESSAGE_LIMIT},
        .failure_body = {.limit = BODY_LIMIT},
    };
}

void junit_report_read(int descriptor, struct junit_report *ret)
{
    xmlSAXHandler handlers = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = start_element,
        .endElementNs = end_element,
        .characters = characters,
        .cdataBlock = characters,
        .entityDecl = entity_declaration,
        .serror = note_error,
    };
    struct parser parser = {
        .report = ret,
        .suite_name = {.limit = TITLE_LIMIT},
        .title = {.limit = TITLE_LIMIT},
    };

    initialise(ret);
    parser.context = xmlCreatePushParserCtxt(&handlers, &parser, NULL, 0, NULL);
    if (!parser.context) {
        snprintf(ret->problem, sizeof(ret->problem), "no memory to parse it");
        return;
    }
    /* Without XML_PARSE_HUGE libxml2 keeps its own limits: 256 levels, 10 MB an attribute. */
    xmlCtxtUseOptions(parser.context, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    feed(&parser, descriptor);
    if (!ret->problem[0] && !parser.context->wellFormed)
        snprintf(ret->problem, sizeof(ret->problem), "it is cut off or not well-formed XML");
    /* Cut off inside a failed test case: its failure was seen all the same. */
    if (parser.testcase_depth && parser.testcase_failed)
        end_testcase(&parser);
    xmlFreeDoc(parser.context->myDoc);
    xmlFreeParserCtxt(parser.context);
    bounded_text_free(&parser.suite_name);
    bounded_text_free(&parser.title);
}

void junit_report_free(struct junit_report *report)
{
    bounded_text_free(&report->titles);
    bounded_text_free(&report->step);
    bounded_text_free(&report->failure_type);
    bounded_text_free(&report->failure_message);
    bounded_text_free(&report->failure_body);
}

struct junit_totals junit_report_totals(const struct junit_report *report)
{
    const struct junit_totals *root = &report->root, *suites = &report->suites;

    return (struct junit_totals){
        .tests = root->tests >= 0 ? root->tests : suites->tests,
        .failures = root->failures >= 0 ? root->failures : suites->failures,
        .errors = root->errors >= 0 ? root->errors : suites->errors,
        .skipped = root->skipped >= 0 ? root->skipped : suites->skipped,
    };
}
