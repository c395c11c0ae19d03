/*
 * The parts of one message in the outbox: those of one sink, scope and correction. Pure.
 *
 * All parts are stored before the first is sent, the first part last: where it stands, all do. A
 * part is sent when the one before it is delivered. Where one is held, those behind it are held
 * with it: half a message, or one in the wrong order, would mislead.
 */
#ifndef ATVM_CORE_OUTBOX_PARTS_H
#define ATVM_CORE_OUTBOX_PARTS_H

#include "outbox.h"

enum outbox_turn {
    OUTBOX_TURN_NOW = 1, /* every part before it is delivered, or was given up by an operator */
    OUTBOX_TURN_LATER,   /* one before it is being tried */
    OUTBOX_TURN_HELD     /* one before it is held, or missing */
};

/* Whether a record of the list may be sent, as far as the parts before it go. */
enum outbox_turn outbox_turn_of(const struct outbox_list *list, const struct outbox_record *record);

/* Whether all parts of the message that the record belongs to are delivered. */
bool outbox_message_is_delivered(const struct outbox_list *list,
                                 const struct outbox_record *record);

/* Whether the record was left by a watcher that died before it had stored all parts: never tried,
 * and its first part is not there or of a message with another number of parts. */
bool outbox_is_leftover(const struct outbox_list *list, const struct outbox_record *record);

/* A part that is missing of a message of which others are there, though no crash of a watcher
 * leaves it so: somebody took it away. `of` is another part of that message. */
struct outbox_gap {
    const struct outbox_record *of;
    int32_t part;
};

/* The first gap of the list; false: there is none. */
bool outbox_find_gap(const struct outbox_list *list, struct outbox_gap *ret);

#endif
