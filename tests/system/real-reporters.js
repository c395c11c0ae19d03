// Runs spec files under plain mocha with the real reporters and leaves their artifacts where a run
// leaves them. Usage: node real-reporters.js JOB RESULTS
//
// JOB is a JSON file: { modules: folder with node_modules, root: the automation root, build: its
// name, specs: [{ name, file (below root) }], bookkeeping: file }
// Writes to RESULTS what mocha itself saw: [{ name, tests, passes, pending, failures: [{ title,
// message }], output }]; `output` is the text of mocha's spec reporter. What its JSON reporter
// prints goes to cmcReporter/stats.
"use strict";
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");
const { format } = require("util");

const job = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const load = createRequire(path.join(job.modules, "package.json"));
const Mocha = load("mocha");
const Mochawesome = load("mochawesome");
const JUnit = load("mocha-junit-reporter");
const { Spec, JSON: StatsJson } = Mocha.reporters;
const reports = path.join(job.root, "cypress", "cmcReporter");

// The specs are written as generated ones are: *.ts, here without any type.
require.extensions[".ts"] = require.extensions[".js"];

// What cypress-terminal-report collects: { "SUITE -> TEST": [{ type, message, severity }] }.
let messages, running;

global.log = (type, message, severity = "success") => {
  (messages[running] = messages[running] || []).push({ type, message, severity });
};

function pathOf(test) {
  const titles = [];
  for (let at = test; at && at.title; at = at.parent) titles.unshift(at.title);
  return titles.join(" -> ");
}

function stamp(date) {
  return date.toISOString().slice(0, 19).replace(/:/g, "-");
}

function collectMessages(runner) {
  messages = {};
  runner.on("test", (test) => {
    running = pathOf(test);
    log("cy:log", "Step " + test.title);
  });
  runner.on("fail", (test) => {
    const around = test.type === "hook" && /^"(before|after) all"/.exec(test.title);
    if (around) running = `[[ ${around[1]} all #1 ]]`;
    else if (test.type !== "hook") running = pathOf(test);
    log("cy:command", "task\tatvmStep, Object{2}", "error");
  });
  // A later attempt has a title of its own, and what the earlier ones left carries their number.
  runner.on("retry", (test) => {
    log("cy:command", "task\tatvmStep, Object{2}", "error");
    messages[`${running} (Attempt ${test._currentRetry + 1})`] = messages[running];
    delete messages[running];
  });
}

// Each reporter gets a run of its own, as two of them on one runner spoil each other's statistics.
function reportersOf(spec, result) {
  const time = stamp(new Date());
  const lines = [];
  return {
    mochawesome: {
      reporter: Mochawesome,
      reporterOptions: {
        reportDir: path.join(reports, "mochawesome"),
        reportFilename: `${spec.name}_${time}`,
        consoleReporter: "none",
        quiet: true,
      },
    },
    junit: {
      reporter: JUnit,
      reporterOptions: { mochaFile: path.join(reports, "xml", `test-result-${spec.name}.xml`) },
    },
    spec: {
      reporter: function SpecToText(runner, options) {
        Mocha.reporters.Base.consoleLog = (...words) => lines.push(format(...words) + "\n");
        Spec.call(this, runner, options);
        countTests(runner, result);
        runner.on("end", () => (result.output = lines.join("")));
      },
      prototype: Spec.prototype,
    },
    json: {
      reporter: function JsonToObject(runner, options) {
        StatsJson.call(this, runner, options);
        runner.on("end", () => writeStats(spec, time, runner.testResults));
      },
    },
    logs: {
      reporter: function LogsToFiles(runner) {
        collectMessages(runner);
        runner.on("end", () => writeLogs(spec, time));
      },
    },
  };
}

function countTests(runner, result) {
  result.tests = runner.total;
  runner.on("pass", () => result.passes++);
  runner.on("pending", () => result.pending++);
  runner.on("fail", (test, error) => {
    result.failures.push({ title: test.title, message: String((error && error.message) || "") });
  });
}

function writeStats(spec, time, results) {
  const folder = path.join(reports, "stats", spec.name);
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${spec.name}_${time}.json`);
  fs.writeFileSync(file, JSON.stringify(results, null, 2));
}

function writeLogs(spec, time) {
  const outputs = "cypress-terminal-report/src/outputProcessor/";
  const processors = { json: "JsonOutputProcessor", txt: "TextOutputProcessor" };
  for (const [ending, name] of Object.entries(processors)) {
    const file = path.join(reports, "logs", spec.name, `${spec.name}_${time}.${ending}`);
    const processor = new (load(outputs + name))(file);
    processor.initialize();
    processor.prepareForWrite();
    processor.write({ [spec.file]: messages });
  }
}

function runWith(file, { reporter, reporterOptions, prototype }) {
  if (prototype) Object.setPrototypeOf(reporter.prototype, prototype);
  delete require.cache[file];
  const mocha = new Mocha({ reporter, reporterOptions, color: false });
  mocha.addFile(file);
  return new Promise((resolve) => mocha.run(resolve));
}

async function run(spec, only) {
  const result = { name: spec.name, tests: 0, passes: 0, pending: 0, failures: [] };
  for (const [name, reporter] of Object.entries(reportersOf(spec, result)))
    if (only.includes(name)) await runWith(path.join(job.root, spec.file), reporter);
  return result;
}

async function main() {
  const results = [];
  for (const spec of job.specs)
    results.push(await run(spec, ["mochawesome", "junit", "spec", "json", "logs"]));
  await run({ name: job.build, file: job.bookkeeping }, ["junit"]);
  fs.writeFileSync(process.argv[3], JSON.stringify(results));
}

process.chdir(job.root);
main();
