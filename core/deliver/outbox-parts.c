#include "outbox-parts.h"

#include <string.h>

static bool is_same_message(const struct outbox_record *one, const struct outbox_record *other)
{
    return strcmp(one->sink, other->sink) == 0 &&
           strcmp(one->message.scope, other->message.scope) == 0 &&
           one->message.correction == other->message.correction;
}

/* NULL: there is no such part. */
static const struct outbox_record *find_part(const struct outbox_list *list,
                                             const struct outbox_record *of, int32_t part)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->records[i]->message.part == part && is_same_message(list->records[i], of))
            return list->records[i];
    return NULL;
}

enum outbox_turn outbox_turn_of(const struct outbox_list *list, const struct outbox_record *record)
{
    enum outbox_turn turn = OUTBOX_TURN_NOW;

    for (int32_t part = 1; part < record->message.part; part++) {
        const struct outbox_record *before = find_part(list, record, part);

        if (!before)
            return OUTBOX_TURN_HELD;
        if (!outbox_state_is_settled(before->state))
            turn = OUTBOX_TURN_LATER;
        else if (before->state != OUTBOX_DELIVERED && !before->dropped)
            return OUTBOX_TURN_HELD;
    }
    return turn;
}

/* A record that stands in for a damaged one does not know of parts after it; those do. */
static int32_t count_parts(const struct outbox_list *list, const struct outbox_record *record)
{
    int32_t parts = record->message.parts;

    for (size_t i = 0; i < list->count; i++)
        if (is_same_message(list->records[i], record) && list->records[i]->message.parts > parts)
            parts = list->records[i]->message.parts;
    return parts;
}

bool outbox_message_is_delivered(const struct outbox_list *list, const struct outbox_record *record)
{
    int32_t parts = count_parts(list, record);

    for (int32_t part = 1; part <= parts; part++) {
        const struct outbox_record *found = find_part(list, record, part);

        if (!found || found->state != OUTBOX_DELIVERED)
            return false;
    }
    return true;
}

bool outbox_is_leftover(const struct outbox_list *list, const struct outbox_record *record)
{
    const struct outbox_record *first = find_part(list, record, 1);

    if (record->message.part == 1 || record->state != OUTBOX_PENDING || record->attempt_count > 0)
        return false;
    /* One without a body stands in for a damaged one: it says nothing about parts. */
    return !first || (first->message.body && first->message.parts != record->message.parts);
}

static bool has_gap(const struct outbox_list *list, const struct outbox_record *record,
                    int32_t *ret_part)
{
    int32_t parts = count_parts(list, record);

    for (int32_t part = 1; part <= parts; part++) {
        if (find_part(list, record, part))
            continue;
        *ret_part = part;
        return true;
    }
    return false;
}

bool outbox_find_gap(const struct outbox_list *list, struct outbox_gap *ret)
{
    for (size_t i = 0; i < list->count; i++) {
        ret->of = list->records[i];
        if (!outbox_is_leftover(list, ret->of) && has_gap(list, ret->of, &ret->part))
            return true;
    }
    return false;
}
