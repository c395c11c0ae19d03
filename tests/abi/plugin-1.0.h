/*
 * atvm/plugin.h - the one public interface of atvm-watcher, ABI 1.0
 *
 * A module is a shared object that exports exactly one data symbol:
 *
 *     ATVM_COLLECTOR = { ATVM_COLLECTOR_HEAD, .name = "junit", ... };     a collector testifies
 *     ATVM_SINK      = { ATVM_SINK_HEAD,      .name = "file",  ... };     a sink delivers
 *
 * A collector reads one kind of thing a run leaves behind and emits *evidence*: single claims with
 * their provenance. It never says who passed "in the end"; judging is the core's work. A sink takes
 * one finished message, tries once to deliver it and fills in a *receipt*. It never renders,
 * retries, sleeps, spools or keeps state.
 *
 *     dlopen, head checked, struct copied
 *            |
 *         create ---- NULL: start-up error
 *            |
 *        configure -- options are readable from here on
 *            |
 *          check ---- last moment at which a problem is a start-up error
 *            |
 *     collect / deliver ...      (failures from here on are evidence or receipts)
 *            |
 *         destroy
 *
 * Rules that hold everywhere:
 *   - One call at a time per instance; never from a signal handler; no threads of ours.
 *   - A module links against nothing of atvm-watcher. All it may call is in struct atvm_host.
 *   - Strings are NUL-terminated UTF-8 and owned by whoever passed them. The core copies what it is
 *     given during the call; what the core hands out lives until `destroy` unless said otherwise.
 *     Nothing that crosses this border is freed by the other side.
 *   - Times are int64_t nanoseconds since 1970-01-01 UTC, durations int64_t nanoseconds; -1 means
 *     unknown. Counts are int64_t; -1 means unknown. Enumerations cross as int32_t.
 *   - Every struct that crosses starts with its size, written by the side that fills it. The reader
 *     copies min(sizes) into a zeroed struct of its own, so either side may be the newer one.
 *     Fields are only ever added at the end; a retired field keeps its place.
 *   - Modules are loaded with RTLD_NOW | RTLD_LOCAL and never unloaded.
 *
 * ABI HISTORY
 *   1.0  first published interface
 */
#ifndef ATVM_PLUGIN_H
#define ATVM_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATVM_ABI_MAJOR 1
#define ATVM_ABI_MINOR 0

/* ---------------------------------------------------------------- the head of every module */

/* "ATVM" read as a little-endian 32-bit number. */
#define ATVM_MAGIC UINT32_C(0x4d565441)

enum atvm_kind { ATVM_KIND_COLLECTOR = 1, ATVM_KIND_SINK = 2 };

/*
 * Frozen for ever at 16 bytes: it is read before anything else is believed.
 * Filled by ATVM_COLLECTOR_HEAD / ATVM_SINK_HEAD, never by hand.
 */
struct atvm_head {
    uint32_t magic;       /* ATVM_MAGIC */
    uint16_t kind;        /* enum atvm_kind */
    uint16_t abi_major;   /* must equal the core's */
    uint16_t abi_minor;   /* the header this module was built with */
    uint16_t need_minor;  /* the oldest core minor it can live with; see ATVM_NEED_MINOR */
    uint32_t struct_size; /* bytes of the whole struct atvm_collector / atvm_sink, as built */
};

/* Define before including this header if the module cannot work with an older core of this major. */
#ifndef ATVM_NEED_MINOR
#define ATVM_NEED_MINOR 0
#endif

#define ATVM_HEAD_(kind, type)                                                                     \
    { ATVM_MAGIC, (kind), ATVM_ABI_MAJOR, ATVM_ABI_MINOR, ATVM_NEED_MINOR,                         \
      (uint32_t)sizeof(struct type) }
#define ATVM_COLLECTOR_HEAD ATVM_HEAD_(ATVM_KIND_COLLECTOR, atvm_collector)
#define ATVM_SINK_HEAD ATVM_HEAD_(ATVM_KIND_SINK, atvm_sink)

#if defined(__GNUC__)
#define ATVM_EXPORT_ __attribute__((visibility("default")))
#else
#define ATVM_EXPORT_
#endif
#ifdef __cplusplus
#define ATVM_CONST_DATA_ extern "C" ATVM_EXPORT_ const
#else
#define ATVM_CONST_DATA_ ATVM_EXPORT_ const
#endif
#define ATVM_COLLECTOR ATVM_CONST_DATA_ struct atvm_collector atvm_collector
#define ATVM_SINK ATVM_CONST_DATA_ struct atvm_sink atvm_sink

/* What create, configure, check and the sink calls return. Before returning ATVM_FAILED a module
 * says why with host->fail. */
enum atvm_result { ATVM_OK = 0, ATVM_FAILED = -1 };

/* ---------------------------------------------------------------- options */

enum atvm_option_type {
    ATVM_OPTION_STRING = 1,
    ATVM_OPTION_INTEGER = 2,
    ATVM_OPTION_BOOLEAN = 3,
    ATVM_OPTION_DURATION = 4,    /* written "250ms", "5s", "10m", "2h", "1d"; read as ns */
    ATVM_OPTION_SIZE = 5,        /* written "64K", "16M", "1G" (powers of 1024); read as bytes */
    ATVM_OPTION_STRING_LIST = 6, /* written [ "a", "b" ] */
    ATVM_OPTION_SECRET = 7       /* never in the configuration file; see host->secret */
};

/*
 * One option a module understands. The core reads the configuration, checks type, range and
 * choices, refuses unknown names with file and line, and prints these tables
 * (`atvm-watcher plugins -v`). All pointers must stay valid as long as the module is loaded.
 */
struct atvm_option {
    const char *name;     /* as written in the configuration: [a-z][a-z0-9_]* */
    int32_t type;         /* enum atvm_option_type */
    int32_t required;     /* 1: there is no default, the option must be given */
    const char *fallback; /* the default, written as in the file (list: comma-separated); NULL: none.
                             SECRET: the name of its systemd credential and environment variable */
    int64_t minimum;      /* INTEGER value, DURATION ns, SIZE bytes; both 0: no limits */
    int64_t maximum;
    const char *choices;  /* STRING: the allowed words, separated by '|'; NULL: any */
    const char *help;     /* one line: what it does, in which unit */
};

/* ---------------------------------------------------------------- evidence */

/* What a record claims. */
enum atvm_claim {
    ATVM_CLAIM_EXPECTED_HOST = 1,    /* the run means to test `host`; text: the spec path */
    ATVM_CLAIM_SCOPE_STARTED = 2,    /* a run, or a batch of a categorized run, has begun */
    ATVM_CLAIM_HOST_STARTED = 3,     /* `host` has begun */
    ATVM_CLAIM_HOST_MENTIONED = 4,   /* the run log names `host` after its specPattern */
    ATVM_CLAIM_HOST_RESULT = 5,      /* `outcome` of `host`, as this source tells it */
    ATVM_CLAIM_SCOPE_TOTALS = 6,     /* a table's totals row: outcome and counts over its rows */
    ATVM_CLAIM_SCOPE_ENDED = 7,      /* end proof: it ended; says nothing about pass or fail */
    ATVM_CLAIM_RUN_URL = 8,          /* text: the URL of the recorded run */
    ATVM_CLAIM_UPLOAD_CONFIRMED = 9, /* the runner says its results were uploaded */
    ATVM_CLAIM_INTERRUPTED = 10,     /* trace of an interrupt or a kill; text: the line */
    ATVM_CLAIM_CANCELLED = 11,       /* the run's own word that it was cancelled; text: the reason */
    ATVM_CLAIM_PROCESS = 12,         /* a process of this build: pid, parent_pid, form, text */
    ATVM_CLAIM_FLOW_STEP = 13,       /* one numbered step of the test flow, in order; step: title */
    ATVM_CLAIM_FACT = 14,            /* entity: name of the fact, text: its value */
    ATVM_CLAIM_SIGNAL = 15           /* a host-watchdog signal: entity, value, unit, active, since */
};

enum atvm_outcome {
    ATVM_OUTCOME_NONE = 0, /* the record makes no statement about pass or fail */
    ATVM_OUTCOME_PASS = 1,
    ATVM_OUTCOME_FAIL = 2 /* for logs without states: a failure marker that was not retried */
};

/* How a source knows what it claims; stronger before weaker. */
enum atvm_basis {
    ATVM_BASIS_NONE = 0,
    ATVM_BASIS_DIRECT = 1,     /* results as such: table rows, testcases, test nodes, states, stats */
    ATVM_BASIS_DERIVED = 2,    /* concluded from an event log */
    ATVM_BASIS_HINT = 3,       /* concluded from free text */
    ATVM_BASIS_BOOKKEEPING = 4 /* a bookkeeping test: proves that something ended, never a result */
};

enum atvm_locator_unit { ATVM_LOCATOR_NONE = 0, ATVM_LOCATOR_LINE = 1, ATVM_LOCATOR_OFFSET = 2 };

/* Bits of atvm_evidence.flags. */
enum atvm_evidence_flag {
    /* The step is a hook's title, not a test's. */
    ATVM_EVIDENCE_HOOK = 1 << 0,
    /* A log that must not prove a pass, though it shows no failure: an error of an unknown type, a
       test without an event, a last line cut off. `text` says which. */
    ATVM_EVIDENCE_PROVES_NOTHING = 1 << 1
};

/*
 * One claim. Initialise with ATVM_EVIDENCE_INIT, then set what the source really says; leave
 * everything else unknown. One HOST_RESULT per host and source, not one per test.
 *
 * Well-known forms (the judge knows these by name; others are welcome):
 *   cloud-row, cloud-totals    a row / the totals row of cypress-cloud's "Cloud Run Finished" table
 *   results-box                Cypress's own closed "(Results)" box
 *   cypress-row                a row of Cypress's own "(Run Finished)" table
 *   spec-text                  the mocha spec reporter's lines in the run log
 *   testcases                  JUnit testcase elements
 *   test-nodes                 mochawesome test and hook objects
 *   stats, states              JSON with mocha stats, or with a state per test
 *   events-built-in, events-custom   event-log JSON by the reporter itself / by a custom writer
 *   text-built-in, text-custom       the same as text
 *   runner, child, defunct           processes (claim PROCESS)
 */
struct atvm_evidence {
    uint32_t struct_size; /* sizeof(struct atvm_evidence), set by ATVM_EVIDENCE_INIT */
    int32_t claim;        /* enum atvm_claim */
    int32_t outcome;      /* enum atvm_outcome */
    int32_t basis;        /* enum atvm_basis */
    uint32_t flags;       /* enum atvm_evidence_flag, ORed */
    int32_t batch;        /* which batch of a categorized log, from 1; 0: not known or not batched */
    const char *scope;    /* name of the run or sub-run, only where the source itself names it */
    const char *host;     /* name of the machine under test, e.g. "atvm71-redhat9.1" */
    const char *form;     /* what was read; see the list above */
    const char *step;     /* title of the first failing test or hook, verbatim; FLOW_STEP: the step */
    const char *message;  /* its error in one or few lines, without a stack */
    const char *excerpt;  /* the longer text; need not be NUL-terminated; NULL: none */
    size_t excerpt_length; /* bytes of excerpt */
    const char *steps;     /* titles of all tests this source saw, in order, separated by '\n' */
    const char *text;      /* see the claim */

    /* What the source's elements add up to. */
    int64_t tests, passed, failed, pending, skipped;
    /* What the source itself says the totals are (XML attributes, stats); -1 where it says none. */
    int64_t declared_tests, declared_passed, declared_failed, declared_pending, declared_skipped;

    int64_t started_ns, ended_ns, duration_ns;
    int64_t locator;      /* where in the source: line from 1, or byte offset from 0 */
    int32_t locator_unit; /* enum atvm_locator_unit */
    int32_t active;       /* SIGNAL: 1 while the condition holds, 0 when it does not, -1 unknown */

    int64_t pid, parent_pid; /* PROCESS; -1 otherwise */
    const char *entity;      /* FACT: its name; SIGNAL: what the signal is about */
    double value;            /* SIGNAL: the measured value; PROCESS: start time in clock ticks */
    const char *unit;        /* unit of value */
    int64_t since_ns;        /* SIGNAL: active since; PROCESS: started at */
};

/* clang-format off */
#define ATVM_EVIDENCE_INIT(claim_)                                                                 \
    { (uint32_t)sizeof(struct atvm_evidence), (claim_), ATVM_OUTCOME_NONE, ATVM_BASIS_NONE, 0, 0,  \
      NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL,                                           \
      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,                                                      \
      -1, -1, -1, -1, ATVM_LOCATOR_NONE, -1, -1, -1, NULL, 0.0, NULL, -1 }
/* clang-format on */

/* How the evidence of a source relates to what it gave before. */
enum atvm_source_mode {
    ATVM_SOURCE_REPLACE = 1, /* the source was read from its beginning: this is all it says */
    ATVM_SOURCE_APPEND = 2   /* it grew: add this to what it said before */
};

/* What the reading of a source amounted to. */
enum atvm_source_quality {
    ATVM_QUALITY_WHOLE = 1,   /* read to its end; well-formed */
    ATVM_QUALITY_GROWING = 2, /* still being written: read it again before judging it */
    ATVM_QUALITY_DAMAGED = 3  /* cut off, empty, foreign or contradictory; a PASS in it is not
                                 believed, a FAIL is */
};

/*
 * A file (or a table such as /proc) that evidence is read from. Kinds the judge knows:
 * "log", "launch-log", "junit", "mochawesome", "reporter-json", "reporter-txt" (the last four are
 * per-host artifacts), "process", "config", "spec". A source of another kind is kept and shown.
 */
struct atvm_source {
    uint32_t struct_size; /* sizeof(struct atvm_source) */
    int32_t mode;         /* enum atvm_source_mode */
    const char *path;     /* absolute path */
    const char *kind;     /* see above */
    const char *stem;     /* file name without prefix, time and extension: "atvm71-redhat9.1" in
                             "test-result-atvm71-redhat9.1.xml"; NULL: names nobody */
    int64_t size;         /* bytes; -1: no such thing */
    int64_t mtime_ns;     /* modification time; -1: no such thing */
    int64_t name_time_ns; /* the time in its file name, as UTC; -1: none */
    uint64_t device, inode;
};

/* ---------------------------------------------------------------- the run, as the watcher knows it */

/* A NULL string was not given. Lives until destroy. */
struct atvm_run {
    uint32_t struct_size;
    int32_t categorized;          /* 1: sub-runs, one batch of hosts after the other */
    const char *build;            /* name of the run */
    const char *automation_root;  /* absolute path of the Cypress project */
    const char *run_log;          /* absolute path of the run's log; may not exist */
    const char *launch_log;       /* absolute path of the template command's output; may not exist */
    const char *cypress_config;   /* absolute path of the active Cypress configuration file */
    const char *template_name;    /* e.g. "cmc-e2e" */
    const char *plugin;           /* "fc", "iscsi", "both" */
    const char *const *cypress_env; /* "KEY=VALUE" strings, NULL-terminated; never NULL */
    int64_t since_ns;             /* start of the run's window */
};

/* ---------------------------------------------------------------- what a sink gets and gives */

enum atvm_message_kind {
    ATVM_MESSAGE_REPORT = 1, /* the final status of a scope */
    ATVM_MESSAGE_ALERT = 2,  /* a watchdog signal that changed */
    ATVM_MESSAGE_BUNDLE = 3  /* sealed evidence, as a file */
};

enum atvm_format { ATVM_FORMAT_TEXT = 1, ATVM_FORMAT_MARKDOWN = 2, ATVM_FORMAT_JSON = 3 };

/* One message, or one part of one. Lives during the call. */
struct atvm_message {
    uint32_t struct_size;
    int32_t kind;           /* enum atvm_message_kind */
    int32_t format;         /* enum atvm_format of body */
    int32_t part, parts;    /* this is part `part` (from 1) of `parts` */
    int32_t attempt;        /* from 1 */
    const char *key;        /* identifies what is delivered, the same for every attempt */
    const char *build;
    const char *scope;
    const char *title;      /* one line */
    const char *supersedes; /* key of the message this one corrects; NULL: none */
    const char *body;       /* NULL for a bundle */
    size_t body_length;     /* bytes */
    int32_t descriptor;     /* BUNDLE: a file open for reading, not to be closed; else -1 */
    int32_t reserved_0;
    int64_t descriptor_size; /* bytes; -1: none */
    const char *sha256;      /* of the file, 64 lower-case hex digits; NULL: none */
};

enum atvm_delivery {
    ATVM_DELIVERED = 1, /* the other side confirmed it */
    ATVM_RETRY = 2,     /* certainly not delivered; worth trying again */
    ATVM_REJECTED = 3,  /* certainly not delivered, and trying again will not help */
    ATVM_UNCERTAIN = 4  /* it may have arrived: never repeated without a decision */
};

struct atvm_receipt {
    uint32_t struct_size;
    int32_t outcome;        /* enum atvm_delivery */
    int32_t code;           /* the protocol's own code (HTTP status, errno); 0: none */
    int32_t reserved_0;
    int64_t retry_after_ns; /* the other side's wish; -1: none */
    const char *remote_id;  /* opaque name the other side gave; NULL: none */
    const char *reason;     /* one line, without secrets; NULL only when delivered */
    const char *remedy;     /* what a person can do about it; NULL: nothing known */
};

/* clang-format off */
#define ATVM_RECEIPT_INIT(outcome_)                                                                \
    { (uint32_t)sizeof(struct atvm_receipt), (outcome_), 0, 0, -1, NULL, NULL, NULL }
/* clang-format on */

/* ---------------------------------------------------------------- what the core offers */

enum atvm_log_level {
    ATVM_LOG_ERROR = 3, /* numbers as in syslog(3) */
    ATVM_LOG_WARNING = 4,
    ATVM_LOG_NOTICE = 5,
    ATVM_LOG_INFO = 6,
    ATVM_LOG_DEBUG = 7
};

/* One structured field of a log line; name: upper-case letters, digits and '_' (journal fields). */
struct atvm_field {
    const char *name;
    const char *value;
};

/*
 * The functions a module may call, each with host->context as its first argument. The table and
 * its context live until destroy has returned. A function that the core does not offer (an older
 * core, or a collector's function in a sink) is NULL or lies beyond struct_size.
 */
struct atvm_host {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor;
    void *context;

    /* Writes one line to the watcher's log. `fields` is an array of `field_count` elements that are
       `field_stride` bytes apart; may be NULL with a count of 0. */
    void (*log)(void *context, int32_t level, const char *message, const struct atvm_field *fields,
                size_t field_count, size_t field_stride);

    /* Says why the module is about to return ATVM_FAILED, ATVM_COLLECT_UNAVAILABLE or
       ATVM_COLLECT_BROKEN: what failed, where, and what to do. The last call before the return
       counts. */
    void (*fail)(void *context, const char *message);

    /* Options, by the name in the module's table, from configure on. They cannot fail: the core has
       checked the configuration and filled in defaults. A name that is not in the table, or of
       another type, is a programming error: logged, and answered with NULL, 0 or -1.
       Strings live until destroy; NULL: not given and no default. */
    const char *(*option_string)(void *context, const char *name);
    int64_t (*option_number)(void *context, const char *name); /* INTEGER, DURATION (ns), SIZE (bytes),
                                                                  BOOLEAN (0 or 1) */
    size_t (*option_list)(void *context, const char *name, const char *const **ret_items);

    /* The run being watched. NULL in a sink. Lives until destroy. */
    const struct atvm_run *(*run)(void *context);

    /* The run's clock, ns since 1970: the real time, or the fixed time of a replay. */
    int64_t (*now)(void *context);
    /* When this call has to be over, in ns of CLOCK_MONOTONIC; a worker that is later is killed. */
    int64_t (*deadline)(void *context);
    /* 1: whoever asked no longer wants an answer; return soon. */
    int32_t (*cancelled)(void *context);

    /* ---- collectors ---- */

    /* Opens the unit that holds the evidence of one source. Until end_source nothing of it is
       visible; a unit that is never ended is dropped. Units do not nest. The call also leaves a
       breadcrumb: if the worker dies or hangs before end_source, this source is named and set
       aside. Returns ATVM_OK, or ATVM_FAILED where this source is set aside: skip it. */
    int32_t (*begin_source)(void *context, const struct atvm_source *source);
    /* Adds `count` records that are `stride` bytes apart. Over-long strings are cut at a character,
       over-many records drop the unit and mark the source damaged. */
    void (*emit_many)(void *context, const struct atvm_evidence *evidence, size_t count,
                      size_t stride);
    /* Closes the unit. reason: why it is not whole; NULL with ATVM_QUALITY_WHOLE. */
    void (*end_source)(void *context, int32_t quality, const char *reason);
    /* Asks to be called when the file or folder at this absolute path changes. It may not exist
       yet. To be repeated whenever the set of paths grows; repeating a path costs nothing. */
    void (*watch)(void *context, const char *path);

    /* ---- sinks ---- */

    /* Copies the secret option `name` into buffer (with NUL). Returns its length in bytes, or -1 if
       there is none or the buffer is too small. Wipe the buffer after use. */
    int64_t (*secret)(void *context, const char *name, char *buffer, size_t buffer_size);
    /* To be called before the first byte leaves for the other side. A death before this call is
       a RETRY, after it UNCERTAIN. Returns ATVM_FAILED if that could not be recorded: send nothing,
       give the receipt RETRY. */
    int32_t (*committing)(void *context);
    /* The descriptor of the terminal (or pipe) the watcher was started on; -1: there is none. */
    int32_t (*terminal)(void *context);
    /* Gives the receipt of the current deliver or confirm; the last one counts. */
    void (*receipt)(void *context, const struct atvm_receipt *receipt);
};

/* ---------------------------------------------------------------- the two kinds of module */

/* What a module's work requires; its worker is confined to that. */
enum atvm_need {
    ATVM_NEED_FILES = 1 << 0,       /* read files */
    ATVM_NEED_PROCESSES = 1 << 1,   /* read the process table */
    ATVM_NEED_NETWORK = 1 << 2,     /* IP sockets */
    ATVM_NEED_UNIX_SOCKET = 1 << 3, /* AF_UNIX sockets */
    ATVM_NEED_WRITE = 1 << 4        /* write files */
};

/* What one pass of a collector amounted to. */
enum atvm_collect_result {
    ATVM_COLLECT_COMPLETE = 0,    /* looked at everything there is now */
    ATVM_COLLECT_AGAIN = 1,       /* more is waiting, or a file was changing: call again soon */
    ATVM_COLLECT_UNAVAILABLE = 2, /* could not look (never "there was nothing"); host->fail says why */
    ATVM_COLLECT_BROKEN = 3       /* this instance is of no further use; it is created anew */
};

struct atvm_collector {
    struct atvm_head head;
    const char *name;    /* [a-z][a-z0-9-]*, also the file name of the module */
    const char *version; /* of the module, free text */
    const char *summary; /* one line: what it reads */
    const struct atvm_option *options; /* option_count elements, option_stride bytes apart */
    uint32_t option_count;
    uint32_t option_stride;
    uint32_t needs;      /* enum atvm_need, ORed */
    uint32_t reserved_0; /* 0 */

    /* Required. Makes an instance and keeps `host`, which lives as long as the instance. May not
       read options or files yet. NULL: failed, host->fail says why. */
    void *(*create)(const struct atvm_host *host);
    /* Optional. Reads and checks the options. */
    int32_t (*configure)(void *self);
    /* Optional. Looks whether it can work here. May read, must not emit. */
    int32_t (*check)(void *self);
    /* Required. One bounded pass over what there is; returns enum atvm_collect_result. A pass that
       finds nothing changed is cheap and emits nothing. */
    int32_t (*collect)(void *self);
    /* Required. Accepts an instance in any state, and NULL. */
    void (*destroy)(void *self);
};

struct atvm_sink {
    struct atvm_head head;
    const char *name;
    const char *version;
    const char *summary;
    const struct atvm_option *options;
    uint32_t option_count;
    uint32_t option_stride;
    uint32_t needs;
    int32_t format;     /* enum atvm_format it wants; an option named "format" (text|markdown|json)
                           in its table lets the operator choose and stands before this */
    int64_t limit_bytes;      /* longest body it takes; 0: any */
    int64_t limit_characters; /* the same in Unicode code points; 0: any */

    void *(*create)(const struct atvm_host *host); /* as for collectors */
    int32_t (*configure)(void *self);
    int32_t (*check)(void *self);
    /* Required. A sink that fails before this call has certainly delivered nothing: RETRY.
       One attempt at one message; calls host->committing before the first byte leaves and
       host->receipt once. Returning without a receipt counts as UNCERTAIN after committing, as
       RETRY before it. */
    int32_t (*deliver)(void *self, const struct atvm_message *message);
    /* Optional. Looks whether the other side can be reached and would accept; delivers nothing. */
    int32_t (*probe)(void *self);
    /* Optional. Asks the other side whether the message `key` (and remote_id, if not NULL) has
       arrived; gives a receipt. */
    int32_t (*confirm)(void *self, const char *key, const char *remote_id);
    void (*destroy)(void *self);
};

#ifdef __cplusplus
}
#endif

#endif
