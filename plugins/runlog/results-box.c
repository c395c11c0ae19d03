#include "results-box.h"

#include <string.h>

#include "cloud-table.h"
#include "duration.h"

#define SPEC_MAX           1024
#define LABEL_CUT_SHORTEST 3 /* letters that tell any two labels apart */

void results_box_begin(struct results_box *box)
{
    for (size_t i = 0; i < RESULTS_COUNT_COUNT; i++)
        box->counts[i] = -1;
    box->duration_ns = -1;
    byte_string_clear(&box->spec);
    box->in_spec = false;
}

void results_box_free(struct results_box *box)
{
    byte_string_free(&box->spec);
}

/* Takes the label off the front of *content, in full or cut with an ellipsis. */
static bool take_label(struct text *content, struct text label)
{
    const char *ellipsis;
    struct text cut;

    if (text_take(content, label))
        return true;
    ellipsis = memmem(content->bytes, content->length, "…", 3);
    if (!ellipsis)
        return false;
    cut = (struct text){content->bytes, (size_t)(ellipsis - content->bytes)};
    if (cut.length < LABEL_CUT_SHORTEST || !text_starts_with(label, cut))
        return false;
    *content = text_from(*content, cut.length + 3);
    return true;
}

static bool has_label(struct text content)
{
    static const struct text others[] = {{"Screenshots:", 12}, {"Video:", 6}, {"Estimated:", 10}};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (take_label(&content, others[i]))
            return true;
    return false;
}

bool results_box_line(struct results_box *box, struct text line)
{
    static const struct text labels[RESULTS_COUNT_COUNT] = {
        {"Tests:", 6}, {"Passing:", 8}, {"Failing:", 8}, {"Pending:", 8}, {"Skipped:", 8}};
    struct text content;
    bool in_spec = box->in_spec;

    if (!table_box_content(line, &content))
        return false;
    box->in_spec = false;
    for (size_t i = 0; i < RESULTS_COUNT_COUNT; i++)
        if (take_label(&content, labels[i])) {
            box->counts[i] = text_number(text_trim(content));
            return true;
        }
    if (take_label(&content, TEXT("Duration:"))) {
        box->duration_ns = duration_parse(content);
    } else if (take_label(&content, TEXT("Spec Ran:")) || (in_spec && !has_label(content))) {
        content = text_trim(content);
        byte_string_append(&box->spec, content.bytes, content.length, SPEC_MAX);
        box->in_spec = true;
    }
    return true;
}
