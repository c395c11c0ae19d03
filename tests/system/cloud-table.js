// Prints the end of a run as cypress-cloud does, by its own table code.
// Usage: node cloud-table.js MODULES RUNS URL
//
// RUNS is a JSON file: [{ spec, duration (ms), tests, passes, failures, pending, skipped }]. With
// FORCE_COLOR=1 it prints colours. Nothing of the package but the table's code is run: the package
// itself would ask for Cypress.
"use strict";
const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const [modules, runsFile, url] = process.argv.slice(2);
const file = path.join(modules, "node_modules", "cypress-cloud", "index.js");
const load = createRequire(file);
const chalk = load("chalk");

function tableCode() {
  const code = fs.readFileSync(file, "utf8");
  const begin = code.indexOf("// lib/results/table.ts");
  const end = code.indexOf("// lib/results/uploadResults.ts");
  if (begin < 0 || end < begin) throw new Error(`${file}: no table code between the known marks`);
  return code.slice(begin, end);
}

const names = ["red", "greenBright", "gray", "white", "cyan"];
const summaryTable = new Function(
  "require", "__toESM", ...["red", "green", "gray", "white", "cyan"],
  `${tableCode()}; return summaryTable;`
)(load, (module) => ({ ...module, default: module }), ...names.map((name) => chalk[name]));

const runs = JSON.parse(fs.readFileSync(runsFile, "utf8"));
const sum = (name) => runs.reduce((total, run) => total + run[name], 0);
const table = summaryTable({
  runs: runs.map((run) => ({ spec: { relativeToCommonRoot: run.spec }, stats: run })),
  totalDuration: sum("duration"),
  totalTests: sum("tests"),
  totalPassed: sum("passes"),
  totalFailed: sum("failures"),
  totalPending: sum("pending"),
  totalSkipped: sum("skipped"),
});

console.log("\n" + chalk.gray("=".repeat(100)) + "\n");
console.log("\n  " + chalk.white.bold("Cloud Run Finished") + "  \n");
console.log(table);
console.log("\n\u{1F3C1} Recorded Run: " + chalk.bold(url) + "\n");
