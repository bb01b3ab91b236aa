/**
 * The searches that are made by name, cheapest first: bounds chosen so that each spends its depth on one thing that can
 * go wrong. All of them together are part of the tests, and visit millions of states in less than a minute of CPU time.
 */
import type { SearchOptions } from './options.js'

export interface Preset {
  readonly name: string
  readonly about: string
  readonly options: SearchOptions
}

/**
 * Figure 8 with three servers, up to what the paper draws as (c): S1 has led term 1 and S2 term 2, each with an entry that
 * nobody else holds; S1 leads again, in term 3, with the vote of S3.
 */
const figure8 = 's1 d1>3:V d3>1:v d1>2:V s2 d2>3:V d3>2:v d2>1:V s1 d1>3:V d3>1:v'

/** Figure 8 as it is drawn: S1 leads term 2 (1 2), S5 term 3 (1 3), and S1 term 4 (1 2 4); S2 holds (1 2), the others (1). */
const figure8OfFive =
  's1 d1>2:V d2>1:v d1>3:V d3>1:v d1>2:A d1>3:A d1>4:A d1>5:A s1 s1 d1>5:V2 d1>2:V2 d2>1:v2 d1>3:V2 d3>1:v2 d1>2:A2 ' +
  's5 d5>1:V d5>3:V d3>5:v d5>4:V d4>5:v s1 d1>2:V4 d2>1:v4 d1>3:V4 d3>1:v4'

/** All hold the entry of term 1; S3, who leads term 2, has one more, that nobody else has. */
const oneMore = 's1 d1>2:V d2>1:v d1>3:A d1>2:A s3 d3>1:V d3>2:V d2>3:v'

/** S1 leads terms 1 and 2; its first round of reads, of term 1, is still on its way to S3, and term 2 began none yet. */
const lateRound =
  's1 d1>2:V d2>1:v d1>3:V d1>2:A d2>1:a d1>3:A r1 s1 s1 d1>2:V d2>1:v2 d1>3:V d1>2:A2 d2>1:a2,2,m2 d1>3:A2'

/** S1 leads term 1 and knows that both others have its first entry, so that it sends ahead of their answers. */
const pipelining = 's1 d1>2:V d2>1:v d1>3:V d1>2:A d2>1:a d1>3:A d3>1:a'

/**
 * S3 has led term 2 alone, with an entry of its own; S1 leads term 3 and has committed another one at its place, which S3
 * accepted and lost again in a crash. All that S3 knows now is that the first entry is that of S1.
 */
const forgottenTail =
  's1 d1>2:V d2>1:v w1 d1>3:A w3 d1>2:A w2 s3 d3>1:V d3>2:V d2>3:v w3 s1 d1>2:V3 d2>1:v3 w1 h1 d1>3:A3,1.1,c0,r0[3] ' +
  'd3>1:a3 d1>2:A3,1.1,c0,r0[3] w2 d2>1:a3,2,m2 c3.0 d1>3:A3,1.1,c0,r0[]'

/**
 * S3 has led term 1 alone and holds two entries of it; S1 leads term 2, has committed two others with S2, and has them in a
 * snapshot only.
 */
const conflictBelowSnapshot = 's3 d3>1:V d3>2:V d2>3:v p3 s1 d1>2:V d2>1:v2 d1>2:A2 d2>1:a2 p1 d1>2:A2 d2>1:a2 n1'

/**
 * S3 has accepted three entries of S1, one of them durable and committed as far as S3 knows; S1 has not heard of the others,
 * keeps only the third in its log, and sends a snapshot of the first two.
 */
const agreesWithSnapshot =
  's1 d1>2:V d2>1:v x1>3:V w1 d1>2:A w2 d2>1:a1,1,m1 d1>3:A w3 d3>1:a p1 p1 w1 w1 d1>3:A1,1 d1>3:A1,2 d1>2:A1,1 w2 ' +
  'd2>1:a1,2,m2 h1 n1 o1 x1>2:A1,2.1,c1 x1>2:A1,3 x1>2:A1,2.1,c2'

/** S1 leads term 1, elected by S2, who holds the founding; S3 has not been heard yet. */
const founded = 's1 d1>2:V d2>1:v d1>2:A d2>1:a'

/** S3 leads term 2 with the vote of S2, and S1, who has not heard of it, leads term 1. Then S2 loses its disk. */
const voteLost =
  's1 d1>2:V d2>1:v d1>3:A d3>1:a d1>2:A d2>1:a d1>3:A d3>1:a d1>2:A d2>1:a d1>3:A d3>1:a s3 d3>2:V d2>3:v c2.15 h1'

export const presets: readonly Preset[] = [
  {
    name: 'elections',
    about: 'three timeouts and a crash',
    options: { budgets: { timeouts: 3, crashes: 1 }, linkMessagesMax: 1 },
  },
  {
    name: 'late-votes',
    about: 'three timeouts, messages that arrive late and twice',
    options: { budgets: { timeouts: 3, copies: 1 }, linkMessagesMax: 2, depthMax: 9 },
  },
  {
    name: 'pre-votes',
    about: 'pre-votes as messages',
    options: { budgets: { timeouts: 2 }, linkMessagesMax: 2, preVotes: 'asked' },
  },
  {
    name: 'replication',
    about: 'one leader and two commands; messages late, doubled, lost and sent again',
    options: {
      budgets: { timeouts: 1, commands: 2, copies: 1, losses: 1, heartbeats: 1, retransmissions: 1 },
      linkMessagesMax: 2,
      statesMax: 400_000,
    },
  },
  {
    name: 'gaps',
    about: 'messages that arrive before their turn, and another leader',
    options: {
      prefix: pipelining,
      budgets: { timeouts: 1, commands: 2, heartbeats: 1, crashes: 1 },
      linkMessagesMax: 2,
      statesMax: 600_000,
    },
  },
  {
    name: 'forgotten',
    about: 'messages before their turn at a server that lost in a crash what it had accepted',
    options: {
      prefix: forgottenTail,
      budgets: { commands: 2, heartbeats: 1 },
      disk: 'later',
      statesMax: 400_000,
    },
  },
  {
    name: 'conflicts',
    about: 'two leaders, a command, a heartbeat and a crash',
    options: { budgets: { timeouts: 2, commands: 1, heartbeats: 1, crashes: 1 }, linkMessagesMax: 1 },
  },
  {
    name: 'disk',
    about: 'two leaders, a command and a crash; entries are durable later than they are sent',
    options: {
      budgets: { timeouts: 2, commands: 1, crashes: 1 },
      linkMessagesMax: 1,
      disk: 'later',
      statesMax: 800_000,
    },
  },
  {
    name: 'commit',
    about: 'Figure 8 with three servers, from (c) on',
    options: { prefix: figure8, budgets: { timeouts: 1, crashes: 1 }, statesMax: 200_000 },
  },
  {
    name: 'figure-8',
    about: 'Figure 8 with five servers, from (c) on',
    options: { servers: 5, prefix: figure8OfFive, budgets: { timeouts: 1 }, linkMessagesMax: 1, statesMax: 200_000 },
  },
  {
    name: 'one-more',
    about: 'a follower with an entry that its leader does not have',
    options: {
      prefix: oneMore,
      budgets: { timeouts: 1, heartbeats: 1, retransmissions: 1 },
      linkMessagesMax: 2,
      statesMax: 400_000,
    },
  },
  {
    name: 'reads',
    about: 'two leaders and two reads',
    options: { budgets: { timeouts: 2, reads: 2 }, linkMessagesMax: 1 },
  },
  {
    name: 'late-rounds',
    about: 'a round of reads whose echo comes a term later',
    options: { prefix: lateRound, budgets: { timeouts: 1, reads: 1 }, statesMax: 400_000 },
  },
  {
    name: 'kept-suffix',
    about: 'a snapshot for a server whose log agrees with it, and goes on; entries durable later; a crash',
    options: { prefix: agreesWithSnapshot, budgets: { crashes: 1, retransmissions: 1 }, disk: 'later' },
  },
  {
    name: 'snapshots',
    about: 'a snapshot for a server whose log conflicts with it, another leader, a crash',
    options: {
      prefix: conflictBelowSnapshot,
      budgets: { timeouts: 1, crashes: 1, retransmissions: 1 },
      linkMessagesMax: 2,
      statesMax: 400_000,
    },
  },
  {
    name: 'admission',
    about: 'a cluster is founded, a server loses its disk, and is admitted again',
    options: {
      prefix: founded,
      budgets: { timeouts: 2, crashes: 1, heartbeats: 1 },
      wipes: 1,
      appendEntriesMax: 4,
      linkMessagesMax: 1,
      statesMax: 400_000,
    },
  },
  {
    name: 'vote-lost',
    about: 'a server has voted for the next leader and loses its disk, and the former leader admits it',
    options: {
      prefix: voteLost,
      budgets: { timeouts: 1, heartbeats: 1 },
      wipes: 1,
      appendEntriesMax: 4,
      linkMessagesMax: 1,
    },
  },
  {
    name: 'turns',
    about: 'messages taken together in one turn, and leadership handed over',
    options: { budgets: { timeouts: 2, commands: 1, held: 1, transfers: 1 }, linkMessagesMax: 1, statesMax: 400_000 },
  },
]

/** The preset of that name, or undefined. */
export function presetOf(name: string): Preset | undefined {
  return presets.find(preset => preset.name === name)
}
