#!/usr/bin/env node
/** The entry: every command there is, and the exit status of the one that was asked for. */
import { reportFailure, runCommandLine } from './cli.js'
import { benchCommand } from './bench.js'
import { casCommand } from './cas.js'
import { checkCommand } from './check.js'
import { deleteCommand } from './delete.js'
import { devCommand } from './dev.js'
import { getCommand } from './get.js'
import { logCommand } from './log.js'
import { Output, handleOutputErrors } from './output.js'
import { putCommand } from './put.js'
import { recoverCommand } from './recover.js'
import { scanCommand } from './scan.js'
import { serveCommand } from './serve.js'
import { searchCommand } from './search.js'
import { simCommand } from './sim.js'
import { snapshotCommand } from './snapshot.js'
import { statusCommand } from './status.js'
import { verifyCommand } from './verify.js'
import { workloadCommand } from './workload.js'

const commands = [
  devCommand,
  serveCommand,
  putCommand,
  getCommand,
  deleteCommand,
  casCommand,
  scanCommand,
  statusCommand,
  snapshotCommand,
  logCommand,
  verifyCommand,
  recoverCommand,
  workloadCommand,
  checkCommand,
  simCommand,
  searchCommand,
  benchCommand,
]

/** What still holds the process, once its command has ended, is not waited for longer than this. */
const lingerMsMax = 1_000

handleOutputErrors()
// A broken invariant in a callback: the process must stop, and one line says why.
process.on('uncaughtException', error => process.exit(reportFailure(error, new Output(false))))
process.exitCode = await runCommandLine(process.argv.slice(2), commands)
setTimeout(() => process.exit(), lingerMsMax).unref()
