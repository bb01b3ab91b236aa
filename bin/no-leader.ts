/** Why no server that answered leads, in words: an operator then looks at the servers, or at the way from here to one of them. */

/** What is looked at of a report of a server that answered. */
interface Answered {
  readonly id: number
  readonly term: number
  readonly leaderId: number
}

/** Of reports of which none is a leader's. */
export function whyNoLeader(reports: readonly ({ readonly role: 'unreachable' } | Answered)[]): string {
  const answered = reports.filter((report): report is Answered => 'leaderId' in report)
  const term = Math.max(...answered.map(report => report.term))
  const followers = answered.filter(report => report.term === term && report.leaderId !== 0)
  const leaderId = followers[0]?.leaderId ?? 0
  if (leaderId === 0 || answered.some(({ id }) => id === leaderId)) {
    return `no leader: ${answered.length} of ${reports.length} servers answered, and none of them leads`
  }
  const who = followers.map(({ id }) => id).join(', ')
  return `server ${leaderId} leads, by what ${who} know, but it does not answer here: it is down, or the way from here to it`
}
