/* What the service is given besides its configuration: settings and secrets in the file of its
 * environment, and secrets in the credential store. */
#ifndef ATVM_CORE_SERVICE_ENVIRONMENT_H
#define ATVM_CORE_SERVICE_ENVIRONMENT_H

#include "module-folder.h"

/* Where a unit with LoadCredential=NAME finds it first (systemd.exec(5)). */
#define SERVICE_CREDENTIAL_STORE "/etc/credstore"

struct service_environment {
    int error;                 /* -errno of reading the file; 0 */
    int secrets;               /* all of it as "NAME=value" lines in an anonymous file; -1: none */
    struct name_list settings; /* names that were put into the environment */
    struct name_list others;   /* names of all else that stands there, which may be secrets */
};

/*
 * Reads the file, and puts its settings (ATVM_WATCHER_…, the channel) into the environment where
 * that does not say otherwise, as `start` does. Everything else may be secret and goes nowhere but
 * into `secrets`. Offers the credentials, too.
 */
struct service_environment service_environment_take(const char *path);
/* Only the secrets of the file: the environment stays as it is. */
struct service_environment service_environment_take_secrets(const char *path);
/* Lets deliver workers find the credential store, if this user may open it and the environment
 * names no other. */
void service_credentials_offer(void);
/* Closes and frees what it holds. */
void service_environment_release(struct service_environment *environment);

/* -errno of the first place of the service's secrets that is there and that this user may not read;
 * -ENOENT: none is there. */
int service_secrets_unreadable(const char *path);

#endif
