#include "mattermost-webhook.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Shorter ones are words that a text may hold by chance; Mattermost's ids have 26 characters. */
#define REDACTED_MIN 6

/* One component; NULL: it has none. curl_free it. */
static char *component(CURLU *address, CURLUPart part)
{
    char *text = NULL;

    return curl_url_get(address, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool print_origin(CURLU *address, char origin[MATTERMOST_ORIGIN_MAX])
{
    char *scheme = component(address, CURLUPART_SCHEME);
    char *host = component(address, CURLUPART_HOST);
    char *port = component(address, CURLUPART_PORT);
    int length = -1;

    if (scheme && host)
        length = snprintf(origin, MATTERMOST_ORIGIN_MAX, "%s://%s%s%s", scheme, host,
                          port ? ":" : "", port ? port : "");
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return length > 0 && length < MATTERMOST_ORIGIN_MAX;
}

bool mattermost_origin(const char *url, char origin[MATTERMOST_ORIGIN_MAX])
{
    CURLU *address = curl_url();
    bool good = address && curl_url_set(address, CURLUPART_URL, url, 0) == CURLUE_OK &&
                print_origin(address, origin);

    curl_url_cleanup(address);
    return good;
}

bool mattermost_origin_is_local(const char *origin)
{
    static const char *const hosts[] = {"localhost", "[::1]"};
    const char *host = strstr(origin, "://"), *dots;
    size_t length;

    if (!host)
        return false;
    host += strlen("://");
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        length = strlen(hosts[i]);
        if (strncasecmp(host, hosts[i], length) == 0 &&
            (host[length] == '\0' || host[length] == ':'))
            return true;
    }
    /* Not the name 127.example. */
    dots = host + strspn(host, "0123456789.");
    return strncmp(host, "127.", 4) == 0 && (*dots == '\0' || *dots == ':');
}

static bool is_web_address(const struct mattermost_webhook *webhook)
{
    return strncmp(webhook->origin, "https://", 8) == 0 ||
           strncmp(webhook->origin, "http://", 7) == 0;
}

static const char *take_apart(CURLU *address, struct mattermost_webhook *webhook)
{
    char *path;

    if (curl_url_set(address, CURLUPART_URL, webhook->url, 0) != CURLUE_OK ||
        !print_origin(address, webhook->origin) || !is_web_address(webhook))
        return "the webhook's address is no http or https address";
    path = component(address, CURLUPART_PATH);
    if (path)
        snprintf(webhook->path, sizeof(webhook->path), "%s", path);
    curl_free(path);
    if (strlen(webhook->path) < 2)
        return "the webhook's address ends after the host";
    return NULL;
}

const char *mattermost_webhook_parse(struct mattermost_webhook *webhook)
{
    CURLU *address = curl_url();
    const char *problem = address ? take_apart(address, webhook) : "out of memory";

    curl_url_cleanup(address);
    return problem;
}

static void redact(char *text, const char *secret)
{
    size_t length = strlen(secret);

    if (length < REDACTED_MIN)
        return;
    for (char *found = strstr(text, secret); found; found = strstr(found + length, secret))
        memset(found, '*', length);
}

void mattermost_webhook_redact(const struct mattermost_webhook *webhook, char *text)
{
    const char *slash = strrchr(webhook->path, '/');

    redact(text, webhook->url);
    redact(text, webhook->path);
    if (slash)
        redact(text, slash + 1);
}

void mattermost_webhook_wipe(struct mattermost_webhook *webhook)
{
    explicit_bzero(webhook, sizeof(*webhook));
}
