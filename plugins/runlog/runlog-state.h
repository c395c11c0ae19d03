/* The inside of the run log parser, shared by its parts. */
#ifndef ATVM_PLUGINS_RUNLOG_RUNLOG_STATE_H
#define ATVM_PLUGINS_RUNLOG_RUNLOG_STATE_H

#include "cloud-table.h"
#include "known-hosts.h"
#include "log-line.h"
#include "results-box.h"
#include "runlog-parser.h"
#include "spec-text.h"

#define CLAIMED_MAX                                                                                \
    16 /* specs that cypress-cloud hands out at once: its batch size, 3 by default */

/* Lines that stand at the head of a batch; each of them at most once. */
enum batch_marker {
    MARKER_CATEGORY = 1 << 0,
    MARKER_SPEC_PATTERN = 1 << 1,
    MARKER_COMMAND = 1 << 2,
    MARKER_DISCOVERED = 1 << 3
};

/* The part of the log that belongs to one call of cypress-cloud. */
struct batch {
    int32_t number;           /* from 1; 0: none has begun */
    struct byte_string name;  /* announced with --ci-build-id; empty: not (yet) */
    struct byte_string group; /* announced in "Category batch"; empty: not */
    unsigned markers;         /* enum batch_marker, ORed: those seen so far */
    bool body;                /* more than its head was seen */
    bool has_table, ended;
};

/* The last "Cloud Run Finished" table. */
struct table_block {
    bool open;                /* row lines belong to it */
    int32_t batch;            /* the batch it belongs to; 0: there was none */
    struct byte_string name;  /* of that batch */
    bool closed;              /* its bottom border was seen */
    bool recorded, confirmed; /* its own end lines were seen */
    int64_t confirmed_line;   /* the confirmation that stood inside of it; 0: none */
    bool pending;             /* row waits for the lines it may go on in */
    struct table_row row;
    int64_t row_line;
};

enum box_state { BOX_NONE, BOX_TITLE, BOX_OPEN };

struct runlog_parser {
    struct runlog_settings settings;
    runlog_emit emit;
    void *user;

    int64_t line;                      /* number of the current line */
    struct byte_string clean, scratch; /* of the current line */
    bool after_blank, after_rule;      /* the line before; the last line that was not blank */
    bool encoding_told;
    struct byte_string open_pattern; /* a specPattern that goes on over several lines */
    int64_t open_pattern_line;       /* 0: there is none */
    int64_t tail_line;               /* its last line was taken before it was complete */
    bool interrupted;                /* INTERRUPTED was emitted and nothing has gone on since */

    struct known_hosts *hosts;
    struct batch batch;
    struct table_block block;

    struct known_host *current;              /* whose spec runs or ran last; NULL: nobody's */
    struct known_host *claimed[CLAIMED_MAX]; /* handed out by the last "Running: …" */
    size_t claimed_count;
    bool in_text;       /* lines are the spec reporter's and the tests' own */
    bool text_by_claim; /* only "Running: … (1/3)" was seen so far */
    bool unsettled;     /* its failures were told, but no closed box */
    struct spec_text text;
    enum box_state box_state;
    struct results_box box;
    bool in_own_table; /* Cypress's "(Run Finished)" */
};

/* A record of the current line, for the current batch. */
struct atvm_evidence runlog_evidence(const struct runlog_parser *parser, int32_t claim);
/* The text, NUL-terminated, until the scratch is used again. */
const char *runlog_scratch(struct runlog_parser *parser, struct text text);
/* NULL for an empty string. */
const char *runlog_string_or_null(const struct byte_string *string);

void runlog_emit_fact(struct runlog_parser *parser, const char *name, struct text value);

/* ---------------------------------------------------------------- runlog-batch.c */

/* Lines of a batch's head. A line begins a new batch unless it goes with the lines just before. */
void runlog_take_category(struct runlog_parser *parser, struct text group);
void runlog_take_command(struct runlog_parser *parser, struct text name);
void runlog_take_discovered(struct runlog_parser *parser);
void runlog_take_spec_pattern(struct runlog_parser *parser, struct text list);
/* A list that its first line leaves open goes on as long as lines look like its elements;
 * continue returns false for a line that does not belong to it. */
void runlog_open_pattern_begin(struct runlog_parser *parser, struct text list);
bool runlog_open_pattern_continue(struct runlog_parser *parser, struct text line);
/* A line that shows a batch at work; after the end of the last one it begins another. */
void runlog_take_body(struct runlog_parser *parser);
/* "Cloud Run Finished", and the lines that end a batch. */
void runlog_take_cloud_title(struct runlog_parser *parser);
void runlog_take_recorded_run(struct runlog_parser *parser, struct text url);
void runlog_take_upload_confirmed(struct runlog_parser *parser);
/* The upload of the last table's batch was confirmed in this line. */
void runlog_upload_confirmed(struct runlog_parser *parser, int64_t line);

/* ---------------------------------------------------------------- runlog-results.c */

/* A spec begins (host may be NULL: not known); ends what came before. */
void runlog_text_begin(struct runlog_parser *parser, struct known_host *host);
/* Something that is not the spec's own text begins: its text is over, and where its box was never
 * closed its failures are told as they are. */
void runlog_text_end(struct runlog_parser *parser);
/* "(Results)" */
void runlog_results_title(struct runlog_parser *parser);
/* "(Run Finished)" */
void runlog_own_table_title(struct runlog_parser *parser);
/* A line that begins with a box-drawing character. */
void runlog_drawn_line(struct runlog_parser *parser, struct text line);
/* The table of the current batch begins. */
void runlog_block_begin(struct runlog_parser *parser);
/* Row lines no longer belong to the table; a row that waits is complete. */
void runlog_block_end(struct runlog_parser *parser);
/* The table is complete: a row that waits is emitted, and a confirmation that stood inside. */
void runlog_table_complete(struct runlog_parser *parser);

#endif
