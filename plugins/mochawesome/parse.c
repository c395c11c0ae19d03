#include "parse.h"

#include "allocate.h"
#include "html-data.h"
#include "json-document.h"
#include "report.h"

struct mochawesome_parser {
    struct json_reader *reader;
    struct html_data *html; /* NULL: the file is JSON */
};

static void feed_json(void *user, const char *bytes, size_t length)
{
    json_reader_feed(user, bytes, length);
}

struct mochawesome_parser *mochawesome_parser_new(bool is_html)
{
    struct mochawesome_parser *parser = allocate(1, sizeof(*parser));

    parser->reader = json_reader_new();
    if (is_html)
        parser->html = html_data_new(feed_json, parser->reader);
    return parser;
}

void mochawesome_parser_feed(struct mochawesome_parser *parser, const char *bytes, size_t length)
{
    if (parser->html)
        html_data_feed(parser->html, bytes, length);
    else
        json_reader_feed(parser->reader, bytes, length);
}

struct host_result mochawesome_parser_finish(struct mochawesome_parser *parser)
{
    struct host_result result = host_result_new("test-nodes", ATVM_BASIS_DIRECT);
    const char *problem = parser->html ? html_data_problem(parser->html) : NULL;
    char reason[HOST_RESULT_DAMAGE_BYTES];
    bool members_lost = false;
    struct json_object *document =
        json_reader_finish(parser->reader, &members_lost, reason, sizeof(reason));

    if (problem)
        host_result_damage(&result, "%s", problem);
    if (members_lost)
        host_result_damage(&result, "names something twice in one object, so that the first of "
                                    "the two is lost");
    if (document)
        mochawesome_report_conclude(document, &result);
    else
        host_result_refuse(&result, "%s", reason);
    json_object_put(document);
    html_data_free(parser->html);
    json_reader_free(parser->reader);
    free(parser);
    return result;
}
