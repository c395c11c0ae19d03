"""Specs for the real reporters: what hosts may run into, and what must be told of it."""


class Spec:
    """One host and the body of its suite. `status` is its true one (UNKNOWN: nothing final may be
    said); `error`: words of the failure's text; `counts`: (tests, passed, failed, pending), left
    out where mocha's own statistics contradict themselves or where tools count a failed hook in
    different ways."""

    def __init__(self, host, status, body, error="", counts=None):
        self.host, self.status, self.body = host, status, body
        self.error, self.counts = error, counts
        self.is_retried = "this.retries(" in body

    def text(self):
        return f'describe("cmc-e2e {self.host}", function () {{\n{self.body}\n}});\n'


def passing(*numbers):
    return "\n".join(f'it("{n}. Step {n}", () => {{}});' for n in numbers) + "\n"


def throwing(title, error):
    return f"it({title!r}, () => {{ throw {error}; }});\n"


# Colours, all quotes, markup, the end of a CDATA section, a character beyond 16 bits, two lines.
ODD_TEXT = (
    r"""new Error("\u001b[31mred\u001b[39m \"double\" 'single' `back` <b>&amp; ]]> \ud83d\ude80"""
    r""" {\"state\": \"passed\"}\nthe second line")"""
)

SPECS = [
    Spec("atvm1-redhat9.1", "PASS", passing(1, 2, 3), counts=(3, 3, 0, 0)),
    Spec(
        "atvm2-redhat9.2",
        "PASS",
        passing(1, 2) + 'it.skip("3. Later", () => {}); it("4. Unwritten");',
        counts=(4, 2, 0, 2),
    ),
    Spec(
        "atvm3-ubuntu22.04",
        "FAIL",
        passing(1) + throwing("2. Install", 'new Error("no route to host")') + passing(3),
        "no route to host",
        (3, 2, 1, 0),
    ),
    Spec(
        "atvm4-ubuntu24.04",
        "FAIL",
        passing(1) + throwing("2. Odd text", ODD_TEXT),
        "the second line",
        (2, 1, 1, 0),
    ),
    Spec(
        "atvm5-w2k25",
        "FAIL",
        passing(1) + throwing("2. Without message", 'new Error("")'),
        counts=(2, 1, 1, 0),
    ),
    Spec(
        "atvm6-w2k22",
        "FAIL",
        passing(1)
        + throwing("2. Without message and stack", 'Object.assign(new Error(""), { stack: "" })'),
        counts=(2, 1, 1, 0),
    ),
    Spec(
        "atvm7-suse15.5",
        "FAIL",
        'let n = 0; beforeEach(() => { if (++n === 2) throw new Error("the hook broke"); });'
        + passing(1, 2, 3),
        "the hook broke",
    ),
    Spec(
        "atvm8-debian12.5.0",
        "FAIL",
        'before(() => { throw new Error("no such VM"); });' + passing(1, 2),
        "no such VM",
    ),
    Spec(
        "atvm9-oracle9.4",
        "FAIL",
        'after(() => { throw new Error("not cleaned up"); });' + passing(1, 2),
        "not cleaned up",
    ),
    Spec(
        "atvm10-rocky9.3",
        "PASS",
        'this.retries(2); let n = 0; it("1. Flaky", () => { if (++n < 2) throw new Error("x1"); });'
        + passing(2),
        counts=(2, 2, 0, 0),
    ),
    Spec(
        "atvm11-alma9.4",
        "FAIL",
        "this.retries(1);" + throwing("1. Always", 'new Error("each time")') + passing(2),
        "each time",
        (2, 1, 1, 0),
    ),
    Spec(
        "atvm12-centos7.9",
        "FAIL",
        'it("1. Slow", function (done) { this.timeout(30); });' + passing(2),
        "Timeout of 30ms exceeded",
        (2, 1, 1, 0),
    ),
    Spec(
        "atvm13-fedora40",
        "FAIL",
        passing(1)
        + 'describe("inner", () => { describe("deeper", () => {'
        + throwing("2. Deep", 'new TypeError("deep down")')
        + "}); });",
        "deep down",
        (2, 1, 1, 0),
    ),
    # mocha lets the test pass first and fail then.
    Spec(
        "atvm14-redhat8.10",
        "FAIL",
        passing(1) + 'it("2. Twice", (done) => { done(); done(); });' + passing(3),
        "done() called multiple times",
    ),
    Spec(
        "atvm15-redhat7.9",
        "FAIL",
        throwing("1. No error object", '"only a text"') + passing(2),
        "only a text",
        (2, 1, 1, 0),
    ),
    Spec("atvm16-ubuntu20.04", "UNKNOWN", 'it.skip("1. Never", () => {}); it("2. Nor this");'),
    Spec(
        "atvm17-ubuntu18.04",
        "FAIL",
        throwing('1. A title with "quotes" & <tags>', 'new Error("an odd title")'),
        "an odd title",
        (1, 0, 1, 0),
    ),
    Spec(
        "atvm18-debian11.9",
        "FAIL",
        passing(1)
        + throwing(
            "2. Differs",
            'Object.assign(new Error("expected 1 to equal 2"), '
            '{ name: "AssertionError", actual: 1, expected: 2, showDiff: true })',
        ),
        "expected 1 to equal 2",
        (2, 1, 1, 0),
    ),
]

CONFIG = """import { defineConfig } from "cypress";

export default defineConfig({
  e2e: {
    specPattern: [
%s
    ],
  },
});
"""

BOOKKEEPING = """describe("Check XML files", () => {
  it("check that every xml file exists and has no failures", () => {});
});
"""
