/** The logger of a server process: pino, written synchronously, so that nothing is lost when the process ends. */
import { pino } from 'pino'
import type { Logger } from '../src/base/logger.js'
import { writeLogLine } from './log-lines.js'

/** Its lines name the server. */
export function makeLogger(level: string, serverId: number): Logger {
  return pino({ level, base: { server: serverId } }, { write: writeLogLine })
}
