#include "rules.h"

#include <string.h>

static const struct rule rules[] = {
    /* ---- which sources count */
    {"file-time-outside-window",
     "the file was last changed before the run began, or after the time of judgement"},
    {"name-time-outside-window", "the time in the file's name is not in the run's window"},
    {"embedded-time-outside-window", "a time inside the file is not in the run's window"},
    {"damaged-source",
     "it could not be read whole: a failure seen in it counts, a pass in it does not"},
    {"still-growing", "it was still being written: until it is whole, no pass in it counts"},
    {"names-another-build", "it is the bookkeeping of another build"},
    {"names-only-other-hosts", "it speaks only of machines that are not in this run"},
    {"bookkeeping-only-xml",
     "it holds bookkeeping tests: they prove that something ended, never a result"},
    {"says-nothing", "it was read, and says nothing about any host"},
    {"has-no-window",
     "configuration, specs and the process table are not bound to the run's window"},
    {"in-the-window", "all its times lie in the run's window"},

    /* ---- which testimonies are dropped */
    {"older-file-of-its-kind", "the same collector read a newer file of this kind about the host"},
    {"damaged-newest-of-its-kind",
     "a newer file of this kind is damaged and may be the host's: an older pass no longer counts"},
    {"older-part-of-the-log",
     "a pass in a part of the log after which the host was expected or begun anew"},
    {"counts-unreadable", "a pass whose numbers are not all known proves nothing"},
    {"counts-do-not-add-up", "a pass whose tests are not the sum of its parts proves nothing"},
    {"zero-tests-executed", "a pass in which no test passed proves nothing"},
    {"totals-row-disagrees",
     "the table's totals row is not the sum of its rows, so its passing rows prove nothing"},

    /* ---- the status of a host */
    {"conflict-settled-as-unknown",
     "direct results disagree, and on_conflict = \"unknown\" lets neither win"},
    {"conflict-settled-by-precedence",
     "direct results disagree, and on_conflict = \"precedence\" takes the preferred one"},
    {"any-direct-failure", "a direct result says that it failed: that stands before every pass"},
    {"own-row-decides",
     "a direct pass and a failure marker disagree: the run's own table row decides"},
    {"failure-marker-against-direct-pass",
     "a direct pass and a failure marker disagree, and there is no row of the run's own table"},
    {"row-of-the-batch-may-come",
     "it passed, but in a categorized run it also needs its row, which may still come"},
    {"row-of-the-batch-missing",
     "it passed, but in a categorized run it also needs its row, and there is none"},
    {"log-of-the-host-may-come",
     "it passed, but its own log is missing or damaged, and may still come"},
    {"log-of-the-host-damaged-or-missing",
     "it passed, but its own log, which could show a failure, is damaged or missing"},
    {"direct-pass", "a direct result says that it passed, and nothing speaks against it"},
    {"failure-marker", "a log shows a failure that was not retried, and no direct result is there"},
    {"whole-log-proves",
     "a whole log of a custom writer holds every step of the flow and no failure"},
    {"begun-and-going-on", "it has begun, and the run goes on"},
    {"not-begun-yet", "it has not begun, and the run goes on"},
    {"never-named-in-the-log",
     "the log is readable and never names it after the specPattern, and it left nothing"},
    {"left-nothing", "it left no artifact, and no result that counts"},
    {"no-proof", "what it left proves neither a pass nor a failure"},

    /* ---- why a clean log does not prove a pass */
    {"built-in-log-proves-nothing",
     "the reporter's built-in files hold no event for an error outside a command"},
    {"log-with-a-doubt",
     "the log shows no failure, but something in it is not understood or not complete"},
    {"flow-not-known",
     "which steps the host's flow has is not known, so no log can be seen to be whole"},
    {"log-lacks-steps-of-the-flow", "the log does not hold every step of the flow in order"},
    {"nothing-executed-bars-the-proof",
     "a direct source says that no test of the host was executed, so a log alone is not enough"},
    {"damage-bars-the-proof", "a damaged source may be this host's, so a log alone is not enough"},
    {"missing-kind-bars-the-proof",
     "other hosts left a kind of artifact that this one lacks, so a log alone is not enough"},
    {"log-without-its-row", "in a categorized run with a log, a host's log alone is not enough"},

    /* ---- who answers a question */
    {"precedence", "of those who have an answer, it comes first in the configured order"},
    {"lower-precedence", "it has an answer, but another comes before it"},
    {"fills-in-what-the-winner-lacks", "it gives a time that the winner does not have"},
    {"times-of-another-outcome", "it says otherwise than the host's status, so its times may be of "
                                 "another attempt"},
    {"times-of-another-duration", "it says that the host took much longer or shorter, so its times "
                                  "may be of another attempt"},
    {"text-of-another-step", "its text is not about the failing step that is named"},
    {"steps-of-the-spec", "the host's generated spec gives the steps that its run has"},
    {"other-outcome", "it says otherwise"},
    {"no-outcome", "it does not say whether the host passed or failed"},
    {"no-counts", "it gives no number of tests"},
    {"log-does-not-cover-the-flow",
     "a log without states counts only where it covers the whole flow"},
    {"no-failing-step", "it names no failing step"},
    {"no-failure-text", "it has no text of a failure"},
    {"no-times", "it gives neither a start nor a duration"},
    {"nobody", "no source has an answer"},

    /* ---- the end of a scope */
    {"log-shows-the-end",
     "the log has the Recorded Run line or the confirmed upload, and nothing began after it"},
    {"bookkeeping-xml-shows-the-end", "a bookkeeping XML was written when it ended"},
    {"log-ends-in-interrupt", "the log ends in an interrupt or a kill"},
    {"cancelled-in-the-log", "the log itself says that it was cancelled"},
    {"the-log-goes-on-after-it", "the log goes on after this line, so it is not the last word"},
    {"interrupt-stands-before-xml",
     "the log ends in an interrupt, which stands before a bookkeeping XML"},
    {"names-another-scope", "this bookkeeping XML names another scope"},
    {"older-than-the-last-artifact",
     "this bookkeeping XML is older than the last artifact of a host"},
    {"no-end-proof",
     "there is no Recorded Run line, no confirmed upload and no bookkeeping XML of its own"},

    /* ---- the state of a scope or run */
    {"cancelled-by-operator", "the operator cancelled it"},
    {"ended-all-passed", "it has ended, and every host passed"},
    {"ended-with-failures", "it has ended, and a host failed"},
    {"ended-without-result", "it has ended, but a host has no final result"},
    {"ended-without-hosts", "it has ended, but nothing says which hosts it had"},
    {"going-on",
     "it has not ended (or not long enough ago to do without the runner's exit), and the runner "
     "lives or could not be looked for"},
    {"silent", "the runner lives, or could not be looked for, but log and artifacts have not "
               "changed for hang_after"},
    {"log-not-read-yet", "the log is long and has not been read to its end yet"},
    {"expected-hosts-not-known", "it has ended and its hosts passed, but no list, specPattern or "
                                 "totals row says who was meant"},
    {"runner-gone-without-end", "the runner is gone, and nothing shows that it came to its end"},
    {"waiting-for-the-runner", "nothing was seen yet, and start_grace is not over"},
    {"runner-never-seen", "nothing was seen, and start_grace is over"},
    {"hosts-of-no-sub-run", "it has ended, and a host was taken by no sub-run"},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

const struct rule *rules_all(size_t *ret_count)
{
    *ret_count = RULE_COUNT;
    return rules;
}

const char *rule_sentence(const char *id)
{
    for (size_t i = 0; id && i < RULE_COUNT; i++)
        if (strcmp(rules[i].id, id) == 0)
            return rules[i].sentence;
    return NULL;
}
