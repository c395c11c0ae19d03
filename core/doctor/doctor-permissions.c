#include "doctor-permissions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "service-environment.h"
#include "module-folder.h"
#include "option.h"
#include "watcher-identity.h"

#define ID "permissions.path"

/* What is asked of a path in a role. */
static const struct role {
    const char *what;
    bool is_trusted; /* whoever can change it decides what is run, judged or posted */
    bool is_secret;
    bool is_foreign; /* of the test machines: read, never written; that others write is usual */
} roles[] = {
    [PATH_PROGRAM] = {"program", .is_trusted = true},
    [PATH_MODULE_FOLDER] = {"module folder", .is_trusted = true},
    [PATH_MODULE] = {"module", .is_trusted = true},
    [PATH_CONFIG] = {"configuration", .is_trusted = true},
    [PATH_ENVIRONMENT] = {"file with settings and secrets", .is_trusted = true, .is_secret = true},
    [PATH_SECRET] = {"secret", .is_trusted = true, .is_secret = true},
    [PATH_STATE_ROOT] = {"state root", .is_trusted = true},
    [PATH_AUTOMATION_ROOT] = {"automation root", .is_foreign = true},
    [PATH_ARTIFACTS] = {"folder of the artifacts", .is_foreign = true},
};

/* ---- what it amounts to */

static void judge_missing(struct doctor_report *report, const struct path_seen *seen)
{
    const struct role *role = &roles[seen->role];
    const char *edit = doctor_edit(report, seen->named_in ? seen->named_in : CONFIG_DEFAULT_PATH,
                                   seen->named_line);

    if (seen->obstacle)
        doctor_problem(report, DOCTOR_BAD, ID, seen->path, edit, "%s", seen->obstacle);
    else if (seen->error == -ENOTDIR)
        doctor_problem(report, DOCTOR_BAD, ID, seen->path, edit,
                       "no %s can be there: something in its path is no folder", role->what);
    else if (seen->error != -ENOENT)
        doctor_unseen(report, ID, seen->path, doctor_again_as_root(report), "%s: %s", role->what,
                      strerror(-seen->error));
    else if (seen->may_be_gone)
        doctor_ok(report, ID, seen->path, "there is no %s yet", role->what);
    else
        doctor_problem(report, DOCTOR_BAD, ID, seen->path, edit,
                       "there is no %s: name the right one in the configuration", role->what);
}

static bool is_root_or_self(const struct path_seen *seen)
{
    return seen->owner == 0 || seen->owner == seen->as_user;
}

/* A group of its own that a service user has is no stranger; root's is none either. */
static mode_t strangers(const struct path_seen *seen, mode_t group, mode_t others)
{
    return seen->mode & (seen->group == 0 ? others : group | others);
}

/* Root refuses to load a module that its group may write, whichever that is. */
static mode_t strange_writers(const struct path_seen *seen)
{
    if (seen->role == PATH_MODULE || seen->role == PATH_MODULE_FOLDER)
        return seen->mode & (S_IWGRP | S_IWOTH);
    return strangers(seen, S_IWGRP, S_IWOTH);
}

static const char *owner_text(struct doctor_report *report, const struct path_seen *seen)
{
    return doctor_text(report, "owner %ju:%ju, mode %04o", (uintmax_t)seen->owner,
                       (uintmax_t)seen->group, (unsigned)(seen->mode & 07777));
}

/* Its owner may do that, too. */
static const char *change_mode(struct doctor_report *report, const struct path_seen *seen,
                               const char *mode)
{
    const char *command = doctor_text(report, "chmod %s %s", mode, doctor_word(report, seen->path));

    return seen->owner == seen->as_user ? command : doctor_as_root(report, "%s", command);
}

/* true: a row was added. */
static bool judge_owner(struct doctor_report *report, const struct path_seen *seen)
{
    const char *word = doctor_word(report, seen->path);
    const char *owner = owner_text(report, seen);

    /* A service user may own the state it writes. */
    if (is_root_or_self(seen) || seen->role == PATH_STATE_ROOT)
        return false;
    doctor_problem(
        report, seen->as_user == 0 ? DOCTOR_BAD : DOCTOR_WARN, ID, seen->path,
        doctor_text(report, "%s%s%s", doctor_as_root(report, "chown root: %s", word),
                    strange_writers(seen) ? " && " : "",
                    strange_writers(seen) ? doctor_as_root(report, "chmod go-w %s", word) : ""),
        "%s: belongs to somebody else (%s), who decides by it what is run and posted",
        roles[seen->role].what, owner);
    return true;
}

static bool judge_writers(struct doctor_report *report, const struct path_seen *seen)
{
    bool for_all = seen->mode & S_IWOTH;

    if (!strange_writers(seen))
        return false;
    doctor_problem(report, for_all || seen->as_user == 0 ? DOCTOR_BAD : DOCTOR_WARN, ID, seen->path,
                   change_mode(report, seen, "go-w"),
                   "%s: %s may write it (%s), and so decide what is run and posted",
                   roles[seen->role].what, for_all ? "everybody" : "its group",
                   owner_text(report, seen));
    return true;
}

static bool judge_readers(struct doctor_report *report, const struct path_seen *seen)
{
    bool for_all = seen->mode & S_IROTH;

    if (!strangers(seen, S_IRGRP, S_IROTH))
        return false;
    doctor_problem(report, for_all ? DOCTOR_BAD : DOCTOR_WARN, ID, seen->path,
                   change_mode(report, seen, "600"), "%s: %s may read the webhook's address (%s)",
                   roles[seen->role].what, for_all ? "everybody" : "its group",
                   owner_text(report, seen));
    return true;
}

/* Whoever writes artifacts can make a run look failed; that is warned about, not forbidden. */
static bool judge_foreign(struct doctor_report *report, const struct path_seen *seen)
{
    if (!(seen->mode & S_IWOTH))
        return false;
    doctor_problem(report, DOCTOR_WARN, ID, seen->path, change_mode(report, seen, "o-w"),
                   "%s: everybody may write there (%s): results can be forged",
                   roles[seen->role].what, owner_text(report, seen));
    return true;
}

/* Whatever the module's own owner and mode are; nothing that is done to those would help. */
static bool judge_folder(struct doctor_report *report, const struct path_seen *seen)
{
    const char *word = doctor_word(report, seen->path);

    if (!seen->is_replaceable || seen->as_user != 0)
        return false;
    doctor_problem(report, DOCTOR_BAD, ID, seen->path,
                   doctor_as_root(report, "install -D -m 644 %s " MODULE_FOLDER "/%s", word,
                                  doctor_word(report, strrchr(seen->path, '/') + 1)),
                   "%s: others than root may write its folder, and so replace it (%s); with the "
                   "command, and the new path in the configuration, it can be loaded",
                   roles[seen->role].what, owner_text(report, seen));
    return true;
}

void doctor_judge_path(struct doctor_report *report, const struct path_seen *seen)
{
    const struct role *role = &roles[seen->role];
    bool found = false;

    if (seen->error || seen->obstacle) {
        judge_missing(report, seen);
        return;
    }
    if (judge_folder(report, seen))
        return;
    if (role->is_trusted) {
        found = judge_owner(report, seen);
        found |= judge_writers(report, seen);
    }
    if (role->is_secret)
        found |= judge_readers(report, seen);
    if (role->is_foreign)
        found |= judge_foreign(report, seen);
    if (seen->read_error)
        doctor_unseen(report, ID, seen->path, doctor_again_as_root(report),
                      "%s: %s (%s): what is in it was not looked at", role->what,
                      strerror(-seen->read_error), owner_text(report, seen));
    else if (!found)
        doctor_ok(report, ID, seen->path, "%s: %s", role->what, owner_text(report, seen));
}

/* ---- looking */

static void look_at_path(struct doctor_report *report, struct path_seen seen)
{
    struct stat status;

    seen.as_user = geteuid();
    if (stat(seen.path, &status) < 0) {
        seen.error = -errno;
    } else {
        seen.mode = status.st_mode;
        seen.owner = status.st_uid;
        seen.group = status.st_gid;
        if (access(seen.path, S_ISDIR(status.st_mode) ? R_OK | X_OK : R_OK) < 0)
            seen.read_error = -errno;
    }
    doctor_judge_path(report, &seen);
}

static void look_at(struct doctor_report *report, enum path_role role, const char *path,
                    bool may_be_gone)
{
    look_at_path(report,
                 (struct path_seen){.role = role, .path = path, .may_be_gone = may_be_gone});
}

static bool has_name(const struct name_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0)
            return true;
    return false;
}

static bool is_replaceable(const char *module)
{
    CLEANUP_FREE char *folder = memory_string(module);
    char *slash = strrchr(folder, '/');
    struct stat status;

    slash[slash == folder] = '\0';
    return stat(folder, &status) == 0 &&
           (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)));
}

/* One that was refused has no description: its name leads to its file. */
static void look_at_modules(struct doctor_report *report, const struct config_module *modules,
                            size_t count)
{
    CLEANUP_NAMES struct name_list seen = {0};

    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *error = NULL;
        CLEANUP_FREE char *path = module_find(modules[i].module, &error);

        if (!path || has_name(&seen, path))
            continue;
        name_list_add(&seen, path);
        look_at_path(report, (struct path_seen){.role = PATH_MODULE,
                                                .path = path,
                                                .is_replaceable = is_replaceable(path)});
    }
}

static void look_at_module_folders(struct doctor_report *report)
{
    CLEANUP_NAMES struct name_list folders;

    module_folders(&folders);
    for (size_t i = 0; i < folders.count; i++)
        look_at(report, PATH_MODULE_FOLDER, folders.names[i], folders.count > 1);
}

/* The secrets that sinks ask for and that lie in the credential store. */
static void look_at_credentials(struct doctor_report *report, const struct config_module *sink)
{
    struct json_object *options = json_object_object_get(sink->description, "options");

    for (size_t i = 0; options && i < json_object_array_length(options); i++) {
        struct atvm_option option;
        CLEANUP_FREE char *path = NULL;

        if (!option_from_json(json_object_array_get_idx(options, i), &option) ||
            option.type != ATVM_OPTION_SECRET || !option.fallback)
            continue;
        path = memory_format(SERVICE_CREDENTIAL_STORE "/%s", option.fallback);
        if (access(path, F_OK) == 0 || errno != ENOENT)
            look_at(report, PATH_SECRET, path, true);
    }
}

/* Where the file gives it; 0: it does not. */
static int line_of(const struct config *config, const char *setting)
{
    const char *place = json_object_get_string(json_object_object_get(config->places, setting));
    const char *colon = place && *place == '/' ? strrchr(place, ':') : NULL;

    return colon ? (int)strtol(colon + 1, NULL, 10) : 0;
}

static void look_at_state_root(struct doctor_report *report, const struct config *config)
{
    CLEANUP_FREE char *obstacle = NULL;
    int error = config_check_state_root(config, &obstacle);

    look_at_path(report, (struct path_seen){
                             .role = PATH_STATE_ROOT,
                             .path = config->state_root,
                             .may_be_gone = true,
                             .obstacle = config_state_root_is_impossible(error) ? obstacle : NULL,
                             .named_in = config->file,
                             .named_line = line_of(config, "state_root"),
                         });
}

void doctor_look_permissions(const struct doctor_asked *asked, const struct config *config,
                             struct doctor_report *report)
{
    CLEANUP_FREE char *program = program_path();
    CLEANUP_FREE char *artifacts = NULL;

    if (program)
        look_at(report, PATH_PROGRAM, program, false);
    look_at_module_folders(report);
    look_at(report, PATH_ENVIRONMENT, asked->environment_file, true);
    if (!config)
        return;
    look_at_modules(report, config->collectors, config->collector_count);
    look_at_modules(report, config->sinks, config->sink_count);
    for (size_t i = 0; i < config->sink_count; i++)
        look_at_credentials(report, &config->sinks[i]);
    if (config->file)
        look_at(report, PATH_CONFIG, config->file, false);
    look_at_state_root(report, config);
    look_at_path(report, (struct path_seen){.role = PATH_AUTOMATION_ROOT,
                                            .path = config->automation_root,
                                            .named_in = config->file,
                                            .named_line = line_of(config, "automation_root")});
    artifacts = memory_format("%s/cypress/cmcReporter", config->automation_root);
    look_at(report, PATH_ARTIFACTS, artifacts, true);
}
