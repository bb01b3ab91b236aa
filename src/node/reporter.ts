/** What an operator reads of consensus: one line for an election, one for a leader found or lost, none in steady state. */
import type { Logger } from '../base/logger.js'
import { unreachable } from '../base/assert.js'
import type { Report } from '../raft/types.js'

export class Reporter {
  private readonly logger: Logger
  /** Campaigns after the first without a leader in between are told only to whoever debugs. */
  private hasToldOfCampaign = false
  private readonly toldOfRefusals = new Set<string>()

  constructor(logger: Logger) {
    this.logger = logger
  }

  report(report: Report): void {
    switch (report.what) {
      case 'role':
        return this.reportRole(report)
      case 'leader':
        this.hasToldOfCampaign = false
        return this.logger.info(
          { leaderId: report.leaderId, term: report.term },
          `server ${report.leaderId} leads term ${report.term}`,
        )
      case 'refused': {
        const line = `refused a message of server ${report.from}: ${report.why}`
        if (this.toldOfRefusals.has(line) || this.toldOfRefusals.size >= 100) return
        this.toldOfRefusals.add(line)
        return this.logger.warn({ from: report.from }, line)
      }
      case 'transfer': {
        const line = report.outcome === 'begun' ? 'handing leadership over' : 'gave up handing leadership over'
        return this.logger.info({ to: report.to }, `${line} to server ${report.to}`)
      }
      case 'admission': {
        const line = report.step === 'begun' ? 'is being admitted' : 'is admitted: it votes and counts'
        return this.logger.info(
          { admitted: report.of, incarnation: report.incarnation },
          `server ${report.of} ${line} (incarnation ${report.incarnation})`,
        )
      }
      default:
        return unreachable(report)
    }
  }

  private reportRole({ role, term, why }: Extract<Report, { what: 'role' }>): void {
    const fields = { role, term }
    switch (role) {
      case 'leader':
        this.hasToldOfCampaign = false
        return this.logger.info(fields, `leads term ${term}: ${why}`)
      case 'pre-candidate': {
        const line = `${why}: asking whether an election could be won (term ${term})`
        if (this.hasToldOfCampaign) return this.logger.debug(fields, line)
        this.hasToldOfCampaign = true
        return this.logger.info(fields, line)
      }
      case 'candidate':
        return this.logger.info(fields, `stands for election in term ${term}: ${why}`)
      case 'follower':
        return this.logger.info(fields, `follows in term ${term}: ${why}`)
    }
  }
}
