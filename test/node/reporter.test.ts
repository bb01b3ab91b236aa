import t from 'tap'
import type { Logger } from '../../src/base/logger.js'
import { Reporter } from '../../src/node/reporter.js'
import type { Report } from '../../src/raft/types.js'

function told(reports: readonly Report[]): string[] {
  const lines: string[] = []
  const level = (name: string) => (_fields: object, line: string) => void lines.push(`${name} ${line}`)
  const logger: Logger = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
  const reporter = new Reporter(logger)
  for (const report of reports) reporter.report(report)
  return lines
}

const asks: Report = { what: 'role', role: 'pre-candidate', term: 3, why: 'no word' }

void t.test('each report is a line', t => {
  const lines = told([
    asks,
    { what: 'role', role: 'candidate', term: 4, why: 'a majority would' },
    { what: 'role', role: 'leader', term: 4, why: 'elected' },
    { what: 'transfer', to: 2, outcome: 'begun' },
    { what: 'transfer', to: 2, outcome: 'given-up' },
    { what: 'role', role: 'follower', term: 5, why: 'server 2 is in term 5' },
    { what: 'leader', leaderId: 2, term: 5 },
    { what: 'refused', from: 9, why: 'its sender is not in the configuration' },
  ])
  t.strictSame(lines, [
    'info no word: asking whether an election could be won (term 3)',
    'info stands for election in term 4: a majority would',
    'info leads term 4: elected',
    'info handing leadership over to server 2',
    'info gave up handing leadership over to server 2',
    'info follows in term 5: server 2 is in term 5',
    'info server 2 leads term 5',
    'warn refused a message of server 9: its sender is not in the configuration',
  ])
  t.end()
})

void t.test('a server that is alone does not fill the log with campaigns, until there was a leader again', t => {
  const lines = told([asks, asks, asks, { what: 'leader', leaderId: 2, term: 3 }, asks])
  t.strictSame(
    lines.map(line => line.split(' ')[0]),
    ['info', 'debug', 'debug', 'info', 'info'],
  )
  t.end()
})

void t.test('a stranger is told of once, and strangers are told of a hundred times', t => {
  const refused = (from: number): Report => ({ what: 'refused', from, why: 'a stranger' })
  t.equal(told([refused(1), refused(1), refused(2)]).length, 2)
  t.equal(told(Array.from({ length: 1_000 }, (_, i) => refused(i))).length, 100)
  t.end()
})
