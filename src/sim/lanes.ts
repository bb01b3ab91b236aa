/** Names of processes: s1, s2 ... are servers, c1, c2 ... clients. Inside they are numbered in one row, servers first. */

export function laneName(lane: number, servers: number): string {
  if (lane === 0) return 'nobody'
  return lane <= servers ? `s${lane}` : `c${lane - servers}`
}
