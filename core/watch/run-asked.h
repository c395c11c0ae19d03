/*
 * What was asked of a run, kept in its state: a watcher that goes on after a restart or a reboot,
 * and `status`, know it as the first one did.
 */
#ifndef ATVM_CORE_RUN_ASKED_H
#define ATVM_CORE_RUN_ASKED_H

#include "run-settings.h"
#include "state.h"

/* Puts the settings into the state (state_save makes that durable). The template command is kept
 * with its secrets masked. */
void run_settings_note(const struct run_settings *settings, struct state *state);

/* Completes the settings by what the state has of them: what is given already stands. Where the
 * state has no start of the run's window that is when the build was first seen. */
void run_settings_recall(struct run_settings *settings, const struct state *state);

#endif
