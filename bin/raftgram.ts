#!/usr/bin/env node
/** The entry: every command there is, and the exit status of the one that was asked for. */
import { reportFailure, runCommandLine } from './cli.js'
import { commandTable } from './command-table.js'
import { Output, handleOutputErrors } from './output.js'

/** In the order of --help. */
const commands = commandTable({
  dev: async () => (await import('./dev.js')).devCommand,
  serve: async () => (await import('./serve.js')).serveCommand,
  put: async () => (await import('./put.js')).putCommand,
  get: async () => (await import('./get.js')).getCommand,
  delete: async () => (await import('./delete.js')).deleteCommand,
  cas: async () => (await import('./cas.js')).casCommand,
  scan: async () => (await import('./scan.js')).scanCommand,
  status: async () => (await import('./status.js')).statusCommand,
  snapshot: async () => (await import('./snapshot.js')).snapshotCommand,
  log: async () => (await import('./log.js')).logCommand,
  verify: async () => (await import('./verify.js')).verifyCommand,
  recover: async () => (await import('./recover.js')).recoverCommand,
  workload: async () => (await import('./workload.js')).workloadCommand,
  check: async () => (await import('./check.js')).checkCommand,
  sim: async () => (await import('./sim.js')).simCommand,
  search: async () => (await import('./search.js')).searchCommand,
  bench: async () => (await import('./bench.js')).benchCommand,
})

/** What still holds the process, once its command has ended, is not waited for longer than this. */
const lingerMsMax = 1_000

handleOutputErrors()
// A broken invariant in a callback: the process must stop, and one line says why.
process.on('uncaughtException', error => process.exit(reportFailure(error, new Output(false))))
process.exitCode = await runCommandLine(process.argv.slice(2), commands)
setTimeout(() => process.exit(), lingerMsMax).unref()
