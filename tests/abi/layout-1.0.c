/*
 * Where every field of ABI 1.0 lies, and which number every name has. A change here breaks modules
 * that are in use: fields are only added at the end, in a layout file of their own minor version.
 */
#include <atvm/plugin.h>

#define AT(type, field, offset)                                                                    \
    _Static_assert(offsetof(struct type, field) == (offset), #type "." #field " has moved")
#define HOLDS(type, size)                                                                          \
    _Static_assert(sizeof(struct type) >= (size), "struct " #type " has shrunk")
#define IS(name, value) _Static_assert((name) == (value), #name " has another number")

_Static_assert(sizeof(struct atvm_head) == 16, "the head is frozen");
IS(ATVM_MAGIC, 0x4d565441);
IS(ATVM_ABI_MAJOR, 1);
IS(ATVM_KIND_COLLECTOR, 1);
IS(ATVM_KIND_SINK, 2);
IS(ATVM_OK, 0);
IS(ATVM_FAILED, -1);
IS(ATVM_OPTION_STRING, 1);
IS(ATVM_OPTION_INTEGER, 2);
IS(ATVM_OPTION_BOOLEAN, 3);
IS(ATVM_OPTION_DURATION, 4);
IS(ATVM_OPTION_SIZE, 5);
IS(ATVM_OPTION_STRING_LIST, 6);
IS(ATVM_OPTION_SECRET, 7);
IS(ATVM_CLAIM_EXPECTED_HOST, 1);
IS(ATVM_CLAIM_SCOPE_STARTED, 2);
IS(ATVM_CLAIM_HOST_STARTED, 3);
IS(ATVM_CLAIM_HOST_MENTIONED, 4);
IS(ATVM_CLAIM_HOST_RESULT, 5);
IS(ATVM_CLAIM_SCOPE_TOTALS, 6);
IS(ATVM_CLAIM_SCOPE_ENDED, 7);
IS(ATVM_CLAIM_RUN_URL, 8);
IS(ATVM_CLAIM_UPLOAD_CONFIRMED, 9);
IS(ATVM_CLAIM_INTERRUPTED, 10);
IS(ATVM_CLAIM_CANCELLED, 11);
IS(ATVM_CLAIM_PROCESS, 12);
IS(ATVM_CLAIM_FLOW_STEP, 13);
IS(ATVM_CLAIM_FACT, 14);
IS(ATVM_CLAIM_SIGNAL, 15);
IS(ATVM_OUTCOME_NONE, 0);
IS(ATVM_OUTCOME_PASS, 1);
IS(ATVM_OUTCOME_FAIL, 2);
IS(ATVM_BASIS_NONE, 0);
IS(ATVM_BASIS_DIRECT, 1);
IS(ATVM_BASIS_DERIVED, 2);
IS(ATVM_BASIS_HINT, 3);
IS(ATVM_BASIS_BOOKKEEPING, 4);
IS(ATVM_LOCATOR_NONE, 0);
IS(ATVM_LOCATOR_LINE, 1);
IS(ATVM_LOCATOR_OFFSET, 2);
IS(ATVM_EVIDENCE_HOOK, 1 << 0);
IS(ATVM_EVIDENCE_PROVES_NOTHING, 1 << 1);
IS(ATVM_SOURCE_REPLACE, 1);
IS(ATVM_SOURCE_APPEND, 2);
IS(ATVM_QUALITY_WHOLE, 1);
IS(ATVM_QUALITY_GROWING, 2);
IS(ATVM_QUALITY_DAMAGED, 3);
IS(ATVM_MESSAGE_REPORT, 1);
IS(ATVM_MESSAGE_ALERT, 2);
IS(ATVM_MESSAGE_BUNDLE, 3);
IS(ATVM_FORMAT_TEXT, 1);
IS(ATVM_FORMAT_MARKDOWN, 2);
IS(ATVM_FORMAT_JSON, 3);
IS(ATVM_DELIVERED, 1);
IS(ATVM_RETRY, 2);
IS(ATVM_REJECTED, 3);
IS(ATVM_UNCERTAIN, 4);
IS(ATVM_LOG_ERROR, 3);
IS(ATVM_LOG_WARNING, 4);
IS(ATVM_LOG_NOTICE, 5);
IS(ATVM_LOG_INFO, 6);
IS(ATVM_LOG_DEBUG, 7);
IS(ATVM_NEED_FILES, 1 << 0);
IS(ATVM_NEED_PROCESSES, 1 << 1);
IS(ATVM_NEED_NETWORK, 1 << 2);
IS(ATVM_NEED_UNIX_SOCKET, 1 << 3);
IS(ATVM_NEED_WRITE, 1 << 4);
IS(ATVM_COLLECT_COMPLETE, 0);
IS(ATVM_COLLECT_AGAIN, 1);
IS(ATVM_COLLECT_UNAVAILABLE, 2);
IS(ATVM_COLLECT_BROKEN, 3);

/* The offsets are those of machines with 64-bit pointers; there is no other build. */
#if UINTPTR_MAX == UINT64_MAX

AT(atvm_head, magic, 0);
AT(atvm_head, kind, 4);
AT(atvm_head, abi_major, 6);
AT(atvm_head, abi_minor, 8);
AT(atvm_head, need_minor, 10);
AT(atvm_head, struct_size, 12);
HOLDS(atvm_head, 16);

AT(atvm_option, name, 0);
AT(atvm_option, type, 8);
AT(atvm_option, required, 12);
AT(atvm_option, fallback, 16);
AT(atvm_option, minimum, 24);
AT(atvm_option, maximum, 32);
AT(atvm_option, choices, 40);
AT(atvm_option, help, 48);
HOLDS(atvm_option, 56);

AT(atvm_evidence, struct_size, 0);
AT(atvm_evidence, claim, 4);
AT(atvm_evidence, outcome, 8);
AT(atvm_evidence, basis, 12);
AT(atvm_evidence, flags, 16);
AT(atvm_evidence, batch, 20);
AT(atvm_evidence, scope, 24);
AT(atvm_evidence, host, 32);
AT(atvm_evidence, form, 40);
AT(atvm_evidence, step, 48);
AT(atvm_evidence, message, 56);
AT(atvm_evidence, excerpt, 64);
AT(atvm_evidence, excerpt_length, 72);
AT(atvm_evidence, steps, 80);
AT(atvm_evidence, text, 88);
AT(atvm_evidence, tests, 96);
AT(atvm_evidence, passed, 104);
AT(atvm_evidence, failed, 112);
AT(atvm_evidence, pending, 120);
AT(atvm_evidence, skipped, 128);
AT(atvm_evidence, declared_tests, 136);
AT(atvm_evidence, declared_passed, 144);
AT(atvm_evidence, declared_failed, 152);
AT(atvm_evidence, declared_pending, 160);
AT(atvm_evidence, declared_skipped, 168);
AT(atvm_evidence, started_ns, 176);
AT(atvm_evidence, ended_ns, 184);
AT(atvm_evidence, duration_ns, 192);
AT(atvm_evidence, locator, 200);
AT(atvm_evidence, locator_unit, 208);
AT(atvm_evidence, active, 212);
AT(atvm_evidence, pid, 216);
AT(atvm_evidence, parent_pid, 224);
AT(atvm_evidence, entity, 232);
AT(atvm_evidence, value, 240);
AT(atvm_evidence, unit, 248);
AT(atvm_evidence, since_ns, 256);
HOLDS(atvm_evidence, 264);

AT(atvm_source, struct_size, 0);
AT(atvm_source, mode, 4);
AT(atvm_source, path, 8);
AT(atvm_source, kind, 16);
AT(atvm_source, stem, 24);
AT(atvm_source, size, 32);
AT(atvm_source, mtime_ns, 40);
AT(atvm_source, name_time_ns, 48);
AT(atvm_source, device, 56);
AT(atvm_source, inode, 64);
HOLDS(atvm_source, 72);

AT(atvm_run, struct_size, 0);
AT(atvm_run, categorized, 4);
AT(atvm_run, build, 8);
AT(atvm_run, automation_root, 16);
AT(atvm_run, run_log, 24);
AT(atvm_run, launch_log, 32);
AT(atvm_run, cypress_config, 40);
AT(atvm_run, template_name, 48);
AT(atvm_run, plugin, 56);
AT(atvm_run, cypress_env, 64);
AT(atvm_run, since_ns, 72);
HOLDS(atvm_run, 80);

AT(atvm_message, struct_size, 0);
AT(atvm_message, kind, 4);
AT(atvm_message, format, 8);
AT(atvm_message, part, 12);
AT(atvm_message, parts, 16);
AT(atvm_message, attempt, 20);
AT(atvm_message, key, 24);
AT(atvm_message, build, 32);
AT(atvm_message, scope, 40);
AT(atvm_message, title, 48);
AT(atvm_message, supersedes, 56);
AT(atvm_message, body, 64);
AT(atvm_message, body_length, 72);
AT(atvm_message, descriptor, 80);
AT(atvm_message, reserved_0, 84);
AT(atvm_message, descriptor_size, 88);
AT(atvm_message, sha256, 96);
HOLDS(atvm_message, 104);

AT(atvm_receipt, struct_size, 0);
AT(atvm_receipt, outcome, 4);
AT(atvm_receipt, code, 8);
AT(atvm_receipt, reserved_0, 12);
AT(atvm_receipt, retry_after_ns, 16);
AT(atvm_receipt, remote_id, 24);
AT(atvm_receipt, reason, 32);
AT(atvm_receipt, remedy, 40);
HOLDS(atvm_receipt, 48);

AT(atvm_field, name, 0);
AT(atvm_field, value, 8);
HOLDS(atvm_field, 16);

AT(atvm_host, struct_size, 0);
AT(atvm_host, abi_major, 4);
AT(atvm_host, abi_minor, 6);
AT(atvm_host, context, 8);
AT(atvm_host, log, 16);
AT(atvm_host, fail, 24);
AT(atvm_host, option_string, 32);
AT(atvm_host, option_number, 40);
AT(atvm_host, option_list, 48);
AT(atvm_host, run, 56);
AT(atvm_host, now, 64);
AT(atvm_host, deadline, 72);
AT(atvm_host, cancelled, 80);
AT(atvm_host, begin_source, 88);
AT(atvm_host, emit_many, 96);
AT(atvm_host, end_source, 104);
AT(atvm_host, watch, 112);
AT(atvm_host, secret, 120);
AT(atvm_host, committing, 128);
AT(atvm_host, terminal, 136);
AT(atvm_host, receipt, 144);
HOLDS(atvm_host, 152);

AT(atvm_collector, head, 0);
AT(atvm_collector, name, 16);
AT(atvm_collector, version, 24);
AT(atvm_collector, summary, 32);
AT(atvm_collector, options, 40);
AT(atvm_collector, option_count, 48);
AT(atvm_collector, option_stride, 52);
AT(atvm_collector, needs, 56);
AT(atvm_collector, reserved_0, 60);
AT(atvm_collector, create, 64);
AT(atvm_collector, configure, 72);
AT(atvm_collector, check, 80);
AT(atvm_collector, collect, 88);
AT(atvm_collector, destroy, 96);
HOLDS(atvm_collector, 104);

AT(atvm_sink, head, 0);
AT(atvm_sink, name, 16);
AT(atvm_sink, version, 24);
AT(atvm_sink, summary, 32);
AT(atvm_sink, options, 40);
AT(atvm_sink, option_count, 48);
AT(atvm_sink, option_stride, 52);
AT(atvm_sink, needs, 56);
AT(atvm_sink, format, 60);
AT(atvm_sink, limit_bytes, 64);
AT(atvm_sink, limit_characters, 72);
AT(atvm_sink, create, 80);
AT(atvm_sink, configure, 88);
AT(atvm_sink, check, 96);
AT(atvm_sink, deliver, 104);
AT(atvm_sink, probe, 112);
AT(atvm_sink, confirm, 120);
AT(atvm_sink, destroy, 128);
HOLDS(atvm_sink, 136);

#endif
