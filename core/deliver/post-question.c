#include "post-question.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "memory.h"

/* A worker writes one line; its texts are cut to less. */
#define ANSWER_MAX 65536

struct post_question {
    int answer; /* a file in memory */
    struct deliver *deliver;
    post_answered answered;
    void *user;
};

bool post_question_is_possible(const struct config_module *sink, const struct outbox_record *record)
{
    struct json_object *value = NULL;

    /* A record that stands in for a damaged one has no body, nor the message's key. */
    return record->message.body &&
           json_object_object_get_ex(sink->description, "confirm", &value) &&
           json_object_get_boolean(value);
}

static void on_ended(void *user, const char *ending)
{
    struct post_question *question = user;
    CLEANUP_FREE char *text = memory_allocate(ANSWER_MAX);
    ssize_t length = pread(question->answer, text, ANSWER_MAX, 0);
    struct outbox_receipt answer =
        outbox_reading_answer(text, length > 0 ? (size_t)length : 0, ending);

    question->answered(question->user, &answer);
}

int post_question_ask(sd_event *event, const struct deliver_settings *settings,
                      post_answered answered, void *user, struct post_question **ret,
                      char **ret_error)
{
    struct post_question *question = memory_zeroed(1, sizeof(*question));
    struct deliver_settings asking = *settings;
    int error = 0;

    question->answered = answered;
    question->user = user;
    question->answer = memfd_create("atvm-deliver-answer", MFD_CLOEXEC);
    asking.confirm = true;
    asking.receipt = question->answer;
    if (question->answer < 0) {
        error = -errno;
        *ret_error = memory_format("sink %s: no file for an answer: %s", settings->sink->name,
                                   strerror(-error));
    } else {
        error = deliver_start(event, &asking, on_ended, question, &question->deliver, ret_error);
    }
    if (error)
        post_question_free(question);
    else
        *ret = question;
    return error;
}

void post_question_free(struct post_question *question)
{
    if (!question)
        return;
    deliver_free(question->deliver);
    if (question->answer >= 0)
        close(question->answer);
    free(question);
}
